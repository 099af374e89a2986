//! Snapshot files that are sent in parts: an upload that breaks off goes on where it ended, also after a restart of
//! the unit.
//!
//! What has come is in a file at its final place, under no name. How much of it counts is in the register, and is
//! entered after those bytes are on disk: what is behind it is cut off before more is written. The transaction that
//! ends an upload gives the file its name, so there is never half a snapshot under one.

mod append;
mod hash;
mod record;
mod writers;

use std::sync::Arc;

use saibo_model::{ErrorCode, Id, Result, name};
use saibo_store::{ReadTx, StoreExt as _, WriteTx};

pub use append::{Appended, Appending, append};
use record::{Key, Record};
pub use writers::Interrupt;
pub(crate) use writers::Writers;

use crate::leftover::Making;
use crate::{Unit, clock};

/// What an upload is going to be.
#[derive(Clone, Debug)]
pub struct New {
    /// Name of the file.
    pub name: String,
    /// Its media type.
    pub content_type: String,
    /// Its length.
    pub length: u64,
    /// Its SHA-256, if it is to be compared.
    pub sha256: Option<[u8; 32]>,
    /// What whoever sends it said of it, to be told again.
    pub metadata: String,
}

/// How far an upload is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// So many bytes are on disk.
    pub offset: u64,
    /// So many it will have. When it has them, the file has its name.
    pub length: u64,
    /// [`New::metadata`]
    pub metadata: String,
    /// When it will be removed, unless more comes, ms since 1970.
    pub expires_at: i64,
}

/// Begins an upload; its id.
///
/// # Errors
/// [`ErrorCode::ResourceNameInvalid`]; [`ErrorCode::DiskFull`] if there is no room for as much;
/// [`ErrorCode::TooManyConcurrentRequests`] if the Cell has too many that are not over; the store's.
pub fn create(unit: &Unit, cell: &Id, new: New) -> Result<(String, Standing)> {
    if !name::is_resource_name(&new.name) {
        return Err(ErrorCode::ResourceNameInvalid.with([&new.name]));
    }
    if unit.backend().free_space()? < new.length {
        return Err(ErrorCode::DiskFull.into());
    }
    let most = unit.settings().limits.uploads;
    // Before a file is made, and once more when it is entered.
    unit.backend().register().read(|tx| room(tx, cell, most))?;
    let making = Making::begin(unit, cell)?;
    let place = unit.backend().snapshots().create(cell)?;
    let key = Key { cell: cell.clone(), id: Id::random().into() };
    let record = Record::new(new, place.clone(), clock::now());
    let standing = record.standing(unit);
    let (id, owner, entry) = (key.id.clone(), cell.clone(), making.entry());
    let entered = unit.backend().register().write(move |tx| {
        if let Some(oldest) = room(tx.read(), &owner, most)? {
            oldest.forget(tx)?;
        }
        record.enter(tx, &key)?;
        entry.remove(tx)
    });
    if let Err(error) = entered {
        unit.backend().snapshots().remove(cell, &place)?;
        making.done()?;
        return Err(error);
    }
    Ok((id, standing))
}

/// Whether a Cell may have one more upload. One that is over is remembered for whoever did not hear of it, as long as
/// there are not too many: the oldest, if it is to be forgotten.
fn room(tx: &dyn ReadTx, cell: &Id, most: usize) -> Result<Option<Key>> {
    let (over, open): (Vec<_>, Vec<_>) =
        record::of_cell(tx, cell)?.into_iter().partition(|(_, record)| record.place.is_none());
    if open.len() >= most {
        return Err(ErrorCode::TooManyConcurrentRequests.into());
    }
    let oldest = over.iter().min_by_key(|(_, record)| record.active_at);
    Ok(oldest.filter(|_| over.len() >= most).map(|(key, _)| key.clone()))
}

/// How far an upload is. Who asks has lost the connection on which it was sent: whatever still comes there is no longer
/// taken.
///
/// # Errors
/// [`ErrorCode::ResourceNotFound`] if there is none, or not any longer; the store's.
pub fn look(unit: &Unit, cell: &Id, id: &str) -> Result<Standing> {
    let key = Key { cell: cell.clone(), id: id.to_owned() };
    find(unit, &key)?;
    unit.uploads().end(&key)?;
    Ok(find(unit, &key)?.standing(unit))
}

fn find(unit: &Unit, key: &Key) -> Result<Record> {
    let found = unit.backend().register().read(|tx| Record::find(tx, key))?;
    found.filter(|record| !record.is_past(unit, clock::now())).ok_or_else(|| key.not_found())
}

/// Gives an upload up, and removes what has come of it. One that is over leaves its file.
///
/// # Errors
/// [`ErrorCode::ResourceNotFound`]; [`ErrorCode::CellBusy`] if it goes on at this very moment; the store's.
pub fn abandon(unit: &Arc<Unit>, cell: &Id, id: &str) -> Result<()> {
    let key = Key { cell: cell.clone(), id: id.to_owned() };
    find(unit, &key)?;
    unit.uploads().end(&key)?;
    let _writing = writers::Writing::enter(unit, &key, Box::new(|| ()))?;
    if remove(unit, &key)? { Ok(()) } else { Err(key.not_found()) }
}

/// Removes the uploads that nobody went on with in time; how many.
///
/// # Errors
/// The store's.
pub fn remove_expired(unit: &Arc<Unit>) -> Result<usize> {
    let now = clock::now();
    let mut removed = 0;
    for cell in unit.backend().register().read(record::cells)? {
        removed += remove_expired_of(unit, &cell, now)?;
    }
    Ok(removed)
}

fn remove_expired_of(unit: &Arc<Unit>, cell: &Id, now: i64) -> Result<usize> {
    let mut removed = 0;
    for (key, record) in unit.backend().register().read(|tx| record::of_cell(tx, cell))? {
        if !record.is_past(unit, now) {
            continue;
        }
        // One that is being sent after all is not past by now.
        let Ok(_writing) = writers::Writing::enter(unit, &key, Box::new(|| ())) else { continue };
        let still = unit.backend().register().read(|tx| Record::find(tx, &key))?;
        if still.is_some_and(|record| record.is_past(unit, now)) && remove(unit, &key)? {
            removed += 1;
        }
    }
    Ok(removed)
}

/// Forgets an upload, then removes its file; whether there was one. The caller keeps others from writing to it.
fn remove(unit: &Unit, key: &Key) -> Result<bool> {
    let making = Making::planned(unit, &key.cell);
    let (entry, gone) = (making.entry(), key.clone());
    let record = unit.backend().register().write(move |tx| {
        let record = Record::find(tx.read(), &gone)?;
        if let Some(record) = &record {
            gone.forget(tx)?;
            if record.place.is_some() {
                entry.write(tx)?;
            }
        }
        Ok(record)
    })?;
    let was_there = record.is_some();
    if let Some(place) = record.and_then(|record| record.place) {
        unit.backend().snapshots().remove(&key.cell, &place)?;
        making.done()?;
    }
    Ok(was_there)
}

/// Where the files of a Cell's uploads are.
pub(super) fn places(tx: &dyn ReadTx, cell: &Id) -> Result<Vec<String>> {
    Ok(record::of_cell(tx, cell)?.into_iter().filter_map(|(_, record)| record.place).collect())
}

/// Forgets the uploads of a Cell that is deleted; the backend removes their bytes.
pub(super) fn forget_all(tx: &mut dyn WriteTx, cell: &Id) -> Result<()> {
    record::of_cell(tx.read(), cell)?.iter().try_for_each(|(key, _)| key.forget(tx))
}
