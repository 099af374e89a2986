//! Building a Cell beside the live one.

use std::io::Write as _;
use std::sync::Arc;

use saibo_model::document::Link;
use saibo_model::node::CELL_NODE;
use saibo_model::{Document, Id, Node, NodeKind};

use super::Fixture;
use super::sample::*;
use crate::{Blobs, Builder, Origin, Place, Store, StoreExt as _};

const CELL: &str = "cell";

/// A builder with the Cell's node and the collection and EntityType that entities need.
pub fn begin(fixture: &Fixture) -> Box<dyn Builder> {
    let mut builder = fixture.build(&Id::from(CELL)).unwrap();
    assert_eq!(builder.node(&Node::collection(NodeKind::Cell, 0, "", 1)).unwrap(), CELL_NODE);
    let mut collection = Node::collection(NodeKind::OData, CELL_NODE, "odata", 1);
    collection.id = Id::from("collection");
    builder.node(&collection).unwrap();
    let schema = saibo_model::EntitySet::schema(saibo_model::Kind::EntityType, Id::from("collection"));
    let mut entity_type = document(&schema, "Type", "{}");
    entity_type.id = Id::from("type");
    builder.document(&entity_type, Origin { line: 1 }).unwrap();
    builder
}

/// Adds an entity and tells its id.
pub fn add(builder: &mut dyn Builder, key: &str, line: u64) -> Id {
    let new = document(&entities(), key, "{}");
    builder.document(&new, Origin { line }).unwrap();
    new.id
}

/// Ends it without defects, and opens it.
fn finish(fixture: &Fixture, mut builder: Box<dyn Builder>) -> (Arc<dyn Store>, Arc<dyn Blobs>) {
    assert_eq!(builder.check(10).unwrap(), []);
    let built = builder.finish().unwrap();
    let generation = built.generation();
    built.keep();
    assert_eq!(fixture.unfinished(), 0);
    fixture.open(&Place { cell: Id::from(CELL), generation }).unwrap()
}

