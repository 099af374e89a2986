//! A unit that is cut off between any two writes of its register: nothing is done twice, and nothing is left.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use saibo_core::job::JobKind;
use saibo_core::{Cell, Unit, export, import, leftover, snapshot};
use saibo_store::StoreExt as _;

use crate::hooked::{self, Hooks};
use crate::portability::{RICH, put};
use crate::support::{self, Fixture};

/// Does `work` on a fresh unit again and again, cut off before and after its first, second, … write to the register,
/// and has `check` look at the unit that is started on what is left. Ends when `work` gets through.
fn cut_off(
    prepare: impl Fn(&Fixture),
    work: impl Fn(&Arc<Unit>) + Send + Sync + 'static,
    check: impl Fn(&Fixture, usize),
) {
    let work = Arc::new(work);
    for steps in 0.. {
        let folder = tempfile::tempdir().unwrap();
        let (unit, hooks) = hooked::open(folder.path());
        let fixture = Fixture { unit, folder };
        prepare(&fixture);
        let (image, through) = cut(&fixture, &hooks, steps, work.clone());
        let unit = support::open(image.path());
        let started = Fixture { unit, folder: image };
        check(&started, steps);
        started.unit.jobs().close();
        if through {
            assert!(steps > 1, "there is something to cut off");
            return;
        }
    }
}

/// The folder as it was after so many steps, and whether that was all.
fn cut(
    fixture: &Fixture,
    hooks: &Arc<Hooks>,
    steps: usize,
    work: Arc<impl Fn(&Arc<Unit>) + Send + Sync + 'static>,
) -> (tempfile::TempDir, bool) {
    hooks.stop_after(steps);
    let unit = fixture.unit.clone();
    let working = std::thread::spawn(move || work(&unit));
    let idle = |unit: &Unit| {
        unit.cell("c").is_ok_and(|cell| {
            [JobKind::Export, JobKind::Import]
                .iter()
                .all(|kind| unit.jobs().running(cell.id(), *kind).is_none())
        })
    };
    let stopped = hooks.wait(|| working.is_finished() && idle(&fixture.unit));
    let image = hooked::crashed(fixture.folder.path());
    hooks.release();
    working.join().unwrap();
    fixture.unit.jobs().close();
    (image, !stopped)
}

/// What a start does.
fn start(fixture: &Fixture, cell: &str) {
    fixture.unit.resume().unwrap();
    if let Ok(cell) = fixture.unit.cell(cell) {
        fixture.settle(&cell);
    }
    leftover::clear(&fixture.unit).unwrap();
}

fn nodes(cell: &Cell) -> u64 {
    cell.store().read(|tx| tx.node_totals()).unwrap().0
}

/// The folders of Cells.
fn cell_folders(data: &Path) -> Vec<PathBuf> {
    let below = |path: PathBuf| std::fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path());
    below(data.join("cells")).flat_map(below).collect()
}

/// Everything on disk is in the register.
fn nothing_is_left(fixture: &Fixture, at: usize) {
    let unit = &fixture.unit;
    let cell = unit.cell("c").unwrap();
    let named: BTreeSet<String> =
        snapshot::list(unit, cell.id()).unwrap().into_iter().map(|info| info.place).collect();
    let there: BTreeSet<String> = unit.backend().snapshots().places(cell.id()).unwrap().into_iter().collect();
    assert_eq!(there, named, "at step {at}");
    let replaced = import::replaced(unit, cell.id()).unwrap();
    let mut known: Vec<u64> = replaced.iter().map(|one| one.generation).collect();
    known.push(cell.place().generation);
    known.sort_unstable();
    assert_eq!(unit.backend().generations(cell.id()).unwrap(), known, "at step {at}");
}

#[test]
fn an_import_is_there_once_or_not_at_all() {
    cut_off_import(None);
}

#[test]
fn an_import_into_what_is_there_is_there_once_or_not_at_all() {
    cut_off_import(Some(import::Mode::Merge));
}

