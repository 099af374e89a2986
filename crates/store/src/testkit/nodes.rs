//! The tree of nodes, and small values.

use std::sync::Arc;

use saibo_model::node::CELL_NODE;
use saibo_model::{ErrorCode, Id, Node, NodeKind};

use super::Fixture;
use super::sample::*;
use crate::{Store, StoreExt as _};

fn child(store: &Arc<dyn Store>, parent: i64, name: &str) -> Option<Node> {
    store.read(|tx| tx.child(parent, name)).unwrap()
}

fn walk(store: &Arc<dyn Store>, from: i64) -> Vec<(u32, String)> {
    let mut all = Vec::new();
    store
        .read(|tx| {
            tx.descendants(from, &mut |(depth, node)| {
                all.push((depth, node.name));
                Ok(())
            })
        })
        .unwrap();
    all
}

pub fn tree(fixture: &Fixture) {
    let store = store(fixture);
    put_root(&store);
    let mut node = Node::collection(NodeKind::OData, CELL_NODE, "dä ta", 5);
    node.acl = Some(r#"{"ace":[]}"#.to_owned());
    node.properties = Some(r#"{"a@b":"<a/>"}"#.to_owned());
    node.extra = Some(r#"{"cs":1}"#.to_owned());
    let node = put_node(&store, node);
    assert_eq!(child(&store, CELL_NODE, "dä ta"), Some(node.clone()));
    assert_eq!(store.read(|tx| tx.node(node.seq)).unwrap(), Some(node.clone()));
    assert_eq!(store.read(|tx| tx.node_by_id(&node.id)).unwrap(), Some(node));
    assert_eq!(child(&store, CELL_NODE, "none"), None);
    assert_eq!(store.read(|tx| tx.node(99)).unwrap(), None);
    assert_eq!(store.read(|tx| tx.node_by_id(&Id::from("none"))).unwrap(), None);
    for kind in [NodeKind::Box, NodeKind::WebDav, NodeKind::Service, NodeKind::Stream] {
        let put = put_node(&store, Node::collection(kind, CELL_NODE, kind.name(), 1));
        assert_eq!(child(&store, CELL_NODE, kind.name()), Some(put));
    }
}

pub fn name_is_unique_in_its_collection(fixture: &Fixture) {
    let store = store(fixture);
    put_root(&store);
    folder(&store, CELL_NODE, "a");
    let other = folder(&store, CELL_NODE, "b");
    let mut again = Node::collection(NodeKind::WebDav, CELL_NODE, "a", 1);
    let refused = store.write(move |tx| tx.put_node(&mut again));
    assert_eq!(code(refused), ErrorCode::EntityAlreadyExists);
    let mut renamed = Node { name: "a".to_owned(), ..other.clone() };
    assert_eq!(code(store.write(move |tx| tx.put_node(&mut renamed))), ErrorCode::EntityAlreadyExists);
    let mut same_id = Node { id: other.id, ..Node::collection(NodeKind::WebDav, CELL_NODE, "c", 1) };
    assert_eq!(code(store.write(move |tx| tx.put_node(&mut same_id))), ErrorCode::EntityAlreadyExists);
}

pub fn same_name_elsewhere(fixture: &Fixture) {
    let store = store(fixture);
    put_root(&store);
    let a = folder(&store, CELL_NODE, "a");
    folder(&store, a.seq, "a");
    folder(&store, CELL_NODE, "A");
    assert_eq!(store.read(|tx| tx.child_count(CELL_NODE)).unwrap(), 2);
}

pub fn replaced_and_moved(fixture: &Fixture) {
    let store = store(fixture);
    put_root(&store);
    let a = folder(&store, CELL_NODE, "a");
    let mut b = folder(&store, CELL_NODE, "b");
    folder(&store, b.seq, "inside");
    (b.parent, b.name) = (a.seq, "moved".to_owned());
    b.touch(9);
    assert_eq!(put_node(&store, b.clone()), b);
    assert_eq!(child(&store, CELL_NODE, "b"), None);
    assert_eq!(child(&store, a.seq, "moved"), Some(b.clone()));
    assert!(child(&store, b.seq, "inside").is_some(), "what is in it moves along");
}

pub fn not_inside_itself(fixture: &Fixture) {
    let store = store(fixture);
    put_root(&store);
    let a = folder(&store, CELL_NODE, "a");
    let b = folder(&store, a.seq, "b");
    for parent in [a.seq, b.seq] {
        let mut moved = Node { parent, ..a.clone() };
        assert!(store.write(move |tx| tx.put_node(&mut moved)).is_err());
    }
    assert_eq!(walk(&store, CELL_NODE).len(), 2);
}

pub fn gone_node_is_not_replaced(fixture: &Fixture) {
    let store = store(fixture);
    put_root(&store);
    let mut gone = folder(&store, CELL_NODE, "a");
    let seq = gone.seq;
    store.write(move |tx| tx.delete_node(seq)).unwrap();
    assert!(store.write(move |tx| tx.put_node(&mut gone)).is_err());
    assert_eq!(child(&store, CELL_NODE, "a"), None);
}

pub fn children_by_name(fixture: &Fixture) {
    let store = store(fixture);
    put_root(&store);
    for name in ["b", "é", "a", "B", "a1", "%"] {
        folder(&store, CELL_NODE, name);
    }
    let mut names = Vec::new();
    store
        .read(|tx| {
            tx.children(CELL_NODE, &mut |node| {
                names.push(node.name);
                Ok(())
            })
        })
        .unwrap();
    assert_eq!(names, ["%", "B", "a", "a1", "b", "é"]);
    assert_eq!(store.read(|tx| tx.child_count(CELL_NODE)).unwrap(), 6);
    assert_eq!(store.read(|tx| tx.child_count(77)).unwrap(), 0);
}

pub fn descendants_in_order(fixture: &Fixture) {
    let store = store(fixture);
    put_root(&store);
    let b = folder(&store, CELL_NODE, "b");
    let a = folder(&store, CELL_NODE, "a");
    let deep = folder(&store, a.seq, "z");
    folder(&store, b.seq, "b2");
    folder(&store, deep.seq, "deepest");
    folder(&store, a.seq, "c");
    folder(&store, b.seq, "b1");
    let expected = [(1, "a"), (2, "c"), (2, "z"), (3, "deepest"), (1, "b"), (2, "b1"), (2, "b2")];
    let expected = expected.map(|(depth, name)| (depth, name.to_owned()));
    assert_eq!(walk(&store, CELL_NODE), expected, "each is followed by what is in it");
    assert_eq!(walk(&store, a.seq), [(1, "c".to_owned()), (1, "z".to_owned()), (2, "deepest".to_owned())]);
    assert_eq!(walk(&store, 99), []);
}

pub fn totals(fixture: &Fixture) {
    let (store, blobs) = cell(fixture);
    assert_eq!(store.read(|tx| tx.node_totals()).unwrap(), (0, 0, 0));
    put_root(&store);
    put_file(&store, CELL_NODE, "a", content(&blobs, b"12345"));
    put_file(&store, CELL_NODE, "b", content(&blobs, b"12345"));
    put_file(&store, CELL_NODE, "c", content(&blobs, &large(1)));
    put_file(&store, CELL_NODE, "d", content(&blobs, b""));
    assert_eq!(store.read(|tx| tx.node_totals()).unwrap(), (5, 4, 40_010), "a content counts for every use");
}

pub fn delete_takes_everything_below(fixture: &Fixture) {
    let store = store(fixture);
    put_root(&store);
    let a = folder(&store, CELL_NODE, "a");
    let inside = folder(&store, a.seq, "inside");
    folder(&store, inside.seq, "deep");
    folder(&store, CELL_NODE, "b");
    store.write(move |tx| tx.delete_node(a.seq)).unwrap();
    assert_eq!(walk(&store, CELL_NODE), [(1, "b".to_owned())]);
    assert_eq!(store.read(|tx| tx.node(inside.seq)).unwrap(), None);
    store.write(|tx| tx.delete_node(4711)).unwrap();
}

pub fn values_of_scopes(fixture: &Fixture) {
    let store = store(fixture);
    let value = |scope: &str, name: &str| store.read(|tx| tx.value(scope, name)).unwrap();
    assert_eq!(value("job", "1"), None);
    for (scope, name, value) in
        [("job", "2", "b"), ("job", "1", "a"), ("other", "1", "c"), ("job", "1", "ä'\"")]
    {
        store.write(move |tx| tx.set_value(scope, name, Some(value))).unwrap();
    }
    assert_eq!(value("job", "1").as_deref(), Some("ä'\""));
    assert_eq!(value("other", "1").as_deref(), Some("c"));
    let all = store.read(|tx| tx.values("job")).unwrap();
    assert_eq!(all, [("1".to_owned(), "ä'\"".to_owned()), ("2".to_owned(), "b".to_owned())]);
    store
        .write(|tx| tx.set_value("job", "1", None).and_then(|()| tx.set_value("job", "none", None)))
        .unwrap();
    assert_eq!(value("job", "1"), None);
    assert_eq!(store.read(|tx| tx.values("none")).unwrap(), []);
}
