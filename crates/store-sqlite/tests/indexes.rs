//! Indexes of fields across the end of a process.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rusqlite::Connection;
use saibo_model::query::{Comparison, Field, Filter, Literal, OrderBy, Query, Stored};
use saibo_store::testkit::sample::*;
use saibo_store::{Backend as _, Store, StoreExt as _};
use saibo_store_sqlite::{Options, SqliteBackend};

fn open(data: &Path) -> (SqliteBackend, Arc<dyn Store>) {
    let backend = SqliteBackend::open(data, Options::default()).unwrap();
    let (store, _) = backend.open(&place("cell")).unwrap();
    (backend, store)
}

/// A data folder with a Cell of that many entities.
fn filled(count: usize) -> tempfile::TempDir {
    let data = tempfile::tempdir().unwrap();
    let backend = SqliteBackend::open(data.path(), Options::default()).unwrap();
    backend.create(&place("cell")).unwrap();
    let (store, _) = backend.open(&place("cell")).unwrap();
    let documents: Vec<_> = (0..count)
        .map(|n| document(&entities(), &format!("{n:05}"), &format!(r#"{{"t":"{}"}}"#, n % 7)))
        .collect();
    store
        .write(|tx| documents.into_iter().try_for_each(|mut document| tx.put_document(&mut document)))
        .unwrap();
    data
}

fn field() -> Field {
    body("t", Stored::Text)
}

/// Asks the Cell's database, past the store.
fn number(data: &Path, sql: &str) -> i64 {
    let spread = std::fs::read_dir(data.join("cells")).unwrap().next().unwrap().unwrap();
    let connection = Connection::open(spread.path().join("cell/1/cell.db")).unwrap();
    connection.query_row(sql, [], |row| row.get(0)).unwrap()
}

/// How many have a value, and the first keys in its order.
fn ask(store: &Arc<dyn Store>) -> (u64, Vec<String>) {
    let three = Filter::Compare(field(), Comparison::Equal, Literal::Text("3".to_owned()));
    let by = vec![OrderBy { field: field(), descending: true }];
    let page = Query { order_by: by, top: Some(9), skip: 3, ..Query::default() };
    let count = store.read(|tx| tx.count(&entities(), Some(&three))).unwrap();
    (count, query(store, &entities(), &page).unwrap())
}

fn is_indexed(store: &Arc<dyn Store>) -> bool {
    store.read(|tx| tx.is_indexed(&entities(), &field())).unwrap()
}

fn change(store: &Arc<dyn Store>, key: &str, body: &str) {
    let mut found = get(store, &entities(), key).unwrap();
    found.body = body.to_owned();
    put(store, found);
}

#[test]
fn what_was_begun_is_gone_on_with() {
    let data = filled(7000);
    let expected = {
        let (_backend, store) = open(data.path());
        let expected = ask(&store);
        let mut steps = 4;
        let some_steps = &mut || {
            steps -= 1;
            steps > 0
        };
        store.index(&entities(), &field(), some_steps).unwrap();
        change(&store, "00000", r#"{"t":"0"}"#);
        assert!(!is_indexed(&store));
        assert_eq!(ask(&store), expected);
        expected
    };
    let some = number(data.path(), "SELECT COUNT(*) FROM field_value");
    assert!(some > 0 && some < 7000, "{some}");
    assert_eq!(number(data.path(), "SELECT COUNT(*) FROM field WHERE whole=0"), 1);

    let (backend, store) = open(data.path());
    change(&store, "00003", "{}");
    let began = Instant::now();
    while !is_indexed(&store) {
        assert_eq!(ask(&store).0, expected.0 - 1);
        assert!(began.elapsed() < Duration::from_secs(60), "nobody goes on");
    }
    assert_eq!(ask(&store).0, expected.0 - 1);
    // The notes of the making go last.
    while number(data.path(), "SELECT COUNT(*) FROM field_written") > 0 {
        assert!(began.elapsed() < Duration::from_secs(60), "notes stay");
    }
    drop((store, backend));
    assert_eq!(number(data.path(), "SELECT COUNT(*) FROM field_value"), 7000);
    let wrong = "SELECT COUNT(*) FROM document d WHERE NOT EXISTS (SELECT 1 FROM field_value v WHERE v.field=1 \
                 AND v.value=COALESCE(json_extract(d.body,'$.t'),x'') AND v.updated=d.updated AND v.seq=d.seq)";
    assert_eq!(number(data.path(), wrong), 0);
}

#[test]
fn one_that_is_whole_stays() {
    let data = filled(50);
    {
        let (_backend, store) = open(data.path());
        make_index(&store, &field());
    }
    let (_backend, store) = open(data.path());
    assert!(is_indexed(&store));
    // It has exactly what there is, whatever was done.
    store
        .write(|tx| {
            for key in ["00001", "00002"] {
                let found = tx.read().document(&entities(), None, key)?.unwrap();
                tx.delete_document(found.seq)?;
            }
            Ok(())
        })
        .unwrap();
    assert_eq!(number(data.path(), "SELECT COUNT(*) FROM field_value"), 48);
    store.write(|tx| tx.delete_entity_set(&entities())).unwrap();
    assert!(!is_indexed(&store));
    let all = "SELECT (SELECT COUNT(*) FROM field_value)+(SELECT COUNT(*) FROM field)";
    assert_eq!(number(data.path(), all), 0);
}
