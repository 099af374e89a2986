//! From keys to documents and back: a key may name the parent (`_Box.Name`) and the parent's parent.

use std::collections::{HashMap, HashSet};

use saibo_model::query::Related;
use saibo_model::{Document, ErrorCode, Id, Result};
use saibo_odata::entity_sets::{EntitySet as Definition, Source, of_kind};
use saibo_odata::key::Key;
use saibo_store::ReadTx;

use super::Sets;

/// The parent that a key or body names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Parent {
    /// It names none.
    None,
    /// It names this one.
    Is(Id),
    /// It names one that is not there.
    Missing,
}

/// The values of a key's parts by where a document keeps them.
#[derive(Clone, Debug, Default)]
pub(super) struct Parts<'k> {
    pub(super) own: Option<&'k str>,
    pub(super) parent: Option<&'k str>,
    pub(super) grandparent: Option<&'k str>,
}

impl<'k> Parts<'k> {
    pub(super) fn of(definition: &Definition, key: &'k Key) -> Self {
        let mut parts = Self::default();
        for (at, part) in definition.key.iter().enumerate() {
            let value = key.value(at);
            match definition.field(part.name).map(|field| field.source) {
                Some(Source::Key) => parts.own = value,
                Some(Source::Parent) => parts.parent = value,
                Some(Source::Grandparent) => parts.grandparent = value,
                _ => {}
            }
        }
        parts
    }
}

/// The document of a key.
pub(super) fn find(
    tx: &dyn ReadTx,
    sets: &Sets,
    definition: &Definition,
    key: &Key,
) -> Result<Option<Document>> {
    let parts = Parts::of(definition, key);
    let Some(own) = parts.own else { return Ok(None) };
    // A part that is no key part names no parent, so messages are found whatever Box they are in.
    let in_key = definition
        .key
        .iter()
        .any(|part| definition.field(part.name).is_some_and(|field| field.source == Source::Parent));
    if !in_key {
        return find_anywhere(tx, sets, definition, own);
    }
    match parent(tx, sets, definition, parts.parent, parts.grandparent)? {
        Parent::None => tx.document(&sets.of(definition.kind), None, own),
        Parent::Is(id) => tx.document(&sets.of(definition.kind), Some(&id), own),
        Parent::Missing => Ok(None),
    }
}

/// The document of a key that names no parent, in whatever parent it is.
pub(super) fn find_anywhere(
    tx: &dyn ReadTx,
    sets: &Sets,
    definition: &Definition,
    own: &str,
) -> Result<Option<Document>> {
    use saibo_model::query::{Comparison, Field, Filter, Literal, Query};
    let set = sets.of(definition.kind);
    if let Some(found) = tx.document(&set, None, own)? {
        return Ok(Some(found));
    }
    let filter = Filter::Compare(Field::Key, Comparison::Equal, Literal::Text(own.to_owned()));
    let query = Query { filter: Some(filter), top: Some(1), ..Query::default() };
    let mut found = None;
    tx.documents(&set, &query, &mut |document| {
        found = Some(document);
        Ok(())
    })?;
    Ok(found)
}

/// The parent of a name, itself in a parent of a name.
pub(super) fn parent(
    tx: &dyn ReadTx,
    sets: &Sets,
    definition: &Definition,
    name: Option<&str>,
    grandparent: Option<&str>,
) -> Result<Parent> {
    let (Some(kind), Some(name)) = (definition.parent(), name) else { return Ok(Parent::None) };
    let above = match (of_kind(kind).and_then(Definition::parent), grandparent) {
        (Some(above), Some(grandparent)) => match tx.document(&sets.of(above), None, grandparent)? {
            Some(found) => Some(found.id),
            None => return Ok(Parent::Missing),
        },
        _ => None,
    };
    let found = tx.document(&sets.of(kind), above.as_ref(), name)?;
    Ok(found.map_or(Parent::Missing, |found| Parent::Is(found.id)))
}

/// The names of the parents of documents, each looked up once.
pub(super) struct Ancestors<'t> {
    tx: &'t dyn ReadTx,
    known: HashMap<Id, (String, Option<Id>)>,
}

impl<'t> Ancestors<'t> {
    pub(super) fn new(tx: &'t dyn ReadTx) -> Self {
        Self { tx, known: HashMap::new() }
    }

    /// Looks up the parents of many documents of a kind, and theirs, with one query for each of the two.
    pub(super) fn look_up_all<'d>(
        &mut self,
        sets: &Sets,
        definition: &Definition,
        documents: impl IntoIterator<Item = &'d Document>,
    ) -> Result<()> {
        let mut wanted: HashSet<Id> = documents.into_iter().filter_map(|one| one.parent.clone()).collect();
        let mut kind = definition.parent();
        while let Some(of) = kind {
            let missing: Vec<_> = wanted.iter().filter(|id| !self.known.contains_key(*id)).cloned().collect();
            if !missing.is_empty() {
                let ids = Related::Named(missing.into_iter().map(Some).collect());
                self.tx.related(&sets.of(of), &ids, &[], 1, &mut |(_, found)| {
                    self.known.insert(found.id, (found.key, found.parent));
                    Ok(())
                })?;
            }
            wanted = wanted.iter().filter_map(|id| self.known.get(id)?.1.clone()).collect();
            kind = of_kind(of).and_then(Definition::parent);
        }
        Ok(())
    }

    fn look_up(&mut self, id: &Id) -> Result<(String, Option<Id>)> {
        if let Some(known) = self.known.get(id) {
            return Ok(known.clone());
        }
        let found = self.tx.document_by_id(id)?.ok_or(ErrorCode::DataInconsistency)?;
        let known = (found.key, found.parent);
        self.known.insert(id.clone(), known.clone());
        Ok(known)
    }

    /// The names of the parent and of the parent's parent.
    pub(super) fn of(&mut self, document: &Document) -> Result<(Option<String>, Option<String>)> {
        let Some(parent) = &document.parent else { return Ok((None, None)) };
        let (name, above) = self.look_up(parent)?;
        let above = match above {
            Some(above) => Some(self.look_up(&above)?.0),
            None => None,
        };
        Ok((Some(name), above))
    }

    /// The key of a document.
    pub(super) fn key(&mut self, definition: &Definition, document: &Document) -> Result<Key> {
        let (parent, grandparent) = self.of(document)?;
        let values =
            definition.key.iter().map(|part| match definition.field(part.name).map(|field| field.source) {
                Some(Source::Parent) => parent.clone(),
                Some(Source::Grandparent) => grandparent.clone(),
                _ => Some(document.key.clone()),
            });
        Ok(Key::new(values.collect()))
    }
}
