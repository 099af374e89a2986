//! One open database: its committer and a few readers.

use std::path::Path;
use std::sync::Arc;

use saibo_model::query::Field;
use saibo_model::{EntitySet, Result as DomainResult};
use saibo_store::store::{ReadWork, WriteWork};
use saibo_store::{Error, ErrorKind, Result, Store};

use crate::commit::Committer;
use crate::encryption::Keys;
use crate::error::while_doing;
use crate::folder::Folder;
use crate::frozen::{self, FrozenStore};
use crate::housekeeper::{Housekeeper, Job};
use crate::making::{Maker, Making};
use crate::read::SqliteReadTx;
use crate::readers::Readers;
use crate::{connection, draft};

/// An open database.
pub(crate) struct SqliteStore {
    committer: Arc<Committer>,
    readers: Readers,
    tmp: Arc<Folder>,
    keys: Option<Arc<Keys>>,
    maker: Arc<Maker>,
    housekeeper: Housekeeper,
}

impl SqliteStore {
    /// Opens an existing database; `tmp` is where its copies go, and the keys are those of the contents in it.
    pub(crate) fn open(
        folder: &Arc<Folder>,
        file: &'static str,
        tmp: Arc<Folder>,
        keys: Option<Arc<Keys>>,
        housekeeper: Housekeeper,
    ) -> Result<Self> {
        if !folder.join(file).exists() {
            return Err(Error::new(ErrorKind::NotFound, format!("opening {}", folder.join(file).display())));
        }
        let committer = Committer::open(folder.clone(), file, keys.clone(), housekeeper.clone())?;
        let maker = Maker::new(&committer, folder.clone(), file, tmp.clone());
        if committer.is_unfinished() {
            maker.go_on();
        }
        let folder = folder.clone();
        let readers = Readers::new(move || folder.open(|folder| connection::reader(&folder.join(file))));
        Ok(Self { committer, readers, tmp, keys, maker, housekeeper })
    }

    /// Copies what it holds at this moment into a new file.
    pub(crate) fn copy_to(&self, path: &Path, progress: &mut dyn FnMut(u64, u64) -> bool) -> Result<()> {
        let source = self.readers.take()?;
        frozen::copy_view(source.get()?, path, progress)
    }
}

impl Store for SqliteStore {
    fn read_with(&self, work: ReadWork<'_>) -> DomainResult<()> {
        self.readers.read(|connection| work(&SqliteReadTx::new(connection, self.keys.as_deref())))
    }

    fn write_with(&self, work: WriteWork) -> DomainResult<()> {
        self.committer.write(move |tx| work(tx))
    }

    fn stamp(&self) -> u64 {
        self.committer.stamp()
    }

    fn freeze(&self, draft: &str, progress: &mut dyn FnMut(u64, u64) -> bool) -> Result<Arc<dyn Store>> {
        let source = self.readers.take()?;
        let path = draft::copy_path(&self.tmp, draft);
        let keys = self.keys.clone();
        Ok(Arc::new(FrozenStore::copy(source.get()?, path, &self.tmp, keys, progress)?))
    }

    fn index(&self, set: &EntitySet, field: &Field, go_on: &mut dyn FnMut() -> bool) -> DomainResult<()> {
        let Some(making) = Making::new(set, field)? else { return Ok(()) };
        // A look that holds up nobody.
        if self.readers.read(|connection| making.is_done(connection))? {
            return Ok(());
        }
        self.maker.make(making, go_on)
    }

    fn retire(&self) {
        self.committer.retire();
    }

    fn reinstate(&self) {
        self.committer.reinstate();
    }

    fn size(&self) -> Result<u64> {
        let reader = self.readers.take()?;
        size(reader.get()?)
    }
}

impl Drop for SqliteStore {
    fn drop(&mut self) {
        self.maker.stop();
        let idle = self.readers.take_idle();
        if !idle.is_empty() {
            // Without a housekeeper they are closed here and now.
            drop(self.housekeeper.leave(Job::Close(idle)));
        }
    }
}

/// The bytes of a database, without its log.
pub(crate) fn size(connection: &rusqlite::Connection) -> Result<u64> {
    connection
        .prepare_cached("SELECT page_count*page_size FROM pragma_page_count,pragma_page_size")
        .and_then(|mut statement| statement.query_row([], |row| row.get::<_, i64>(0)))
        .map(|bytes| u64::try_from(bytes).unwrap_or(0))
        .map_err(while_doing("measuring a database"))
}
