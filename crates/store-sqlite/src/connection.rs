//! Opening databases, with the settings that durability and speed rest on.

use std::path::Path;
use std::sync::Once;

use rusqlite::config::DbConfig;
use rusqlite::functions::FunctionFlags;
use rusqlite::{Connection, OpenFlags};
use saibo_store::{Error, Result};

use crate::error::while_doing;
use crate::schema;

/// Prepared statements kept per connection: more than the queries that exist times the sets in daily use.
const STATEMENTS: usize = 128;

/// How long to wait for SQLite's own locks. Only a checkpoint or another's closing takes them against us.
const BUSY: std::time::Duration = std::time::Duration::from_secs(10);

/// The SQL function behind full-text search: whether a text contains a word that is in lower case already.
/// SQLite's own `LIKE` knows the case of ASCII letters only.
pub(crate) const CONTAINS_WORD: &str = "contains_word";

fn prepare(connection: &Connection, cache_kib: i64) -> Result<()> {
    let doing = while_doing("setting up a connection");
    connection.busy_timeout(BUSY).map_err(&doing)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    // A plan does not depend on what is bound. Otherwise SQLite, built with STAT4, prepares a statement anew whenever
    // other values are bound, which takes several times as long as running it.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true).map_err(&doing)?;
    connection.pragma_update(None, "cache_size", -cache_kib).map_err(&doing)?;
    connection.pragma_update(None, "foreign_keys", false).map_err(&doing)?;
    let flags =
        FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC | FunctionFlags::SQLITE_INNOCUOUS;
    connection
        .create_scalar_function(CONTAINS_WORD, 2, flags, |context| {
            let (text, word) = (context.get_raw(0).as_str()?, context.get_raw(1).as_str()?);
            Ok(text.to_lowercase().contains(word))
        })
        .map_err(&doing)
}

/// Makes SQLite spill its sorts next to the data: `/tmp` may be small, or not writable at all. The setting
/// is the process's, so the first data folder wins; SQLite falls back to `/tmp` should it go away.
pub(crate) fn spill_to(tmp: &Path) {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let set = Connection::open_in_memory()
            .and_then(|c| c.pragma_update(None, "temp_store_directory", tmp.to_string_lossy()));
        if let Err(error) = set {
            tracing::warn!(%error, "SQLite keeps its temporary files where the system wants them");
        }
    });
}

/// Creates a database, in WAL mode, durable on return but for its name in the folder.
pub(crate) fn create(path: &Path) -> Result<()> {
    let connection = Connection::open(path).map_err(while_doing("creating a database"))?;
    prepare(&connection, 2_000)?;
    to_wal(&connection)?;
    let doing = while_doing("creating a database");
    let transaction = connection.unchecked_transaction().map_err(&doing)?;
    schema::create(&transaction)?;
    schema::create_indexes(&transaction)?;
    transaction.commit().map_err(&doing)?;
    // Everything must be in the file itself, since the file alone is what gets moved to its place.
    checkpoint(&connection, "TRUNCATE")?;
    connection.close().map_err(|(_connection, error)| doing(error))
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
    let connection = existing(path)?;
    prepare(&connection, 8_000)?;
    let doing = while_doing("setting up a connection");
    connection.pragma_update(None, "synchronous", "FULL").map_err(&doing)?;
    schema::upgrade(&connection)?;
    // Committing threads leave checkpoints to the housekeeper: one takes as long as many commits.
    connection.pragma_update(None, "wal_autocheckpoint", 0).map_err(&doing)?;
    // A log that grew in a burst is cut back when it begins again.
    connection.pragma_update(None, "journal_size_limit", 32 << 20).map_err(&doing)?;
    Ok(connection)
}

/// Opens a connection that only moves the log into the database.
pub(crate) fn checkpointer(path: &Path) -> Result<Connection> {
    let connection = existing(path)?;
    let doing = while_doing("setting up a connection");
    // Asks for the database's version, too, so that it has found its log when this returns.
    schema::check(&connection)?;
    connection.pragma_update(None, "synchronous", "FULL").map_err(&doing)?;
    Ok(connection)
}

/// Opens a connection that reads. It may write nothing, though WAL needs the file writable for its index.
pub(crate) fn reader(path: &Path) -> Result<Connection> {
    let connection = existing(path)?;
    prepare(&connection, 4_000)?;
    schema::check(&connection)?;
    connection.pragma_update(None, "query_only", true).map_err(while_doing("setting up a connection"))?;
    Ok(connection)
}

