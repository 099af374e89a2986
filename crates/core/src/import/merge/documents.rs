//! Documents of a snapshot into the Cell.

use saibo_model::query::{Comparison, Field, Filter, Literal, Query, Stored};
use saibo_model::{Document, EntitySet, ErrorCode, Id, Kind, Result};
use serde_json::Value;

use super::aliases::Aliases;
use super::effects::Effect;
use super::json::{merged, merged_acls};
use super::target::{Place, Targets};
use super::{Merge, Mode, conflict};
use crate::document::{Extra, object, stored};
use crate::odata::alias::{alias, free_alias};

/// What must be the same in the snapshot and in the Cell, for values and links depend on it.
fn fixed(kind: Kind) -> &'static [(&'static str, &'static str)] {
    match kind {
        Kind::Property | Kind::ComplexTypeProperty => &[("Type", ""), ("CollectionKind", "None")],
        Kind::AssociationEnd => &[("Multiplicity", "")],
        _ => &[],
    }
}

impl Merge<'_> {
    /// The documents of a kind.
    pub(super) fn documents(&mut self, kind: Kind) -> Result<()> {
        let from = self.from;
        from.all_documents(kind, &mut |(document, _)| {
            if !self.selection.has_document(&document)? {
                return Ok(());
            }
            self.progress.check()?;
            self.count(document.body.len() as u64);
            let effect = self.document(document)?;
            self.effects.add(effect, kind.name());
            Ok(())
        })
    }

    fn document(&mut self, document: Document) -> Result<Effect> {
        let to = self.tx.read();
        let place = self.targets.place(to, &document)?;
        let place = place.ok_or_else(|| ErrorCode::DataInconsistency.with([&document.id]))?;
        let found = Targets::at(to, &place, &document)?;
        let is_same_place = |found: &Document| found.key == document.key && found.parent == place.parent;
        // Renamed, it may be what another of the snapshot is called.
        let found = found.filter(|found| is_same_place(found) || !self.matched.contains(found.seq));
        let (put, effect) = match found {
            None => (self.created(document, place)?, Effect::Created),
            Some(known) => {
                self.matched.insert(known.seq);
                check_fixed(&known, &document)?;
                let put = match self.mode {
                    Mode::Skip => None,
                    Mode::Overwrite => Some((self.replaced(&known, document, place)?, Effect::Replaced)),
                    Mode::Merge => Some((self.merged(&known, document, place)?, Effect::Merged)),
                };
                match put {
                    Some((put, effect)) if is_change(&known, &put) => (put, effect),
                    Some(_) => return Ok(Effect::Unchanged),
                    None => return Ok(Effect::Skipped),
                }
            }
        };
        self.put(put)?;
        Ok(effect)
    }

    fn put(&mut self, mut document: Document) -> Result<()> {
        if document.set.kind == Kind::Box {
            self.check_schema(&document)?;
        }
        self.tx.put_document(&mut document).map_err(|error| match error.code() {
            ErrorCode::EntityAlreadyExists => {
                let (kind, key) = (document.set.kind.name(), &document.key);
                conflict(format!("{kind} {key}: another has its name")).because(error)
            }
            _ => error,
        })
    }

    fn created(&mut self, document: Document, place: Place) -> Result<Document> {
        let to = self.tx.read();
        let is_free = to.document_by_id(&document.id)?.is_none();
        let mut new = Document {
            seq: 0,
            id: if is_free { document.id.clone() } else { Id::in_order() },
            version: 1,
            // An end finds its other end when both are there.
            peer: None,
            ..self.placed(document, place)?
        };
        if matches!(new.set.kind, Kind::Property | Kind::ComplexTypeProperty) {
            let alias = free_alias(self.tx.read(), &new, alias(&new).as_deref())?;
            let mut hidden = object(new.hidden.as_deref().unwrap_or("{}"))?;
            hidden.insert("Alias".to_owned(), alias.into());
            new.hidden = Some(Value::Object(hidden).to_string());
        }
        Ok(new)
    }

    /// The snapshot's in the place of the Cell's, which keeps its id: links, ACLs and tokens name it.
    fn replaced(&mut self, known: &Document, document: Document, place: Place) -> Result<Document> {
        let new = self.placed(document, place)?;
        Ok(Document {
            seq: known.seq,
            id: known.id.clone(),
            version: known.version + 1,
            peer: known.peer.clone(),
            hidden: self.hidden(known, &new),
            ..new
        })
    }

    fn merged(&mut self, known: &Document, document: Document, place: Place) -> Result<Document> {
        let new = self.placed(document, place)?;
        let hidden = match new.set.kind {
            Kind::Account => self.hidden(known, &new),
            Kind::Property | Kind::ComplexTypeProperty => known.hidden.clone(),
            _ => merged(known.hidden.as_deref(), new.hidden.as_deref())?,
        };
        Ok(Document {
            seq: known.seq,
            id: known.id.clone(),
            version: known.version + 1,
            peer: known.peer.clone(),
            published: known.published,
            updated: known.updated.max(new.updated),
            body: merged(Some(&known.body), Some(&new.body))?.unwrap_or_default(),
            hidden,
            extra: merged_extra(known.extra.as_deref(), new.extra.as_deref())?,
            ..new
        })
    }

    /// A document with the Cell's names for all that it names.
    fn placed(&mut self, document: Document, place: Place) -> Result<Document> {
        let body = match document.set.kind {
            Kind::UserData => self.aliases(&document.set, &place.set)?.apply(&document.body)?,
            _ => document.body,
        };
        Ok(Document { set: place.set, parent: place.parent, body, ..document })
    }

    /// What an object that is replaced has of hidden fields: an alias is the Cell's, and a password that the snapshot
    /// has not does not go.
    fn hidden(&self, known: &Document, new: &Document) -> Option<String> {
        match new.set.kind {
            Kind::Property | Kind::ComplexTypeProperty => known.hidden.clone(),
            Kind::Account if !self.has_credentials => known.hidden.clone(),
            _ => new.hidden.clone(),
        }
    }

    fn aliases(&mut self, from: &EntitySet, to: &EntitySet) -> Result<&Aliases> {
        let key = from.entity_type.clone().ok_or(ErrorCode::DataInconsistency)?;
        if !self.aliases.contains_key(&key) {
            let aliases = Aliases::of((self.from, from), (self.tx.read(), to))?;
            self.aliases.insert(key.clone(), aliases);
        }
        self.aliases.get(&key).ok_or_else(|| ErrorCode::DataInconsistency.into())
    }

    /// No two Boxes have one schema.
    fn check_schema(&self, document: &Document) -> Result<()> {
        let body = object(&document.body)?;
        let Some(schema) = body.get("Schema").and_then(Value::as_str) else { return Ok(()) };
        let field = Field::Body { path: vec!["Schema".to_owned()], stored: Stored::Text };
        let same = Filter::Compare(field, Comparison::Equal, Literal::Text(schema.to_owned()));
        let query = Query { filter: Some(same), top: Some(2), ..Query::default() };
        self.tx.read().documents(&EntitySet::control(Kind::Box), &query, &mut |other| {
            if other.id == document.id {
                return Ok(());
            }
            let (one, other) = (&document.key, &other.key);
            Err(conflict(format!("the Box {one} has the schema of the Box {other} ({schema})")))
        })
    }

    /// The other ends of the AssociationEnds, when all are there.
    pub(super) fn peers(&mut self) -> Result<()> {
        let from = self.from;
        from.all_documents(Kind::AssociationEnd, &mut |(document, _)| {
            let Some(peer) = &document.peer else { return Ok(()) };
            if !self.selection.has_document(&document)? {
                return Ok(());
            }
            let found = self.targets.find(self.tx.read(), &document.id)?;
            let peer = self.targets.id(self.tx.read(), peer)?;
            let (Some(mut end), Some(peer)) = (found, peer) else { return Ok(()) };
            match &end.peer {
                Some(known) if *known == peer => Ok(()),
                Some(_) => Err(conflict(format!("AssociationEnd {}: is associated otherwise", end.key))),
                None => {
                    end.peer = Some(peer);
                    self.tx.put_document(&mut end)
                }
            }
        })
    }
}

