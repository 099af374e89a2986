//! The entities of OData collections: `{box}/{collection}/{EntityType}` (API pages 364 to 378).
//!
//! A [`Collection`] is opened for a request; its methods are the use cases, each in its file. Those that read
//! do so in one view of the Cell, with the schema that counts there; those that write do everything in one
//! transaction, so that nothing is ever half done.

mod batch;
mod body;
mod collection;
mod create;
mod delete;
mod draft;
mod dynamic;
mod expand;
mod find;
mod limits;
mod link;
mod list;
mod navigation;
pub mod schema;
mod search;
mod service;
mod session;
mod unique;
mod update;
mod view;

pub(crate) use body::values;

pub use batch::{BatchAnswer, PartAnswer};
pub use collection::Collection;
pub use create::Created;
pub use draft::{Draft, Purpose};
pub use find::Found;
pub use schema::{Schema, Schemas};
pub use update::Version;

use std::sync::Arc;

use saibo_store::Place;

use super::index::Indexes;

/// What a unit remembers about its collections from one request to the next.
#[derive(Debug)]
pub struct State {
    schemas: Schemas,
    indexes: Arc<Indexes>,
    /// Many-to-many links of one entity along one navigation property.
    links: u64,
}

impl State {
    /// Nothing yet. `links` is how many there may be of one entity along one navigation property.
    pub(crate) fn new(links: u64) -> Self {
        Self { schemas: Schemas::default(), indexes: Arc::default(), links }
    }

    /// Forgets a generation of a Cell that is about to become live: there may have been another of its number.
    pub(crate) fn forget(&self, place: &Place) {
        self.schemas.forget(place);
        self.indexes.forget(place);
    }

    /// The indexes that queries have asked for.
    pub(super) fn indexes(&self) -> &Arc<Indexes> {
        &self.indexes
    }

    /// The schemas of the collections.
    #[must_use]
    pub fn schemas(&self) -> &Schemas {
        &self.schemas
    }
}
