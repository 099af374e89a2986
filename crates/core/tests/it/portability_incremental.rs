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

fn manifest(zip: &[u8]) -> Manifest {
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
    for seed in 1..=4 {
        let fixture = Fixture::new();
        let (cell, other) = (rich(&fixture, "one"), fixture.cell("other"));
        let mut chance = Chance(u64::wrapping_mul(seed, 0x9e37_79b9_7f4a_7c15));
        let mut name = "base".to_owned();
        put(&fixture, &other, "base.zip", &export_as(&fixture, &cell, &name));
        let mut whole = Vec::new();
        for round in 0..6 {
            changes(&cell, &mut chance, round * 60..(round + 1) * 60);
            let next = format!("part{round}");
            let part = export_of(&fixture, &cell, &next, since(&name));
            assert_eq!(manifest(&part).base.unwrap().name, name);
            name = next;
            whole = export_as(&fixture, &cell, &format!("whole{round}"));
            put(&fixture, &other, &format!("{name}.zip"), &part);
            let other = import_named(&fixture, &fixture.unit.cell("other").unwrap(), &name).unwrap();
            let again = export_as(&fixture, &other, &format!("again{round}"));
            assert_eq!(entries(&again), entries(&whole), "seed {seed}, round {round}");
        }
        // The very same, in the same order: of the same Cell, the ids are the same, too.
        let cell = import_named(&fixture, &cell, &name).unwrap();
        let again = export_as(&fixture, &cell, "again");
        assert_eq!(manifest(&again).root, manifest(&whole).root, "seed {seed}");
    }
}
