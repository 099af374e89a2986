//! How quick it is. Prints figures and fails only where one is out of all proportion; run with
//! `cargo test --release -p saibo-store-sqlite --test rates -- --ignored --nocapture --test-threads 1`.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a test fails by panicking, and prints figures")]

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use saibo_model::{Id, Kind, Node, NodeKind};
use saibo_store::testkit::sample::*;
use saibo_store::{Backend as _, Builder, Origin, Store, StoreExt as _};
use saibo_store_sqlite::{Options, SqliteBackend};

/// A data folder in `SAIBO_BENCH_DIR`, or in the system's temporary folder.
fn backend() -> (tempfile::TempDir, SqliteBackend) {
    let data = match std::env::var_os("SAIBO_BENCH_DIR") {
        Some(folder) => tempfile::tempdir_in(folder).unwrap(),
        None => tempfile::tempdir().unwrap(),
    };
    let backend = SqliteBackend::open(data.path(), Options::default()).unwrap();
    (data, backend)
}

const BODY: &str = r#"{"_10":"Some text of a usual length for an entity","_11":12345,"_12":"3.25","_13":"true","_14":1500000000000}"#;

fn begin(backend: &SqliteBackend) -> Box<dyn Builder> {
    let mut builder = backend.build(&Id::from("cell")).unwrap();
    builder.node(&Node::collection(NodeKind::Cell, 0, "", 1)).unwrap();
    let mut collection = Node::collection(NodeKind::OData, 1, "odata", 1);
    collection.id = Id::from("collection");
    builder.node(&collection).unwrap();
    let schema = saibo_model::EntitySet::schema(Kind::EntityType, Id::from("collection"));
    let mut entity_type = document(&schema, "Type", "{}");
    entity_type.id = Id::from("type");
    builder.document(&entity_type, Origin { line: 1 }).unwrap();
    builder
}

/// A Cell of so many entities, and how long its steps took.
fn build(backend: &SqliteBackend, count: u64, body: &str) -> (Arc<dyn Store>, [Duration; 3]) {
    let mut builder = begin(backend);
    let mut documents: Vec<_> = (0..1000).map(|_| document(&entities(), "", body)).collect();
    let mut spent = [Duration::ZERO; 3];
    for round in 0..count / 1000 {
        for (i, new) in documents.iter_mut().enumerate() {
            new.id = Id::random();
            new.key = format!("{round}-{i}");
            new.updated += 1;
        }
        let start = Instant::now();
        for (i, new) in documents.iter().enumerate() {
            builder.document(new, Origin { line: round * 1000 + i as u64 + 2 }).unwrap();
        }
        spent[0] += start.elapsed();
    }
    let start = Instant::now();
    assert!(builder.check(1).unwrap().is_empty());
    spent[1] = start.elapsed();
    let start = Instant::now();
    let built = builder.finish().unwrap();
    spent[2] = start.elapsed();
    let place = saibo_store::Place { cell: Id::from("cell"), generation: built.generation() };
    built.keep();
    (backend.open(&place).unwrap().0, spent)
}

fn per_second(count: u64, spent: Duration) -> f64 {
    count as f64 / spent.as_secs_f64()
}

/// Writes one document after another until told to stop; what each took, sorted.
fn latencies(store: &Arc<dyn Store>, stop: &AtomicBool, pause: Duration) -> Vec<Duration> {
    let mut all = Vec::new();
    while !stop.load(Ordering::Relaxed) {
        let mut new = document(&entities(), &Id::random().to_string(), BODY);
        let start = Instant::now();
        store.write(move |tx| tx.put_document(&mut new)).unwrap();
        all.push(start.elapsed());
        std::thread::sleep(pause);
    }
    all.sort_unstable();
    all
}

fn print(name: &str, sorted: &[Duration]) -> Duration {
    let at = |part: f64| sorted[((sorted.len() - 1) as f64 * part) as usize];
    println!(
        "{name}: {} writes, p50 {:?}, p90 {:?}, p99 {:?}, p99.9 {:?}, longest {:?}",
        sorted.len(),
        at(0.5),
        at(0.9),
        at(0.99),
        at(0.999),
        at(1.0)
    );
    at(0.99)
}

