//! Founding a Cell: its data first, then its place in the register.

use saibo_model::node::{CELL_NODE, Node, NodeKind};
use saibo_model::{Document, EntitySet, Id, Kind, Result};
use saibo_store::{Place, StoreExt as _, WriteTx};

use crate::Unit;
use crate::leftover::Making;

impl Unit {
    /// Founds a Cell: its data, its document and its place in the register.
    ///
    /// # Errors
    /// [`saibo_model::ErrorCode::EntityAlreadyExists`] if the name is taken; the store's.
    pub fn found_cell(&self, name: &str, owner: Option<&str>, now: i64) -> Result<Document> {
        let mut document = Document {
            seq: 0,
            id: Id::random(),
            set: EntitySet::control(Kind::Cell),
            key: name.to_owned(),
            parent: None,
            peer: None,
            version: 1,
            published: now,
            updated: now,
            body: serde_json::json!({ "Name": name }).to_string(),
            hidden: owner.map(|owner| serde_json::json!({ "Owner": owner }).to_string()),
            extra: None,
        };
        self.create_cell(&document.id.clone(), now, move |tx| {
            tx.put_document(&mut document)?;
            Ok(document)
        })
    }

    /// Makes the data of a new Cell and enters it in the register, with what `insert` does there in the same
    /// transaction. The data goes again if that fails; if the unit is stopped in between, the next start finds it
    /// ([`crate::leftover`]).
    ///
    /// # Errors
    /// The store's, or those of `insert`.
    pub(crate) fn create_cell<R: Send + 'static>(
        &self,
        id: &Id,
        now: i64,
        insert: impl FnOnce(&mut dyn WriteTx) -> Result<R> + Send + 'static,
    ) -> Result<R> {
        let place = Place { cell: id.clone(), generation: 1 };
        let making = Making::begin(self, id)?;
        let entered = self.plant(&place, now).and_then(|()| {
            let entry = making.entry();
            self.backend().register().write(move |tx| {
                let inserted = insert(tx)?;
                Self::set_generation(tx, &place)?;
                entry.remove(tx)?;
                Ok(inserted)
            })
        });
        if entered.is_err() {
            let removed = self.backend().remove_cell(id).map_err(saibo_model::Error::from);
            if let Err(error) = removed.and_then(|()| making.done()) {
                tracing::warn!(%error, "the data of a Cell that was not created could not be removed yet");
            }
        }
        entered
    }

    /// Makes the data of a Cell: the root of an empty tree.
    fn plant(&self, place: &Place, now: i64) -> Result<()> {
        self.backend().create(place)?;
        let (store, _blobs) = self.backend().open(place)?;
        store.write(move |tx| {
            let mut root = Node::collection(NodeKind::Cell, 0, "", now);
            root.extra = Some(r#"{"cs":"normal"}"#.to_owned());
            tx.put_node(&mut root)?;
            debug_assert_eq!(root.seq, CELL_NODE);
            Ok(())
        })
    }
}
