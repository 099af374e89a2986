//! Exports of a Cell by themselves, at the times of a cron expression: `{cell}__export/schedule`.
//!
//! A run is an export like any other, begun by the unit. What the schedule knows of it is in the register before it
//! begins and until it is settled, so that a stop of the unit in between loses nothing. The snapshots that came of it
//! are told by what is recorded here, not by their names, and the oldest go when a run went well.

mod due;
mod moving;
mod plan;
mod record;
mod retention;
mod run;
mod ticker;
mod times;

use saibo_model::{ErrorCode, Id, Result};

pub(crate) use due::Schedules;
pub(crate) use moving::{come_back, leave, plan_of};
pub use plan::Plan;
pub use record::{Last, Outcome};
pub use run::tick;
pub use ticker::start;

use record::Record;
use times::Times;

use crate::access::Access;
use crate::{Cell, Unit, clock, relocation, snapshot};

/// A schedule, and how it stands.
#[derive(Clone, Debug)]
pub struct Standing {
    /// What is to be done.
    pub plan: Plan,
    /// When the next run is due, ms since 1970. In the past if it waits: for another export of the Cell, or for its
    /// turn.
    pub next_at: i64,
    /// Name of the snapshot that a run is making.
    pub running: Option<String>,
    /// What the last run came to.
    pub last: Option<Last>,
    /// The snapshot files that came of it and are there, the oldest first.
    pub kept: Vec<String>,
}

/// The schedule of a Cell.
///
/// # Errors
/// If somebody may not know; [`ErrorCode::ResourceNotFound`] if there is none; the store's.
pub fn get(unit: &Unit, cell: &Cell, access: &Access) -> Result<Standing> {
    snapshot::authorize(cell, access)?;
    let record = record::of(unit, cell.id())?.ok_or_else(none)?;
    standing(unit, cell.id(), record)
}

/// Whether somebody may see and set schedules.
///
/// # Errors
/// Why not.
pub fn authorize(cell: &Cell, access: &Access) -> Result<()> {
    snapshot::authorize(cell, access)
}

/// Sets the schedule of a Cell; whether it had none. What came of an earlier one stays its own.
///
/// # Errors
/// If somebody may not; [`ErrorCode::BodyKeyFormat`], [`ErrorCode::BoxUnknown`] or [`ErrorCode::SnapshotLocked`] for
/// what no export would take or no day has; the store's.
pub fn set(unit: &Unit, cell: &Cell, access: &Access, plan: Plan) -> Result<(Standing, bool)> {
    snapshot::authorize(cell, access)?;
    let plan = plan.checked(cell)?;
    let (times, apart) = (Times::parse(&plan.cron)?, apart(unit));
    let first = times.first(clock::now(), apart)?;
    let id = cell.id().clone();
    let (record, is_new) = record::update_with(unit, cell.id(), move |tx, record| {
        // In this very moment: it would be nobody's.
        if let Some(moved) = relocation::find(tx.read(), &id)? {
            return Err(ErrorCode::CellMoved.with([moved.to]));
        }
        let is_new = record.is_none();
        let set = match record.take() {
            None => Record::new(plan, first),
            // However often it is set: no sooner after the last run than if it had not been.
            Some(before) => {
                let later = before.began().and_then(|began| times.next(began, apart));
                before.with(plan, later.map_or(first, |later| later.max(first)))
            }
        };
        *record = Some(set.clone());
        Ok((set, is_new))
    })?;
    Ok((standing(unit, cell.id(), record)?, is_new))
}

/// Removes the schedule of a Cell. The snapshots stay, and a run that has begun goes on.
///
/// # Errors
/// If somebody may not; [`ErrorCode::ResourceNotFound`] if there is none; the store's.
pub fn remove(unit: &Unit, cell: &Cell, access: &Access) -> Result<()> {
    snapshot::authorize(cell, access)?;
    record::update(unit, cell.id(), |record| record.take().map(drop).ok_or_else(none))
}

/// Forgets the schedule of a Cell that is deleted.
pub(crate) fn forget_all(unit: &Unit, cell: &Id) -> Result<()> {
    let id = cell.clone();
    record::update_with(unit, cell, move |tx, record| {
        *record = None;
        Record::take_up(tx, &id).map(drop)
    })
}

fn none() -> saibo_model::Error {
    ErrorCode::ResourceNotFound.with(["__export/schedule"])
}

fn standing(unit: &Unit, cell: &Id, record: Record) -> Result<Standing> {
    let there = snapshot::list(unit, cell)?;
    let kept = retention::present(&record.made, &there).map(|made| made.file.clone()).collect();
    let next_at = record.next_shown(apart(unit));
    let running = record.running.map(|run| run.name);
    Ok(Standing { plan: record.plan, next_at, running, last: record.last, kept })
}

/// How long is between two runs at least, in ms.
fn apart(unit: &Unit) -> i64 {
    i64::try_from(unit.settings().limits.schedule_apart.as_millis()).unwrap_or(i64::MAX)
}
