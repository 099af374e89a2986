//! The end of a move: the Cell is said to have moved, the new place is told where from, and what was sent is removed.
//!
//! The first is one transaction; what follows needs the token still, so the job is over when all of it is. Cut off in
//! between, the next start does the rest.

use std::time::Duration;

use saibo_model::{ErrorCode, Result};

use super::parcels::Parcels;
use super::{Destination, Moved, moved, parcels};
use crate::job::{End, Job, Progress, history};
use crate::schedule::{self, Plan};
use crate::{Unit, clock, snapshot};

/// How often a schedule is handed over that is changed meanwhile.
const SCHEDULES: usize = 5;

/// How often what is left to do is tried, and how long is waited in between.
const TRIES: u32 = 3;
const PAUSE: Duration = Duration::from_secs(1);

/// Hands the schedule over, if there is one, and says that the Cell has moved; the job by then.
pub(super) fn enter(parcels: &Parcels<'_>, to: &str) -> Result<Job> {
    let (unit, cell) = (parcels.unit, parcels.cell);
    let mut has_one = false;
    for _ in 0..SCHEDULES {
        let plan = schedule::plan_of(unit, cell.id())?;
        if has_one && plan.is_none() {
            take_schedule_back(parcels);
        }
        has_one = plan.is_some();
        let warning = plan.as_ref().and_then(|plan| hand_over_schedule(parcels, plan));
        let moved = Moved { from: cell.url().to_owned(), to: to.to_owned(), at: clock::now() };
        let job = Job { warnings: Vec::from_iter(warning), ..parcels.job.clone() };
        let (id, entered) = (cell.id().clone(), job.clone());
        let left = schedule::leave(unit, cell.id(), plan, move |tx| {
            moved::enter(tx, &id, &moved)?;
            entered.enter(tx)
        });
        match left {
            // Somebody has set another one this very moment.
            Ok(false) => {}
            Ok(true) => return Ok(job),
            // A commit can fail and yet have happened; the register knows.
            Err(_) if unit.moved(cell.id())?.is_some() => return Ok(job),
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

/// The Cell moves without its schedule, if that is not taken there: what is to be told of that.
fn hand_over_schedule(parcels: &Parcels<'_>, plan: &Plan) -> Option<String> {
    let error = parcels.destination.schedule(plan).err()?;
    tracing::warn!(%error, cell = parcels.cell.name(), "a schedule could not be handed over");
    Some(format!("The schedule of exports ({}) has not come along: {}", plan.cron, why(&error)))
}

/// What is there is no more than a copy: nobody needs exports of it.
fn take_schedule_back(parcels: &Parcels<'_>) {
    if let Err(error) = parcels.destination.unschedule() {
        tracing::warn!(%error, cell = parcels.cell.name(), "the schedule of a copy could not be removed");
    }
}

/// What is left to do when the Cell has moved; the job at its end. Nothing of it can bring the Cell back, so what does
/// not succeed is told.
pub(super) fn finish(
    unit: &Unit,
    mut job: Job,
    destination: Result<Box<dyn Destination>>,
    progress: &Progress,
) -> Result<End> {
    // A unit that is being stopped leaves it to the next start.
    progress.seal()?;
    let names = parcels::names(unit, &job).unwrap_or_else(|error| {
        tracing::warn!(%error, cell = job.cell_name, "the snapshots of a move cannot be listed");
        Vec::new()
    });
    let from = unit.cell_url(&job.cell_name);
    match destination {
        Ok(destination) => {
            if let Err(error) = tried(|| destination.arrived(&from)) {
                let told = format!("The new unit does not know the URL that the Cell had: {}", why(&error));
                job.warnings.push(told);
            }
            for name in names.iter().rev() {
                let file = snapshot::file_name(name, false);
                if let Err(error) = tried(|| destination.remove(&file)) {
                    job.warnings.push(format!("{file} is left at the new place: {}", why(&error)));
                    break;
                }
            }
        }
        Err(error) => {
            let told = "The new unit does not know the URL that the Cell had, and snapshots of the move may be left \
                        there";
            job.warnings.push(format!("{told}: {}", why(&error)));
        }
    }
    for warning in &job.warnings {
        tracing::warn!(cell = job.cell_name, warning, "a Cell has moved, but not all of it went well");
    }
    parcels::remove_here(unit, &job);
    let done = job.done();
    if let Err(error) = unit.jobs().record_end(&done, progress.counts()) {
        tracing::error!(%error, "the end of a move could not be recorded; the next start does it again");
    }
    Ok(End::Entered(Box::new(done)))
}

/// Tries something a few times that takes a network.
fn tried(work: impl Fn() -> Result<()>) -> Result<()> {
    let mut tries = 1;
    loop {
        match work() {
            Err(error) if error.code() == ErrorCode::Network && tries < TRIES => {
                tracing::debug!(%error, "the end of a move is tried again");
                std::thread::sleep(PAUSE);
                tries += 1;
            }
            done => return done,
        }
    }
}

/// Ends a job that cannot be taken up again.
pub(super) fn give_up(unit: &Unit, job: Job) -> Result<()> {
    let is_moved = unit.moved(&job.cell.as_str().into())?.is_some();
    if is_moved {
        return finish(unit, job, Err(ErrorCode::SecretForgotten.into()), &Progress::new()).map(drop);
    }
    parcels::remove_here(unit, &job);
    unit.jobs().give_up(job).map(drop)
}

/// What an error says, in some length.
fn why(error: &saibo_model::Error) -> String {
    let mut text = error.message();
    history::shorten(&mut text);
    text
}
