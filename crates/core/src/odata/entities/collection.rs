//! An OData collection that a request is about.

use std::sync::Arc;

use saibo_model::node::NodeKind;
use saibo_model::privilege::Privilege;
use saibo_model::{ErrorCode, Id, Result};
use saibo_odata::key::{ENTITY_KEY, Key};
use saibo_odata::media::Format;
use saibo_store::{Place, ReadTx, Store, StoreExt as _};

use super::State;
use super::schema::{Navigation, Schema, TypeIndex};
use super::session::Session;
use crate::access::Access;
use crate::dav::Resource;
use crate::{Cell, Unit};

/// An OData collection, who asks something of it, and when.
pub struct Collection<'r> {
    pub(super) cell: &'r Cell,
    pub(super) home: Home,
    access: &'r Access,
    resource: &'r Resource,
    /// The URL of the collection, with a slash at the end.
    pub(super) root: &'r str,
    pub(super) now: i64,
}

/// Where a collection's documents are.
#[derive(Clone, Debug)]
pub(super) struct Home {
    pub(super) state: Arc<State>,
    pub(super) place: Place,
    pub(super) collection: Id,
    node: i64,
}

impl<'r> Collection<'r> {
    /// The collection that a path leads to or into. `root` is its URL, with a slash at the end; `now` is the
    /// moment of the request, in ms.
    ///
    /// # Errors
    /// [`ErrorCode::ResourceNotFound`] if it is no OData collection.
    pub fn new(
        unit: &Unit,
        cell: &'r Cell,
        access: &'r Access,
        resource: &'r Resource,
        root: &'r str,
        now: i64,
    ) -> Result<Self> {
        let node = resource.last();
        if node.kind != NodeKind::OData {
            return Err(ErrorCode::ResourceNotFound.with([root]));
        }
        let home = Home {
            state: unit.entities().clone(),
            place: cell.place().clone(),
            collection: node.id.clone(),
            node: node.seq,
        };
        Ok(Self { cell, home, access, resource, root, now })
    }

    /// Checks that somebody may do to the collection what needs a privilege.
    ///
    /// # Errors
    /// Why not.
    pub fn authorize(&self, privilege: Privilege) -> Result<()> {
        self.resource.authorize(self.access, self.cell, privilege)
    }

    pub(super) fn store(&self) -> &Arc<dyn Store> {
        self.cell.store()
    }

    /// Reads in one view, with the schema that counts in it.
    pub(super) fn read<R>(&self, work: impl FnOnce(&dyn ReadTx, Arc<Schema>) -> Result<R>) -> Result<R> {
        self.store().read(|tx| work(tx, self.home.schema(tx)?))
    }

    /// Writes in one transaction.
    pub(super) fn write<R: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Session<'_>) -> Result<R> + Send + 'static,
    ) -> Result<R> {
        self.home.index_unique(&**self.store())?;
        let (home, now) = (self.home.clone(), self.now);
        self.store().write(move |tx| {
            let mut session = Session::open(tx, &home, now)?;
            work(&mut session)
        })
    }

    /// The format of an answer to a request that makes something: JSON, whatever the client accepts, unless
    /// it asks for another in the query.
    ///
    /// # Errors
    /// 400-OD-0005 for an unknown `$format`.
    pub fn created_format(format: Option<&str>) -> Result<Format> {
        Format::negotiate(None, format.or(Some("json")))
    }
}

impl Home {
    /// The schema of the collection, as a transaction sees it.
    pub(super) fn schema(&self, tx: &dyn ReadTx) -> Result<Arc<Schema>> {
        self.state.schemas.get(tx, &self.place, &self.collection)
    }

    /// Makes the indexes by which unique keys are compared, ahead of a write: without, it would compare each entity with
    /// all others, and everybody would wait for it.
    fn index_unique(&self, store: &dyn Store) -> Result<()> {
        let schema = match self.state.schemas.remembered(&self.place, &self.collection) {
            Some(schema) => schema,
            None => store.read(|tx| self.schema(tx))?,
        };
        for (set, field) in schema.unique_fields() {
            self.state.indexes().make(store, &(Some(self.place.clone()), set.clone()), field)?;
        }
        Ok(())
    }

    /// Makes sure that the collection was not deleted since it was found.
    pub(super) fn check(&self, tx: &dyn ReadTx) -> Result<()> {
        match tx.node(self.node)? {
            Some(node) if node.id == self.collection => Ok(()),
            _ => Err(ErrorCode::ResourceNotFound.with([&self.collection])),
        }
    }
}

/// The EntityType of an entity set.
///
/// # Errors
/// 404-OD-0001.
pub(super) fn entity_set(schema: &Schema, set: &str) -> Result<TypeIndex> {
    schema.find(set).ok_or_else(|| ErrorCode::NoSuchEntitySet.into())
}

/// The `__id` that a key predicate gives.
///
/// # Errors
/// 400-OD-0004.
pub(super) fn entity_id(predicate: &str) -> Result<String> {
    let key = Key::parse(predicate, ENTITY_KEY)?;
    Ok(key.value(0).unwrap_or_default().to_owned())
}

/// The navigation property of a name.
pub(super) fn navigation<'s>(
    schema: &'s Schema,
    ty: TypeIndex,
    name: &str,
    missing: ErrorCode,
) -> Result<&'s Navigation> {
    schema.entity_type(ty).navigation(name).ok_or_else(|| missing.into())
}
