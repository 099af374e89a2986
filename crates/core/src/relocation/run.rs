//! What a move does.

use std::sync::Arc;
use std::time::{Duration, Instant};

use saibo_model::{Error, ErrorCode, Id, Result};
use saibo_store::StoreExt as _;

use super::parcels::Parcels;
use super::{Moved, Quiet, Request, moved};
use crate::job::{Counts, End, Job, Phase, Progress, Totals};
use crate::schedule::{self, Plan};
use crate::{Cell, Unit, clock, export};

/// What the parts of copying are of a whole move, in thousandths: as they take time where both ends are alike.
struct Shares {
    export: u64,
    send: u64,
    import: u64,
}

/// Shares of everything, and of each time that something was changed meanwhile, in thousandths of the whole.
const WHOLE: Shares = Shares { export: 350, send: 150, import: 350 };
const CHANGES: Shares = Shares { export: 10, send: 5, import: 10 };

/// How often what was changed is copied while the Cell is used.
const ROUNDS: usize = 5;

/// So little is changed that it is copied in a moment.
const FEW_ROWS: u64 = 500;
const FEW_BYTES: u64 = 4 << 20;

/// How long those who write may wait for a handover; then it is called off, and tried again after another round.
const PATIENCE: Duration = Duration::from_secs(10);

/// How often a handover is tried.
const HANDOVERS: usize = 3;

/// How often a schedule is handed over that is changed meanwhile.
const SCHEDULES: usize = 5;

/// How much of what another unit says is kept, in bytes.
const WHY: usize = 1000;

/// Moves a Cell; the job at its end.
pub(super) fn carry(unit: &Arc<Unit>, job: Job, request: &Request, progress: &Arc<Progress>) -> Result<End> {
    let carrier = unit.carrier().ok_or_else(|| ErrorCode::Network.with(["this unit has no way out"]))?;
    progress.set_totals(Totals { work: 1000, ..Totals::default() });
    progress.enter(Phase::Checking);
    let cell = unit.cell_of(&Id::from(job.cell.as_str()))?;
    let destination = carrier.reach(&request.to, &request.token)?;
    match (destination.exists()?, request.replace) {
        (true, false) => {
            let there = format!("there is a Cell at {} already, and Replace was not asked for", request.to);
            return Err(ErrorCode::Network.with([there]));
        }
        (true, true) => {}
        (false, _) => destination.create()?,
    }
    let mut parcels = Parcels::new(unit, &cell, &job, destination.as_ref(), progress);
    let ended = copy(&mut parcels).and_then(|()| hand_over_in_time(&mut parcels, &request.to));
    parcels.remove();
    let ended = ended?;
    if let Err(error) = destination.arrived(cell.url()) {
        // It has moved all the same; the new unit does not know where from.
        tracing::warn!(%error, cell = cell.name(), "the new unit could not be told the Cell's former URL");
    }
    Ok(End::Entered(Box::new(ended)))
}

/// Copies everything, and what was changed meanwhile, until that is little.
fn copy(parcels: &mut Parcels<'_>) -> Result<()> {
    transfer(parcels, &WHOLE)?;
    for _ in 0..ROUNDS {
        let (rows, bytes) = parcels.changed()?;
        if rows <= FEW_ROWS && bytes <= FEW_BYTES {
            break;
        }
        transfer(parcels, &CHANGES)?;
    }
    Ok(())
}

/// Takes one snapshot over while the Cell is used.
fn transfer(parcels: &mut Parcels<'_>, shares: &Shares) -> Result<()> {
    let name = parcels.export(None, shares.export)?;
    parcels.progress.enter(Phase::Sending);
    parcels.send(&name, shares.send)?;
    parcels.progress.enter(Phase::Importing);
    let (progress, mut last) = (parcels.progress, 0);
    parcels.destination.import(&name, &mut |percent| {
        progress.work(percent.saturating_sub(last) * shares.import / 100);
        last = percent.max(last);
        progress.check().is_ok()
    })?;
    progress.check()?;
    Ok(())
}

