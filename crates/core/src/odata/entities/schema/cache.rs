//! Schemas that were read lately, shared by all requests.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::RwLock;
use saibo_model::{Id, Result};
use saibo_store::{Place, ReadTx};

use super::Schema;
use crate::odata::schema_version;

/// More schemas than this and all are forgotten: reading them again costs a few milliseconds each.
const KNOWN: usize = 1024;

type Known = HashMap<(Place, Id), (String, Arc<Schema>)>;

/// Schemas by the generation of a Cell and the collection, each with its version.
#[derive(Debug, Default)]
pub struct Schemas {
    known: RwLock<Known>,
}

impl Schemas {
    /// Forgets those of a generation.
    pub(crate) fn forget(&self, place: &Place) {
        self.known.write().retain(|(of, _), _| of != place);
    }

    /// The schema of a collection as somebody saw it last.
    pub(in crate::odata::entities) fn remembered(
        &self,
        place: &Place,
        collection: &Id,
    ) -> Option<Arc<Schema>> {
        let known = self.known.read();
        known.get(&(place.clone(), collection.clone())).map(|(_version, schema)| schema.clone())
    }

    /// The schema of a collection as the transaction sees it.
    ///
    /// # Errors
    /// As [`Schema::load`].
    pub fn get(&self, tx: &dyn ReadTx, place: &Place, collection: &Id) -> Result<Arc<Schema>> {
        let version = schema_version::current(tx, collection)?;
        let key = (place.clone(), collection.clone());
        if let Some((known, schema)) = self.known.read().get(&key)
            && *known == version
        {
            return Ok(schema.clone());
        }
        let schema = Arc::new(Schema::load(tx, collection)?);
        let mut all = self.known.write();
        if all.len() >= KNOWN {
            all.clear();
        }
        all.insert(key, (version, schema.clone()));
        Ok(schema)
    }
}
