//! The backend over one data folder.

use std::collections::{HashMap, HashSet};
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Weak};

use lru::LruCache;
use parking_lot::Mutex;
use saibo_model::Id;
use saibo_store::{Backend, Blobs, Builder, Error, Place, Result, Snapshots, Store};

use crate::blobs::FileBlobs;
use crate::builder::SqliteBuilder;
use crate::snapshots::FileSnapshots;
use crate::store::SqliteStore;
use crate::{connection, folder};

/// How much is kept open.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// Cells whose databases stay open after use. Each holds some six file handles and, once read, up to
    /// some ten MiB of cache.
    pub open_cells: NonZeroUsize,
}

impl Default for Options {
    fn default() -> Self {
        Self { open_cells: NonZeroUsize::MIN.saturating_add(63) }
    }
}

type OpenCell = (Arc<SqliteStore>, Arc<FileBlobs>);

/// The open Cells. A database may have one committer only, so one that is in use is found again even after
/// it fell out of the lately used.
struct OpenCells {
    lately: LruCache<Place, OpenCell>,
    in_use: HashMap<Place, (Weak<SqliteStore>, Weak<FileBlobs>)>,
}

impl OpenCells {
    fn get(&mut self, place: &Place) -> Option<OpenCell> {
        if let Some(cell) = self.lately.get(place) {
            return Some(cell.clone());
        }
        let (store, blobs) = self.in_use.get(place)?;
        let cell = (store.upgrade()?, blobs.upgrade()?);
        self.put(place, &cell);
        Some(cell)
    }

    fn put(&mut self, place: &Place, cell: &OpenCell) {
        if self.in_use.len() > 2 * self.lately.cap().get() {
            self.in_use.retain(|_, (store, _)| store.strong_count() > 0);
        }
        self.in_use.insert(place.clone(), (Arc::downgrade(&cell.0), Arc::downgrade(&cell.1)));
        self.lately.put(place.clone(), cell.clone());
    }

    fn forget(&mut self, place: &Place) {
        self.lately.pop(place);
        self.in_use.remove(place);
    }
}

/// A data folder, open. Its owner holds the lock that keeps other processes out.
pub struct SqliteBackend {
    cells: PathBuf,
    tmp: PathBuf,
    register: Arc<SqliteStore>,
    open: Mutex<OpenCells>,
    snapshots: FileSnapshots,
    /// The file that says that the last process ended in order; absent while one runs.
    clean: PathBuf,
    /// After a crash: the generations that were looked through for lost contents since.
    scrubbed: Option<Mutex<HashSet<Place>>>,
}

impl SqliteBackend {
    /// Opens a data folder, or makes one, and empties its `tmp`. Time does not depend on the number of Cells.
    ///
    /// # Errors
    /// If the folder cannot be used, or holds a register that this program cannot read.
    pub fn open(data: &Path, options: Options) -> Result<Self> {
        let (cells, tmp, clean) = (data.join("cells"), data.join("tmp"), data.join("clean"));
        folder::create(&cells)?;
        folder::create(&tmp)?;
        folder::empty(&tmp)?;
        let unit = data.join("unit.db");
        let fresh = !unit.exists();
        if fresh {
            // Under its name only when it is whole.
            let new = tmp.join("unit.db");
            connection::create(&new)?;
            folder::rename(&new, &unit)?;
        }
        let crashed = !fresh && std::fs::remove_file(&clean).is_err();
        Ok(Self {
            register: Arc::new(SqliteStore::open(&unit, &tmp)?),
            snapshots: FileSnapshots { cells: cells.clone(), tmp: tmp.clone() },
            open: Mutex::new(OpenCells { lately: LruCache::new(options.open_cells), in_use: HashMap::new() }),
            scrubbed: crashed.then(Mutex::default),
            cells,
            tmp,
            clean,
        })
    }

