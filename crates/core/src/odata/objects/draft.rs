//! Objects that something else than a request to their set makes: messages, and what approving one of them makes.

use saibo_model::{Document, ErrorCode, Id, Kind, Result};
use saibo_odata::body::Object;
use saibo_odata::entity_sets::EntitySet as Definition;
use saibo_odata::media::Format;
use saibo_store::{StoreExt as _, WriteTx};

use super::create::{Created, insert};
use super::fields::{Fields, Mode};
use super::place::find_anywhere;
use super::rules::{Extras, check_new_message};
use super::{Objects, Sets};

/// An object that was checked, and waits for its transaction.
#[derive(Debug)]
pub(crate) struct Draft {
    definition: &'static Definition,
    sets: Sets,
    fields: Fields,
    extras: Extras,
    now: i64,
}

impl Draft {
    /// Puts it into its set.
    ///
    /// # Errors
    /// 400-OD-0024 for a parent that does not exist, 409-OD-0003.
    pub(crate) fn insert(&self, tx: &mut dyn WriteTx) -> Result<Document> {
        insert(tx, &self.sets, self.definition, &self.fields, &self.extras, self.now)
    }
}

impl Objects<'_> {
    /// Checks a new object of a kind. Whether somebody may make it is asked elsewhere.
    ///
    /// # Errors
    /// Those of the body (`fields.rs`).
    pub(crate) fn draft(&self, kind: Kind, body: &Object) -> Result<Draft> {
        let definition = self.definition_of(kind)?;
        let fields = Fields::read(definition, body, Mode::Create, self.now)?;
        let extras = self.prepare(definition, &fields, None, None)?;
        Ok(Draft { definition, sets: self.sets(), fields, extras, now: self.now })
    }

    /// The fields of a message that is posted to one of the ports.
    ///
    /// # Errors
    /// Those of the body (`fields.rs`).
    pub(crate) fn posted(&self, port: &'static Definition, body: &[u8]) -> Result<Fields> {
        Fields::read(port, &Object::parse(body)?, Mode::Create, self.now)
    }

    /// Keeps a message, and tells what the answer shows.
    ///
    /// # Errors
    /// 409-OD-0003 if there is one of that id, in whatever Box.
    pub(crate) fn keep_message(&self, kind: Kind, fields: &Fields, in_box: Option<Id>) -> Result<Created> {
        let definition = self.definition_of(kind)?;
        let mut document = Document {
            seq: 0,
            id: Id::in_order(),
            set: self.sets().of(kind),
            key: fields.text("__id").unwrap_or_default().to_owned(),
            parent: in_box,
            peer: None,
            version: 1,
            published: self.now,
            updated: self.now,
            body: fields.to_body_of(definition),
            hidden: None,
            extra: None,
        };
        let document = self.store().write(move |tx| {
            check_new_message(tx.read(), &document)?;
            if let Some(parent) = &document.parent {
                // The Box may have been deleted since it was looked up.
                tx.read().document_by_id(parent)?.ok_or(ErrorCode::StoreUnavailable)?;
            }
            tx.put_document(&mut document)?;
            Ok(document)
        })?;
        self.created(definition, &document, Format::Json, true)
    }

    /// A received message, and what tells whether it was changed since.
    pub(crate) fn received_message(&self, id: &str) -> Result<Document> {
        let definition = self.definition_of(Kind::ReceivedMessage)?;
        let sets = self.sets();
        let found = self.store().read(|tx| find_anywhere(tx, &sets, definition, id))?;
        found.ok_or_else(|| ErrorCode::NoSuchEntity.into())
    }
}
