//! Jobs that are cancelled, remembered, or only tried out.

use std::sync::Arc;
use std::sync::mpsc::channel;
use std::time::Duration;

use saibo_core::job::{End, JobKind};
use saibo_model::ErrorCode;
use serde_json::{Value, json};

use crate::cli::{AUTHORIZATION, cell_with_a_file, found};
use crate::jobs::{EVENTS, Held, events, over};
use crate::support::Running;

#[tokio::test(flavor = "multi_thread")]
async fn a_job_is_cancelled_and_says_so() {
    let running = Arc::new(Running::start(|_| ()).await);
    found(&running, "alice");
    for (kind, path) in [(JobKind::Export, "/alice/__export"), (JobKind::Import, "/alice/__import")] {
        let cancel = async || running.send("DELETE", path, &[AUTHORIZATION], b"").await;
        let nothing = cancel().await;
        assert_eq!((nothing.status, nothing.code().as_str()), (405, "PR405-MC-0001"), "as the API has it");
        assert_eq!(nothing.header("allow"), Some("OPTIONS, GET, POST"));
        assert!(nothing.json()["message"]["value"].as_str().unwrap().contains(kind.name()), "{nothing:?}");

        let held = Held::start(&running, "alice", kind);
        assert_eq!(running.send("DELETE", path, &[], b"").await.status, 401);
        let listener = {
            let running = running.clone();
            tokio::spawn(async move { running.get(path, &[AUTHORIZATION, EVENTS]).await })
        };
        while running.unit.app().listeners.available_permits() == 256 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        assert_eq!(cancel().await.status, 204);
        assert!(held.progress.is_cancelled());
        let after = running.get(path, &[AUTHORIZATION]).await.json();
        assert_eq!((&after["status"], &after["last"]["outcome"]), (&json!("ready"), &json!("cancelled")));
        assert_eq!(events(&listener.await.unwrap()).last(), Some(&("end".to_owned(), after)));
        assert_eq!(cancel().await.status, 405);

        // The next one is another.
        let held = Held::start(&running, "alice", kind);
        held.progress.seal().unwrap();
        let late = cancel().await;
        assert_eq!((late.status, late.code().as_str()), (409, "PR409-CM-0002"));
        assert!(
            late.json()["message"]["value"].as_str().unwrap().contains("cannot be cancelled"),
            "{late:?}"
        );
        held.end(Ok(End::Open));
        over(&running, "alice", kind).await;
        assert_eq!(running.get(path, &[AUTHORIZATION]).await.json(), json!({ "status": "ready" }));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_waits_for_its_turn_is_cancelled_at_once() {
    let running = Running::start(|config| config.limits.concurrent_jobs = 1).await;
    found(&running, "alice");
    found(&running, "bob");
    let first = Held::start(&running, "alice", JobKind::Export);
    let (tell, told) = channel();
    let _second = Held::waiting(&running, "bob", JobKind::Export, tell);
    let status = running.get("/bob/__export", &[AUTHORIZATION]).await.json();
    assert_eq!(status["phase"], "waiting");
    assert_eq!(running.send("DELETE", "/bob/__export", &[AUTHORIZATION], b"").await.status, 204);
    let status = running.get("/bob/__export", &[AUTHORIZATION]).await.json();
    assert_eq!(status["last"]["outcome"], "cancelled");
    first.end(Ok(End::Open));
    over(&running, "alice", JobKind::Export).await;
    assert!(told.try_recv().is_err(), "it never began");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_jobs_are_remembered() {
    let running = Running::start(|_| ()).await;
    found(&running, "alice");
    let history =
        async |kind: &str| running.get(&format!("/alice/__{kind}/history"), &[AUTHORIZATION]).await.json();
    assert_eq!(history("export").await, json!({ "history": [] }));
    assert_eq!(running.get("/alice/__export/history", &[]).await.status, 401);
    assert_eq!(running.send("POST", "/alice/__export/history", &[AUTHORIZATION], b"").await.status, 405);
    assert_eq!(running.get("/nobody/__export/history", &[AUTHORIZATION]).await.status, 404);

    let held = Held::start(&running, "alice", JobKind::Export);
    assert_eq!(history("export").await, json!({ "history": [] }), "it is not over");
    held.progress.document();
    held.progress.file();
    held.progress.done(2, 7);
    held.end(Ok(End::Open));
    over(&running, "alice", JobKind::Export).await;
    let held = Held::start(&running, "alice", JobKind::Export);
    held.end(Err(ErrorCode::FieldInvalid.with(["語".repeat(1000)])));
    over(&running, "alice", JobKind::Export).await;
    let _held = Held::start(&running, "alice", JobKind::Export);
    assert_eq!(running.send("DELETE", "/alice/__export", &[AUTHORIZATION], b"").await.status, 204);
    let told = history("export").await["history"].as_array().unwrap().clone();
    let outcomes: Vec<_> = told.iter().map(|past| past["outcome"].as_str().unwrap()).collect();
    assert_eq!(outcomes, ["cancelled", "failed", "done"]);
    let ended_at = &told[2]["ended_at"];
    let done = json!({
        "kind": "export", "name": "held", "outcome": "done", "started_at": "2017-02-13T09:00:00.000Z",
        "ended_at": ended_at, "progress": "100%", "documents": 1, "links": 0, "files": 1, "bytes": 7,
    });
    assert_eq!(told[2], done);
    assert_eq!(told[1]["code"], ErrorCode::FieldInvalid.code());
    assert!(told[1]["message"].as_str().unwrap().len() <= 1000, "it is bounded");
    assert_eq!(history("import").await, json!({ "history": [] }));

    for _ in 0..50 {
        Held::start(&running, "alice", JobKind::Export).end(Ok(End::Open));
        over(&running, "alice", JobKind::Export).await;
    }
    let told = history("export").await;
    let outcomes = told["history"].as_array().unwrap().iter().map(|past| past["outcome"].as_str().unwrap());
    assert_eq!(outcomes.collect::<Vec<_>>(), ["done"; 50]);
    assert_eq!(
        running
            .send("DELETE", "/alice", &[AUTHORIZATION, ("X-Personium-Recursive", "true")], b"")
            .await
            .status,
        204
    );
    found(&running, "alice");
    assert_eq!(history("export").await, json!({ "history": [] }), "another Cell of that name");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_can_be_tried_out() {
    let running = Arc::new(Running::start(|_| ()).await);
    cell_with_a_file(&running, "alice", 1000).await;
    let post = async |resource: &str, body: Value| {
        let path = format!("/alice/__{resource}");
        running.send("POST", &path, &[AUTHORIZATION], body.to_string().as_bytes()).await
    };
    assert_eq!(post("export", json!({ "Name": "s" })).await.status, 202);
    over(&running, "alice", JobKind::Export).await;
    assert_eq!(post("import", json!({ "Name": "s", "DryRun": "yes" })).await.code(), "PR400-CM-0002");
    assert_eq!(post("import", json!({ "Name": "none", "DryRun": true })).await.status, 404);
    let accepted = post("import", json!({ "Name": "s", "DryRun": true, "Hashes": true })).await;
    assert_eq!(accepted.status, 202);
    assert!(accepted.header("location").unwrap().ends_with("/alice/__import"));
    over(&running, "alice", JobKind::Check).await;
    let status = running.get("/alice/__import", &[AUTHORIZATION]).await.json();
    let told = &status["dry_run"];
    assert_eq!(
        (&status["status"], &told["outcome"], &told["name"]),
        (&json!("ready"), &json!("done"), &json!("s"))
    );
    assert_eq!((&told["importable"], &told["problems"]), (&json!(true), &json!([])), "{told}");
    assert_eq!((&told["counts"]["files"], &told["replaces"]["files"]), (&json!(1), &json!(1)));
    let keys = ["not_checked", "unsupported", "source", "lost", "conflicts", "rewrites", "space"];
    assert!(keys.iter().all(|key| !told[*key].is_null()), "{told}");
    // Whoever listens is told the same.
    let only = events(&running.get("/alice/__import", &[AUTHORIZATION, EVENTS]).await);
    assert_eq!(only, [("end".to_owned(), status)]);

    // While it runs it looks like an import, and excludes one.
    let held = Held::start(&running, "alice", JobKind::Check);
    let status = running.get("/alice/__import", &[AUTHORIZATION]).await.json();
    assert_eq!((&status["status"], &status["dry_run"]), (&json!("importation in progress"), &json!(true)));
    assert_eq!(status["importation_name"], "held");
    assert_eq!(post("import", json!({ "Name": "s" })).await.code(), "PR409-CM-0002");
    assert_eq!(running.send("DELETE", "/alice/__import", &[AUTHORIZATION], b"").await.status, 204);
    assert!(held.progress.is_cancelled());
    let status = running.get("/alice/__import", &[AUTHORIZATION]).await.json();
    assert_eq!(status["dry_run"]["outcome"], "cancelled");
    // An import that is begun makes what was found beforehand a thing of the past.
    assert_eq!(post("import", json!({ "Name": "s" })).await.status, 202);
    over(&running, "alice", JobKind::Import).await;
    assert_eq!(running.get("/alice/__import", &[AUTHORIZATION]).await.json(), json!({ "status": "ready" }));
    let history = running.get("/alice/__import/history", &[AUTHORIZATION]).await.json();
    let kinds: Vec<&str> =
        history["history"].as_array().unwrap().iter().map(|past| past["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["import", "check", "check"]);
}
