//! What an incremental export is made since, and how long that can be told.
//!
//! An export of everything, or of what was changed, ends a moment of the Cell's store, and the register keeps with the
//! snapshot's name which. As long as such a snapshot is there, the store remembers what was removed since the oldest of
//! them. When one goes, the Cell is entered in a list, and housekeeping has its store forget what nobody needs any more.

use std::sync::Arc;

use saibo_model::{ErrorCode, Id, Moment, Result};
use saibo_store::{ReadTx, SnapshotInfo, SnapshotMark, StoreExt as _, WriteTx};

use crate::job::JobKind;
use crate::{Cell, Unit, snapshot};

/// Scope of the register's values that name Cells whose stores may have something to forget, each with a text that is
/// new whenever it is entered.
const SCOPE: &str = "unneeded";

/// How much is forgotten in one transaction.
const PIECE: u32 = 5_000;

/// How many snapshots may be put over each other: each has a file open while it is imported.
pub(crate) const MOST_IN_CHAIN: u32 = 100;

/// The snapshot of that name as a base.
///
/// # Errors
/// [`ErrorCode::ResourceNotFound`]; [`ErrorCode::SnapshotNoBase`] if what was changed since is not known.
pub(crate) fn find(unit: &Unit, cell: &Cell, name: &str) -> Result<SnapshotMark> {
    let all = snapshot::list(unit, cell.id())?;
    let named =
        |info: &&SnapshotInfo| [false, true].iter().any(|s| info.name == snapshot::file_name(name, *s));
    let mut found: Vec<&SnapshotInfo> = all.iter().filter(named).collect();
    if found.is_empty() {
        return Err(ErrorCode::ResourceNotFound.with([name]));
    }
    found.retain(|info| info.mark.is_some());
    let refused = |why: &str| ErrorCode::SnapshotNoBase.with([name, why]);
    let mark = found.first().and_then(|info| info.mark.clone());
    let mark = mark.ok_or_else(|| refused("it is no snapshot of everything that this unit exported"))?;
    if mark.in_chain >= MOST_IN_CHAIN {
        return Err(refused("it is the last of too many that are put over each other"));
    }
    if !cell.store().read(|tx| tx.knows_changes_since(&mark.moment))? {
        return Err(refused("an import replaced the Cell's content since, or what was removed is forgotten"));
    }
    Ok(mark)
}

/// Notes in the transaction that takes a snapshot's name away that nobody may need to know since when it was.
pub(crate) fn gone(tx: &mut dyn WriteTx, cell: &Id, info: &SnapshotInfo) -> Result<()> {
    if info.mark.is_some() { may_forget(tx, cell) } else { Ok(()) }
}

/// Notes that a Cell's store may have something to forget.
pub(crate) fn may_forget(tx: &mut dyn WriteTx, cell: &Id) -> Result<()> {
    tx.set_value(SCOPE, cell.as_str(), Some(Id::random().as_str()))
}

/// Forgets that, of a Cell that is deleted.
pub(crate) fn forget_cell(tx: &mut dyn WriteTx, cell: &Id) -> Result<()> {
    tx.set_value(SCOPE, cell.as_str(), None)
}

/// Has stores forget what was removed before their oldest base; how many. What cannot be done now is left for later.
///
/// # Errors
/// The register's.
pub fn forget_unneeded(unit: &Arc<Unit>) -> Result<usize> {
    let mut done = 0;
    for (id, entered) in unit.backend().register().read(|tx| tx.values(SCOPE))? {
        match forget(unit, &Id::from(id.as_str())) {
            Ok(false) => continue,
            Ok(true) => done += 1,
            Err(error) if error.code() == ErrorCode::CellNotFound => {}
            Err(error) => {
                tracing::warn!(%error, cell = id, "what was removed from a Cell is remembered for now");
                continue;
            }
        }
        unit.backend().register().write(move |tx| {
            let is_same = tx.read().value(SCOPE, &id)?.is_some_and(|now| now == entered);
            if is_same { tx.set_value(SCOPE, &id, None) } else { Ok(()) }
        })?;
    }
    Ok(done)
}

/// Whether it was done.
fn forget(unit: &Arc<Unit>, id: &Id) -> Result<bool> {
    let cell = unit.cell_of(id)?;
    loop {
        let (unit, id) = (unit.clone(), id.clone());
        // An export that begins after this was asked ends a moment after this transaction; one that was over before
        // has its snapshot in the list.
        let more = cell.store().write(move |tx| {
            let exporting = [JobKind::Export, JobKind::Move];
            if exporting.iter().any(|kind| unit.jobs().running(&id, *kind).is_some()) {
                return Ok(None);
            }
            let moments = snapshot::list(&unit, &id)?.into_iter().filter_map(|info| Some(info.mark?.moment));
            let oldest = oldest(tx.read(), moments)?;
            tx.forget_removed(oldest, PIECE).map(Some)
        })?;
        match more {
            None => return Ok(false),
            Some(true) => {}
            Some(false) => return Ok(true),
        }
    }
}

/// The number of the oldest of the moments that are of this store.
fn oldest(tx: &dyn ReadTx, moments: impl Iterator<Item = Moment>) -> Result<Option<i64>> {
    let mut oldest = None;
    for moment in moments {
        if tx.knows_changes_since(&moment)? {
            oldest = Some(oldest.map_or(moment.number, |known: i64| known.min(moment.number)));
        }
    }
    Ok(oldest)
}
