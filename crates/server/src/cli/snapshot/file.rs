//! Opening a snapshot file, and telling what is no snapshot from what is a bad one.

use std::fmt;
use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use saibo_archive::{Error, Key, Limits, SnapshotReader, is_sealed};
use saibo_store::ReadSeek;

/// Why a file cannot be opened as a snapshot.
#[derive(Debug)]
pub(in crate::cli) enum Opening {
    /// It cannot be read, is something else, or of a version that is not known.
    NoSnapshot(String),
    /// It is a snapshot, and so damaged that there is no looking into it.
    Damaged(Error),
}

impl fmt::Display for Opening {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoSnapshot(why) => f.write_str(why),
            Self::Damaged(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for Opening {}

/// Whether a zip file has the name of an entry of snapshots near its beginning, where every program that writes them
/// has one.
fn begins_like_one(path: &Path) -> bool {
    let mut head = Vec::new();
    let read = File::open(path).and_then(|file| file.take(4096).read_to_end(&mut head));
    let has = |name: &[u8]| head.windows(name.len()).any(|part| part == name);
    read.is_ok() && (has(b"00_manifest.json") || has(b"10_odata/"))
}

/// A snapshot from a file, decrypted where it is read.
pub(in crate::cli) type Snapshot = SnapshotReader<Box<dyn ReadSeek>>;

/// Opens a snapshot; with a key, an encrypted one.
///
/// # Errors
/// See [`Opening`].
pub(in crate::cli) fn open(path: &Path, key: Option<&Key>) -> Result<Snapshot, Opening> {
    let no_snapshot = |why: &dyn fmt::Display| Opening::NoSnapshot(format!("{}: {why}", path.display()));
    let mut file = File::open(path)
        .map_err(|error| Opening::NoSnapshot(format!("{} cannot be read: {error}", path.display())))?;
    let file: Box<dyn ReadSeek> = match key {
        Some(key) => Box::new(key.open(file).map_err(|error| no_snapshot(&error))?.0),
        None if is_sealed(&mut file).map_err(|error| no_snapshot(&error))? => {
            return Err(no_snapshot(
                &"it is encrypted; --identity FILE or --passphrase-file FILE decrypts it",
            ));
        }
        None => Box::new(file),
    };
    SnapshotReader::open(file, Limits::default()).map_err(|error| match error {
        Error::NotAZip | Error::Io(_) | Error::UnsupportedVersion { .. } => {
            Opening::NoSnapshot(format!("{}: {error}", path.display()))
        }
        Error::Missing { .. } | Error::Hostile { .. } if !begins_like_one(path) => {
            Opening::NoSnapshot(format!("{} is a zip file, but no snapshot: {error}", path.display()))
        }
        error => Opening::Damaged(error),
    })
}
