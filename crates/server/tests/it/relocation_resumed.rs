//! Moves that a stop of the unit cuts off: they go on, with the token that they were begun with.

use std::path::Path;
use std::sync::Mutex;
use std::time::Duration;

use saibo_core::job::{End, JobKind};
use saibo_core::snapshot;
use saibo_server::config::{Config, Secret};
use saibo_server::http::Response;
use saibo_server::routes::{Context, Handler, ROUTES, Route};
use saibo_store::StoreExt as _;
use serde_json::{Value, json};

use crate::cli::{cell_with_a_file, found, noise};
use crate::jobs::Held;
use crate::relocation::{post, url, wait_for_move};
use crate::support::{Answer, Running};

/// The token of the new unit: a text that is nowhere else.
const NEW_TOKEN: &str = "the-token-of-the-new-unit-6f1b";
const NEW: (&str, &str) = ("Authorization", "Bearer the-token-of-the-new-unit-6f1b");
const OLD: (&str, &str) = crate::cli::AUTHORIZATION;

fn moving(config: &mut Config) {
    config.unit.moves_to_private_addresses = true;
}

async fn new_unit() -> Running {
    Running::start(|config| {
        moving(config);
        config.unit.master_token = Some(Secret::new(NEW_TOKEN));
        config.limits.concurrent_jobs = 1;
    })
    .await
}

async fn begin(old: &Running, new: &Running) {
    let body = json!({ "To": url(new, "alice"), "Token": NEW_TOKEN });
    assert_eq!(post(old, "/alice/__move", &body).await.status, 202);
}

