//! Running schedules: what is due is begun, and what has ended is settled.

use std::sync::Arc;
use std::time::Duration;

use saibo_model::{ErrorCode, Id, Result};
use saibo_store::SnapshotInfo;

use super::record::{self, Last, Made, Outcome, Record, Run};
use super::times::MINUTE;
use super::{apart, retention};
use crate::job::{JobKind, State};
use crate::{Cell, Unit, export, snapshot};

/// How long until the next look while runs are waited for.
const LOOK: Duration = Duration::from_millis(250);

/// How long until the next look at the latest: within as much a run begins that was just asked for.
const PAUSE: i64 = MINUTE;

/// How many are looked at in a tick: a unit that is stopped does not wait for more, were they all to fail at once.
const MOST: usize = 64;

/// Begins what is due by `now`, ms since 1970, and settles what has ended; how long until the next tick.
///
/// So many run at a time that one of the unit's turns is left for who asks for an export and waits. The others stay
/// due: they take no threads, as jobs that wait for a turn do.
///
/// # Errors
/// The register's. What goes wrong with a single schedule is for its record, or the log.
pub fn tick(unit: &Arc<Unit>, now: i64) -> Result<Duration> {
    let schedules = unit.schedules();
    let _one = schedules.tick();
    schedules.lock().load(unit)?;
    let ended: Vec<Id> = {
        let mut due = schedules.lock();
        // One that a stop of the unit cut off has not ended: the next start takes it up.
        let is_over = |job: &crate::job::Job| job.state != State::Running;
        let over = due.watched.iter().filter(|(_, running)| running.ended().is_some_and(is_over));
        let over: Vec<Id> = over.map(|(cell, _)| cell.clone()).collect();
        for cell in &over {
            due.watched.remove(cell);
        }
        over
    };
    for cell in ended {
        look(unit, &cell, now);
    }
    let most = unit.settings().limits.jobs.saturating_sub(1).max(1);
    for _ in 0..MOST {
        let cell = {
            let due = schedules.lock();
            let free = due.watched.len() < most;
            match due.first(now).filter(|_| free) {
                Some(cell) => cell,
                None if !due.watched.is_empty() => return Ok(LOOK),
                None => {
                    let pause = due.next().map_or(PAUSE, |at| (at - now).clamp(0, PAUSE));
                    return Ok(Duration::from_millis(pause.unsigned_abs()).max(LOOK));
                }
            }
        };
        look(unit, &cell, now);
    }
    Ok(Duration::ZERO)
}

/// Looks at a schedule that wants attention, and says when it will again.
fn look(unit: &Arc<Unit>, id: &Id, now: i64) {
    if let Err(error) = attend(unit, id, now) {
        tracing::warn!(%error, cell = %id, "a schedule could not be attended to; it is tried again");
        put_off(unit, id, now);
    }
}

/// Leaves it due, and comes back in a minute. Only in memory: after a restart it is looked at in any case.
fn put_off(unit: &Unit, id: &Id, now: i64) {
    unit.schedules().lock().set(id, Some(now + MINUTE));
}

fn attend(unit: &Arc<Unit>, id: &Id, now: i64) -> Result<()> {
    let Some(record) = record::of(unit, id)? else {
        unit.schedules().lock().set(id, None);
        return Ok(());
    };
    let running = unit.jobs().running(id, JobKind::Export);
    match (&record.running, running) {
        (Some(run), Some(running)) if running.job.name == run.name => {
            unit.schedules().lock().watch(id, running);
            Ok(())
        }
        (Some(run), _) => settle(unit, id, run.clone(), now),
        (None, _) if record.next > now => {
            unit.schedules().lock().set(id, Some(record.next));
            Ok(())
        }
        (None, Some(_)) => {
            tracing::debug!(cell = %id, "a scheduled export is put off: another one runs");
            put_off(unit, id, now);
            Ok(())
        }
        (None, None) => begin(unit, id, record, now),
    }
}

