//! Schedules of Cells that move: they go along, and end where the Cell was.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use saibo_core::job::{End, JobKind};
use saibo_core::schedule::tick;
use saibo_model::ErrorCode;
use saibo_server::config::Config;
use saibo_server::http::Response;
use saibo_server::routes::{Context, Handler, ROUTES, Route};
use serde_json::{Value, json};

use crate::cli::{AUTHORIZATION, cell_with_a_file, saibo};
use crate::jobs::Held;
use crate::relocation::{post, url, wait_for_move};
use crate::support::{Answer, Running};

const PATH: &str = "/alice/__export/schedule";
const YEAR: i64 = 366 * 24 * 3_600_000;

async fn unit(change: impl FnOnce(&mut Config)) -> Running {
    Running::start(|config| {
        config.unit.moves_to_private_addresses = true;
        change(config);
    })
    .await
}

async fn set(running: &Running, body: &Value) {
    let headers = [AUTHORIZATION, ("Content-Type", "application/json")];
    let answer = running.send("PUT", PATH, &headers, body.to_string().as_bytes()).await;
    assert_eq!(answer.status, 201, "{answer:?}");
}

async fn schedule(running: &Running) -> Answer {
    running.get(PATH, &[AUTHORIZATION]).await
}

/// Has all schedules that are due in some years looked at, once.
async fn tick_in(running: &Running, years: i64) {
    let unit = running.unit.app().unit.clone();
    let now = saibo_core::clock::now() + years * YEAR;
    tokio::task::spawn_blocking(move || tick(&unit, now)).await.unwrap().unwrap();
}

