//! The indexes of a set's fields, kept right by whatever writes a document.
//!
//! The writing verbs do it and no triggers: a trigger would be looked at by every write of the Cell, whatever its set.

use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension, Row, params};
use saibo_store::Result;

use crate::error::while_doing;
use crate::sql;

/// The value of those that have none: greater than all others, and nothing that JSON could hold.
pub(crate) const ABSENT: &str = "x''";

/// The indexes of one set, whole or in the making.
#[derive(Debug, Default)]
pub(crate) struct Fields {
    all: Vec<Indexed>,
    /// Reads their values of a document.
    select: String,
    /// Puts those of a new one in.
    insert: String,
}

#[derive(Debug)]
struct Indexed {
    id: i64,
    whole: bool,
    /// Whether documents of the same value are in the order of their updates: not if no two can have the same.
    by_update: bool,
}

/// What the indexes have of a document.
#[derive(Debug)]
pub(crate) struct Entry {
    updated: i64,
    values: Vec<Value>,
}

impl Fields {
    /// Those of the set of that number.
    pub(crate) fn of(connection: &Connection, set: i64) -> Result<Self> {
        let doing = while_doing("looking for the indexes of an entity set");
        let mut statement = connection
            .prepare_cached("SELECT id,whole,expression FROM field WHERE entity_set=?")
            .map_err(&doing)?;
        let mut rows = statement.query([set]).map_err(&doing)?;
        let mut fields = Self::default();
        while let Some(row) = rows.next().map_err(&doing)? {
            let read = |row: &Row<'_>| -> rusqlite::Result<(Indexed, String)> {
                let expression: String = row.get(2)?;
                let by_update = is_by_update(&expression);
                Ok((Indexed { id: row.get(0)?, whole: row.get(1)?, by_update }, expression))
            };
            let (indexed, expression) = read(row).map_err(&doing)?;
            let head = if fields.all.is_empty() { "SELECT updated" } else { "" };
            let value = stored(&expression);
            fields.select.push_str(&format!("{head},{value}"));
            let head = if fields.all.is_empty() {
                "INSERT INTO field_value (field,value,updated,seq) "
            } else {
                " UNION ALL "
            };
            let (id, time) = (indexed.id, if indexed.by_update { "updated" } else { "0" });
            fields
                .insert
                .push_str(&format!("{head}SELECT {id},{value},{time},seq FROM document WHERE seq=?1"));
            fields.all.push(indexed);
        }
        if !fields.all.is_empty() {
            fields.select.push_str(" FROM document WHERE seq=? AND entity_set=?");
        }
        Ok(fields)
    }

    /// What they have, or are to have, of a document as it is now; `None` if that is nothing.
    pub(crate) fn read(&self, connection: &Connection, set: i64, seq: i64) -> Result<Option<Entry>> {
        if self.all.is_empty() {
            return Ok(None);
        }
        let entry = |row: &Row<'_>| -> rusqlite::Result<Entry> {
            let values = (1..=self.all.len()).map(|column| row.get(column)).collect::<Result<_, _>>()?;
            Ok(Entry { updated: row.get(0)?, values })
        };
        connection
            .prepare_cached(&self.select)
            .and_then(|mut statement| statement.query_row([seq, set], entry).optional())
            .map_err(while_doing("reading what is indexed of a document"))
    }

    /// Puts what they are to have of a new document of their set in.
    pub(crate) fn insert(&self, connection: &Connection, seq: i64) -> Result<()> {
        if self.all.is_empty() {
            return Ok(());
        }
        connection
            .prepare_cached(&self.insert)
            .and_then(|mut statement| statement.execute([seq]))
            .map_err(while_doing("indexing a document"))?;
        self.all.iter().filter(|field| !field.whole).try_for_each(|field| note(connection, field.id, seq))
    }

    /// Puts what they are to have of a document in the place of what they had.
    pub(crate) fn replace(
        &self,
        connection: &Connection,
        seq: i64,
        before: Option<&Entry>,
        after: Option<&Entry>,
    ) -> Result<()> {
        if before.is_none() && after.is_none() {
            return Ok(());
        }
        let doing = while_doing("indexing a document");
        let run = |sql: &str, values: &[&dyn rusqlite::ToSql]| {
            connection.prepare_cached(sql).and_then(|mut statement| statement.execute(values)).map_err(&doing)
        };
        for (nth, Indexed { id, whole, by_update }) in self.all.iter().enumerate() {
            let time = |entry: &Entry| if *by_update { entry.updated } else { 0 };
            let of = |entry: Option<&Entry>| entry.map(|entry| (entry.values[nth].clone(), time(entry)));
            let (before, after) = (of(before), of(after));
            if before == after {
                continue;
            }
            // One in the making may not have come to it yet.
            let had = match (&before, &after) {
                (Some((old, then)), Some((new, now))) => run(
                    "UPDATE field_value SET value=?5,updated=?6 \
                     WHERE field=?1 AND value=?2 AND updated=?3 AND seq=?4",
                    params![id, old, then, seq, new, now],
                )?,
                (Some((old, then)), None) => run(
                    "DELETE FROM field_value WHERE field=?1 AND value=?2 AND updated=?3 AND seq=?4",
                    params![id, old, then, seq],
                )?,
                (None, _) => 0,
            };
            if let (Some((new, now)), 0) = (&after, had) {
                run(
                    "INSERT INTO field_value (field,value,updated,seq) VALUES (?,?,?,?)",
                    params![id, new, now, seq],
                )?;
            }
            if !whole {
                note(connection, *id, seq)?;
            }
        }
        Ok(())
    }
}

/// Notes that a document was written while an index is being made.
fn note(connection: &Connection, field: i64, seq: i64) -> Result<()> {
    connection
        .prepare_cached("INSERT OR IGNORE INTO field_written (field,seq) VALUES (?,?)")
        .and_then(|mut statement| statement.execute([field, seq]))
        .map(drop)
        .map_err(while_doing("noting what an index in the making has to have"))
}

/// The SQL of an expression's value as an index has it.
pub(crate) fn stored(expression: &str) -> String {
    format!("COALESCE({expression},{ABSENT})")
}

/// Whether the index of an expression has documents of the same value in the order of their updates; else the time of
/// each is 0, and an update leaves it alone.
pub(crate) fn is_by_update(expression: &str) -> bool {
    expression != sql::POSITION
}

/// Forgets the indexes of a set.
pub(crate) fn forget_all(connection: &Connection, set: i64) -> Result<()> {
    for sql in [
        "DELETE FROM field_value WHERE field IN (SELECT id FROM field WHERE entity_set=?)",
        "DELETE FROM field_written WHERE field IN (SELECT id FROM field WHERE entity_set=?)",
        "DELETE FROM field WHERE entity_set=?",
    ] {
        connection
            .prepare_cached(sql)
            .and_then(|mut statement| statement.execute([set]))
            .map_err(while_doing("forgetting the indexes of an entity set"))?;
    }
    Ok(())
}
