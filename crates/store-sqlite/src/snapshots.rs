//! Snapshot files.

use std::fs::{File, OpenOptions};
use std::io::{Seek as _, SeekFrom, Write as _};
use std::path::PathBuf;

use saibo_model::Id;
use saibo_store::{Error, ErrorKind, PartWriter, ReadSeek, Result, SnapshotWriter, Snapshots, WriteSeek};

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

impl FileSnapshots {
    /// One that goes on with a file, which stays when it is dropped.
    pub(crate) fn writer_on(&self, file: File, path: PathBuf) -> Result<Box<dyn SnapshotWriter>> {
        let mut path = tempfile::TempPath::try_from_path(path)
            .map_err(|e| Error::io("opening a snapshot file to go on", e))?;
        path.disable_cleanup(true);
        let file = tempfile::NamedTempFile::from_parts(file, path);
        Ok(Box::new(FileWriter { file, cells: self.cells.clone(), tmp: self.tmp.clone() }))
    }
}

impl Snapshots for FileSnapshots {
    fn writer(&self) -> Result<Box<dyn SnapshotWriter>> {
        let file = tempfile::NamedTempFile::new_in(&self.tmp)
            .map_err(|e| Error::io("creating a snapshot file", e))?;
        Ok(Box::new(FileWriter { file, cells: self.cells.clone(), tmp: self.tmp.clone() }))
    }

    fn create(&self, cell: &Id) -> Result<String> {
        let folder = self.folder(cell)?;
        folder::create(&folder)?;
        let place = folder::random_name();
        let file = File::create_new(folder.join(&place)).and_then(|file| file.sync_all());
        file.map_err(|e| Error::io("creating a snapshot file", e))?;
        folder::sync(&folder)?;
        Ok(place)
    }

    fn append(&self, cell: &Id, place: &str, from: u64) -> Result<Box<dyn PartWriter>> {
        let doing = |e| Error::io("opening a snapshot file to go on", e);
        let mut file = OpenOptions::new().write(true).open(self.path(cell, place)?).map_err(doing)?;
        let length = file.metadata().map_err(doing)?.len();
        if length < from {
            let why = format!("going on at byte {from} of a snapshot file that has {length}");
            return Err(Error::new(ErrorKind::Corrupt, why));
        }
        file.set_len(from).and_then(|()| file.seek(SeekFrom::Start(from))).map_err(doing)?;
        Ok(Box::new(FilePart(file)))
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

struct FilePart(File);

impl PartWriter for FilePart {
    fn write(&mut self, bytes: &[u8]) -> Result<()> {
        self.0.write_all(bytes).map_err(|e| Error::io("writing a snapshot file", e))
    }

    fn sync(&mut self) -> Result<()> {
        self.0.sync_all().map_err(|e| Error::io("syncing a snapshot file", e))
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

    fn reader(&self) -> Result<Box<dyn ReadSeek>> {
        let file = self.file.reopen().map_err(|e| Error::io("opening a snapshot file", e))?;
        Ok(Box::new(file))
    }

    fn cut(&mut self, at: u64) -> Result<()> {
        let file = self.file.as_file_mut();
        file.set_len(at)
            .and_then(|()| file.seek(SeekFrom::Start(at)))
            .map(drop)
            .map_err(|e| Error::io("going on with a snapshot file", e))
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
