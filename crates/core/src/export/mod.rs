//! Exporting a Cell: `{cell}__export` (API pages 501 and 502).
//!
//! An export takes no write lock. It pins the contents of files, copies the Cell's database inside one read
//! transaction ([`saibo_store::Store::freeze`]), lets the transaction go, and writes the snapshot from the copy while
//! writers carry on. What it wrote is read back and compared before it gets its name.

mod base;
mod content;
mod count;
mod draft;
mod lines;
mod out;
mod read_back;
mod readable;
mod source;
mod write;

pub use base::forget_unneeded;
pub(crate) use base::{MOST_IN_CHAIN, find as find_base, forget_cell, gone, may_forget};
pub(crate) use count::{content, documents};

use std::sync::Arc;

use saibo_archive::Lock;
use saibo_model::{ErrorCode, Moment, Result, name};
use saibo_store::{ChangeTotals, SnapshotMark, StoreExt as _};
use time::OffsetDateTime;
use time::macros::format_description;

use crate::access::Access;
use crate::job::{Counts, Encryption, End, Job, JobKind, Options, Past, Progress, Running, Status, Totals};
use crate::selection::{self, CellsOwn, Selection};
use crate::snapshot::{self, Naming};
use crate::{Cell, Unit, archive, clock};

use draft::Draft;

/// Keeps the contents of a Cell.
type Pin = Box<dyn Send + Sync>;

/// What is left free on the disk, whatever happens.
const MARGIN: u64 = 64 << 20;

/// What a row that was changed is taken to need at most in a snapshot, in bytes: to measure them all takes as long as to
/// write them.
const CHANGED_ROW: u64 = 4 << 10;

/// How the exports of a Cell stand.
///
/// # Errors
/// If somebody may not know.
pub fn status(unit: &Unit, cell: &Cell, access: &Access) -> Result<Status> {
    snapshot::authorize(cell, access)?;
    unit.jobs().status(cell.id(), JobKind::Export)
}

/// Cancels the export of a Cell; see [`Jobs::cancel`](crate::job::Jobs::cancel). It takes the same right as beginning
/// one.
///
/// # Errors
/// If somebody may not; [`ErrorCode::CellLocked`] if the snapshot is getting its name already.
pub fn cancel(unit: &Unit, cell: &Cell, access: &Access) -> Result<Option<Running>> {
    snapshot::authorize(cell, access)?;
    unit.jobs().cancel(cell.id(), JobKind::Export)
}

/// The exports of a Cell that are over, the latest first.
///
/// # Errors
/// If somebody may not know.
pub fn history(unit: &Unit, cell: &Cell, access: &Access) -> Result<Vec<Past>> {
    snapshot::authorize(cell, access)?;
    unit.jobs().history(cell.id(), JobKind::Export)
}

/// What is to be exported, and how; by default everything.
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// Name of the snapshot; by default `{cell}_yyyyMMdd_HHmmss`.
    pub name: Option<String>,
    /// Names of the Boxes whose contents are wanted, with what is bound to them and what is bound to none.
    pub boxes: Option<Vec<String>>,
    /// Whether what Accounts' passwords are checked with is left out.
    pub without_credentials: bool,
    /// The name of a snapshot, without `.zip`: what was changed since that was made is wanted, and no more.
    pub since: Option<String>,
    /// Whom it is encrypted to; it is a zip for all to read without.
    pub lock: Option<Lock>,
    /// Whether there is a copy in it that people can read.
    pub readable: bool,
}

impl Request {
    /// Everything, under a name.
    #[must_use]
    pub fn named(name: &str) -> Self {
        Self { name: Some(name.to_owned()), ..Self::default() }
    }
}

/// Accepts an export.
///
/// # Errors
/// If somebody may not; [`ErrorCode::BodyKeyFormat`], [`ErrorCode::BoxUnknown`], [`ErrorCode::FileAlreadyExists`],
/// [`ErrorCode::ResourceNotFound`] or [`ErrorCode::SnapshotNoBase`] if what was changed since another is not known,
/// [`ErrorCode::CellLocked`] while another runs, [`ErrorCode::DiskFull`] if there is not enough space for it.
pub fn start(unit: &Arc<Unit>, cell: &Cell, access: &Access, request: Request) -> Result<()> {
    snapshot::authorize(cell, access)?;
    begin(unit, cell, request)
}

