//! Creating an entity (API page 364).

use saibo_model::id::entity_id;
use saibo_model::privilege::Privilege;
use saibo_model::{Document, Id, Result};
use saibo_odata::body::Object;
use saibo_odata::media::Format;
use saibo_odata::{atom, json};

use super::body;
use super::collection::{Collection, entity_set};
use super::draft::{Draft, Purpose};
use super::dynamic::name_aliases;
use super::schema::{Schema, TypeIndex};
use super::session::Session;
use super::view::{self, Row};

/// The answer to a create.
#[derive(Clone, Debug)]
pub struct Created {
    /// The URL of the new entity.
    pub location: String,
    /// Its version.
    pub version: i64,
    /// When it was made, ms since 1970.
    pub updated: i64,
    /// The entity, as it is shown.
    pub body: Vec<u8>,
}

impl Collection<'_> {
    /// Creates an entity.
    ///
    /// # Errors
    /// 404-OD-0001, 400-OD-0001, those of a body ([`Draft::read`]), 409-OD-0003 for an id or a unique key that
    /// is taken.
    pub fn create(&self, set: &str, body: &[u8], format: Format) -> Result<Created> {
        self.authorize(Privilege::Write)?;
        // Parsed before the one writer is waited for, though an unknown entity set is told first.
        let object = Object::parse(body);
        let set = set.to_owned();
        let (schema, row, draft) = self.write(move |session| {
            let ty = entity_set(&session.schema, &set)?;
            let schema = session.schema.clone();
            let draft = Draft::read(&schema, ty, &object?, Purpose::Whole, session.now)?;
            let row = session.create(ty, &draft)?;
            Ok((schema, row, draft))
        })?;
        Ok(self.created(&schema, &row, draft, format))
    }

    /// The answer that shows an entity which was just made.
    pub(super) fn created(&self, schema: &Schema, row: &Row, draft: Draft, format: Format) -> Created {
        let entity = view::created(schema, row, draft);
        Created {
            location: location(self.root, schema, row),
            version: row.document.version,
            updated: row.document.updated,
            body: match format {
                Format::Json => json::entity(self.root, &entity),
                Format::Atom => atom::entity(self.root, &entity).into_bytes(),
            },
        }
    }
}

/// The URL of an entity.
pub(super) fn location(root: &str, schema: &Schema, row: &Row) -> String {
    format!("{root}{}{}", schema.entity_type(row.ty).name, view::predicate(&row.document.key))
}

impl Session<'_> {
    /// Makes an entity of a draft.
    pub(super) fn create(&mut self, ty: TypeIndex, draft: &Draft) -> Result<Row> {
        let schema = self.schema.clone();
        let entity_type = schema.entity_type(ty);
        let new = name_aliases(&schema, ty, draft.new.iter().map(|(name, ty, _)| (name.clone(), *ty)));
        let aliases: Vec<String> = new.iter().map(|property| property.alias.clone()).collect();
        let key = draft.id.clone().unwrap_or_else(entity_id);
        let mut document = Document {
            seq: 0,
            id: Id::in_order(),
            set: entity_type.set.clone(),
            parent: None,
            peer: None,
            version: 1,
            published: self.now,
            updated: self.now,
            body: body::write(&schema, &entity_type.properties, &key, draft, &aliases),
            key,
            hidden: None,
            extra: None,
        };
        drop(schema);
        self.check_unique(ty, &document)?;
        // First the entity: that is where a taken id shows, and then nothing is written yet.
        self.put(&mut document)?;
        self.make_properties(ty, new)?;
        Ok(Row { ty, document })
    }
}
