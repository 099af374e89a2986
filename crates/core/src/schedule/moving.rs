//! The schedule of a Cell that moves: it ends where the Cell was, in the transaction that says that it has moved, and is
//! set anew where it goes. What came of it stays behind, so it is kept, should the move be taken back.

use saibo_model::{Id, Result};
use saibo_store::WriteTx;

use super::Plan;
use super::record::{self, Record};
use crate::Unit;

/// What the schedule of a Cell does, if it has one.
pub(crate) fn plan_of(unit: &Unit, cell: &Id) -> Result<Option<Plan>> {
    Ok(record::of(unit, cell)?.map(|record| record.plan))
}

/// Ends a schedule, and does the rest of a move in the same transaction. `false` if it is another by now than the one
/// that was handed over: then nothing is done. A run that has begun goes on; nobody waits for it.
pub(crate) fn leave(
    unit: &Unit,
    cell: &Id,
    handed_over: Option<Plan>,
    rest: impl FnOnce(&mut dyn WriteTx) -> Result<()> + Send + 'static,
) -> Result<bool> {
    let id = cell.clone();
    record::update_with(unit, cell, move |tx, record| {
        if record.as_ref().map(|record| &record.plan) != handed_over.as_ref() {
            return Ok(false);
        }
        if let Some(record) = record.take() {
            record.lay_by(tx, &id)?;
        }
        rest(tx)?;
        Ok(true)
    })
}

/// Brings it back, with the rest of what takes a move back.
pub(crate) fn come_back(
    unit: &Unit,
    cell: &Id,
    rest: impl FnOnce(&mut dyn WriteTx) -> Result<()> + Send + 'static,
) -> Result<()> {
    let id = cell.clone();
    record::update_with(unit, cell, move |tx, record| {
        rest(tx)?;
        let kept = Record::take_up(tx, &id)?;
        *record = record.take().or(kept);
        Ok(())
    })
}
