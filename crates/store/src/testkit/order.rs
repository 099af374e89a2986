//! The order of what a query finds, and how much of it.

use std::sync::Arc;

use saibo_model::query::{Field, OrderBy, Query, Stored};
use saibo_model::{Document, EntitySet, ErrorCode, Kind};

use super::Fixture;
use super::sample::*;
use crate::{Store, StoreExt as _};

fn by(field: Field, descending: bool) -> OrderBy {
    OrderBy { field, descending }
}

fn ordered(store: &Arc<dyn Store>, order_by: Vec<OrderBy>) -> String {
    query(store, &entities(), &Query { order_by, ..Query::default() }).unwrap().join(" ")
}

fn put_at(store: &Arc<dyn Store>, key: &str, body: &str, updated: i64) {
    put(store, Document { updated, ..document(&entities(), key, body) });
}

pub fn newest_first_by_default(fixture: &Fixture) {
    let store = store(fixture);
    for (key, updated) in [("a", 20), ("b", 30), ("c", 10)] {
        put_at(&store, key, "{}", updated);
    }
    assert_eq!(ordered(&store, vec![]), "b a c");
    let mut oldest = get(&store, &entities(), "c").unwrap();
    oldest.updated = 40;
    put(&store, oldest);
    assert_eq!(ordered(&store, vec![]), "c b a");
}

pub fn ties_go_by_seq(fixture: &Fixture) {
    let store = store(fixture);
    for key in ["a", "b", "c"] {
        put_at(&store, key, r#"{"t":"same"}"#, 10);
    }
    assert_eq!(ordered(&store, vec![]), "c b a");
    for descending in [false, true] {
        assert_eq!(ordered(&store, vec![by(body("t", Stored::Text), descending)]), "c b a");
    }
}

pub fn absent_comes_last_both_ways(fixture: &Fixture) {
    let store = store(fixture);
    put_all(&store, &[("a", r#"{"t":"m"}"#), ("b", "{}"), ("c", r#"{"t":"k"}"#), ("d", r#"{"t":null}"#)]);
    for _ in 0..2 {
        assert_eq!(ordered(&store, vec![by(body("t", Stored::Text), false)]), "c a d b");
        assert_eq!(ordered(&store, vec![by(body("t", Stored::Text), true)]), "a c d b");
        // The same with an index.
        make_index(&store, &body("t", Stored::Text));
    }
}

pub fn several_terms(fixture: &Fixture) {
    let store = store(fixture);
    put_all(&store, &[("a", r#"{"i":1,"t":"x"}"#), ("b", r#"{"i":2,"t":"x"}"#), ("c", r#"{"i":1,"t":"y"}"#)]);
    let terms = vec![by(body("i", Stored::Number), true), by(body("t", Stored::Text), false)];
    assert_eq!(ordered(&store, terms), "b a c");
    assert_eq!(ordered(&store, vec![by(Field::Key, true)]), "c b a");
    assert_eq!(ordered(&store, vec![by(Field::Published, false), by(Field::Key, false)]), "a b c");
    assert_eq!(ordered(&store, vec![by(Field::Updated, true), by(Field::Key, false)]), "a b c");
}

pub fn numbers_in_strings(fixture: &Fixture) {
    let store = store(fixture);
    put_all(&store, &[("a", r#"{"f":"10.0"}"#), ("b", r#"{"f":"9.0"}"#), ("c", r#"{"f":"-1.0E3"}"#)]);
    assert_eq!(ordered(&store, vec![by(body("f", Stored::Float), false)]), "c b a");
}

pub fn by_parent_key(fixture: &Fixture) {
    let store = store(fixture);
    for (parent, key) in [("zeta", "a"), ("alpha", "b")] {
        let parent = put(&store, document(&EntitySet::control(Kind::Box), parent, "{}"));
        put(&store, Document { parent: Some(parent.id), ..document(&entities(), key, "{}") });
    }
    put(&store, document(&entities(), "none", "{}"));
    assert_eq!(ordered(&store, vec![by(Field::ParentKey, false)]), "b a none");
    assert_eq!(ordered(&store, vec![by(Field::ParentKey, true)]), "a b none");
}

pub fn skip_and_top(fixture: &Fixture) {
    let store = store(fixture);
    put_all(&store, &[("a", "{}"), ("b", "{}"), ("c", "{}"), ("d", "{}")]);
    let page = |skip, top| {
        let asked = Query { order_by: vec![by(Field::Key, false)], skip, top, ..Query::default() };
        query(&store, &entities(), &asked).unwrap().join(" ")
    };
    assert_eq!(page(0, Some(2)), "a b");
    assert_eq!(page(2, Some(2)), "c d");
    assert_eq!(page(3, None), "d");
    assert_eq!(page(9, None), "");
    assert_eq!(page(0, Some(0)), "");
    assert_eq!(page(0, Some(u64::MAX)), "a b c d");
    assert_eq!(page(u64::MAX, Some(1)), "");
}

pub fn error_of_the_receiver_ends_it(fixture: &Fixture) {
    let store = store(fixture);
    put_all(&store, &[("a", "{}"), ("b", "{}"), ("c", "{}")]);
    let mut seen = 0;
    let result = store.read(|tx| {
        tx.documents(&entities(), &Query::default(), &mut |_document| {
            seen += 1;
            Err(ErrorCode::DiskFull.into())
        })
    });
    assert_eq!((code(result), seen), (ErrorCode::DiskFull, 1));
    assert_eq!(ordered(&store, vec![]), "c b a");
}
