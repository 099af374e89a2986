//! Copies of a generation that are changed before anybody sees them.

use std::io::{Read as _, Write as _};

use saibo_model::document::Link;
use saibo_model::node::{CELL_NODE, Content};
use saibo_model::{Id, Node, NodeKind};

use super::Fixture;
use super::sample::*;
use crate::{Fork, Place, StoreExt as _};

/// A fork of the Cell's only generation.
fn fork(fixture: &Fixture) -> Box<dyn Fork> {
    fixture.fork(&place("cell"), &place("cell"), &mut |_, _| true).unwrap()
}

pub fn is_a_copy_that_is_changed_alone(fixture: &Fixture) {
    let (store, _) = cell(fixture);
    put(&store, document(&roles(), "old", "{}"));
    let mut fork = fork(fixture);
    put(&store, document(&roles(), "later", "{}"));
    fork.write(&mut |tx| tx.put_document(&mut document(&roles(), "new", "{}"))).unwrap();
    let built = fork.finish().unwrap();
    let generation = built.generation();
    assert_ne!(generation, place("cell").generation);
    built.keep();
    assert_eq!(fixture.unfinished(), 0);
    let (copy, _) = fixture.open(&Place { generation, ..place("cell") }).unwrap();
    let has = |store, key| get(store, &roles(), key).is_some();
    assert_eq!([has(&copy, "old"), has(&copy, "new"), has(&copy, "later")], [true, true, false]);
    assert_eq!([has(&store, "old"), has(&store, "new"), has(&store, "later")], [true, false, true]);
    // It is a store like any other.
    put(&copy, document(&roles(), "after", "{}"));
    assert!(has(&copy, "after"));
}

pub fn contents_of_both(fixture: &Fixture) {
    let (store, blobs) = cell(fixture);
    let write = |bytes: &[u8]| {
        let mut writer = blobs.writer().unwrap();
        writer.write_all(bytes).unwrap();
        writer.finish().unwrap()
    };
    let large = vec![7; 100_000];
    let kept = write(&large);
    let file = |content: &Content, name: &str| {
        let mut node = Node::collection(NodeKind::File, CELL_NODE, name, 1);
        node.content = Some(content.clone());
        node
    };
    let (content, mut node) = (kept.content.clone(), file(&kept.content, "kept"));
    store
        .write(move |tx| {
            tx.put_content(&content, None)?;
            tx.put_node(&mut node)
        })
        .unwrap();
    // Of another generation, with a content of its own.
    let mut builder = super::builder::begin(fixture);
    let other = vec![8; 100_000];
    let mut writer = builder.content_writer().unwrap();
    writer.write_all(&other).unwrap();
    let added = writer.finish().unwrap().content;
    builder.content(&added, None).unwrap();
    builder.node(&file(&added, "added")).unwrap();
    assert_eq!(builder.check(10).unwrap(), []);
    let with = builder.finish().unwrap();
    let contents = Place { generation: with.generation(), ..place("cell") };
    let mut fork = fixture.fork(&place("cell"), &contents, &mut |_, _| true).unwrap();
    fork.write(&mut |tx| {
        tx.put_content(&added, None)?;
        tx.put_node(&mut file(&added, "added"))
    })
    .unwrap();
    let built = fork.finish().unwrap();
    let next = Place { generation: built.generation(), ..place("cell") };
    built.keep();
    fixture.remove(&contents).unwrap();
    drop((with, kept));
    let (copy, blobs) = fixture.open(&next).unwrap();
    for (name, bytes) in [("kept", &large), ("added", &other)] {
        let node = copy.read(|tx| tx.child(CELL_NODE, name)).unwrap().unwrap();
        let mut read = Vec::new();
        blobs.open(&node.content.unwrap()).unwrap().read_to_end(&mut read).unwrap();
        assert!(read == *bytes, "{name}");
    }
    fixture.remove(&next).unwrap();
    assert_eq!(fixture.generations(&Id::from("cell")).unwrap(), [place("cell").generation]);
}

pub fn dropped_fork_leaves_nothing(fixture: &Fixture) {
    let (store, _) = cell(fixture);
    put(&store, document(&roles(), "a", "{}"));
    let mut left = fork(fixture);
    left.write(&mut |tx| tx.put_document(&mut document(&roles(), "b", "{}"))).unwrap();
    drop(left);
    drop(fork(fixture).finish().unwrap());
    assert!(fixture.fork(&place("cell"), &place("cell"), &mut |_, _| false).is_err());
    assert_eq!(fixture.unfinished(), 0);
    assert_eq!(fixture.generations(&Id::from("cell")).unwrap(), [place("cell").generation]);
}

pub fn links_are_deleted_by_choice(fixture: &Fixture) {
    let (store, _) = cell(fixture);
    let left = store
        .write(|tx| {
            let mut seqs = Vec::new();
            for at in 0..60 {
                let mut new = document(&roles(), &at.to_string(), "{}");
                tx.put_document(&mut new)?;
                seqs.push(new.seq);
            }
            for &first in &seqs {
                for &second in &seqs {
                    tx.put_link(&Link { first, second, to_one: false, published: 1, updated: 1 })?;
                }
            }
            let deleted = tx.delete_links(&mut |first, second| (first + second) % 2 == 0)?;
            assert_eq!(deleted, 1800);
            tx.read().link_count()
        })
        .unwrap();
    assert_eq!(left, 1800);
}
