//! How the documents of a query are found: which index is used.

use rusqlite::params_from_iter;
use saibo_model::query::{Filter, OrderBy, Query};
use saibo_model::{EntitySet, Result};
use saibo_store::Error;

use crate::error::while_doing;
use crate::index::{self, Index, Part, Ready};
use crate::list;
use crate::read::SqliteReadTx;
use crate::sql::Above;

/// As many documents as are found and sorted in no time.
pub(crate) const FEW: i64 = 4096;

/// How documents are found.
#[derive(Debug)]
pub(crate) enum Way<'q> {
    /// As SQLite finds best.
    Planner,
    /// By one of SQLite's indexes, or in its order.
    Own(&'static str),
    /// By what the index of a field finds.
    Found(Part<'q>),
    /// By what any of several indexes finds.
    Any(Vec<Part<'q>>),
    /// In the order of a field, which has an index.
    Walk(i64, &'q OrderBy),
}

impl SqliteReadTx<'_> {
    /// Where the parents of a set's documents are, for a condition on them.
    pub(crate) fn above(&self, set: &EntitySet, filter: Option<&Filter>) -> Result<Above, Error> {
        let (Some(parent), Some(_)) = (set.parent(), filter) else { return Ok(Above::default()) };
        let grandparent = match parent.parent() {
            Some(above) => self.set_number(&above)?,
            None => None,
        };
        Ok(Above { parent: self.set_number(&parent)?, grandparent })
    }

    /// How a page of a set is found. What is bound to a condition is nothing that the planner sees, so it cannot tell
    /// a few documents, which are quickly found and sorted, from many, of which a page is sooner complete if they are
    /// read in order. So they are counted, as far as it matters.
    pub(crate) fn way_to<'q>(&self, number: i64, above: Above, query: &'q Query) -> Result<Way<'q>> {
        if query.top.is_none() {
            return self.way_to_all(number, above, query.filter.as_ref());
        }
        if query.filter.is_none() && query.order_by.is_empty() {
            return Ok(Way::Planner);
        }
        let ready = Ready::of(self.connection, number)?;
        let mut is_many = false;
        if let Some(filter) = &query.filter {
            if index::is_selective(filter) {
                return Ok(Way::Planner);
            }
            let conditions = index::conjuncts(filter);
            let found = self.usable(index::found(&ready, above, &conditions))?;
            is_many = !found.is_empty();
            let in_order =
                |part: &Part<'_>| matches!(part.index, Index::Field(_)) && query.order_by.is_empty();
            match self.fewest(number, above, found)? {
                // What has the same value is in the order of all pages.
                Some((part, count)) if count < FEW || (part.is_equal() && in_order(&part)) => {
                    return Ok(by(part));
                }
                _ => {}
            }
            if let Some((parts, count)) = self.alternatives(number, above, &ready, &conditions)?
                && count < FEW
            {
                return Ok(Way::Any(parts));
            }
        }
        let walked = match query.order_by.first() {
            Some(first) => ready.in_order_of(&first.field).map(|index| match index {
                Index::Own(name) => Way::Own(name),
                Index::Field(id) => Way::Walk(id, first),
            }),
            None => is_many.then_some(Way::Own("document_updated")),
        };
        match walked {
            Some(Way::Own(name)) if !self.has_index(name)? => Ok(Way::Planner),
            Some(way) => Ok(way),
            None => Ok(Way::Planner),
        }
    }

    /// How all documents that match are found, in whatever order. Any index is better than none.
    pub(crate) fn way_to_all<'q>(
        &self,
        number: i64,
        above: Above,
        filter: Option<&'q Filter>,
    ) -> Result<Way<'q>> {
        let Some(filter) = filter else { return Ok(Way::Planner) };
        if index::is_selective(filter) {
            return Ok(Way::Planner);
        }
        let ready = Ready::of(self.connection, number)?;
        // Without any, the planner knows all there are.
        if ready.is_empty() {
            return Ok(Way::Planner);
        }
        let conditions = index::conjuncts(filter);
        let found = self.usable(index::found(&ready, above, &conditions))?;
        if let Some((part, _)) = self.fewest(number, above, found)? {
            return Ok(by(part));
        }
        Ok(match self.alternatives(number, above, &ready, &conditions)? {
            Some((parts, _)) => Way::Any(parts),
            None => Way::Planner,
        })
    }

    /// Those of indexes that are there: a Cell that is being built has none for a while.
    fn usable<'q>(&self, mut parts: Vec<Part<'q>>) -> Result<Vec<Part<'q>>> {
        let mut there = Vec::with_capacity(parts.len());
        for part in parts.drain(..) {
            let usable = match part.index {
                Index::Own(name) => self.has_index(name)?,
                Index::Field(_) => true,
            };
            if usable {
                there.push(part);
            }
        }
        Ok(there)
    }

    /// The one that finds the fewest documents, and how many, up to [`FEW`]. Of those that find many, one whose
    /// documents have all the same value.
    fn fewest<'q>(&self, number: i64, above: Above, parts: Vec<Part<'q>>) -> Result<Option<(Part<'q>, i64)>> {
        let mut fewest: Option<(Part<'q>, i64)> = None;
        for part in parts {
            let count = self.count_few(number, above, &part)?;
            let rank = |part: &Part<'_>, count: i64| (count, !part.is_equal());
            if fewest.as_ref().is_none_or(|(known, least)| rank(&part, count) < rank(known, *least)) {
                fewest = Some((part, count));
            }
        }
        Ok(fewest)
    }

    /// For each alternative of a condition what finds the fewest documents, and how many in all.
    fn alternatives<'q>(
        &self,
        number: i64,
        above: Above,
        ready: &Ready,
        conditions: &[&'q Filter],
    ) -> Result<Option<(Vec<Part<'q>>, i64)>> {
        for condition in conditions {
            let Some(each) = index::alternatives(ready, above, condition) else { continue };
            let (mut parts, mut all) = (Vec::with_capacity(each.len()), 0);
            for found in each {
                let found = self.usable(found)?;
                let Some((part, count)) = self.fewest(number, above, found)? else { return Ok(None) };
                parts.push(part);
                all += count;
            }
            return Ok(Some((parts, all)));
        }
        Ok(None)
    }

    /// How many documents an index finds, up to [`FEW`].
    fn count_few(&self, number: i64, above: Above, part: &Part<'_>) -> Result<i64> {
        let doing = while_doing("counting documents");
        let sql = list::count_few(number, above, part)?;
        let mut statement = self.connection.prepare_cached(&sql.text).map_err(&doing)?;
        Ok(statement.query_row(params_from_iter(sql.values), |row| row.get(0)).map_err(&doing)?)
    }
}

fn by(part: Part<'_>) -> Way<'_> {
    match part.index {
        Index::Own(name) => Way::Own(name),
        Index::Field(_) => Way::Found(part),
    }
}
