//! Navigation properties: listing what is behind one, and creating an object there.

use saibo_model::privilege::Access as PrivilegeAccess;
use saibo_model::{ErrorCode, Result};
use saibo_odata::body::Object;
use saibo_odata::entity_sets::{EntitySet as Definition, Navigation, Source, Via};
use saibo_odata::json;
use saibo_odata::media::Format;
use saibo_odata::options::ListOptions;
use saibo_store::StoreExt as _;

use super::Objects;
use super::create::{Created, insert};
use super::fields::{Fields, Mode};
use super::link::put_link;
use super::place::{Ancestors, find};
use super::read::condition;
use crate::odata::EntityPath;

impl Objects<'_> {
    fn navigable(&self, definition: &'static Definition, name: &str) -> Result<Navigation> {
        let found = definition.navigation_property(name);
        found.ok_or_else(|| ErrorCode::NoSuchNavigationProperty.into())
    }

    /// Lists what is behind a navigation property, always in JSON.
    ///
    /// # Errors
    /// 404-OD-0001, 400-OD-0004, why somebody may not, 404-OD-0003, 404-OD-0002, those of a query.
    pub fn list_navigation(
        &self,
        path: EntityPath<'_>,
        property: &str,
        options: &ListOptions,
    ) -> Result<Vec<u8>> {
        let definition = self.definition(path.set)?;
        let key = Self::key(definition, path.predicate)?;
        self.authorize(definition.kind, PrivilegeAccess::Read)?;
        let navigation = self.navigable(definition, property)?;
        self.authorize(navigation.target, PrivilegeAccess::Read)?;
        let target = self.definition_of(navigation.target)?;
        let sets = self.sets();
        let behind = self.store().read(|tx| {
            let source = find(tx, &sets, definition, &key)?.ok_or(ErrorCode::NoSuchEntity)?;
            condition(&navigation, &source, tx)
        })?;
        match behind {
            Some(filter) => self.page(target, target.name(), options, Some(filter), Format::Json),
            None => Ok(json::List::new(self.root).finish(options.count.then_some(0))),
        }
    }

    /// Creates an object behind a navigation property. The object in the URL counts as its parent, whatever the body
    /// says.
    ///
    /// # Errors
    /// Those of [`Objects::create`]; 404-OD-0003, 404-OD-0000, 409-OD-0002.
    pub fn create_navigation(
        &self,
        path: EntityPath<'_>,
        property: &str,
        body: &[u8],
        credential: Option<&str>,
        format: Format,
    ) -> Result<Created> {
        let definition = self.definition(path.set)?;
        let key = Self::key(definition, path.predicate)?;
        self.authorize(definition.kind, PrivilegeAccess::Write)?;
        let navigation = self.navigable(definition, property)?;
        self.authorize(navigation.target, PrivilegeAccess::Write)?;
        // Into a Box, a message can be put, as recorded.
        if navigation.via != Via::Children {
            Self::allow_writes(navigation.target)?;
        }
        let target = self.definition_of(navigation.target)?;
        let (sets, now) = (self.sets(), self.now);
        let (source, parents) = self.store().read(|tx| {
            let source = find(tx, &sets, definition, &key)?.ok_or(ErrorCode::NotFound)?;
            let parents = Ancestors::new(tx).of(&source)?;
            Ok((source, parents))
        })?;
        let mut body = Object::parse(body)?;
        if navigation.via == Via::Children {
            for field in target.fields {
                match field.source {
                    Source::Parent => body.set(field.name, Some(source.key.clone())),
                    Source::Grandparent => body.set(field.name, parents.0.clone()),
                    _ => {}
                }
            }
        }
        let fields = Fields::read(target, &body, Mode::Create, now)?;
        let extras = self.prepare(target, &fields, credential, None)?;
        let document = self.store().write(move |tx| {
            let source = find(tx.read(), &sets, definition, &key)?.ok_or(ErrorCode::NotFound)?;
            let taken = |error: saibo_model::Error| match error.code() {
                ErrorCode::EntityAlreadyExists if navigation.via != Via::Children => {
                    ErrorCode::LinkAlreadyExists.into()
                }
                _ => error,
            };
            let made = insert(tx, &sets, target, &fields, &extras, now).map_err(taken)?;
            if navigation.via != Via::Children {
                put_link(tx, &sets, &navigation, source, made.clone(), now)?;
            }
            let made = tx.read().document_by_id(&made.id)?;
            made.ok_or_else(|| ErrorCode::DataInconsistency.into())
        })?;
        self.created(target, &document, format, false)
    }
}
