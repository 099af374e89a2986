//! One open database: its committer and a few readers.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use parking_lot::{Condvar, Mutex};
use rusqlite::Connection;
use rusqlite::backup::{Backup, StepResult};
use saibo_model::Result as DomainResult;
use saibo_store::store::{ReadWork, WriteWork};
use saibo_store::{Error, ErrorKind, Result, Store};

use crate::commit::Committer;
use crate::connection;
use crate::error::while_doing;
use crate::folder;
use crate::read::SqliteReadTx;

/// Readers of one database at the same time; more wait. Each costs a file handle or two and its cache.
const READERS: usize = 8;

/// Pages copied between two looks at whether a copy is still wanted: 4 MiB.
const COPY_STEP: std::ffi::c_int = 1024;

/// An open database.
pub(crate) struct SqliteStore {
    path: PathBuf,
    tmp: PathBuf,
    committer: Committer,
    readers: Readers,
    /// A private copy: its file goes with it.
    temporary: bool,
}

impl SqliteStore {
    /// Opens an existing database.
    pub(crate) fn open(path: &Path, tmp: &Path) -> Result<Self> {
        if !path.exists() {
            return Err(Error::new(ErrorKind::NotFound, format!("opening {}", path.display())));
        }
        let writer = connection::writer(path)?;
        Ok(Self {
            path: path.to_owned(),
            tmp: tmp.to_owned(),
            committer: Committer::new(writer),
            readers: Readers::new(path),
            temporary: false,
        })
    }

    fn copy(from: &Connection, to: &Path, progress: &mut dyn FnMut(u64, u64) -> bool) -> Result<()> {
        let doing = while_doing("copying a database");
        let mut target = Connection::open(to).map_err(&doing)?;
        for (name, value) in [("journal_mode", "OFF"), ("synchronous", "OFF")] {
            target.pragma_update(None, name, value).map_err(&doing)?;
        }
        let backup = Backup::new(from, &mut target).map_err(&doing)?;
        loop {
            let step = backup.step(COPY_STEP).map_err(&doing)?;
            let pages = backup.progress();
            let total = u64::try_from(pages.pagecount).unwrap_or(0);
            let left = u64::try_from(pages.remaining).unwrap_or(0);
            if !progress(total.saturating_sub(left), total) {
                return Err(Error::new(ErrorKind::Other, "copying a database, which was stopped"));
            }
            match step {
                StepResult::Done => return Ok(()),
                StepResult::More => {}
                // Nothing else uses either connection, so this passes.
                _ => std::thread::sleep(Duration::from_millis(1)),
            }
        }
    }
}

impl Store for SqliteStore {
    fn read_with(&self, work: ReadWork<'_>) -> DomainResult<()> {
        let reader = self.readers.take()?;
        let result = in_view(&reader, |connection| work(&SqliteReadTx::new(connection)));
        self.readers.give_back(reader);
        result
    }

    fn write_with(&self, work: WriteWork) -> DomainResult<()> {
        self.committer.write(work)
    }

    fn freeze(&self, progress: &mut dyn FnMut(u64, u64) -> bool) -> Result<Arc<dyn Store>> {
        let copy = Removed(self.tmp.join(folder::random_name()));
        // A connection of its own, so that a long copy takes no place among the readers. Inside one read
        // transaction the view is stable whatever is written; the transaction ends with the copy, long
        // before an export does, so the log can be checkpointed.
        let source = connection::reader(&self.path)?;
        let doing = while_doing("copying a database");
        let view = source.unchecked_transaction().map_err(&doing)?;
        // A deferred transaction begins with its first read.
        view.query_row("SELECT COUNT(*) FROM entity_set", [], |_row| Ok(())).map_err(&doing)?;
        Self::copy(&source, &copy.0, progress)?;
        view.finish().map_err(&doing)?;
        let mut store = Self::open(&copy.0, &self.tmp)?;
        store.temporary = true;
        std::mem::forget(copy);
        Ok(Arc::new(store))
    }

    fn retire(&self) {
        self.committer.retire();
    }

    fn reinstate(&self) {
        self.committer.reinstate();
    }

    fn size(&self) -> Result<u64> {
        let doing = while_doing("measuring a database");
        let reader = self.readers.take()?;
        let pages = reader.query_row("SELECT page_count*page_size FROM pragma_page_count,pragma_page_size", [], |row| {
            row.get::<_, i64>(0)
        });
        self.readers.give_back(reader);
        pages.map(|bytes| u64::try_from(bytes).unwrap_or(0)).map_err(doing)
    }
}

impl Drop for SqliteStore {
    fn drop(&mut self) {
        if self.temporary {
            drop(Removed(self.path.clone()));
        }
    }
}

/// A database file that goes, with what SQLite lays beside it. Open handles keep their data until closed.
struct Removed(PathBuf);

impl Drop for Removed {
    fn drop(&mut self) {
        for suffix in ["", "-wal", "-shm", "-journal"] {
            let mut name = self.0.as_os_str().to_owned();
            name.push(suffix);
            if let Err(error) = std::fs::remove_file(PathBuf::from(name))
                && error.kind() != std::io::ErrorKind::NotFound
            {
                // It lies in `tmp`, which the next start empties.
                tracing::warn!(%error, "a temporary database could not be removed");
            }
        }
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

struct Readers {
    path: PathBuf,
    state: Mutex<(Vec<Connection>, usize)>,
    returned: Condvar,
}

impl Readers {
    fn new(path: &Path) -> Self {
        Self { path: path.to_owned(), state: Mutex::new((Vec::new(), 0)), returned: Condvar::new() }
    }

    fn take(&self) -> Result<Connection> {
        {
            let mut state = self.state.lock();
            loop {
                if let Some(reader) = state.0.pop() {
                    return Ok(reader);
                }
                if state.1 < READERS {
                    state.1 += 1;
                    break;
                }
                self.returned.wait(&mut state);
            }
        }
        connection::reader(&self.path).inspect_err(|_| {
            self.state.lock().1 -= 1;
            self.returned.notify_one();
        })
    }

    fn give_back(&self, reader: Connection) {
        // One that is still inside a transaction, because its end failed, must not be used again.
        let mut state = self.state.lock();
        if reader.is_autocommit() {
            state.0.push(reader);
        } else {
            state.1 -= 1;
        }
        drop(state);
        self.returned.notify_one();
    }
}
