//! What cannot be right in a built Cell is found and named.

use saibo_model::{Document, EntitySet, Id, Kind, Node, NodeKind};

use super::Fixture;
use super::builder::{add, begin};
use super::sample::*;
use crate::builder::Defect;
use crate::{Builder, Origin};

/// The defects, after which nothing is left.
fn defects(fixture: &Fixture, mut builder: Box<dyn Builder>) -> Vec<Defect> {
    let defects = builder.check(10).unwrap();
    drop(builder);
    assert_eq!(fixture.unfinished(), 0);
    defects
}

fn id(text: &str) -> Id {
    Id::from(text)
}

fn add_document(builder: &mut dyn Builder, document: &Document) {
    builder.document(document, Origin { line: 5 }).unwrap();
}

pub fn duplicate_id(fixture: &Fixture) {
    let mut builder = begin(fixture);
    let first = add(&mut *builder, "a", 2);
    add_document(&mut *builder, &Document { id: first.clone(), ..document(&roles(), "b", "{}") });
    assert_eq!(defects(fixture, builder), [Defect::Duplicate { id: first }]);
}

pub fn duplicate_key(fixture: &Fixture) {
    let mut builder = begin(fixture);
    // The later one is named, whichever id is greater.
    for (first, second) in [("z", "a"), ("b", "y")] {
        add_document(&mut *builder, &Document { id: id(first), ..document(&entities(), first, "{}") });
        add_document(&mut *builder, &Document { id: id(second), ..document(&entities(), first, "{}") });
    }
    assert_eq!(
        defects(fixture, builder),
        [Defect::Duplicate { id: id("a") }, Defect::Duplicate { id: id("y") }]
    );
}

pub fn duplicate_node(fixture: &Fixture) {
    let mut builder = begin(fixture);
    let mut node = Node::collection(NodeKind::WebDav, 1, "a", 1);
    builder.node(&node).unwrap();
    node.name = "b".to_owned();
    builder.node(&node).unwrap();
    let same_name = Node::collection(NodeKind::WebDav, 1, "b", 1);
    builder.node(&same_name).unwrap();
    assert_eq!(
        defects(fixture, builder),
        [Defect::Duplicate { id: same_name.id }, Defect::Duplicate { id: node.id }]
    );
}

pub fn same_key_under_other_parents(fixture: &Fixture) {
    let mut builder = begin(fixture);
    let parent = add(&mut *builder, "a", 2);
    add_document(&mut *builder, &Document { parent: Some(parent), ..document(&entities(), "a", "{}") });
    add_document(&mut *builder, &document(&roles(), "a", "{}"));
    assert_eq!(defects(fixture, builder), []);
}

pub fn dangling_link(fixture: &Fixture) {
    let mut builder = begin(fixture);
    let a = add(&mut *builder, "a", 2);
    builder.link(&a, &id("gone"), 1, 1, Origin { line: 77 }).unwrap();
    builder.link(&id("lost"), &a, 1, 1, Origin { line: 78 }).unwrap();
    builder.link(&id("both"), &id("neither"), 1, 1, Origin { line: 79 }).unwrap();
    let missing = |missing, line| Defect::DanglingLink { missing: id(missing), line, to_one: false };
    assert_eq!(defects(fixture, builder), [missing("gone", 77), missing("lost", 78), missing("both", 79)]);
}

pub fn dangling_to_one_link(fixture: &Fixture) {
    let mut builder = begin(fixture);
    add(&mut *builder, "a", 2);
    builder.to_one_link(&id("gone"), Origin { line: 2 }).unwrap();
    assert_eq!(
        defects(fixture, builder),
        [Defect::DanglingLink { missing: id("gone"), line: 2, to_one: true }]
    );
}

pub fn dangling_parent(fixture: &Fixture) {
    let mut builder = begin(fixture);
    let orphan = Document { parent: Some(id("gone")), ..document(&roles(), "a", "{}") };
    add_document(&mut *builder, &orphan);
    assert_eq!(defects(fixture, builder), [Defect::DanglingParent { id: orphan.id, missing: id("gone") }]);
}

pub fn dangling_peer(fixture: &Fixture) {
    let mut builder = begin(fixture);
    let alone = Document { peer: Some(id("gone")), ..document(&roles(), "a", "{}") };
    add_document(&mut *builder, &alone);
    assert_eq!(defects(fixture, builder), [Defect::DanglingParent { id: alone.id, missing: id("gone") }]);
}

pub fn dangling_collection(fixture: &Fixture) {
    let mut builder = begin(fixture);
    let lost = document(&EntitySet::schema(Kind::ComplexType, id("gone")), "a", "{}");
    add_document(&mut *builder, &lost);
    // A collection of another kind does not count.
    let plain = Node::collection(NodeKind::WebDav, 1, "plain", 1);
    builder.node(&plain).unwrap();
    let misplaced = document(&EntitySet::schema(Kind::ComplexType, plain.id.clone()), "a", "{}");
    add_document(&mut *builder, &misplaced);
    let expected = [
        Defect::DanglingCollection { id: lost.id, missing: id("gone") },
        Defect::DanglingCollection { id: misplaced.id, missing: plain.id },
    ];
    assert_eq!(defects(fixture, builder), expected);
}

pub fn dangling_entity_type(fixture: &Fixture) {
    let mut builder = begin(fixture);
    let lost = document(&EntitySet::entities(id("collection"), id("gone")), "a", "{}");
    add_document(&mut *builder, &lost);
    let other = add(&mut *builder, "b", 3);
    let misplaced = document(&EntitySet::entities(id("collection"), other.clone()), "a", "{}");
    add_document(&mut *builder, &misplaced);
    let expected = [
        Defect::DanglingEntityType { id: lost.id, missing: id("gone") },
        Defect::DanglingEntityType { id: misplaced.id, missing: other },
    ];
    assert_eq!(defects(fixture, builder), expected);
}

pub fn limit(fixture: &Fixture) {
    let mut builder = begin(fixture);
    let a = add(&mut *builder, "a", 2);
    for line in 3..100 {
        builder.link(&a, &id("gone"), 1, 1, Origin { line }).unwrap();
        add_document(
            &mut *builder,
            &Document { parent: Some(id("gone")), ..document(&roles(), &line.to_string(), "{}") },
        );
    }
    let defects = builder.check(7).unwrap();
    assert_eq!(defects.len(), 7);
}

pub fn line_of_a_document(fixture: &Fixture) {
    let mut builder = begin(fixture);
    let lines = [1, 2, 3, 10, 11, 1, 2, 500, 499];
    let ids: Vec<_> =
        lines.iter().enumerate().map(|(i, line)| add(&mut *builder, &i.to_string(), *line)).collect();
    let twice = Document { id: ids[0].clone(), ..document(&roles(), "b", "{}") };
    builder.document(&twice, Origin { line: 1000 }).unwrap();
    builder.check(1).unwrap();
    for (id, line) in ids.iter().zip(lines).skip(1) {
        assert_eq!(builder.line_of(id).unwrap(), Some((Kind::UserData, line)));
    }
    assert_eq!(builder.line_of(&id("type")).unwrap(), Some((Kind::EntityType, 1)), "of the first one");
    assert_eq!(builder.line_of(&ids[0]).unwrap(), Some((Kind::Role, 1000)), "of the later one");
    assert_eq!(builder.line_of(&id("none")).unwrap(), None);
}
