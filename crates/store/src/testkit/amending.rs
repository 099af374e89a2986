//! Building a Cell from several states, the later ones over the builder's own or over a copy of a generation.

use std::io::Write as _;
use std::sync::Arc;

use saibo_model::node::{CELL_NODE, Content};
use saibo_model::query::{Comparison, Filter, Literal, OrderBy, Query, Stored};
use saibo_model::{Document, Id, Kind, Node, NodeKind, Removed};

use super::Fixture;
use super::builder::begin;
use super::sample::*;
use crate::builder::Defect;
use crate::{Blobs, Builder, Origin, Place, Store, StoreExt as _};

fn finish(fixture: &Fixture, mut builder: Box<dyn Builder>) -> (Arc<dyn Store>, Arc<dyn Blobs>) {
    assert_eq!(builder.check(10).unwrap(), []);
    let built = builder.finish().unwrap();
    let generation = built.generation();
    built.keep();
    fixture.open(&Place { cell: Id::from("cell"), generation }).unwrap()
}

/// How a builder goes on to the next state.
type Next = fn(&Fixture, Box<dyn Builder>) -> Box<dyn Builder>;

const WAYS: [Next; 2] = [
    |_, mut builder| {
        builder.amend().unwrap();
        builder
    },
    |fixture, mut builder| {
        assert_eq!(builder.check(10).unwrap(), []);
        let built = builder.finish().unwrap();
        let place = Place { cell: Id::from("cell"), generation: built.generation() };
        built.keep();
        let mut builder = fixture.amend(&place, &mut |_, _| true).unwrap();
        builder.amend().unwrap();
        builder
    },
];

fn entity(key: &str, body: &str) -> Document {
    Document { id: Id::from(key), ..document(&entities(), key, body) }
}

fn add(builder: &mut dyn Builder, document: &Document) {
    builder.document(document, Origin { line: 1 }).unwrap();
}

fn removed(kind: Kind, id: &str) -> Removed {
    Removed::Document { kind, id: Id::from(id) }
}

pub fn later_states_win_and_keep_the_order(fixture: &Fixture) {
    WAYS.iter().for_each(|next| later_states_win_and_keep_the_order_by(fixture, *next));
}

