//! What jobs have done so far, in folders that outlive the process: `tmp/draft-{name}`.
//!
//! Nothing in them is synced as it is written: what a process leaves is in the memory of the machine and is found there
//! by the next one. Only a machine that went down may have lost some of it. So a folder says in which run of the machine
//! it was made, or that all of it was put on disk since.

use std::fs::{self, File, OpenOptions};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use saibo_store::{Draft, Error, Result, SnapshotWriter, Store, WriteSeek};

use crate::encryption::Keys;
use crate::folder::{self, Folder};
use crate::frozen::FrozenStore;
use crate::snapshots::FileSnapshots;

/// What their names in `tmp` begin with.
pub(crate) const DRAFT: &str = "draft-";

/// In each: the run of the machine in which it was made, or [`ON_DISK`].
const MADE_IN: &str = "made-in";
const ON_DISK: &str = "on disk";

/// The copy of a Cell's database.
const COPY: &str = "copy.db";
const SNAPSHOT: &str = "snapshot.zip";
const LIST: &str = "entries";

/// One of the folders. Dropped, it goes, unless it was left.
pub(crate) struct DraftFolder {
    path: PathBuf,
    name: String,
    stays: AtomicBool,
}

impl DraftFolder {
    /// A new one.
    pub(crate) fn create(tmp: &Path) -> Result<Self> {
        let name = folder::random_name();
        let path = path_of(tmp, &name);
        let doing = |e| Error::io("making a folder for a job", e);
        fs::create_dir(&path).map_err(doing)?;
        let folder = Self { path, name, stays: AtomicBool::new(false) };
        fs::write(folder.path.join(MADE_IN), run_of_machine()).map_err(doing)?;
        Ok(folder)
    }

    /// One that a process before this one made, if it is as that left it.
    pub(crate) fn again(tmp: &Path, name: &str) -> Result<Option<Self>> {
        let is_name = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
        let path = path_of(tmp, name);
        if name.is_empty() || !name.bytes().all(is_name) || !path.is_dir() {
            return Ok(None);
        }
        // What is of no use goes.
        let folder = Self { path, name: name.to_owned(), stays: AtomicBool::new(false) };
        match fs::read_to_string(folder.path.join(MADE_IN)) {
            Ok(made_in) if made_in == ON_DISK => {
                // What is written from here on is not.
                folder.mark(run_of_machine())?;
                Ok(Some(folder))
            }
            Ok(made_in) if made_in == run_of_machine() => Ok(Some(folder)),
            Ok(_) => Ok(None),
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(e) => Err(Error::io("opening the folder of a job", e)),
        }
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Puts everything in it on disk, and has it stay.
    pub(crate) fn leave(&self) -> Result<()> {
        // Before the mark says so.
        sync_tree(&self.path).map_err(|e| Error::io("putting on disk what a job has done", e))?;
        self.mark(ON_DISK)?;
        folder::sync_parent(&self.path)?;
        self.stays.store(true, Ordering::Release);
        Ok(())
    }

    fn mark(&self, text: &str) -> Result<()> {
        let path = self.path.join(MADE_IN);
        fs::write(&path, text)
            .and_then(|()| File::open(&path)?.sync_all())
            .map_err(|e| Error::io("marking the folder of a job", e))
    }

    /// Its files are moved elsewhere, and it is a draft no more.
    pub(crate) fn unmark(&self) -> Result<()> {
        fs::remove_file(self.path.join(MADE_IN)).map_err(|e| Error::io("ending the folder of a job", e))
    }

    /// It lies elsewhere now.
    pub(crate) fn moved(self) {
        self.stays.store(true, Ordering::Release);
    }
}

impl Drop for DraftFolder {
    fn drop(&mut self) {
        if !self.stays.load(Ordering::Acquire)
            && let Err(error) = fs::remove_dir_all(&self.path)
        {
            tracing::warn!(%error, "the folder of a job stays until the next start");
        }
    }
}

fn sync_tree(path: &Path) -> std::io::Result<()> {
    for entry in fs::read_dir(path)? {
        let entry = entry?;
        match entry.file_type()?.is_dir() {
            true => sync_tree(&entry.path())?,
            false => File::open(entry.path())?.sync_all()?,
        }
    }
    File::open(path)?.sync_all()
}

/// Which run of the machine this is. Where it does not tell, what was made in another process counts as lost.
fn run_of_machine() -> &'static str {
    static RUN: OnceLock<String> = OnceLock::new();
    RUN.get_or_init(|| {
        let told = fs::read_to_string("/proc/sys/kernel/random/boot_id");
        told.map_or_else(|_untold| folder::random_name(), |id| id.trim().to_owned())
    })
}

/// Removes all but these.
pub(crate) fn remove_but(tmp: &Path, names: &[&str]) -> Result<()> {
    let doing = |e| Error::io("removing what jobs left", e);
    for entry in fs::read_dir(tmp).map_err(doing)? {
        let entry = entry.map_err(doing)?;
        let file_name = entry.file_name();
        if let Some(name) = file_name.to_str().and_then(|name| name.strip_prefix(DRAFT))
            && !names.contains(&name)
        {
            fs::remove_dir_all(entry.path()).map_err(doing)?;
        }
    }
    Ok(())
}

fn path_of(tmp: &Path, name: &str) -> PathBuf {
    tmp.join(format!("{DRAFT}{name}"))
}

/// Where the copy of a database in a draft is.
pub(crate) fn copy_path(tmp: &Folder, name: &str) -> PathBuf {
    path_of(&tmp.join(""), name).join(COPY)
}

/// See [`Draft`].
pub(crate) struct SqliteDraft {
    pub(crate) folder: DraftFolder,
    pub(crate) cells: PathBuf,
    pub(crate) tmp: Arc<Folder>,
    pub(crate) keys: Option<Arc<Keys>>,
}

impl SqliteDraft {
    fn open(&self, name: &str) -> Result<(File, PathBuf)> {
        let path = self.folder.path().join(name);
        let file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&path);
        Ok((file.map_err(|e| Error::io("opening a file of a job", e))?, path))
    }
}

impl Draft for SqliteDraft {
    fn name(&self) -> &str {
        self.folder.name()
    }

    fn copy(&self, store: &dyn Store, progress: &mut dyn FnMut(u64, u64) -> bool) -> Result<Arc<dyn Store>> {
        let path = self.folder.path().join(COPY);
        if path.exists() {
            return Ok(Arc::new(FrozenStore::open(path, self.tmp.clone(), self.keys.clone())));
        }
        store.freeze(self.folder.name(), progress)
    }

    fn writer(&self) -> Result<Box<dyn SnapshotWriter>> {
        let (file, path) = self.open(SNAPSHOT)?;
        FileSnapshots { cells: self.cells.clone(), tmp: self.tmp.join("") }.writer_on(file, path)
    }

    fn list(&self) -> Result<Box<dyn WriteSeek>> {
        Ok(Box::new(self.open(LIST)?.0))
    }

    fn leave(&self) -> Result<()> {
        self.folder.leave()
    }
}
