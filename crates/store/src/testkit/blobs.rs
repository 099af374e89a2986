//! Contents: small ones inside the store, large ones in the blobs, gone when nobody needs them.

use std::io::{Read as _, Seek as _, SeekFrom, Write as _};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use saibo_model::Node;
use saibo_model::node::{CELL_NODE, Content};

use super::Fixture;
use super::sample::*;
use crate::blob::SMALL_CONTENT;
use crate::{Blobs, Store, StoreExt as _};

fn cell_with_root(fixture: &Fixture) -> (Arc<dyn Store>, Arc<dyn Blobs>) {
    let (store, blobs) = cell(fixture);
    put_root(&store);
    (store, blobs)
}

fn delete(store: &Arc<dyn Store>, node: &Node) {
    let seq = node.seq;
    store.write(move |tx| tx.delete_node(seq)).unwrap();
}

fn of(node: &Node) -> Content {
    node.content.clone().unwrap()
}

fn small(store: &Arc<dyn Store>, content: &Content) -> Option<Vec<u8>> {
    store.read(|tx| tx.small_content(content)).unwrap()
}

fn is_known(store: &Arc<dyn Store>, content: &Content) -> bool {
    store.read(|tx| tx.has_content(&content.name)).unwrap()
}

pub fn small_is_inline(fixture: &Fixture) {
    let (store, blobs) = cell_with_root(fixture);
    let stored = content(&blobs, b"hello");
    assert_eq!((stored.content.length, stored.content.crc32), (5, 0x3610_a686));
    assert_eq!(stored.small.as_deref(), Some(&b"hello"[..]));
    let node = put_file(&store, CELL_NODE, "a", stored);
    assert_eq!(small(&store, &of(&node)).as_deref(), Some(&b"hello"[..]));
    assert_eq!(blob(&blobs, &of(&node)), None);
    assert_eq!(store.read(|tx| tx.node(node.seq)).unwrap(), Some(node));
}

pub fn large_is_in_blobs(fixture: &Fixture) {
    let (store, blobs) = cell_with_root(fixture);
    let node = put_file(&store, CELL_NODE, "a", content(&blobs, &large(1)));
    assert_eq!(small(&store, &of(&node)), None);
    assert!(is_known(&store, &of(&node)));
    assert!(blob(&blobs, &of(&node)) == Some(large(1)));
    let mut opened = blobs.open(&of(&node)).unwrap();
    opened.seek(SeekFrom::Start(20_000)).unwrap();
    let mut part = [0; 10];
    opened.read_exact(&mut part).unwrap();
    assert_eq!(part, large(1)[20_000..20_010]);
}

pub fn border_of_small(fixture: &Fixture) {
    let (_, blobs) = cell_with_root(fixture);
    let border = usize::try_from(SMALL_CONTENT).unwrap();
    for (length, is_small) in [(0, true), (border - 1, true), (border, true), (border + 1, false)] {
        for piece in [border + 1, 1000] {
            let bytes = vec![7; length];
            let mut writer = blobs.writer().unwrap();
            bytes.chunks(piece).for_each(|chunk| writer.write_all(chunk).unwrap());
            let stored = writer.finish().unwrap();
            assert_eq!((stored.small.is_some(), stored.content.length), (is_small, length as u64));
            assert_eq!(blob(&blobs, &stored.content), (!is_small).then_some(bytes));
        }
    }
}

pub fn dropped_writer_leaves_nothing(fixture: &Fixture) {
    let (_, blobs) = cell_with_root(fixture);
    let before = fixture.unfinished();
    let mut writer = blobs.writer().unwrap();
    writer.write_all(&large(1)).unwrap();
    drop(writer);
    assert_eq!(fixture.unfinished(), before);
}

pub fn same_content_once(fixture: &Fixture) {
    let (store, blobs) = cell_with_root(fixture);
    let before = fixture.unfinished();
    let a = put_file(&store, CELL_NODE, "a", content(&blobs, &large(1)));
    let b = put_file(&store, CELL_NODE, "b", content(&blobs, &large(1)));
    assert_eq!(of(&a), of(&b));
    assert_eq!(fixture.unfinished(), before);
    delete(&store, &a);
    assert_eq!(blobs.sweep().unwrap(), 0);
    assert!(blob(&blobs, &of(&b)).is_some());
}

