//! Snapshot files.

use std::fs::File;
use std::path::PathBuf;

use saibo_model::Id;
use saibo_store::{Error, ErrorKind, ReadSeek, Result, SnapshotWriter, Snapshots, WriteSeek};

use crate::folder;

/// Snapshot files in `{cells}/{2}/{cell id}/snapshots/`.
pub(crate) struct FileSnapshots {
    pub(crate) cells: PathBuf,
    pub(crate) tmp: PathBuf,
}

impl FileSnapshots {
    fn folder(&self, cell: &Id) -> Result<PathBuf> {
        Ok(folder::of_cell(&self.cells, cell)?.join("snapshots"))
    }

    fn path(&self, cell: &Id, place: &str) -> Result<PathBuf> {
        // Places are names that `keep` made: random ids. Anything else was never one.
        if place.is_empty() || !place.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_') {
            return Err(Error::new(ErrorKind::NotFound, format!("looking for a snapshot file at {place:?}")));
        }
        Ok(self.folder(cell)?.join(place))
    }
}

impl Snapshots for FileSnapshots {
    fn writer(&self) -> Result<Box<dyn SnapshotWriter>> {
        let file = tempfile::NamedTempFile::new_in(&self.tmp)
            .map_err(|e| Error::io("creating a snapshot file", e))?;
        Ok(Box::new(FileWriter { file, cells: self.cells.clone(), tmp: self.tmp.clone() }))
    }

    fn scratch(&self) -> Result<Box<dyn WriteSeek>> {
        let file = tempfile::tempfile_in(&self.tmp).map_err(|e| Error::io("creating a scratch file", e))?;
        Ok(Box::new(file))
    }

    fn open(&self, cell: &Id, place: &str) -> Result<Box<dyn ReadSeek>> {
        let file =
            File::open(self.path(cell, place)?).map_err(|e| Error::io("opening a snapshot file", e))?;
        Ok(Box::new(file))
    }

    fn remove(&self, cell: &Id, place: &str) -> Result<()> {
        match std::fs::remove_file(self.path(cell, place)?) {
            Err(e) if e.kind() != std::io::ErrorKind::NotFound => {
                Err(Error::io("removing a snapshot file", e))
            }
            _ => Ok(()),
        }
    }

    fn places(&self, cell: &Id) -> Result<Vec<String>> {
        let doing = |e| Error::io("listing snapshot files", e);
        let entries = match std::fs::read_dir(self.folder(cell)?) {
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries.map_err(doing)?,
        };
        entries.map(|entry| Ok(entry.map_err(doing)?.file_name().to_string_lossy().into_owned())).collect()
    }
}

struct FileWriter {
    file: tempfile::NamedTempFile,
    cells: PathBuf,
    tmp: PathBuf,
}

impl SnapshotWriter for FileWriter {
    fn file(&mut self) -> &mut dyn WriteSeek {
        self.file.as_file_mut()
    }

    fn keep(self: Box<Self>, cell: &Id) -> Result<String> {
        let FileWriter { file, cells, tmp } = *self;
        file.as_file().sync_all().map_err(|e| Error::io("syncing a snapshot file", e))?;
        let snapshots = FileSnapshots { cells, tmp };
        let folder = snapshots.folder(cell)?;
        folder::create(&folder)?;
        let place = folder::random_name();
        file.persist(folder.join(&place)).map_err(|e| Error::io("keeping a snapshot file", e.error))?;
        folder::sync(&folder)?;
        Ok(place)
    }
}
