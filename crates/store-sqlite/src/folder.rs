//! Folders and files that survive a power loss.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use saibo_store::{Error, Result};

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
    fs::rename(from, to).map_err(|e| Error::io(format!("moving a file to {}", to.display()), e))?;
    to.parent().map_or(Ok(()), sync)
}

/// Takes a folder away in one step, then removes what it held: a crash in between leaves it in `tmp`, which
/// is emptied at start.
pub(crate) fn remove(path: &Path, tmp: &Path) -> Result<()> {
    let gone = tmp.join(random_name());
    match fs::rename(path, &gone) {
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        Err(e) => return Err(Error::io(format!("removing the folder {}", path.display()), e)),
        Ok(()) => {}
    }
    if let Some(parent) = path.parent() {
        sync(parent)?;
    }
    fs::remove_dir_all(&gone).map_err(|e| Error::io("removing a folder's content", e))
}

/// Removes everything inside a folder.
pub(crate) fn empty(path: &Path) -> Result<()> {
    let doing = |e| Error::io(format!("emptying the folder {}", path.display()), e);
    for entry in fs::read_dir(path).map_err(doing)? {
        let entry = entry.map_err(doing)?;
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
