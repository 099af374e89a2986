//! What stands in a relation to each of several documents, found with one query.

use std::sync::Arc;

use saibo_model::query::{Field, OrderBy, Related};
use saibo_model::{Document, EntitySet, Id};

use super::Fixture;
use super::sample::*;
use crate::{Store, StoreExt as _};

/// For each of the others, the keys of what was found, joined by blanks.
fn found(
    store: &Arc<dyn Store>,
    set: &EntitySet,
    to: &Related,
    order_by: &[OrderBy],
    top: u64,
) -> Vec<String> {
    let others = match to {
        Related::Links(seqs) => seqs.len(),
        Related::Children(ids) => ids.len(),
        Related::Named(ids) => ids.len(),
    };
    let (mut keys, mut last) = (vec![Vec::new(); others], 0);
    let scan = |tx: &dyn crate::ReadTx| {
        tx.related(set, to, order_by, top, &mut |(at, document)| {
            assert!(at >= last, "what belongs to one of the others comes together");
            last = at;
            keys[at].push(document.key);
            Ok(())
        })
    };
    store.read(scan).unwrap();
    keys.into_iter().map(|keys| keys.join(" ")).collect()
}

fn by_key(descending: bool) -> [OrderBy; 1] {
    [OrderBy { field: Field::Key, descending }]
}

fn put_child(store: &Arc<dyn Store>, key: &str, parent: &Document) -> Document {
    put(store, Document { parent: Some(parent.id.clone()), ..document(&roles(), key, "{}") })
}

pub fn by_links(fixture: &Fixture) {
    let store = store(fixture);
    let [a, b, c] = ["a", "b", "c"].map(|key| put(&store, document(&entities(), key, "{}")).seq);
    let role = put(&store, document(&roles(), "role", "{}")).seq;
    put_link(&store, link(a, b));
    put_link(&store, link(c, a));
    put_link(&store, link(role, b));
    let links = Related::Links(vec![b, a, 12_345, a, role]);
    assert_eq!(found(&store, &entities(), &links, &by_key(false), 9), ["a", "b c", "", "b c", "b"]);
    assert_eq!(found(&store, &roles(), &links, &[], 9), ["role", "", "", "", ""]);
    assert!(found(&store, &entities(), &Related::Links(Vec::new()), &[], 9).is_empty());
}

pub fn by_parents(fixture: &Fixture) {
    let store = store(fixture);
    let [one, two] = ["1", "2"].map(|key| put(&store, document(&entities(), key, "{}")));
    put_child(&store, "a", &one);
    put_child(&store, "b", &one);
    put_child(&store, "a", &two);
    put(&store, document(&roles(), "c", "{}"));
    let parents = Related::Children(vec![two.id, Id::from("none"), one.id]);
    assert_eq!(found(&store, &roles(), &parents, &by_key(false), 9), ["a", "", "a b"]);
    assert_eq!(found(&store, &entities(), &parents, &by_key(false), 9), ["", "", ""]);
}

pub fn by_ids(fixture: &Fixture) {
    let store = store(fixture);
    let [a, b] = ["a", "b"].map(|key| put(&store, document(&roles(), key, "{}")));
    let ids = Related::Named(vec![Some(b.id.clone()), None, Some(Id::from("\"'")), Some(a.id), Some(b.id)]);
    assert_eq!(found(&store, &roles(), &ids, &[], 9), ["b", "", "", "a", "b"]);
    assert_eq!(found(&store, &entities(), &ids, &[], 9), ["", "", "", "", ""]);
}

pub fn top_and_order_are_of_each(fixture: &Fixture) {
    let store = store(fixture);
    let parents = ["1", "2"].map(|key| put(&store, document(&entities(), key, "{}")));
    for key in ["b", "a", "c"] {
        parents.iter().for_each(|parent| _ = put_child(&store, key, parent));
    }
    let of = Related::Children(parents.iter().map(|parent| parent.id.clone()).collect());
    assert_eq!(found(&store, &roles(), &of, &by_key(false), 2), ["a b", "a b"]);
    assert_eq!(found(&store, &roles(), &of, &by_key(true), 2), ["c b", "c b"]);
    assert_eq!(
        found(&store, &roles(), &of, &[], 2),
        ["c a", "c a"],
        "without an order, the latest come first"
    );
}