/// The same, of the unit's own accord.
///
/// # Errors
/// As [`start`].
pub(crate) fn begin(unit: &Arc<Unit>, cell: &Cell, request: Request) -> Result<()> {
    let now = clock::now();
    let boxes = request.boxes.map(selection::named).transpose()?;
    cell.store().read(|tx| Selection::new(tx, boxes.as_deref(), CellsOwn::Taken).map(drop))?;
    let name = match request.name {
        Some(name) if name::is_snapshot_name(&name) => name,
        Some(_) => return Err(ErrorCode::BodyKeyFormat.with(["Name", "[a-zA-Z0-9-_]{1,192}"])),
        None => default_name(cell.name(), now),
    };
    let since = match &request.since {
        Some(_) if boxes.is_some() || request.without_credentials => {
            return Err(
                ErrorCode::BodyKeyFormat.with(["Since", "alone: a part of a Cell has no changes since"])
            );
        }
        // A person could make nothing of rows without those that they belong to.
        Some(_) if request.readable => {
            return Err(
                ErrorCode::BodyKeyFormat.with(["Since", "without Readable: a copy to read is of everything"])
            );
        }
        Some(since) if !name::is_snapshot_name(since) => {
            return Err(ErrorCode::BodyKeyFormat.with(["Since", "[a-zA-Z0-9-_]{1,192}"]));
        }
        Some(since) => Some(base::find(unit, cell, since)?),
        None => None,
    };
    let file = snapshot::file_name(&name, request.lock.is_some());
    if snapshot::list(unit, cell.id())?.iter().any(|info| info.name == file) {
        return Err(ErrorCode::FileAlreadyExists.with([file]));
    }
    check_space(unit, cell, since.as_ref(), request.readable)?;
    let options = Options {
        boxes,
        without_credentials: request.without_credentials,
        readable: request.readable,
        since: request.since,
        encryption: request.lock.as_ref().map(encryption),
        ..Options::default()
    };
    run(unit, Job::begin(cell, JobKind::Export, name, now, options), request.lock, None)
}

/// Writes a snapshot that is part of a greater work, under a name: of everything, or of what was changed since another.
/// `moment` was marked for it, if the Cell takes no writes any more.
///
/// # Errors
/// As [`start`], and those of an export that fails.
pub(crate) fn parcel(
    unit: &Unit,
    cell: &Cell,
    name: &str,
    since: Option<String>,
    moment: Option<Moment>,
    progress: &Arc<Progress>,
) -> Result<()> {
    let mark = since.as_deref().map(|since| base::find(unit, cell, since)).transpose()?;
    check_space(unit, cell, mark.as_ref(), false)?;
    let options = Options { since, moment, ..Options::default() };
    let job = Job::begin(cell, JobKind::Export, name.to_owned(), clock::now(), options);
    write::export(unit, cell, &job, None, Draft::alone(unit, cell)?, progress)
}

/// Takes up an export that a unit which was stopped left running.
///
/// # Errors
/// If it cannot be started.
pub(crate) fn resume(unit: &Arc<Unit>, job: Job) -> Result<()> {
    let file = file_name(&job);
    if snapshot::list(unit, &job.cell.as_str().into())?.iter().any(|info| info.name == file) {
        // It had its name already; only its end was not recorded.
        if let Some(work) = &job.work {
            drop(unit.backend().draft_again(&job.cell.as_str().into(), &work.draft)?);
        }
        return unit.jobs().record_end(&job.done(), Counts::default());
    }
    let lock = match &job.options.encryption {
        None => None,
        Some(Encryption::Recipients(keys)) => Some(Lock::recipients(keys).map_err(archive::error)?),
        Some(Encryption::Secret) => {
            let job = unit.jobs().give_up(job)?;
            report_failure(unit, &job, &ErrorCode::SecretForgotten.into(), &Progress::new());
            return Ok(());
        }
    };
    // From before the first request on: the copy of the Cell that it goes on with refers to them.
    let pin = match &job.work {
        Some(_) => Some(unit.cell_of(&job.cell.as_str().into())?.blobs().pin_all()),
        None => None,
    };
    run(unit, job, lock, pin)
}

/// What may be kept of how a snapshot is encrypted.
fn encryption(lock: &Lock) -> Encryption {
    match lock {
        Lock::Recipients(keys) => Encryption::Recipients(keys.iter().map(ToString::to_string).collect()),
        Lock::Passphrase(_) => Encryption::Secret,
    }
}

fn run(unit: &Arc<Unit>, job: Job, lock: Option<Lock>, pin: Option<Pin>) -> Result<()> {
    let owner = unit.clone();
    let accepted = job.clone();
    unit.jobs().start(job, move |progress| {
        let _pin = pin;
        let result = export(&owner, &accepted, lock.as_ref(), progress);
        // From here on it has failed, and cannot be cancelled.
        if let Err(error) = &result
            && progress.seal().is_ok()
        {
            report_failure(&owner, &accepted, error, progress);
        }
        result.map(|()| End::Open)
    })
}

fn export(unit: &Unit, job: &Job, lock: Option<&Lock>, progress: &Arc<Progress>) -> Result<()> {
    let cell = unit.cell_of(&job.cell.as_str().into())?;
    if lock.is_none()
        && let Some(draft) = Draft::again(unit, &cell, job)?
    {
        match write::export(unit, &cell, job, None, draft, progress) {
            Err(error) if job.begins_anew(&error, progress) => {}
            result => return result,
        }
    }
    write::export(unit, &cell, job, lock, Draft::of(unit, &cell, job)?, progress)
}

