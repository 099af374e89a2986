//! Moving a Cell to another place: `{cell}__move`.
//!
//! Everything is copied while the Cell is used, then what was changed meanwhile, and again until that is little. For the
//! rest the Cell takes no writes: what was changed last is copied, both sides are compared, and one transaction of the
//! register says that the Cell has moved. From then on its URL leads to the new one. Whatever fails before, the Cell is
//! where it was, and those who waited to write have their write done.

mod acquaintance;
mod arrival;
mod destination;
mod finish;
mod moved;
mod order;
mod parcels;
mod quiet;
mod reach;
mod run;

use std::sync::Arc;

use saibo_model::url::is_http_url;
use saibo_model::{ErrorCode, Result};

use crate::access::Access;
use crate::job::{Job, JobKind, Options, Past, Running, Status};
use crate::settings::Secret;
use crate::{Cell, Unit, clock, schedule, snapshot};

pub(crate) use acquaintance::{Asked, former_urls};
pub use arrival::arrive;
pub use destination::{Carrier, Destination, Go};
pub use moved::Moved;
pub(crate) use moved::{check, find, forget_all};
pub(crate) use quiet::Quiet;

use order::Order;

/// Where a Cell is to be moved.
#[derive(Clone, Debug)]
pub struct Request {
    /// Its URL there.
    pub to: String,
    /// A token with the privilege root in it, or of a unit user who may create it.
    pub token: Secret,
    /// Whether it may be a Cell that is there already, whose content is replaced. Else it is created.
    pub replace: bool,
}

/// How the moves of a Cell stand.
///
/// # Errors
/// If somebody may not know.
pub fn status(unit: &Unit, cell: &Cell, access: &Access) -> Result<Status> {
    snapshot::authorize(cell, access)?;
    unit.jobs().status(cell.id(), JobKind::Move)
}

/// Cancels the move of a Cell; see [`Jobs::cancel`](crate::job::Jobs::cancel). What was copied stays at the other place.
///
/// # Errors
/// If somebody may not; [`ErrorCode::CellLocked`] if it takes effect already.
pub fn cancel(unit: &Unit, cell: &Cell, access: &Access) -> Result<Option<Running>> {
    snapshot::authorize(cell, access)?;
    unit.jobs().cancel(cell.id(), JobKind::Move)
}

/// The moves of a Cell that are over, the latest first.
///
/// # Errors
/// If somebody may not know.
pub fn history(unit: &Unit, cell: &Cell, access: &Access) -> Result<Vec<Past>> {
    snapshot::authorize(cell, access)?;
    unit.jobs().history(cell.id(), JobKind::Move)
}

/// Accepts a move.
///
/// # Errors
/// If somebody may not; [`ErrorCode::BodyKeyFormat`] if the URL cannot be a Cell's, or is this one's;
/// [`ErrorCode::CellLocked`] while another runs, or an import.
pub fn start(unit: &Arc<Unit>, cell: &Cell, access: &Access, request: Request) -> Result<()> {
    snapshot::authorize(cell, access)?;
    if !is_http_url(&request.to) || !request.to.ends_with('/') || request.to.contains(['?', '#']) {
        return Err(ErrorCode::BodyKeyFormat.with(["To", "the URL of a Cell, with a slash at its end"]));
    }
    if request.to == cell.url() {
        return Err(ErrorCode::BodyKeyFormat.with(["To", "another URL than the Cell has"]));
    }
    for kind in [JobKind::Import, JobKind::Check] {
        if unit.jobs().running(cell.id(), kind).is_some() {
            return Err(ErrorCode::CellLocked.with([kind.name()]));
        }
    }
    let now = clock::now();
    let options = Options { to: Some(request.to.clone()), ..Options::default() };
    run(unit, Job::begin(cell, JobKind::Move, format!("move_{now}"), now, options), Order::new(request))
}

/// Takes a move up again that a unit which was stopped left running.
///
/// # Errors
/// If it cannot be started.
pub(crate) fn resume(unit: &Arc<Unit>, job: Job) -> Result<()> {
    match Order::kept(unit, &job)? {
        Some(order) => run(unit, job, order),
        None => finish::give_up(unit, job),
    }
}

fn run(unit: &Arc<Unit>, job: Job, order: Order) -> Result<()> {
    let kept = order.sealed(unit, &job)?;
    let (owner, accepted) = (unit.clone(), job.clone());
    unit.jobs().start_keeping(job, Some(kept), move |progress| run::carry(&owner, accepted, order, progress))
}

/// Takes back that a Cell has moved: what it had when it did is there again under its old URL, and what was written at
/// the new one stays there.
///
/// # Errors
/// If somebody may not; [`ErrorCode::ResourceNotFound`] if it has not moved; [`ErrorCode::CellLocked`] as long as what
/// was sent is being removed.
pub fn undo(unit: &Unit, cell: &Cell, access: &Access) -> Result<()> {
    snapshot::authorize(cell, access)?;
    if unit.jobs().running(cell.id(), JobKind::Move).is_some() {
        return Err(ErrorCode::CellLocked.with([JobKind::Move.name()]));
    }
    let id = cell.id().clone();
    schedule::come_back(unit, cell.id(), move |tx| {
        if moved::find(tx.read(), &id)?.is_none() {
            return Err(ErrorCode::ResourceNotFound.with(["a move that was made"]));
        }
        moved::forget(tx, &id)
    })?;
    cell.store().reinstate();
    unit.forget_cell(cell.id());
    Ok(())
}

/// The URLs that a Cell had before it moved here: for everybody, as the Cells of those URLs tell everybody.
///
/// # Errors
/// The store's.
pub fn former(unit: &Unit, cell: &Cell) -> Result<Vec<String>> {
    moved::former_urls(unit, cell.url())
}
