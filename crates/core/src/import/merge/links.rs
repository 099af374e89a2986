//! Links of a snapshot into the Cell.
//!
//! Between two objects that the Cell had already, `skip` adds none, `merge` adds the snapshot's to those that there
//! are, and with `overwrite` there are the snapshot's afterwards and no others. Links with what the snapshot does not
//! have stay in any case. An entity that may be linked with one of a type only gets the snapshot's.

use std::collections::HashMap;

use saibo_model::document::Link;
use saibo_model::query::{Filter, Query};
use saibo_model::{Document, EntitySet, Id, Kind, Result};
use serde_json::Value;

use super::effects::Effect;
use super::{Merge, Mode};
use crate::document::{LINK_EXTRA, object};

/// Whether the first may have one of the second only, and the second one of the first.
pub(super) type OneOnly = (bool, bool);

impl Merge<'_> {
    pub(super) fn links(&mut self) -> Result<()> {
        if self.mode == Mode::Overwrite {
            let matched = &self.matched;
            self.tx.delete_links(&mut |first, second| matched.contains(first) && matched.contains(second))?;
        }
        let from = self.from;
        from.all_documents(Kind::UserData, &mut |(document, held)| {
            if held.is_empty() || !self.selection.has_document(&document)? {
                return Ok(());
            }
            self.progress.check()?;
            let Some(holder) = self.targets.find(self.tx.read(), &document.id)? else { return Ok(()) };
            for (_, id) in held {
                if let Some(other) = self.targets.find(self.tx.read(), &id)? {
                    let (published, updated) = (document.published, document.updated);
                    let link =
                        Link { first: holder.seq, second: other.seq, to_one: true, published, updated };
                    self.link(&link, &holder, &other)?;
                }
            }
            Ok(())
        })?;
        let extras: HashMap<String, String> = from.values(LINK_EXTRA)?.into_iter().collect();
        from.all_links(&mut |(link, first, second)| {
            // One end is enough: the other may be the Cell's own.
            if !(self.selection.has_end(&first)? || self.selection.has_end(&second)?) {
                return Ok(());
            }
            self.progress.check()?;
            let one = self.targets.find(self.tx.read(), &first.1)?;
            let other = self.targets.find(self.tx.read(), &second.1)?;
            let (Some(one), Some(other)) = (one, other) else { return Ok(()) };
            let is_made = self.link(&Link { first: one.seq, second: other.seq, ..link }, &one, &other)?;
            if is_made && let Some(extra) = extras.get(&format!("{}-{}", first.1, second.1)) {
                self.tx.set_value(LINK_EXTRA, &format!("{}-{}", one.id, other.id), Some(extra))?;
            }
            Ok(())
        })
    }

    /// Whether the link was made.
    fn link(&mut self, link: &Link, one: &Document, other: &Document) -> Result<bool> {
        let had_both = self.matched.contains(one.seq) && self.matched.contains(other.seq);
        if self.tx.read().link(one.seq, other.seq)?.is_some() {
            self.effects.add(Effect::Unchanged, "link");
            return Ok(false);
        }
        if had_both && self.mode == Mode::Skip || !self.make_room(one, other)? {
            self.effects.add(Effect::Skipped, "link");
            return Ok(false);
        }
        self.tx.put_link(link)?;
        let effect =
            if had_both && self.mode == Mode::Overwrite { Effect::Replaced } else { Effect::Created };
        self.effects.add(effect, "link");
        Ok(true)
    }

    /// Takes away the links that two entities cannot have beside a new one, or tells that there is no room for it.
    fn make_room(&mut self, one: &Document, other: &Document) -> Result<bool> {
        let are_entities = one.set.kind == Kind::UserData && other.set.kind == Kind::UserData;
        // What was created has no other links than the snapshot gives it.
        if !are_entities || !(self.matched.contains(one.seq) || self.matched.contains(other.seq)) {
            return Ok(true);
        }
        let (one_has_one, other_has_one) = self.one_only(&one.set, &other.set)?;
        for (has_one, entity, of) in [(one_has_one, one, &other.set), (other_has_one, other, &one.set)] {
            if !has_one {
                continue;
            }
            for linked in self.linked(entity, of)? {
                if self.mode == Mode::Skip {
                    return Ok(false);
                }
                self.tx.delete_link(entity.seq, linked)?;
            }
        }
        Ok(true)
    }

    fn linked(&self, entity: &Document, of: &EntitySet) -> Result<Vec<i64>> {
        let filter = Some(Filter::LinkedWith(entity.seq));
        let mut found = Vec::new();
        self.tx.read().documents(of, &Query { filter, top: Some(2), ..Query::default() }, &mut |linked| {
            found.push(linked.seq);
            Ok(())
        })?;
        Ok(found)
    }

    fn one_only(&mut self, one: &EntitySet, other: &EntitySet) -> Result<OneOnly> {
        let (Some(first), Some(second)) = (&one.entity_type, &other.entity_type) else {
            return Ok((false, false));
        };
        let key = (first.clone(), second.clone());
        if let Some(known) = self.one_only.get(&key) {
            return Ok(*known);
        }
        let found = self.multiplicities(one, first, second)?;
        self.one_only.insert(key, found);
        Ok(found)
    }

    fn multiplicities(&self, set: &EntitySet, first: &Id, second: &Id) -> Result<OneOnly> {
        let Some(collection) = &set.collection else { return Ok((false, false)) };
        let to = self.tx.read();
        let ends = EntitySet::schema(Kind::AssociationEnd, collection.clone());
        let query = Query { filter: Some(Filter::HasParent(Some(first.clone()))), ..Query::default() };
        let mut found = (false, false);
        to.documents(&ends, &query, &mut |end| {
            let Some(peer) = &end.peer else { return Ok(()) };
            let Some(peer) = to.document_by_id(peer)?.filter(|peer| peer.parent.as_ref() == Some(second))
            else {
                return Ok(());
            };
            found = (!is_many(&peer)?, !is_many(&end)?);
            Ok(())
        })?;
        Ok(found)
    }
}

fn is_many(end: &Document) -> Result<bool> {
    Ok(object(&end.body)?.get("Multiplicity").and_then(Value::as_str) == Some("*"))
}
