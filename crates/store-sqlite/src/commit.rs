//! The one writer of a store, with group commit.
//!
//! Of those who wait to write, the first leads: it runs everything that waits at that moment in one
//! transaction, each work in its own savepoint, and commits once: one sync to disk for all of them. Then it
//! wakes them with their results and the next of those who came meanwhile to lead in turn. Nobody whose work
//! is on disk waits for another's commit.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, Weak};
use std::time::Duration;

use parking_lot::{Condvar, Mutex};
use rusqlite::Connection;
use saibo_model::{Error as DomainError, Result as DomainResult};
use saibo_store::{Error, ErrorKind, Result, Stamp};

use crate::connection::{self, Log};
use crate::encryption::Keys;
use crate::error::while_doing;
use crate::folder::Folder;
use crate::housekeeper::{Housekeeper, Job};
use crate::making;
use crate::write::SqliteWriteTx;

/// At most this many works share a commit, so that the first of them is not kept waiting.
const GROUP: usize = 256;

/// Pages of the log not yet in the database that make the housekeeper move them: 2 MiB.
const CHECKPOINT: i64 = 500;

/// Pages of the log from which on writers wait until readers have left it, so that it can begin again: after a crash
/// all of it is read, which a start waits for.
const RESTART: i64 = 32 * CHECKPOINT;

/// How long they wait. A single reader that takes longer lets the log grow by another [`CHECKPOINT`].
const RESTART_WAIT: Duration = Duration::from_millis(20);

/// The writer of one store.
pub(crate) struct Committer {
    /// `None` only while it is dropped.
    connection: Mutex<Option<Connection>>,
    queue: Mutex<Queue>,
    retired: AtomicBool,
    stamp: Stamp,
    folder: Arc<Folder>,
    file: &'static str,
    keys: Option<Arc<Keys>>,
    housekeeper: Housekeeper,
    /// Whether the last process left indexes unfinished.
    unfinished: bool,
    /// Pages that the log had when the housekeeper was called, or 0 if it is not under way.
    called: AtomicI64,
    me: Weak<Committer>,
}

#[derive(Default)]
struct Queue {
    waiting: VecDeque<Waiting>,
    /// Whether somebody leads, or has been told to.
    led: bool,
}

/// What is done in a transaction.
type Work = Box<dyn FnOnce(&mut SqliteWriteTx<'_>) -> DomainResult<()> + Send>;

struct Waiting {
    work: Work,
    answer: Answer,
    /// Whether readers may see something of it.
    seen: bool,
}

/// Where one who waits hears of it.
#[derive(Default)]
struct Turn {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
enum State {
    #[default]
    Waiting,
    Lead,
    Done(DomainResult<()>),
}

impl Turn {
    fn set(&self, state: State) {
        *self.state.lock() = state;
        self.changed.notify_one();
    }

    /// `None` if it is this one's turn to lead.
    fn wait(&self) -> Option<DomainResult<()>> {
        let mut state = self.state.lock();
        loop {
            match std::mem::take(&mut *state) {
                State::Waiting => self.changed.wait(&mut state),
                State::Lead => return None,
                State::Done(result) => return Some(result),
            }
        }
    }
}

/// The promise of a result, kept even if whoever gave it falls over.
struct Answer(Option<Arc<Turn>>);

impl Answer {
    fn give(mut self, result: DomainResult<()>) {
        if let Some(turn) = self.0.take() {
            turn.set(State::Done(result));
        }
    }
}

impl Drop for Answer {
    fn drop(&mut self) {
        if let Some(turn) = self.0.take() {
            let error = Error::new(ErrorKind::Other, "waiting for a write that was given up");
            turn.set(State::Done(Err(error.into())));
        }
    }
}

/// Passes the lead on, also when the leader falls over.
struct PassOn<'a>(&'a Mutex<Queue>);

impl Drop for PassOn<'_> {
    fn drop(&mut self) {
        let mut queue = self.0.lock();
        match queue.waiting.front().and_then(|next| next.answer.0.as_ref()) {
            Some(next) => next.set(State::Lead),
            None => queue.led = false,
        }
    }
}

