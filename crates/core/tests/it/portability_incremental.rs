//! Exports of what was changed since another, and imports of what is put over each other.

use std::io::{Cursor, Write as _};

use saibo_archive::{Limits, Manifest, SnapshotReader};
use saibo_core::export::{self, Request};
use saibo_core::{Cell, import, snapshot};
use saibo_model::document::Link;
use saibo_model::node::{CELL_NODE, Node, NodeKind};
use saibo_model::{Document, EntitySet, ErrorCode, Id, Kind};
use saibo_store::{Blobs, ReadTx, StoreExt as _, WriteTx};

use crate::portability::{RICH, entries, export_as, export_of, get, import_as, put};
use crate::support::Fixture;

/// A few bits of chance, the same each time.
struct Chance(u64);

impl Chance {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % bound as u64) as usize
    }

    fn of<'a, T>(&mut self, all: &'a [T]) -> Option<&'a T> {
        if all.is_empty() { None } else { Some(&all[self.below(all.len())]) }
    }
}

fn documents(tx: &dyn ReadTx, kind: Kind) -> Vec<Document> {
    let mut all = Vec::new();
    tx.all_documents(kind, &mut |(document, _)| {
        all.push(document);
        Ok(())
    })
    .unwrap();
    all
}

fn nodes(tx: &dyn ReadTx) -> Vec<Node> {
    let mut all = Vec::new();
    tx.descendants(CELL_NODE, &mut |(_, node)| {
        all.push(node);
        Ok(())
    })
    .unwrap();
    all
}

fn new_document(set: EntitySet, key: &str, body: String) -> Document {
    Document {
        seq: 0,
        id: Id::random(),
        set,
        key: key.to_owned(),
        parent: None,
        peer: None,
        version: 1,
        published: 1,
        updated: 1,
        body,
        hidden: None,
        extra: None,
    }
}

/// A collection that things may be put in: a Box, or a folder below one.
fn folders(tx: &dyn ReadTx) -> Vec<Node> {
    nodes(tx).into_iter().filter(|n| matches!(n.kind, NodeKind::Box | NodeKind::WebDav)).collect()
}

