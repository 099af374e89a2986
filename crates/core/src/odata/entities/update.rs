//! Replacing and merging an entity (API pages 367 and 369).

use saibo_model::privilege::Privilege;
use saibo_model::{ErrorCode, Result};
use saibo_odata::body::Object;
use saibo_odata::etag::IfMatch;

use super::body;
use super::collection::{Collection, entity_id, entity_set};
use super::draft::{Draft, Purpose};
use super::dynamic::name_aliases;
use super::schema::TypeIndex;
use super::session::Session;
use super::view::Row;
use crate::document::object;
use crate::odata::EntityPath;

/// What makes an entity tag.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Version {
    /// How many changes there were.
    pub version: i64,
    /// When the last one was, in ms.
    pub updated: i64,
}

impl Version {
    pub(super) fn of(row: &Row) -> Self {
        Self { version: row.document.version, updated: row.document.updated }
    }
}

impl Collection<'_> {
    /// Replaces an entity (PUT) or changes it (MERGE). Its id stays as it is, whatever the body says.
    ///
    /// # Errors
    /// 404-OD-0001, 400-OD-0004, those of a body, 404-OD-0002, 412-OD-0002 if it is not the version of
    /// `if_match`, 409-OD-0003 for a unique key that is taken.
    pub fn update(
        &self,
        path: EntityPath<'_>,
        body: &[u8],
        purpose: Purpose,
        if_match: Option<&str>,
    ) -> Result<Version> {
        self.authorize(Privilege::Write)?;
        let object = Object::parse(body);
        let (set, id) = (path.set.to_owned(), entity_id(path.predicate));
        let condition = IfMatch::parse(if_match);
        self.write(move |session| {
            let ty = entity_set(&session.schema, &set)?;
            let id = id?;
            let draft = session.draft(ty, &object?, purpose)?;
            session.update(ty, &id, &draft, purpose, condition?)
        })
    }
}

impl Session<'_> {
    /// Reads a body against the schema of this transaction.
    pub(super) fn draft(&self, ty: TypeIndex, object: &Object, purpose: Purpose) -> Result<Draft> {
        Draft::read(&self.schema, ty, object, purpose, self.now)
    }

    /// Writes the values of a draft to an entity.
    pub(super) fn update(
        &mut self,
        ty: TypeIndex,
        id: &str,
        draft: &Draft,
        purpose: Purpose,
        condition: IfMatch,
    ) -> Result<Version> {
        let mut row = self.find(ty, id)?.ok_or(ErrorCode::NoSuchEntity)?;
        condition.check(row.document.version, row.document.updated)?;
        let schema = self.schema.clone();
        let properties = &schema.entity_type(ty).properties;
        let new = name_aliases(&schema, ty, draft.new.iter().map(|(name, ty, _)| (name.clone(), *ty)));
        let aliases: Vec<String> = new.iter().map(|property| property.alias.clone()).collect();
        row.document.body = match purpose {
            Purpose::Whole => body::write(&schema, properties, id, draft, &aliases),
            Purpose::Merge => {
                let mut values = object(&row.document.body)?;
                body::merge(&schema, properties, &mut values, draft, &aliases);
                serde_json::Value::Object(values).to_string()
            }
        };
        drop(schema);
        row.document.version += 1;
        row.document.updated = self.now;
        self.check_unique(ty, &row.document)?;
        self.put(&mut row.document)?;
        self.make_properties(ty, new)?;
        Ok(Version::of(&row))
    }
}
