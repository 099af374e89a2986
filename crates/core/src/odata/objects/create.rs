//! Creating an object.

use saibo_model::privilege::Access as PrivilegeAccess;
use saibo_model::{Document, ErrorCode, Id, Result};
use saibo_odata::body::Object;
use saibo_odata::entity_sets::{EntitySet as Definition, Source};
use saibo_odata::media::Format;
use saibo_odata::options::Select;
use saibo_odata::{atom, json};
use saibo_store::{StoreExt as _, WriteTx};

use super::fields::{Fields, Mode};
use super::place::{Ancestors, Parent, parent};
use super::rules::{self, Extras};
use super::view::{Links, entity};
use super::{Objects, Scope, Sets};

/// An object that was made.
#[derive(Clone, Debug)]
pub struct Created {
    /// Its URL.
    pub location: String,
    /// Its version and when that was made, ms: its entity tag.
    pub version: (i64, i64),
    /// The answer's body.
    pub body: Vec<u8>,
}

impl Objects<'_> {
    /// Creates an object of a set. `credential` is the `X-Personium-Credential` header.
    ///
    /// # Errors
    /// 404-OD-0001, why somebody may not, those of the body (`fields.rs`), 400-OD-0024 for a parent that does not
    /// exist, 409-OD-0003.
    pub fn create(
        &self,
        set: &str,
        body: &[u8],
        credential: Option<&str>,
        format: Format,
    ) -> Result<Created> {
        let definition = self.definition(set)?;
        self.authorize(definition.kind, PrivilegeAccess::Write)?;
        Self::allow_writes(definition.kind)?;
        let fields = Fields::read(definition, &Object::parse(body)?, Mode::Create, self.now)?;
        let extras = self.prepare(definition, &fields, credential, None)?;
        let (sets, now, id) = (self.sets(), self.now, extras.id.clone());
        let insert = move |tx: &mut dyn WriteTx| insert(tx, &sets, definition, &fields, &extras, now);
        let document = match self.scope {
            Scope::Unit => self.unit.create_cell(&id, now, insert)?,
            _ => self.store().write(insert)?,
        };
        self.created(definition, &document, format, true)
    }

    /// What the answer to a create shows. The location of one that was made through a navigation property has its
    /// key as it is.
    pub(super) fn created(
        &self,
        definition: &'static Definition,
        document: &Document,
        format: Format,
        encoded: bool,
    ) -> Result<Created> {
        self.store().read(|tx| {
            let mut ancestors = Ancestors::new(tx);
            let shown = entity(definition, &mut ancestors, document, &Select::default(), Links::None)?;
            let predicate = if encoded {
                shown.predicate.clone()
            } else {
                ancestors.key(definition, document)?.plain(definition.key)
            };
            let body = match format {
                Format::Json => json::entity(self.root, &shown),
                Format::Atom => atom::entity(self.root, &shown).into_bytes(),
            };
            Ok(Created {
                location: format!("{}{}{predicate}", self.root, definition.name()),
                version: (document.version, document.updated),
                body,
            })
        })
    }
}

/// Puts a new object into its set.
pub(super) fn insert(
    tx: &mut dyn WriteTx,
    sets: &Sets,
    definition: &'static Definition,
    fields: &Fields,
    extras: &Extras,
    now: i64,
) -> Result<Document> {
    let mut document = Document {
        seq: 0,
        id: extras.id.clone(),
        set: sets.of(definition.kind),
        key: fields.at(Source::Key).unwrap_or_default().to_owned(),
        parent: parent_of(tx, sets, definition, fields)?,
        peer: None,
        version: 1,
        published: now,
        updated: now,
        body: fields.to_body(),
        hidden: extras.hidden.clone(),
        extra: None,
    };
    rules::check_new(tx, sets, fields, extras, &mut document)?;
    tx.put_document(&mut document)?;
    rules::written(tx, sets, definition.kind)?;
    Ok(document)
}

/// The parent that the fields name.
pub(super) fn parent_of(
    tx: &mut dyn WriteTx,
    sets: &Sets,
    definition: &'static Definition,
    fields: &Fields,
) -> Result<Option<Id>> {
    let (name, above) = (fields.at(Source::Parent), fields.at(Source::Grandparent));
    match parent(tx.read(), sets, definition, name, above)? {
        Parent::None => Ok(None),
        Parent::Is(id) => Ok(Some(id)),
        Parent::Missing => {
            let named = fields.named();
            Err(ErrorCode::NavigationKeyNotFound.with([named.first().copied().unwrap_or_default()]))
        }
    }
}
