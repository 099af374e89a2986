//! Putting what was built in the place of the live content, and back again.

use saibo_model::{ErrorCode, Id, Result};
use saibo_store::builder::Built;
use saibo_store::{Place, StoreExt as _};
use serde::{Deserialize, Serialize};

use crate::access::Access;
use crate::job::JobKind;
use crate::{Cell, Unit, clock, snapshot};

/// Scope of the register's values that hold what was replaced, named `{cell id}/{generation}`.
const SCOPE: &str = "replaced";

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
    fn key(&self) -> String {
        format!("{}/{}", self.cell, self.generation)
    }

    fn place(&self) -> Place {
        Place { cell: Id::from(self.cell.as_str()), generation: self.generation }
    }
}

/// Puts a built generation in the place of the live one, in one transaction of the register.
pub(super) fn adopt(unit: &Unit, cell: &Cell, built: Built) -> Result<()> {
    let next = Place { cell: cell.id().clone(), generation: built.generation() };
    swap(unit, cell, next, None)?;
    built.keep();
    Ok(())
}

/// Makes another generation the live one; `taken_back` is no longer a replaced one then.
fn swap(unit: &Unit, cell: &Cell, next: Place, taken_back: Option<Replaced>) -> Result<()> {
    // Whoever writes now is told to look the Cell up again; what was answered is in the old content, as anything
    // that came before the import is.
    cell.store().retire();
    let before = Replaced {
        cell: cell.id().to_string(),
        generation: cell.place().generation,
        replaced_at: clock::now(),
    };
    let swapped = unit.backend().register().write(move |tx| {
        let text = serde_json::to_string(&before).map_err(|e| saibo_model::Error::from(ErrorCode::Unknown).because(e))?;
        Unit::set_generation(tx, &next)?;
        tx.set_value(SCOPE, &before.key(), Some(&text))?;
        if let Some(taken_back) = &taken_back {
            tx.set_value(SCOPE, &taken_back.key(), None)?;
        }
        Ok(())
    });
    if swapped.is_err() {
        cell.store().reinstate();
    }
    unit.forget(cell.name());
    swapped
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
    values
        .iter()
        .map(|(_, text)| {
            serde_json::from_str(text)
                .map_err(|e| saibo_model::Error::from(ErrorCode::DataInconsistency).because(e))
        })
        .collect()
}

/// Brings back what the last import replaced; what it brought is kept as replaced in turn.
///
/// # Errors
/// If somebody may not; [`ErrorCode::CellLocked`] while an import runs; [`ErrorCode::ResourceNotFound`] if nothing is
/// kept.
pub fn undo(unit: &Unit, cell: &Cell, access: &Access) -> Result<()> {
    snapshot::authorize(cell, access)?;
    if unit.jobs().running(cell.id(), JobKind::Import).is_some() {
        return Err(ErrorCode::CellLocked.with(["import"]));
    }
    let last = replaced(unit, cell.id())?.pop();
    let last = last.ok_or_else(|| ErrorCode::ResourceNotFound.with(["what the last import replaced"]))?;
    // A store that was replaced takes no writes; it is to take them again.
    let (store, _blobs) = unit.backend().open(&last.place())?;
    swap(unit, cell, last.place(), Some(last))?;
    store.reinstate();
    Ok(())
}

/// Removes what was replaced longer ago than it is kept; how many.
///
/// # Errors
/// The store's.
pub fn remove_expired(unit: &Unit) -> Result<usize> {
    let kept = i64::try_from(unit.settings().replaced_kept_for.as_millis()).unwrap_or(i64::MAX);
    let now = clock::now();
    let mut removed = 0;
    for one in all(unit)? {
        let place = one.place();
        // An export may still read from it.
        let in_use = unit.jobs().running(&place.cell, JobKind::Export).is_some();
        if in_use || now < one.replaced_at.saturating_add(kept) {
            continue;
        }
        unit.backend().remove(&place)?;
        unit.backend().register().write(move |tx| tx.set_value(SCOPE, &one.key(), None))?;
        removed += 1;
    }
    Ok(removed)
}

/// Forgets what was replaced of a Cell that is deleted; the backend removes the data.
pub(crate) fn forget_all(unit: &Unit, cell: &Id) -> Result<()> {
    let gone = replaced(unit, cell)?;
    unit.backend().register().write(move |tx| gone.iter().try_for_each(|one| tx.set_value(SCOPE, &one.key(), None)))
}
