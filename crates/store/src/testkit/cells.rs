//! Making, opening and removing Cells.

use saibo_model::node::CELL_NODE;
use saibo_model::{ErrorCode, Id};

use super::Fixture;
use super::sample::*;
use crate::{ErrorKind, Place, StoreExt as _};

pub fn create_and_open(fixture: &Fixture) {
    fixture.create(&place("cell")).unwrap();
    assert_eq!(fixture.unfinished(), 0);
    let (store, _) = fixture.open(&place("cell")).unwrap();
    put(&store, document(&roles(), "a", "{}"));
    let (again, _) = fixture.open(&place("cell")).unwrap();
    assert!(get(&again, &roles(), "a").is_some());
    fixture.create(&place("other")).unwrap();
    let (other, _) = fixture.open(&place("other")).unwrap();
    assert_eq!(get(&other, &roles(), "a"), None);
    assert!(store.size().unwrap() > 0);
}

pub fn create_twice(fixture: &Fixture) {
    let (store, _) = cell(fixture);
    put(&store, document(&roles(), "a", "{}"));
    let again = fixture.create(&place("cell")).map_err(|error| error.kind());
    assert_eq!(again, Err(ErrorKind::Conflict));
    assert_eq!(fixture.unfinished(), 0);
    assert!(get(&store, &roles(), "a").is_some());
}

pub fn open_missing(fixture: &Fixture) {
    let missing = |place: &Place| fixture.open(place).map(|_| ()).map_err(|error| error.kind());
    assert_eq!(missing(&place("cell")), Err(ErrorKind::NotFound));
    fixture.create(&place("cell")).unwrap();
    assert_eq!(missing(&Place { generation: 2, ..place("cell") }), Err(ErrorKind::NotFound));
    fixture.open(&place("cell")).unwrap();
}

pub fn hostile_ids(fixture: &Fixture) {
    fixture.create(&place("cell")).unwrap();
    for id in ["", ".", "..", "/", "../cell", "cell/..", "a/b", "a\u{0}", "é", "a b", "/tmp/x"] {
        assert!(fixture.create(&place(id)).is_err(), "{id:?}");
        assert!(fixture.open(&place(id)).is_err(), "{id:?}");
        assert!(fixture.build(&Id::from(id)).is_err(), "{id:?}");
        assert!(fixture.remove(&place(id)).is_err(), "{id:?}");
        assert!(fixture.remove_cell(&Id::from(id)).is_err(), "{id:?}");
        assert!(fixture.generations(&Id::from(id)).is_err(), "{id:?}");
    }
    fixture.open(&place("cell")).unwrap();
    assert_eq!(fixture.unfinished(), 0);
}

pub fn generations(fixture: &Fixture) {
    let of = |cell| fixture.generations(&Id::from(cell)).unwrap();
    assert_eq!(of("cell"), [0_u64; 0]);
    for generation in [3, 1, 12] {
        fixture.create(&Place { generation, ..place("cell") }).unwrap();
    }
    fixture.create(&Place { generation: 5, ..place("other") }).unwrap();
    assert_eq!(of("cell"), [1, 3, 12]);
    let (one, _) = fixture.open(&place("cell")).unwrap();
    let (three, _) = fixture.open(&Place { generation: 3, ..place("cell") }).unwrap();
    put(&one, document(&roles(), "a", "{}"));
    assert_eq!(get(&three, &roles(), "a"), None);
}

pub fn remove(fixture: &Fixture) {
    let second = Place { generation: 2, ..place("cell") };
    fixture.create(&place("cell")).unwrap();
    fixture.create(&second).unwrap();
    fixture.remove(&place("cell")).unwrap();
    fixture.remove(&place("cell")).unwrap();
    assert_eq!(fixture.generations(&second.cell).unwrap(), [2]);
    assert!(fixture.open(&place("cell")).is_err());
    fixture.open(&second).unwrap();
    assert_eq!(fixture.unfinished(), 0);
    fixture.remove(&place("never")).unwrap();
}

