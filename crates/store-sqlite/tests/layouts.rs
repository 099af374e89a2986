//! Data folders of older programs.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::{Path, PathBuf};

use rusqlite::Connection;
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
const BACK: [&str; 2] = [include_str!("layouts/from-3-to-2.sql"), include_str!("layouts/from-2-to-1.sql")];

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
    for path in databases {
        let connection = Connection::open(path).unwrap();
        back.iter().for_each(|sql| connection.execute_batch(sql).unwrap());
    }

    let backend = SqliteBackend::open(data.path(), Options::default()).unwrap();
    let (store, _) = backend.open(&place("cell")).unwrap();
    assert_eq!(get(&store, &roles(), "before"), Some(before.clone()));
    assert_eq!(store.read(|tx| tx.node(file.seq)).unwrap(), Some(file));
    // It can do what it could not do then.
    let moment = store.write(|tx| tx.mark()).unwrap();
    put(&store, before);
    let totals = store.read(|tx| tx.change_totals(&moment)).unwrap();
    assert_eq!((totals.documents, totals.links, totals.nodes), (1, 0, 0));
    backend.register().write(|tx| tx.set_value("s", "n", Some("v"))).unwrap();
    drop((store, backend));
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
