//! Imports that were cut off go on where they were, and bring what they would have brought.

use std::sync::Arc;
use std::time::Duration;

use saibo_core::job::{JobKind, Progress, State};
use saibo_core::{Cell, Unit, export, import};
use saibo_model::node::{CELL_NODE, MAIN_BOX};
use saibo_model::{Id, Kind};
use saibo_store::StoreExt as _;

use crate::hooked::{self, Hooks};
use crate::portability::{get, put};
use crate::portability_incremental::manifest;
use crate::portability_resumed::{drafts, filled, start, whole};
use crate::support::Fixture;

/// Entities that are put beside those that there are.
const ENTITIES: usize = 3000;

/// Puts entities like one that is there.
fn add_entities(cell: &Cell, count: usize) {
    cell.store()
        .write(move |tx| {
            let mut some = None;
            tx.read().all_documents(Kind::UserData, &mut |(document, _)| {
                some = Some(document);
                Ok(())
            })?;
            let mut entity = some.unwrap();
            for _ in 0..count {
                entity.seq = 0;
                entity.id = Id::random();
                let key = entity.id.to_string();
                entity.body = entity.body.replace(&format!("{:?}", entity.key), &format!("{key:?}"));
                entity.key = key;
                tx.put_document(&mut entity)?;
            }
            Ok(())
        })
        .unwrap();
}

/// A unit with a Cell and a snapshot of much, with its content root.
fn prepared() -> (Fixture, Arc<Hooks>, Vec<u8>, String) {
    let (fixture, hooks) = filled();
    let cell = fixture.unit.cell("c").unwrap();
    add_entities(&cell, ENTITIES);
    let (root, _) = whole(&fixture, &hooks);
    let snapshot = get(&fixture, &cell, "whole.zip");
    put(&fixture, &cell, "s.zip", &snapshot);
    // What is imported brings something back.
    let main = cell.store().read(|tx| tx.child(CELL_NODE, MAIN_BOX)).unwrap().unwrap();
    let file = cell.store().read(|tx| tx.child(main.seq, "file 03")).unwrap().unwrap();
    cell.store().write(move |tx| tx.delete_node(file.seq)).unwrap();
    drop(cell);
    (fixture, hooks, snapshot, root)
}

fn begin(fixture: &Fixture, name: &str) -> Cell {
    let cell = fixture.unit.cell("c").unwrap();
    import::start(&fixture.unit, &cell, &fixture.master(), import::Request::named(name)).unwrap();
    cell
}

fn last(fixture: &Fixture) -> saibo_core::job::Job {
    let cell = fixture.unit.cell("c").unwrap();
    fixture.unit.jobs().last(cell.id(), JobKind::Import).unwrap().unwrap()
}

/// The import is done, and the Cell has what the snapshot has; how much of the snapshot was read for that.
fn is_right(fixture: &Fixture, hooks: &Hooks, root: &str) -> u64 {
    let cell = fixture.unit.cell("c").unwrap();
    fixture.settle(&cell);
    let read = hooks.bytes();
    let last = last(fixture);
    assert!(matches!(last.state, State::Done { .. }), "{last:?}");
    assert_eq!(last.work, None);
    let history = fixture.unit.jobs().history(cell.id(), JobKind::Import).unwrap();
    let counts = history[0].counts;
    assert!(counts.documents > ENTITIES as u64 && counts.files >= 30, "{counts:?}");
    assert!(drafts(fixture.folder.path()).is_empty());
    let cell = fixture.unit.cell("c").unwrap();
    export::start(&fixture.unit, &cell, &fixture.master(), export::Request::named("again")).unwrap();
    fixture.settle(&cell);
    assert_eq!(manifest(&get(fixture, &cell, "again.zip")).root, root);
    read
}

#[test]
fn an_import_that_was_cut_off_goes_on_where_it_was() {
    let (fixture, hooks, snapshot, root) = prepared();
    let size = snapshot.len() as u64;
    // It is read twice: to be compared with its manifest, and to be put in.
    for part in [120, 150, 190] {
        let (give, take) = std::sync::mpsc::channel();
        let data = fixture.folder.path().to_owned();
        let at = hooks.bytes() + size * part / 100;
        hooks.after_bytes(at, move || give.send(hooked::crashed(&data)).unwrap());
        let cell = begin(&fixture, "s");
        let image = take.recv_timeout(Duration::from_secs(60)).unwrap();
        fixture.settle(&cell);
        let (started, again) = start(image);
        let read = is_right(&started, &again, &root);
        let left = size * (200 - part) / 100;
        // A few are read once more: each MiB of work it is kept. And the list of entries, and the small ones.
        assert!(read < left + size / 3, "{read} bytes of {size} were read, of which {left} were left");
    }
}

