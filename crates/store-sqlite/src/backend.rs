//! The backend over one data folder.

use std::collections::HashSet;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use parking_lot::Mutex;
use saibo_model::Id;
use saibo_store::{Backend, Blobs, Builder, Draft, Error, Fork, Place, Result, Snapshots, Store};

use crate::blobs::{self, FileBlobs};
use crate::builder::SqliteBuilder;
use crate::cell::{OpenCell, OpenCells};
use crate::draft::{self, DRAFT, DraftFolder, SqliteDraft};
use crate::encryption::{Encryption, Keys};
use crate::folder::{Folder, Gone};
use crate::fork::SqliteFork;
use crate::housekeeper::{Housekeeper, Settled};
use crate::pins::Pins;
use crate::snapshots::FileSnapshots;
use crate::store::SqliteStore;
use crate::{connection, folder};

/// How much is kept open, and how contents are encrypted.
#[derive(Clone, Debug)]
pub struct Options {
    /// Cells whose databases stay open after use. Each holds some six file handles and, once read, up to
    /// some ten MiB of cache.
    pub open_cells: NonZeroUsize,
    /// Without it, contents are not encrypted, and those that are cannot be read.
    pub encryption: Option<Encryption>,
}

impl Default for Options {
    fn default() -> Self {
        Self { open_cells: NonZeroUsize::MIN.saturating_add(63), encryption: None }
    }
}

/// A data folder, open. Its owner holds the lock that keeps other processes out.
pub struct SqliteBackend {
    cells: PathBuf,
    tmp: Arc<Folder>,
    register: Arc<SqliteStore>,
    open: OpenCells,
    snapshots: FileSnapshots,
    encryption: Option<Encryption>,
    /// The file that says that the last process ended in order; absent while one runs.
    clean: PathBuf,
    /// After a crash: the generations that were looked through for lost contents since.
    scrubbed: Option<Mutex<HashSet<Place>>>,
    housekeeper: Housekeeper,
    /// The last field: dropped when all of the above is closed or on the way to it.
    _settled: Settled,
}

impl SqliteBackend {
    /// Opens a data folder, or makes one, and empties its `tmp`, but for what can be gone on with. Time does not depend on the number of Cells.
    ///
    /// # Errors
    /// If the folder cannot be used, or holds a register that this program cannot read.
    pub fn open(data: &Path, options: Options) -> Result<Self> {
        let (cells, tmp, clean) = (data.join("cells"), data.join("tmp"), data.join("clean"));
        folder::create(&cells)?;
        folder::create(&tmp)?;
        folder::empty_but(&tmp, DRAFT)?;
        connection::spill_to(&tmp);
        let unit = data.join("unit.db");
        let fresh = !unit.exists();
        if fresh {
            // Under its name only when it is whole.
            let new = tmp.join("unit.db");
            connection::create(&new)?;
            folder::rename(&new, &unit)?;
        }
        let crashed = !fresh && std::fs::remove_file(&clean).is_err();
        // Else the mark could be back after a crash, and what was lost in it would stay.
        folder::sync(data)?;
        let housekeeper = Housekeeper::start()?;
        let tmp_folder = Folder::new(tmp.clone());
        let data = Folder::new(data.to_owned());
        Ok(Self {
            register: Arc::new(SqliteStore::open(
                &data,
                "unit.db",
                tmp_folder.clone(),
                None,
                housekeeper.clone(),
            )?),
            snapshots: FileSnapshots { cells: cells.clone(), tmp },
            open: OpenCells::new(options.open_cells),
            encryption: options.encryption,
            scrubbed: crashed.then(Mutex::default),
            cells,
            tmp: tmp_folder,
            clean,
            _settled: Settled(housekeeper.clone()),
            housekeeper,
        })
    }

    /// Whether the last process ended in the middle of something.
    #[must_use]
    pub fn crashed(&self) -> bool {
        self.scrubbed.is_some()
    }

    fn cell_folder(&self, cell: &Id) -> Result<PathBuf> {
        folder::of_cell(&self.cells, cell)
    }

    fn place_folder(&self, place: &Place) -> Result<PathBuf> {
        Ok(self.cell_folder(&place.cell)?.join(place.generation.to_string()))
    }

    fn keys(&self, cell: &Id) -> Result<Option<Arc<Keys>>> {
        self.encryption.as_ref().map(|encryption| Keys::of_cell(encryption, cell).map(Arc::new)).transpose()
    }

    fn draft_in(&self, cell: &Id, folder: DraftFolder) -> Result<SqliteDraft> {
        let (cells, tmp, keys) = (self.cells.clone(), self.tmp.clone(), self.keys(cell)?);
        Ok(SqliteDraft { folder, cells, tmp, keys })
    }

