//! More Cells in use than stay open.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::Arc;

use saibo_model::Id;
use saibo_store::testkit::sample::*;
use saibo_store::{Backend as _, StoreExt as _};
use saibo_store_sqlite::{Options, SqliteBackend};

fn open(data: &Path, open_cells: usize) -> SqliteBackend {
    SqliteBackend::open(
        data,
        Options { open_cells: NonZeroUsize::new(open_cells).unwrap(), ..Options::default() },
    )
    .unwrap()
}

fn name(i: usize) -> String {
    format!("cell{i}")
}

#[test]
fn one_in_use_is_found_again() {
    let data = tempfile::tempdir().unwrap();
    let backend = open(data.path(), 2);
    (0..6).for_each(|i| backend.create(&place(&name(i))).unwrap());
    // The store alone, its blobs alone, or a pin of them alone: each keeps it open.
    let (store, blobs) = backend.open(&place(&name(0))).unwrap();
    drop(blobs);
    let evict = || (1..6).for_each(|i| drop(backend.open(&place(&name(i))).unwrap()));
    evict();
    let (again, blobs) = backend.open(&place(&name(0))).unwrap();
    assert!(Arc::ptr_eq(&store, &again), "two committers for one database");
    again.retire();
    drop((store, again));
    evict();
    let (again, _) = backend.open(&place(&name(0))).unwrap();
    assert!(again.write(|_tx| Ok(())).is_err());
    drop((again, blobs.pin_all()));
    let pin = blobs.pin_all();
    drop(blobs);
    evict();
    let (again, _) = backend.open(&place(&name(0))).unwrap();
    assert!(again.write(|_tx| Ok(())).is_err());
    drop((again, pin));
    // Nobody knows of it any more: it is opened anew.
    evict();
    let (again, _) = backend.open(&place(&name(0))).unwrap();
    again.write(|_tx| Ok(())).unwrap();
}

#[test]
fn no_write_is_lost_among_openings() {
    const CELLS: usize = 12;
    let data = tempfile::tempdir().unwrap();
    let backend = open(data.path(), 2);
    (0..CELLS).for_each(|i| backend.create(&place(&name(i))).unwrap());
    std::thread::scope(|scope| {
        for thread in 0..16 {
            let backend = &backend;
            scope.spawn(move || {
                for i in 0..120 {
                    let (store, _) = backend.open(&place(&name((i * (thread + 1)) % CELLS))).unwrap();
                    // Two committers for one database would wait for each other's lock, or lose a count.
                    store
                        .write(|tx| {
                            let count: u64 = tx
                                .read()
                                .value("count", "all")?
                                .and_then(|text| text.parse().ok())
                                .unwrap_or(0);
                            tx.set_value("count", "all", Some(&(count + 1).to_string()))
                        })
                        .unwrap();
                }
            });
        }
    });
    let total: u64 = (0..CELLS)
        .map(|i| {
            let (store, _) = backend.open(&place(&name(i))).unwrap();
            let count = store.read(|tx| tx.value("count", "all")).unwrap();
            count.and_then(|text| text.parse().ok()).unwrap_or(0)
        })
        .sum();
    assert_eq!(total, 16 * 120);
}

#[test]
fn removing_among_openings() {
    let data = tempfile::tempdir().unwrap();
    let backend = open(data.path(), 2);
    let cell = place("cell");
    for _ in 0..10 {
        backend.create(&cell).unwrap();
        std::thread::scope(|scope| {
            for _ in 0..6 {
                scope.spawn(|| {
                    while let Ok((store, _)) = backend.open(&cell) {
                        // Whatever is acknowledged was so before the removal.
                        drop(store.write(|tx| tx.set_value("a", "b", Some("c"))));
                        store.read(|tx| tx.value("a", "b")).unwrap();
                    }
                });
            }
            scope.spawn(|| {
                std::thread::sleep(std::time::Duration::from_millis(3));
                backend.remove_cell(&Id::from("cell")).unwrap();
            });
        });
        assert!(backend.generations(&cell.cell).unwrap().is_empty());
    }
    assert_eq!(std::fs::read_dir(data.path().join("tmp")).unwrap().count(), 0);
}

#[test]
fn the_log_is_kept_short() {
    let data = tempfile::tempdir().unwrap();
    let backend = open(data.path(), 2);
    backend.create(&place("cell")).unwrap();
    let (store, _) = backend.open(&place("cell")).unwrap();
    let body = format!(r#"{{"t":"{}"}}"#, "x".repeat(30_000));
    let longest = std::thread::scope(|scope| {
        // There is a reader at every moment, each for long enough to meet the next.
        let stop = Arc::new(std::sync::atomic::AtomicBool::new(false));
        for _ in 0..3 {
            let (store, stop) = (&store, stop.clone());
            scope.spawn(move || {
                while !stop.load(std::sync::atomic::Ordering::Relaxed) {
                    store
                        .read(|tx| {
                            tx.count(&entities(), None)?;
                            std::thread::sleep(std::time::Duration::from_millis(3));
                            Ok(())
                        })
                        .unwrap();
                }
            });
        }
        let mut longest = 0;
        // 900 MiB in all.
        for i in 0..600 {
            let body = body.clone();
            store
                .write(move |tx| {
                    (0..50).try_for_each(|j| {
                        let mut new = document(&entities(), &format!("{j}"), &body);
                        new.seq = if i == 0 { 0 } else { j + 1 };
                        if i > 0 {
                            new.id = tx.read().document(&entities(), None, &format!("{j}"))?.unwrap().id;
                        }
                        tx.put_document(&mut new)
                    })
                })
                .unwrap();
            let cell = std::fs::read_dir(data.path().join("cells")).unwrap().next().unwrap().unwrap().path();
            longest = longest.max(std::fs::metadata(cell.join("cell/1/cell.db-wal")).unwrap().len());
        }
        stop.store(true, std::sync::atomic::Ordering::Relaxed);
        longest
    });
    assert!(longest < 600 << 20, "the log has grown to {longest} bytes");
}