fn hand_over_in_time(parcels: &mut Parcels<'_>, to: &str) -> Result<Job> {
    let mut tried = 1;
    loop {
        match hand_over(parcels, to) {
            Err(error) if error.code() == ErrorCode::Network && tried < HANDOVERS => {
                parcels.progress.check()?;
                tracing::info!(%error, cell = parcels.cell.name(), "a handover is tried again");
                tried += 1;
                transfer(parcels, &CHANGES)?;
            }
            done => return done,
        }
    }
}

/// The Cell takes no writes from here to the end: copies what was changed last, compares, and says that it has moved.
fn hand_over(parcels: &mut Parcels<'_>, to: &str) -> Result<Job> {
    let (unit, cell, progress) = (parcels.unit, parcels.cell, parcels.progress);
    progress.enter(Phase::HandingOver);
    let moment = cell.store().write(|tx| tx.mark())?;
    let _held = unit.hold(cell)?;
    let _quiet = Quiet::begin(unit, cell);
    let until = Instant::now() + PATIENCE;
    let name = parcels.export(Some(moment), CHANGES.export)?;
    parcels.send(&name, CHANGES.send)?;
    let there =
        parcels.destination.import(&name, &mut |_| progress.check().is_ok() && Instant::now() < until)?;
    compare(cell, there)?;
    progress.seal()?;
    let ended = enter(parcels, to);
    unit.forget_cell(cell.id());
    ended
}

/// Hands the schedule over, if there is one, and says that the Cell has moved; the job at its end.
fn enter(parcels: &Parcels<'_>, to: &str) -> Result<Job> {
    let (unit, cell) = (parcels.unit, parcels.cell);
    let mut has_one = false;
    for _ in 0..SCHEDULES {
        let plan = schedule::plan_of(unit, cell.id())?;
        if has_one && plan.is_none() {
            take_schedule_back(parcels);
        }
        has_one = plan.is_some();
        let warning = plan.as_ref().and_then(|plan| hand_over_schedule(parcels, plan));
        let warnings = Vec::from_iter(warning);
        let moved = Moved { from: cell.url().to_owned(), to: to.to_owned(), at: clock::now() };
        let done = Job { warnings, ..parcels.job.clone().done() };
        let (id, ended, counts) = (cell.id().clone(), done.clone(), parcels.progress.counts());
        let entered = schedule::leave(unit, cell.id(), plan, move |tx| {
            moved::enter(tx, &id, &moved)?;
            done.enter_end(tx, counts)
        });
        match entered {
            // Somebody has set another one this very moment.
            Ok(false) => {}
            Ok(true) => return Ok(ended),
            // A commit can fail and yet have happened; the register knows.
            Err(_) if unit.moved(cell.id())?.is_some() => return Ok(ended),
            Err(error) => {
                if has_one {
                    take_schedule_back(parcels);
                }
                return Err(error);
            }
        }
    }
    if has_one {
        take_schedule_back(parcels);
    }
    Err(ErrorCode::CellLocked.with(["export/schedule"]))
}

/// What is there is no more than a copy: nobody needs exports of it.
fn take_schedule_back(parcels: &Parcels<'_>) {
    if let Err(error) = parcels.destination.unschedule() {
        tracing::warn!(%error, cell = parcels.cell.name(), "the schedule of a copy could not be removed");
    }
}

/// The Cell moves without its schedule, if that is not taken there: what is to be told of that.
fn hand_over_schedule(parcels: &Parcels<'_>, plan: &Plan) -> Option<String> {
    let error = parcels.destination.schedule(plan).err()?;
    tracing::warn!(%error, cell = parcels.cell.name(), "a schedule could not be handed over");
    let mut why = error.message();
    why.truncate(why.floor_char_boundary(WHY));
    Some(format!("The schedule of exports ({}) has not come along: {why}", plan.cron))
}

/// Every byte that went over was compared with its hash there. What is there as a whole must be as much as here.
fn compare(cell: &Cell, there: Option<Counts>) -> Result<()> {
    let here = cell.store().read(export::content)?;
    match there {
        Some(there) if there == here => Ok(()),
        Some(there) => {
            let why = format!("{here:?} here and {there:?} there");
            Err(Error::from(ErrorCode::CopyDiffers).because(why))
        }
        None => Err(ErrorCode::Network.with(["the other unit does not say what the Cell has there"])),
    }
}