/// Does one thing of many kinds to a Cell. `turn` makes names that nobody else has.
fn change(tx: &mut dyn WriteTx, blobs: &dyn Blobs, chance: &mut Chance, turn: usize) {
    let name = format!("n{turn}");
    match chance.below(14) {
        0 => {
            let body = format!(r#"{{"Name":"{name}"}}"#);
            tx.put_document(&mut new_document(EntitySet::control(Kind::Role), &name, body)).unwrap();
        }
        1 => {
            let set = documents(tx.read(), Kind::UserData).first().map(|entity| entity.set.clone());
            let Some(set) = set else { return };
            let body = format!(r#"{{"__id":"{name}"}}"#);
            tx.put_document(&mut new_document(set, &name, body)).unwrap();
        }
        2 | 3 => {
            let kind = [Kind::UserData, Kind::Role][chance.below(2)];
            let all = documents(tx.read(), kind);
            let Some(mut document) = chance.of(&all).cloned() else { return };
            document.updated += 1 + turn as i64;
            document.extra = Some(r#"{"d":{"x":1}}"#.to_owned());
            tx.put_document(&mut document).unwrap();
        }
        4 => {
            let kind = [Kind::UserData, Kind::Role][chance.below(2)];
            let all = documents(tx.read(), kind);
            // Some must be left to go on with.
            if all.len() > 2
                && let Some(document) = chance.of(&all)
            {
                tx.delete_document(document.seq).unwrap();
            }
        }
        5 => {
            let (roles, accounts) = (documents(tx.read(), Kind::Role), documents(tx.read(), Kind::Account));
            let (Some(role), Some(account)) = (chance.of(&roles), chance.of(&accounts)) else { return };
            let (first, second) = (account.seq, role.seq);
            if tx.read().link(first, second).unwrap().is_none() {
                let at = turn as i64;
                tx.put_link(&Link { first, second, to_one: false, published: at, updated: at }).unwrap();
            }
        }
        6 => {
            let entities = documents(tx.read(), Kind::UserData);
            let (Some(one), Some(other)) = (chance.of(&entities), chance.of(&entities)) else { return };
            let (first, second) = (one.seq, other.seq);
            if tx.read().link(first, second).unwrap().is_none() {
                let (to_one, at) = (chance.below(2) == 0, turn as i64);
                tx.put_link(&Link { first, second, to_one, published: at, updated: at }).unwrap();
            }
        }
        7 => {
            let goes = chance.below(4);
            let mut seen = 0;
            tx.delete_links(&mut |_, _| {
                seen += 1;
                seen % 7 == goes
            })
            .unwrap();
        }
        8 => {
            let folders = folders(tx.read());
            let Some(parent) = chance.of(&folders) else { return };
            let mut node = Node::collection(NodeKind::WebDav, parent.seq, &name, turn as i64);
            tx.put_node(&mut node).unwrap();
        }
        9 | 10 => {
            let length = [0, 100, 20_000, 40_000][chance.below(4)];
            let mut writer = blobs.writer().unwrap();
            writer.write_all(&vec![b'a' + (turn % 20) as u8; length]).unwrap();
            let stored = writer.finish().unwrap();
            tx.put_content(&stored.content, stored.small.as_deref()).unwrap();
            let all = nodes(tx.read());
            let files: Vec<&Node> = all.iter().filter(|node| node.kind == NodeKind::File).collect();
            let mut node = match chance.of(&files) {
                Some(file) if chance.below(2) == 0 => Node { version: file.version + 1, ..(*file).clone() },
                _ => {
                    let folders = folders(tx.read());
                    let Some(parent) = chance.of(&folders) else { return };
                    let mut node = Node::collection(NodeKind::File, parent.seq, &name, turn as i64);
                    node.content_type = Some("text/plain".to_owned());
                    node
                }
            };
            node.content = Some(stored.content);
            tx.put_node(&mut node).unwrap();
        }
        11 | 12 => {
            let all = nodes(tx.read());
            let movable: Vec<&Node> =
                all.iter().filter(|n| matches!(n.kind, NodeKind::File | NodeKind::WebDav)).collect();
            let folders = folders(tx.read());
            let (Some(node), Some(to)) = (chance.of(&movable), chance.of(&folders)) else { return };
            let mut node = (*node).clone();
            if chance.below(2) == 0 {
                node.parent = to.seq;
            }
            node.name = name;
            // Not into itself.
            let _refused = tx.put_node(&mut node);
        }
        _ => {
            let all = nodes(tx.read());
            let some: Vec<&Node> =
                all.iter().filter(|n| matches!(n.kind, NodeKind::File | NodeKind::WebDav)).collect();
            if let Some(node) = chance.of(&some) {
                tx.delete_node(node.seq).unwrap();
            }
        }
    }
}

fn changes(cell: &Cell, chance: &mut Chance, turns: std::ops::Range<usize>) {
    for turn in turns {
        let blobs = cell.blobs().clone();
        let mut now = Chance(chance.0);
        chance.below(2);
        cell.store()
            .write(move |tx| {
                change(tx, blobs.as_ref(), &mut now, turn);
                Ok(())
            })
            .unwrap();
    }
}

pub(crate) fn manifest(zip: &[u8]) -> Manifest {
    let reader = SnapshotReader::open(Cursor::new(zip), Limits::default()).unwrap();
    let report = saibo_archive::verify(&reader, None, &mut |_| std::ops::ControlFlow::Continue(())).unwrap();
    assert!(report.is_intact(), "{:?}", report.findings);
    report.manifest.unwrap()
}

fn since(name: &str) -> Request {
    Request { since: Some(name.to_owned()), ..Request::default() }
}

/// A Cell that has everything.
fn rich(fixture: &Fixture, name: &str) -> Cell {
    let cell = fixture.cell(name);
    import_as(fixture, &cell, RICH).unwrap();
    fixture.unit.cell(name).unwrap()
}

/// Imports what is there under a name; what went wrong.
fn import_named(fixture: &Fixture, cell: &Cell, name: &str) -> Result<Cell, String> {
    import::start(&fixture.unit, cell, &fixture.master(), import::Request::named(name))
        .map_err(|e| e.to_string())?;
    fixture.settle(cell);
    let past = import::history(&fixture.unit, cell, &fixture.master()).unwrap();
    match &past[0].state {
        saibo_core::job::State::Done { .. } => Ok(fixture.unit.cell(cell.name()).unwrap()),
        other => Err(format!("{other:?}")),
    }
}

#[test]
fn a_chain_has_what_a_whole_export_has() {
    for seed in 1..=3 {
        let fixture = Fixture::new();
        let (cell, other) = (rich(&fixture, "one"), fixture.cell("other"));
        let mut chance = Chance(u64::wrapping_mul(seed, 0x9e37_79b9_7f4a_7c15));
        let mut name = "base".to_owned();
        put(&fixture, &other, "base.zip", &export_as(&fixture, &cell, &name));
        let mut whole = Vec::new();
        let mut seen = saibo_archive::Counts::default();
        for round in 0..6 {
            changes(&cell, &mut chance, round * 60..(round + 1) * 60);
            let next = format!("part{round}");
            let part = export_of(&fixture, &cell, &next, since(&name));
            let told = manifest(&part);
            assert_eq!(told.base.unwrap().name, name);
            seen.links += told.counts.links;
            seen.files += told.counts.files;
            seen.removed += told.counts.removed;
            name = next;
            whole = export_as(&fixture, &cell, &format!("whole{round}"));
            put(&fixture, &other, &format!("{name}.zip"), &part);
            let other = import_named(&fixture, &fixture.unit.cell("other").unwrap(), &name).unwrap();
            let again = export_as(&fixture, &other, &format!("again{round}"));
            assert_eq!(entries(&again), entries(&whole), "seed {seed}, round {round}");
        }
        assert!(seen.links > 0 && seen.files > 0 && seen.removed > 0, "{seen:?}");
        // The very same, in the same order: of the same Cell, the ids are the same, too.
        let cell = import_named(&fixture, &cell, &name).unwrap();
        let again = export_as(&fixture, &cell, "again");
        assert_eq!(manifest(&again).root, manifest(&whole).root, "seed {seed}");
    }
}

/// Imports what is there under a name, for others to follow; then takes the file away. What went wrong.
fn import_alone(fixture: &Fixture, cell: &Cell, name: &str, zip: &[u8]) -> Result<Cell, ErrorCode> {
    put(fixture, cell, &format!("{name}.zip"), zip);
    let request = import::Request { more_follows: true, ..import::Request::named(name) };
    let started = import::start(&fixture.unit, cell, &fixture.master(), request);
    fixture.settle(cell);
    snapshot::delete(&fixture.unit, cell.id(), &format!("{name}.zip")).unwrap();
    started.map_err(|e| e.code())?;
    let past = import::history(&fixture.unit, cell, &fixture.master()).unwrap();
    assert!(matches!(past[0].state, saibo_core::job::State::Done { .. }), "{past:?}");
    Ok(fixture.unit.cell(cell.name()).unwrap())
}

#[test]
fn what_follows_is_put_over_what_is_live() {
    for seed in 1..=3 {
        let fixture = Fixture::new();
        let (cell, other) = (rich(&fixture, "one"), fixture.cell("other"));
        let mut chance = Chance(u64::wrapping_mul(seed, 0x9e37_79b9_7f4a_7c15));
        let mut name = "base".to_owned();
        let mut other = import_alone(&fixture, &other, &name, &export_as(&fixture, &cell, &name)).unwrap();
        for round in 0..6 {
            changes(&cell, &mut chance, round * 60..(round + 1) * 60);
            let next = format!("part{round}");
            let part = export_of(&fixture, &cell, &next, since(&name));
            name = next;
            other = import_alone(&fixture, &other, &name, &part).unwrap();
            let whole = export_as(&fixture, &cell, &format!("whole{round}"));
            let again = export_as(&fixture, &other, &format!("again{round}"));
            assert_eq!(entries(&again), entries(&whole), "seed {seed}, round {round}");
        }
    }
}

#[test]
fn what_was_written_on_is_no_base() {
    let fixture = Fixture::new();
    let (cell, other) = (rich(&fixture, "one"), fixture.cell("other"));
    let base = export_as(&fixture, &cell, "base");
    touch(&cell, "new");
    let part = export_of(&fixture, &cell, "part", since("base"));
    let other = import_alone(&fixture, &other, "base", &base).unwrap();
    let seq = touch(&other, "own");
    let missing = Some(ErrorCode::SnapshotBaseMissing);
    assert_eq!(import_alone(&fixture, &other, "part", &part).err(), missing);
    // Also if nothing of it is left.
    other.store().write(move |tx| tx.delete_document(seq)).unwrap();
    assert_eq!(import_alone(&fixture, &other, "part", &part).err(), missing);
    let other = import_alone(&fixture, &other, "base", &base).unwrap();
    let other = import_alone(&fixture, &other, "part", &part).unwrap();
    // The generation before is of the base.
    import::undo(&fixture.unit, &other, &fixture.master()).unwrap();
    let other = fixture.unit.cell("other").unwrap();
    assert!(import_alone(&fixture, &other, "part", &part).is_ok());
    // Nobody said that more follows.
    put(&fixture, &other, "base.zip", &base);
    let other = import_named(&fixture, &other, "base").unwrap();
    snapshot::delete(&fixture.unit, other.id(), "base.zip").unwrap();
    assert_eq!(import_alone(&fixture, &other, "part", &part).err(), missing);
}

/// Puts a Role that nobody else has, so that something was changed.
pub(crate) fn touch(cell: &Cell, name: &str) -> i64 {
    let body = format!(r#"{{"Name":"{name}"}}"#);
    let mut role = new_document(EntitySet::control(Kind::Role), name, body);
    cell.store()
        .write(move |tx| {
            tx.put_document(&mut role)?;
            Ok(role.seq)
        })
        .unwrap()
}

fn refused(fixture: &Fixture, cell: &Cell, request: Request) -> ErrorCode {
    let name = Some("refused".to_owned());
    let request = Request { name, ..request };
    export::start(&fixture.unit, cell, &fixture.master(), request).unwrap_err().code()
}

#[test]
fn nothing_but_what_was_changed_is_in_it() {
    let fixture = Fixture::new();
    let cell = rich(&fixture, "one");
    export_as(&fixture, &cell, "base");
    let nothing = manifest(&export_of(&fixture, &cell, "nothing", since("base")));
    let counts = &nothing.counts;
    assert_eq!((counts.total_documents(), counts.links, counts.collections, counts.removed), (0, 0, 0, 0));
    let seq = touch(&cell, "new");
    let one = manifest(&export_of(&fixture, &cell, "one", since("nothing")));
    assert_eq!((one.counts.total_documents(), one.counts.removed), (1, 0));
    cell.store().write(move |tx| tx.delete_document(seq)).unwrap();
    let gone = manifest(&export_of(&fixture, &cell, "gone", since("one")));
    assert_eq!((gone.counts.total_documents(), gone.counts.removed), (0, 1));
    // What came and went is in neither, seen from before.
    let both = manifest(&export_of(&fixture, &cell, "both", since("base")));
    assert_eq!((both.counts.total_documents(), both.counts.removed), (0, 1));
    assert_eq!(both.moment.unwrap().generation, nothing.moment.unwrap().generation);
}

#[test]
fn what_cannot_be_a_base_is_refused() {
    let fixture = Fixture::new();
    let cell = rich(&fixture, "one");
    let base = export_as(&fixture, &cell, "base");
    assert_eq!(refused(&fixture, &cell, since("nowhere")), ErrorCode::ResourceNotFound);
    assert_eq!(refused(&fixture, &cell, since("no name")), ErrorCode::BodyKeyFormat);
    let boxes = Request { boxes: Some(vec!["app1".to_owned()]), ..since("base") };
    assert_eq!(refused(&fixture, &cell, boxes.clone()), ErrorCode::BodyKeyFormat);
    assert_eq!(
        refused(&fixture, &cell, Request { without_credentials: true, ..since("base") }),
        ErrorCode::BodyKeyFormat
    );
    // A part of the Cell, what was sent here, and what a base's name was given to.
    export_of(&fixture, &cell, "part", Request { since: None, ..boxes });
    put(&fixture, &cell, "sent.zip", &base);
    export_as(&fixture, &cell, "replaced");
    put(&fixture, &cell, "replaced.zip", &base);
    for name in ["part", "sent", "replaced"] {
        assert_eq!(refused(&fixture, &cell, since(name)), ErrorCode::SnapshotNoBase, "{name}");
    }
    // An import takes the place of what it was made of, and its undoing brings that back.
    let imported = import_named(&fixture, &cell, "base").unwrap();
    assert_eq!(refused(&fixture, &imported, since("base")), ErrorCode::SnapshotNoBase);
    import::undo(&fixture.unit, &imported, &fixture.master()).unwrap();
    let back = fixture.unit.cell("one").unwrap();
    export_of(&fixture, &back, "again", since("base"));
}

#[test]
fn a_store_that_takes_no_writes_is_exported_without_a_moment() {
    let fixture = Fixture::new();
    let cell = rich(&fixture, "one");
    export_as(&fixture, &cell, "base");
    cell.store().retire();
    let whole = manifest(&export_as(&fixture, &cell, "whole"));
    assert_eq!((whole.version, whole.moment), (1, None));
    cell.store().reinstate();
    assert_eq!(refused(&fixture, &cell, since("whole")), ErrorCode::SnapshotNoBase);
}

#[test]
fn what_no_base_needs_is_forgotten() {
    let fixture = Fixture::new();
    let cell = rich(&fixture, "one");
    let moment = |name: &str| manifest(&get(&fixture, &cell, &format!("{name}.zip"))).moment.unwrap();
    for name in ["first", "second"] {
        export_as(&fixture, &cell, name);
        let seq = touch(&cell, name);
        cell.store().write(move |tx| tx.delete_document(seq)).unwrap();
    }
    let (first, second) = (moment("first"), moment("second"));
    let known = || [&first, &second].map(|m| cell.store().read(|tx| tx.knows_changes_since(m)).unwrap());
    let forget = || export::forget_unneeded(&fixture.unit).unwrap();
    assert_eq!((forget(), known()), (0, [true, true]));
    snapshot::delete(&fixture.unit, cell.id(), "first.zip").unwrap();
    assert_eq!((forget(), known()), (1, [false, true]));
    assert_eq!(forget(), 0, "once");
    // Another takes its name, and is no base.
    put(&fixture, &cell, "second.zip", RICH);
    assert_eq!((forget(), known()), (1, [false, false]));
    // A new beginning.
    export_as(&fixture, &cell, "third");
    touch(&cell, "third");
    let part = manifest(&export_of(&fixture, &cell, "since-third", since("third")));
    assert_eq!(part.counts.total_documents(), 1);
}

#[test]
fn a_missing_base_is_named() {
    let fixture = Fixture::new();
    let (cell, other) = (rich(&fixture, "one"), fixture.cell("other"));
    let base = export_as(&fixture, &cell, "base");
    touch(&cell, "new");
    let part = export_of(&fixture, &cell, "part", since("base"));
    put(&fixture, &other, "part.zip", &part);
    let start = || {
        import::start(&fixture.unit, &other, &fixture.master(), import::Request::named("part")).unwrap_err()
    };
    let error = start();
    assert_eq!(error.code(), ErrorCode::SnapshotBaseMissing);
    assert!(error.message().contains("'part'") && error.message().contains("'base'"), "{}", error.message());
    put(&fixture, &other, "base.zip", &export_as(&fixture, &cell, "another"));
    assert_eq!(start().code(), ErrorCode::SnapshotBaseMissing, "another of that name");
    // A base that is damaged, and has the right manifest all the same.
    let mut damaged = base.clone();
    damaged[1000] ^= 1;
    put(&fixture, &other, "base.zip", &damaged);
    assert!(import_named(&fixture, &other, "part").is_err());
    put(&fixture, &other, "base.zip", &base);
    import_named(&fixture, &other, "part").unwrap();
}

#[test]
fn a_dry_run_and_a_mode_take_the_whole_chain() {
    let fixture = Fixture::new();
    let (cell, other) = (rich(&fixture, "one"), fixture.cell("other"));
    put(&fixture, &other, "base.zip", &export_as(&fixture, &cell, "base"));
    touch(&cell, "new");
    put(&fixture, &other, "part.zip", &export_of(&fixture, &cell, "part", since("base")));
    let whole = manifest(&export_as(&fixture, &cell, "whole"));
    for mode in [None, Some(import::Mode::Merge)] {
        let request = import::Request { mode, ..import::Request::named("part") };
        import::dry::start(&fixture.unit, &other, &fixture.master(), request, false).unwrap();
        fixture.settle_check(&other);
        let run = import::dry::last(&fixture.unit, &other, &fixture.master()).unwrap().unwrap();
        let report = run.report.unwrap();
        assert!(report.importable, "{:?}", report.problems);
        assert_eq!(report.counts.documents, whole.counts.documents);
        let counts =
            (report.counts.links, report.counts.collections, report.counts.files, report.counts.bytes);
        let expected = (whole.counts.links, whole.counts.collections, whole.counts.files, whole.counts.bytes);
        assert_eq!(counts, expected);
    }
    let request = import::Request { mode: Some(import::Mode::Merge), ..import::Request::named("part") };
    import::start(&fixture.unit, &other, &fixture.master(), request).unwrap();
    fixture.settle(&other);
    let other = fixture.unit.cell("other").unwrap();
    let new = other.store().read(|tx| tx.document(&EntitySet::control(Kind::Role), None, "new")).unwrap();
    assert!(new.is_some());
}

#[test]
fn encrypted_and_not_are_put_over_each_other() {
    use saibo_archive::{Key, Lock};
    let fixture = Fixture::new();
    let cell = rich(&fixture, "one");
    let secret = || Key::passphrase("correct horse".to_owned()).unwrap();
    let sealed = |request: Request| Request {
        lock: Some(Lock::passphrase("correct horse".to_owned()).unwrap()),
        ..request
    };
    let export = |name: &str, request: Request| {
        let request = Request { name: Some(name.to_owned()), ..request };
        export::start(&fixture.unit, &cell, &fixture.master(), request).unwrap();
        fixture.settle(&cell);
    };
    export("base", sealed(Request::default()));
    touch(&cell, "one");
    export("plain", since("base"));
    touch(&cell, "two");
    export("last", sealed(since("plain")));
    let whole = export_as(&fixture, &cell, "whole");
    let start = |name: &str, key| {
        let request = import::Request { key, ..import::Request::named(name) };
        import::start(&fixture.unit, &cell, &fixture.master(), request)
    };
    assert_eq!(start("plain", None).unwrap_err().code(), ErrorCode::SnapshotBaseMissing);
    start("last", Some(secret())).unwrap();
    fixture.settle(&cell);
    let cell = fixture.unit.cell("one").unwrap();
    assert_eq!(manifest(&export_as(&fixture, &cell, "again")).root, manifest(&whole).root);
}

#[test]
fn an_export_that_was_cut_off_is_made_again_since_the_same() {
    let fixture = Fixture::new();
    let cell = rich(&fixture, "one");
    export_as(&fixture, &cell, "base");
    touch(&cell, "new");
    let request = Request { name: Some("part".to_owned()), ..since("base") };
    export::start(&fixture.unit, &cell, &fixture.master(), request).unwrap();
    drop(cell);
    let fixture = fixture.reopened();
    fixture.unit.resume().unwrap();
    let cell = fixture.unit.cell("one").unwrap();
    fixture.settle(&cell);
    let part = manifest(&get(&fixture, &cell, "part.zip"));
    assert_eq!((part.base.unwrap().name.as_str(), part.counts.total_documents()), ("base", 1));
}
