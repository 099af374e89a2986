//! A generation that was built beside the live one: put on disk, moved to its place, and gone unless it is adopted.

use std::path::{Path, PathBuf};

use rusqlite::Connection;
use saibo_store::builder::{Built, BuiltCell};
use saibo_store::{Error, ErrorKind, Result};

use crate::error::while_doing;
use crate::{connection, folder};

/// The database of a generation.
pub(crate) const FILE: &str = "cell.db";

/// Moves a folder that was made, and is on disk, to where the next generation of a Cell is.
pub(crate) fn settle(folder: &Path, tmp: PathBuf, cell: &Path) -> Result<Built> {
    folder::create(cell)?;
    let mut generation = folder::generations(cell)?.last().map_or(1, |last| last + 1);
    let place = loop {
        let place = cell.join(generation.to_string());
        match folder::rename(folder, &place) {
            // Another was built meanwhile.
            Err(e) if e.kind() == ErrorKind::Conflict => generation += 1,
            result => break result.map(|()| place)?,
        }
    };
    Ok(Box::new(BuiltFolder { place, tmp, generation, keep: false }))
}

/// The name of a database's journal.
pub(crate) fn journal(file: &str) -> String {
    format!("{file}-journal")
}

pub(crate) fn remove_if_there(path: &Path) -> Result<()> {
    match std::fs::remove_file(path) {
        Err(e) if e.kind() != std::io::ErrorKind::NotFound => Err(Error::io("finishing a built Cell", e)),
        _ => Ok(()),
    }
}

/// Closes the only connection to an unsynced database in the form it is opened with later, and puts its folder on disk.
pub(crate) fn close(connection: Connection, folder: &Path) -> Result<()> {
    let doing = while_doing("finishing a built Cell");
    connection.flush_prepared_statement_cache();
    connection
        .pragma_update_and_check(None, "locking_mode", "NORMAL", |row| row.get::<_, String>(0))
        .map_err(&doing)?;
    connection::to_wal(&connection)?;
    connection.close().map_err(|(_connection, e)| doing(e))?;
    // One that was locked for good leaves its journal, though there is nothing in it.
    remove_if_there(&folder.join(journal(FILE)))?;
    let handle = std::fs::File::open(folder).map_err(|e| Error::io("syncing a built Cell", e))?;
    rustix::fs::syncfs(&handle).map_err(|e| Error::io("syncing a built Cell", e.into()))
}

struct BuiltFolder {
    place: PathBuf,
    tmp: PathBuf,
    generation: u64,
    keep: bool,
}

impl BuiltCell for BuiltFolder {
    fn generation(&self) -> u64 {
        self.generation
    }

    fn keep(mut self: Box<Self>) {
        self.keep = true;
    }
}

impl Drop for BuiltFolder {
    fn drop(&mut self) {
        if !self.keep
            && let Err(error) = folder::remove(&self.place, &self.tmp)
        {
            tracing::warn!(%error, "a Cell that was built and not adopted could not be removed");
        }
    }
}
