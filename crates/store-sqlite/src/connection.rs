//! Opening databases, with the settings that durability and speed rest on.

use std::path::Path;

use rusqlite::{Connection, OpenFlags};
use saibo_store::Result;

use crate::error::while_doing;
use crate::schema;

/// Prepared statements kept per connection: more than the queries that exist times the sets in daily use.
const STATEMENTS: usize = 128;

/// How long to wait for SQLite's own locks. Only a checkpoint takes them against us.
const BUSY: std::time::Duration = std::time::Duration::from_secs(10);

fn prepare(connection: &Connection, cache_kib: i64) -> Result<()> {
    let doing = while_doing("setting up a connection");
    connection.busy_timeout(BUSY).map_err(&doing)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    connection.pragma_update(None, "cache_size", -cache_kib).map_err(&doing)?;
    connection.pragma_update(None, "foreign_keys", false).map_err(&doing)
}

/// Creates a database, in WAL mode, durable on return.
pub(crate) fn create(path: &Path) -> Result<()> {
    let connection = Connection::open(path).map_err(while_doing("creating a database"))?;
    prepare(&connection, 2_000)?;
    to_wal(&connection)?;
    let doing = while_doing("creating a database");
    let transaction = connection.unchecked_transaction().map_err(&doing)?;
    schema::create(&transaction)?;
    schema::create_indexes(&transaction)?;
    transaction.commit().map_err(&doing)
}

/// Turns a database to write-ahead logging; the file remembers it.
pub(crate) fn to_wal(connection: &Connection) -> Result<()> {
    connection
        .pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get::<_, String>(0))
        .map(|_mode| ())
        .map_err(while_doing("turning on write-ahead logging"))
}

/// Opens the one connection that writes. A commit is on disk when it returns (`synchronous=FULL`).
pub(crate) fn writer(path: &Path) -> Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags).map_err(while_doing("opening a database"))?;
    prepare(&connection, 8_000)?;
    schema::check(&connection)?;
    let doing = while_doing("setting up a connection");
    connection.pragma_update(None, "synchronous", "FULL").map_err(&doing)?;
    // A log that grew in a burst is cut back when it is checkpointed.
    connection.pragma_update(None, "journal_size_limit", 16 << 20).map_err(&doing)?;
    Ok(connection)
}

/// Opens a connection that reads. It may write nothing, though WAL needs the file writable for its index.
pub(crate) fn reader(path: &Path) -> Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags).map_err(while_doing("opening a database"))?;
    prepare(&connection, 4_000)?;
    connection.pragma_update(None, "query_only", true).map_err(while_doing("setting up a connection"))?;
    Ok(connection)
}

/// Opens a new file for a bulk load: nothing of it counts before it is whole, so it needs no journal.
pub(crate) fn bulk(path: &Path) -> Result<Connection> {
    let connection = Connection::open(path).map_err(while_doing("creating a database"))?;
    prepare(&connection, 16_000)?;
    let doing = while_doing("setting up a bulk load");
    connection
        .pragma_update_and_check(None, "journal_mode", "OFF", |row| row.get::<_, String>(0))
        .map_err(&doing)?;
    connection.pragma_update(None, "synchronous", "OFF").map_err(&doing)?;
    connection
        .pragma_update_and_check(None, "locking_mode", "EXCLUSIVE", |row| row.get::<_, String>(0))
        .map_err(&doing)?;
    schema::create(&connection)?;
    Ok(connection)
}
