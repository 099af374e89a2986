//! The tables of a Cell's database and of the register: they are alike.

use rusqlite::Connection;
use saibo_store::{Error, ErrorKind, Result};

use crate::error::while_doing;

/// Counts the changes of the layout; kept in `PRAGMA user_version`.
const VERSION: i64 = 2;

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
    extra TEXT
) STRICT;
CREATE TABLE link (
    first INTEGER NOT NULL,
    second INTEGER NOT NULL,
    to_one INTEGER NOT NULL,
    published INTEGER NOT NULL,
    updated INTEGER NOT NULL,
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
    extra TEXT
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

/// The indexes, apart from the tables: a bulk load makes them when everything is in, if it did not need one
/// before.
///
/// `document_updated` serves the default order of a list; the partial ones cost nothing for entities.
pub(crate) const INDEXES: [&str; 9] = [
    "CREATE UNIQUE INDEX IF NOT EXISTS document_id ON document (id)",
    "CREATE UNIQUE INDEX IF NOT EXISTS document_key ON document (entity_set, key, parent)",
    "CREATE INDEX IF NOT EXISTS document_updated ON document (entity_set, updated DESC, seq DESC)",
    "CREATE INDEX IF NOT EXISTS document_parent ON document (parent, entity_set, updated DESC, seq DESC) WHERE parent <> ''",
    "CREATE INDEX IF NOT EXISTS document_peer ON document (peer) WHERE peer IS NOT NULL",
    "CREATE INDEX IF NOT EXISTS link_second ON link (second, first)",
    "CREATE UNIQUE INDEX IF NOT EXISTS node_name ON node (parent, name)",
    "CREATE UNIQUE INDEX IF NOT EXISTS node_id ON node (id)",
    "CREATE INDEX IF NOT EXISTS content_unused ON content (hash) WHERE uses<=0 AND data IS NULL",
];

/// The index of [`INDEXES`] that finds a child by its name: a bulk load of a tree needs it early.
pub(crate) fn node_name() -> &'static str {
    INDEXES.into_iter().find(|sql| sql.contains("node_name")).unwrap_or_default()
}

/// Makes the tables of a new database.
pub(crate) fn create(connection: &Connection) -> Result<()> {
    let doing = while_doing("creating a database");
    connection.execute_batch(TABLES).map_err(&doing)?;
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
const ESTIMATES: [(&str, &str, &str); 8] = [
    ("document", "document_id", "1000000 1"),
    ("document", "document_key", "1000000 100000 1 1"),
    ("document", "document_updated", "1000000 100000 2 1"),
    ("document", "document_parent", "20000 20 10 1 1"),
    ("document", "document_peer", "1000 1"),
    ("link", "link", "1000000 10 1"),
    ("link", "link_second", "1000000 10 1"),
    ("node", "node_name", "1000000 100 1"),
];

/// The same for the index of a field.
pub(crate) const FIELD_ESTIMATE: &str = "100000 20 1 1";

/// The same for the index of a set's order.
pub(crate) const POSITION_ESTIMATE: &str = "100000 100000";

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

/// Brings a database of an older layout to this one.
pub(crate) fn upgrade(connection: &Connection) -> Result<()> {
    let doing = while_doing("bringing a database to this program's layout");
    let version: i64 = connection.query_row("PRAGMA user_version", [], |row| row.get(0)).map_err(&doing)?;
    if version != 1 {
        return Ok(());
    }
    let transaction = connection.unchecked_transaction().map_err(&doing)?;
    // Adds no row's value, so it takes as long for many as for none.
    transaction.execute_batch("ALTER TABLE content ADD COLUMN sealed BLOB").map_err(&doing)?;
    mark(&transaction)?;
    transaction.commit().map_err(&doing)
}

/// Refuses a database that is not of this layout.
pub(crate) fn check(connection: &Connection) -> Result<()> {
    let doing = while_doing("reading a database's version");
    let id: i64 = connection.query_row("PRAGMA application_id", [], |row| row.get(0)).map_err(&doing)?;
    let version: i64 = connection.query_row("PRAGMA user_version", [], |row| row.get(0)).map_err(&doing)?;
    if (id, version) == (APPLICATION_ID, VERSION) {
        return Ok(());
    }
    Err(Error::new(
        ErrorKind::Corrupt,
        format!("opening a database of layout {version} (this program reads layout {VERSION})"),
    ))
}
