//! Making the index of a field while everybody writes on.
//!
//! SQLite makes an index in one transaction. Here it is entered in `field` first; from then on the writing verbs keep
//! it ([`crate::field`]) and note in `field_written` what they wrote. Then a reader sorts what there is into a file,
//! and the file's rows are put in, in many short transactions, but for what was written since. In the order of the index,
//! so that each of them touches few pages. The last one says that the index is whole; queries use it from then on. What
//! the end of a process leaves unfinished is kept like the others, and gone on with when the database is opened.
//!
//! None of it is a change that anybody reads: neither the store's stamp nor what is known of changes is touched.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::sync_channel;
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use rusqlite::{Connection, InterruptHandle, OptionalExtension, params};
use saibo_model::query::Field;
use saibo_model::{EntitySet, Result as DomainResult};
use saibo_store::{Error, ErrorKind, Result};

use crate::commit::Committer;
use crate::error::while_doing;
use crate::field::{is_by_update, stored};
use crate::folder::{self, Folder};
use crate::frozen::Temporary;
use crate::index::is_indexable;
use crate::read::SqliteReadTx;
use crate::sorting::{Row, Sorted};
use crate::write::SqliteWriteTx;
use crate::{connection, sql};

/// Rows of a step: some ms.
const STEP: usize = 500;

/// Bytes of their texts.
const STEP_BYTES: usize = 1 << 18;

/// After a step others have the disk for as long as it took, but no longer than this.
const PAUSE: Duration = Duration::from_millis(50);

/// Of all databases that were opened with something left to do, one at a time does it.
static GOING_ON: Mutex<()> = Mutex::new(());

/// The index of a field that is to be made.
pub(crate) struct Making {
    set: EntitySet,
    expression: String,
}

impl Making {
    /// `None` if an index would not help.
    pub(crate) fn new(set: &EntitySet, field: &Field) -> Result<Option<Self>> {
        let expression = sql::expression("", field)?;
        Ok(is_indexable(field).then(|| Self { set: set.clone(), expression }))
    }

    /// Whether it is whole.
    pub(crate) fn is_done(&self, connection: &Connection) -> DomainResult<bool> {
        let Some(set) = SqliteReadTx::new(connection, None).set_number(&self.set)? else { return Ok(false) };
        Ok(connection
            .prepare_cached("SELECT 1 FROM field WHERE entity_set=? AND expression=? AND whole=1")
            .and_then(|mut statement| statement.exists(params![set, self.expression]))
            .map_err(while_doing("looking for an index"))?)
    }
}

impl Making {
    /// Makes it where nobody else writes.
    pub(crate) fn make_at_once(&self, connection: &Connection) -> Result<()> {
        let doing = while_doing("making an index");
        let Some(set) = SqliteReadTx::new(connection, None).set_number(&self.set)? else { return Ok(()) };
        connection.execute_batch("SAVEPOINT index_at_once").map_err(&doing)?;
        let made = self.fill_at_once(connection, set);
        if made.is_err() {
            connection.execute_batch("ROLLBACK TO index_at_once").map_err(&doing)?;
        }
        connection.execute_batch("RELEASE index_at_once").map_err(&doing)?;
        made
    }

    fn fill_at_once(&self, connection: &Connection, set: i64) -> Result<()> {
        let doing = while_doing("making an index");
        let entered = connection
            .execute(
                "INSERT INTO field (entity_set,expression,whole) VALUES (?,?,1) ON CONFLICT DO NOTHING",
                params![set, self.expression],
            )
            .map_err(&doing)?;
        if entered == 0 {
            return Ok(());
        }
        let sql = format!(
            "INSERT INTO field_value (field,value,updated,seq) SELECT {},{},{},seq \
             FROM main.document INDEXED BY document_updated WHERE entity_set=? ORDER BY 2,3 DESC,4 DESC",
            connection.last_insert_rowid(),
            stored(&self.expression),
            time_of(&self.expression)
        );
        connection.execute(&sql, [set]).map(drop).map_err(doing)
    }
}

/// The SQL of the time that an index has of a document.
pub(crate) fn time_of(expression: &str) -> &'static str {
    if is_by_update(expression) { "updated" } else { "0" }
}

/// One that was entered.
struct Entered {
    id: i64,
    set: i64,
    expression: String,
}

/// Makes the indexes of a database.
pub(crate) struct Maker {
    committer: Weak<Committer>,
    folder: Arc<Folder>,
    file: &'static str,
    tmp: Arc<Folder>,
    /// One index at a time.
    alone: Mutex<()>,
    stopped: AtomicBool,
    /// Ends the sorting that is under way.
    sorting: Mutex<Option<InterruptHandle>>,
}

