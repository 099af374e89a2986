//! Imports into a Cell that keeps its content: what the snapshot has is put beside or in the place of what is there.
//!
//! The snapshot is built and checked as a whole, like any other. Then the live generation is copied, what
//! was built is put into the copy, and the copy takes the place of the live one by the same swap. What was written in
//! between must not be lost, so the swap is refused if anything was; then all of it is done again on a new copy. A Cell
//! that is written to all the time gets its last copy while it takes no writes: those wait until the swap.

mod aliases;
mod documents;
mod effects;
mod json;
mod links;
mod seqs;
mod target;
mod tree;

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use saibo_model::{ErrorCode, Id, Kind, Result};
use saibo_store::builder::Built;
use saibo_store::{Blobs, Place, ReadTx, Store, StoreExt as _, WriteTx};
use serde::{Deserialize, Serialize};

pub use effects::{ByType, Effects};

use self::aliases::Aliases;
use self::links::OneOnly;
use self::seqs::Seqs;
use self::target::Targets;
use super::swap::{self, Next};
use super::weight;
use crate::job::{Job, Phase, Progress};
use crate::leftover::Making;
use crate::relocation::Quiet;
use crate::selection::{CellsOwn, Selection};
use crate::{Cell, Unit};

/// What becomes of an object that both the snapshot and the Cell have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// The snapshot's is in the place of the Cell's afterwards.
    Overwrite,
    /// The Cell's stays as it is.
    Skip,
    /// The Cell's gets the properties of the snapshot's, and keeps its others.
    Merge,
}

impl Mode {
    /// The mode of a name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        match name {
            "overwrite" => Some(Self::Overwrite),
            "skip" => Some(Self::Skip),
            "merge" => Some(Self::Merge),
            _ => None,
        }
    }
}

/// How often it is tried while the Cell is written to, before it takes no writes.
const TRIES: usize = 3;

/// What there is to be put into a Cell: a snapshot's content, built and open.
pub(super) struct Source<'u> {
    unit: &'u Unit,
    /// Goes with what holds it.
    _built: Built,
    /// The entry of the swap goes with the swap, and this is removed after it.
    making: Making<'u>,
    place: Place,
    store: Arc<dyn Store>,
    blobs: Arc<dyn Blobs>,
    /// Whether the snapshot says that it has no passwords.
    has_credentials: bool,
}

impl<'u> Source<'u> {
    /// Opens what was built.
    ///
    /// # Errors
    /// The store's.
    pub(super) fn open(unit: &'u Unit, cell: &Cell, built: Built, has_credentials: bool) -> Result<Self> {
        let place = Place { cell: cell.id().clone(), generation: built.generation() };
        let making = Making::begin(unit, cell.id())?;
        let (store, blobs) = unit.backend().open(&place)?;
        Ok(Self { unit, _built: built, making, place, store, blobs, has_credentials })
    }

    /// Removes it.
    fn close(self) -> Result<()> {
        self.unit.backend().remove(&self.place)?;
        self.making.done()
    }
}

/// Puts a snapshot into a Cell and makes that what is live.
///
/// # Errors
/// [`ErrorCode::ImportConflict`] for what cannot be in one Cell; the stores'.
pub(super) fn adopt(
    unit: &Unit,
    id: &Id,
    source: Source<'_>,
    making: &Making<'_>,
    job: &Job,
    progress: &Arc<Progress>,
) -> Result<Job> {
    let adopted = attempts(unit, id, &source, making, job, progress);
    if let Err(error) = source.close() {
        tracing::warn!(%error, "what an import was built of could not be removed yet");
    }
    adopted
}