/// Imports, has the unit stopped as soon as something is so, and starts it anew.
fn stopped_when(is_so: impl Fn(&Progress) -> bool) {
    let (fixture, _, snapshot, root) = prepared();
    stop(fixture, "s", snapshot.len() as u64, &root, is_so);
}

fn stop(fixture: Fixture, name: &str, size: u64, root: &str, is_so: impl Fn(&Progress) -> bool) {
    let cell = begin(&fixture, name);
    let running = fixture.unit.jobs().running(cell.id(), JobKind::Import).unwrap();
    while !is_so(&running.progress) {
        assert!(running.ended().is_none(), "it was over before it could be stopped");
        std::thread::yield_now();
    }
    fixture.unit.jobs().close();
    assert_eq!(last(&fixture).state, State::Running, "to be gone on with");
    assert_eq!(drafts(fixture.folder.path()).len(), 1);
    drop((cell, running));
    let Fixture { unit, folder } = fixture;
    let unit = Arc::into_inner(unit).map(drop);
    assert_eq!(unit, Some(()), "nobody uses it any more");
    let (started, again) = start(folder);
    let read = is_right(&started, &again, root);
    assert!(read < size * 3 / 2, "{read} bytes of {size} were read: it began anew");
}

#[test]
fn an_import_that_was_stopped_among_documents_goes_on() {
    stopped_when(|progress| progress.counts().documents > ENTITIES as u64 / 2);
}

#[test]
fn an_import_that_was_stopped_among_files_goes_on() {
    stopped_when(|progress| progress.counts().files > 12);
}

#[test]
fn an_import_that_was_stopped_in_a_later_one_of_a_chain_goes_on() {
    let (fixture, hooks, snapshot, _) = prepared();
    let cell = fixture.unit.cell("c").unwrap();
    add_entities(&cell, ENTITIES);
    // So what is put over has something to remove, and something that was changed.
    let gone = cell.store().write(|tx| {
        let mut all = Vec::new();
        tx.read().all_documents(Kind::UserData, &mut |(document, _)| {
            all.push(document);
            Ok(())
        })?;
        for mut entity in all.drain(..100) {
            match entity.seq % 2 {
                0 => tx.delete_document(entity.seq)?,
                _ => {
                    entity.version += 1;
                    tx.put_document(&mut entity)?;
                }
            }
        }
        Ok(())
    });
    gone.unwrap();
    let since = export::Request { since: Some("whole".to_owned()), ..export::Request::named("part") };
    export::start(&fixture.unit, &cell, &fixture.master(), since).unwrap();
    fixture.settle(&cell);
    export::start(&fixture.unit, &cell, &fixture.master(), export::Request::named("after")).unwrap();
    fixture.settle(&cell);
    let root = manifest(&get(&fixture, &cell, "after.zip")).root;
    let size = (snapshot.len() + get(&fixture, &cell, "part.zip").len()) as u64;
    add_entities(&cell, 1);
    drop((cell, hooks));
    stop(fixture, "part", size, &root, |progress| progress.counts().documents > ENTITIES as u64 * 3 / 2);
}

#[test]
fn what_cannot_be_gone_on_with_begins_anew() {
    let (fixture, hooks, snapshot, root) = prepared();
    let size = snapshot.len() as u64;
    let (give, take) = std::sync::mpsc::channel();
    let data = fixture.folder.path().to_owned();
    hooks.after_bytes(hooks.bytes() + size * 3 / 2, move || give.send(hooked::crashed(&data)).unwrap());
    begin(&fixture, "s");
    let image = take.recv_timeout(Duration::from_secs(60)).unwrap();
    let unit: Arc<Unit> = fixture.unit.clone();
    fixture.settle(&unit.cell("c").unwrap());
    let damages: [&dyn Fn(&std::path::Path); 2] =
        [&|draft| std::fs::write(draft.join("made-in"), "another run").unwrap(), &|draft| {
            std::fs::remove_dir_all(draft).unwrap()
        }];
    for damage in damages {
        let image = hooked::crashed(image.path());
        damage(&drafts(image.path())[0]);
        let (started, again) = start(image);
        let read = is_right(&started, &again, &root);
        assert!(read > size * 3 / 2, "{read} bytes of {size} were read: it went on");
    }
}