impl Maker {
    pub(crate) fn new(
        committer: &Arc<Committer>,
        folder: Arc<Folder>,
        file: &'static str,
        tmp: Arc<Folder>,
    ) -> Arc<Self> {
        Arc::new(Self {
            committer: Arc::downgrade(committer),
            folder,
            file,
            tmp,
            alone: Mutex::default(),
            stopped: AtomicBool::new(false),
            sorting: Mutex::default(),
        })
    }

    /// Makes an index, unless it is there.
    pub(crate) fn make(&self, making: Making, go_on: &mut dyn FnMut() -> bool) -> DomainResult<()> {
        // Who waited for the one that another asked for finds it there.
        let _alone = self.alone.lock();
        let entered = self.write(move |tx| match making.is_done(tx.connection())? {
            true => Ok(None),
            false => enter(tx, &making).map(Some),
        })?;
        match entered {
            Some(entered) => self.fill(&entered, go_on),
            None => Ok(()),
        }
    }

    /// Goes on, beside everything else, with what the last process left unfinished.
    pub(crate) fn go_on(self: &Arc<Self>) {
        let maker = self.clone();
        let work = move || {
            let outcome = maker.finish_all();
            if let Err(error) = outcome
                && !maker.stopped.load(Ordering::Acquire)
            {
                // Queries go on without them.
                tracing::warn!(%error, "indexes could not be made");
            }
        };
        if let Err(error) = std::thread::Builder::new().name("saibo-index".to_owned()).spawn(work) {
            tracing::warn!(%error, "there was no thread to make indexes");
        }
    }

    fn finish_all(&self) -> DomainResult<()> {
        let mut go_on = || !self.stopped.load(Ordering::Acquire);
        while go_on() {
            let _in_turn = GOING_ON.lock();
            let _alone = self.alone.lock();
            if !go_on() {
                break;
            }
            match self.write(|tx| Ok(unfinished(tx.connection())?))? {
                Some(entered) => self.fill(&entered, &mut go_on)?,
                None => return self.sweep(&mut go_on),
            }
        }
        Ok(())
    }

    /// Stops what is under way, as soon as it can be.
    pub(crate) fn stop(&self) {
        self.stopped.store(true, Ordering::Release);
        if let Some(sorting) = &*self.sorting.lock() {
            sorting.interrupt();
        }
    }

    fn fill(&self, entered: &Entered, go_on: &mut dyn FnMut() -> bool) -> DomainResult<()> {
        if !go_on() {
            return Ok(());
        }
        let mut sorted = self.sort(entered)?;
        let id = entered.id;
        loop {
            let rows = sorted.next(STEP, STEP_BYTES)?;
            if !go_on() {
                return Ok(());
            }
            let began = Instant::now();
            if !self.write(move |tx| step(tx.connection(), id, &rows))? {
                break;
            }
            std::thread::sleep(began.elapsed().min(PAUSE));
        }
        self.sweep(go_on)
    }

    /// Sorts what is indexed of every document of a set into a file.
    fn sort(&self, entered: &Entered) -> Result<Sorted> {
        let file = Temporary(self.tmp.join(&folder::random_name()));
        let connection = self.folder.open(|folder| connection::sorter(&folder.join(self.file), &file.0))?;
        *self.sorting.lock() = Some(connection.get_interrupt_handle());
        let go_on = || !self.stopped.load(Ordering::Acquire);
        let sorted = Sorted::of(connection, file, entered.set, &entered.expression, &go_on);
        *self.sorting.lock() = None;
        sorted
    }

    /// Removes, step by step, the notes of indexes that are whole or gone.
    fn sweep(&self, go_on: &mut dyn FnMut() -> bool) -> DomainResult<()> {
        while self.write(|tx| Ok(sweep_step(tx.connection())?))? && go_on() {}
        Ok(())
    }

    /// A work with a result, which no reader sees anything of.
    fn write<R: Send + 'static>(
        &self,
        work: impl FnOnce(&mut SqliteWriteTx<'_>) -> DomainResult<R> + Send + 'static,
    ) -> DomainResult<R> {
        let never_ran =
            || Error::new(ErrorKind::Other, "making an index, a step of which ended without a result");
        let closed = || Error::new(ErrorKind::Retired, "making an index of a database that was closed");
        let committer = self.committer.upgrade().ok_or_else(closed)?;
        let (give, take) = sync_channel(1);
        committer.write_unseen(move |tx| {
            let result = work(tx)?;
            // The receiver lives until the work is over.
            give.send(result).map_err(|_unsent| never_ran().into())
        })?;
        take.try_recv().map_err(|_nothing| never_ran().into())
    }
}

