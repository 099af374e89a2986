//! Writing a part of an upload.

use std::sync::Arc;

use saibo_model::{ErrorCode, Id, Result};
use saibo_store::{PartWriter, SnapshotInfo, StoreExt as _};
use sha2::{Digest as _, Sha256};

use super::record::{Key, Record};
use super::writers::{Interrupt, Writing};
use super::{Standing, find, hash, remove};
use crate::leftover::Making;
use crate::snapshot::{Naming, give_name, identity, remove_replaced, unnamed};
use crate::{Unit, clock};

/// After so many bytes in the middle of a part they are put on disk and counted: what a unit that is killed loses.
const STEP: u64 = 16 << 20;

/// A part being written. Dropped, it is as if what was not counted yet had not come.
pub struct Appending {
    // Fields are dropped in order: the file is closed before somebody else may write.
    file: Box<dyn PartWriter>,
    record: Record,
    key: Key,
    /// Bytes of the upload by now.
    at: u64,
    whole: Option<Sha256>,
    part: Option<(Sha256, [u8; 32])>,
    unit: Arc<Unit>,
    _writing: Writing,
}

/// What came of a part.
#[derive(Clone, Debug)]
pub struct Appended {
    /// How far the upload is.
    pub standing: Standing,
    /// The file, if that was the last part.
    pub stored: Option<SnapshotInfo>,
}

/// Begins to write a part at a byte, which must be the next one. `sha256` is that of the part: nothing of it counts
/// before all has come and been compared. `interrupt` is called when somebody asks how far the upload is.
///
/// # Errors
/// [`ErrorCode::ResourceNotFound`]; [`ErrorCode::UploadOffset`]; [`ErrorCode::CellBusy`] while another part is written;
/// [`ErrorCode::DiskFull`]; the store's.
pub fn append(
    unit: &Arc<Unit>,
    cell: &Id,
    id: &str,
    offset: u64,
    sha256: Option<[u8; 32]>,
    interrupt: Interrupt,
) -> Result<Appending> {
    let key = Key { cell: cell.clone(), id: id.to_owned() };
    find(unit, &key)?;
    let writing = Writing::enter(unit, &key, interrupt)?;
    let record = find(unit, &key)?;
    let place = record.place.as_ref().filter(|_| record.offset == offset);
    let place = place.ok_or_else(|| ErrorCode::UploadOffset.with([record.offset]))?;
    if unit.backend().free_space()? < record.length - record.offset {
        return Err(ErrorCode::DiskFull.into());
    }
    // A state that no hash has (of another version, say) is the end of the upload: it has to begin anew.
    let restored = || hash::restore(record.hash.as_deref()).ok_or_else(|| key.not_found());
    let whole = record.sha256.is_some().then(restored).transpose()?;
    let file = unit.backend().snapshots().append(cell, place, offset)?;
    let part = sha256.map(|expected| (Sha256::new(), expected));
    Ok(Appending { file, key, at: offset, whole, part, unit: unit.clone(), _writing: writing, record })
}

impl Appending {
    /// How much may still come.
    #[must_use]
    pub fn left(&self) -> u64 {
        self.record.length - self.at
    }

    /// Adds bytes.
    ///
    /// # Errors
    /// [`ErrorCode::BodyLoad`] if they are more than there may be; [`ErrorCode::DiskFull`]; other errors of the store.
    pub fn write(&mut self, bytes: &[u8]) -> Result<()> {
        if bytes.len() as u64 > self.left() {
            return Err(ErrorCode::BodyLoad.into());
        }
        self.file.write(bytes)?;
        self.at += bytes.len() as u64;
        if let Some(whole) = &mut self.whole {
            whole.update(bytes);
        }
        if let Some((part, _)) = &mut self.part {
            part.update(bytes);
        } else if self.at - self.record.offset >= STEP && self.left() > 0 {
            self.count()?;
        }
        Ok(())
    }

    /// Keeps what has come of a part that breaks off. One that was to be compared is not kept.
    ///
    /// # Errors
    /// The store's.
    pub fn keep(mut self) -> Result<()> {
        // The last byte counts with the name alone.
        if self.part.is_none() && self.left() > 0 { self.count() } else { Ok(()) }
    }

    /// Ends the part, and with the last one the upload: then the file has its name.
    ///
    /// # Errors
    /// [`ErrorCode::ChecksumMismatch`]: the part is not kept, and if it is the whole that is wrong, the upload is over.
    /// [`ErrorCode::SnapshotNeeded`] if others are to be put over the file that has the name: the last part can be sent
    /// again when they are gone. The store's.
    pub fn finish(mut self) -> Result<Appended> {
        if let Some((part, expected)) = self.part.take()
            && part.finalize().as_slice() != expected.as_slice()
        {
            return Err(ErrorCode::ChecksumMismatch.into());
        }
        if self.left() > 0 {
            self.count()?;
            return Ok(Appended { standing: self.record.standing(&self.unit), stored: None });
        }
        self.file.sync()?;
        if let (Some(whole), Some(expected)) = (self.whole.take(), self.record.sha256)
            && whole.finalize().as_slice() != expected.as_slice()
        {
            remove(&self.unit, &self.key)?;
            return Err(ErrorCode::ChecksumMismatch.into());
        }
        self.give_name()
    }

    /// Puts what has come on disk, and then counts it.
    fn count(&mut self) -> Result<()> {
        self.file.sync()?;
        let mut record = self.record.clone();
        record.offset = self.at;
        record.hash = self.whole.as_ref().map(hash::save);
        record.active_at = clock::now();
        let (key, entered) = (self.key.clone(), record.clone());
        self.unit.backend().register().write(move |tx| {
            // The Cell may have been deleted.
            Record::find(tx.read(), &key)?.ok_or_else(|| key.not_found())?;
            entered.enter(tx, &key)
        })?;
        self.record = record;
        Ok(())
    }

    fn give_name(self) -> Result<Appended> {
        let (unit, key) = (&self.unit, &self.key);
        let mut record = self.record;
        let place = record.place.take().ok_or(ErrorCode::DataInconsistency)?;
        record.offset = record.length;
        record.hash = None;
        record.active_at = clock::now();
        let standing = record.standing(unit);
        identity::learn(unit, &key.cell)?;
        let open = || Ok(unit.backend().snapshots().open(&key.cell, &place)?);
        let identity = identity::of(&record.name, None, open)?;
        let unnamed = unnamed(place, &record.name, &record.content_type, record.length);
        let info = SnapshotInfo { identity, ..unnamed };
        let making = Making::planned(unit, &key.cell);
        let (entry, named) = (making.entry(), key.clone());
        let (info, before) = unit.backend().register().write(move |tx| {
            Record::find(tx.read(), &named)?.ok_or_else(|| named.not_found())?;
            record.enter(tx, &named)?;
            let (info, before) = give_name(tx, &named.cell, info, Naming::Replace(None))?;
            if before.is_some() {
                entry.write(tx)?;
            }
            Ok((info, before))
        })?;
        if let Some(before) = before {
            remove_replaced(unit, &key.cell, &before, making);
        }
        Ok(Appended { standing, stored: Some(info) })
    }
}
