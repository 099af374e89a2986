//! Links of two documents.

use std::sync::Arc;

use saibo_model::document::Link;
use saibo_model::query::Filter;

use super::Fixture;
use super::sample::*;
use crate::{Store, StoreExt as _};

fn three(store: &Arc<dyn Store>) -> [i64; 3] {
    ["a", "b", "c"].map(|key| put(store, document(&entities(), key, "{}")).seq)
}

fn found(store: &Arc<dyn Store>, one: i64, other: i64) -> Option<Link> {
    store.read(|tx| tx.link(one, other)).unwrap()
}

pub fn found_in_either_order(fixture: &Fixture) {
    let store = store(fixture);
    let [a, b, c] = three(&store);
    put_link(&store, link(b, a));
    assert_eq!(found(&store, a, b), Some(link(b, a)));
    assert_eq!(found(&store, b, a), Some(link(b, a)));
    assert_eq!(found(&store, a, c), None);
    let held = Link { to_one: true, ..link(a, c) };
    put_link(&store, held.clone());
    assert_eq!(found(&store, c, a), Some(held));
}

pub fn replaced(fixture: &Fixture) {
    let store = store(fixture);
    let [a, b, _] = three(&store);
    put_link(&store, link(a, b));
    let newer = Link { updated: 9, ..link(a, b) };
    put_link(&store, newer.clone());
    assert_eq!(found(&store, a, b), Some(newer));
    assert_eq!(store.read(|tx| tx.link_count()).unwrap(), 1);
}

pub fn deleted_in_either_order(fixture: &Fixture) {
    let store = store(fixture);
    let [a, b, c] = three(&store);
    put_link(&store, link(a, b));
    put_link(&store, link(b, c));
    assert!(store.write(move |tx| tx.delete_link(b, a)).unwrap());
    assert!(!store.write(move |tx| tx.delete_link(a, b)).unwrap());
    assert_eq!(found(&store, a, b), None);
    assert!(store.write(move |tx| tx.delete_link(b, c)).unwrap());
    assert_eq!(store.read(|tx| tx.link_count()).unwrap(), 0);
}

pub fn linked_with(fixture: &Fixture) {
    let store = store(fixture);
    let [a, b, c] = three(&store);
    put_link(&store, link(a, b));
    put_link(&store, Link { to_one: true, ..link(c, a) });
    assert_eq!(matching(&store, Filter::LinkedWith(a)), "b c");
    assert_eq!(matching(&store, Filter::LinkedWith(b)), "a");
    assert_eq!(matching(&store, Filter::LinkedWith(12_345)), "");
    assert_eq!(matching(&store, Filter::Not(Box::new(Filter::LinkedWith(b)))), "b c");
    let role = put(&store, document(&roles(), "role", "{}")).seq;
    put_link(&store, link(role, b));
    assert_eq!(matching(&store, Filter::LinkedWith(b)), "a", "documents of the asked set only");
    assert_eq!(matching(&store, Filter::LinkedWith(role)), "b");
    put_link(&store, link(a, a));
    assert_eq!(
        matching(&store, Filter::LinkedWith(a)),
        "a b c",
        "a document can be linked with itself, and is found once"
    );
}

pub fn counted(fixture: &Fixture) {
    let store = store(fixture);
    let [a, b, c] = three(&store);
    put_link(&store, link(a, b));
    put_link(&store, link(a, c));
    put_link(&store, Link { to_one: true, ..link(b, c) });
    assert_eq!(store.read(|tx| tx.link_count()).unwrap(), 2, "to-one links are not many-to-many links");
}