/// Whether there is something to go on with.
pub(crate) fn is_unfinished(connection: &Connection) -> Result<bool> {
    connection
        .query_row(
            "SELECT EXISTS(SELECT 1 FROM field WHERE whole=0) OR EXISTS(SELECT 1 FROM field_written)",
            [],
            |row| row.get(0),
        )
        .map_err(while_doing("looking for unfinished indexes"))
}

fn unfinished(connection: &Connection) -> Result<Option<Entered>> {
    connection
        .prepare_cached("SELECT id,entity_set,expression FROM field WHERE whole=0 ORDER BY id LIMIT 1")
        .and_then(|mut statement| {
            statement
                .query_row([], |row| {
                    Ok(Entered { id: row.get(0)?, set: row.get(1)?, expression: row.get(2)? })
                })
                .optional()
        })
        .map_err(while_doing("looking for unfinished indexes"))
}

/// Enters an index.
fn enter(tx: &mut SqliteWriteTx<'_>, making: &Making) -> DomainResult<Entered> {
    let set = tx.set_number(&making.set)?;
    let expression = making.expression.clone();
    tx.connection()
        .prepare_cached(
            "INSERT INTO field (entity_set,expression,whole) VALUES (?,?,0) \
             ON CONFLICT DO UPDATE SET whole=whole RETURNING id",
        )
        // To its end, or the change is not made.
        .and_then(|mut statement| {
            statement
                .query_map(params![set, expression], |row| row.get(0))?
                .collect::<rusqlite::Result<Vec<i64>>>()
        })
        .map_err(while_doing("entering an index"))?
        .pop()
        .map(|id| Entered { id, set, expression })
        .ok_or_else(|| Error::new(ErrorKind::Other, "entering an index, which has no number").into())
}

/// Puts rows in; without any, says that the index is whole. Whether there is more to do: not if somebody deleted the
/// set meanwhile.
fn step(connection: &Connection, id: i64, rows: &[Row]) -> DomainResult<bool> {
    let doing = while_doing("making an index");
    let unfinished = connection
        .prepare_cached("SELECT 1 FROM field WHERE id=? AND whole=0")
        .and_then(|mut statement| statement.exists([id]))
        .map_err(&doing)?;
    if !unfinished {
        return Ok(false);
    }
    if rows.is_empty() {
        connection
            .prepare_cached("UPDATE field SET whole=1 WHERE id=?")
            .and_then(|mut statement| statement.execute([id]))
            .map_err(&doing)?;
        return Ok(false);
    }
    // Some may be there already, of a making that was stopped.
    let mut statement = connection
        .prepare_cached(
            "INSERT OR IGNORE INTO field_value (field,value,updated,seq) SELECT ?1,?2,?3,?4 \
             WHERE NOT EXISTS (SELECT 1 FROM field_written WHERE field=?1 AND seq=?4)",
        )
        .map_err(&doing)?;
    for (value, updated, seq) in rows {
        statement.execute(params![id, value, updated, seq]).map_err(&doing)?;
    }
    Ok(true)
}

/// A step of removing notes that nothing needs any more; whether there was anything.
fn sweep_step(connection: &Connection) -> Result<bool> {
    let doing = while_doing("removing what is left of an index");
    // From one field to the next, whatever the number of their rows.
    let unneeded: Option<i64> = connection
        .prepare_cached(
            "WITH RECURSIVE held(field) AS (SELECT MIN(field) FROM field_written UNION ALL \
             SELECT (SELECT MIN(w.field) FROM field_written w WHERE w.field>held.field) FROM held \
             WHERE held.field IS NOT NULL) \
             SELECT field FROM held WHERE field IS NOT NULL \
             AND field NOT IN (SELECT id FROM field WHERE whole=0) LIMIT 1",
        )
        .and_then(|mut statement| statement.query_row([], |row| row.get(0)).optional())
        .map_err(&doing)?;
    let Some(field) = unneeded else { return Ok(false) };
    connection
        .prepare_cached(&format!(
            "DELETE FROM field_written WHERE (field,seq) IN \
             (SELECT field,seq FROM field_written WHERE field=? LIMIT {STEP})"
        ))
        .and_then(|mut statement| statement.execute([field]))
        .map_err(&doing)?;
    Ok(true)
}