/// Measures while something else goes on.
fn during(store: &Arc<dyn Store>, name: &str, pause: Duration, other: impl FnOnce()) -> Duration {
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let writer = scope.spawn(|| latencies(store, &stop, pause));
        other();
        stop.store(true, Ordering::Relaxed);
        print(name, &writer.join().unwrap())
    })
}

#[test]
#[ignore = "takes a while and measures nothing useful in a debug build"]
fn bulk() {
    let (_data, backend) = backend();
    let count = 500_000;
    let (store, [put, check, finish]) = build(&backend, count, BODY);
    println!("builder.document: {:.0}/s; check {check:?}, finish {finish:?}", per_second(count, put));
    println!("built in all: {:.0}/s", per_second(count, put + check + finish));
    for from in ["live", "frozen"] {
        let start = Instant::now();
        let frozen = (from == "frozen").then(|| freeze(&backend, &store));
        let store = frozen.as_deref().unwrap_or(&store);
        if from == "frozen" {
            println!("freeze of {} MiB: {:?}", store.size().unwrap() >> 20, start.elapsed());
        }
        let start = Instant::now();
        let mut seen = 0;
        store
            .read(|tx| {
                tx.all_documents(Kind::UserData, &mut |_row| {
                    seen += 1;
                    Ok(())
                })
            })
            .unwrap();
        assert_eq!(seen, count);
        println!("all_documents, {from}: {:.0}/s", per_second(count, start.elapsed()));
    }
}

#[test]
#[ignore = "takes a while and measures nothing useful in a debug build"]
fn single() {
    let (_data, backend) = backend();
    let (store, _) = build(&backend, 100_000, BODY);
    let rounds = 100_000_u64;
    let start = Instant::now();
    for i in 0..rounds {
        let key = format!("{}-{}", i * 7919 % 100, i % 1000);
        assert!(get(&store, &entities(), &key).is_some());
    }
    println!("read of one document: {:.2} µs", start.elapsed().as_secs_f64() * 1e6 / rounds as f64);
    let start = Instant::now();
    let opened = 20_000;
    for _ in 0..opened {
        backend.open(&place("cell")).unwrap();
    }
    println!("open of an open Cell: {:.2} µs", start.elapsed().as_secs_f64() * 1e6 / f64::from(opened));
    backend.create(&place("small")).unwrap();
    let (small, _) = backend.open(&place("small")).unwrap();
    put_all(&small, &[("a", BODY)]);
    let start = Instant::now();
    for _ in 0..500 {
        let frozen = freeze(&backend, &small);
        frozen.read(|tx| tx.count(&entities(), None)).unwrap();
    }
    println!("freeze of a small Cell and a read of it: {:?}", start.elapsed() / 500);
    for threads in [1, 8, 64] {
        let start = Instant::now();
        std::thread::scope(|scope| {
            for _ in 0..threads {
                scope.spawn(|| {
                    for _ in 0..100 {
                        put(&small, document(&entities(), &Id::random().to_string(), BODY));
                    }
                });
            }
        });
        println!("{threads} writers: {:.0} commits/s", per_second(threads * 100, start.elapsed()));
    }
}

#[test]
#[ignore = "takes a while and measures nothing useful in a debug build"]
fn latency() {
    let (_data, backend) = backend();
    let long = BODY.replace("Some text", &"Some text ".repeat(40));
    let (store, _) = build(&backend, 600_000, &long);
    println!("the database has {} MiB", store.size().unwrap() >> 20);
    let wait = || std::thread::sleep(Duration::from_secs(5));
    during(&store, "warming up", Duration::from_millis(2), wait);
    let idle = during(&store, "idle", Duration::from_millis(2), wait);
    let frozen = during(&store, "while it is frozen", Duration::from_millis(2), || {
        let end = Instant::now() + Duration::from_secs(8);
        while Instant::now() < end {
            let start = Instant::now();
            let frozen = freeze(&backend, &store);
            println!("  frozen in {:?}", start.elapsed());
            drop(frozen);
        }
    });
    let log = during(&store, "while another fills the log", Duration::from_millis(2), || {
        let end = Instant::now() + Duration::from_secs(8);
        while Instant::now() < end {
            let documents: Vec<_> =
                (0..20).map(|_| document(&entities(), &Id::random().to_string(), &long)).collect();
            store
                .write(|tx| documents.into_iter().try_for_each(|mut new| tx.put_document(&mut new)))
                .unwrap();
        }
    });
    let alone = during(&store, "one after another without a pause", Duration::ZERO, wait);
    println!(
        "p99 to idle: frozen {:.2}, log {:.2}, without a pause {:.2}",
        frozen.as_secs_f64() / idle.as_secs_f64(),
        log.as_secs_f64() / idle.as_secs_f64(),
        alone.as_secs_f64() / idle.as_secs_f64()
    );
    assert!(frozen < Duration::from_secs(1) && log < Duration::from_secs(1));
}

