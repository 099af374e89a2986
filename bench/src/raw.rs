//! What SQLite alone gives on the same entities and disk: no HTTP, no rights, no schema, one thread that asks and
//! waits.
//!
//! The table is as plain as it can be, and syncs each commit as a unit does.

use std::path::Path;
use std::time::{Duration, Instant};

use rusqlite::{Connection, params};

use crate::snapshots::{MADE, entities};
use crate::{Result, figures};

/// A database with entities.
pub(crate) struct Raw {
    connection: Connection,
    count: u64,
}

impl Raw {
    /// Makes one with so many.
    ///
    /// # Errors
    /// SQLite's.
    pub(crate) fn make(path: &Path, count: u64) -> Result<Self> {
        let mut connection = Connection::open(path)?;
        connection.pragma_update(None, "journal_mode", "WAL")?;
        connection.pragma_update(None, "synchronous", "FULL")?;
        connection
            .execute_batch("CREATE TABLE entity (key TEXT PRIMARY KEY, body TEXT NOT NULL) WITHOUT ROWID")?;
        let transaction = connection.transaction()?;
        {
            let mut insert = transaction.prepare("INSERT INTO entity VALUES (?,?)")?;
            let mut body = String::new();
            for n in 0..count {
                entities::write_fields(&mut body, n);
                insert.execute(params![entities::key(n), body])?;
            }
        }
        transaction.commit()?;
        connection.execute_batch("CREATE INDEX written ON entity (json_extract(body,'$.P005'))")?;
        Ok(Self { connection, count })
    }

    /// Entities by key, a second.
    ///
    /// # Errors
    /// SQLite's.
    pub(crate) fn by_key(&self, time: Duration) -> Result<f64> {
        let mut statement = self.connection.prepare("SELECT body FROM entity WHERE key=?")?;
        rate(time, |sent| {
            let key = entities::key(entities::spread(sent, self.count));
            Ok(statement.query_row([key], |row| row.get::<_, String>(0)).map(drop)?)
        })
    }

    /// Pages of 25 in a range, a second.
    ///
    /// # Errors
    /// SQLite's.
    pub(crate) fn in_a_range(&self, time: Duration) -> Result<f64> {
        let mut statement = self.connection.prepare(
            "SELECT body FROM entity WHERE json_extract(body,'$.P005')>=? AND json_extract(body,'$.P005')<?",
        )?;
        rate(time, |sent| {
            let from = MADE + 60_000 * entities::spread(sent, self.count) as i64;
            let mut rows = statement.query([from, from + 60_000 * 25])?;
            while let Some(row) = rows.next()? {
                row.get::<_, String>(0)?;
            }
            Ok(())
        })
    }

    /// New entities, a second, each in a transaction of its own or so many in one.
    ///
    /// # Errors
    /// SQLite's.
    pub(crate) fn inserted(&mut self, time: Duration, in_one: u64) -> Result<f64> {
        let mut next = self.count;
        let mut body = String::new();
        let transactions = rate(time, |_sent| {
            let transaction = self.connection.transaction()?;
            {
                let mut insert = transaction.prepare_cached("INSERT INTO entity VALUES (?,?)")?;
                for _ in 0..in_one {
                    entities::write_fields(&mut body, next);
                    insert.execute(params![entities::key(next), body])?;
                    next += 1;
                }
            }
            Ok(transaction.commit()?)
        })?;
        self.count = next;
        Ok(transactions * in_one as f64)
    }
}

/// Does something again and again for so long: how often a second.
fn rate(time: Duration, mut work: impl FnMut(u64) -> Result<()>) -> Result<f64> {
    let began = Instant::now();
    let mut done = 0;
    while began.elapsed() < time {
        work(done)?;
        done += 1;
    }
    Ok(figures::rate(done, began.elapsed()))
}