fn later_states_win_and_keep_the_order_by(fixture: &Fixture, next: Next) {
    let mut builder = begin(fixture);
    for key in ["a", "b", "c"] {
        add(builder.as_mut(), &entity(key, r#"{"x":1}"#));
    }
    let mut builder = next(fixture, builder);
    builder.remove(&removed(Kind::UserData, "b")).unwrap();
    builder.remove(&removed(Kind::UserData, "never there")).unwrap();
    // They change places in their set, which only the end need not allow.
    add(builder.as_mut(), &Document { key: "c".to_owned(), ..entity("a", r#"{"x":2}"#) });
    add(builder.as_mut(), &Document { key: "a".to_owned(), ..entity("c", r#"{"x":3}"#) });
    add(builder.as_mut(), &entity("d", "{}"));
    let mut builder = next(fixture, builder);
    builder.remove(&removed(Kind::UserData, "d")).unwrap();
    add(builder.as_mut(), &entity("d", r#"{"again":1}"#));
    add(builder.as_mut(), &entity("b", r#"{"again":2}"#));
    let (store, _) = finish(fixture, builder);
    let mut all = Vec::new();
    store
        .read(|tx| {
            tx.all_documents(Kind::UserData, &mut |(document, _)| {
                all.push((document.id.to_string(), document.key, document.body));
                Ok(())
            })
        })
        .unwrap();
    let expected = [
        ("a", "c", r#"{"x":2}"#),
        ("c", "a", r#"{"x":3}"#),
        ("d", "d", r#"{"again":1}"#),
        ("b", "b", r#"{"again":2}"#),
    ];
    assert_eq!(all, expected.map(|(id, key, body)| (id.to_owned(), key.to_owned(), body.to_owned())));
}

pub fn links_follow(fixture: &Fixture) {
    WAYS.iter().for_each(|next| links_follow_by(fixture, *next));
}

fn links_follow_by(fixture: &Fixture, next: Next) {
    let mut builder = begin(fixture);
    let line = Origin { line: 1 };
    let id = |key: &str| Id::from(key);
    for key in ["a", "b", "c", "d"] {
        add(builder.as_mut(), &entity(key, "{}"));
        builder.to_one_link(&id("a"), line).unwrap();
    }
    for (first, second) in [("a", "b"), ("a", "c"), ("c", "d"), ("d", "b")] {
        builder.link(&id(first), &id(second), 1, 1, line).unwrap();
    }
    let mut builder = next(fixture, builder);
    builder.remove(&Removed::Link { first: id("a"), second: id("b") }).unwrap();
    // With it go the links of it that nobody names.
    builder.remove(&removed(Kind::UserData, "c")).unwrap();
    // What holds a link is put with all that it holds.
    add(builder.as_mut(), &entity("b", "{}"));
    builder.to_one_link(&id("d"), line).unwrap();
    builder.link(&id("d"), &id("b"), 7, 8, line).unwrap();
    let (store, _) = finish(fixture, builder);
    let (mut links, mut held) = (Vec::new(), Vec::new());
    store
        .read(|tx| {
            tx.all_links(&mut |(link, first, second)| {
                links.push(format!("{}-{} {}", first.1, second.1, link.published));
                Ok(())
            })?;
            tx.all_documents(Kind::UserData, &mut |(document, others)| {
                let others: Vec<_> = others.iter().map(|(_, id)| id.to_string()).collect();
                held.push(format!("{}:{}", document.key, others.concat()));
                Ok(())
            })
        })
        .unwrap();
    assert_eq!(links, ["d-b 7"]);
    assert_eq!(held, ["a:a", "b:d", "d:a"]);
}

/// A file whose content is written through the builder.
fn put_file(builder: &mut dyn Builder, parent: i64, id: &str, bytes: &[u8]) -> Content {
    let mut writer = builder.content_writer().unwrap();
    writer.write_all(bytes).unwrap();
    let stored = writer.finish().unwrap();
    builder.content(&stored.content, stored.small.as_deref()).unwrap();
    let mut node = file(parent, id, &stored);
    node.id = Id::from(id);
    builder.node(&node).unwrap();
    stored.content
}

fn collection(parent: i64, id: &str, name: &str) -> Node {
    Node { id: Id::from(id), ..Node::collection(NodeKind::WebDav, parent, name, 1) }
}

pub fn trees_follow(fixture: &Fixture) {
    WAYS.iter().for_each(|next| trees_follow_by(fixture, *next));
}

fn trees_follow_by(fixture: &Fixture, next: Next) {
    let mut builder = begin(fixture);
    let first = builder.node(&collection(CELL_NODE, "one", "one")).unwrap();
    let second = builder.node(&collection(CELL_NODE, "two", "two")).unwrap();
    let inner = builder.node(&collection(first, "inner", "inner")).unwrap();
    let gone = put_file(builder.as_mut(), inner, "gone", &large(1));
    let kept = put_file(builder.as_mut(), inner, "kept", &large(2));
    let small = put_file(builder.as_mut(), second, "small", b"small");
    let mut builder = next(fixture, builder);
    builder.remove(&Removed::Node { id: Id::from("one") }).unwrap();
    builder.remove(&Removed::Node { id: Id::from("gone") }).unwrap();
    // What it is in was removed, and it is elsewhere, with everything in it; two changed their names with each other.
    assert_eq!(builder.node(&collection(second, "inner", "moved")).unwrap(), inner);
    assert_eq!(builder.node(&collection(CELL_NODE, "two", "one")).unwrap(), second);
    let now = put_file(builder.as_mut(), second, "small", b"other");
    let (store, blobs) = finish(fixture, builder);
    let mut paths = Vec::new();
    store
        .read(|tx| {
            for (content, there) in [(&gone, false), (&kept, true), (&small, false), (&now, true)] {
                assert_eq!(tx.has_content(&content.name)?, there);
            }
            tx.descendants(CELL_NODE, &mut |(depth, node)| {
                paths.push(format!("{}{}", "/".repeat(depth as usize), node.name));
                Ok(())
            })
        })
        .unwrap();
    assert_eq!(paths, ["/odata", "/one", "//moved", "///kept", "//small"]);
    assert_eq!((blob(&blobs, &gone), blob(&blobs, &kept)), (None, Some(large(2))));
}

pub fn what_cannot_be_right_is_found(fixture: &Fixture) {
    WAYS.iter().for_each(|next| what_cannot_be_right_is_found_by(fixture, *next));
}

fn what_cannot_be_right_is_found_by(fixture: &Fixture, next: Next) {
    let mut builder = begin(fixture);
    let folder = builder.node(&collection(CELL_NODE, "folder", "folder")).unwrap();
    builder.node(&collection(folder, "inner", "inner")).unwrap();
    let mut builder = next(fixture, builder);
    builder.remove(&Removed::Node { id: Id::from("folder") }).unwrap();
    assert_eq!(builder.check(10).unwrap(), [Defect::Unreachable { id: Id::from("inner") }]);

    let mut builder = begin(fixture);
    let folder = builder.node(&collection(CELL_NODE, "folder", "folder")).unwrap();
    let mut builder = next(fixture, builder);
    assert!(builder.node(&collection(folder, "folder", "folder")).is_err(), "inside itself");

    let mut builder = begin(fixture);
    add(builder.as_mut(), &entity("a", "{}"));
    let mut builder = next(fixture, builder);
    builder.remove(&removed(Kind::EntityType, "type")).unwrap();
    let missing = Defect::DanglingEntityType { id: Id::from("a"), missing: Id::from("type") };
    assert_eq!(builder.check(10).unwrap(), [missing]);

    // A set that nothing is left of is no reason.
    let mut builder = begin(fixture);
    add(builder.as_mut(), &entity("a", "{}"));
    let mut builder = next(fixture, builder);
    for (kind, id) in [(Kind::UserData, "a"), (Kind::EntityType, "type")] {
        builder.remove(&removed(kind, id)).unwrap();
    }
    builder.remove(&Removed::Node { id: Id::from("collection") }).unwrap();
    assert_eq!(builder.check(10).unwrap(), []);
}

pub fn indexes_follow(fixture: &Fixture) {
    let mut builder = begin(fixture);
    for n in 0..20 {
        add(builder.as_mut(), &entity(&format!("k{n}"), &format!(r#"{{"i":{n}}}"#)));
    }
    let (store, _) = finish(fixture, builder);
    let field = body("i", Stored::Number);
    store.index(&entities(), &field, &mut || true).unwrap();
    let mut latest = fixture.generations(&Id::from("cell")).unwrap();
    let place = Place { cell: Id::from("cell"), generation: latest.pop().unwrap() };
    let mut builder = fixture.amend(&place, &mut |_, _| true).unwrap();
    builder.amend().unwrap();
    builder.remove(&removed(Kind::UserData, "k3")).unwrap();
    add(builder.as_mut(), &entity("k5", r#"{"i":100}"#));
    add(builder.as_mut(), &entity("new", r#"{"i":-1}"#));
    add(builder.as_mut(), &entity("none", "{}"));
    let (store, _) = finish(fixture, builder);
    let mut found = Vec::new();
    store
        .read(|tx| {
            assert!(tx.is_indexed(&entities(), &field)?, "the index is that of the copy");
            let order = vec![OrderBy { field: field.clone(), descending: false }];
            for (comparison, value) in [(Comparison::GreaterOrEqual, 18), (Comparison::Less, 6)] {
                let value = Literal::Integer(value);
                let filter = Some(Filter::Compare(field.clone(), comparison, value));
                let query = Query { filter, order_by: order.clone(), ..Query::default() };
                tx.documents(&entities(), &query, &mut |document| {
                    found.push(document.key);
                    Ok(())
                })?;
            }
            Ok(())
        })
        .unwrap();
    assert_eq!(found, ["k18", "k19", "k5", "new", "k0", "k1", "k2", "k4"]);
}
