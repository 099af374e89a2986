//! What imports replaced: it is kept for a time, can be brought back, and is removed then.

use saibo_model::{ErrorCode, Id, Result};
use saibo_store::{ErrorKind, Place, StoreExt as _};
use serde::{Deserialize, Serialize};

use super::swap::swap;
use crate::access::Access;
use crate::job::JobKind;
use crate::leftover::Making;
use crate::{Cell, Unit, clock, document, snapshot};

/// Scope of the register's values that hold what was replaced, named `{cell id}/{generation}`.
pub(super) const SCOPE: &str = "replaced";

/// Content of a Cell that an import replaced.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Replaced {
    /// The Cell's id.
    pub cell: String,
    /// Its generation.
    pub generation: u64,
    /// When it was replaced, ms since 1970.
    pub replaced_at: i64,
}

impl Replaced {
    pub(super) fn key(&self) -> String {
        format!("{}/{}", self.cell, self.generation)
    }

    fn place(&self) -> Place {
        Place { cell: Id::from(self.cell.as_str()), generation: self.generation }
    }

    /// Whether it is kept no longer.
    fn is_past(&self, unit: &Unit, now: i64) -> bool {
        let kept = i64::try_from(unit.settings().replaced_kept_for.as_millis()).unwrap_or(i64::MAX);
        now >= self.replaced_at.saturating_add(kept)
    }
}

/// What imports into a Cell have replaced and is still there, the latest last.
///
/// # Errors
/// The store's.
pub fn replaced(unit: &Unit, cell: &Id) -> Result<Vec<Replaced>> {
    let mut of_cell: Vec<Replaced> = all(unit)?.into_iter().filter(|one| one.cell == cell.as_str()).collect();
    of_cell.sort_by_key(|one| one.replaced_at);
    Ok(of_cell)
}

fn all(unit: &Unit) -> Result<Vec<Replaced>> {
    let values = unit.backend().register().read(|tx| tx.values(SCOPE))?;
    values.iter().map(|(_, text)| document::stored(text)).collect()
}

/// Brings back what the last import replaced; what it brought is kept as replaced in turn.
///
/// # Errors
/// If somebody may not; [`ErrorCode::CellLocked`] while an import runs, or if the content was replaced meanwhile;
/// [`ErrorCode::ResourceNotFound`] if nothing is kept, or not any longer.
pub fn undo(unit: &Unit, cell: &Cell, access: &Access) -> Result<()> {
    snapshot::authorize(cell, access)?;
    if unit.jobs().running(cell.id(), JobKind::Import).is_some() {
        return Err(ErrorCode::CellLocked.with(["import"]));
    }
    let last = replaced(unit, cell.id())?.pop().filter(|last| !last.is_past(unit, clock::now()));
    let last = last.ok_or_else(nothing_kept)?;
    let (key, place) = (last.key(), last.place());
    let swapped = unit.hold(cell).and_then(|held| {
        swap(unit, cell, held, &place, move |tx| {
            // It may have been removed a moment ago.
            if tx.read().value(SCOPE, &key)?.is_none() {
                return Err(nothing_kept());
            }
            tx.set_value(SCOPE, &key, None)
        })
    });
    swapped.map_err(|error| match saibo_store::Error::among(&error).map(saibo_store::Error::kind) {
        Some(ErrorKind::NotFound) => nothing_kept().because(error),
        // Not to be tried again: another undo may have come first, and this one would take that back.
        Some(ErrorKind::Retired) => ErrorCode::CellLocked.with(["import"]),
        _ => error,
    })
}

fn nothing_kept() -> saibo_model::Error {
    ErrorCode::ResourceNotFound.with(["what the last import replaced"])
}

/// Removes what was replaced longer ago than it is kept; how many.
///
/// # Errors
/// The store's.
pub fn remove_expired(unit: &Unit) -> Result<usize> {
    let now = clock::now();
    let mut removed = 0;
    for one in all(unit)?.into_iter().filter(|one| one.is_past(unit, now)) {
        let place = one.place();
        // An export may still read from it.
        if unit.jobs().running(&place.cell, JobKind::Export).is_none() && forget(unit, &one, &place)? {
            removed += 1;
        }
    }
    Ok(removed)
}

/// Forgets one that was replaced, then removes it: in this order, so that nobody can bring back what goes. Whether
/// it was still there to be forgotten.
fn forget(unit: &Unit, one: &Replaced, place: &Place) -> Result<bool> {
    let making = Making::planned(unit, &place.cell);
    let (entry, key) = (making.entry(), one.key());
    let forgotten = unit.backend().register().write(move |tx| {
        if tx.read().value(SCOPE, &key)?.is_none() {
            return Ok(false);
        }
        tx.set_value(SCOPE, &key, None)?;
        entry.write(tx)?;
        Ok(true)
    })?;
    if forgotten {
        unit.backend().remove(place)?;
        making.done()?;
    }
    Ok(forgotten)
}

/// Forgets what was replaced of a Cell that is deleted, and what a dry run found; the backend removes the data.
pub(crate) fn forget_all(unit: &Unit, cell: &Id) -> Result<()> {
    let (gone, owner) = (replaced(unit, cell)?, cell.clone());
    unit.backend().register().write(move |tx| {
        super::dry::job::forget(tx, &owner)?;
        gone.iter().try_for_each(|one| tx.set_value(SCOPE, &one.key(), None))
    })
}
