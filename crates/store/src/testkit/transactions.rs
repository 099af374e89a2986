//! Transactions of one caller: what they see and what is left of them.

use std::sync::mpsc::sync_channel;
use std::time::Duration;

use saibo_model::ErrorCode;

use super::Fixture;
use super::sample::*;
use crate::StoreExt as _;

/// Longer than anything here takes unless it waits for what it must not.
const FOREVER: Duration = Duration::from_secs(20);

pub fn reads_see_own_writes(fixture: &Fixture) {
    let store = store(fixture);
    store
        .write(|tx| {
            tx.put_document(&mut document(&roles(), "a", "{}"))?;
            assert!(tx.read().document(&roles(), None, "a")?.is_some());
            tx.set_value("s", "n", Some("v"))?;
            assert_eq!(tx.read().value("s", "n")?.as_deref(), Some("v"));
            Ok(())
        })
        .unwrap();
}

pub fn error_undoes_only_that_work(fixture: &Fixture) {
    let store = store(fixture);
    put(&store, document(&roles(), "before", "{}"));
    let result: saibo_model::Result<()> = store.write(|tx| {
        tx.put_document(&mut document(&roles(), "undone", "{}"))?;
        tx.set_value("s", "n", Some("v"))?;
        Err(ErrorCode::DiskFull.into())
    });
    assert_eq!(code(result), ErrorCode::DiskFull, "the work's own error");
    put(&store, document(&roles(), "after", "{}"));
    assert_eq!(get(&store, &roles(), "undone"), None);
    assert_eq!(store.read(|tx| tx.value("s", "n")).unwrap(), None);
    assert_eq!(store.read(|tx| tx.count(&roles(), None)).unwrap(), 2);
}

pub fn panic_is_an_error(fixture: &Fixture) {
    let store = store(fixture);
    let result: saibo_model::Result<()> = store.write(|tx| {
        tx.put_document(&mut document(&roles(), "undone", "{}"))?;
        panic!("on purpose");
    });
    assert!(result.is_err());
    put(&store, document(&roles(), "after", "{}"));
    assert_eq!(get(&store, &roles(), "undone"), None);
}

pub fn panic_of_a_reader_is_its_own(fixture: &Fixture) {
    let store = store(fixture);
    put(&store, document(&roles(), "a", "{}"));
    // More of them than any pool of readers has.
    for _ in 0..40 {
        let store = store.clone();
        let reader = std::thread::spawn(move || {
            store
                .read(|tx| tx.documents(&roles(), &Default::default(), &mut |_document| panic!("on purpose")))
        });
        assert!(reader.join().is_err());
    }
    assert!(get(&store, &roles(), "a").is_some());
    put(&store, document(&roles(), "b", "{}"));
    assert!(get(&store, &roles(), "b").is_some());
}

pub fn view_is_stable(fixture: &Fixture) {
    let store = store(fixture);
    put(&store, document(&roles(), "a", "{}"));
    store
        .read(|tx| {
            assert_eq!(tx.count(&roles(), None)?, 1);
            std::thread::scope(|scope| {
                scope.spawn(|| put(&store, document(&roles(), "b", "{}"))).join().unwrap();
            });
            assert_eq!(tx.count(&roles(), None)?, 1);
            assert_eq!(tx.document(&roles(), None, "b")?, None);
            Ok(())
        })
        .unwrap();
    assert_eq!(store.read(|tx| tx.count(&roles(), None)).unwrap(), 2);
}

pub fn writer_does_not_block_readers(fixture: &Fixture) {
    let store = store(fixture);
    let (started, is_started) = sync_channel::<()>(1);
    let (end, may_end) = sync_channel::<()>(1);
    std::thread::scope(|scope| {
        let writer = scope.spawn(|| {
            store.write(move |tx| {
                tx.put_document(&mut document(&roles(), "a", "{}"))?;
                started.send(()).unwrap();
                may_end.recv_timeout(FOREVER).unwrap();
                Ok(())
            })
        });
        is_started.recv_timeout(FOREVER).unwrap();
        // In the middle of a write, a reader sees what was before it.
        assert_eq!(get(&store, &roles(), "a"), None);
        end.send(()).unwrap();
        writer.join().unwrap().unwrap();
    });
    assert!(get(&store, &roles(), "a").is_some());
}

