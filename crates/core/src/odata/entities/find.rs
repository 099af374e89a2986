//! Getting an entity (API page 366).

use saibo_model::privilege::Privilege;
use saibo_model::{ErrorCode, Result};
use saibo_odata::media::Format;
use saibo_odata::options::EntityOptions;
use saibo_odata::{atom, json};

use super::collection::{Collection, entity_id, entity_set};
use super::expand::{self, Expand};
use super::limits;
use super::session::find;
use super::update::Version;
use super::view;
use crate::odata::EntityPath;

/// An entity as it is shown.
#[derive(Clone, Debug)]
pub struct Found {
    /// What makes its entity tag.
    pub version: Version,
    /// The entity.
    pub body: Vec<u8>,
}

impl Collection<'_> {
    /// Gets an entity.
    ///
    /// # Errors
    /// 404-OD-0001, 400-OD-0004, 400-OD-0025 for an unknown navigation property to expand, 404-OD-0002.
    pub fn get(&self, path: EntityPath<'_>, options: &EntityOptions, format: Format) -> Result<Found> {
        self.authorize(Privilege::Read)?;
        let (schema, row, expanded) = self.read(|tx, schema| {
            let ty = entity_set(&schema, path.set)?;
            let id = entity_id(path.predicate)?;
            let expand = Expand::new(&schema, ty, &options.expand, limits::EXPANDED)?;
            let row = find(tx, &schema, ty, &id)?.ok_or(ErrorCode::NoSuchEntity)?;
            let expanded = expand::one(tx, &schema, &expand, &row)?;
            Ok((schema, row, expanded))
        })?;
        let entity = view::stored(&schema, &row, &options.select, &expanded)?;
        let body = match format {
            Format::Json => json::entity(self.root, &entity),
            Format::Atom => atom::entity(self.root, &entity).into_bytes(),
        };
        Ok(Found { version: Version::of(&row), body })
    }
}