#[test]
#[ignore = "takes a while and measures nothing useful in a debug build"]
fn changes() {
    let (_data, backend) = backend();
    let count = 200_000;
    let (store, _) = build(&backend, count, BODY);
    let (all, _) = timed_reads(&store, None);
    // In turns, so that what merely drifts counts for both.
    let mut spent = [[Duration::ZERO; 2]; 2];
    let mut made = 0;
    for round in 0..10 {
        for tracked in [false, true] {
            if tracked {
                store.write(|tx| tx.mark()).unwrap();
            } else {
                while store.write(|tx| tx.forget_removed(None, 100_000)).unwrap() {}
            }
            spent[usize::from(tracked)][0] += timed_writes(&store, |i| {
                made += 1;
                document(&entities(), &format!("new-{made}-{i}"), BODY)
            });
            spent[usize::from(tracked)][1] += timed_writes(&store, |i| {
                let key = format!("{}-{}", (round * 13 + i * 7) % 200, i % 1000);
                let found = get(&store, &entities(), &key).unwrap();
                saibo_model::Document { version: found.version + 1, ..found }
            });
        }
    }
    for (what, at) in [("creates", 0), ("replacements", 1)] {
        let [without, with] = [spent[0][at], spent[1][at]];
        println!(
            "{what}: {:.0}/s, {:.0}/s tracked, {:.3} of the time",
            per_second(20_000, without),
            per_second(20_000, with),
            with.as_secs_f64() / without.as_secs_f64()
        );
    }
    let since = store.write(|tx| tx.mark()).unwrap();
    let changed = count / 100;
    for i in 0..changed {
        let mut found = get(&store, &entities(), &format!("{}-{}", i / 10 % 200, i * 37 % 1000)).unwrap();
        found.version += 1;
        store.write(move |tx| tx.put_document(&mut found)).unwrap();
    }
    let (part, seen) = timed_reads(&store, Some(&since));
    println!(
        "{seen} of {count} changed: read in {part:?}, {:.4} of all",
        part.as_secs_f64() / all.as_secs_f64()
    );
}

/// Two thousand writes in works of a hundred, and how long they took.
fn timed_writes(store: &Arc<dyn Store>, mut make: impl FnMut(u64) -> saibo_model::Document) -> Duration {
    let mut spent = Duration::ZERO;
    for work in 0..20 {
        let documents: Vec<_> = (0..100).map(|i| make(work * 100 + i)).collect();
        let start = Instant::now();
        store.write(|tx| documents.into_iter().try_for_each(|mut new| tx.put_document(&mut new))).unwrap();
        spent += start.elapsed();
    }
    spent
}

/// How long it takes to read all entities, or those that were changed, and how many there are.
fn timed_reads(store: &Arc<dyn Store>, since: Option<&saibo_model::Moment>) -> (Duration, u64) {
    let (start, mut seen) = (Instant::now(), 0);
    let mut each = |_row: (saibo_model::Document, Vec<(Id, Id)>)| {
        seen += 1;
        Ok(())
    };
    store
        .read(|tx| match since {
            None => tx.all_documents(Kind::UserData, &mut each),
            Some(since) => tx.changed_documents(Kind::UserData, since, &mut each),
        })
        .unwrap();
    (start.elapsed(), seen)
}