    /// Whether the last process ended in the middle of something.
    #[must_use]
    pub fn crashed(&self) -> bool {
        self.scrubbed.is_some()
    }

    fn cell_folder(&self, cell: &Id) -> PathBuf {
        folder::spread(&self.cells, cell.as_str())
    }

    fn place_folder(&self, place: &Place) -> PathBuf {
        self.cell_folder(&place.cell).join(place.generation.to_string())
    }

    fn open_cell(&self, place: &Place) -> Result<OpenCell> {
        if let Some(cell) = self.open.lock().get(place) {
            return Ok(cell);
        }
        let folder = self.place_folder(place);
        let store = Arc::new(SqliteStore::open(&folder.join("cell.db"), &self.tmp)?);
        let blobs = FileBlobs::new(folder.join("blobs"), self.tmp.clone(), store.clone());
        let mut open = self.open.lock();
        // Another may have been quicker, and there may be only one committer.
        if let Some(cell) = open.get(place) {
            return Ok(cell);
        }
        if let Some(scrubbed) = &self.scrubbed
            && scrubbed.lock().insert(place.clone())
        {
            blobs.scrub()?;
        }
        let cell = (store, Arc::new(blobs));
        open.put(place, &cell);
        Ok(cell)
    }
}

impl Backend for SqliteBackend {
    fn register(&self) -> Arc<dyn Store> {
        self.register.clone()
    }

    fn create(&self, place: &Place) -> Result<()> {
        let folder = tempfile::tempdir_in(&self.tmp).map_err(|e| Error::io("creating a Cell", e))?;
        connection::create(&folder.path().join("cell.db"))?;
        folder::sync(folder.path())?;
        folder::create(&self.cell_folder(&place.cell))?;
        folder::rename(folder.path(), &self.place_folder(place))?;
        let _moved = folder.keep();
        Ok(())
    }

    fn open(&self, place: &Place) -> Result<(Arc<dyn Store>, Arc<dyn Blobs>)> {
        let (store, blobs) = self.open_cell(place)?;
        Ok((store, blobs))
    }

    fn build(&self, cell: &Id) -> Result<Box<dyn Builder>> {
        let next = self.generations(cell)?.into_iter().max().unwrap_or(0) + 1;
        Ok(Box::new(SqliteBuilder::new(self.cell_folder(cell), next, &self.tmp)?))
    }

    fn remove(&self, place: &Place) -> Result<()> {
        self.open.lock().forget(place);
        folder::remove(&self.place_folder(place), &self.tmp)
    }

    fn remove_cell(&self, cell: &Id) -> Result<()> {
        for generation in self.generations(cell)? {
            self.open.lock().forget(&Place { cell: cell.clone(), generation });
        }
        folder::remove(&self.cell_folder(cell), &self.tmp)
    }

    fn generations(&self, cell: &Id) -> Result<Vec<u64>> {
        let doing = |e| Error::io("listing a Cell's generations", e);
        let entries = match std::fs::read_dir(self.cell_folder(cell)) {
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries.map_err(doing)?,
        };
        let mut generations = Vec::new();
        for entry in entries {
            generations.extend(entry.map_err(doing)?.file_name().to_str().and_then(|n| n.parse::<u64>().ok()));
        }
        Ok(generations)
    }

    fn snapshots(&self) -> &dyn Snapshots {
        &self.snapshots
    }

    fn free_space(&self) -> Result<u64> {
        let stat = rustix::fs::statvfs(&self.cells).map_err(|e| Error::io("asking for free space", e.into()))?;
        Ok(stat.f_bavail.saturating_mul(stat.f_frsize))
    }
}

impl Drop for SqliteBackend {
    fn drop(&mut self) {
        // Whoever drops the backend has ended its work in order; a crash never gets here.
        if let Err(error) = std::fs::File::create(&self.clean) {
            tracing::warn!(%error, "the data folder could not be marked as closed in order");
        }
    }
}
