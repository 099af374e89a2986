//! A write transaction on a collection's entities.
//!
//! Every change is checked before its first write, so that one that is refused leaves nothing behind, also
//! where several share a transaction, as in a batch. A failure after that is the store's, and then nothing
//! of the transaction may stay: [`Session::is_torn`] tells.

use std::sync::Arc;

use saibo_model::document::Link;
use saibo_model::{Document, ErrorCode, Result};
use saibo_store::{ReadTx, WriteTx};

use super::collection::Home;
use super::schema::{Schema, TypeIndex};
use super::view::Row;
use crate::odata::schema_version;

/// A write transaction with what it needs to know.
pub(super) struct Session<'t> {
    tx: &'t mut dyn WriteTx,
    pub(super) home: &'t Home,
    pub(super) schema: Arc<Schema>,
    pub(super) now: i64,
    /// Whether the change that is being made has written something.
    writing: bool,
}

impl<'t> Session<'t> {
    pub(super) fn open(tx: &'t mut dyn WriteTx, home: &'t Home, now: i64) -> Result<Self> {
        home.check(tx.read())?;
        let schema = home.schema(tx.read())?;
        Ok(Self { tx, home, schema, now, writing: false })
    }

    /// Begins another change.
    pub(super) fn begin(&mut self) {
        self.writing = false;
    }

    /// Whether the change that has failed had written something.
    pub(super) fn is_torn(&self) -> bool {
        self.writing
    }

    pub(super) fn read(&self) -> &dyn ReadTx {
        self.tx.read()
    }

    /// The entity of an id.
    pub(super) fn find(&self, ty: TypeIndex, id: &str) -> Result<Option<Row>> {
        find(self.read(), &self.schema, ty, id)
    }

    /// Inserts or replaces an entity.
    ///
    /// # Errors
    /// 409-OD-0003 if there is another of its id; then it has written nothing.
    pub(super) fn put(&mut self, document: &mut Document) -> Result<()> {
        let put = self.tx.put_document(document);
        match &put {
            Err(error) if error.code() == ErrorCode::EntityAlreadyExists => {}
            _ => self.writing = true,
        }
        put
    }

    /// Counts a change of an entity's links: a new version at the old time.
    pub(super) fn touch(&mut self, row: &mut Row) -> Result<()> {
        row.document.version += 1;
        self.writing = true;
        self.tx.put_document(&mut row.document)
    }

    pub(super) fn delete(&mut self, row: &Row) -> Result<()> {
        self.writing = true;
        self.tx.delete_document(row.document.seq)
    }

    pub(super) fn put_link(&mut self, first: &Row, second: &Row, to_one: bool) -> Result<()> {
        self.writing = true;
        self.tx.put_link(&Link {
            first: first.document.seq,
            second: second.document.seq,
            to_one,
            published: self.now,
            updated: self.now,
        })
    }

    pub(super) fn delete_link(&mut self, one: &Row, other: &Row) -> Result<bool> {
        self.writing = true;
        self.tx.delete_link(one.document.seq, other.document.seq)
    }

    /// Writes schema objects, and says that the schema has changed.
    pub(super) fn put_schema_objects(&mut self, documents: &mut [Document]) -> Result<()> {
        self.writing = true;
        for document in documents {
            self.tx.put_document(document)?;
        }
        schema_version::bump(self.tx, &self.home.collection)
    }
}

/// The entity of an id.
pub(super) fn find(tx: &dyn ReadTx, schema: &Schema, ty: TypeIndex, id: &str) -> Result<Option<Row>> {
    let found = tx.document(&schema.entity_type(ty).set, None, id)?;
    Ok(found.map(|document| Row { ty, document }))
}
