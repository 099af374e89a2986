//! What is looked at ahead of a query or a body: who may not do something is told so before what is wrong with the
//! rest of the request.

use saibo_model::privilege::{Access as PrivilegeAccess, Privilege};
use saibo_model::{ErrorCode, Result};
use saibo_odata::key::Key;

use super::Objects;
use crate::odata::EntityPath;

impl Objects<'_> {
    /// Checks that there is the set of an object's URL, and that its key is one; the object need not exist.
    ///
    /// # Errors
    /// 404-OD-0001, 400-OD-0004.
    pub fn check(&self, path: EntityPath<'_>) -> Result<()> {
        Self::key(self.definition(path.set)?, path.predicate).map(|_key| ())
    }

    /// Checks that what follows a navigation property is a key of what is behind it. A property that there is not is
    /// left for later.
    ///
    /// # Errors
    /// 404-OD-0001, 400-OD-0004, 400-OD-0028.
    pub fn check_target(&self, path: EntityPath<'_>, property: &str, predicate: &str) -> Result<()> {
        self.check(path)?;
        if let Some(navigation) = self.definition(path.set)?.navigation_property(property) {
            let target = self.definition_of(navigation.target)?;
            Key::parse(predicate, target.key).map_err(|_| ErrorCode::LinksKeyParse)?;
        }
        Ok(())
    }

    /// Checks that somebody may read, or change, the objects of a set.
    ///
    /// # Errors
    /// 404-OD-0001, why not.
    pub fn may(&self, set: &str, access: PrivilegeAccess) -> Result<()> {
        self.authorize(self.definition(set)?.kind, access)
    }

    /// The same for one object, which need not exist.
    ///
    /// # Errors
    /// 404-OD-0001, 400-OD-0004, why not.
    pub fn may_one(&self, path: EntityPath<'_>, access: PrivilegeAccess) -> Result<()> {
        self.check(path)?;
        self.may(path.set, access)
    }

    /// The same for what is behind a navigation property: both sides count. A property that there is not is left for
    /// later.
    ///
    /// # Errors
    /// 404-OD-0001, 400-OD-0004, why not.
    pub fn may_follow(&self, path: EntityPath<'_>, property: &str, access: PrivilegeAccess) -> Result<()> {
        self.may_one(path, access)?;
        match self.definition(path.set)?.navigation_property(property) {
            Some(navigation) => self.authorize(navigation.target, access),
            None => Ok(()),
        }
    }

    /// The same for the links along a navigation property.
    ///
    /// # Errors
    /// 404-OD-0001, 400-OD-0004, why not.
    pub fn may_link(&self, path: EntityPath<'_>, property: &str, access: PrivilegeAccess) -> Result<()> {
        self.check(path)?;
        let definition = self.definition(path.set)?;
        self.authorize_link(definition, property, access)?;
        match definition.navigation_property(property) {
            Some(navigation) => self.authorize_linked(definition, &navigation, access),
            None => Ok(()),
        }
    }

    /// Checks that somebody may know which methods there are for what is behind a navigation property.
    ///
    /// # Errors
    /// 404-OD-0001, 400-OD-0004, why not.
    pub fn may_know_methods(&self, path: EntityPath<'_>) -> Result<()> {
        self.check(path)?;
        self.authorize_for(Privilege::SocialRead, Privilege::Read)
    }
}
