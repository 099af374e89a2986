//! What a move does.

use std::sync::Arc;
use std::time::{Duration, Instant};

use saibo_model::{Error, ErrorCode, Id, Result};
use saibo_store::StoreExt as _;

use super::destination::Go;
use super::order::Order;
use super::parcels::{Parcels, go, remove_here};
use super::reach::{Reached, explained, prepare, reach};
use super::{Quiet, finish};
use crate::job::{Counts, End, Job, Phase, Progress, Stopped, Totals};
use crate::{Cell, Unit, export};

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

/// Moves a Cell; the job at its end.
pub(super) fn carry(unit: &Arc<Unit>, job: Job, mut order: Order, progress: &Arc<Progress>) -> Result<End> {
    progress.set_totals(Totals { work: 1000, ..Totals::default() });
    progress.enter(Phase::Checking);
    let id = Id::from(job.cell.as_str());
    if !order.is_resumed {
        progress.check()?;
    }
    let reached = reach(unit, &order, progress);
    if unit.moved(&id)?.is_some() {
        // Cut off when it had.
        let destination = reached.map(|(destination, _)| destination);
        return finish::finish(unit, job, destination, progress);
    }
    if progress.is_cancelled() {
        return Err(abandoned(unit, &job, reached, progress));
    }
    let reached = reached.map_err(|error| explained(error, &order));
    let prepared = reached.and_then(|(destination, exists)| {
        prepare(unit, &job, &mut order, destination.as_ref(), exists)?;
        Ok((destination, unit.cell_of(&id)?))
    });
    // What was sent before a stop of the unit is out of reach then.
    let (destination, cell) = prepared.inspect_err(|_| {
        if !is_stopped(progress) {
            remove_here(unit, &job);
        }
    })?;
    let mut parcels = Parcels::new(unit, &cell, &job, destination.as_ref(), progress)?;
    let moved = copy(&mut parcels, order.is_resumed)
        .and_then(|()| hand_over_in_time(&mut parcels, &order.request.to));
    match moved {
        Ok(job) => finish::finish(unit, job, Ok(destination), progress),
        Err(error) => {
            if !is_stopped(progress) {
                parcels.remove();
            }
            Err(error)
        }
    }
}

/// Removes what a move that was cut off has sent, for it was cancelled before it could go on.
fn abandoned(unit: &Unit, job: &Job, reached: Result<Reached>, progress: &Arc<Progress>) -> Error {
    let cell = unit.cell_of(&job.cell.as_str().into());
    let removed = cell.and_then(|cell| {
        let Ok((destination, true)) = reached else {
            remove_here(unit, job);
            return Ok(());
        };
        let mut parcels = Parcels::new(unit, &cell, job, destination.as_ref(), progress)?;
        // An import that runs there is cancelled as soon as it is looked at, which then says so.
        if let Err(error) = parcels.look() {
            tracing::debug!(%error, cell = job.cell_name, "a move that was cancelled");
        }
        parcels.remove();
        Ok(())
    });
    if let Err(error) = removed {
        tracing::warn!(%error, cell = job.cell_name, "snapshots of a move could not be removed");
    }
    Stopped.into()
}

/// Whether the unit is being stopped: then the next start goes on with what there is.
fn is_stopped(progress: &Progress) -> bool {
    progress.check().is_err() && !progress.is_cancelled()
}

/// Copies everything, and what was changed meanwhile, until that is little. After a stop of the unit, what the other
/// side has already is not copied again, unless it turns out to be something else.
fn copy(parcels: &mut Parcels<'_>, is_resumed: bool) -> Result<()> {
    if is_resumed {
        match go_on(parcels) {
            Err(error) if error.code() == ErrorCode::SnapshotBaseMissing => {
                tracing::info!(%error, cell = parcels.cell.name(), "a move that was cut off begins anew");
                parcels.begin_anew();
            }
            done => return done,
        }
    }
    transfer(parcels, &WHOLE)?;
    catch_up(parcels)
}

/// Goes on where a stop of the unit cut a move off.
fn go_on(parcels: &mut Parcels<'_>) -> Result<()> {
    parcels.look()?;
    let shares = if parcels.has_begun() { CHANGES } else { WHOLE };
    if let Some(name) = parcels.undelivered()? {
        parcels.progress.work(shares.export);
        if parcels.is_there(&name)? {
            parcels.progress.work(shares.send);
        } else {
            send(parcels, &name, &shares)?;
        }
        import(parcels, &name, &shares)?;
    } else if parcels.has_begun() {
        // What is there may have been written to: only this shows it.
        transfer(parcels, &CHANGES)?;
    } else {
        parcels.begin_anew();
        transfer(parcels, &WHOLE)?;
    }
    catch_up(parcels)
}

/// Copies what was changed meanwhile, until that is little.
fn catch_up(parcels: &mut Parcels<'_>) -> Result<()> {
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
    send(parcels, &name, shares)?;
    import(parcels, &name, shares)
}

fn send(parcels: &Parcels<'_>, name: &str, shares: &Shares) -> Result<()> {
    parcels.progress.enter(Phase::Sending);
    parcels.send(name, shares.send)
}

fn import(parcels: &mut Parcels<'_>, name: &str, shares: &Shares) -> Result<()> {
    let (progress, mut last) = (parcels.progress, 0);
    progress.enter(Phase::Importing);
    parcels.import(name, &mut |percent| {
        progress.work(percent.saturating_sub(last) * shares.import / 100);
        last = percent.max(last);
        go(progress)
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
                // The answer to an import may have been lost, and not the import.
                parcels.look()?;
                if !parcels.has_begun() {
                    return Err(error);
                }
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
    let mut watch = |_| if Instant::now() < until { go(progress) } else { Go::Cancel };
    let there = parcels.import(&name, &mut watch)?;
    compare(cell, there)?;
    progress.seal()?;
    let ended = finish::enter(parcels, to);
    unit.forget_cell(cell.id());
    ended
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