pub fn remove_while_in_use(fixture: &Fixture) {
    let (store, blobs) = cell(fixture);
    put_root(&store);
    let node = put_file(&store, CELL_NODE, "a", content(&blobs, &large(1)));
    let before = fixture.unfinished();
    store
        .read(|tx| {
            assert!(tx.node(node.seq)?.is_some());
            fixture.remove(&place("cell")).unwrap();
            assert!(tx.node(node.seq)?.is_some());
            Ok(())
        })
        .unwrap();
    assert!(fixture.open(&place("cell")).is_err());
    assert_eq!(fixture.generations(&Id::from("cell")).unwrap(), [0_u64; 0]);
    // Whoever still has it can read, however much at once: an export, say.
    let barrier = std::sync::Barrier::new(12);
    std::thread::scope(|scope| {
        for _ in 0..12 {
            scope.spawn(|| {
                store
                    .read(|tx| {
                        barrier.wait();
                        assert!(tx.node(node.seq)?.is_some());
                        Ok(())
                    })
                    .unwrap();
                assert!(blob(&blobs, node.content.as_ref().unwrap()) == Some(large(1)));
            });
        }
    });
    freeze(&**fixture, &store).size().unwrap();
    // But no write is taken that nobody would ever see.
    let result = store.write(|tx| tx.put_document(&mut document(&roles(), "b", "{}")));
    assert_eq!(code(result), ErrorCode::StoreUnavailable);
    drop((store, blobs));
    assert_eq!(fixture.unfinished(), before, "gone with its last user");
}

pub fn remove_cell(fixture: &Fixture) {
    let second = Place { generation: 2, ..place("cell") };
    let (store, _) = cell(fixture);
    put(&store, document(&roles(), "a", "{}"));
    fixture.create(&second).unwrap();
    let (newer, _) = fixture.open(&second).unwrap();
    fixture.create(&place("other")).unwrap();
    let snapshot = fixture.snapshots().writer().unwrap().keep(&second.cell).unwrap();
    fixture.remove_cell(&second.cell).unwrap();
    fixture.remove_cell(&second.cell).unwrap();
    assert_eq!(fixture.generations(&second.cell).unwrap(), [0_u64; 0]);
    assert!(fixture.open(&place("cell")).is_err() && fixture.open(&second).is_err());
    assert!(fixture.snapshots().open(&second.cell, &snapshot).is_err());
    assert!(fixture.snapshots().places(&second.cell).unwrap().is_empty());
    assert!(get(&store, &roles(), "a").is_some());
    assert!(newer.write(|_tx| Ok(())).is_err());
    fixture.open(&place("other")).unwrap();
    drop((store, newer));
    assert_eq!(fixture.unfinished(), 0);
}

pub fn recreated(fixture: &Fixture) {
    let (old, _) = cell(fixture);
    put(&old, document(&roles(), "old", "{}"));
    fixture.remove(&place("cell")).unwrap();
    fixture.create(&place("cell")).unwrap();
    let (new, _) = fixture.open(&place("cell")).unwrap();
    put(&new, document(&roles(), "new", "{}"));
    assert!(get(&old, &roles(), "old").is_some() && get(&old, &roles(), "new").is_none());
    // The end of the old one must not touch what lies in its place now.
    drop(old);
    put(&new, document(&roles(), "newer", "{}"));
    drop(new);
    let (new, _) = fixture.open(&place("cell")).unwrap();
    assert_eq!(new.read(|tx| tx.count(&roles(), None)).unwrap(), 2);
}

pub fn register_is_apart(fixture: &Fixture) {
    let (store, _) = cell(fixture);
    put(&fixture.register(), document(&roles(), "a", "{}"));
    assert_eq!(get(&store, &roles(), "a"), None);
    assert!(get(&fixture.register(), &roles(), "a").is_some());
    fixture.register().write(|tx| tx.set_value("generation", "cell", Some("1"))).unwrap();
}

pub fn free_space(fixture: &Fixture) {
    assert!(fixture.free_space().unwrap() > 0);
}
