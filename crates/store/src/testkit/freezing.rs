//! Private copies of a moment.

use std::sync::atomic::{AtomicBool, Ordering};

use super::Fixture;
use super::sample::*;
use crate::StoreExt as _;

pub fn is_a_copy_of_the_moment(fixture: &Fixture) {
    let (store, blobs) = cell(fixture);
    put_root(&store);
    let put_before = put(&store, document(&roles(), "a", "{}"));
    let node = put_file(&store, saibo_model::node::CELL_NODE, "f", content(&blobs, b"small"));
    let frozen = freeze(&**fixture, &store);
    put(&store, document(&roles(), "b", "{}"));
    let seq = put_before.seq;
    store.write(move |tx| tx.delete_document(seq)).unwrap();
    assert_eq!(get(&frozen, &roles(), "a"), Some(put_before));
    assert_eq!(get(&frozen, &roles(), "b"), None);
    assert_eq!(get(&store, &roles(), "a"), None);
    frozen
        .read(|tx| {
            assert_eq!(tx.node(node.seq)?, Some(node.clone()));
            let content = node.content.as_ref().unwrap();
            assert_eq!(tx.small_content(content)?.as_deref(), Some(&b"small"[..]));
            Ok(())
        })
        .unwrap();
    assert!(frozen.size().unwrap() > 0);
}

pub fn while_writes_go_on(fixture: &Fixture) {
    let store = store(fixture);
    // Two sets that every transaction keeps alike: a torn copy shows.
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let writers: Vec<_> = (0..4)
            .map(|writer| {
                let (store, done) = (&store, &done);
                scope.spawn(move || {
                    let mut i = 0;
                    while !done.load(Ordering::Relaxed) {
                        let key = format!("{writer}/{i}");
                        store
                            .write(move |tx| {
                                tx.put_document(&mut document(&entities(), &key, r#"{"x":"y"}"#))?;
                                tx.put_document(&mut document(&roles(), &key, r#"{"x":"y"}"#))
                            })
                            .unwrap();
                        i += 1;
                    }
                })
            })
            .collect();
        let mut last = 0;
        for _ in 0..20 {
            let acknowledged = store.read(|tx| tx.count(&roles(), None)).unwrap();
            let frozen = freeze(&**fixture, &store);
            let (one, other) =
                frozen.read(|tx| Ok((tx.count(&roles(), None)?, tx.count(&entities(), None)?))).unwrap();
            assert_eq!(one, other);
            assert!(one >= acknowledged && acknowledged >= last);
            last = one;
        }
        done.store(true, Ordering::Relaxed);
        writers.into_iter().for_each(|writer| writer.join().unwrap());
    });
}

pub fn outlives_the_source(fixture: &Fixture) {
    let store = store(fixture);
    put(&store, document(&roles(), "a", "{}"));
    let frozen = freeze(&**fixture, &store);
    drop(store);
    fixture.remove(&place("cell")).unwrap();
    for _ in 0..20 {
        assert!(get(&frozen, &roles(), "a").is_some());
    }
}

pub fn progress_and_stop(fixture: &Fixture) {
    let store = store(fixture);
    let filler = format!(r#"{{"t":"{}"}}"#, "x".repeat(8000));
    store
        .write(move |tx| {
            (0..1000).try_for_each(|i| tx.put_document(&mut document(&entities(), &i.to_string(), &filler)))
        })
        .unwrap();
    let mut steps = Vec::new();
    let draft = fixture.draft(&place("cell").cell).unwrap();
    let frozen = draft.copy(&*store, &mut |done, total| {
        steps.push((done, total));
        true
    });
    assert!(steps.len() > 2, "one hears of it in between");
    assert!(steps.is_sorted() && steps.iter().all(|(done, total)| done <= total));
    assert!(steps.last().is_some_and(|(done, total)| done == total));
    drop((frozen.unwrap(), draft));
    let before = fixture.unfinished();
    let mut steps = 0;
    let draft = fixture.draft(&place("cell").cell).unwrap();
    let stopped = draft.copy(&*store, &mut |_, _| {
        steps += 1;
        steps < 2
    });
    assert!(stopped.is_err());
    assert_eq!(steps, 2);
    drop(draft);
    assert_eq!(fixture.unfinished(), before);
    put(&store, document(&roles(), "a", "{}"));
}

pub fn refuses_writes(fixture: &Fixture) {
    let store = store(fixture);
    let frozen = freeze(&**fixture, &store);
    assert!(frozen.write(|tx| tx.put_document(&mut document(&roles(), "a", "{}"))).is_err());
    assert_eq!(get(&frozen, &roles(), "a"), None);
}

pub fn leaves_nothing(fixture: &Fixture) {
    let store = store(fixture);
    let before = fixture.unfinished();
    let frozen = freeze(&**fixture, &store);
    frozen.read(|tx| tx.count(&roles(), None)).unwrap();
    assert!(fixture.unfinished() > before);
    drop(frozen);
    assert_eq!(fixture.unfinished(), before);
}

pub fn frozen_again(fixture: &Fixture) {
    let store = store(fixture);
    put(&store, document(&roles(), "a", "{}"));
    let before = fixture.unfinished();
    let first = freeze(&**fixture, &store);
    let second = freeze(&**fixture, &first);
    drop(first);
    assert!(get(&second, &roles(), "a").is_some());
    drop(second);
    assert_eq!(fixture.unfinished(), before);
}