fn begin(unit: &Arc<Unit>, id: &Id, record: Record, now: i64) -> Result<()> {
    let cell = unit.cell_of(id)?;
    if cell.moved().is_some() {
        // A register of earlier: it did not end with the move. Taken back, it is looked at again.
        unit.schedules().lock().set(id, None);
        return Ok(());
    }
    let there = snapshot::list(unit, id)?;
    let base = base(unit, &cell, &record, &there)?;
    let run = Run {
        name: name(&cell, &there, now),
        is_sealed: record.plan.recipients.is_some(),
        base: base.as_ref().map(|info| info.place.clone()),
        began: now,
    };
    let request = record.plan.request(run.name.clone(), base.map(|info| export_name(&info.name)))?;
    // It is known before it begins, so that whatever comes of it is.
    let (known, due) = (run.clone(), record.next);
    let is_current = record::update(unit, id, move |record| {
        let current = record.as_mut().filter(|record| record.running.is_none() && record.next == due);
        Ok(current.map(|record| record.running = Some(known)).is_some())
    })?;
    if !is_current {
        // It was changed this very moment, and will be looked at as it is now.
        return Ok(());
    }
    match export::begin(unit, &cell, request) {
        Ok(()) => Ok(()),
        Err(error) if is_passing(&error) => {
            tracing::debug!(%error, cell = cell.name(), "a scheduled export is put off");
            change(unit, id, &run, |_| ())?;
            put_off(unit, id, now);
            Ok(())
        }
        Err(error) => {
            tracing::warn!(%error, cell = cell.name(), "a scheduled export could not begin");
            failed(unit, id, &run, run.ended(now, Outcome::failed(&error)), false)
        }
    }
}

/// Whether it is no fault of the schedule's, and over soon: another export has begun, or the Cell's content is being
/// replaced this very moment.
fn is_passing(error: &saibo_model::Error) -> bool {
    error.code() == ErrorCode::CellLocked || saibo_store::Error::is_retired(error)
}

