//! Data folders of older programs.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rusqlite::Connection;
use saibo_model::query::{Field, Stored};
use saibo_store::testkit::sample::*;
use saibo_store::{Backend as _, ErrorKind, StoreExt as _};
use saibo_store_sqlite::{Options, SqliteBackend};

/// The databases of a folder: the register's and the Cells'.
fn databases(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(databases(&path));
        } else if path.extension().is_some_and(|extension| extension == "db") {
            found.push(path);
        }
    }
    found
}

/// What takes a database back by one layout, from the newest on.
const BACK: [&str; 3] = [
    include_str!("layouts/from-4-to-3.sql"),
    include_str!("layouts/from-3-to-2.sql"),
    include_str!("layouts/from-2-to-1.sql"),
];

#[test]
fn older_ones_are_brought_up_to_date() {
    (1..=BACK.len()).for_each(|steps| is_brought_up_to_date(&BACK[..steps]));
}

fn is_brought_up_to_date(back: &[&str]) {
    let data = tempfile::tempdir().unwrap();
    let backend = SqliteBackend::open(data.path(), Options::default()).unwrap();
    backend.create(&place("cell")).unwrap();
    let (store, blobs) = backend.open(&place("cell")).unwrap();
    put_root(&store);
    let before = put(&store, document(&roles(), "before", r#"{"x":1}"#));
    let file = put_file(&store, saibo_model::node::CELL_NODE, "file", content(&blobs, b"bytes"));
    put_link(&store, link(before.seq, before.seq));
    drop((store, blobs, backend));
    let databases = databases(data.path());
    assert_eq!(databases.len(), 2);
    for path in &databases {
        let connection = Connection::open(path).unwrap();
        back.iter().for_each(|sql| connection.execute_batch(sql).unwrap());
    }

    let backend = SqliteBackend::open(data.path(), Options::default()).unwrap();
    let (store, _) = backend.open(&place("cell")).unwrap();
    assert_eq!(get(&store, &roles(), "before"), Some(before.clone()));
    // The indexes that it had are made anew, by themselves.
    let deep = Field::Body { path: vec!["a".into(), "b".into()], stored: Stored::Float };
    for field in [body("x", Stored::Number), deep, Field::Published, Field::Position] {
        let began = Instant::now();
        while !store.read(|tx| tx.is_indexed(&roles(), &field)).unwrap() {
            assert!(began.elapsed() < Duration::from_secs(30), "{field:?}");
            std::thread::sleep(Duration::from_millis(5));
        }
    }
    assert!(!store.read(|tx| tx.is_indexed(&roles(), &body("y", Stored::Number))).unwrap());
    assert_eq!(store.read(|tx| tx.node(file.seq)).unwrap(), Some(file));
    // It can do what it could not do then.
    let moment = store.write(|tx| tx.mark()).unwrap();
    put(&store, before);
    let totals = store.read(|tx| tx.change_totals(&moment)).unwrap();
    assert_eq!((totals.documents, totals.links, totals.nodes), (1, 0, 0));
    backend.register().write(|tx| tx.set_value("s", "n", Some("v"))).unwrap();
    drop((store, backend));
    for path in &databases {
        let old = "SELECT (SELECT COUNT(*) FROM sqlite_schema WHERE name LIKE 'field/%')+\
                   (SELECT COUNT(*) FROM sqlite_stat1 WHERE idx LIKE 'field/%')";
        let left: i64 = Connection::open(path).unwrap().query_row(old, [], |row| row.get(0)).unwrap();
        assert_eq!(left, 0);
    }
    let backend = SqliteBackend::open(data.path(), Options::default()).unwrap();
    assert!(backend.open(&place("cell")).unwrap().0.read(|tx| tx.knows_changes_since(&moment)).unwrap());
}

#[test]
fn those_of_newer_programs_are_refused() {
    for layout in [0, 1_000] {
        let data = tempfile::tempdir().unwrap();
        drop(SqliteBackend::open(data.path(), Options::default()).unwrap());
        let register = Connection::open(data.path().join("unit.db")).unwrap();
        register.pragma_update(None, "user_version", layout).unwrap();
        drop(register);
        let Err(error) = SqliteBackend::open(data.path(), Options::default()) else { panic!("{layout}") };
        assert_eq!(error.kind(), ErrorKind::Corrupt);
        assert!(error.to_string().contains(&format!("layout {layout} ")), "{error}");
    }
}
