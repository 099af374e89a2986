//! Telling what was changed since a moment: reads of the indexes of `changed`, and of what was removed.

use rusqlite::{Connection, OptionalExtension as _};
use saibo_model::document::Link;
use saibo_model::{Document, Id, Kind, Moment, Node, Removed, Result};
use saibo_store::tx::Linked;
use saibo_store::{ChangeTotals, Error, ErrorKind, Scan};

use crate::encryption::Keys;
use crate::error::while_doing;
use crate::export::{self, Held, held};
use crate::rows::{document_columns, document_of, node_columns, node_of, unsigned};
use crate::track::{LINK, NODE};

/// See [`saibo_store::ReadTx::knows_changes_since`].
pub(crate) fn knows(connection: &Connection, moment: &Moment) -> Result<bool> {
    let known: Option<bool> = connection
        .prepare_cached(
            "SELECT ?2>=oldest AND ?2<number FROM moment WHERE generation=?1 AND oldest IS NOT NULL",
        )
        .and_then(|mut statement| {
            statement.query_row((&moment.generation, moment.number), |row| row.get(0)).optional()
        })
        .map_err(while_doing("looking for a moment"))?;
    Ok(known.unwrap_or(false))
}

/// See [`saibo_store::ReadTx::change_totals`].
pub(crate) fn totals(connection: &Connection, since: &Moment) -> Result<ChangeTotals> {
    connection
        .prepare_cached(
            "SELECT (SELECT COUNT(*) FROM document INDEXED BY document_changed WHERE changed>0 AND changed>?1),\
             (SELECT COUNT(*) FROM link INDEXED BY link_changed WHERE changed>0 AND to_one=0 AND changed>?1),\
             (SELECT COUNT(*) FROM node INDEXED BY node_changed WHERE changed>0 AND changed>?1),\
             (SELECT COALESCE(SUM(c.length),0) FROM node n INDEXED BY node_changed \
             CROSS JOIN content c ON c.hash=n.hash WHERE n.changed>0 AND n.changed>?1),\
             (SELECT COUNT(*) FROM removed WHERE number>?1)",
        )
        .and_then(|mut statement| {
            statement.query_row([since.number], |row| {
                let count = |column| row.get::<_, i64>(column).map(unsigned);
                Ok(ChangeTotals {
                    documents: count(0)?,
                    links: count(1)?,
                    nodes: count(2)?,
                    bytes: count(3)?,
                    removed: count(4)?,
                })
            })
        })
        .map_err(|e| while_doing("counting changes")(e).into())
}

/// See [`saibo_store::ReadTx::changed_documents`].
pub(crate) fn documents(
    connection: &Connection,
    kind: Kind,
    since: &Moment,
    each: Scan<'_, (Document, Vec<(Id, Id)>)>,
) -> Result<()> {
    const SQL: &str = concat!(
        "SELECT ",
        document_columns!(),
        ",d.entity_set FROM document d WHERE d.seq IN \
         (SELECT c.seq FROM document c INDEXED BY document_changed WHERE c.changed>0 AND c.changed>?1 \
         AND c.entity_set IN (SELECT id FROM entity_set WHERE kind=?2)) ORDER BY d.seq"
    );
    let doing = while_doing("reading documents that were changed");
    let sets = export::sets(connection, Some(kind))?;
    let mut held = Held::Each(connection.prepare_cached(held!(" AND l.first=?")).map_err(&doing)?);
    let mut statement = connection.prepare_cached(SQL).map_err(&doing)?;
    let mut rows = statement.query((since.number, kind.name())).map_err(&doing)?;
    while let Some(row) = rows.next().map_err(&doing)? {
        let set = export::set(&sets, row.get(11).map_err(&doing)?)?.clone();
        let document = document_of(row, set).map_err(&doing)?;
        let links = held.of(document.seq)?;
        each((document, links))?;
    }
    Ok(())
}

/// See [`saibo_store::ReadTx::changed_links`].
pub(crate) fn links(
    connection: &Connection,
    since: &Moment,
    each: Scan<'_, (Link, Linked, Linked)>,
) -> Result<()> {
    let doing = while_doing("reading links that were changed");
    let mut statement = connection
        .prepare_cached(
            "SELECT l.first,l.second,l.to_one,l.published,l.updated,a.id,a.entity_set,b.id,b.entity_set \
             FROM link l INDEXED BY link_changed CROSS JOIN document a ON a.seq=l.first \
             CROSS JOIN document b ON b.seq=l.second \
             WHERE l.changed>0 AND l.to_one=0 AND l.changed>?1 ORDER BY l.first,l.second",
        )
        .map_err(&doing)?;
    let rows = statement.query([since.number]).map_err(&doing)?;
    export::each_link(connection, rows, each)
}

/// See [`saibo_store::ReadTx::changed_nodes`].
pub(crate) fn nodes(
    connection: &Connection,
    keys: Option<&Keys>,
    since: &Moment,
    each: Scan<'_, (u32, Node)>,
) -> Result<()> {
    // First from those that were changed up to the Cell's own, then down again along what was found, in the order of
    // a whole tree.
    const SQL: &str = concat!(
        "WITH RECURSIVE wanted(seq,parent,name) AS (\
         SELECT seq,parent,name FROM node INDEXED BY node_changed WHERE changed>0 AND changed>?1 UNION \
         SELECT n.seq,n.parent,n.name FROM wanted w CROSS JOIN node n ON n.seq=w.parent), \
         found(seq,parent,name) AS MATERIALIZED (SELECT seq,parent,name FROM wanted), \
         below(seq,depth,name) AS (\
         SELECT seq,1,name FROM found WHERE parent=?2 UNION ALL \
         SELECT c.seq,below.depth+1,c.name FROM below CROSS JOIN found c ON c.parent=below.seq \
         ORDER BY 2 DESC,3) \
         SELECT ",
        node_columns!(),
        ",below.depth FROM below CROSS JOIN node n ON n.seq=below.seq LEFT JOIN content c ON c.hash=n.hash"
    );
    let doing = while_doing("reading nodes that were changed");
    let mut statement = connection.prepare_cached(SQL).map_err(&doing)?;
    let mut rows = statement.query((since.number, saibo_model::node::CELL_NODE)).map_err(&doing)?;
    while let Some(row) = rows.next().map_err(&doing)? {
        let depth = row.get(16).map_err(&doing)?;
        each((depth, node_of(row, keys).map_err(&doing)??))?;
    }
    Ok(())
}

/// See [`saibo_store::ReadTx::removed`].
pub(crate) fn removed(connection: &Connection, since: &Moment, each: Scan<'_, Removed>) -> Result<()> {
    let doing = while_doing("reading what was removed");
    let mut statement = connection
        .prepare_cached("SELECT DISTINCT kind,id,other FROM removed WHERE number>? ORDER BY kind,id,other")
        .map_err(&doing)?;
    let mut rows = statement.query([since.number]).map_err(&doing)?;
    while let Some(row) = rows.next().map_err(&doing)? {
        let text = |column| row.get::<_, String>(column).map_err(&doing);
        let (kind, id) = (text(0)?, Id::from(text(1)?));
        each(match kind.as_str() {
            LINK => Removed::Link { first: id, second: Id::from(text(2)?) },
            NODE => Removed::Node { id },
            kind => Removed::Document {
                kind: Kind::from_name(kind).ok_or_else(|| {
                    Error::new(
                        ErrorKind::Corrupt,
                        format!("reading of a removed document of the kind {kind}"),
                    )
                })?,
                id,
            },
        })?;
    }
    Ok(())
}
