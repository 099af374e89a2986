//! The one writer of a store, with group commit.
//!
//! Whoever gets the connection runs everything that waits at that moment in one transaction, each work in its
//! own savepoint, and commits once: one sync to disk for all of them. The others find their result ready when
//! their turn comes.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::Mutex;
use rusqlite::Connection;
use saibo_model::{Error as DomainError, Result as DomainResult};
use saibo_store::store::WriteWork;
use saibo_store::{Error, ErrorKind, WriteTx};

use crate::error::while_doing;
use crate::write::SqliteWriteTx;

/// At most this many works share a commit, so that the first of them is not kept waiting.
const GROUP: usize = 256;

struct Waiting {
    work: WriteWork,
    result: Arc<Mutex<Option<DomainResult<()>>>>,
}

/// The writer of one store.
pub(crate) struct Committer {
    connection: Mutex<Connection>,
    queue: Mutex<Vec<Waiting>>,
    retired: AtomicBool,
}

impl Committer {
    pub(crate) fn new(connection: Connection) -> Self {
        Self {
            connection: Mutex::new(connection),
            queue: Mutex::new(Vec::new()),
            retired: AtomicBool::new(false),
        }
    }

    /// Runs a work and returns when it is on disk.
    pub(crate) fn write(&self, work: WriteWork) -> DomainResult<()> {
        let result = Arc::new(Mutex::new(None));
        self.queue.lock().push(Waiting { work, result: result.clone() });
        loop {
            let connection = self.connection.lock();
            if let Some(result) = result.lock().take() {
                return result;
            }
            let group: Vec<Waiting> = {
                let mut queue = self.queue.lock();
                let count = queue.len().min(GROUP);
                queue.drain(..count).collect()
            };
            if self.retired.load(Ordering::Acquire) {
                for waiting in group {
                    *waiting.result.lock() = Some(Err(retired().into()));
                }
            } else {
                run(&connection, group);
            }
        }
    }

    /// Refuses what comes later, once the running group has been committed.
    pub(crate) fn retire(&self) {
        let _running = self.connection.lock();
        self.retired.store(true, Ordering::Release);
    }

    pub(crate) fn reinstate(&self) {
        self.retired.store(false, Ordering::Release);
    }
}

fn retired() -> Error {
    Error::new(ErrorKind::Retired, "waiting to write")
}

fn run(connection: &Connection, group: Vec<Waiting>) {
    let mut done = Vec::with_capacity(group.len());
    let outcome = (|| -> Result<(), Error> {
        execute(connection, "BEGIN IMMEDIATE")?;
        for waiting in group {
            let result = run_one(connection, waiting.work);
            done.push((waiting.result, result));
        }
        execute(connection, "COMMIT")
    })();
    if let Err(error) = outcome {
        // Nothing of the group is on disk, so nobody may hear that it is.
        if !connection.is_autocommit() {
            // If this fails too, the next BEGIN fails, and says so.
            if let Err(error) = execute(connection, "ROLLBACK") {
                tracing::error!(%error, "a failed transaction could not be rolled back");
            }
        }
        let kind = error.kind();
        let text = error.to_string();
        for (slot, result) in done {
            let failed = Error::new(kind, "committing").because(text.clone());
            *slot.lock() = Some(result.and(Err(failed.into())));
        }
        return;
    }
    for (slot, result) in done {
        *slot.lock() = Some(result);
    }
}

fn run_one(connection: &Connection, work: WriteWork) -> DomainResult<()> {
    execute(connection, "SAVEPOINT work")?;
    let result = catch_unwind(AssertUnwindSafe(|| {
        let mut tx = SqliteWriteTx::new(connection);
        work(&mut tx as &mut dyn WriteTx)
    }))
    .unwrap_or_else(|_panic| {
        Err(DomainError::from(Error::new(ErrorKind::Other, "running a write, which panicked")))
    });
    if result.is_err() {
        execute(connection, "ROLLBACK TO work")?;
    }
    execute(connection, "RELEASE work")?;
    result
}

fn execute(connection: &Connection, sql: &str) -> Result<(), Error> {
    connection
        .prepare_cached(sql)
        .and_then(|mut statement| statement.execute([]))
        .map(|_rows| ())
        .map_err(while_doing("running a transaction"))
}