pub fn many_readers_at_once(fixture: &Fixture) {
    let store = store(fixture);
    put(&store, document(&roles(), "a", "{}"));
    // All of them inside their read at the same time.
    let barrier = std::sync::Barrier::new(30);
    std::thread::scope(|scope| {
        for _ in 0..30 {
            scope.spawn(|| {
                store
                    .read(|tx| {
                        tx.count(&roles(), None)?;
                        barrier.wait();
                        tx.count(&roles(), None)
                    })
                    .unwrap()
            });
        }
    });
    assert!(get(&store, &roles(), "a").is_some());
}

pub fn reads_inside_reads(fixture: &Fixture) {
    let store = store(fixture);
    put(&store, document(&roles(), "a", "{}"));
    fn nest(store: &std::sync::Arc<dyn crate::Store>, left: usize) -> u64 {
        store
            .read(|tx| {
                let count = tx.count(&roles(), None)?;
                Ok(if left == 0 { count } else { nest(store, left - 1) })
            })
            .unwrap()
    }
    assert_eq!(nest(&store, 15), 1);
}

pub fn retired_refuses_writes(fixture: &Fixture) {
    let store = store(fixture);
    put(&store, document(&roles(), "a", "{}"));
    store.retire();
    let result = store.write(|tx| tx.put_document(&mut document(&roles(), "b", "{}")));
    assert_eq!(code(result), ErrorCode::StoreUnavailable);
    // The same store, however it was come by.
    let (again, _) = fixture.open(&place("cell")).unwrap();
    assert!(again.write(|_tx| Ok(())).is_err());
    assert!(get(&store, &roles(), "a").is_some(), "reading goes on");
    assert_eq!(get(&store, &roles(), "b"), None);
}

pub fn reinstated_takes_writes(fixture: &Fixture) {
    let store = store(fixture);
    store.retire();
    store.reinstate();
    put(&store, document(&roles(), "a", "{}"));
}

pub fn stamp_tells_of_writes(fixture: &Fixture) {
    let (store, other) = (store(fixture), fixture.register());
    let mut seen = vec![store.stamp(), other.stamp()];
    assert_ne!(seen[0], seen[1], "no two stores have the same");
    assert_eq!(store.read(|tx| tx.count(&roles(), None)).unwrap(), 0);
    assert_eq!(store.stamp(), seen[0], "reading changes nothing");
    for key in ["a", "b"] {
        put(&store, document(&roles(), key, "{}"));
        assert!(!seen.contains(&store.stamp()));
        seen.push(store.stamp());
    }
    assert_eq!(other.stamp(), seen[1]);
    let frozen = freeze(&**fixture, &store);
    assert!(!seen.contains(&frozen.stamp()));

    // What is read once a stamp was seen has all that was written ahead of it.
    let mut stamps = std::collections::HashMap::new();
    let seen = std::thread::scope(|scope| {
        let reading = scope.spawn(|| {
            let mut seen = Vec::new();
            while seen.last().is_none_or(|(_, value)| *value < 199) {
                let stamp = store.stamp();
                let value = store.read(|tx| tx.value("s", "n")).unwrap().unwrap_or_default();
                seen.push((stamp, value.parse::<u32>().unwrap_or_default()));
            }
            seen
        });
        for n in 0..200 {
            store.write(move |tx| tx.set_value("s", "n", Some(&n.to_string()))).unwrap();
            stamps.insert(store.stamp(), n);
        }
        reading.join().unwrap()
    });
    assert_eq!(stamps.len(), 200);
    for (stamp, value) in seen {
        assert!(stamps.get(&stamp).is_none_or(|written| value >= *written), "{value} {stamp}");
    }
}
