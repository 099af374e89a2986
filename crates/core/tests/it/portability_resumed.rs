//! Exports that were cut off go on where they were, and are what they would have been.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use saibo_core::job::{Job, JobKind, Options, Progress, State, Work};
use saibo_core::{Cell, Unit, export};
use saibo_model::node::{CELL_NODE, MAIN_BOX};
use saibo_model::{Node, NodeKind};
use saibo_store::StoreExt as _;

use crate::hooked::{self, Hooks};
use crate::portability::{RICH, get, import_as};
use crate::portability_incremental::manifest;
use crate::schedules::hold;
use crate::support::{Fixture, backend, settings, unit_on};

/// Files of the Cell: long ones, some that deflate and some that do not.
const FILES: usize = 30;

fn content(number: usize) -> Vec<u8> {
    let mut state = number as u32 + 1;
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        state.to_be_bytes()[0]
    };
    match number % 3 {
        0 => format!("file {number} says it again. ").repeat(20_000).into_bytes(),
        _ => (0..400_000).map(|_| next()).collect(),
    }
}

/// A unit with a Cell that has everything, and many files.
pub(crate) fn filled() -> (Fixture, Arc<Hooks>) {
    let folder = tempfile::tempdir().unwrap();
    let (unit, hooks) = hooked::open(folder.path());
    let fixture = Fixture { unit, folder };
    let cell = fixture.cell("c");
    import_as(&fixture, &cell, RICH).unwrap();
    let cell = fixture.unit.cell("c").unwrap();
    for number in 0..FILES {
        let mut writer = cell.blobs().writer().unwrap();
        std::io::Write::write_all(&mut writer, &content(number)).unwrap();
        let stored = writer.finish().unwrap();
        cell.store()
            .write(move |tx| {
                tx.put_content(&stored.content, stored.small.as_deref())?;
                let main = tx.read().child(CELL_NODE, MAIN_BOX)?.unwrap();
                let mut node = Node::collection(NodeKind::File, main.seq, &format!("file {number:02}"), 1);
                node.content_type = Some("application/octet-stream".to_owned());
                node.content = Some(stored.content.clone());
                tx.put_node(&mut node)
            })
            .unwrap();
    }
    (fixture, hooks)
}

fn begin(fixture: &Fixture, name: &str) -> Cell {
    let cell = fixture.unit.cell("c").unwrap();
    export::start(&fixture.unit, &cell, &fixture.master(), export::Request::named(name)).unwrap();
    cell
}

/// The content root of a whole export, and how many contents that opened.
pub(crate) fn whole(fixture: &Fixture, hooks: &Hooks) -> (String, usize) {
    let before = hooks.opened();
    let cell = begin(fixture, "whole");
    fixture.settle(&cell);
    (manifest(&get(fixture, &cell, "whole.zip")).root, hooks.opened() - before)
}

fn last(fixture: &Fixture) -> saibo_core::job::Job {
    let cell = fixture.unit.cell("c").unwrap();
    fixture.unit.jobs().last(cell.id(), JobKind::Export).unwrap().unwrap()
}

/// The drafts in a data folder.
pub(crate) fn drafts(data: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(data.join("tmp")).unwrap().map(|entry| entry.unwrap().path());
    entries.filter(|path| path.to_string_lossy().contains("draft-")).collect()
}

/// Exports, and leaves the folder as it is when so many contents were opened: as a crash does.
fn cut_off(fixture: &Fixture, hooks: &Hooks, opened: usize) -> tempfile::TempDir {
    let (give, take) = std::sync::mpsc::channel();
    let data = fixture.folder.path().to_owned();
    hooks.after_opened(hooks.opened() + opened, move || give.send(hooked::crashed(&data)).unwrap());
    let cell = begin(fixture, "cut");
    let image = take.recv_timeout(Duration::from_secs(60)).unwrap();
    fixture.settle(&cell);
    image
}

pub(crate) fn start(folder: tempfile::TempDir) -> (Fixture, Arc<Hooks>) {
    let (unit, hooks) = hooked::open(folder.path());
    let fixture = Fixture { unit, folder };
    fixture.unit.resume().unwrap();
    (fixture, hooks)
}

#[test]
fn an_export_that_was_cut_off_goes_on_where_it_was() {
    let (fixture, hooks) = filled();
    let (root, all) = whole(&fixture, &hooks);
    for opened in [2, 17, 29] {
        let image = cut_off(&fixture, &hooks, opened);
        assert_eq!(drafts(image.path()).len(), 1);
        let (started, again) = start(image);
        let cell = started.unit.cell("c").unwrap();
        // What is deleted now is in the copy that it goes on with.
        let main = cell.store().read(|tx| tx.child(CELL_NODE, MAIN_BOX)).unwrap().unwrap();
        let file = cell.store().read(|tx| tx.child(main.seq, "file 29")).unwrap().unwrap();
        cell.store().write(move |tx| tx.delete_node(file.seq)).unwrap();
        cell.blobs().sweep().unwrap();
        started.settle(&cell);
        assert!(matches!(last(&started).state, State::Done { .. }), "{:?}", last(&started));
        assert_eq!(manifest(&get(&started, &cell, "cut.zip")).root, root);
        assert!(again.opened() <= all - opened + 5, "{} were opened again", again.opened());
        assert!(drafts(started.folder.path()).is_empty());
        let cell = fixture.unit.cell("c").unwrap();
        saibo_core::snapshot::delete(&fixture.unit, cell.id(), "cut.zip").unwrap();
    }
}