pub fn small_goes_with_its_last_use(fixture: &Fixture) {
    let (store, blobs) = cell_with_root(fixture);
    let a = put_file(&store, CELL_NODE, "a", content(&blobs, b"same"));
    let b = put_file(&store, CELL_NODE, "b", content(&blobs, b"same"));
    delete(&store, &a);
    assert!(is_known(&store, &of(&b)));
    delete(&store, &b);
    assert!(!is_known(&store, &of(&b)));
    // In a folder with others, and used there more than once.
    let within = folder(&store, CELL_NODE, "folder");
    put_file(&store, within.seq, "a", content(&blobs, b"same"));
    put_file(&store, within.seq, "b", content(&blobs, b"same"));
    let kept = put_file(&store, CELL_NODE, "kept", content(&blobs, b"other"));
    put_file(&store, within.seq, "c", content(&blobs, b"other"));
    delete(&store, &within);
    assert!(!is_known(&store, &of(&b)));
    assert!(is_known(&store, &of(&kept)));
}

pub fn uses_follow_the_nodes(fixture: &Fixture) {
    let (store, blobs) = cell_with_root(fixture);
    let mut a = put_file(&store, CELL_NODE, "a", content(&blobs, &large(1)));
    let first = of(&a);
    // Replaced by the same, then by another, then by a small one, then by none.
    a.touch(5);
    a = put_node(&store, a);
    assert_eq!(blobs.sweep().unwrap(), 0);
    for next in [large(2), b"small".to_vec()] {
        let stored = content(&blobs, &next);
        a.content = Some(stored.content.clone());
        store
            .write({
                let mut a = a.clone();
                move |tx| {
                    tx.put_content(&stored.content, stored.small.as_deref())?;
                    tx.put_node(&mut a)
                }
            })
            .unwrap();
        assert_eq!(blobs.sweep().unwrap(), 1);
    }
    assert_eq!(blob(&blobs, &first), None);
    let small = of(&a);
    a.content = None;
    put_node(&store, a);
    assert!(!is_known(&store, &small));
}

pub fn refused_node_counts_nothing(fixture: &Fixture) {
    let (store, blobs) = cell_with_root(fixture);
    folder(&store, CELL_NODE, "taken");
    let stored = content(&blobs, &large(1));
    let mut node = file(CELL_NODE, "taken", &stored);
    let described = stored.content.clone();
    store
        .write(move |tx| {
            tx.put_content(&described, None)?;
            assert!(tx.put_node(&mut node).is_err());
            Ok(())
        })
        .unwrap();
    drop(stored);
    assert_eq!(blobs.sweep().unwrap(), 1, "nothing refers to it");
}

pub fn unregistered_content_is_refused(fixture: &Fixture) {
    let (store, blobs) = cell_with_root(fixture);
    let stored = content(&blobs, &large(1));
    let mut node = file(CELL_NODE, "a", &stored);
    assert!(store.write(move |tx| tx.put_node(&mut node)).is_err());
    assert_eq!(store.read(|tx| tx.child(CELL_NODE, "a")).unwrap(), None);
}

pub fn sweep_removes_unused(fixture: &Fixture) {
    let (store, blobs) = cell_with_root(fixture);
    let a = put_file(&store, CELL_NODE, "a", content(&blobs, &large(1)));
    let b = put_file(&store, CELL_NODE, "b", content(&blobs, &large(2)));
    assert_eq!(blobs.sweep().unwrap(), 0);
    delete(&store, &a);
    assert!(blob(&blobs, &of(&a)).is_some(), "not before the sweep");
    assert_eq!(blobs.sweep().unwrap(), 1);
    assert_eq!(blob(&blobs, &of(&a)), None);
    assert!(!is_known(&store, &of(&a)));
    assert!(blob(&blobs, &of(&b)).is_some());
    assert_eq!(blobs.sweep().unwrap(), 0);
}

