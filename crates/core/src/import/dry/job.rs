//! Dry runs as jobs of a unit, and the last one's report.

use std::sync::Arc;

use saibo_archive::Key;
use saibo_model::{ErrorCode, Id, Result};
use saibo_store::{StoreExt as _, WriteTx};

use super::super::chain::{Chain, Over};
use super::super::{Accepted, Request, merge};
use super::{Report, built, examine_for};
use crate::access::Access;
use crate::job::{End, Job, JobKind, Options, Progress, State};
use crate::leftover::{self, Making};
use crate::{Cell, Unit, clock, document, snapshot};

/// Scope of the register's values that hold the last report of a Cell, by its id.
const SCOPE: &str = "dry_run";

/// Does all that the import with its mode would do, on a copy that nobody sees: no other way tells as surely what it
/// would come to.
fn rehearse(
    unit: &Unit,
    cell: &Cell,
    chain: &Chain,
    job: &Job,
    report: &mut Report,
    progress: &Arc<Progress>,
) -> Result<()> {
    leftover::clear_of(unit, cell.id())?;
    let making = Making::begin(unit, cell.id())?;
    let effects =
        super::super::build::build(unit, cell, chain, &job.options, None, progress).and_then(|read| {
            let source = merge::Source::open(unit, cell, read.built, read.has_credentials)?;
            merge::rehearse(unit, cell, source, job, progress)
        });
    making.done()?;
    progress.check()?;
    report.effects = report.or_problem(effects)?;
    report.importable = report.problems_found == 0;
    Ok(())
}

/// The last dry run for a Cell, and what it found if it was not cut short.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DryRun {
    /// How it ended.
    pub job: Job,
    /// What it found.
    pub report: Option<Report>,
}

/// Accepts a dry run of the import of a snapshot (without `.zip`); with `hashes`, every byte is compared.
///
/// # Errors
/// As [`start`](crate::import::start) of the import itself, but that it does without room on the disk.
pub fn start(unit: &Arc<Unit>, cell: &Cell, access: &Access, request: Request, hashes: bool) -> Result<()> {
    let Accepted { name, options, chain } = super::super::accept(unit, cell, access, request)?;
    if unit.jobs().running(cell.id(), JobKind::Import).is_some() {
        return Err(ErrorCode::CellLocked.with(["import"]));
    }
    let options = Options { hashes, ..options };
    run(unit, Job::begin(cell, JobKind::Check, name, clock::now(), options), chain.into_keys())
}

/// Takes up a dry run that a unit which was stopped left running.
///
/// # Errors
/// If it cannot be started.
pub(crate) fn resume(unit: &Arc<Unit>, job: Job) -> Result<()> {
    if job.options.encryption.is_some() {
        return unit.jobs().give_up(job).map(drop);
    }
    run(unit, job, Vec::new())
}

fn run(unit: &Arc<Unit>, job: Job, keys: Vec<Option<Key>>) -> Result<()> {
    let owner = unit.clone();
    let accepted = job.clone();
    unit.jobs().start(job, move |progress| {
        look(&owner, accepted, &keys, progress).map(|job| End::Entered(Box::new(job)))
    })
}

fn look(unit: &Unit, job: Job, keys: &[Option<Key>], progress: &Arc<Progress>) -> Result<Job> {
    let id = Id::from(job.cell.as_str());
    let cell = unit.cell_of(&id)?;
    let chain = Chain::open(unit, &cell, &job.name, keys, Over::of(job.options.mode))?;
    let mut report = if chain.is_incremental() {
        built::examine(unit, &cell, &chain, &job.options, progress)?
    } else {
        examine_for(unit, &cell, chain.newest()?, &job.options, progress)?
    };
    if job.options.mode.is_some() && report.importable {
        rehearse(unit, &cell, &chain, &job, &mut report, progress)?;
    }
    let text = serde_json::to_string(&report)
        .map_err(|e| saibo_model::Error::from(ErrorCode::Unknown).because(e))?;
    progress.seal()?;
    let (ended, counts) = (job.done(), progress.counts());
    let (entered, value) = (ended.clone(), text.clone());
    unit.backend().register().write(move |tx| {
        tx.set_value(SCOPE, id.as_str(), Some(&value))?;
        entered.enter_end(tx, counts)
    })?;
    progress.tell(text);
    Ok(ended)
}

/// The last dry run for a Cell, unless an import has begun since.
///
/// # Errors
/// If somebody may not know; the store's.
pub fn last(unit: &Unit, cell: &Cell, access: &Access) -> Result<Option<DryRun>> {
    snapshot::authorize(cell, access)?;
    let Some(job) = unit.jobs().last(cell.id(), JobKind::Check)? else { return Ok(None) };
    let import = unit.jobs().last(cell.id(), JobKind::Import)?;
    if job.state == State::Running || import.is_some_and(|import| import.started_at > job.started_at) {
        return Ok(None);
    }
    if !matches!(job.state, State::Done { .. }) {
        return Ok(Some(DryRun { job, report: None }));
    }
    let text = unit.backend().register().read(|tx| tx.value(SCOPE, cell.id().as_str()))?;
    Ok(Some(DryRun { job, report: text.as_deref().map(document::stored).transpose()? }))
}

/// Forgets the report of a Cell that is deleted.
pub(in crate::import) fn forget(tx: &mut dyn WriteTx, cell: &Id) -> Result<()> {
    tx.set_value(SCOPE, cell.as_str(), None)
}
