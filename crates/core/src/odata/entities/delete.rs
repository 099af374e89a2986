//! Deleting an entity (API page 370).

use saibo_model::privilege::Privilege;
use saibo_model::query::Filter;
use saibo_model::{ErrorCode, Result};
use saibo_odata::etag::IfMatch;

use super::collection::{Collection, entity_id, entity_set};
use super::schema::{Holder, TypeIndex};
use super::session::Session;
use crate::odata::EntityPath;

impl Collection<'_> {
    /// Deletes an entity and its links.
    ///
    /// # Errors
    /// 404-OD-0001, 400-OD-0004, 404-OD-0002, 412-OD-0002, 409-OD-0001 while others are linked with it that
    /// have it as their one.
    pub fn delete(&self, path: EntityPath<'_>, if_match: Option<&str>) -> Result<()> {
        self.authorize(Privilege::Write)?;
        let (set, id) = (path.set.to_owned(), entity_id(path.predicate));
        let condition = IfMatch::parse(if_match);
        self.write(move |session| {
            let ty = entity_set(&session.schema, &set)?;
            session.remove(ty, &id?, condition?)
        })
    }
}

impl Session<'_> {
    /// Deletes an entity.
    pub(super) fn remove(&mut self, ty: TypeIndex, id: &str, condition: IfMatch) -> Result<()> {
        let row = self.find(ty, id)?.ok_or(ErrorCode::NoSuchEntity)?;
        condition.check(row.document.version, row.document.updated)?;
        let schema = self.schema.clone();
        let navigation = &schema.entity_type(ty).navigation;
        let linked = Filter::LinkedWith(row.document.seq);
        for held in navigation.iter().filter(|navigation| navigation.holder() == Holder::Target) {
            if self.read().any(&schema.entity_type(held.target).set, Some(&linked))? {
                return Err(ErrorCode::HasRelatedData.into());
            }
        }
        // The other side of a pair loses its link, which makes it another version.
        for pair in navigation.iter().filter(|navigation| navigation.holder() == Holder::Both) {
            if let Some(mut other) = self.paired(&row, pair.target)? {
                self.touch(&mut other)?;
            }
        }
        self.delete(&row)
    }
}
