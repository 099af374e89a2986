//! `$links`: which entities are linked, and linking them (API pages 376 to 378).
//!
//! A link between two entities that may each have one of the other, or between one and many, is a to-one link
//! of those that may have only one; a change of it makes them another version. Between many and many it is a
//! link of its own.

use saibo_model::privilege::Privilege;
use saibo_model::query::{Field, Filter, OrderBy, Query, Related};
use saibo_model::{ErrorCode, Result};
use saibo_odata::body::LinkTarget;
use saibo_odata::json;
use saibo_odata::key::{ENTITY_KEY, Key};
use saibo_odata::options::ListOptions;

use super::collection::{Collection, entity_id, entity_set, navigation};
use super::schema::{Holder, Navigation, TypeIndex};
use super::session::{Session, find};
use super::view::{self, Row};
use crate::odata::EntityPath;

impl Collection<'_> {
    /// Lists the links of an entity along a navigation property, in JSON. Of the options `$top` and `$skip`
    /// count.
    ///
    /// # Errors
    /// 404-OD-0001, 400-OD-0004, 404-OD-0002, 400-OD-0008.
    pub fn list_links(&self, path: EntityPath<'_>, property: &str, options: &ListOptions) -> Result<Vec<u8>> {
        self.authorize(Privilege::Read)?;
        let targets = self.read(|tx, schema| {
            let ty = entity_set(&schema, path.set)?;
            let id = entity_id(path.predicate)?;
            let source = find(tx, &schema, ty, &id)?.ok_or(ErrorCode::NoSuchEntity)?;
            let target = navigation(&schema, ty, property, ErrorCode::NoSuchAssociation)?.target;
            let target = schema.entity_type(target);
            let query = Query {
                filter: Some(Filter::LinkedWith(source.document.seq)),
                order_by: vec![OrderBy { field: Field::Key, descending: false }],
                skip: options.skip,
                top: Some(options.top()),
            };
            let mut targets = Vec::new();
            tx.documents(&target.set, &query, &mut |document| {
                targets.push(format!("{}{}", target.name, view::plain_predicate(&document.key)));
                Ok(())
            })?;
            Ok(targets)
        })?;
        Ok(json::links(self.root, targets))
    }

    /// Links an entity with the one that the body names.
    ///
    /// # Errors
    /// 404-OD-0001, 400-OD-0004, 400-OD-0001, 400-OD-0006 for a body that names no entity of the right set,
    /// 400-OD-0008, 404-OD-0000, 409-OD-0002 if one of the two has its link already, 400-OD-0038 if it has too
    /// many.
    pub fn link(&self, path: EntityPath<'_>, property: &str, body: &[u8]) -> Result<()> {
        self.authorize(Privilege::Write)?;
        let target = LinkTarget::parse(body, self.root);
        let (set, id) = (path.set.to_owned(), entity_id(path.predicate));
        let property = property.to_owned();
        self.write(move |session| {
            let ty = entity_set(&session.schema, &set)?;
            session.link_to(ty, &id?, &property, &target?)
        })
    }

    /// Takes a link away.
    ///
    /// # Errors
    /// 404-OD-0001, 400-OD-0004, 400-OD-0028 for the other's key, 400-OD-0008, 404-OD-0000 if there is no such
    /// link.
    pub fn unlink(&self, path: EntityPath<'_>, property: &str, target: &str) -> Result<()> {
        self.authorize(Privilege::Write)?;
        let (set, id) = (path.set.to_owned(), entity_id(path.predicate));
        let target = Key::parse(target, ENTITY_KEY).map_err(|_| ErrorCode::LinksKeyParse.into());
        let property = property.to_owned();
        self.write(move |session| {
            let ty = entity_set(&session.schema, &set)?;
            let id = id?;
            let target: Result<Key> = target;
            let target = target?;
            session.unlink(ty, &id, &property, target.value(0).unwrap_or_default())
        })
    }
}