pub fn sweep_spares_pinned(fixture: &Fixture) {
    let (store, blobs) = cell_with_root(fixture);
    let a = put_file(&store, CELL_NODE, "a", content(&blobs, &large(1)));
    delete(&store, &a);
    // Written anew, not yet referred to, twice.
    let again = content(&blobs, &large(1));
    let twice = content(&blobs, &large(1));
    assert_eq!(blobs.sweep().unwrap(), 0);
    drop(twice);
    assert_eq!(blobs.sweep().unwrap(), 0);
    put_file(&store, CELL_NODE, "b", again);
    assert_eq!(blobs.sweep().unwrap(), 0);
    assert!(blob(&blobs, &of(&a)).is_some());
}

pub fn sweep_spares_all_while_pinned(fixture: &Fixture) {
    let (store, blobs) = cell_with_root(fixture);
    let a = put_file(&store, CELL_NODE, "a", content(&blobs, &large(1)));
    let pins = (blobs.pin_all(), blobs.pin_all());
    delete(&store, &a);
    assert_eq!(blobs.sweep().unwrap(), 0);
    drop(pins.0);
    assert_eq!(blobs.sweep().unwrap(), 0);
    assert!(blob(&blobs, &of(&a)).is_some());
    drop(pins.1);
    assert_eq!(blobs.sweep().unwrap(), 1);
}

pub fn pin_outlives_its_handles(fixture: &Fixture) {
    let (store, blobs) = cell_with_root(fixture);
    let a = put_file(&store, CELL_NODE, "a", content(&blobs, &large(1)));
    delete(&store, &a);
    let pin = blobs.pin_all();
    drop((store, blobs));
    // So many others that nothing of it is kept open for its own sake.
    for i in 0..200 {
        let other = place(&format!("other{i}"));
        fixture.create(&other).unwrap();
        fixture.open(&other).unwrap();
    }
    let (_store, blobs) = fixture.open(&place("cell")).unwrap();
    assert_eq!(blobs.sweep().unwrap(), 0);
    drop(pin);
    assert_eq!(blobs.sweep().unwrap(), 1);
}

pub fn swept_content_can_be_written_again(fixture: &Fixture) {
    let (store, blobs) = cell_with_root(fixture);
    for _ in 0..3 {
        let a = put_file(&store, CELL_NODE, "a", content(&blobs, &large(1)));
        assert!(blob(&blobs, &of(&a)) == Some(large(1)));
        delete(&store, &a);
        assert_eq!(blobs.sweep().unwrap(), 1);
    }
}

pub fn pin_dropped_in_a_transaction(fixture: &Fixture) {
    let (store, blobs) = cell_with_root(fixture);
    // Most natural of all: the work takes what it writes along, pin and all. It must not wait for a sweep
    // that waits for it.
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let sweeper = scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                blobs.sweep().unwrap();
            }
        });
        for i in 0..60_u8 {
            let node = put_file(&store, CELL_NODE, &i.to_string(), content(&blobs, &large(i)));
            assert!(blob(&blobs, &of(&node)) == Some(large(i)));
        }
        done.store(true, Ordering::Relaxed);
        sweeper.join().unwrap();
    });
}

pub fn sweep_beside_writes(fixture: &Fixture) {
    let (store, blobs) = cell_with_root(fixture);
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let sweeper = scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                blobs.sweep().unwrap();
            }
        });
        // The same few contents come and go under different names all the time.
        let writers: Vec<_> = (0..4_u8)
            .map(|writer| {
                let (store, blobs) = (&store, &blobs);
                scope.spawn(move || {
                    for i in 0..25_u8 {
                        let bytes = large(i % 3);
                        let name = format!("{writer}-{i}");
                        let node = put_file(store, CELL_NODE, &name, content(blobs, &bytes));
                        assert!(blob(blobs, &of(&node)) == Some(bytes), "a content in use was swept");
                        delete(store, &node);
                    }
                })
            })
            .collect();
        writers.into_iter().for_each(|writer| writer.join().unwrap());
        done.store(true, Ordering::Relaxed);
        sweeper.join().unwrap();
    });
    let last = put_file(&store, CELL_NODE, "last", content(&blobs, &large(0)));
    blobs.sweep().unwrap();
    assert!(blob(&blobs, &of(&last)) == Some(large(0)));
    assert_eq!(blob(&blobs, &content(&blobs, b"x").content), None);
}
