//! The tables of a Cell's database and of the register: they are alike.

use rusqlite::Connection;
use saibo_store::{Error, ErrorKind, Result};

use crate::error::while_doing;

mod steps;

use steps::STEPS;

/// The layout that is written; kept in `PRAGMA user_version`.
const VERSION: i64 = 1 + STEPS.len() as i64;

/// Marks a file as ours (`PRAGMA application_id`): "sbo" and a byte.
const APPLICATION_ID: i64 = 0x7362_6f01;

/// The tables. Everything but `entity_set` is keyed by row numbers that only this database knows.
///
/// `content.hash` is a content's name. Of an encrypted one `sealed` holds what its hash and checksum are, and `crc32`
/// is 0.
pub(crate) const TABLES: &str = "
CREATE TABLE entity_set (
    id INTEGER PRIMARY KEY,
    kind TEXT NOT NULL,
    collection TEXT NOT NULL,
    entity_type TEXT NOT NULL,
    UNIQUE (kind, collection, entity_type)
) STRICT;
CREATE TABLE document (
    seq INTEGER PRIMARY KEY,
    entity_set INTEGER NOT NULL,
    key TEXT NOT NULL,
    parent TEXT NOT NULL,
    peer TEXT,
    id TEXT NOT NULL,
    version INTEGER NOT NULL,
    published INTEGER NOT NULL,
    updated INTEGER NOT NULL,
    body TEXT NOT NULL,
    hidden TEXT,
    extra TEXT,
    changed INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE TABLE link (
    first INTEGER NOT NULL,
    second INTEGER NOT NULL,
    to_one INTEGER NOT NULL,
    published INTEGER NOT NULL,
    updated INTEGER NOT NULL,
    changed INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (first, second)
) STRICT, WITHOUT ROWID;
CREATE TABLE node (
    seq INTEGER PRIMARY KEY,
    parent INTEGER NOT NULL,
    name TEXT NOT NULL,
    id TEXT NOT NULL,
    kind TEXT NOT NULL,
    version INTEGER NOT NULL,
    published INTEGER NOT NULL,
    updated INTEGER NOT NULL,
    content_type TEXT,
    hash BLOB,
    acl TEXT,
    properties TEXT,
    extra TEXT,
    changed INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE TABLE content (
    hash BLOB PRIMARY KEY,
    crc32 INTEGER NOT NULL,
    length INTEGER NOT NULL,
    uses INTEGER NOT NULL,
    data BLOB,
    sealed BLOB
) STRICT;
CREATE TABLE value (
    scope TEXT NOT NULL,
    name TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (scope, name)
) STRICT, WITHOUT ROWID;
";

/// What changes are told by (`changes.rs`). The one row of `moment` has the open number, which rows get as `changed`
/// when they are put, and the oldest one since which everything is known; without, nothing is tracked and `changed` is
/// 0. `removed` has what is there no more.
const CHANGE_TABLES: &str = "
CREATE TABLE moment (
    generation TEXT NOT NULL,
    number INTEGER NOT NULL,
    oldest INTEGER
) STRICT;
CREATE TABLE removed (
    number INTEGER NOT NULL,
    kind TEXT NOT NULL,
    id TEXT NOT NULL,
    other TEXT NOT NULL,
    PRIMARY KEY (number, kind, id, other)
) STRICT, WITHOUT ROWID;
";

/// The indexes of fields, which are no indexes of SQLite's: those are made in one go while nobody can write. Each
/// `field` has a row in `field_value` for each document of its set, in the order that queries want; an absent value is
/// an empty blob, which comes after everything else. Until an index is `whole`, `field_written` has what was written
/// while it was being made (`making.rs`).
const FIELD_TABLES: &str = "
CREATE TABLE field (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    entity_set INTEGER NOT NULL,
    expression TEXT NOT NULL,
    whole INTEGER NOT NULL,
    UNIQUE (entity_set, expression)
) STRICT;
CREATE TABLE field_value (
    field INTEGER NOT NULL,
    value ANY NOT NULL,
    updated INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    PRIMARY KEY (field, value, updated DESC, seq DESC)
) STRICT, WITHOUT ROWID;
CREATE TABLE field_written (
    field INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    PRIMARY KEY (field, seq)
) STRICT, WITHOUT ROWID;
";

/// The indexes, apart from the tables: a bulk load makes them when everything is in, if it did not need one
/// before.
///
/// `document_updated` serves the default order of a list; the partial ones cost nothing for entities.
/// Those of `changed` have no row of what was not changed since the first moment, and a row that is changed again
/// before the next one stays where it is.
pub(crate) const INDEXES: [&str; 12] = [
    "CREATE UNIQUE INDEX IF NOT EXISTS document_id ON document (id)",
    "CREATE UNIQUE INDEX IF NOT EXISTS document_key ON document (entity_set, key, parent)",
    "CREATE INDEX IF NOT EXISTS document_updated ON document (entity_set, updated DESC, seq DESC)",
    "CREATE INDEX IF NOT EXISTS document_parent ON document (parent, entity_set, updated DESC, seq DESC) WHERE parent <> ''",
    "CREATE INDEX IF NOT EXISTS document_peer ON document (peer) WHERE peer IS NOT NULL",
    "CREATE INDEX IF NOT EXISTS link_second ON link (second, first)",
    "CREATE UNIQUE INDEX IF NOT EXISTS node_name ON node (parent, name)",
    "CREATE UNIQUE INDEX IF NOT EXISTS node_id ON node (id)",
    "CREATE INDEX IF NOT EXISTS content_unused ON content (hash) WHERE uses<=0 AND data IS NULL",
    DOCUMENT_CHANGED,
    LINK_CHANGED,
    NODE_CHANGED,
];

const DOCUMENT_CHANGED: &str =
    "CREATE INDEX IF NOT EXISTS document_changed ON document (changed, entity_set) WHERE changed>0";
const LINK_CHANGED: &str =
    "CREATE INDEX IF NOT EXISTS link_changed ON link (changed) WHERE changed>0 AND to_one=0";
const NODE_CHANGED: &str = "CREATE INDEX IF NOT EXISTS node_changed ON node (changed) WHERE changed>0";

/// The index of [`INDEXES`] that finds a child by its name: a bulk load of a tree needs it early.
pub(crate) fn node_name() -> &'static str {
    INDEXES.into_iter().find(|sql| sql.contains("node_name")).unwrap_or_default()
}

/// Makes the tables of a new database.
pub(crate) fn create(connection: &Connection) -> Result<()> {
    let doing = while_doing("creating a database");
    connection.execute_batch(TABLES).map_err(&doing)?;
    connection.execute_batch(CHANGE_TABLES).map_err(&doing)?;
    connection.execute_batch(FIELD_TABLES).map_err(&doing)?;
    mark(connection)
}

/// Makes the indexes.
pub(crate) fn create_indexes(connection: &Connection) -> Result<()> {
    connection.execute_batch(&INDEXES.join(";")).map_err(while_doing("creating indexes"))?;
    estimate(connection)
}

/// What the planner is told of the indexes: how many rows there are and how many have the same first column,
/// first two columns, and so on. Without it, SQLite takes an entity set for as selective as a key. Fixed, so
/// that a query's plan is the same in every Cell and at every age.
const ESTIMATES: [(&str, &str, &str); 9] = [
    ("document", "document_id", "1000000 1"),
    ("document", "document_key", "1000000 100000 1 1"),
    ("document", "document_updated", "1000000 100000 2 1"),
    ("document", "document_parent", "20000 20 10 1 1"),
    ("document", "document_peer", "1000 1"),
    ("link", "link", "1000000 10 1"),
    ("link", "link_second", "1000000 10 1"),
    ("node", "node_name", "1000000 100 1"),
    ("field_value", "field_value", "1000000 100000 20 1 1"),
];

/// Tells the planner what to expect.
pub(crate) fn estimate(connection: &Connection) -> Result<()> {
    let doing = while_doing("preparing the planner");
    // Makes the table of estimates, whatever there is to be seen.
    connection.execute_batch("PRAGMA analysis_limit=1; ANALYZE main.value").map_err(&doing)?;
    connection.execute_batch("DELETE FROM sqlite_stat1; DELETE FROM sqlite_stat4").map_err(&doing)?;
    for estimate in ESTIMATES {
        connection
            .execute("INSERT INTO sqlite_stat1 (tbl,idx,stat) VALUES (?,?,?)", estimate)
            .map_err(&doing)?;
    }
    connection.execute_batch("ANALYZE sqlite_schema").map_err(&doing)
}

fn mark(connection: &Connection) -> Result<()> {
    let doing = while_doing("marking a database");
    connection.pragma_update(None, "application_id", APPLICATION_ID).map_err(&doing)?;
    connection.pragma_update(None, "user_version", VERSION).map_err(&doing)
}

/// Refuses a database that is not of this layout.
pub(crate) fn check(connection: &Connection) -> Result<()> {
    match layout(connection)? {
        VERSION => Ok(()),
        other => Err(refused(other)),
    }
}

/// Brings a database of an older layout to this one, in one transaction; refuses what is of a newer one.
pub(crate) fn upgrade(connection: &Connection) -> Result<()> {
    let layout = layout(connection)?;
    if layout == VERSION {
        return Ok(());
    }
    let steps = usize::try_from(layout - 1).ok().and_then(|done| STEPS.get(done..));
    let Some(steps) = steps else { return Err(refused(layout)) };
    let doing = while_doing("bringing a database to a new layout");
    let transaction = connection.unchecked_transaction().map_err(&doing)?;
    for step in steps {
        step(&transaction)?;
    }
    estimate(&transaction)?;
    mark(&transaction)?;
    transaction.commit().map_err(&doing)
}

fn layout(connection: &Connection) -> Result<i64> {
    let doing = while_doing("reading a database's version");
    let id: i64 = connection.query_row("PRAGMA application_id", [], |row| row.get(0)).map_err(&doing)?;
    let version: i64 = connection.query_row("PRAGMA user_version", [], |row| row.get(0)).map_err(&doing)?;
    if id == APPLICATION_ID {
        return Ok(version);
    }
    Err(Error::new(ErrorKind::Corrupt, "opening a database that is not of this program"))
}

fn refused(version: i64) -> Error {
    Error::new(
        ErrorKind::Corrupt,
        format!("opening a database of layout {version} (this program reads layout {VERSION})"),
    )
}