/// Opens a connection that reads, and puts what it has sorted into the new file `sorted`, a database of that name.
pub(crate) fn sorter(path: &Path, sorted: &Path) -> Result<Connection> {
    let connection = existing(path)?;
    prepare(&connection, 4_000)?;
    schema::check(&connection)?;
    // This connection makes no files, neither by mistake nor on purpose.
    std::fs::File::create_new(sorted).map_err(|e| Error::io("making a temporary database", e))?;
    connection
        .execute("ATTACH ? AS sorted", [sorted.to_string_lossy()])
        .map_err(while_doing("setting up a connection"))?;
    unsynced(&connection, "sorted")?;
    Ok(connection)
}

/// Opens a connection that reads a file which nobody changes any more: no locks, no log.
pub(crate) fn immutable(path: &Path) -> Result<Connection> {
    let doing = while_doing("opening a copy of a database");
    let flags =
        OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_URI;
    let escaped: String = path.to_string_lossy().chars().fold(String::new(), |mut uri, c| {
        match c {
            '%' => uri.push_str("%25"),
            '?' => uri.push_str("%3f"),
            '#' => uri.push_str("%23"),
            c => uri.push(c),
        }
        uri
    });
    let connection =
        Connection::open_with_flags(format!("file:{escaped}?immutable=1"), flags).map_err(&doing)?;
    prepare(&connection, 4_000)?;
    Ok(connection)
}

fn existing(path: &Path) -> Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    Connection::open_with_flags(path, flags).map_err(while_doing("opening a database"))
}

/// Opens a new file for a bulk load: nothing of it counts before it is whole, so nothing is synced. The
/// journal holds no new pages, so that it is short; another process can go on with what was committed.
pub(crate) fn bulk(path: &Path) -> Result<Connection> {
    let connection = Connection::open(path).map_err(while_doing("creating a database"))?;
    alone(&connection)?;
    schema::create(&connection)?;
    Ok(connection)
}

/// Opens one again.
pub(crate) fn bulk_again(path: &Path) -> Result<Connection> {
    let connection = existing(path)?;
    alone(&connection)?;
    Ok(connection)
}

fn alone(connection: &Connection) -> Result<()> {
    prepare(connection, 16_000)?;
    journaled(connection, "main")?;
    connection
        .pragma_update_and_check(None, "locking_mode", "EXCLUSIVE", |row| row.get::<_, String>(0))
        .map(drop)
        .map_err(while_doing("setting up a bulk load"))
}

/// Opens a copy that is changed before anybody sees it. Whoever meets an error drops it, so there is no journal either.
pub(crate) fn fork(path: &Path) -> Result<Connection> {
    let connection = existing(path)?;
    prepare(&connection, 16_000)?;
    let doing = while_doing("opening a copy of a database");
    connection
        .pragma_update_and_check(None, "locking_mode", "EXCLUSIVE", |row| row.get::<_, String>(0))
        .map_err(&doing)?;
    // Out of the mode of its source first, which keeps a log.
    for mode in ["DELETE", "OFF"] {
        connection
            .pragma_update_and_check(None, "journal_mode", mode, |row| row.get::<_, String>(0))
            .map_err(&doing)?;
    }
    connection.pragma_update(None, "synchronous", "OFF").map_err(&doing)?;
    Ok(connection)
}

/// Lets a database of a connection be lost with the machine, though not with the process.
pub(crate) fn journaled(connection: &Connection, database: &str) -> Result<()> {
    unsynced_with(connection, database, "PERSIST")
}

/// Lets a database of a connection be lost with the process.
pub(crate) fn unsynced(connection: &Connection, database: &str) -> Result<()> {
    unsynced_with(connection, database, "MEMORY")
}

fn unsynced_with(connection: &Connection, database: &str, journal: &str) -> Result<()> {
    let doing = while_doing("setting up a bulk load");
    connection
        .pragma_update_and_check(Some(database), "journal_mode", journal, |row| row.get::<_, String>(0))
        .map_err(&doing)?;
    connection.pragma_update(Some(database), "synchronous", "OFF").map_err(&doing)
}

/// Moves the log into the database as far as the mode allows; pages in the log, and pages that were moved.
pub(crate) fn checkpoint(connection: &Connection, mode: &str) -> Result<Log> {
    connection
        .prepare_cached(&format!("PRAGMA wal_checkpoint({mode})"))
        .and_then(|mut statement| {
            statement.query_row([], |row| Ok(Log { pages: row.get(1)?, moved: row.get(2)? }))
        })
        .map_err(while_doing("checkpointing a database"))
}

/// How much of a log is not yet in the database.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Log {
    /// Pages in it.
    pub(crate) pages: i64,
    /// Those that are in the database too.
    pub(crate) moved: i64,
}
