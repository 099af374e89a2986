//! A copy of a generation that is changed before anybody sees it: a database without syncs or a journal, and the files
//! of contents as further names of those that are there, for nobody ever writes to them again.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rusqlite::Connection;
use saibo_model::Result as DomainResult;
use saibo_store::builder::Built;
use saibo_store::fork::ForkWork;
use saibo_store::{Error, ErrorKind, Fork, Result, WriteTx as _};

use crate::cell::OpenCell;
use crate::content::{BLOBS, blob_path};
use crate::draft::DraftFolder;
use crate::error::while_doing;
use crate::write::SqliteWriteTx;
use crate::{built, connection};

/// See [`Fork`].
pub(crate) struct SqliteFork {
    connection: Connection,
    folder: DraftFolder,
    tmp: PathBuf,
    /// The Cell's folder, which the generation will be in.
    cell: PathBuf,
    /// Where contents may be.
    sources: [Arc<OpenCell>; 2],
}

impl SqliteFork {
    pub(crate) fn new(
        from: Arc<OpenCell>,
        contents: Arc<OpenCell>,
        cell: PathBuf,
        tmp: &Path,
        progress: &mut dyn FnMut(u64, u64) -> bool,
    ) -> Result<Self> {
        let (folder, connection) = copy(&from, tmp, progress)?;
        Ok(Self { connection, folder, tmp: tmp.to_owned(), cell, sources: [from, contents] })
    }

    /// Gives the contents that are files a name here, and forgets those that no node refers to.
    fn link_contents(&self) -> Result<()> {
        SqliteWriteTx::new(&self.connection, self.sources[0].keys.as_deref())
            .forget_unused_contents(&[])
            .map_err(|e| Error::new(ErrorKind::Other, "forgetting contents").because(e))?;
        link_contents(&self.connection, self.folder.path(), &self.sources)
    }
}

/// Copies a generation's database into a folder of its own, to become another generation.
pub(crate) fn copy(
    from: &OpenCell,
    tmp: &Path,
    progress: &mut dyn FnMut(u64, u64) -> bool,
) -> Result<(DraftFolder, Connection)> {
    let folder = DraftFolder::create(tmp)?;
    let path = folder.path().join(built::FILE);
    from.store.copy_to(&path, progress)?;
    let connection = connection::fork(&path)?;
    SqliteWriteTx::new(&connection, None).begin_generation()?;
    Ok((folder, connection))
}

/// Gives the contents of a copied database that are files a name in its `folder`, unless they have one.
pub(crate) fn link_contents(connection: &Connection, folder: &Path, sources: &[Arc<OpenCell>]) -> Result<()> {
    let doing = while_doing("listing the contents of a copied Cell");
    let mut statement = connection.prepare("SELECT hash FROM content WHERE data IS NULL").map_err(&doing)?;
    let mut rows = statement.query([]).map_err(&doing)?;
    while let Some(row) = rows.next().map_err(&doing)? {
        link(&row.get(0).map_err(&doing)?, folder, sources)?;
    }
    Ok(())
}

fn link(hash: &[u8; 32], folder: &Path, sources: &[Arc<OpenCell>]) -> Result<()> {
    let doing = |e| Error::io("copying a content", e);
    let to = blob_path(&folder.join(BLOBS), hash);
    to.parent().map_or(Ok(()), fs::create_dir_all).map_err(doing)?;
    let mut last = None;
    for source in sources {
        let linked = source.folder.open(|folder| {
            let from = blob_path(&folder.join(BLOBS), hash);
            match fs::hard_link(&from, &to) {
                // It was written here too: a content is what its name says.
                Err(e) if e.kind() == std::io::ErrorKind::AlreadyExists => Ok(()),
                // Not every file system can.
                Err(e) if e.kind() != std::io::ErrorKind::NotFound => fs::copy(&from, &to).map(drop),
                linked => linked,
            }
        });
        match linked {
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => last = Some(e),
            linked => return linked.map_err(doing),
        }
    }
    match last {
        // What was added since is here alone.
        Some(e) if !to.exists() => Err(doing(e)),
        _ => Ok(()),
    }
}

impl Fork for SqliteFork {
    fn write(&mut self, work: ForkWork<'_>) -> DomainResult<()> {
        let doing = while_doing("changing a copied Cell");
        self.connection.execute_batch("BEGIN").map_err(&doing)?;
        work(&mut SqliteWriteTx::new(&self.connection, self.sources[0].keys.as_deref()))?;
        Ok(self.connection.execute_batch("COMMIT").map_err(doing)?)
    }

    fn finish(self: Box<Self>) -> Result<Built> {
        self.link_contents()?;
        let SqliteFork { connection, folder, tmp, cell, .. } = *self;
        built::close(connection, folder.path())?;
        folder.unmark()?;
        let built = built::settle(folder.path(), tmp, &cell)?;
        folder.moved();
        Ok(built)
    }
}
