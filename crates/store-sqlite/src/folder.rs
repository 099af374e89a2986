//! Folders and files that survive a power loss, and folders that go while somebody still reads in them.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use parking_lot::{RwLock, RwLockWriteGuard};
use saibo_model::Id;
use saibo_store::{Error, ErrorKind, Result};

/// A folder in use. When it is removed it moves away at once, and is deleted with the last who uses it.
pub(crate) struct Folder(RwLock<(PathBuf, Option<Arc<Gone>>)>);

impl Folder {
    pub(crate) fn new(path: PathBuf) -> Arc<Self> {
        Arc::new(Self(RwLock::new((path, None))))
    }

    /// Opens something in it, while it stays where it is: SQLite opens a database's log by its name.
    pub(crate) fn open<R>(&self, open: impl FnOnce(&Path) -> R) -> R {
        open(&self.0.read().0)
    }

    /// A path in one that never moves.
    pub(crate) fn join(&self, name: &str) -> PathBuf {
        self.0.read().0.join(name)
    }

    /// Keeps it from being used until it has been moved.
    pub(crate) fn hold(&self) -> HeldFolder<'_> {
        HeldFolder(self.0.write())
    }
}

/// A folder that is about to be moved.
pub(crate) struct HeldFolder<'f>(RwLockWriteGuard<'f, (PathBuf, Option<Arc<Gone>>)>);

impl HeldFolder<'_> {
    /// Says that it lies elsewhere now, inside what is to be deleted.
    pub(crate) fn moved(mut self, to: PathBuf, gone: Arc<Gone>) {
        *self.0 = (to, Some(gone));
    }
}

/// A folder in `tmp` that is deleted with the last reference to it.
pub(crate) struct Gone(PathBuf);

impl Gone {
    /// Takes a folder away in one step. A crash leaves it in `tmp`, which is emptied at start. `None` if it
    /// was not there.
    pub(crate) fn take(path: &Path, tmp: &Path) -> Result<Option<Arc<Self>>> {
        let gone = tmp.join(random_name());
        match fs::rename(path, &gone) {
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(e) => Err(Error::io(format!("removing the folder {}", path.display()), e)),
            Ok(()) => Ok(Some(Arc::new(Self(gone)))),
        }
    }

    /// Where it is now.
    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Gone {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_dir_all(&self.0) {
            tracing::warn!(%error, "a removed folder stays in `tmp` until the next start");
        }
    }
}

/// Makes a folder and those above it, each entered durably in the one above.
pub(crate) fn create(path: &Path) -> Result<()> {
    if path.is_dir() {
        return Ok(());
    }
    if let Some(parent) = path.parent() {
        create(parent)?;
    }
    match fs::create_dir(path) {
        Err(e) if e.kind() != std::io::ErrorKind::AlreadyExists => {
            Err(Error::io(format!("creating the folder {}", path.display()), e))
        }
        _ => path.parent().map_or(Ok(()), sync),
    }
}

/// Puts a folder's entries on disk.
pub(crate) fn sync(path: &Path) -> Result<()> {
    File::open(path)
        .and_then(|folder| folder.sync_all())
        .map_err(|e| Error::io(format!("syncing the folder {}", path.display()), e))
}

/// Moves a file or folder to its final name, durably.
pub(crate) fn rename(from: &Path, to: &Path) -> Result<()> {
    fs::rename(from, to).map_err(|e| match e.kind() {
        std::io::ErrorKind::DirectoryNotEmpty | std::io::ErrorKind::AlreadyExists => {
            Error::new(ErrorKind::Conflict, format!("moving a folder to {}", to.display())).because(e)
        }
        _ => Error::io(format!("moving a file to {}", to.display()), e),
    })?;
    to.parent().map_or(Ok(()), sync)
}

/// Takes a folder away in one step, then removes what it held.
pub(crate) fn remove(path: &Path, tmp: &Path) -> Result<()> {
    let gone = Gone::take(path, tmp)?;
    sync_parent(path)?;
    drop(gone);
    Ok(())
}

/// Puts on disk that a folder's entry is gone, or new.
pub(crate) fn sync_parent(path: &Path) -> Result<()> {
    match path.parent() {
        Some(parent) if parent.is_dir() => sync(parent),
        _ => Ok(()),
    }
}

/// Removes everything inside a folder, but for what has a name that begins so.
pub(crate) fn empty_but(path: &Path, prefix: &str) -> Result<()> {
    let doing = |e| Error::io(format!("emptying the folder {}", path.display()), e);
    for entry in fs::read_dir(path).map_err(doing)? {
        let entry = entry.map_err(doing)?;
        if entry.file_name().to_string_lossy().starts_with(prefix) {
            continue;
        }
        if entry.file_type().map_err(doing)?.is_dir() {
            fs::remove_dir_all(entry.path()).map_err(doing)?;
        } else {
            fs::remove_file(entry.path()).map_err(doing)?;
        }
    }
    Ok(())
}

/// A name that no other file has.
pub(crate) fn random_name() -> String {
    saibo_model::Id::random().into()
}

/// `{root}/{2}/{name}`: folders of folders, so that none gets huge. The two characters are of the name's
/// hash, since a name may begin with anything.
pub(crate) fn spread(root: &Path, name: &str) -> PathBuf {
    root.join(format!("{:02x}", crc32fast::hash(name.as_bytes()) & 0xff)).join(name)
}

/// The folder of a Cell. Ids are the unit's own, random ones; whatever could name another folder was never one.
pub(crate) fn of_cell(cells: &Path, cell: &Id) -> Result<PathBuf> {
    let name = cell.as_str();
    if name.is_empty() || !name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_') {
        return Err(Error::new(ErrorKind::NotFound, format!("looking for the Cell {name:?}")));
    }
    Ok(spread(cells, name))
}

/// The generations in a Cell's folder.
pub(crate) fn generations(cell: &Path) -> Result<Vec<u64>> {
    let doing = |e| Error::io("listing a Cell's generations", e);
    let entries = match fs::read_dir(cell) {
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.map_err(doing)?,
    };
    let mut generations = Vec::new();
    for entry in entries {
        generations.extend(entry.map_err(doing)?.file_name().to_str().and_then(|n| n.parse::<u64>().ok()));
    }
    generations.sort_unstable();
    Ok(generations)
}