impl Session<'_> {
    /// The entity of a type that an entity is paired with, if there is one.
    pub(super) fn paired(&self, row: &Row, target: TypeIndex) -> Result<Option<Row>> {
        let links = Related::Links(vec![row.document.seq]);
        let mut found = None;
        self.read().related(&self.schema.entity_type(target).set, &links, &[], 1, &mut |(_, document)| {
            found = Some(Row { ty: target, document });
            Ok(())
        })?;
        Ok(found)
    }

    /// Links an entity with the one that a body has named.
    pub(super) fn link_to(&mut self, ty: TypeIndex, id: &str, name: &str, target: &LinkTarget) -> Result<()> {
        let navigation = navigation(&self.schema, ty, name, ErrorCode::NoSuchAssociation)?.clone();
        let malformed = || ErrorCode::FieldFormat.with(["uri"]);
        if self.schema.find(&target.set) != Some(navigation.target) {
            return Err(malformed());
        }
        let target_id = entity_id(&target.predicate).map_err(|_| malformed())?;
        let mut source = self.find(ty, id)?.ok_or(ErrorCode::NotFound)?;
        let mut target = self.find(navigation.target, &target_id)?.ok_or_else(malformed)?;
        self.check_link(&navigation, &source, Some(&target))?;
        self.make_link(&navigation, &mut source, &mut target)
    }

    /// Checks that a link can be made. An entity that is yet to be made has none.
    ///
    /// # Errors
    /// 409-OD-0002, 400-OD-0038.
    pub(super) fn check_link(
        &self,
        navigation: &Navigation,
        source: &Row,
        target: Option<&Row>,
    ) -> Result<()> {
        let has_one = |row: &Row, of: TypeIndex| {
            let linked = Filter::LinkedWith(row.document.seq);
            self.read().any(&self.schema.entity_type(of).set, Some(&linked))
        };
        let target_has_one = || match target {
            Some(target) => has_one(target, source.ty),
            None => Ok(false),
        };
        let taken = match navigation.holder() {
            Holder::Source => has_one(source, navigation.target)?,
            Holder::Target => target_has_one()?,
            Holder::Both => has_one(source, navigation.target)? || target_has_one()?,
            Holder::Neither => match target {
                Some(target) => self.read().link(source.document.seq, target.document.seq)?.is_some(),
                None => false,
            },
        };
        if taken {
            return Err(ErrorCode::LinkAlreadyExists.into());
        }
        if navigation.holder() == Holder::Neither {
            self.check_count(source, navigation.target)?;
            if let Some(target) = target {
                self.check_count(target, source.ty)?;
            }
        }
        Ok(())
    }

    fn check_count(&self, row: &Row, of: TypeIndex) -> Result<()> {
        let linked = Filter::LinkedWith(row.document.seq);
        if self.read().count(&self.schema.entity_type(of).set, Some(&linked))? >= self.home.state.links {
            return Err(ErrorCode::TooManyLinks.into());
        }
        Ok(())
    }

    /// Makes a link that was checked.
    pub(super) fn make_link(
        &mut self,
        navigation: &Navigation,
        source: &mut Row,
        target: &mut Row,
    ) -> Result<()> {
        match navigation.holder() {
            Holder::Neither => {
                // Either side may have asked; the order must not depend on it.
                let place = |row: &Row| (self.schema.entity_type(row.ty).id.clone(), row.document.id.clone());
                if place(source) <= place(target) {
                    self.put_link(source, target, false)
                } else {
                    self.put_link(target, source, false)
                }
            }
            Holder::Source => {
                self.put_link(source, target, true)?;
                self.touch(source)
            }
            Holder::Target => {
                self.put_link(target, source, true)?;
                self.touch(target)
            }
            Holder::Both => {
                self.put_link(source, target, true)?;
                self.put_link(target, source, true)?;
                self.touch(source)?;
                self.touch(target)
            }
        }
    }

    /// Takes a link away.
    fn unlink(&mut self, ty: TypeIndex, id: &str, name: &str, target_id: &str) -> Result<()> {
        let navigation = navigation(&self.schema, ty, name, ErrorCode::NoSuchAssociation)?.clone();
        let mut source = self.find(ty, id)?.ok_or(ErrorCode::NotFound)?;
        let mut target = self.find(navigation.target, target_id)?.ok_or(ErrorCode::NotFound)?;
        if self.read().link(source.document.seq, target.document.seq)?.is_none() {
            return Err(ErrorCode::NotFound.into());
        }
        self.delete_link(&source, &target)?;
        match navigation.holder() {
            Holder::Neither => Ok(()),
            Holder::Source => self.touch(&mut source),
            Holder::Target => self.touch(&mut target),
            Holder::Both => {
                self.touch(&mut source)?;
                self.touch(&mut target)
            }
        }
    }
}