/// Waits until something holds.
async fn until(what: &str, holds: impl AsyncFn() -> bool) {
    let begun = std::time::Instant::now();
    while !holds().await {
        assert!(begun.elapsed() < Duration::from_secs(60), "{what}");
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

/// The import that runs in the new Cell, or waits for its turn.
fn importing(new: &Running) -> Option<String> {
    let app = &new.unit.app().unit;
    let cell = app.cell("alice").ok()?;
    Some(app.jobs().running(cell.id(), JobKind::Import)?.job.name)
}

/// The move of a Cell with a file of a length, at its handover: everything is at the new place, and what was changed last
/// waits there for its turn.
async fn at_the_handover(length: usize) -> (Running, Running, Held) {
    let (old, new) = (Running::start(moving).await, new_unit().await);
    cell_with_a_file(&old, "alice", length).await;
    found(&new, "busy");
    let held = Held::start(&new, "busy", JobKind::Export);
    begin(&old, &new).await;
    until("everything is sent", async || importing(&new).is_some()).await;
    // Somebody writes for long, and what was changed last waits for that.
    let store = old.unit.app().unit.cell("alice").unwrap().store().clone();
    let (end, ended) = std::sync::mpsc::channel::<()>();
    let (tell, told) = std::sync::mpsc::channel::<()>();
    let writer = std::thread::spawn(move || {
        store.write(move |_| {
            let _ = tell.send(());
            let _ = ended.recv();
            Ok(())
        })
    });
    tokio::task::block_in_place(|| told.recv()).unwrap();
    held.end(Ok(End::Open));
    until("everything is imported", async || importing(&new).is_none()).await;
    let held = Held::start(&new, "busy", JobKind::Export);
    drop(end);
    writer.join().unwrap().unwrap();
    until("the rest is sent", async || importing(&new).is_some_and(|name| name.ends_with("_1"))).await;
    (old, new, held)
}

/// Names of the snapshots of a Cell, which may have moved.
fn snapshots(unit: &Running, cell: &str) -> Vec<String> {
    let app = &unit.unit.app().unit;
    let id = app.cell_or_moved(cell).unwrap().id().clone();
    snapshot::list(app, &id).unwrap().into_iter().map(|info| info.name).collect()
}

/// What became of the imports there that were done, the first one first: their numbers, and how many bytes they had.
async fn imports(new: &Running) -> Vec<(String, u64)> {
    let history = new.get("/alice/__import/history", &[NEW]).await.json();
    let past = history["history"].as_array().unwrap().iter().rev();
    past.filter(|past| past["outcome"] == "done")
        .map(|past| {
            let number = past["name"].as_str().unwrap().rsplit('_').next().unwrap().to_owned();
            (number, past["bytes"].as_u64().unwrap())
        })
        .collect()
}

/// What is kept for jobs.
fn kept(unit: &Running) -> usize {
    unit.unit.app().unit.backend().register().read(|tx| tx.values("job secret")).unwrap().len()
}

/// Whether a text is anywhere in a data folder.
fn has_text(folder: &Path, text: &str) -> bool {
    std::fs::read_dir(folder).unwrap().map(Result::unwrap).any(|entry| {
        if entry.file_type().unwrap().is_dir() {
            return has_text(&entry.path(), text);
        }
        let bytes = std::fs::read(entry.path()).unwrap();
        bytes.windows(text.len()).any(|window| window == text.as_bytes())
    })
}

async fn assert_moved(old: &Running, new: &Running, length: usize) -> Value {
    assert_eq!(wait_for_move(old, "alice").await["status"], "moved");
    assert_eq!(new.get("/alice/__/photo.jpg", &[NEW]).await.body, noise(length));
    assert_eq!(new.get("/alice/__/later.txt", &[NEW]).await.body, b"written after the restart");
    assert_eq!(new.get("/alice/__move/former", &[]).await.json()["former"][0], json!(url(old, "alice")));
    assert_eq!((snapshots(old, "alice"), snapshots(new, "alice"), kept(old)), (vec![], vec![], 0));
    let last = old.get("/alice/__move/history", &[OLD]).await.json()["history"][0].clone();
    assert_eq!((&last["outcome"], &last["warnings"]), (&json!("done"), &Value::Null), "{last}");
    last
}

async fn write_later(old: &Running) {
    let put = old.send("PUT", "/alice/__/later.txt", &[OLD], b"written after the restart").await;
    assert!(matches!(put.status, 201 | 204), "{put:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_there_already_is_not_sent_anew() {
    let (old, new, held) = at_the_handover(3_000_000).await;
    let stopped = old.stop().await;
    // As long as nothing is known, the token is nowhere to be read.
    assert!(has_text(stopped.data(), "job secret"), "it is kept");
    assert!(!has_text(stopped.data(), NEW_TOKEN));
    let old = stopped.start(|_| ()).await;
    write_later(&old).await;
    held.end(Ok(End::Open));
    let last = assert_moved(&old, &new, 3_000_000).await;
    assert!(last["name"].as_str().unwrap().starts_with("move_"));
    let imports = imports(&new).await;
    assert_eq!(imports[0], ("0".to_owned(), 3_000_000));
    assert_eq!(imports[1].0, "1", "what was left to be imported there was");
    assert!(imports.len() > 2 && imports[1..].iter().all(|(_, bytes)| *bytes < 1000), "{imports:?}");
    assert!(!has_text(old.unit.app().data.path(), NEW_TOKEN));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_written_there_meanwhile_is_replaced() {
    for keeps_parcels in [true, false] {
        let (old, new, held) = at_the_handover(1_000_000).await;
        let stopped = old.stop().await;
        held.end(Ok(End::Open));
        until("it is imported", async || imports(&new).await.len() == 2).await;
        assert_eq!(new.send("PUT", "/alice/__/strange.txt", &[NEW], b"strange").await.status, 201);
        if !keeps_parcels {
            for file in snapshots(&new, "alice").iter().rev() {
                let path = format!("/alice/__snapshot/{file}");
                assert_eq!(new.send("DELETE", &path, &[NEW], b"").await.status, 204);
            }
        }
        let held = Held::start(&new, "busy", JobKind::Export);
        let old = stopped.start(|_| ()).await;
        write_later(&old).await;
        held.end(Ok(End::Open));
        assert_moved(&old, &new, 1_000_000).await;
        assert_eq!(new.get("/alice/__/strange.txt", &[NEW]).await.status, 404);
        let whole = imports(&new).await.iter().filter(|(_, bytes)| *bytes >= 1_000_000).count();
        assert_eq!(whole, 2, "{keeps_parcels}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_has_ended_ends_the_move() {
    let (old, new, held) = at_the_handover(1_000_000).await;
    let stopped = old.stop().await;
    held.end(Ok(End::Open));
    let port = new.unit.address().port();
    let new = new.stop().await.start(|config| {
        config.unit.listen = format!("127.0.0.1:{port}").parse().unwrap();
        config.unit.master_token = Some(Secret::new("another"));
    });
    let new = new.await;
    let old = stopped.start(|_| ()).await;
    let failed = wait_for_move(&old, "alice").await;
    assert_eq!(failed["message"]["code"], "PR409-MC-0010", "{failed}");
    let why = failed["message"]["message"]["value"].as_str().unwrap();
    assert!(why.contains("cut off by a stop") && why.contains("begin it again with another"), "{why}");
    // It is where it was, and nothing is left of the move here.
    write_later(&old).await;
    assert_eq!((snapshots(&old, "alice"), kept(&old)), (vec![], 0));
    // And so it can be.
    let body = json!({ "To": url(&new, "alice"), "Token": "another", "Replace": true });
    assert_eq!(post(&old, "/alice/__move", &body).await.status, 202);
    assert_eq!(wait_for_move(&old, "alice").await["status"], "moved");
    let later = new.get("/alice/__/later.txt", &[("Authorization", "Bearer another")]).await;
    assert_eq!(later.body, b"written after the restart");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_is_cancelled_leaves_nothing_also_after_a_restart() {
    let (old, new, held) = at_the_handover(1_000_000).await;
    let old = old.stop().await.start(|_| ()).await;
    let running: Answer = old.get("/alice/__move", &[OLD]).await;
    assert_eq!(running.json()["status"], "move in progress", "{running:?}");
    assert!(!String::from_utf8_lossy(&running.body).contains(NEW_TOKEN));
    assert_eq!(old.send("DELETE", "/alice/__move", &[OLD], b"").await.status, 204);
    held.end(Ok(End::Open));
    assert_eq!(old.get("/alice/__move/history", &[OLD]).await.json()["history"][0]["outcome"], "cancelled");
    assert_eq!((snapshots(&old, "alice"), snapshots(&new, "alice"), kept(&old)), (vec![], vec![], 0));
    write_later(&old).await;
    let old = old.restarted().await;
    assert_eq!(old.get("/alice/__move", &[OLD]).await.json()["status"], "ready");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_whose_token_nobody_kept_has_failed() {
    let (old, new) = (Running::start(moving).await, new_unit().await);
    cell_with_a_file(&old, "alice", 1000).await;
    let app = old.unit.app().unit.clone();
    let id = app.cell("alice").unwrap().id().to_string();
    // As a unit of an earlier version has left it, with a snapshot.
    let job = json!({
        "cell": id, "cell_name": "alice", "kind": "move", "name": "move_1", "started_at": 1,
        "options": { "hashes": false, "without_credentials": false, "readable": false, "to": url(&new, "alice") },
        "state": "running",
    });
    app.backend()
        .register()
        .write(move |tx| tx.set_value("job", &format!("{id}/move"), Some(&job.to_string())))
        .unwrap();
    assert_eq!(old.send("PUT", "/alice/__snapshot/move_1_0.zip", &[OLD], b"x").await.status, 201);
    drop(app);
    let old = old.restarted().await;
    let failed = wait_for_move(&old, "alice").await;
    assert_eq!(failed["message"]["code"], "PR409-MC-0004", "{failed}");
    assert_eq!(snapshots(&old, "alice"), Vec::<String>::new());
}

/// Names of the snapshot files that were sent to the new unit of the next test.
static SENT: Mutex<Vec<String>> = Mutex::new(Vec::new());

async fn note_and_put(context: Context) -> saibo_model::Result<Response> {
    SENT.lock().unwrap().push(context.parameter("file").to_owned());
    let methods = ROUTES.iter().find(|route| route.path == context.route.path).unwrap().methods;
    methods.iter().find(|(method, _)| *method == "PUT").unwrap().1(context).await
}

#[tokio::test(flavor = "multi_thread")]
async fn what_has_arrived_is_not_sent_again() {
    const PUT: Handler = |context| Box::pin(note_and_put(context));
    let routes: Vec<Route> = ROUTES
        .iter()
        .map(|route| {
            let mut methods = route.methods.to_vec();
            if route.path.ends_with("__snapshot/{file}") {
                methods
                    .iter_mut()
                    .filter(|(method, _)| *method == "PUT")
                    .for_each(|(_, handler)| *handler = PUT);
            }
            Route { path: route.path, methods: Vec::leak(methods), guard: route.guard }
        })
        .collect();
    let old = Running::start(moving).await;
    let new = Running::start_with(Vec::leak(routes), |config| {
        moving(config);
        config.unit.master_token = Some(Secret::new(NEW_TOKEN));
        config.limits.concurrent_jobs = 1;
    })
    .await;
    cell_with_a_file(&old, "alice", 500_000).await;
    found(&new, "busy");
    let held = Held::start(&new, "busy", JobKind::Export);
    begin(&old, &new).await;
    until("the import waits", async || importing(&new).is_some()).await;
    let stopped = old.stop().await;
    // Somebody cancels it there: it has arrived, and was not imported.
    assert_eq!(new.send("DELETE", "/alice/__import", &[NEW], b"").await.status, 204);
    let old = stopped.start(|_| ()).await;
    write_later(&old).await;
    held.end(Ok(End::Open));
    assert_moved(&old, &new, 500_000).await;
    let sent = SENT.lock().unwrap().clone();
    let whole = sent.iter().filter(|file| file.ends_with("_0.zip")).count();
    assert_eq!(whole, 1, "{sent:?}");
    assert_eq!(imports(&new).await.iter().filter(|(_, bytes)| *bytes >= 500_000).count(), 1);
}
