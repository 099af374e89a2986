//! A dry run of an import: what it would do, and what would keep it from being done.
//!
//! The snapshot is read once, and nothing is built. So links and duplicates are found by the hashes of ids, which are
//! kept in memory up to a bound; contents of files are not read unless hashes are asked for. An import that is done
//! afterwards checks everything again.

mod ahead;
mod built;
mod documents;
mod hashes;
mod ids;
pub(crate) mod job;
mod read;
mod report;

use std::collections::HashMap;
use std::io::{Read, Seek};
use std::sync::Arc;

use saibo_archive::SnapshotReader;
use saibo_model::{ErrorCode, Kind, Result};
use saibo_store::{ReadTx, StoreExt as _};

use crate::job::{Options, Phase, Progress, Totals};
use crate::{Cell, Unit, archive, export};

pub use job::{DryRun, last, start};
pub use report::{Contents, Effect, Names, Problem, Report, Rewrites, Source, Space};

use super::weight;

/// Looks through a snapshot; with `hashes`, at every byte of it.
///
/// # Errors
/// If it was stopped, or what fails is not the snapshot.
pub fn examine(
    snapshot: &SnapshotReader<impl Read + Seek>,
    hashes: bool,
    progress: &Arc<Progress>,
) -> Result<Report> {
    if let Some(base) = snapshot.manifest().map_err(archive::error)?.and_then(|manifest| manifest.base) {
        let mut report = Report::default();
        report.problem(&ErrorCode::SnapshotBaseMissing.with([
            "",
            &base.name,
            "a unit that has both can say what an import would do",
        ]));
        return Ok(report);
    }
    seen(snapshot, hashes, progress).map(|walk| walk.report)
}

/// The same, and what it would do to a Cell.
pub(super) fn examine_for(
    unit: &Unit,
    cell: &Cell,
    snapshot: &SnapshotReader<impl Read + Seek>,
    options: &Options,
    progress: &Arc<Progress>,
) -> Result<Report> {
    let (walk, held) = std::thread::scope(|scope| {
        // To count what the Cell holds takes as long as it holds much, and has nothing to do with the snapshot.
        let counting = options.mode.is_none().then(|| scope.spawn(|| held(cell)));
        let walk = seen(snapshot, options.hashes, progress);
        let held = counting.map(|counting| match counting.join() {
            Ok(held) => held,
            Err(panic) => std::panic::resume_unwind(panic),
        });
        (walk, held)
    });
    let read::Walk { report, known, .. } = walk?;
    progress.enter(Phase::Finishing);
    conclude(unit, cell, snapshot.totals(), options, report, &known, held.transpose()?)
}

/// How many names are remembered of Boxes and of Accounts, to compare with the Cell's.
const NAMES: usize = 50_000;

/// The Boxes and Accounts of what would come, each with its id.
struct Known {
    boxes: HashMap<String, String>,
    accounts: HashMap<String, String>,
    /// Whether all of their names are there.
    are_complete: bool,
}

impl Default for Known {
    fn default() -> Self {
        Self { boxes: HashMap::new(), accounts: HashMap::new(), are_complete: true }
    }
}

/// Adds what it would do to a Cell, which holds so much; `None` if it keeps that.
fn conclude(
    unit: &Unit,
    cell: &Cell,
    totals: saibo_archive::Totals,
    options: &Options,
    mut report: Report,
    known: &Known,
    held: Option<Contents>,
) -> Result<Report> {
    let mut effect = cell.store().read(|tx| compare(tx, known))?;
    match held {
        Some(held) => effect.replaces = held,
        None => effect.lost = Names::default(),
    }
    if !known.are_complete {
        report.not_checked.push("names".to_owned());
    }
    let source = &report.source;
    effect.rewrites = Rewrites {
        cell_id: [source.cell_id.clone(), cell.id().to_string()],
        cell_url: [source.cell_url.clone(), cell.url().to_owned()],
    };
    effect.space =
        Space { needed: super::space_needed(cell, totals, options)?, free: unit.backend().free_space()? };
    if effect.space.free < effect.space.needed {
        report.problem(&saibo_model::ErrorCode::DiskFull.into());
        report.importable = false;
    }
    report.effect = Some(effect);
    Ok(report)
}

fn seen<'p>(
    snapshot: &SnapshotReader<impl Read + Seek>,
    hashes: bool,
    progress: &'p Arc<Progress>,
) -> Result<read::Walk<'p>> {
    progress.enter(Phase::Checking);
    let totals = snapshot.totals();
    progress.set_totals(Totals {
        items: totals.resources,
        bytes: totals.document_bytes,
        work: totals.document_bytes * weight::DOCUMENT_BYTE
            + totals.resources * weight::NODE
            + if hashes { totals.bytes / weight::VERIFY_PART } else { 0 },
    });
    let mut report = Report::default();
    if let Some(source) = report.or_problem(source(snapshot))? {
        report.source = source;
    }
    if hashes {
        report.or_problem(archive::verify(snapshot, None, progress, weight::VERIFY_PART))?;
    } else {
        report.not_checked.push("hashes".to_owned());
    }
    let mut walk = read::Walk::new(report, totals, progress);
    let all = walk.all(snapshot);
    progress.check()?;
    // What comes after such a place in the file is not known.
    if walk.report.or_problem(all)?.is_none() {
        walk.report.not_checked.push("what comes after the last problem".to_owned());
    }
    walk.report.importable = walk.report.problems_found == 0;
    Ok(walk)
}

fn source(snapshot: &SnapshotReader<impl Read + Seek>) -> Result<Source> {
    let exported = snapshot.export_manifest();
    let (cell_id, name) = super::build::own_document(snapshot)?;
    let cell_url = match snapshot.manifest().map_err(archive::error)? {
        Some(manifest) => manifest.cell_url,
        // The reference does not say it; by path is the one form that is certain to belong to it.
        None => name.map(|name| format!("{}{name}/", exported.unit_url)).unwrap_or_default(),
    };
    Ok(Source { cell_id: cell_id.to_string(), cell_url, created: exported.created, documents_with_url: 0 })
}

/// How much a Cell holds.
fn held(cell: &Cell) -> Result<Contents> {
    cell.store().read(|tx| count(tx))
}

fn count(tx: &dyn ReadTx) -> Result<Contents> {
    let mut held = Contents::default();
    for kind in Kind::IN_CELL {
        let count = export::documents(tx, kind)?;
        if count > 0 {
            held.documents.insert(kind.name().to_owned(), count);
        }
    }
    let (nodes, files, bytes) = tx.node_totals()?;
    held.links = tx.link_count()?;
    // The Cell itself is a node, too.
    held.collections = nodes.saturating_sub(files + 1);
    (held.files, held.bytes) = (files, bytes);
    Ok(held)
}

/// Compares the names that a Cell has with those that would come.
fn compare(tx: &dyn ReadTx, come: &Known) -> Result<Effect> {
    let mut effect = Effect::default();
    tx.all_documents(Kind::Box, &mut |(known, _)| {
        match come.boxes.get(&known.key) {
            Some(id) if *id == known.id.as_str() => {}
            Some(_) => effect.conflicts.add_box(&known.key),
            None if come.are_complete => effect.lost.add_box(&known.key),
            None => {}
        }
        Ok(())
    })?;
    tx.all_documents(Kind::Account, &mut |(known, _)| {
        match come.accounts.get(&known.key) {
            Some(id) if *id == known.id.as_str() => {}
            Some(_) => effect.conflicts.add_account(&known.key),
            None if come.are_complete => effect.lost.add_account(&known.key),
            None => {}
        }
        Ok(())
    })?;
    Ok(effect)
}
