//! Writes that meet the very moment at which the content of their Cell is replaced.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use saibo_core::job::JobKind;
use saibo_core::{Access, Subject, Unit, export, import};

use crate::support::Running;

const TOKEN: (&str, &str) = ("Authorization", "Bearer token");

/// How often the content is swapped.
const SWAPS: usize = 60;

/// A Cell with something to undo.
fn prepare(unit: &Arc<Unit>) {
    let master = Access::of(Subject::UnitMaster);
    unit.found_cell("cell", None, 1).unwrap();
    let settle = |kind| {
        let cell = unit.cell("cell").unwrap();
        while unit.jobs().running(cell.id(), kind).is_some() {
            std::thread::sleep(std::time::Duration::from_millis(1));
        }
    };
    export::start(unit, &unit.cell("cell").unwrap(), &master, export::Request::named("s")).unwrap();
    settle(JobKind::Export);
    import::start(unit, &unit.cell("cell").unwrap(), &master, import::Request::named("s")).unwrap();
    settle(JobKind::Import);
}

/// Goes back and forth.
fn swap(unit: &Arc<Unit>) {
    let master = Access::of(Subject::UnitMaster);
    for _ in 0..SWAPS {
        import::undo(unit, &unit.cell("cell").unwrap(), &master).unwrap();
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn they_are_done_all_the_same() {
    // As many files as there is time for.
    let running = Running::start(|config| config.limits.dav_children_per_collection = 1_000_000).await;
    let running = Arc::new(running);
    let unit = running.unit.app().unit.clone();
    let prepared = unit.clone();
    tokio::task::spawn_blocking(move || prepare(&prepared)).await.unwrap();
    let (over, count) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
    let large = vec![7; 40_000];
    let mut clients = tokio::task::JoinSet::new();
    for client in 0..4 {
        let (running, over, count, large) = (running.clone(), over.clone(), count.clone(), large.clone());
        clients.spawn(async move {
            for n in 0.. {
                if over.load(Ordering::Relaxed) {
                    break;
                }
                let answer = match client {
                    0 => {
                        let role = format!("{{\"Name\":\"role{n}\"}}");
                        running.send("POST", "/cell/__ctl/Role", &[TOKEN], role.as_bytes()).await
                    }
                    1 => running.send("PUT", &format!("/cell/__/small{n}"), &[TOKEN], b"small").await,
                    2 => running.send("PUT", &format!("/cell/__/large{}", n % 7), &[TOKEN], &large).await,
                    _ => {
                        let mkcol = b"<D:mkcol xmlns:D='DAV:'><D:set><D:prop><D:resourcetype><D:collection/>\
                            </D:resourcetype></D:prop></D:set></D:mkcol>";
                        running.send("MKCOL", &format!("/cell/__/folder{n}"), &[TOKEN], mkcol).await
                    }
                };
                let text = String::from_utf8_lossy(&answer.body);
                assert!(matches!(answer.status, 201 | 204), "client {client}: {} {text}", answer.status);
                count.fetch_add(1, Ordering::Relaxed);
            }
        });
    }
    tokio::task::spawn_blocking(move || swap(&unit)).await.unwrap();
    over.store(true, Ordering::Relaxed);
    while let Some(client) = clients.join_next().await {
        client.unwrap();
    }
    assert!(count.load(Ordering::Relaxed) > SWAPS, "they did meet");
    // What was written last is there, whole.
    let answer = running.send("PUT", "/cell/__/large0", &[TOKEN], &large).await;
    assert!(matches!(answer.status, 201 | 204));
    assert_eq!(running.get("/cell/__/large0", &[TOKEN]).await.body, large);
}
