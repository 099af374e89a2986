//! Changing an object: all of it (`PUT`) or some of its fields (`MERGE`).

use saibo_model::privilege::Access as PrivilegeAccess;
use saibo_model::{Document, ErrorCode, Kind, Result};
use saibo_odata::body::Object;
use saibo_odata::entity_sets::{EntitySet as Definition, Source};
use saibo_odata::etag::IfMatch;
use saibo_store::{ReadTx, StoreExt as _};

use super::create::parent_of;
use super::fields::{Fields, Mode};
use super::place::{Ancestors, find};
use super::{Objects, rules};
use crate::odata::EntityPath;

/// How an object is changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// Fields that are left out are as in a new one.
    Replace,
    /// Fields that are left out stay.
    Merge,
}

impl Objects<'_> {
    /// Changes an object; tells the new version and when that was made, ms.
    ///
    /// # Errors
    /// 404-OD-0001, 400-OD-0004, why somebody may not, 412-OD-0002, those of the body, 409-OD-0003.
    pub fn update(
        &self,
        path: EntityPath<'_>,
        change: Change,
        body: &[u8],
        credential: Option<&str>,
        if_match: Option<&str>,
    ) -> Result<(i64, i64)> {
        let definition = self.definition(path.set)?;
        let key = Self::key(definition, path.predicate)?;
        self.authorize(definition.kind, PrivilegeAccess::Write)?;
        Self::allow_writes(definition.kind)?;
        if change == Change::Merge {
            rules::check_mergeable(definition.kind)?;
        }
        let if_match = IfMatch::parse(if_match)?;
        let (sets, now) = (self.sets(), self.now);
        let body = Object::parse(body)?;
        // Whole bodies are looked at before the object is, as the API does.
        let whole = match change {
            Change::Replace => Some(Fields::read(definition, &body, Mode::Replace, now)?),
            Change::Merge => None,
        };
        let (before, named) = self.store().read(|tx| {
            let before = find(tx, &sets, definition, &key)?.ok_or(ErrorCode::NoSuchEntity)?;
            let named = named_parents(tx, definition, &before)?;
            Ok((before, named))
        })?;
        self.check_owner(&before)?;
        let fields = match whole {
            Some(fields) => fields,
            None => Fields::read(definition, &body, Mode::Merge(&before, &named), now)?,
        };
        if_match.check(before.version, before.updated)?;
        let extras = self.prepare(definition, &fields, credential, Some(&before))?;
        let changed = self.store().write(move |tx| {
            // It may have changed while the password was hashed.
            let before = find(tx.read(), &sets, definition, &key)?.ok_or(ErrorCode::NoSuchEntity)?;
            if_match.check(before.version, before.updated)?;
            let mut document = Document {
                key: fields.at(Source::Key).unwrap_or_default().to_owned(),
                parent: if fields.named().is_empty() {
                    before.parent.clone()
                } else {
                    parent_of(tx, &sets, definition, &fields)?
                },
                version: before.version + 1,
                updated: now,
                body: fields.to_body(),
                hidden: extras.hidden.clone().or_else(|| before.hidden.clone()),
                ..before.clone()
            };
            rules::check_change(tx, &sets, definition, &fields, [&before, &document])?;
            tx.put_document(&mut document)?;
            rules::written(tx, &sets, definition.kind)?;
            Ok((before.key, document))
        });
        let (name, document) = changed?;
        if definition.kind == Kind::Cell {
            self.unit.forget(&name);
            self.unit.forget(&document.key);
        }
        Ok((document.version, document.updated))
    }
}

/// The fields by which a document names its parents, with their values.
fn named_parents(
    tx: &dyn ReadTx,
    definition: &'static Definition,
    document: &Document,
) -> Result<Vec<(&'static str, Option<String>)>> {
    let (parent, grandparent) = Ancestors::new(tx).of(document)?;
    let named = definition.fields.iter().filter_map(|field| match field.source {
        Source::Parent => Some((field.name, parent.clone())),
        Source::Grandparent => Some((field.name, grandparent.clone())),
        _ => None,
    });
    Ok(named.collect())
}