/// Leaves `{name}.error` among the snapshots, as clients expect it (API page 501).
fn report_failure(unit: &Unit, job: &Job, error: &saibo_model::Error, progress: &Progress) {
    let report = serde_json::json!({
        "status": "exportation failed",
        "started_at": iso8601(job.started_at),
        "progress": format!("{}%", progress.snapshot().percent),
        "exportation_name": job.name,
        "message": {
            "code": error.code().code(),
            "message": { "lang": "en", "value": error.message() },
        },
    });
    let written = snapshot::Upload::begin(unit, None).and_then(|mut upload| {
        upload.write(report.to_string().as_bytes())?;
        let name = format!("{}.error", job.name);
        upload.commit(unit, &job.cell.as_str().into(), &name, "application/json", Naming::Replace(None))
    });
    if let Err(error) = written {
        tracing::error!(%error, cell = job.cell_name, "the report of a failed export could not be written");
    }
}

/// Whether the disk has room for the copy of the database and for the snapshot, were nothing to shrink.
fn check_space(unit: &Unit, cell: &Cell, since: Option<&SnapshotMark>, readable: bool) -> Result<()> {
    let (copy, written, files) = match since {
        None => {
            let database = cell.store().size()?;
            // A readable copy has each document four times more, were nothing to shrink: as CSV, as JSON and on pages,
            // with names instead of aliases.
            let forms = if readable { 5 } else { 1 };
            (database, database.saturating_mul(forms), cell.store().read(|tx| tx.node_totals())?.2)
        }
        Some(mark) => {
            let changes = cell.store().read(|tx| tx.change_totals(&mark.moment))?;
            let copy = if source::is_read_in_place(&changes) { 0 } else { cell.store().size()? };
            (copy, rows(&changes).saturating_mul(CHANGED_ROW), changes.bytes)
        }
    };
    let needed = copy.saturating_add(written).saturating_add(files).saturating_add(MARGIN);
    let free = unit.backend().free_space()?;
    if free < needed {
        let why = format!("an export may need {needed} bytes and {free} are free");
        return Err(saibo_model::Error::from(ErrorCode::DiskFull).because(why));
    }
    Ok(())
}

/// How many rows were changed.
fn rows(changes: &ChangeTotals) -> u64 {
    changes.documents + changes.links + changes.nodes + changes.removed
}

/// The name that the snapshot of a job gets.
fn file_name(job: &Job) -> String {
    snapshot::file_name(&job.name, job.options.encryption.is_some())
}

/// `{cell}_yyyyMMdd_HHmmss`
pub(crate) fn default_name(cell: &str, now: i64) -> String {
    let stamp = time_of(now)
        .format(format_description!("[year][month][day]_[hour][minute][second]"))
        .unwrap_or_else(|_| now.to_string());
    format!("{cell}_{stamp}")
}

/// `2017-02-13T09:00:00.000Z`, as a status shows times.
#[must_use]
pub fn iso8601(ms: i64) -> String {
    time_of(ms)
        .format(format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:3]Z"))
        .unwrap_or_default()
}

fn time_of(ms: i64) -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp_nanos(i128::from(ms) * 1_000_000)
        .unwrap_or(OffsetDateTime::UNIX_EPOCH)
}

/// What counts how much in an export's progress: measured on a machine of two cores, so that equal shares take about
/// equal time. A byte of a file counts 1.
mod weight {
    /// A document: it is read, written as a line, deflated and hashed.
    pub(super) const DOCUMENT: u64 = 3_000;
    /// A link.
    pub(super) const LINK: u64 = 1_500;
    /// A resource, apart from its content.
    pub(super) const NODE: u64 = 10_000;
    /// A row of a table of the readable copy, in one form.
    pub(super) const READABLE_ROW: u64 = 2_000;
    /// Divides the bytes of the database while it is copied.
    pub(super) const COPY_PART: u64 = 2;
    /// Divides what was written while it is read back.
    pub(super) const VERIFY_PART: u64 = 2;
}

/// What there is to do, from counts.
fn totals(rows: count::Rows, database: u64, readable: bool) -> Totals {
    let count::Rows { documents, links, nodes, files } = rows;
    // Twice, as CSV and as JSON; files have pages, too.
    let copied = if readable { (2 * (documents + links + nodes) + nodes) * weight::READABLE_ROW } else { 0 };
    let written = copied + documents * weight::DOCUMENT + links * weight::LINK + nodes * weight::NODE + files;
    Totals {
        items: documents + links + nodes,
        bytes: files,
        work: written + written / weight::VERIFY_PART + database / weight::COPY_PART,
    }
}