/// Runs what is due, to its end.
async fn run(running: &Running, years: i64) -> Value {
    let begun = Instant::now();
    loop {
        tick_in(running, years).await;
        let standing = schedule(running).await.json();
        if standing["running"].is_null() {
            return standing;
        }
        assert!(begun.elapsed() < Duration::from_secs(60), "{standing}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

async fn moved(old: &Running, new: &Running) {
    let begun = post(old, "/alice/__move", &json!({ "To": url(new, "alice"), "Token": "token" })).await;
    assert_eq!(begun.status, 202, "{begun:?}");
    assert_eq!(wait_for_move(old, "alice").await["status"], "moved");
}

/// What the history says of the last move.
async fn last_move(old: &Running) -> Value {
    let history = old.get("/alice/__move/history", &[AUTHORIZATION]).await;
    assert_eq!(history.status, 200, "{history:?}");
    history.json()["history"][0].take()
}

/// What the core says of the schedule of a Cell that may have moved.
fn code_of(running: &Running) -> Option<ErrorCode> {
    let unit = &running.unit.app().unit;
    let cell = unit.cell_or_moved("alice").unwrap();
    let credentials = saibo_core::access::Credentials {
        authorization: Some("Bearer token"),
        ..saibo_core::access::Credentials::default()
    };
    let access = saibo_core::access::authenticate(unit, None, credentials, 0).unwrap();
    saibo_core::schedule::get(unit, &cell, &access).err().map(|error| error.code())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_schedule_moves_along_and_comes_back() {
    let (old, new) = (unit(|_| ()).await, unit(|_| ()).await);
    cell_with_a_file(&old, "alice", 1000).await;
    let key = "age1zvkyg2lqzraa2lnjvqej32nkuu0ues2s82hzrye869xeexvn73equnujwj";
    let plan =
        json!({ "Cron": "0 0 1 1 *", "Incremental": true, "FullEvery": 5, "Keep": 3, "Recipients": [key] });
    set(&old, &plan).await;
    let before = run(&old, 1).await;
    assert_eq!((before["kept"].as_array().unwrap().len(), &before["last"]["outcome"]), (1, &json!("done")));
    moved(&old, &new).await;

    let there = schedule(&new).await.json();
    for (name, value) in plan.as_object().unwrap() {
        assert_eq!(there[name], *value, "{there}");
    }
    assert_eq!((&there["kept"], &there["last"]), (&json!([]), &Value::Null), "what came of it stays behind");
    let last = last_move(&old).await;
    assert_eq!((&last["outcome"], &last["warnings"]), (&json!("done"), &Value::Null), "{last}");
    assert_eq!(old.get("/alice/__move/history", &[]).await.status, 401, "not for everybody");
    // There it runs, and here there is none any more.
    assert_eq!(run(&new, 1).await["last"]["outcome"], "done");
    assert_eq!(code_of(&old), Some(ErrorCode::ResourceNotFound));
    tick_in(&old, 3).await;
    assert_eq!(schedule(&old).await.status, 308);

    // Taken back, what it had is there again, and goes on.
    assert_eq!(post(&old, "/alice/__move", &json!({ "Undo": true })).await.status, 204);
    assert_eq!(schedule(&old).await.json(), before);
    let again = run(&old, 3).await;
    assert_eq!((again["kept"].as_array().unwrap().len(), &again["last"]["outcome"]), (2, &json!("done")));
    assert_eq!(again["last"]["incremental"], true, "{again}");
    let old = old.restarted().await;
    assert_eq!(schedule(&old).await.json()["kept"], again["kept"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cell_moves_without_a_schedule_that_is_not_taken() {
    // One that has a narrower limit, and one that does not know schedules.
    let strict = unit(|config| config.limits.schedule_minutes = 600).await;
    let routes: Vec<Route> = ROUTES
        .iter()
        .filter(|route| !route.path.ends_with("__export/schedule"))
        .map(|route| Route { path: route.path, methods: route.methods, guard: route.guard })
        .collect();
    assert_eq!(routes.len() + 1, ROUTES.len());
    let without = {
        let change = |config: &mut Config| config.unit.moves_to_private_addresses = true;
        Running::start_with(Vec::leak(routes), change).await
    };
    for (new, why) in [(&strict, "every 600 minutes"), (&without, "404")] {
        let old = unit(|_| ()).await;
        cell_with_a_file(&old, "alice", 1000).await;
        set(&old, &json!({ "Cron": "0 * * * *" })).await;
        moved(&old, new).await;
        assert_eq!(new.get("/alice/__/photo.jpg", &[AUTHORIZATION]).await.status, 200);
        let last = last_move(&old).await;
        let warning = last["warnings"][0].as_str().unwrap();
        assert!(warning.contains("(0 * * * *) has not come along") && warning.contains(why), "{warning}");
        assert_eq!(last["outcome"], "done");
        assert_eq!(code_of(&old), Some(ErrorCode::ResourceNotFound));
        post(&old, "/alice/__move", &json!({ "Undo": true })).await;
        assert_eq!(schedule(&old).await.json()["Cron"], "0 * * * *");
        // The command says so, too.
        let (from, to) = (url(&old, "alice"), url(new, "alice"));
        let arguments = ["cell", "move", &from, &to, "--new-token", "token", "--replace"];
        let ran = tokio::task::block_in_place(|| saibo(arguments));
        assert!(ran.code == 0 && ran.err.contains("has not come along"), "{ran:?}");
        // Without one there is nothing to say.
        post(&old, "/alice/__move", &json!({ "Undo": true })).await;
        assert_eq!(old.send("DELETE", PATH, &[AUTHORIZATION], b"").await.status, 204);
        let ran = tokio::task::block_in_place(|| saibo(arguments));
        assert!(ran.code == 0 && !ran.err.contains("come along"), "{ran:?}");
        assert_eq!(last_move(&old).await["warnings"], Value::Null);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cell_moves_in_the_middle_of_a_run() {
    let old = unit(|config| config.limits.concurrent_jobs = 2).await;
    let new = unit(|_| ()).await;
    cell_with_a_file(&old, "alice", 20_000_000).await;
    cell_with_a_file(&old, "busy", 10).await;
    set(&old, &json!({ "Cron": "0 0 1 1 *" })).await;
    // Of two turns one is taken, and the move has the other: the run has begun, and waits.
    let busy = Held::start(&old, "busy", JobKind::Export);
    assert_eq!(
        post(&old, "/alice/__move", &json!({ "To": url(&new, "alice"), "Token": "token" })).await.status,
        202
    );
    while old.get("/alice/__move", &[AUTHORIZATION]).await.json()["phase"] == "waiting" {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    tick_in(&old, 1).await;
    let name = schedule(&old).await.json()["running"].as_str().unwrap().to_owned();
    assert_eq!(wait_for_move(&old, "alice").await["status"], "moved");
    assert_eq!(last_move(&old).await["warnings"], Value::Null);
    busy.end(Ok(End::Open));
    let app = old.unit.app().unit.clone();
    let id = app.cell_or_moved("alice").unwrap().id().clone();
    while app.jobs().running(&id, JobKind::Export).is_some() {
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    tick_in(&old, 1).await;
    assert_eq!(code_of(&old), Some(ErrorCode::ResourceNotFound), "nothing brings it back but an undo");
    assert_eq!(schedule(&new).await.json()["Cron"], "0 0 1 1 *");
    post(&old, "/alice/__move", &json!({ "Undo": true })).await;
    let settled = run(&old, 1).await;
    assert_eq!((&settled["last"]["name"], &settled["last"]["outcome"]), (&json!(name), &json!("done")));
    assert_eq!(settled["kept"], json!([format!("{name}.zip")]));
}

/// What the new unit of the next test has been asked for, and when it may answer the first time.
static ASKED: AtomicUsize = AtomicUsize::new(0);
static CHANGED: AtomicBool = AtomicBool::new(false);

/// Sets a schedule, the first time not before the old unit has got another.
async fn set_late(context: Context) -> saibo_model::Result<Response> {
    if ASKED.fetch_add(1, Ordering::SeqCst) == 0 {
        while !CHANGED.load(Ordering::SeqCst) {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }
    let methods = ROUTES.iter().find(|route| route.path == context.route.path).unwrap().methods;
    methods.iter().find(|(method, _)| *method == "PUT").unwrap().1(context).await
}

const SET_LATE: &[(&str, Handler)] = saibo_server::methods! { "PUT" => set_late };

#[tokio::test(flavor = "multi_thread")]
async fn a_schedule_that_is_changed_in_the_middle_is_handed_over_again() {
    let routes: Vec<Route> = ROUTES
        .iter()
        .map(|route| {
            let is_it = route.path.ends_with("__export/schedule");
            let methods = if is_it { SET_LATE } else { route.methods };
            Route { path: route.path, methods, guard: route.guard }
        })
        .collect();
    let old = unit(|_| ()).await;
    let private = |config: &mut Config| config.unit.moves_to_private_addresses = true;
    let new = Running::start_with(Vec::leak(routes), private).await;
    cell_with_a_file(&old, "alice", 1000).await;
    set(&old, &json!({ "Cron": "0 0 1 1 *", "Keep": 3 })).await;
    let body = json!({ "To": url(&new, "alice"), "Token": "token" });
    assert_eq!(post(&old, "/alice/__move", &body).await.status, 202);
    while ASKED.load(Ordering::SeqCst) == 0 {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    let headers = [AUTHORIZATION, ("Content-Type", "application/json")];
    let body = json!({ "Cron": "0 0 1 1 *", "Keep": 9 }).to_string();
    assert_eq!(old.send("PUT", PATH, &headers, body.as_bytes()).await.status, 200);
    CHANGED.store(true, Ordering::SeqCst);
    assert_eq!(wait_for_move(&old, "alice").await["status"], "moved");
    assert_eq!((ASKED.load(Ordering::SeqCst), &last_move(&old).await["warnings"]), (2, &Value::Null));
    let new = new.restarted().await;
    assert_eq!(schedule(&new).await.json()["Keep"], 9);
}
