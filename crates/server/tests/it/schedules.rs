//! Schedules of exports over HTTP and by command. The time is the tests'.

use std::time::{Duration, Instant};

use saibo_core::schedule::tick;
use serde_json::{Value, json};

use crate::cli::{AUTHORIZATION, cell_with_a_file, found, saibo};
use crate::support::{Answer, Running};

const PATH: &str = "/alice/__export/schedule";

async fn put(running: &Running, body: &Value) -> Answer {
    let headers = [AUTHORIZATION, ("Content-Type", "application/json")];
    running.send("PUT", PATH, &headers, body.to_string().as_bytes()).await
}

async fn get(running: &Running) -> Value {
    let answer = running.get(PATH, &[AUTHORIZATION]).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.json()
}

/// Runs what is due a year from now, and waits until it has ended.
async fn run(running: &Running, years: i64) -> Value {
    let unit = running.unit.app().unit.clone();
    let now = saibo_core::clock::now() + years * 366 * 24 * 3_600_000;
    let begun = Instant::now();
    loop {
        let unit = unit.clone();
        tokio::task::spawn_blocking(move || tick(&unit, now)).await.unwrap().unwrap();
        let standing = get(running).await;
        if standing["running"].is_null() {
            return standing;
        }
        assert!(begun.elapsed() < Duration::from_secs(60), "{standing}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_set_shown_and_removed() {
    let running = Running::start(|_| ()).await;
    cell_with_a_file(&running, "alice", 1000).await;
    let none = running.get(PATH, &[AUTHORIZATION]).await;
    assert_eq!((none.status, none.code().as_str()), (404, "PR404-DV-0001"));
    let set = put(&running, &json!({ "Cron": "0 0 1 1 *", "Incremental": true, "Keep": 3 })).await;
    assert_eq!(set.status, 201, "{set:?}");
    let told = set.json();
    assert!(told["next_at"].as_str().unwrap().ends_with("-01-01T00:00:00.000Z"), "{told}");
    assert_eq!(told, get(&running).await);
    let expected = json!({
        "Cron": "0 0 1 1 *", "Incremental": true, "Keep": 3, "Credentials": true, "Readable": false, "FullEvery": 7,
        "next_at": told["next_at"], "kept": [],
    });
    assert_eq!(told, expected);
    let done = run(&running, 1).await;
    let name = done["last"]["name"].as_str().unwrap().to_owned();
    assert_eq!(done["last"]["outcome"], "done", "{done}");
    assert_eq!(
        (&done["last"]["incremental"], &done["kept"]),
        (&json!(false), &json!([format!("{name}.zip")]))
    );
    let history = running.get("/alice/__export/history", &[AUTHORIZATION]).await.json();
    assert_eq!(history["history"][0]["name"], json!(name), "it is an export like any other");
    let next = run(&running, 2).await;
    assert_eq!((&next["last"]["incremental"], next["kept"].as_array().unwrap().len()), (&json!(true), 2));

    let set = put(&running, &json!({ "Cron": "@monthly", "Boxes": ["__"], "Credentials": false })).await;
    assert_eq!(
        (set.status, set.json()["kept"].as_array().unwrap().len()),
        (200, 2),
        "what came of it stays its own"
    );
    let options = running.send("OPTIONS", PATH, &[AUTHORIZATION], b"").await;
    assert_eq!(options.header("allow"), Some("OPTIONS, GET, PUT, DELETE"));
    let post = running.send("POST", PATH, &[AUTHORIZATION], b"{}").await;
    assert_eq!(post.status, 405);
    for status in [204, 404] {
        let gone = running.send("DELETE", PATH, &[AUTHORIZATION], b"").await;
        assert_eq!(gone.status, status);
    }
    assert_eq!(running.get(&format!("/alice/__snapshot/{name}.zip"), &[AUTHORIZATION]).await.status, 200);
    assert!(running.unit.stop().await, "nothing hangs");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_is_said() {
    let running = Running::start(|config| config.limits.schedule_minutes = 60).await;
    found(&running, "alice");
    for (body, code) in [
        (json!({}), "PR400-CM-0001"),
        (json!({ "Cron": null }), "PR400-CM-0001"),
        (json!({ "Cron": 3 }), "PR400-CM-0002"),
        (json!({ "Cron": "0 0 30 2 *" }), "PR400-CM-0002"),
        (json!({ "Cron": "*/30 * * * *" }), "PR400-CM-0002"),
        (json!({ "Cron": "@daily", "Keep": 0 }), "PR400-CM-0002"),
        (json!({ "Cron": "@daily", "Keep": -1 }), "PR400-CM-0002"),
        (json!({ "Cron": "@daily", "Keep": 1.5 }), "PR400-CM-0002"),
        (json!({ "Cron": "@daily", "Keep": "3" }), "PR400-CM-0002"),
        (json!({ "Cron": "@daily", "Incremental": "yes" }), "PR400-CM-0002"),
        (json!({ "Cron": "@daily", "FullEvery": 3 }), "PR400-CM-0002"),
        (json!({ "Cron": "@daily", "Incremental": true, "Boxes": ["__"] }), "PR400-CM-0002"),
        (json!({ "Cron": "@daily", "Boxes": ["nobox"] }), "PR400-MC-0005"),
        (json!({ "Cron": "@daily", "Recipients": ["age1no"] }), "PR400-MC-0006"),
        // A secret would have to be kept, and what is not known may be meant to matter.
        (json!({ "Cron": "@daily", "Encrypt": { "Passphrase": "a long one" } }), "PR400-CM-0003"),
        (json!({ "Cron": "@daily", "Passphrase": "a long one" }), "PR400-CM-0003"),
        (json!({ "Cron": "@daily", "Name": "a" }), "PR400-CM-0003"),
        (json!({ "Cron": "@daily", "Since": "a" }), "PR400-CM-0003"),
        (json!({ "Cron": "@daily", "TimeZone": "Asia/Tokyo" }), "PR400-CM-0003"),
        (json!([]), "PR400-CM-0004"),
    ] {
        let refused = put(&running, &body).await;
        assert_eq!((refused.status, refused.code().as_str()), (400, code), "{body}");
    }
    let refused = put(&running, &json!({ "Cron": "*/30 * * * *" })).await;
    assert!(String::from_utf8_lossy(&refused.body).contains("every 60 minutes"), "{refused:?}");
    let empty = running.send("PUT", PATH, &[AUTHORIZATION], b"").await;
    assert_eq!(empty.status, 400);
    assert_eq!(running.get(PATH, &[AUTHORIZATION]).await.status, 404);
    assert_eq!(put(&running, &json!({ "Cron": "@hourly" })).await.status, 201);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_command_sets_shows_and_removes_it() {
    let running = Running::start(|_| ()).await;
    cell_with_a_file(&running, "alice", 1000).await;
    let unit = format!("http://{}/", running.authority());
    let [a, b, c, d, e, f] = ["cell", "schedule", "--unit", &unit, "--cell", "alice"];
    let none = saibo([a, b, c, d, e, f, "--show"]);
    assert!(none.code == 1 && none.err.contains("has no schedule"), "{none:?}");
    let (cron, keep) = (["--cron", "0 3 * * *"], ["--keep", "5"]);
    let set = saibo([a, b, c, d, e, f].into_iter().chain(cron).chain(keep).chain([
        "--incremental",
        "--full-every",
        "4",
    ]));
    assert!(set.code == 0 && set.out.contains("each 4. time everything"), "{set:?}");
    assert!(set.out.contains("the last 5; there are 0 snapshots now"), "{set:?}");
    run(&running, 1).await;
    let shown = saibo([a, b, c, d, e, f, "--show"]);
    assert!(
        shown.code == 0 && shown.out.contains("done") && shown.out.contains("is 1 snapshot"),
        "{shown:?}"
    );
    let set =
        saibo([a, b, c, d, e, f, "--cron", "@daily", "--box", "__", "--without-credentials", "--readable"]);
    assert!(
        set.code == 0 && set.out.contains("the Boxes __, without passwords' hashes, with a copy"),
        "{set:?}"
    );
    for wrong in [
        &["--cron", "0 0 30 2 *"][..],
        &["--cron", "@daily", "--recipient", "age1no"],
        &["--cron", "@daily", "--show"],
        &["--show", "--remove"],
        &["--keep", "3"],
        &["--cron", "@daily", "--full-every", "3"],
        &["--cron", "@daily", "--incremental", "--readable"],
        &[],
    ] {
        let refused = saibo([a, b, c, d, e, f].into_iter().chain(wrong.iter().copied()));
        assert_ne!(refused.code, 0, "{wrong:?}: {refused:?}");
    }
    let removed = saibo([a, b, c, d, e, f, "--remove"]);
    assert!(removed.code == 0 && removed.out.contains("still there"), "{removed:?}");
    assert_eq!(saibo([a, b, c, d, e, f, "--remove"]).code, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_unit_runs_them_by_itself() {
    let running = Running::start(|_| ()).await;
    cell_with_a_file(&running, "alice", 1000).await;
    assert_eq!(put(&running, &json!({ "Cron": "@yearly" })).await.status, 201);
    // As if it had been due while the unit was stopped: its thread looks within a minute, and at what is due at once.
    let due = json!(1).to_string();
    let unit = running.unit.app().unit.clone();
    let id = unit.cell("alice").unwrap().id().clone();
    let text = {
        let key = id.clone();
        let register = unit.backend().register();
        saibo_store::StoreExt::read(&*register, |tx| tx.value("schedule", key.as_str())).unwrap().unwrap()
    };
    let mut record: Value = serde_json::from_str(&text).unwrap();
    record["next"] = json!(1);
    saibo_store::StoreExt::write(&*unit.backend().register(), move |tx| {
        tx.set_value("schedule", id.as_str(), Some(&record.to_string()))?;
        tx.set_value("due", id.as_str(), Some(&due))
    })
    .unwrap();
    drop(unit);
    let running = running.restarted().await;
    let begun = Instant::now();
    loop {
        let standing = get(&running).await;
        if standing["last"]["outcome"] == "done" {
            assert_eq!(standing["kept"].as_array().unwrap().len(), 1);
            break;
        }
        assert!(begun.elapsed() < Duration::from_secs(60), "{standing}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
