//! Many writers at once.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Barrier};

use saibo_model::ErrorCode;

use super::Fixture;
use super::sample::*;
use crate::{Store, StoreExt as _};

const THREADS: usize = 64;

/// Runs on so many threads at once.
fn together(count: usize, work: impl Fn(usize) + Sync) {
    let barrier = Barrier::new(count);
    std::thread::scope(|scope| {
        for i in 0..count {
            let (barrier, work) = (&barrier, &work);
            scope.spawn(move || {
                barrier.wait();
                work(i);
            });
        }
    });
}

fn add(store: &Arc<dyn Store>, key: &str) {
    put(store, document(&entities(), key, "{}"));
}

pub fn nothing_is_lost(fixture: &Fixture) {
    let store = store(fixture);
    together(THREADS, |thread| {
        let mut last = 0;
        for i in 0..20 {
            // Each reads what all before it have written: a counter shows if any was lost.
            let key = format!("{thread}/{i}");
            let seq = store
                .write(move |tx| {
                    let count: u64 =
                        tx.read().value("count", "all")?.and_then(|text| text.parse().ok()).unwrap_or(0);
                    tx.set_value("count", "all", Some(&(count + 1).to_string()))?;
                    let mut new = document(&entities(), &key, "{}");
                    tx.put_document(&mut new)?;
                    Ok(new.seq)
                })
                .unwrap();
            assert!(seq > last, "one thread's writes keep their order");
            last = seq;
        }
    });
    let (count, rows) =
        store.read(|tx| Ok((tx.value("count", "all")?, tx.count(&entities(), None)?))).unwrap();
    assert_eq!((count.as_deref(), rows), (Some("1280"), 1280));
}

pub fn errors_among_others(fixture: &Fixture) {
    let store = store(fixture);
    together(THREADS, |thread| {
        for i in 0..10 {
            let key = format!("{thread}/{i}");
            let fails = (thread + i) % 3 == 0;
            let result = store.write(move |tx| {
                tx.put_document(&mut document(&entities(), &key, "{}"))?;
                if fails { Err(ErrorCode::DiskFull.into()) } else { Ok(()) }
            });
            assert_eq!(result.is_err(), fails, "everybody hears the result of their own");
        }
    });
    let expected = (0..THREADS).flat_map(|t| (0..10).map(move |i| t + i)).filter(|n| n % 3 != 0).count();
    assert_eq!(store.read(|tx| tx.count(&entities(), None)).unwrap(), expected as u64);
}

pub fn panics_among_others(fixture: &Fixture) {
    let store = store(fixture);
    together(16, |thread| {
        for i in 0..10 {
            let key = format!("{thread}/{i}");
            let panics = thread % 4 == 0;
            let result = store.write(move |tx| {
                tx.put_document(&mut document(&entities(), &key, "{}"))?;
                assert!(!panics, "on purpose");
                Ok(())
            });
            assert_eq!(result.is_err(), panics);
        }
    });
    assert_eq!(store.read(|tx| tx.count(&entities(), None)).unwrap(), 120);
}

pub fn retire_while_writing(fixture: &Fixture) {
    let store = store(fixture);
    let acknowledged = AtomicU64::new(0);
    let seen = AtomicU64::new(0);
    together(9, |thread| {
        if thread == 8 {
            while acknowledged.load(Ordering::SeqCst) < 20 {
                std::thread::yield_now();
            }
            store.retire();
            // From here on nothing changes any more.
            seen.store(store.read(|tx| tx.count(&entities(), None)).unwrap(), Ordering::SeqCst);
            return;
        }
        for i in 0.. {
            let key = format!("{thread}/{i}");
            match store.write(move |tx| tx.put_document(&mut document(&entities(), &key, "{}"))) {
                Ok(()) => acknowledged.fetch_add(1, Ordering::SeqCst),
                Err(error) => return assert_eq!(error.code(), ErrorCode::StoreUnavailable),
            };
        }
    });
    let count = store.read(|tx| tx.count(&entities(), None)).unwrap();
    assert_eq!(count, acknowledged.into_inner());
    assert_eq!(count, seen.into_inner());
}

pub fn many_cells_by_many_threads(fixture: &Fixture) {
    // More Cells than stay open, so that they are closed and opened again under everybody's hands.
    const CELLS: usize = 150;
    for i in 0..CELLS {
        fixture.create(&place(&format!("cell{i}"))).unwrap();
    }
    together(8, |thread| {
        for round in 0..3 {
            for i in 0..CELLS {
                let i = (i * (thread + 1) + round) % CELLS;
                let (store, _) = fixture.open(&place(&format!("cell{i}"))).unwrap();
                store
                    .write(|tx| {
                        let count: u64 =
                            tx.read().value("count", "all")?.and_then(|text| text.parse().ok()).unwrap_or(0);
                        tx.set_value("count", "all", Some(&(count + 1).to_string()))
                    })
                    .unwrap();
            }
        }
    });
    let mut total = 0;
    for i in 0..CELLS {
        let (store, _) = fixture.open(&place(&format!("cell{i}"))).unwrap();
        let count = store.read(|tx| tx.value("count", "all")).unwrap();
        total += count.and_then(|text| text.parse::<usize>().ok()).unwrap_or(0);
    }
    assert_eq!(total, 8 * 3 * CELLS);
    add(&store(fixture), "done");
}