/// Whether there is anything to write.
fn is_change(known: &Document, put: &Document) -> bool {
    let same = |document: &Document| Document { version: 0, ..document.clone() };
    let is_empty = |text: &Option<String>| text.as_deref().is_none_or(|text| text == "{}");
    let (mut known, put) = (same(known), same(put));
    if is_empty(&known.hidden) && is_empty(&put.hidden) {
        known.hidden.clone_from(&put.hidden);
    }
    known != put
}

fn check_fixed(known: &Document, document: &Document) -> Result<()> {
    let fields = fixed(document.set.kind);
    if fields.is_empty() {
        return Ok(());
    }
    let (ours, theirs) = (object(&known.body)?, object(&document.body)?);
    for (name, default) in fields {
        let [ours, theirs] =
            [&ours, &theirs].map(|body| body.get(*name).and_then(Value::as_str).unwrap_or(default));
        if ours != theirs {
            let (kind, key) = (document.set.kind.name(), &document.key);
            let why = format!("{kind} {key}: {name} is {theirs} in the snapshot and {ours} in the Cell");
            return Err(conflict(why));
        }
    }
    Ok(())
}

/// What both keep without knowing it; of ACLs, what both grant.
fn merged_extra(known: Option<&str>, new: Option<&str>) -> Result<Option<String>> {
    let (ours, theirs) = (Extra::parse(known)?, Extra::parse(new)?);
    let Some(all) = merged(known, new)? else { return Ok(None) };
    let mut all = object(&all)?;
    if let Some(acl) = merged_acls(ours.acl.as_deref(), theirs.acl.as_deref()) {
        all.insert("a".to_owned(), stored(&acl)?);
    }
    Ok(Some(Value::Object(all).to_string()))
}
