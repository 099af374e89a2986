//! Which object of the Cell is the one that an object of the snapshot stands for.
//!
//! It is the one of the same key in the same place (name and Box, `__id` and EntityType); else the one of the same id,
//! if it was renamed meanwhile. Nothing of that is written down: it is found again in the two databases, whose indexes
//! are what it takes. Ids of what few there are of, and much names, are remembered.

use std::collections::HashMap;

use saibo_model::{Document, EntitySet, Id, Kind, Result};
use saibo_store::ReadTx;

/// Finds them.
pub(super) struct Targets<'a> {
    /// The snapshot's content.
    from: &'a dyn ReadTx,
    /// The Cell's OData collections, by the snapshot's.
    pub(super) collections: HashMap<Id, Id>,
    known: HashMap<Id, Id>,
}

/// A place among the documents of the Cell.
pub(super) struct Place {
    pub(super) set: EntitySet,
    pub(super) parent: Option<Id>,
}

impl<'a> Targets<'a> {
    pub(super) fn new(from: &'a dyn ReadTx) -> Self {
        Self { from, collections: HashMap::new(), known: HashMap::new() }
    }

    /// Where a document of the snapshot belongs; `None` if what it is in, or bound to, is not in the Cell.
    pub(super) fn place(&mut self, to: &dyn ReadTx, document: &Document) -> Result<Option<Place>> {
        let mut set = document.set.clone();
        if let Some(collection) = &document.set.collection {
            let Some(mapped) = self.collections.get(collection) else { return Ok(None) };
            set.collection = Some(mapped.clone());
        }
        if let Some(entity_type) = &document.set.entity_type {
            let Some(mapped) = self.id(to, entity_type)? else { return Ok(None) };
            set.entity_type = Some(mapped);
        }
        let parent = match &document.parent {
            None => None,
            Some(parent) => match self.id(to, parent)? {
                Some(mapped) => Some(mapped),
                None => return Ok(None),
            },
        };
        Ok(Some(Place { set, parent }))
    }

    /// The Cell's document at a place.
    pub(super) fn at(to: &dyn ReadTx, place: &Place, document: &Document) -> Result<Option<Document>> {
        if let Some(found) = to.document(&place.set, place.parent.as_ref(), &document.key)? {
            return Ok(Some(found));
        }
        Ok(to.document_by_id(&document.id)?.filter(|found| found.set == place.set))
    }

    /// The Cell's document for a document of the snapshot.
    pub(super) fn find(&mut self, to: &dyn ReadTx, id: &Id) -> Result<Option<Document>> {
        let Some(document) = self.from.document_by_id(id)? else { return Ok(None) };
        match self.place(to, &document)? {
            Some(place) => Self::at(to, &place, &document),
            None => Ok(None),
        }
    }

    /// The id of that.
    pub(super) fn id(&mut self, to: &dyn ReadTx, id: &Id) -> Result<Option<Id>> {
        if let Some(known) = self.known.get(id) {
            return Ok(Some(known.clone()));
        }
        let Some(found) = self.find(to, id)? else { return Ok(None) };
        if matches!(found.set.kind, Kind::Box | Kind::EntityType | Kind::ComplexType) {
            self.known.insert(id.clone(), found.id.clone());
        }
        Ok(Some(found.id))
    }
}
