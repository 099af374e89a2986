//! Cells that move from one unit to another, over HTTP and by command.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use saibo_core::job::JobKind;
use serde_json::{Value, json};

use crate::cli::{AUTHORIZATION, cell_with_a_file, found, noise, saibo};
use crate::jobs::over;
use crate::support::{Answer, Running, send};
use crate::two_units::{furnish_host, given};

async fn unit() -> Running {
    Running::start(|config| {
        config.unit.moves_to_private_addresses = true;
        config.unit.messages_to_private_addresses = true;
    })
    .await
}

pub(crate) fn url(running: &Running, cell: &str) -> String {
    format!("http://{}/{cell}/", running.authority())
}

pub(crate) async fn post(running: &Running, path: &str, body: &Value) -> Answer {
    let headers = [AUTHORIZATION, ("Content-Type", "application/json")];
    running.send("POST", path, &headers, body.to_string().as_bytes()).await
}

pub(crate) async fn wait_for_move(running: &Running, cell: &str) -> Value {
    let unit = &running.unit.app().unit;
    let id = unit.cell_or_moved(cell).unwrap().id().clone();
    while unit.jobs().running(&id, JobKind::Move).is_some() {
        tokio::time::sleep(std::time::Duration::from_millis(2)).await;
    }
    running.get(&format!("/{cell}/__move"), &[AUTHORIZATION]).await.json()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cell_moves_and_its_old_url_leads_to_the_new_one() {
    let (old, new) = (unit().await, unit().await);
    cell_with_a_file(&old, "alice", 300_000).await;
    let to = url(&new, "alice");
    let begun = post(&old, "/alice/__move", &json!({ "To": to, "Token": "token" })).await;
    assert_eq!(begun.status, 202, "{begun:?}");
    let moved = wait_for_move(&old, "alice").await;
    assert_eq!((moved["status"].as_str(), moved["moved_to"].as_str()), (Some("moved"), Some(to.as_str())));

    assert_eq!(new.get("/alice/__/photo.jpg", &[AUTHORIZATION]).await.body, noise(300_000));
    for (method, path, location) in [
        ("GET", "/alice/__/photo.jpg?x=%20y", "__/photo.jpg?x=%20y"),
        ("PUT", "/alice/__/new", "__/new"),
        ("POST", "/alice/__ctl/Role", "__ctl/Role"),
        ("PROPFIND", "/alice/__/", "__/"),
        ("GET", "/alice", ""),
        ("POST", "/alice/__token", "__token"),
        ("POST", "/alice/__export", "__export"),
        ("DELETE", "/alice/__ctl/Role('a%2Fb')", "__ctl/Role('a%2Fb')"),
    ] {
        let answer = old.send(method, path, &[AUTHORIZATION], b"").await;
        assert_eq!((answer.status, answer.code().as_str()), (308, "PR308-MC-0001"), "{method} {path}");
        assert_eq!(answer.header("location"), Some(format!("{to}{location}").as_str()));
    }
    // Anybody may know.
    assert_eq!(old.get("/alice/__move", &[]).await.json()["moved_to"], to.as_str());
    // Nothing of what was sent is left on either side.
    for running in [&old, &new] {
        let unit = &running.unit.app().unit;
        let id = unit.cell_or_moved("alice").unwrap().id().clone();
        assert_eq!(saibo_core::snapshot::list(unit, &id).unwrap(), []);
    }

    // What it has left behind can be deleted, and then nothing leads anywhere.
    let recursive = ("X-Personium-Recursive", "true");
    assert_eq!(old.send("DELETE", "/alice", &[AUTHORIZATION, recursive], b"").await.status, 204);
    assert_eq!(old.get("/alice/__/photo.jpg", &[AUTHORIZATION]).await.status, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_that_is_written_meanwhile_is_lost() {
    let (old, new) = (unit().await, unit().await);
    cell_with_a_file(&old, "alice", 20_000_000).await;
    let done = Arc::new(AtomicBool::new(false));
    let writers: Vec<_> = (0..3)
        .map(|writer| {
            let (address, authority) = (old.unit.address(), old.authority());
            let done = done.clone();
            tokio::spawn(async move {
                let mut written = HashMap::new();
                for turn in 0.. {
                    if done.load(Ordering::Relaxed) {
                        break;
                    }
                    let path = format!("/alice/__/w{writer}-{}.txt", turn % 100);
                    let headers = [("Host", authority.as_str()), AUTHORIZATION];
                    let body = format!("{turn}");
                    let answer = send(address, "PUT", &path, &headers, body.as_bytes()).await;
                    if answer.status == 308 {
                        assert!(answer.header("location").unwrap().ends_with(&path[1..]), "{answer:?}");
                        break;
                    }
                    assert!(matches!(answer.status, 201 | 204), "{answer:?}");
                    written.insert(path, body);
                }
                written
            })
        })
        .collect();
    let body = json!({ "To": url(&new, "alice"), "Token": "token" });
    assert_eq!(post(&old, "/alice/__move", &body).await.status, 202);
    assert_eq!(wait_for_move(&old, "alice").await["status"], "moved");
    done.store(true, Ordering::Relaxed);
    let mut count = 0;
    for writer in writers {
        for (path, body) in writer.await.unwrap() {
            assert_eq!(new.get(&path, &[AUTHORIZATION]).await.body, body.as_bytes(), "{path}");
            count += 1;
        }
    }
    assert!(count > 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_move_that_cannot_be_changes_nothing() {
    let (old, new) = (unit().await, unit().await);
    cell_with_a_file(&old, "alice", 1000).await;
    found(&new, "taken");
    for (body, code) in [
        (json!({}), "PR400-CM-0001"),
        (json!({ "To": url(&new, "a") }), "PR400-CM-0001"),
        (json!({ "To": "file:///etc/", "Token": "t" }), "PR400-CM-0002"),
        (json!({ "To": url(&old, "alice"), "Token": "t" }), "PR400-CM-0002"),
        (json!({ "To": url(&new, "a"), "From": url(&new, "a"), "Token": "t" }), "PR400-CM-0001"),
    ] {
        let refused = post(&old, "/alice/__move", &body).await;
        assert_eq!(refused.code(), code, "{body}");
    }
    for (to, token, why) in [
        (url(&new, "taken"), "token", "already"),
        (url(&new, "alice"), "wrong", "401"),
        ("http://localhost:1/alice/".to_owned(), "token", "refused"),
    ] {
        let body = json!({ "To": to, "Token": token });
        assert_eq!(post(&old, "/alice/__move", &body).await.status, 202);
        let failed = wait_for_move(&old, "alice").await;
        assert_eq!(failed["status"], "move failed", "{failed}");
        assert!(failed["message"]["message"]["value"].as_str().unwrap().contains(why), "{failed}");
        assert!(!failed.to_string().contains("Bearer"));
    }
    assert_eq!(old.get("/alice/__/photo.jpg", &[AUTHORIZATION]).await.status, 200);
    // Into one that is there, if that is what is wanted; within one unit, too.
    let body = json!({ "To": url(&new, "taken"), "Token": "token", "Replace": true });
    assert_eq!(post(&old, "/alice/__move", &body).await.status, 202);
    assert_eq!(wait_for_move(&old, "alice").await["status"], "moved");
    assert_eq!(new.get("/taken/__/photo.jpg", &[AUTHORIZATION]).await.body, noise(1000));
    let body = json!({ "To": url(&new, "again"), "Token": "token" });
    assert_eq!(post(&new, "/taken/__move", &body).await.status, 202);
    assert_eq!(wait_for_move(&new, "taken").await["status"], "moved");
    assert_eq!(new.get("/again/__/photo.jpg", &[AUTHORIZATION]).await.body, noise(1000));
}

#[tokio::test(flavor = "multi_thread")]
async fn private_addresses_take_the_operators_leave() {
    let (old, new) = (Running::start(|_| ()).await, unit().await);
    cell_with_a_file(&old, "alice", 1000).await;
    let body = json!({ "To": url(&new, "alice"), "Token": "token" });
    assert_eq!(post(&old, "/alice/__move", &body).await.status, 202);
    assert_eq!(wait_for_move(&old, "alice").await["status"], "move failed");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_move_is_taken_back() {
    let (old, new) = (unit().await, unit().await);
    cell_with_a_file(&old, "alice", 1000).await;
    assert_eq!(post(&old, "/alice/__move", &json!({ "Undo": true })).await.status, 404);
    let body = json!({ "To": url(&new, "alice"), "Token": "token" });
    post(&old, "/alice/__move", &body).await;
    wait_for_move(&old, "alice").await;
    assert_eq!(post(&old, "/alice/__move", &json!({ "Undo": true })).await.status, 204);
    let put = old.send("PUT", "/alice/__/later", &[AUTHORIZATION], b"here").await;
    assert_eq!(put.status, 201);
    over(&old, "alice", JobKind::Move).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_command_moves_a_cell() {
    let (old, new) = (unit().await, unit().await);
    cell_with_a_file(&old, "alice", 100_000).await;
    let (from, to) = (url(&old, "alice"), url(&new, "alice"));
    let arguments = ["cell", "move", &from, &to, "--new-token", "token"];
    let ran = tokio::task::block_in_place(|| saibo(arguments));
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(ran.out.contains("has moved to"), "{ran:?}");
    let again = tokio::task::block_in_place(|| saibo(arguments));
    assert_eq!(again.code, 1);
    assert!(again.err.contains("has moved to"), "{again:?}");
    let undone = tokio::task::block_in_place(|| saibo(["cell", "move", &from, "--undo"]));
    assert_eq!(undone.code, 0, "{undone:?}");
    assert_eq!(old.get("/alice/__/photo.jpg", &[AUTHORIZATION]).await.status, 200);
}

/// What a Cell says of its Account alice to another.
async fn assertion(unit: &Running, cell: &str, target: &str) -> String {
    let login = format!("grant_type=password&username=alice&password=password1&p_target={target}");
    let form = ("Content-Type", "application/x-www-form-urlencoded");
    let answer = unit.send("POST", &format!("/{cell}/__token"), &[form], login.as_bytes()).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.json()["access_token"].as_str().unwrap().to_owned()
}

async fn status(unit: &Running, path: &str, token: &str) -> u16 {
    unit.get(path, &[("Authorization", &format!("Bearer {token}"))]).await.status
}

#[tokio::test(flavor = "multi_thread")]
async fn what_others_made_out_for_the_old_url_goes_on_to_count() {
    let certificate = |unit: &Running| unit.unit.app().data.path().join("unit.crt");
    let (old, sender) = (unit().await, unit().await);
    let trusted = vec![certificate(&old), certificate(&sender)];
    let new = Running::start(|config| {
        config.unit.moves_to_private_addresses = true;
        config.unit.trusted_certificates = trusted;
    })
    .await;
    let trusted = vec![certificate(&old), certificate(&new)];
    let third = Running::start(|config| {
        config.unit.moves_to_private_addresses = true;
        config.unit.trusted_certificates = trusted;
    })
    .await;
    found(&old, "alice");
    given(&old, "POST", "/alice/__ctl/Account", r#"{"Name":"alice"}"#).await;
    let (before, after) = (url(&old, "alice"), url(&new, "alice"));
    // One Cell of the old unit and one of another know it under its URL; of a third nobody has heard.
    furnish_host(&old, &before).await;
    furnish_host(&third, &before).await;
    let hosts = [(&old, url(&old, "host")), (&third, url(&third, "host"))];
    for (unit, host) in &hosts {
        assert_eq!(status(unit, "/host/__/file", &assertion(&old, "alice", host).await).await, 200);
    }
    // Made out for it, before it moved.
    given(&old, "PUT", "/alice/__/file", "text").await;
    given(&old, "POST", "/host/__ctl/Account", r#"{"Name":"alice"}"#).await;
    let earlier = assertion(&old, "host", &before).await;
    assert_eq!(status(&old, "/alice/__/file", &earlier).await, 403, "it is known who that is");

    assert_eq!(post(&old, "/alice/__move", &json!({ "To": after, "Token": "token" })).await.status, 202);
    assert_eq!(wait_for_move(&old, "alice").await["status"], "moved");
    assert_eq!(new.get("/alice/__move/former", &[]).await.json(), json!({ "former": [before] }));
    assert_eq!(status(&new, "/alice/__/file", &earlier).await, 403, "it is known who that is");
    // The old unit does not believe the new one, whatever has moved there.
    assert_eq!(status(&old, "/host/__/file", &assertion(&new, "alice", &hosts[0].1).await).await, 401);
    for (unit, host) in &hosts[1..] {
        assert_eq!(status(unit, "/host/__/file", &assertion(&new, "alice", host).await).await, 200, "{host}");
        // Of somebody else who claims that nothing is believed.
        found(&new, "mallory");
        given(&new, "POST", "/mallory/__ctl/Account", r#"{"Name":"alice"}"#).await;
        assert_eq!(status(unit, "/host/__/file", &assertion(&new, "mallory", host).await).await, 403);
        given(&new, "DELETE", "/mallory/__ctl/Account('alice')", "").await;
        new.send("DELETE", "/mallory", &[AUTHORIZATION, ("X-Personium-Recursive", "true")], b"").await;
    }
    let claimed = post(&new, "/alice/__move", &json!({ "From": url(&third, "host") })).await;
    assert_eq!(claimed.code(), "PR400-CM-0002");

    // Messages follow, from there and from elsewhere.
    found(&sender, "host");
    for unit in [&old, &sender] {
        let message = json!({ "To": before, "Type": "message", "Title": "hello" });
        let sent = post(unit, "/host/__message/send", &message).await.json();
        assert_eq!(sent["d"]["results"]["Result"][0]["Code"], "201", "{sent}");
    }
    let received =
        new.get("/alice/__ctl/ReceivedMessage", &[AUTHORIZATION, ("Accept", "application/json")]).await;
    assert_eq!(received.json()["d"]["results"].as_array().unwrap().len(), 2);
}
