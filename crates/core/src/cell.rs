//! A Cell, open.

use std::sync::Arc;

use saibo_model::{Document, Id};
use saibo_store::{Blobs, Place, Store};

use crate::known::Known;
use crate::relocation::Moved;

/// A Cell of this unit with its data: one generation of it.
#[derive(Clone)]
pub struct Cell {
    known: Arc<Known>,
    store: Arc<dyn Store>,
    blobs: Arc<dyn Blobs>,
}

impl Cell {
    pub(crate) fn new(known: Arc<Known>, store: Arc<dyn Store>, blobs: Arc<dyn Blobs>) -> Self {
        Self { known, store, blobs }
    }

    /// Its id.
    #[must_use]
    pub fn id(&self) -> &Id {
        &self.known.document.id
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.known.document.key
    }

    /// The unit user who owns it.
    #[must_use]
    pub fn owner(&self) -> Option<&str> {
        self.known.owner.as_deref()
    }

    /// Its URL, with a slash at the end.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.known.url
    }

    /// Its own document in the unit's register.
    #[must_use]
    pub fn document(&self) -> &Document {
        &self.known.document
    }

    /// Where it has moved, if it has: then it is here no more, but for what is left to be done.
    #[must_use]
    pub fn moved(&self) -> Option<&Moved> {
        self.known.moved.as_ref()
    }

    /// Where its data lies.
    #[must_use]
    pub fn place(&self) -> &Place {
        &self.known.place
    }

    /// Its documents and nodes.
    #[must_use]
    pub fn store(&self) -> &Arc<dyn Store> {
        &self.store
    }

    /// The contents of its files.
    #[must_use]
    pub fn blobs(&self) -> &Arc<dyn Blobs> {
        &self.blobs
    }
}