impl Committer {
    pub(crate) fn open(
        folder: Arc<Folder>,
        file: &'static str,
        keys: Option<Arc<Keys>>,
        housekeeper: Housekeeper,
    ) -> Result<Arc<Self>> {
        let connection = folder.open(|folder| connection::writer(&folder.join(file)))?;
        let unfinished = making::is_unfinished(&connection)?;
        Ok(Arc::new_cyclic(|me| Self {
            connection: Mutex::new(Some(connection)),
            queue: Mutex::default(),
            retired: AtomicBool::new(false),
            stamp: Stamp::new(),
            folder,
            file,
            keys,
            housekeeper,
            unfinished,
            called: AtomicI64::new(0),
            me: me.clone(),
        }))
    }

    /// The state that the database is in.
    pub(crate) fn stamp(&self) -> u64 {
        self.stamp.get()
    }

    /// Whether there are indexes to go on with.
    pub(crate) fn is_unfinished(&self) -> bool {
        self.unfinished
    }

    /// Runs a work and returns when it is on disk.
    pub(crate) fn write(
        &self,
        work: impl FnOnce(&mut SqliteWriteTx<'_>) -> DomainResult<()> + Send + 'static,
    ) -> DomainResult<()> {
        self.wait_for(Box::new(work), true)
    }

    /// The same with a work that changes nothing which readers could tell: the stamp stays.
    pub(crate) fn write_unseen(
        &self,
        work: impl FnOnce(&mut SqliteWriteTx<'_>) -> DomainResult<()> + Send + 'static,
    ) -> DomainResult<()> {
        self.wait_for(Box::new(work), false)
    }

    fn wait_for(&self, work: Work, seen: bool) -> DomainResult<()> {
        let turn = Arc::new(Turn::default());
        let led = {
            let mut queue = self.queue.lock();
            queue.waiting.push_back(Waiting { work, answer: Answer(Some(turn.clone())), seen });
            std::mem::replace(&mut queue.led, true)
        };
        if led && let Some(result) = turn.wait() {
            return result;
        }
        self.lead();
        // Whoever leads is the first of the queue, so its own work was among those done.
        turn.wait().unwrap_or_else(|| {
            Err(Error::new(ErrorKind::Other, "leading a group of writes without being of it").into())
        })
    }

    fn lead(&self) {
        let _pass_on = PassOn(&self.queue);
        let connection = self.connection.lock();
        let group: Vec<Waiting> = {
            let mut queue = self.queue.lock();
            let count = queue.waiting.len().min(GROUP);
            queue.waiting.drain(..count).collect()
        };
        match &*connection {
            Some(connection) if !self.retired.load(Ordering::Acquire) => {
                run(connection, &self.stamp, self.keys.as_deref(), group);
                self.look_at_log(connection);
            }
            _ => {
                for waiting in group {
                    waiting.answer.give(Err(Error::new(ErrorKind::Retired, "waiting to write").into()));
                }
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

    /// Calls the housekeeper if the log has grown; moves it here and now if that did not help.
    fn look_at_log(&self, connection: &Connection) {
        // The newest of the modes: it changes nothing and tells.
        let Ok(log) = connection::checkpoint(connection, "NOOP") else { return };
        if log.pages - log.moved < CHECKPOINT {
            return;
        }
        let called = self.called.load(Ordering::Acquire);
        let is_behind = called != 0 && log.pages > called.saturating_add(RESTART);
        let is_called = called != 0
            || self.called.compare_exchange(0, log.pages, Ordering::AcqRel, Ordering::Acquire).is_err()
            || self.housekeeper.leave(Job::Checkpoint(self.me.clone())).is_ok();
        if !is_called || is_behind {
            if !is_called {
                self.called.store(0, Ordering::Release);
            }
            if let Err(error) = connection::checkpoint(connection, "PASSIVE") {
                tracing::warn!(%error, "a database's log stays as it is for now");
            }
        }
    }

    /// Moves the log into the database. Writers carry on while most of it is moved; they wait for what came
    /// meanwhile, which is little, because only a log that was moved to its end can begin again.
    pub(crate) fn checkpoint(&self) -> Result<()> {
        let outcome = self.move_log();
        self.called.store(0, Ordering::Release);
        outcome
    }

    fn move_log(&self) -> Result<()> {
        let connection = self.folder.open(|folder| connection::checkpointer(&folder.join(self.file)))?;
        let mut log = connection::checkpoint(&connection, "PASSIVE")?;
        if log.pages - log.moved > CHECKPOINT / 4 {
            log = connection::checkpoint(&connection, "PASSIVE")?;
        }
        let Log { pages, moved } = log;
        if pages == moved && pages < RESTART {
            return Ok(());
        }
        let _writers_wait = self.connection.lock();
        connection::checkpoint(&connection, "PASSIVE")?;
        if pages >= RESTART {
            // Readers that begin now leave the log alone, for all of it is in the database; wait for the rest.
            connection.busy_timeout(RESTART_WAIT).map_err(while_doing("checkpointing a database"))?;
            connection::checkpoint(&connection, "RESTART")?;
        }
        Ok(())
    }
}

impl Drop for Committer {
    fn drop(&mut self) {
        if let Some(connection) = self.connection.get_mut().take() {
            // Without a housekeeper it is closed here and now.
            drop(self.housekeeper.leave(Job::Close(vec![connection])));
        }
    }
}

fn run(connection: &Connection, stamp: &Stamp, keys: Option<&Keys>, group: Vec<Waiting>) {
    let mut waiting = group.into_iter();
    while waiting.len() > 0 {
        if let Err(error) = run_together(connection, stamp, keys, &mut waiting) {
            for waiting in waiting {
                waiting.answer.give(Err(again(&error).into()));
            }
            return;
        }
    }
}

/// Runs works in one transaction until there are none left or the database ended it by itself, as it does
/// when the disk is full. An error says that it could not even begin.
fn run_together(
    connection: &Connection,
    stamp: &Stamp,
    keys: Option<&Keys>,
    waiting: &mut std::vec::IntoIter<Waiting>,
) -> Result<()> {
    execute(connection, "BEGIN IMMEDIATE")?;
    let alone = waiting.len() == 1;
    let mut done = Vec::with_capacity(waiting.len());
    let mut any_seen = false;
    let outcome = (|| {
        for Waiting { work, answer, seen } in waiting.by_ref() {
            any_seen |= seen;
            let result =
                if alone { run_caught(connection, keys, work) } else { run_one(connection, keys, work) };
            let failed = alone && result.is_err();
            done.push((answer, result));
            if connection.is_autocommit() {
                return Err(Error::new(ErrorKind::Busy, "writing along with one that failed"));
            }
            if failed {
                return execute(connection, "ROLLBACK");
            }
        }
        execute(connection, "COMMIT")
    })();
    // Whatever came of it: it may be on disk although the commit says that it failed.
    if any_seen {
        stamp.renew();
    }
    if let Err(error) = outcome {
        // Nothing of the group is on disk, so nobody may hear that it is.
        if !connection.is_autocommit()
            && let Err(error) = execute(connection, "ROLLBACK")
        {
            // Then the next BEGIN fails, and says so.
            tracing::error!(%error, "a failed transaction could not be rolled back");
        }
        for (answer, result) in done {
            answer.give(result.and(Err(again(&error).into())));
        }
        return Ok(());
    }
    for (answer, result) in done {
        answer.give(result);
    }
    Ok(())
}

/// One error told to each of many.
fn again(error: &Error) -> Error {
    Error::new(error.kind(), "committing").because(error.to_string())
}

fn run_one(connection: &Connection, keys: Option<&Keys>, work: Work) -> DomainResult<()> {
    execute(connection, "SAVEPOINT work")?;
    let result = run_caught(connection, keys, work);
    if connection.is_autocommit() {
        // There is no savepoint any more either.
        return result;
    }
    if result.is_err() {
        execute(connection, "ROLLBACK TO work")?;
    }
    execute(connection, "RELEASE work")?;
    result
}

fn run_caught(connection: &Connection, keys: Option<&Keys>, work: Work) -> DomainResult<()> {
    catch_unwind(AssertUnwindSafe(|| {
        let mut tx = SqliteWriteTx::new(connection, keys);
        work(&mut tx)
    }))
    .unwrap_or_else(|_panic| {
        Err(DomainError::from(Error::new(ErrorKind::Other, "running a write, which panicked")))
    })
}

fn execute(connection: &Connection, sql: &str) -> Result<()> {
    connection
        .prepare_cached(sql)
        .and_then(|mut statement| statement.execute([]))
        .map(|_rows| ())
        .map_err(while_doing("running a transaction"))
}