#[test]
fn what_was_left_can_be_removed_by_a_job_that_is_cancelled_before_its_turn() {
    let fixture = Fixture::new();
    let unit = &fixture.unit;
    let others = [fixture.cell("one"), fixture.cell("two")];
    // Two are done at a time.
    let held = others.each_ref().map(|other| hold(unit, other));
    for has_left in [true, false] {
        let cell = fixture.cell(if has_left { "cut" } else { "new" });
        let job = waiting(&cell, has_left);
        let (tell, told) = std::sync::mpsc::channel();
        let work = move |progress: &Arc<Progress>| {
            tell.send(progress.is_cancelled()).unwrap();
            Err(saibo_model::ErrorCode::Unknown.into())
        };
        unit.jobs().start(job, work).unwrap();
        let running = unit.jobs().cancel(cell.id(), JobKind::Export).unwrap().unwrap();
        while running.ended().is_none() {
            std::thread::sleep(Duration::from_millis(1));
        }
        assert!(matches!(running.ended().unwrap().state, State::Cancelled { .. }));
        assert_eq!(told.recv().ok(), has_left.then_some(true), "what has left nothing is not begun");
    }
    drop(held);
}

/// An export that a process before this one has begun, or not.
fn waiting(cell: &Cell, has_left: bool) -> Job {
    let work = Work {
        draft: "none".to_owned(),
        program: "saibo test".to_owned(),
        from: "1".to_owned(),
        created: None,
        moment: None,
    };
    let job = Job::begin(cell, JobKind::Export, "cut".to_owned(), 1, Options::default());
    Job { work: has_left.then_some(work), ..job }
}

#[test]
fn an_export_that_was_stopped_goes_on_where_it_was() {
    let (fixture, hooks) = filled();
    let (root, all) = whole(&fixture, &hooks);
    let cell = fixture.unit.cell("c").unwrap();
    let unit: Arc<Unit> = fixture.unit.clone();
    hooks.after_opened(hooks.opened() + 20, move || {
        let progress = unit.jobs().running(cell.id(), JobKind::Export).unwrap().progress;
        std::thread::spawn(move || unit.jobs().close());
        while !progress.is_stopped() {
            std::thread::sleep(Duration::from_millis(1));
        }
    });
    let cell = begin(&fixture, "stopped");
    fixture.settle(&cell);
    assert_eq!(last(&fixture).state, State::Running, "to be gone on with");
    // As after the machine was started anew: it counts what was put on disk.
    let draft = drafts(fixture.folder.path()).pop().unwrap();
    assert_eq!(std::fs::read_to_string(draft.join("made-in")).unwrap(), "on disk");
    drop(cell);
    let Fixture { unit, folder } = fixture;
    while Arc::strong_count(&unit) > 1 {
        std::thread::sleep(Duration::from_millis(1));
    }
    drop(unit);

    let (started, again) = start(folder);
    let cell = started.unit.cell("c").unwrap();
    started.settle(&cell);
    assert_eq!(manifest(&get(&started, &cell, "stopped.zip")).root, root);
    assert!(again.opened() <= all - 18, "{} were opened again", again.opened());
    assert!(drafts(started.folder.path()).is_empty());
}

#[test]
fn what_cannot_be_gone_on_with_begins_anew() {
    let (fixture, hooks) = filled();
    let (root, all) = whole(&fixture, &hooks);
    let image = cut_off(&fixture, &hooks, 20);
    let other_run = |data: &Path| std::fs::write(drafts(data)[0].join("made-in"), "another run").unwrap();
    let gone = |data: &Path| std::fs::remove_dir_all(&drafts(data)[0]).unwrap();
    let no_list = |data: &Path| std::fs::write(drafts(data)[0].join("entries"), "").unwrap();
    let no_file = |data: &Path| std::fs::write(drafts(data)[0].join("snapshot.zip"), "").unwrap();
    let another_file = |data: &Path| {
        // Whole entries, of another time: they stand, and are not what comes.
        let (path, list) = (drafts(data)[0].join("snapshot.zip"), drafts(data)[0].join("entries"));
        let mut writer = saibo_archive::SnapshotWriter::new(
            std::fs::File::create(path).unwrap(),
            std::fs::File::options().read(true).write(true).truncate(true).open(list).unwrap(),
            saibo_archive::Origin {
                unit_url: "http://other/".to_owned(),
                cell_url: "http://other/c/".to_owned(),
                created: 0,
                tool: "another".to_owned(),
                selection: saibo_archive::Selection::default(),
                moment: None,
                base: None,
            },
        )
        .unwrap();
        writer.readable("index.html").map(drop).unwrap_or_default();
    };
    let damages: [&dyn Fn(&Path); 5] = [&other_run, &gone, &no_list, &no_file, &another_file];
    for (number, damage) in damages.iter().enumerate() {
        let image = hooked::crashed(image.path());
        damage(image.path());
        let (started, again) = start(image);
        let cell = started.unit.cell("c").unwrap();
        started.settle(&cell);
        assert!(matches!(last(&started).state, State::Done { .. }), "{number}: {:?}", last(&started));
        assert_eq!(manifest(&get(&started, &cell, "cut.zip")).root, root, "{number}");
        assert_eq!(again.opened(), all, "{number}: all of it is done anew");
        assert!(drafts(started.folder.path()).is_empty(), "{number}");
    }
    // Another program may write otherwise.
    let image = hooked::crashed(image.path());
    let changed = saibo_core::Settings { program: "saibo another", ..settings() };
    let unit = unit_on(Arc::new(backend(image.path())), changed);
    unit.resume().unwrap();
    let started = Fixture { unit, folder: image };
    let cell = started.unit.cell("c").unwrap();
    started.settle(&cell);
    assert_eq!(manifest(&get(&started, &cell, "cut.zip")).root, root);
    assert!(drafts(started.folder.path()).is_empty());
}