fn cut_off_import(mode: Option<import::Mode>) {
    let marker = |cell: &Cell| cell.store().read(|tx| tx.value("t", "written after")).unwrap();
    let work = move |unit: &Arc<Unit>| {
        let cell = unit.cell("c").unwrap();
        let request = import::Request { mode, ..import::Request::named("s") };
        // An error says that it was cut off before it was accepted.
        drop(import::start(unit, &cell, &support::master(unit), request));
    };
    let prepare = |fixture: &Fixture| put(fixture, &fixture.cell("c"), "s.zip", RICH);
    cut_off(prepare, work, |fixture, at| {
        let cell = fixture.unit.cell("c").unwrap();
        let had_effect = nodes(&cell) > 1;
        if had_effect {
            cell.store().write(|tx| tx.set_value("t", "written after", Some("v"))).unwrap();
        }
        drop(cell);
        start(fixture, "c");
        let cell = fixture.unit.cell("c").unwrap();
        let last = fixture.unit.jobs().last(cell.id(), JobKind::Import).unwrap();
        assert_eq!(nodes(&cell), if last.is_some() { 16 } else { 1 }, "at step {at}");
        let history = fixture.unit.jobs().history(cell.id(), JobKind::Import).unwrap();
        assert_eq!(history.len(), usize::from(last.is_some()), "at step {at}: its end is told once");
        assert_eq!(marker(&cell).is_some(), had_effect, "at step {at}: what was written after it stays");
        nothing_is_left(fixture, at);
    });
}

#[test]
fn a_cell_is_there_whole_or_not_at_all() {
    let prepare = |fixture: &Fixture| drop(fixture.cell("c"));
    let work = |unit: &Arc<Unit>| drop(unit.found_cell("new", None, 1));
    cut_off(prepare, work, |fixture, at| {
        start(fixture, "new");
        let there = 1 + usize::from(fixture.unit.cell("new").is_ok());
        assert_eq!(cell_folders(fixture.folder.path()).len(), there, "at step {at}");
    });
}

#[test]
fn snapshots_leave_no_files_behind() {
    let prepare = |fixture: &Fixture| put(fixture, &fixture.cell("c"), "old.zip", RICH);
    let work = |unit: &Arc<Unit>| {
        let cell = unit.cell("c").unwrap();
        for (name, bytes) in [("new.zip", b"one"), ("old.zip", b"two")] {
            let Ok(mut upload) = snapshot::Upload::begin(unit, None) else { return };
            upload.write(bytes).unwrap();
            if upload
                .commit(unit, cell.id(), name, "application/zip", snapshot::Naming::Replace(None))
                .is_err()
            {
                return;
            }
        }
        drop(snapshot::delete(unit, cell.id(), "new.zip"));
    };
    cut_off(prepare, work, |fixture, at| {
        start(fixture, "c");
        nothing_is_left(fixture, at);
        assert!(snapshot::info(&fixture.unit, fixture.unit.cell("c").unwrap().id(), "old.zip").is_ok());
    });
}

#[test]
fn an_export_is_there_once() {
    let prepare = |fixture: &Fixture| drop(fixture.cell("c"));
    let work = |unit: &Arc<Unit>| {
        let cell = unit.cell("c").unwrap();
        drop(export::start(unit, &cell, &support::master(unit), export::Request::named("e")));
    };
    cut_off(prepare, work, |fixture, at| {
        start(fixture, "c");
        nothing_is_left(fixture, at);
        let cell = fixture.unit.cell("c").unwrap();
        let accepted = fixture.unit.jobs().last(cell.id(), JobKind::Export).unwrap().is_some();
        let names: Vec<String> =
            snapshot::list(&fixture.unit, cell.id()).unwrap().into_iter().map(|info| info.name).collect();
        assert_eq!(names, if accepted { vec!["e.zip"] } else { vec![] }, "at step {at}");
        let history = fixture.unit.jobs().history(cell.id(), JobKind::Export).unwrap();
        assert_eq!(history.len(), usize::from(accepted), "at step {at}: its end is told once");
    });
}

#[test]
fn what_an_import_replaced_goes_whole() {
    let prepare = |fixture: &Fixture| {
        let cell = fixture.cell("c");
        crate::portability::import_as(fixture, &cell, RICH).unwrap();
    };
    let work = |unit: &Arc<Unit>| {
        // As if its time had come.
        let short =
            saibo_core::Settings { replaced_kept_for: std::time::Duration::ZERO, ..unit.settings().clone() };
        let unit = support::unit_on(unit.backend().clone(), short);
        drop(import::remove_expired(&unit));
    };
    cut_off(prepare, work, |fixture, at| {
        start(fixture, "c");
        nothing_is_left(fixture, at);
        assert_eq!(nodes(&fixture.unit.cell("c").unwrap()), 16, "at step {at}");
    });
}
