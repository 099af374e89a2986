//! The reading connections of a database, kept for the next.

use std::time::Duration;

use parking_lot::{Condvar, Mutex};
use rusqlite::Connection;
use saibo_model::Result as DomainResult;
use saibo_store::Result;

use crate::error::while_doing;

/// Readers of one database that are kept open. Each costs a file handle or two and its cache.
const KEPT: usize = 8;

/// How long one more waits for another to end, before it opens a connection of its own for this once: a
/// read inside a read, or one beside many long ones, must not stand still.
const PATIENCE: Duration = Duration::from_millis(20);

/// The readers of one database.
pub(crate) struct Readers {
    open: Box<dyn Fn() -> Result<Connection> + Send + Sync>,
    state: Mutex<State>,
    returned: Condvar,
}

#[derive(Default)]
struct State {
    idle: Vec<Connection>,
    busy: usize,
}

impl Readers {
    pub(crate) fn new(open: impl Fn() -> Result<Connection> + Send + Sync + 'static) -> Self {
        Self { open: Box::new(open), state: Mutex::default(), returned: Condvar::new() }
    }

    /// Runs reads in one transaction, so that they see one state.
    pub(crate) fn read<R>(&self, work: impl FnOnce(&Connection) -> DomainResult<R>) -> DomainResult<R> {
        let reader = self.take()?;
        in_view(reader.get()?, work)
    }

    /// One that is free, or a new one; given back when dropped.
    pub(crate) fn take(&self) -> Result<Reader<'_>> {
        let mut state = self.state.lock();
        if state.idle.is_empty() && state.busy >= KEPT {
            self.returned.wait_while_for(&mut state, |s| s.idle.is_empty() && s.busy >= KEPT, PATIENCE);
        }
        state.busy += 1;
        let idle = state.idle.pop();
        drop(state);
        // From here on the count is put right by the guard, whatever happens.
        let mut reader = Reader { readers: self, connection: idle };
        if reader.connection.is_none() {
            reader.connection = Some((self.open)()?);
        }
        Ok(reader)
    }

    /// Those that are idle, to be closed.
    pub(crate) fn take_idle(&self) -> Vec<Connection> {
        std::mem::take(&mut self.state.lock().idle)
    }
}

/// A connection that reads.
pub(crate) struct Reader<'r> {
    readers: &'r Readers,
    connection: Option<Connection>,
}

impl Reader<'_> {
    pub(crate) fn get(&self) -> Result<&Connection> {
        self.connection.as_ref().ok_or_else(|| {
            saibo_store::Error::new(saibo_store::ErrorKind::Other, "reading without a connection")
        })
    }
}

impl Drop for Reader<'_> {
    fn drop(&mut self) {
        let mut connection = self.connection.take();
        // One that is still inside a transaction, because its work panicked or its end failed, is not used
        // again: closing it ends the transaction.
        let usable = connection.take_if(|c| c.is_autocommit());
        let mut state = self.readers.state.lock();
        state.busy -= 1;
        let surplus = match usable {
            Some(usable) if state.idle.len() + state.busy < KEPT => {
                state.idle.push(usable);
                None
            }
            other => other,
        };
        drop(state);
        self.readers.returned.notify_one();
        drop((surplus, connection));
    }
}

/// Runs reads in one transaction, so that they see one state.
pub(crate) fn in_view<R>(
    connection: &Connection,
    work: impl FnOnce(&Connection) -> DomainResult<R>,
) -> DomainResult<R> {
    let run = |sql: &str| {
        connection
            .prepare_cached(sql)
            .and_then(|mut statement| statement.execute([]))
            .map_err(while_doing("reading"))
    };
    run("BEGIN")?;
    let result = work(connection);
    run("COMMIT")?;
    result
}
