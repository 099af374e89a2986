//! Putting one generation of a Cell in the place of another: the one step of an import, or of its undoing, that
//! anybody sees.

use saibo_model::{ErrorCode, Result};
use saibo_store::builder::Built;
use saibo_store::{Place, StoreExt as _, WriteTx};

use super::replaced::{Replaced, SCOPE};
use crate::job::{Counts, Job};
use crate::leftover::Making;
use crate::swaps::Held;
use crate::{Cell, Unit, clock, token};

/// What takes the place of the live generation, and of which job.
pub(super) struct Next<'m> {
    pub(super) built: Built,
    pub(super) making: &'m Making<'m>,
    pub(super) job: Job,
    pub(super) counts: Counts,
}

/// Puts a built generation in the place of the live one. That the job is done, and that there is nothing left to be
/// cleared away, is entered with it: a crash leaves all of that or none of it, and never has an import run again over
/// what was written after it. The job at its end.
///
/// # Errors
/// As [`swap`], with those of `may_take_effect`, which is asked when the store takes no writes any more.
pub(super) fn adopt(
    unit: &Unit,
    cell: &Cell,
    held: Option<Held<'_>>,
    next: Next<'_>,
    may_take_effect: impl FnOnce() -> Result<()> + Send + 'static,
) -> Result<Job> {
    let Next { built, making, job, counts } = next;
    let held = held.map_or_else(|| unit.hold(cell), Ok)?;
    let next = Place { cell: cell.id().clone(), generation: built.generation() };
    let (entry, done) = (making.entry(), job.done());
    let ended = done.clone();
    let swapped = swap(unit, cell, held, &next, move |tx| {
        may_take_effect()?;
        entry.remove(tx)?;
        done.enter_end(tx, counts)
    });
    match &swapped {
        Ok(()) => built.keep(),
        // It must not go unless it is certain that it is not live; the journal has it looked for later.
        Err(_) if !unit.generation(cell.id()).is_ok_and(|live| live != Some(next.generation)) => built.keep(),
        // It has been opened, and the next one may lie where it lay.
        Err(_) => unit.backend().remove(&next)?,
    }
    swapped.map(|()| ended)
}

/// Makes another generation the live one, for whoever holds the right to ([`Unit::hold`]), in one transaction of the
/// register, with what `also` enters there.
///
/// # Errors
/// That the Cell's store is not the live one any more ([`saibo_store::Error::is_retired`]); those of `also`; the
/// stores'. All is as it was then.
pub(super) fn swap(
    unit: &Unit,
    cell: &Cell,
    _held: Held<'_>,
    next: &Place,
    also: impl FnOnce(&mut dyn WriteTx) -> Result<()> + Send + 'static,
) -> Result<()> {
    let (store, _blobs) = unit.backend().open(next)?;
    unit.entities().forget(next);
    // Whoever writes now is told to look the Cell up again; what was answered is in the old content, as anything
    // that came before the import is.
    cell.store().retire();
    // What was replaced before takes no writes either, until it is brought back.
    store.reinstate();
    let carried = token::carry_over(cell.store().as_ref(), store.as_ref());
    let swapped = carried.and_then(|()| enter(unit, cell, next, also));
    if swapped.is_err() {
        store.retire();
        // As long as it is not certain which one is live, neither takes what could be lost.
        if unit.generation(cell.id()).is_ok_and(|live| live == Some(cell.place().generation)) {
            cell.store().reinstate();
        }
    }
    unit.forget_cell(cell.id());
    swapped
}

fn enter(
    unit: &Unit,
    cell: &Cell,
    next: &Place,
    also: impl FnOnce(&mut dyn WriteTx) -> Result<()> + Send + 'static,
) -> Result<()> {
    let before = Replaced {
        cell: cell.id().to_string(),
        generation: cell.place().generation,
        replaced_at: clock::now(),
    };
    let place = next.clone();
    let entered = unit.backend().register().write(move |tx| {
        let text = serde_json::to_string(&before)
            .map_err(|e| saibo_model::Error::from(ErrorCode::Unknown).because(e))?;
        Unit::set_generation(tx, &place)?;
        tx.set_value(SCOPE, &before.key(), Some(&text))?;
        also(tx)
    });
    match entered {
        // A commit can fail and yet have happened; the register knows.
        Err(_) if unit.generation(cell.id()).is_ok_and(|live| live == Some(next.generation)) => Ok(()),
        entered => entered,
    }
}
