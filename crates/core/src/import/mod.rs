//! Importing a snapshot into a Cell: `{cell}__import` (API pages 507 and 508).
//!
//! The new content is built beside the live one, checked as a whole, and put in its place by one transaction of the
//! register. Until then, and whatever fails, the Cell is as it was; it is read and written all the while. What was
//! replaced is kept for a time and can be brought back.

mod build;
mod chain;
mod defects;
mod draft;
pub mod dry;
mod follow;
pub mod merge;
mod read;
mod replaced;
mod row;
mod swap;

use std::sync::Arc;

use saibo_archive::Key;
use saibo_model::{ErrorCode, Id, Result, name};
use saibo_store::{Place, StoreExt as _};

use crate::access::Access;
use crate::job::{
    Encryption, End, Job, JobKind, Options, Past, Phase, Progress, Running, Status, Totals, history,
};
use crate::leftover::{self, Making};
use crate::{Cell, Unit, clock, export, selection, snapshot};

use chain::{Chain, Over};
use draft::Draft;

pub use merge::{Effects, Mode};
pub(crate) use replaced::forget_all;
pub use replaced::{Replaced, remove_expired, replaced, undo};

/// What is left free on the disk, whatever happens.
const MARGIN: u64 = 64 << 20;

/// How the imports into a Cell stand, dry runs included as long as they run; [`dry::last`] has what came of them.
///
/// # Errors
/// If somebody may not know.
pub fn status(unit: &Unit, cell: &Cell, access: &Access) -> Result<Status> {
    snapshot::authorize(cell, access)?;
    let jobs = unit.jobs();
    match jobs.running(cell.id(), JobKind::Check) {
        Some(check) if jobs.running(cell.id(), JobKind::Import).is_none() => Ok(Status::Running(check)),
        _ => jobs.status(cell.id(), JobKind::Import),
    }
}

/// Cancels the import into a Cell, or the dry run; see [`Jobs::cancel`](crate::job::Jobs::cancel). It takes the same
/// right as beginning one.
///
/// # Errors
/// If somebody may not; [`ErrorCode::CellLocked`] if the new content is being put in its place already.
pub fn cancel(unit: &Unit, cell: &Cell, access: &Access) -> Result<Option<Running>> {
    snapshot::authorize(cell, access)?;
    match unit.jobs().cancel(cell.id(), JobKind::Import)? {
        Some(cancelled) => Ok(Some(cancelled)),
        None => unit.jobs().cancel(cell.id(), JobKind::Check),
    }
}

/// The imports into a Cell and the dry runs that are over, the latest first.
///
/// # Errors
/// If somebody may not know.
pub fn history(unit: &Unit, cell: &Cell, access: &Access) -> Result<Vec<Past>> {
    snapshot::authorize(cell, access)?;
    let mut past = unit.jobs().history(cell.id(), JobKind::Import)?;
    past.extend(unit.jobs().history(cell.id(), JobKind::Check)?);
    past.sort_by_key(|past| std::cmp::Reverse(past.started_at));
    past.truncate(history::KEPT);
    Ok(past)
}

/// Accepts an import of the snapshot of a name (without `.zip`).
///
/// # Errors
/// If somebody may not; [`ErrorCode::BodyKeyMissing`], [`ErrorCode::BodyKeyFormat`], [`ErrorCode::ResourceNotFound`];
/// what the structure of the file shows at once ([`ErrorCode::SnapshotNotZip`], [`ErrorCode::SnapshotVersion`],
/// [`ErrorCode::SnapshotEntryMissing`]); [`ErrorCode::CellLocked`] while another runs; [`ErrorCode::DiskFull`] if
/// there is not enough space for it.
pub fn start(unit: &Arc<Unit>, cell: &Cell, access: &Access, request: Request) -> Result<()> {
    let Accepted { name, chain, options } = accept(unit, cell, access, request)?;
    if unit.jobs().running(cell.id(), JobKind::Check).is_some() {
        return Err(ErrorCode::CellLocked.with(["dry run"]));
    }
    check_space(unit, cell, &chain, &options)?;
    run(unit, Job::begin(cell, JobKind::Import, name, clock::now(), options), chain.into_keys())
}

/// What is to be imported, and how; by default the Cell's content is replaced by all of the snapshot's.
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// Name of the snapshot, without `.zip`.
    pub name: Option<String>,
    /// What becomes of what is in both, where the Cell's content is kept.
    pub mode: Option<Mode>,
    /// With a mode: names of the Boxes whose contents are wanted, with what is bound to them.
    pub boxes: Option<Vec<String>>,
    /// What decrypts it: then it is `{name}.zip.age`.
    pub key: Option<Key>,
    /// Whether incremental snapshots that are made since this one are to follow: then they need no base here, and are
    /// put over what is there, for as long as nobody else writes.
    pub more_follows: bool,
}

impl Request {
    /// The snapshot of a name in the place of the Cell's content.
    #[must_use]
    pub fn named(name: &str) -> Self {
        Self { name: Some(name.to_owned()), ..Self::default() }
    }
}

/// An import, or a dry run of one, that nothing speaks against so far.
struct Accepted {
    name: String,
    chain: Chain,
    options: Options,
}