fn attempts(
    unit: &Unit,
    id: &Id,
    source: &Source<'_>,
    making: &Making<'_>,
    job: &Job,
    progress: &Arc<Progress>,
) -> Result<Job> {
    for last in (0..TRIES).map(|at| at + 1 == TRIES) {
        let cell = unit.cell_of(id)?;
        // Those who write meet it at its end, and wait for what is held.
        let held = if last { Some(unit.hold(&cell)?) } else { None };
        let _quiet = held.is_some().then(|| Quiet::begin(unit, &cell));
        let before = cell.store().stamp();
        let (built, effects) = put(unit, &cell, source, job, progress)?;
        let (store, sealed) = (cell.store().clone(), progress.clone());
        let is_late = Arc::new(AtomicBool::new(false));
        let noticed = is_late.clone();
        // The store takes no writes by then, so nothing can come after the look.
        let may_take_effect = move || {
            if store.stamp() != before {
                noticed.store(true, Ordering::Release);
                return Err(ErrorCode::CellBusy.into());
            }
            Ok(sealed.seal()?)
        };
        let job = Job { effects: Some(effects), ..job.clone() };
        let next = Next { built, making, job, counts: progress.counts() };
        match swap::adopt(unit, &cell, held, next, may_take_effect) {
            Err(_) if is_late.load(Ordering::Acquire) => {
                tracing::info!(
                    cell = cell.name(),
                    "the Cell was written to; the import is done again on top"
                );
            }
            adopted => return adopted,
        }
    }
    Err(ErrorCode::CellBusy.into())
}

/// Does all of it but the swap, and tells what it would come to.
///
/// # Errors
/// As [`adopt`].
pub(super) fn rehearse(
    unit: &Unit,
    cell: &Cell,
    source: Source<'_>,
    job: &Job,
    progress: &Arc<Progress>,
) -> Result<Effects> {
    let put = put(unit, cell, &source, job, progress);
    source.close()?;
    put.map(|(_built, effects)| effects)
}

/// Copies the Cell and puts the snapshot into the copy.
fn put(
    unit: &Unit,
    cell: &Cell,
    source: &Source<'_>,
    job: &Job,
    progress: &Arc<Progress>,
) -> Result<(Built, Effects)> {
    let _pins = (cell.blobs().pin_all(), source.blobs.pin_all());
    progress.enter(Phase::Copying);
    let fork = unit.backend().fork(cell.place(), &source.place, &mut |_, _| progress.check().is_ok());
    progress.check()?;
    let mut fork = fork?;
    progress.enter(Phase::Merging);
    let mode = job.options.mode.ok_or(ErrorCode::DataInconsistency)?;
    let effects = source.store.read(|from| {
        let mut effects = Effects::default();
        fork.write(&mut |tx| {
            let mut merge = Merge {
                from,
                tx,
                mode,
                selection: Selection::new(from, job.options.boxes.as_deref(), CellsOwn::Left)?,
                has_credentials: source.has_credentials,
                targets: Targets::new(from),
                aliases: HashMap::new(),
                one_only: HashMap::new(),
                matched: Seqs::default(),
                effects: Effects::default(),
                progress,
            };
            merge.all()?;
            effects = std::mem::take(&mut merge.effects);
            Ok(())
        })?;
        Ok(effects)
    })?;
    progress.enter(Phase::Finishing);
    Ok((fork.finish()?, effects))
}

/// A snapshot's content being put into a copy of the Cell.
struct Merge<'a> {
    /// The snapshot's content.
    from: &'a dyn ReadTx,
    tx: &'a mut dyn WriteTx,
    mode: Mode,
    selection: Selection<'a>,
    has_credentials: bool,
    targets: Targets<'a>,
    aliases: HashMap<Id, Aliases>,
    one_only: HashMap<(Id, Id), OneOnly>,
    /// What the Cell had and the snapshot has.
    matched: Seqs,
    effects: Effects,
    progress: &'a Progress,
}

impl Merge<'_> {
    /// In the order in which one needs the other: Roles for ACLs, collections for schemas, schemas for entities.
    fn all(&mut self) -> Result<()> {
        for kind in Kind::IN_CELL.into_iter().filter(|kind| !kind.is_in_collection()) {
            self.documents(kind)?;
        }
        self.tree()?;
        for kind in Kind::IN_CELL.into_iter().filter(|kind| kind.is_in_collection()) {
            self.documents(kind)?;
            if kind == Kind::AssociationEnd {
                self.peers()?;
            }
        }
        self.links()
    }

    fn count(&self, bytes: u64) {
        self.progress.work(bytes * weight::MERGE_BYTE);
    }
}

/// Something of the snapshot cannot be in the Cell beside what is there.
fn conflict(what: String) -> saibo_model::Error {
    ErrorCode::ImportConflict.with([what])
}