pub fn everything_is_there(fixture: &Fixture) {
    let mut builder = begin(fixture);
    let mut new = document(&entities(), "a", r#"{"x":"ü"}"#);
    new.peer = Some(Id::from("type"));
    new.parent = Some(Id::from("type"));
    (new.version, new.published, new.updated) = (3, 4, 5);
    (new.hidden, new.extra) = (Some("{}".to_owned()), Some(r#"{"d":1}"#.to_owned()));
    builder.document(&Document { seq: 4711, ..new.clone() }, Origin { line: 2 }).unwrap();
    builder.value("s", "n", "old").unwrap();
    builder.value("s", "n", "v").unwrap();
    let (store, _) = finish(fixture, builder);
    let read = store.read(|tx| tx.document(&entities(), new.parent.as_ref(), "a")).unwrap().unwrap();
    assert_eq!(read, Document { seq: read.seq, ..new });
    assert_eq!(store.read(|tx| tx.value("s", "n")).unwrap().as_deref(), Some("v"));
    assert!(store.read(|tx| tx.child(CELL_NODE, "odata")).unwrap().is_some());
    // It takes writes like any other.
    let put = put(&store, document(&entities(), "b", "{}"));
    assert!(put.seq > read.seq);
    let again = document(&entities(), "b", "{}");
    assert!(store.write(move |tx| tx.put_document(&mut again.clone())).is_err(), "its keys are unique");
}

pub fn links_before_and_after(fixture: &Fixture) {
    let mut builder = begin(fixture);
    let later = document(&entities(), "later", "{}");
    let a = add(&mut *builder, "a", 2);
    builder.link(&a, &later.id, 7, 8, Origin { line: 3 }).unwrap();
    builder.document(&later, Origin { line: 4 }).unwrap();
    let b = add(&mut *builder, "b", 5);
    builder.link(&later.id, &b, 9, 10, Origin { line: 6 }).unwrap();
    let (store, _) = finish(fixture, builder);
    let seq = |key: &str| get(&store, &entities(), key).unwrap().seq;
    let (a, b, later) = (seq("a"), seq("b"), seq("later"));
    let found = store.read(|tx| Ok((tx.link(a, later)?, tx.link(b, later)?, tx.link_count()?))).unwrap();
    let expected =
        |first, second, published, updated| Link { first, second, to_one: false, published, updated };
    assert_eq!(found, (Some(expected(a, later, 7, 8)), Some(expected(later, b, 9, 10)), 2));
}

pub fn to_one_links(fixture: &Fixture) {
    let mut builder = begin(fixture);
    let later = document(&entities(), "later", "{}");
    let mut holder = document(&entities(), "holder", "{}");
    (holder.published, holder.updated) = (11, 12);
    builder.document(&holder, Origin { line: 2 }).unwrap();
    builder.to_one_link(&later.id, Origin { line: 2 }).unwrap();
    builder.document(&later, Origin { line: 3 }).unwrap();
    builder.to_one_link(&holder.id, Origin { line: 3 }).unwrap();
    let (store, _) = finish(fixture, builder);
    let (first, second) =
        (get(&store, &entities(), "holder").unwrap(), get(&store, &entities(), "later").unwrap());
    let mut held = Vec::new();
    store
        .read(|tx| {
            tx.all_documents(saibo_model::Kind::UserData, &mut |(document, links)| {
                held.push((document.key, links.into_iter().map(|(_, id)| id).collect::<Vec<_>>()));
                Ok(())
            })
        })
        .unwrap();
    assert_eq!(held, [("holder".to_owned(), vec![later.id]), ("later".to_owned(), vec![holder.id])]);
    let link = store.read(|tx| tx.link(first.seq, second.seq)).unwrap().unwrap();
    assert!(link.to_one);
}

pub fn nothing_before_finish(fixture: &Fixture) {
    let cell = Id::from(CELL);
    let mut builder = begin(fixture);
    assert_eq!(fixture.generations(&cell).unwrap(), [0_u64; 0]);
    builder.check(1).unwrap();
    assert_eq!(fixture.generations(&cell).unwrap(), [0_u64; 0]);
    let built = builder.finish().unwrap();
    let generation = built.generation();
    built.keep();
    assert_eq!(fixture.generations(&cell).unwrap(), [generation]);
}

pub fn dropped_leaves_nothing(fixture: &Fixture) {
    for is_checked in [false, true] {
        let mut builder = begin(fixture);
        builder.content_writer().unwrap().write_all(&large(1)).unwrap();
        let mut writer = builder.content_writer().unwrap();
        writer.write_all(&large(2)).unwrap();
        writer.finish().unwrap();
        assert!(fixture.unfinished() > 0);
        if is_checked {
            builder.check(1).unwrap();
        }
        drop(builder);
        assert_eq!(fixture.unfinished(), 0);
        assert_eq!(fixture.generations(&Id::from(CELL)).unwrap(), [0_u64; 0]);
    }
}

pub fn built_and_not_kept_leaves_nothing(fixture: &Fixture) {
    let mut builder = begin(fixture);
    builder.check(1).unwrap();
    drop(builder.finish().unwrap());
    assert_eq!(fixture.unfinished(), 0);
    assert_eq!(fixture.generations(&Id::from(CELL)).unwrap(), [0_u64; 0]);
}

pub fn contents(fixture: &Fixture) {
    let mut builder = begin(fixture);
    let mut nodes = Vec::new();
    for (name, bytes) in
        [("small", b"small".to_vec()), ("large", large(1)), ("again", large(1)), ("empty", vec![])]
    {
        let mut writer = builder.content_writer().unwrap();
        writer.write_all(&bytes).unwrap();
        let stored = writer.finish().unwrap();
        builder.content(&stored.content, stored.small.as_deref()).unwrap();
        let mut node = file(CELL_NODE, name, &stored);
        node.seq = builder.node(&node).unwrap();
        nodes.push((node, bytes));
    }
    let mut unregistered = nodes[0].0.clone();
    (unregistered.id, unregistered.name) = (Id::random(), "unregistered".to_owned());
    unregistered.content.as_mut().unwrap().name = [9; 32];
    assert!(builder.node(&unregistered).is_err());
    drop(builder);
    // A builder that refused something is given up; so, the same without it.
    let mut builder = begin(fixture);
    for (node, bytes) in &mut nodes {
        let mut writer = builder.content_writer().unwrap();
        writer.write_all(bytes).unwrap();
        let stored = writer.finish().unwrap();
        builder.content(&stored.content, stored.small.as_deref()).unwrap();
        node.seq = builder.node(node).unwrap();
    }
    let (store, blobs) = finish(fixture, builder);
    for (node, bytes) in &nodes {
        assert_eq!(store.read(|tx| tx.node(node.seq)).unwrap().as_ref(), Some(node));
        let content = node.content.as_ref().unwrap();
        let found = store.read(|tx| tx.small_content(content)).unwrap().or_else(|| blob(&blobs, content));
        assert!(found.as_ref() == Some(bytes), "{}", node.name);
    }
    // Uses are counted.
    let large = nodes[1].0.clone();
    store.write(move |tx| tx.delete_node(large.seq)).unwrap();
    assert_eq!(blobs.sweep().unwrap(), 0);
    let again = nodes[2].0.clone();
    store.write(move |tx| tx.delete_node(again.seq)).unwrap();
    assert_eq!(blobs.sweep().unwrap(), 1);
}

pub fn generations_do_not_collide(fixture: &Fixture) {
    let first = Place { cell: Id::from(CELL), generation: 1 };
    fixture.create(&first).unwrap();
    let builders = [begin(fixture), begin(fixture)];
    let mut generations = Vec::from([1]);
    for mut builder in builders {
        builder.check(1).unwrap();
        let built = builder.finish().unwrap();
        generations.push(built.generation());
        built.keep();
    }
    let mut found = fixture.generations(&first.cell).unwrap();
    found.sort_unstable();
    assert_eq!(found, generations);
    assert!(generations.is_sorted_by(|a, b| a < b));
}

pub fn children_are_found(fixture: &Fixture) {
    let mut builder = begin(fixture);
    let seq = builder.node(&Node::collection(NodeKind::WebDav, CELL_NODE, "ä", 1)).unwrap();
    assert_eq!(builder.child(CELL_NODE, "ä").unwrap(), Some(seq));
    assert_eq!(builder.child(CELL_NODE, "b").unwrap(), None);
    let seq = builder.node(&Node::collection(NodeKind::WebDav, CELL_NODE, "b", 1)).unwrap();
    assert_eq!(builder.child(CELL_NODE, "b").unwrap(), Some(seq));
    let (store, _) = finish(fixture, builder);
    assert_eq!(store.read(|tx| tx.child_count(CELL_NODE)).unwrap(), 3);
}

pub fn readable_after_check(fixture: &Fixture) {
    let mut builder = begin(fixture);
    let id = add(&mut *builder, "a", 2);
    builder.check(1).unwrap();
    let mut key = None;
    builder
        .read_with(&mut |tx| {
            key = tx.document_by_id(&id)?.map(|document| document.key);
            Ok(())
        })
        .unwrap();
    assert_eq!(key.as_deref(), Some("a"));
}

pub fn many_documents(fixture: &Fixture) {
    let mut builder = begin(fixture);
    let ids: Vec<_> = (0..20_000).map(|i| add(&mut *builder, &format!("{i:05}"), i + 2)).collect();
    for pair in ids.windows(2) {
        builder.link(&pair[0], &pair[1], 1, 1, Origin { line: 1 }).unwrap();
    }
    let (store, _) = finish(fixture, builder);
    store
        .read(|tx| {
            assert_eq!(tx.count(&entities(), None)?, 20_000);
            assert_eq!(tx.link_count()?, 19_999);
            assert_eq!(
                tx.document_by_id(&ids[12_345])?.map(|document| document.key).as_deref(),
                Some("12345")
            );
            Ok(())
        })
        .unwrap();
}
