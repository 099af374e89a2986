//! A private copy of a database: what an export reads while everybody writes on.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use rusqlite::Connection;
use rusqlite::backup::{Backup, StepResult};
use saibo_model::query::Field;
use saibo_model::{EntitySet, Result as DomainResult};
use saibo_store::store::{ReadWork, WriteWork};
use saibo_store::{Error, ErrorKind, Result, Stamp, Store};

use crate::encryption::Keys;
use crate::error::while_doing;
use crate::folder::Folder;
use crate::read::SqliteReadTx;
use crate::readers::{Readers, in_view};
use crate::{connection, draft, store};

/// Pages copied between two looks at whether a copy is still wanted: 1 MiB.
const STEP: std::ffi::c_int = 256;

/// A copy, to be read only. Nothing changes its file, so it needs neither locks nor a log. It is not synced: what becomes
/// of it when the process ends is its draft's business (`draft.rs`).
pub(crate) struct FrozenStore {
    readers: Readers,
    tmp: Arc<Folder>,
    stamp: Stamp,
    keys: Option<Arc<Keys>>,
}

impl FrozenStore {
    /// Copies what a connection sees at this moment into a new file.
    pub(crate) fn copy(
        source: &Connection,
        path: PathBuf,
        tmp: &Arc<Folder>,
        keys: Option<Arc<Keys>>,
        progress: &mut dyn FnMut(u64, u64) -> bool,
    ) -> Result<Self> {
        // Under its name only when it is whole.
        let part = Temporary(path.with_extension("part"));
        copy_view(source, &part.0, progress)?;
        std::fs::rename(&part.0, &path).map_err(|e| Error::io("copying a database", e))?;
        Ok(Self::open(path, tmp.clone(), keys))
    }

    /// Opens a copy.
    pub(crate) fn open(path: PathBuf, tmp: Arc<Folder>, keys: Option<Arc<Keys>>) -> Self {
        let readers = Readers::new(move || connection::immutable(&path));
        Self { readers, tmp, keys, stamp: Stamp::new() }
    }
}

/// Copies what a connection sees at this moment into a new file.
pub(crate) fn copy_view(
    source: &Connection,
    to: &std::path::Path,
    progress: &mut dyn FnMut(u64, u64) -> bool,
) -> Result<()> {
    let doing = while_doing("copying a database");
    // Inside one read transaction the view is stable whatever is written, and the copy never begins again. It ends with
    // the copy, long before an export does, so the log can be moved and begin again.
    let mut copied = Ok(());
    in_view(source, |source| {
        // A transaction begins with its first read.
        copied = source
            .query_row("SELECT COUNT(*) FROM entity_set", [], |_row| Ok(()))
            .map_err(&doing)
            .and_then(|()| copy(source, to, progress));
        Ok(())
    })
    .map_err(|e| Error::new(ErrorKind::Other, "copying a database").because(e))?;
    copied
}

fn copy(source: &Connection, to: &std::path::Path, progress: &mut dyn FnMut(u64, u64) -> bool) -> Result<()> {
    let doing = while_doing("copying a database");
    let mut target = Connection::open(to).map_err(&doing)?;
    connection::unsynced(&target, "main")?;
    {
        let backup = Backup::new(source, &mut target).map_err(&doing)?;
        loop {
            let step = backup.step(STEP).map_err(&doing)?;
            let pages = backup.progress();
            let total = u64::try_from(pages.pagecount).unwrap_or(0);
            let left = u64::try_from(pages.remaining).unwrap_or(0);
            if !progress(total.saturating_sub(left), total) {
                return Err(Error::new(ErrorKind::Other, "copying a database, which was stopped"));
            }
            match step {
                StepResult::Done => break,
                StepResult::More => {}
                // Nothing else uses either connection, so this passes.
                _ => std::thread::sleep(Duration::from_millis(1)),
            }
        }
    }
    target.close().map_err(|(_connection, error)| doing(error))
}

impl Store for FrozenStore {
    fn read_with(&self, work: ReadWork<'_>) -> DomainResult<()> {
        self.readers.read(|connection| work(&SqliteReadTx::new(connection, self.keys.as_deref())))
    }

    fn write_with(&self, _work: WriteWork) -> DomainResult<()> {
        Err(Error::new(ErrorKind::Retired, "writing to a copy, which is to be read only").into())
    }

    fn stamp(&self) -> u64 {
        self.stamp.get()
    }

    fn freeze(&self, draft: &str, progress: &mut dyn FnMut(u64, u64) -> bool) -> Result<Arc<dyn Store>> {
        let source = self.readers.take()?;
        let path = draft::copy_path(&self.tmp, draft);
        Ok(Arc::new(Self::copy(source.get()?, path, &self.tmp, self.keys.clone(), progress)?))
    }

    fn index(&self, _set: &EntitySet, _field: &Field, _go_on: &mut dyn FnMut() -> bool) -> DomainResult<()> {
        Err(Error::new(ErrorKind::Retired, "indexing a copy, which is to be read only").into())
    }

    fn retire(&self) {}

    fn reinstate(&self) {}

    fn size(&self) -> Result<u64> {
        let reader = self.readers.take()?;
        store::size(reader.get()?)
    }
}

/// A database file that goes with its last user.
pub(crate) struct Temporary(pub(crate) PathBuf);

impl Drop for Temporary {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_file(&self.0)
            && error.kind() != std::io::ErrorKind::NotFound
        {
            // It lies in `tmp`, which the next start empties.
            tracing::warn!(%error, "a temporary database could not be removed");
        }
    }
}
