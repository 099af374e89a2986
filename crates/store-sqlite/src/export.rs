//! Streaming everything of a Cell, as an export does.

use std::collections::HashMap;

use rusqlite::{CachedStatement, Connection, Row, Rows};
use saibo_model::document::Link;
use saibo_model::{Document, EntitySet, Id, Kind, Result};
use saibo_store::tx::Linked;
use saibo_store::{Error, ErrorKind, Scan};

use crate::error::while_doing;
use crate::rows::{document_columns, document_of, id_of, link_of, set_of};

/// To-one links by their holders' `seq`.
macro_rules! held {
    ($condition:literal) => {
        concat!(
            "SELECT l.first,s.entity_type,d.id FROM link l CROSS JOIN document d ON d.seq=l.second \
             CROSS JOIN entity_set s ON s.id=d.entity_set WHERE l.to_one=1",
            $condition,
            " ORDER BY l.first,l.second"
        )
    };
}
pub(crate) use held;

/// The entity sets by their numbers: looked up here once instead of joined to every row.
pub(crate) fn sets(connection: &Connection, kind: Option<Kind>) -> Result<HashMap<i64, EntitySet>> {
    let doing = while_doing("listing entity sets");
    let mut statement = connection
        .prepare_cached("SELECT kind,collection,entity_type,id FROM entity_set WHERE ?1 IS NULL OR kind=?1")
        .map_err(&doing)?;
    let mut rows = statement.query([kind.map(Kind::name)]).map_err(&doing)?;
    let mut sets = HashMap::new();
    while let Some(row) = rows.next().map_err(&doing)? {
        sets.insert(row.get(3).map_err(&doing)?, set_of(row, 0).map_err(&doing)??);
    }
    Ok(sets)
}

pub(crate) fn set(sets: &HashMap<i64, EntitySet>, number: i64) -> Result<&EntitySet> {
    sets.get(&number)
        .ok_or_else(|| Error::new(ErrorKind::Corrupt, "reading a document of no entity set").into())
}

/// Entities are most of all there is: walk the table. Of the others there are few: do not, though the table is in the
/// order that is wanted. A cross join is taken from left to right.
pub(crate) fn statement(kind: Kind) -> &'static str {
    if kind == Kind::UserData {
        concat!("SELECT ", document_columns!(), ",d.entity_set FROM document d ORDER BY d.seq")
    } else {
        concat!(
            "SELECT ",
            document_columns!(),
            ",d.entity_set FROM entity_set s CROSS JOIN document d ON d.entity_set=s.id \
             WHERE s.kind=? ORDER BY d.seq"
        )
    }
}

/// See [`saibo_store::ReadTx::all_documents`].
pub(crate) fn all_documents(
    connection: &Connection,
    kind: Kind,
    each: Scan<'_, (Document, Vec<(Id, Id)>)>,
) -> Result<()> {
    let doing = while_doing("reading every document");
    let sets = sets(connection, Some(kind))?;
    let doing_links = while_doing("reading to-one links");
    let mut merged = connection.prepare_cached(held!("")).map_err(&doing_links)?;
    let mut held = if kind == Kind::UserData {
        Held::Merged { rows: merged.query([]).map_err(&doing_links)?, next: None }
    } else {
        Held::Each(connection.prepare_cached(held!(" AND l.first=?")).map_err(&doing_links)?)
    };
    let sql = statement(kind);
    let mut statement = connection.prepare_cached(sql).map_err(&doing)?;
    if kind != Kind::UserData {
        statement.raw_bind_parameter(1, kind.name()).map_err(&doing)?;
    }
    let mut rows = statement.raw_query();
    while let Some(row) = rows.next().map_err(&doing)? {
        let number: i64 = row.get(11).map_err(&doing)?;
        let Some(set) = sets.get(&number) else { continue };
        let document = document_of(row, set.clone()).map_err(&doing)?;
        let links = held.of(document.seq)?;
        each((document, links))?;
    }
    Ok(())
}

/// The to-one links that documents hold, as (EntityType id, document id), for documents that come by `seq`.
pub(crate) enum Held<'s> {
    /// For nearly all documents: both are walked side by side.
    Merged { rows: Rows<'s>, next: Option<(i64, (Id, Id))> },
    /// For few documents: each is asked for.
    Each(CachedStatement<'s>),
}

fn held_of(row: &Row<'_>) -> rusqlite::Result<(i64, (Id, Id))> {
    Ok((row.get(0)?, (id_of(row, 1)?, id_of(row, 2)?)))
}

impl Held<'_> {
    pub(crate) fn of(&mut self, seq: i64) -> Result<Vec<(Id, Id)>, Error> {
        let doing = while_doing("reading to-one links");
        let mut links = Vec::new();
        match self {
            Held::Merged { rows, next } => loop {
                if next.is_none() {
                    *next = rows.next().and_then(|row| row.map(held_of).transpose()).map_err(&doing)?;
                }
                match next.take_if(|(first, _)| *first <= seq) {
                    Some((first, link)) if first == seq => links.push(link),
                    Some(_) => {}
                    None => return Ok(links),
                }
            },
            Held::Each(statement) => {
                let mut rows = statement.query([seq]).map_err(&doing)?;
                while let Some(row) = rows.next().map_err(&doing)? {
                    links.push(held_of(row).map_err(&doing)?.1);
                }
                Ok(links)
            }
        }
    }
}

/// See [`saibo_store::ReadTx::all_links`].
pub(crate) fn all_links(connection: &Connection, each: Scan<'_, (Link, Linked, Linked)>) -> Result<()> {
    let doing = while_doing("reading every link");
    let mut statement = connection
        .prepare_cached(
            "SELECT l.first,l.second,l.to_one,l.published,l.updated,a.id,a.entity_set,b.id,b.entity_set \
             FROM link l CROSS JOIN document a ON a.seq=l.first CROSS JOIN document b ON b.seq=l.second \
             WHERE l.to_one=0 ORDER BY l.first,l.second",
        )
        .map_err(&doing)?;
    let rows = statement.query([]).map_err(&doing)?;
    each_link(connection, rows, each)
}

/// Gives out links with their ends, from rows that have both.
pub(crate) fn each_link(
    connection: &Connection,
    mut rows: Rows<'_>,
    each: Scan<'_, (Link, Linked, Linked)>,
) -> Result<()> {
    let doing = while_doing("reading links");
    let sets = sets(connection, None)?;
    while let Some(row) = rows.next().map_err(&doing)? {
        let first = set(&sets, row.get(6).map_err(&doing)?)?.clone();
        let second = set(&sets, row.get(8).map_err(&doing)?)?.clone();
        let (a, b) = (id_of(row, 5).map_err(&doing)?, id_of(row, 7).map_err(&doing)?);
        each((link_of(row).map_err(&doing)?, (first, a), (second, b)))?;
    }
    Ok(())
}
