//! What the tests put in.

use std::io::{Read as _, Write as _};
use std::ops::Deref;
use std::sync::Arc;

use saibo_model::document::Link;
use saibo_model::node::{CELL_NODE, Content};
use saibo_model::query::{Field, Filter, Query, Stored};
use saibo_model::{Document, EntitySet, ErrorCode, Id, Kind, Node, NodeKind, Result};

use super::Fixture;
use crate::{Backend, Blobs, Draft, Place, Store, StoreExt as _, StoredContent};

/// A Cell's first generation.
pub fn place(cell: &str) -> Place {
    Place { cell: Id::from(cell), generation: 1 }
}

/// A new Cell, open.
pub fn cell(fixture: &Fixture) -> (Arc<dyn Store>, Arc<dyn Blobs>) {
    let place = place("cell");
    fixture.create(&place).unwrap();
    fixture.open(&place).unwrap()
}

/// The store of a new Cell.
pub fn store(fixture: &Fixture) -> Arc<dyn Store> {
    cell(fixture).0
}

/// A set of entities.
pub fn entities() -> EntitySet {
    EntitySet::entities(Id::from("collection"), Id::from("type"))
}

/// A set of control objects.
pub fn roles() -> EntitySet {
    EntitySet::control(Kind::Role)
}

/// A document not yet put; its times are 1000.
pub fn document(set: &EntitySet, key: &str, body: &str) -> Document {
    Document {
        seq: 0,
        id: Id::random(),
        set: set.clone(),
        key: key.to_owned(),
        parent: None,
        peer: None,
        version: 1,
        published: 1000,
        updated: 1000,
        body: body.to_owned(),
        hidden: None,
        extra: None,
    }
}

/// Puts a document and gives it back with its `seq`.
pub fn put(store: &Arc<dyn Store>, mut document: Document) -> Document {
    store
        .write(move |tx| {
            tx.put_document(&mut document)?;
            Ok(document)
        })
        .unwrap()
}

/// Puts entities of those keys and bodies.
pub fn put_all(store: &Arc<dyn Store>, documents: &[(&str, &str)]) {
    let documents: Vec<_> = documents.iter().map(|(key, body)| document(&entities(), key, body)).collect();
    store
        .write(|tx| documents.into_iter().try_for_each(|mut document| tx.put_document(&mut document)))
        .unwrap();
}

/// The document of that key, without a parent.
pub fn get(store: &Arc<dyn Store>, set: &EntitySet, key: &str) -> Option<Document> {
    store.read(|tx| tx.document(set, None, key)).unwrap()
}

/// The keys of what a query finds, in its order.
pub fn query(store: &Arc<dyn Store>, set: &EntitySet, query: &Query) -> Result<Vec<String>> {
    let mut keys = Vec::new();
    store.read(|tx| {
        tx.documents(set, query, &mut |document| {
            keys.push(document.key);
            Ok(())
        })
    })?;
    Ok(keys)
}

/// The keys of the entities that match, sorted and joined by blanks.
pub fn matching(store: &Arc<dyn Store>, filter: Filter) -> String {
    let mut keys = query(store, &entities(), &Query { filter: Some(filter), ..Query::default() }).unwrap();
    keys.sort();
    keys.join(" ")
}

/// A member of the body.
pub fn body(name: &str, stored: Stored) -> Field {
    Field::Body { path: vec![name.to_owned()], stored }
}

/// Makes an index of the entities, without a stop.
pub fn make_index(store: &Arc<dyn Store>, field: &Field) {
    store.index(&entities(), field, &mut || true).unwrap();
    assert!(store.read(|tx| tx.is_indexed(&entities(), field)).unwrap());
}

/// A many-to-many link.
pub fn link(first: i64, second: i64) -> Link {
    Link { first, second, to_one: false, published: 1, updated: 2 }
}

/// Puts a link.
pub fn put_link(store: &Arc<dyn Store>, link: Link) {
    store.write(move |tx| tx.put_link(&link)).unwrap();
}

/// Puts the Cell's own node.
pub fn put_root(store: &Arc<dyn Store>) {
    let root = put_node(store, Node::collection(NodeKind::Cell, 0, "", 1));
    assert_eq!(root.seq, CELL_NODE, "the first node is the Cell's");
}

/// Puts a node and gives it back with its `seq`.
pub fn put_node(store: &Arc<dyn Store>, mut node: Node) -> Node {
    store
        .write(move |tx| {
            tx.put_node(&mut node)?;
            Ok(node)
        })
        .unwrap()
}

/// A plain collection below another.
pub fn folder(store: &Arc<dyn Store>, parent: i64, name: &str) -> Node {
    put_node(store, Node::collection(NodeKind::WebDav, parent, name, 1))
}

/// A file's node, not yet put.
pub fn file(parent: i64, name: &str, stored: &StoredContent) -> Node {
    let mut node = Node::collection(NodeKind::File, parent, name, 1);
    node.content_type = Some("text/plain".to_owned());
    node.content = Some(stored.content.clone());
    node
}

/// Writes a content.
pub fn content(blobs: &Arc<dyn Blobs>, bytes: &[u8]) -> StoredContent {
    let mut writer = blobs.writer().unwrap();
    writer.write_all(bytes).unwrap();
    writer.finish().unwrap()
}

/// Puts a file with its content and lets go of its pin.
pub fn put_file(store: &Arc<dyn Store>, parent: i64, name: &str, stored: StoredContent) -> Node {
    let mut node = file(parent, name, &stored);
    store
        .write(move |tx| {
            tx.put_content(&stored.content, stored.small.as_deref())?;
            tx.put_node(&mut node)?;
            Ok(node)
        })
        .unwrap()
}

/// Bytes that are too many to be kept inside the store; others for another seed.
pub fn large(seed: u8) -> Vec<u8> {
    (0..40_000_u32).map(|i| (i % 251) as u8 ^ seed).collect()
}

/// The bytes of a content in the blobs, `None` if they are gone.
pub fn blob(blobs: &Arc<dyn Blobs>, content: &Content) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    blobs.open(content).ok()?.read_to_end(&mut bytes).unwrap();
    Some(bytes)
}

/// The code of an error.
pub fn code<T>(result: Result<T>) -> ErrorCode {
    match result {
        Ok(_) => panic!("this was to fail"),
        Err(error) => error.code(),
    }
}

/// A copy of a store, and the draft that it is in.
pub struct Frozen {
    store: Arc<dyn Store>,
    _draft: Box<dyn Draft>,
}

impl Deref for Frozen {
    type Target = Arc<dyn Store>;

    fn deref(&self) -> &Self::Target {
        &self.store
    }
}

pub fn freeze(backend: &dyn Backend, store: &Arc<dyn Store>) -> Frozen {
    let draft = backend.draft(&Id::from("cell")).unwrap();
    Frozen { store: draft.copy(&**store, &mut |_, _| true).unwrap(), _draft: draft }
}
