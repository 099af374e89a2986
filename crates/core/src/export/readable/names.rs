//! Names of what is named by its id.

use std::cell::RefCell;
use std::collections::HashMap;

use saibo_model::{Document, Id, Kind, Result};
use saibo_store::ReadTx;

/// How many are remembered. Rows that name the same things stand together for the most part.
const REMEMBERED: usize = 4096;

/// Type and key of documents.
pub(super) struct Names<'r> {
    tx: &'r dyn ReadTx,
    known: RefCell<HashMap<Id, Option<(String, String)>>>,
}

impl<'r> Names<'r> {
    pub(super) fn new(tx: &'r dyn ReadTx) -> Self {
        Self { tx, known: RefCell::default() }
    }

    /// The key of a document.
    pub(super) fn key(&self, id: &Id) -> Result<Option<String>> {
        Ok(self.type_and_key(id)?.map(|(_, key)| key))
    }

    /// Its type and its key; of an entity the name of its EntityType.
    pub(super) fn type_and_key(&self, id: &Id) -> Result<Option<(String, String)>> {
        if let Some(known) = self.known.borrow().get(id) {
            return Ok(known.clone());
        }
        let found = match self.tx.document_by_id(id)? {
            Some(document) => Some((self.type_of(&document)?, document.key)),
            None => None,
        };
        let mut known = self.known.borrow_mut();
        if known.len() >= REMEMBERED {
            known.clear();
        }
        known.insert(id.clone(), found.clone());
        Ok(found)
    }

    /// The id of the parent of a document.
    pub(super) fn parent(&self, id: Option<&Id>) -> Result<Option<Id>> {
        let Some(id) = id else { return Ok(None) };
        Ok(self.tx.document_by_id(id)?.and_then(|document| document.parent))
    }

    /// The name of a document's type.
    pub(super) fn type_of(&self, document: &Document) -> Result<String> {
        match (&document.set.entity_type, document.set.kind) {
            (Some(entity_type), Kind::UserData) => Ok(self.key(entity_type)?.unwrap_or_default()),
            (_, kind) => Ok(kind.name().to_owned()),
        }
    }
}
