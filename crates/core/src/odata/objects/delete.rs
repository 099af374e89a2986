//! Deleting an object.

use saibo_model::privilege::Access as PrivilegeAccess;
use saibo_model::{ErrorCode, Result};
use saibo_odata::entity_sets::Via;
use saibo_odata::etag::IfMatch;
use saibo_store::StoreExt as _;

use super::place::find;
use super::read::{any_of, condition};
use super::{Objects, Scope, rules};
use crate::odata::EntityPath;

impl Objects<'_> {
    /// Deletes an object. Its many-to-many links go with it; objects that belong to it keep it from going.
    ///
    /// # Errors
    /// 404-OD-0001, 400-OD-0004, why somebody may not, 404-OD-0002, 412-OD-0002, 409-OD-0001.
    pub fn delete(&self, path: EntityPath<'_>, if_match: Option<&str>) -> Result<()> {
        let definition = self.definition(path.set)?;
        let key = Self::key(definition, path.predicate)?;
        self.authorize(definition.kind, PrivilegeAccess::Write)?;
        let if_match = IfMatch::parse(if_match)?;
        let sets = self.sets();
        if let Scope::Unit = self.scope {
            let document =
                self.store().read(|tx| find(tx, &sets, definition, &key))?.ok_or(ErrorCode::NoSuchEntity)?;
            self.check_owner(&document)?;
            if_match.check(document.version, document.updated)?;
            return self.delete_empty_cell(&document);
        }
        self.store().write(move |tx| {
            let document = find(tx.read(), &sets, definition, &key)?.ok_or(ErrorCode::NoSuchEntity)?;
            if_match.check(document.version, document.updated)?;
            rules::check_delete(tx, &sets, &document)?;
            for navigation in definition.navigation().filter(|navigation| navigation.via == Via::Children) {
                let Some(filter) = condition(&navigation, &document, tx.read())? else { continue };
                if any_of(tx.read(), &sets, navigation.target, &filter)? {
                    return Err(ErrorCode::HasRelatedData.into());
                }
            }
            tx.delete_document(document.seq)?;
            rules::written(tx, &sets, definition.kind)
        })
    }
}
