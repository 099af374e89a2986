//! Creating an entity behind a navigation property, linked from the start (API page 373).

use saibo_model::privilege::Privilege;
use saibo_model::{ErrorCode, Result};
use saibo_odata::body::Object;
use saibo_odata::media::Format;

use super::collection::{Collection, entity_id, entity_set, navigation};
use super::create::Created;
use super::draft::{Draft, Purpose};
use super::schema::{Navigation, TypeIndex};
use super::session::Session;
use super::view::{self, Row};
use crate::odata::EntityPath;

impl Collection<'_> {
    /// Creates an entity and links it with the one that the URL names.
    ///
    /// # Errors
    /// 404-OD-0001, 400-OD-0004, 404-OD-0003, those of a body, 404-OD-0000 if the URL's entity is not there,
    /// 409-OD-0002 if the new one is, or if one of the two has its link already, 400-OD-0038.
    pub fn create_navigation(
        &self,
        path: EntityPath<'_>,
        property: &str,
        body: &[u8],
        format: Format,
    ) -> Result<Created> {
        self.authorize(Privilege::Write)?;
        let object = Object::parse(body);
        let (set, id) = (path.set.to_owned(), entity_id(path.predicate));
        let property = property.to_owned();
        let (schema, row, draft) = self.write(move |session| {
            let ty = entity_set(&session.schema, &set)?;
            let id = id?;
            let missing = ErrorCode::NoSuchNavigationProperty;
            let navigation = navigation(&session.schema, ty, &property, missing)?.clone();
            let draft = session.draft(navigation.target, &object?, Purpose::Whole)?;
            let schema = session.schema.clone();
            let row = session.create_linked(ty, &id, &navigation, &draft, ErrorCode::LinkAlreadyExists)?;
            Ok((schema, row, draft))
        })?;
        let mut created = self.created(&schema, &row, draft, format);
        let name = &schema.entity_type(row.ty).name;
        created.location = format!("{}{name}{}", self.root, view::plain_predicate(&row.document.key));
        Ok(created)
    }
}

impl Session<'_> {
    /// Makes an entity and its link with another. `taken` is the error where its id is taken.
    pub(super) fn create_linked(
        &mut self,
        ty: TypeIndex,
        id: &str,
        navigation: &Navigation,
        draft: &Draft,
        taken: ErrorCode,
    ) -> Result<Row> {
        let mut source = self.find(ty, id)?.ok_or(ErrorCode::NotFound)?;
        if let Some(id) = &draft.id
            && self.find(navigation.target, id)?.is_some()
        {
            return Err(taken.into());
        }
        self.check_link(navigation, &source, None)?;
        let mut row = self.create(navigation.target, draft)?;
        self.make_link(navigation, &mut source, &mut row)?;
        Ok(row)
    }
}