    fn open_cell(&self, place: &Place) -> Result<Arc<OpenCell>> {
        let folder = Folder::new(self.place_folder(place)?);
        let (tmp, keys) = (self.tmp.clone(), self.keys(&place.cell)?);
        let cell = OpenCell {
            store: SqliteStore::open(&folder, "cell.db", tmp, keys.clone(), self.housekeeper.clone())?,
            pins: Mutex::new(Pins::default()),
            sweeping: Mutex::new(()),
            tmp: self.tmp.clone(),
            keys,
            folder,
        };
        if let Some(scrubbed) = &self.scrubbed
            && !scrubbed.lock().contains(place)
        {
            blobs::scrub(&cell)?;
            scrubbed.lock().insert(place.clone());
        }
        Ok(Arc::new(cell))
    }
}

impl Backend for SqliteBackend {
    fn register(&self) -> Arc<dyn Store> {
        self.register.clone()
    }

    fn create(&self, place: &Place) -> Result<()> {
        let folder = tempfile::tempdir_in(self.tmp.join("")).map_err(|e| Error::io("creating a Cell", e))?;
        connection::create(&folder.path().join("cell.db"))?;
        folder::sync(folder.path())?;
        folder::create(&self.cell_folder(&place.cell)?)?;
        folder::rename(folder.path(), &self.place_folder(place)?)?;
        let _moved = folder.keep();
        Ok(())
    }

    fn open(&self, place: &Place) -> Result<(Arc<dyn Store>, Arc<dyn Blobs>)> {
        let cell = self.open.find_or(place, || self.open_cell(place))?;
        Ok((cell.clone(), Arc::new(FileBlobs(cell))))
    }

    fn build(&self, cell: &Id) -> Result<Box<dyn Builder>> {
        Ok(Box::new(SqliteBuilder::new(self.cell_folder(cell)?, &self.tmp.join(""), self.keys(cell)?)?))
    }

    fn fork(
        &self,
        from: &Place,
        contents: &Place,
        progress: &mut dyn FnMut(u64, u64) -> bool,
    ) -> Result<Box<dyn Fork>> {
        let cell = self.open.find_or(from, || self.open_cell(from))?;
        let others = self.open.find_or(contents, || self.open_cell(contents))?;
        let folder = self.cell_folder(&from.cell)?;
        Ok(Box::new(SqliteFork::new(cell, others, folder, &self.tmp.join(""), progress)?))
    }

    fn amend(&self, from: &Place, progress: &mut dyn FnMut(u64, u64) -> bool) -> Result<Box<dyn Builder>> {
        let cell = self.open.find_or(from, || self.open_cell(from))?;
        let (folder, tmp) = (self.cell_folder(&from.cell)?, self.tmp.join(""));
        Ok(Box::new(SqliteBuilder::over(cell, folder, &tmp, progress)?))
    }

    fn remove(&self, place: &Place) -> Result<()> {
        let path = self.place_folder(place)?;
        let tmp = self.tmp.join("");
        self.open.take_away(
            |open| open == place,
            || Gone::take(&path, &tmp),
            |_place, gone| gone.path().to_owned(),
        )?;
        folder::sync_parent(&path)
    }

    fn remove_cell(&self, cell: &Id) -> Result<()> {
        let path = self.cell_folder(cell)?;
        let tmp = self.tmp.join("");
        self.open.take_away(
            |open| open.cell == *cell,
            || Gone::take(&path, &tmp),
            |place, gone| gone.path().join(place.generation.to_string()),
        )?;
        folder::sync_parent(&path)
    }

    fn generations(&self, cell: &Id) -> Result<Vec<u64>> {
        folder::generations(&self.cell_folder(cell)?)
    }

    fn snapshots(&self) -> &dyn Snapshots {
        &self.snapshots
    }

    fn draft(&self, cell: &Id) -> Result<Box<dyn Draft>> {
        Ok(Box::new(self.draft_in(cell, DraftFolder::create(&self.tmp.join(""))?)?))
    }

    fn draft_again(&self, cell: &Id, name: &str) -> Result<Option<Box<dyn Draft>>> {
        let Some(folder) = DraftFolder::again(&self.tmp.join(""), name)? else { return Ok(None) };
        Ok(Some(Box::new(self.draft_in(cell, folder)?)))
    }

    fn build_again(&self, cell: &Id, name: &str) -> Result<Option<(Box<dyn Builder>, String)>> {
        let tmp = self.tmp.join("");
        let Some(folder) = DraftFolder::again(&tmp, name)? else { return Ok(None) };
        let again = SqliteBuilder::again(self.cell_folder(cell)?, &tmp, self.keys(cell)?, folder)?;
        Ok(again.map(|(builder, state)| (Box::new(builder) as Box<dyn Builder>, state)))
    }

    fn remove_drafts_but(&self, names: &[&str]) -> Result<()> {
        draft::remove_but(&self.tmp.join(""), names)
    }

    fn free_space(&self) -> Result<u64> {
        let stat =
            rustix::fs::statvfs(&self.cells).map_err(|e| Error::io("asking for free space", e.into()))?;
        Ok(stat.f_bavail.saturating_mul(stat.f_frsize))
    }
}

impl Drop for SqliteBackend {
    fn drop(&mut self) {
        self.open.clear();
        // Whoever drops the backend has ended its work in order; a crash never gets here.
        if let Err(error) = std::fs::File::create(&self.clean) {
            tracing::warn!(%error, "the data folder could not be marked as closed in order");
        }
    }
}