/// What the next run is made since; nothing if it is to be whole.
fn base(unit: &Unit, cell: &Cell, record: &Record, there: &[SnapshotInfo]) -> Result<Option<SnapshotInfo>> {
    if record.whole_next || !record.plan.incremental {
        return Ok(None);
    }
    let made: Vec<Made> = retention::present(&record.made, there).cloned().collect();
    let latest = retention::latest_good(&made);
    let info = latest.and_then(|latest| there.iter().find(|info| info.place == latest.place));
    let Some(info) = info else { return Ok(None) };
    match export::find_base(unit, cell, &export_name(&info.name)) {
        Ok(mark) if mark.in_chain < record.plan.in_chain() => Ok(Some(info.clone())),
        Ok(_) => Ok(None),
        Err(error) if matches!(error.code(), ErrorCode::SnapshotNoBase | ErrorCode::ResourceNotFound) => {
            tracing::info!(%error, cell = cell.name(), "a scheduled export is made whole");
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

/// The name of a snapshot, without what says its form.
fn export_name(file: &str) -> String {
    snapshot::bare_name(file).map_or(file, |(name, _)| name).to_owned()
}

/// The name that an export gets by default; another where somebody has that.
fn name(cell: &Cell, there: &[SnapshotInfo], now: i64) -> String {
    let name = export::default_name(cell.name(), now);
    let is_taken = |name: &str| {
        let files = [snapshot::file_name(name, false), snapshot::file_name(name, true), report(name)];
        there.iter().any(|info| files.contains(&info.name))
    };
    let others = (2..).map(|number| format!("{name}_{number}"));
    // There are no more files than names.
    let free = std::iter::once(name.clone()).chain(others).find(|name| !is_taken(name));
    free.unwrap_or(name)
}

/// The file that an export which failed leaves.
fn report(name: &str) -> String {
    format!("{name}.error")
}

/// Enters how a run ended, plans the next one, and removes what is kept no longer.
fn settle(unit: &Arc<Unit>, id: &Id, run: Run, now: i64) -> Result<()> {
    let past = unit.jobs().history(id, JobKind::Export)?;
    let past = past.into_iter().find(|past| past.name == run.name);
    let file = snapshot::file_name(&run.name, run.is_sealed);
    let info = snapshot::list(unit, id)?.into_iter().find(|info| info.name == file);
    let ended = past.as_ref().and_then(|past| past.state.finished_at()).unwrap_or(now);
    let outcome = match (past.and_then(|past| Outcome::of(&past.state)), &info) {
        (Some(outcome), _) => outcome,
        // Its end could not be recorded.
        (None, Some(_)) => Outcome::Done,
        (None, None) => {
            // Either the unit is being stopped, and its next start takes the job up; or it was stopped before the job
            // was known.
            let job = unit.jobs().last(id, JobKind::Export)?;
            if job.is_none_or(|job| job.name != run.name || job.state != State::Running) {
                change(unit, id, &run, |_| ())?;
            }
            put_off(unit, id, now);
            return Ok(());
        }
    };
    let last = run.ended(ended, outcome);
    match &last.outcome {
        Outcome::Done => {
            let made = info.map(|info| Made { file, place: info.place, base: run.base.clone() });
            let (apart, began) = (apart(unit), run.began);
            let report = change(unit, id, &run, move |record| {
                record.made.extend(made);
                record.whole_next = false;
                record.last = Some(last);
                record.go_on(began, apart);
                record.failed.take()
            })?;
            remove_report(unit, id, report.flatten());
            retain(unit, id)
        }
        Outcome::Failed { code, .. } => {
            // The base was good when it began; an import came between.
            let again = run.base.is_some() && code == ErrorCode::SnapshotNoBase.code();
            failed(unit, id, &run, last, again)
        }
        Outcome::Cancelled => failed(unit, id, &run, last, false),
    }
}

/// Enters that a run has failed, or was cancelled. No snapshot goes; of the reports that failures leave, the one
/// before.
fn failed(unit: &Unit, id: &Id, run: &Run, last: Last, again: bool) -> Result<()> {
    let (apart, began) = (apart(unit), run.began);
    let report = change(unit, id, run, move |record| {
        let has_failed = matches!(last.outcome, Outcome::Failed { .. });
        let name = has_failed.then(|| last.name.clone());
        record.last = Some(last);
        if again {
            record.whole_next = true;
        } else {
            record.go_on(began, apart);
        }
        name.and_then(|name| record.failed.replace(name))
    })?;
    remove_report(unit, id, report.flatten());
    Ok(())
}

/// Changes a schedule whose run is over; nothing if there is none any more, or the run is another's.
fn change<R: Send + 'static>(
    unit: &Unit,
    id: &Id,
    run: &Run,
    work: impl FnOnce(&mut Record) -> R + Send + 'static,
) -> Result<Option<R>> {
    let run = run.clone();
    record::update(unit, id, move |record| {
        let current = record.as_mut().filter(|record| record.running.as_ref() == Some(&run));
        Ok(current.map(|record| {
            record.running = None;
            work(record)
        }))
    })
}

/// It is not missed if it stays.
fn remove_report(unit: &Unit, id: &Id, name: Option<String>) {
    let Some(name) = name else { return };
    match snapshot::delete(unit, id, &report(&name)) {
        Err(error) if error.code() != ErrorCode::ResourceNotFound => {
            tracing::warn!(%error, cell = %id, "the report of a scheduled export that failed stays");
        }
        _ => {}
    }
}

/// Removes what is kept no longer. What cannot be removed now is tried again after the next run.
fn retain(unit: &Unit, id: &Id) -> Result<()> {
    let Some(record) = record::of(unit, id)? else { return Ok(()) };
    let made: Vec<Made> = retention::present(&record.made, &snapshot::list(unit, id)?).cloned().collect();
    let mut going = retention::going(&made, record.plan.keep);
    let mut needed = Vec::new();
    for one in &going {
        let place = one.place.clone();
        match snapshot::delete_if(unit, id, &one.file, move |info| info.place == place) {
            Ok(()) => tracing::info!(cell = %id, file = one.file, "a scheduled snapshot is kept no longer"),
            Err(error) if error.code() == ErrorCode::ResourceNotFound => {}
            Err(error) if error.code() == ErrorCode::SnapshotNeeded => {
                tracing::info!(%error, cell = %id, file = one.file, "a scheduled snapshot is still needed");
                needed.push(one.clone());
            }
            Err(error) => {
                // Those that it is to be put over must stay, too.
                tracing::warn!(%error, cell = %id, file = one.file, "a scheduled snapshot could not be removed yet");
                return Ok(());
            }
        }
    }
    going.retain(|one| !needed.contains(one));
    let stays: Vec<Made> = made.into_iter().filter(|one| !going.contains(one)).collect();
    if stays != record.made {
        // Nobody else adds to it: runs are settled one at a time.
        record::update(unit, id, move |record| {
            if let Some(record) = record {
                record.made = stays;
            }
            Ok(())
        })?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn snapshots_are_asked_for_without_their_form() {
        assert_eq!(export_name("a.zip"), "a");
        assert_eq!(export_name("a.zip.age"), "a");
    }
}