/// What is refused at once, of an import and of a dry run: by who asks, by the name, by the file's structure.
fn accept(unit: &Unit, cell: &Cell, access: &Access, request: Request) -> Result<Accepted> {
    snapshot::authorize(cell, access)?;
    let name = request.name.ok_or_else(|| ErrorCode::BodyKeyMissing.with(["Name"]))?;
    if !name::is_snapshot_name(&name) {
        return Err(ErrorCode::BodyKeyFormat.with(["Name", "[a-zA-Z0-9-_]{1,192}"]));
    }
    if request.mode.is_some() && request.more_follows {
        return Err(ErrorCode::BodyKeyFormat.with(["MoreFollows", "without Mode"]));
    }
    let chain = Chain::open(unit, cell, &name, &[request.key], Over::of(request.mode))?;
    let boxes = request.boxes.map(selection::named).transpose()?;
    if let Some(boxes) = &boxes {
        if request.mode.is_none() {
            return Err(ErrorCode::BodyKeyMissing.with(["Mode"]));
        }
        chain.check_boxes(boxes)?;
    }
    let encryption = chain.has_secret().then_some(Encryption::Secret);
    let more_follows = request.more_follows;
    let options = Options { mode: request.mode, boxes, encryption, more_follows, ..Options::default() };
    Ok(Accepted { name, chain, options })
}

/// Takes up an import that a unit which was stopped left running.
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
        let id = Id::from(accepted.cell.as_str());
        let mut ended = import(&owner, &id, accepted.clone(), &keys, progress);
        if let Err(error) = &ended
            && accepted.begins_anew(error, progress)
        {
            ended = import(&owner, &id, Job { work: None, ..accepted }, &keys, progress);
        }
        if progress.is_cancelled()
            && let Err(error) = leftover::clear_of(&owner, &id)
        {
            tracing::warn!(%error, "what was left of a cancelled import could not be removed yet");
        }
        ended.map(|job| End::Entered(Box::new(job)))
    })
}

fn import(unit: &Unit, id: &Id, job: Job, keys: &[Option<Key>], progress: &Arc<Progress>) -> Result<Job> {
    let cell = unit.cell_of(id)?;
    leftover::clear_of(unit, id)?;
    let making = Making::begin(unit, id)?;
    progress.enter(Phase::Checking);
    let chain = Chain::open(unit, &cell, &job.name, keys, Over::of(job.options.mode))?;
    let draft = Draft::of(unit, &job, &chain);
    let read = build::build(unit, &cell, &chain, &job.options, draft, progress)?;
    if job.options.mode.is_some() {
        let source = merge::Source::open(unit, &cell, read.built, read.has_credentials)?;
        return merge::adopt(unit, id, source, &making, &job, progress);
    }
    drop(cell);
    let place = Place { cell: id.clone(), generation: read.built.generation() };
    if job.options.more_follows {
        follow::note(unit, &place, chain.newest()?)?;
    }
    let content = unit.backend().open(&place)?.0.read(export::content)?;
    let job = Job { content: Some(content), ..job };
    progress.seal()?;
    // An undo may have come meanwhile: what is replaced is what is live then.
    let next = swap::Next { built: read.built, making: &making, job, counts: progress.counts() };
    swap::adopt(unit, &unit.cell_of(id)?, None, next, || Ok(()))
}

/// How much an import may need on the disk: with a mode, also for a copy of the Cell with all of that in it.
fn space_needed(cell: &Cell, totals: saibo_archive::Totals, options: &Options) -> Result<u64> {
    let documents = totals.document_bytes.saturating_mul(2);
    let copy = match options.mode {
        Some(_) => cell.store().size()?.saturating_add(documents),
        None => 0,
    };
    let needed = totals
        .content_bytes
        .saturating_add(copy)
        .saturating_add(documents)
        .saturating_add(totals.resources.saturating_mul(512))
        .saturating_add(MARGIN);
    Ok(needed)
}

fn check_space(unit: &Unit, cell: &Cell, chain: &Chain, options: &Options) -> Result<()> {
    let copy = if chain.is_over_live() { cell.store().size()? } else { 0 };
    let needed = space_needed(cell, chain.totals(), options)?.saturating_add(copy);
    let free = unit.backend().free_space()?;
    if free < needed {
        let why = format!("an import may need {needed} bytes and {free} are free");
        return Err(saibo_model::Error::from(ErrorCode::DiskFull).because(why));
    }
    Ok(())
}

/// What counts how much in an import's progress: measured on a machine of two cores, so that equal shares take about
/// equal time. A byte of a file counts 1.
mod weight {
    /// A byte of a document or link: parsed, checked, inserted.
    pub(super) const DOCUMENT_BYTE: u64 = 20;
    /// A byte of them again: indexes are built and links resolved.
    pub(super) const CHECK_BYTE: u64 = 10;
    /// A byte of a document once more, with a mode.
    pub(super) const MERGE_BYTE: u64 = 10;
    /// A resource, apart from its content.
    pub(super) const NODE: u64 = 15_000;
    /// Divides the bytes of everything while it is compared with the manifest.
    pub(super) const VERIFY_PART: u64 = 2;
}

/// What there is to do, from the archive's directory.
fn totals(archive: saibo_archive::Totals, options: &Options) -> Totals {
    let merged = match options.mode {
        Some(_) => archive.document_bytes * weight::MERGE_BYTE + archive.resources * weight::NODE,
        None => 0,
    };
    let built = archive.document_bytes * (weight::DOCUMENT_BYTE + weight::CHECK_BYTE)
        + archive.resources * weight::NODE
        + archive.content_bytes;
    Totals {
        items: archive.resources,
        bytes: archive.document_bytes + archive.content_bytes,
        work: built + merged + archive.bytes / weight::VERIFY_PART,
    }
}
