//! Documents: put, replaced, refused, deleted.

use saibo_model::{EntitySet, ErrorCode, Id, Kind};

use super::Fixture;
use super::sample::*;
use crate::StoreExt as _;

pub fn is_read_as_put(fixture: &Fixture) {
    let store = store(fixture);
    let mut new = document(&roles(), "reader", r#"{"Name":"reader","é":"\u0000 ü 𝄞"}"#);
    new.parent = Some(Id::from("box"));
    new.peer = Some(Id::from("peer"));
    (new.version, new.published, new.updated) = (7, -5, i64::MAX);
    new.hidden = Some(r#"{"HashedCredential":"x"}"#.to_owned());
    new.extra = Some(r#"{"d":{}}"#.to_owned());
    let put = put(&store, new.clone());
    assert!(put.seq > 0);
    new.seq = put.seq;
    assert_eq!(put, new);
    let read = |key: &str, parent: Option<&str>| {
        let parent = parent.map(Id::from);
        store.read(|tx| tx.document(&roles(), parent.as_ref(), key)).unwrap()
    };
    assert_eq!(read("reader", Some("box")), Some(new.clone()));
    assert_eq!(read("reader", None), None);
    assert_eq!(read("Reader", Some("box")), None, "keys tell case apart");
    assert_eq!(store.read(|tx| tx.document_by_id(&new.id)).unwrap(), Some(new));
    assert_eq!(store.read(|tx| tx.document_by_id(&Id::from("none"))).unwrap(), None);
}

pub fn is_replaced_by_its_seq(fixture: &Fixture) {
    let store = store(fixture);
    let mut first = put(&store, document(&roles(), "a", "{}"));
    first.body = r#"{"x":1}"#.to_owned();
    first.version = 2;
    assert_eq!(put(&store, first.clone()), first);
    assert_eq!(get(&store, &roles(), "a"), Some(first.clone()));
    // All that it is found by may change, too.
    first.key = "b".to_owned();
    first.peer = Some(Id::from("peer"));
    first.hidden = Some("{}".to_owned());
    put(&store, first.clone());
    assert_eq!(get(&store, &roles(), "a"), None);
    assert_eq!(get(&store, &roles(), "b"), Some(first));
}

pub fn key_is_unique_per_parent_and_set(fixture: &Fixture) {
    let store = store(fixture);
    put(&store, document(&roles(), "a", "{}"));
    let again = document(&roles(), "a", "{}");
    let mut other_parent = again.clone();
    other_parent.parent = Some(Id::from("box"));
    let mut other_set = again.clone();
    (other_set.id, other_set.set) = (Id::random(), EntitySet::control(Kind::Relation));
    let refused = |mut document| code(store.write(move |tx| tx.put_document(&mut document)));
    assert_eq!(refused(again), ErrorCode::EntityAlreadyExists);
    put(&store, other_parent);
    put(&store, other_set);
    let mut renamed = put(&store, document(&roles(), "b", "{}"));
    renamed.key = "a".to_owned();
    assert_eq!(refused(renamed), ErrorCode::EntityAlreadyExists);
}

pub fn id_is_unique(fixture: &Fixture) {
    let store = store(fixture);
    let first = put(&store, document(&roles(), "a", "{}"));
    let mut second = document(&entities(), "b", "{}");
    second.id = first.id;
    let result = store.write(move |tx| tx.put_document(&mut second));
    assert_eq!(code(result), ErrorCode::EntityAlreadyExists);
}

pub fn conflict_leaves_the_transaction_usable(fixture: &Fixture) {
    let store = store(fixture);
    put(&store, document(&roles(), "a", "{}"));
    store
        .write(|tx| {
            tx.put_document(&mut document(&roles(), "before", "{}"))?;
            assert!(tx.put_document(&mut document(&roles(), "a", "{}")).is_err());
            tx.put_document(&mut document(&roles(), "after", "{}"))
        })
        .unwrap();
    assert!(get(&store, &roles(), "before").is_some() && get(&store, &roles(), "after").is_some());
}

pub fn seq_grows(fixture: &Fixture) {
    let store = store(fixture);
    let seqs: Vec<_> = (0..20).map(|i| put(&store, document(&roles(), &i.to_string(), "{}")).seq).collect();
    assert!(seqs.is_sorted_by(|a, b| a < b), "{seqs:?}");
}

pub fn gone_document_is_not_replaced(fixture: &Fixture) {
    let store = store(fixture);
    let mut gone = put(&store, document(&roles(), "a", "{}"));
    let seq = gone.seq;
    store.write(move |tx| tx.delete_document(seq)).unwrap();
    assert!(store.write(move |tx| tx.put_document(&mut gone)).is_err());
    assert_eq!(get(&store, &roles(), "a"), None);
}

pub fn delete_takes_the_links_along(fixture: &Fixture) {
    let store = store(fixture);
    let [a, b, c] = ["a", "b", "c"].map(|key| put(&store, document(&roles(), key, "{}")).seq);
    put_link(&store, link(a, b));
    put_link(&store, link(b, c));
    put_link(&store, link(c, a));
    store.write(move |tx| tx.delete_document(b)).unwrap();
    assert_eq!(get(&store, &roles(), "b"), None);
    let left = store.read(|tx| Ok((tx.link(a, b)?, tx.link(b, c)?, tx.link(c, a)?.is_some()))).unwrap();
    assert_eq!(left, (None, None, true));
}

pub fn set_is_deleted_with_its_links(fixture: &Fixture) {
    let store = store(fixture);
    let other = put(&store, document(&roles(), "other", "{}")).seq;
    let more = put(&store, document(&roles(), "more", "{}")).seq;
    let one = put(&store, document(&entities(), "one", "{}")).seq;
    let two = put(&store, document(&entities(), "two", "{}")).seq;
    for link in [link(other, one), link(two, other), link(one, two), link(other, more)] {
        put_link(&store, link);
    }
    store.write(|tx| tx.delete_entity_set(&entities())).unwrap();
    let (count, links, kept) =
        store.read(|tx| Ok((tx.count(&entities(), None)?, tx.link_count()?, tx.link(more, other)?))).unwrap();
    assert_eq!((count, links, kept.is_some()), (0, 1, true));
    assert!(get(&store, &roles(), "other").is_some());
    store.write(|tx| tx.delete_entity_set(&EntitySet::control(Kind::Rule))).unwrap();
}

pub fn deleted_set_can_be_used_again(fixture: &Fixture) {
    let store = store(fixture);
    let field = body("x", saibo_model::query::Stored::Text);
    put(&store, document(&entities(), "a", r#"{"x":"1"}"#));
    make_index(&store, &field);
    store.write(|tx| tx.delete_entity_set(&entities())).unwrap();
    // Whatever the backend kept of the old one must not be in the way of the next.
    let other = EntitySet::entities(Id::from("collection"), Id::from("other"));
    put(&store, document(&other, "b", r#"{"x":"1"}"#));
    put(&store, document(&entities(), "a", r#"{"x":"1"}"#));
    for set in [&other, &entities()] {
        assert!(!store.read(|tx| tx.is_indexed(set, &field)).unwrap());
        store.index(set, &field, &mut || true).unwrap();
    }
    assert!(get(&store, &other, "b").is_some() && get(&store, &entities(), "a").is_some());
}

pub fn sets_of_a_kind(fixture: &Fixture) {
    let store = store(fixture);
    assert_eq!(store.read(|tx| tx.entity_sets(Kind::UserData)).unwrap(), []);
    let other = EntitySet::entities(Id::from("collection"), Id::from("other"));
    let schema = EntitySet::schema(Kind::EntityType, Id::from("collection"));
    for set in [&entities(), &other, &schema, &roles()] {
        put(&store, document(set, "a", "{}"));
    }
    let sets = |kind| store.read(|tx| tx.entity_sets(kind)).unwrap();
    assert_eq!(sets(Kind::UserData), [entities(), other]);
    assert_eq!(sets(Kind::EntityType), [schema]);
    assert_eq!(sets(Kind::Role), [roles()]);
    assert_eq!(sets(Kind::Box), []);
}

pub fn odd_text_is_kept(fixture: &Fixture) {
    let store = store(fixture);
    for key in ["", "'", "\"; DROP TABLE document; --", "a\u{0}b", "%_\\", "日本語", "e\u{301}", "é"] {
        let put = put(&store, document(&entities(), key, r#"{"t":"'%\u2028"}"#));
        assert_eq!(get(&store, &entities(), key), Some(put), "{key:?}");
    }
    assert_eq!(store.read(|tx| tx.count(&entities(), None)).unwrap(), 8);
}
