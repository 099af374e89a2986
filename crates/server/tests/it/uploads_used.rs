//! What comes of snapshots that were sent in parts: they are as those that were sent at once, and not there before.

use saibo_core::job::JobKind;
use serde_json::{Value, json};

use crate::cli::{AUTHORIZATION, cell_with_a_file, found, noise};
use crate::jobs::over;
use crate::support::{Answer, Running};
use crate::uploads::{TUS, begin, begun_as, metadata, offset, part};

const PUBLIC: &str = "age1zvkyg2lqzraa2lnjvqej32nkuu0ues2s82hzrye869xeexvn73equnujwj";
const SECRET: &str = "AGE-SECRET-KEY-1GFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPQ4EGAEX";

async fn post(running: &Running, path: &str, body: &Value) -> Answer {
    let headers = [AUTHORIZATION, ("Content-Type", "application/json")];
    running.send("POST", path, &headers, body.to_string().as_bytes()).await
}

/// The snapshot of a Cell that is asked for.
async fn exported(running: &Running, file: &str, body: &Value) -> Vec<u8> {
    assert_eq!(post(running, "/alice/__export", body).await.status, 202);
    over(running, "alice", JobKind::Export).await;
    let answer = running.get(&format!("/alice/__snapshot/{file}"), &[AUTHORIZATION]).await;
    assert_eq!(answer.status, 200);
    answer.body
}

/// Whether anything shows a snapshot of a name, which is not there yet.
async fn assert_unseen(running: &Running, cell: &str, file: &str, import: &Value) {
    let path = format!("/{cell}/__snapshot");
    let list = running.send("PROPFIND", &path, &[AUTHORIZATION, ("Depth", "1")], b"").await;
    assert_eq!(list.status, 207);
    assert!(!String::from_utf8(list.body).unwrap().contains(file), "{file} is listed");
    let path = format!("{path}/{file}");
    for (method, header) in [("GET", ("Accept", "*/*")), ("PROPFIND", ("Depth", "0")), ("DELETE", TUS)] {
        assert_eq!(running.send(method, &path, &[AUTHORIZATION, header], b"").await.status, 404, "{method}");
    }
    assert_eq!(post(running, &format!("/{cell}/__import"), import).await.status, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_encrypted_snapshot_with_a_copy_to_read_is_sent_and_imported() {
    let running = Running::start(|_| ()).await;
    cell_with_a_file(&running, "alice", 100_000).await;
    let body = json!({ "Name": "s", "Readable": true, "Encrypt": { "Recipients": [PUBLIC] } });
    let file = exported(&running, "s.zip.age", &body).await;
    found(&running, "bob");
    let import = json!({ "Name": "s", "Identity": SECRET });
    let path = begun_as(&running, "bob", "s.zip.age", file.len()).await;
    assert_unseen(&running, "bob", "s.zip.age", &import).await;
    let mut from = 0;
    for to in [1, 60_000, file.len() - 1] {
        assert_eq!(part(&running, &path, &from.to_string(), &[], &file[from..to]).await.status, 204);
        assert_unseen(&running, "bob", "s.zip.age", &import).await;
        from = to;
    }
    let last = part(&running, &path, &from.to_string(), &[], &file[from..]).await;
    assert_eq!((last.status, offset(&running, &path).await), (204, Some(file.len() as u64)));
    assert!(running.get("/bob/__snapshot/s.zip.age", &[AUTHORIZATION]).await.body == file);
    assert_eq!(post(&running, "/bob/__import", &import).await.status, 202);
    over(&running, "bob", JobKind::Import).await;
    assert_eq!(running.get("/bob/__/photo.jpg", &[AUTHORIZATION]).await.body, noise(100_000));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_takes_the_place_of_a_base_is_none() {
    let running = Running::start(|_| ()).await;
    cell_with_a_file(&running, "alice", 1000).await;
    let file = exported(&running, "base.zip", &json!({ "Name": "base" })).await;
    let path = begun_as(&running, "alice", "base.zip", file.len()).await;
    let (first, rest) = file.split_at(500);
    assert_eq!(part(&running, &path, "0", &[], first).await.status, 204);
    // Up to the last byte the one that is there stays what it was.
    exported(&running, "one.zip", &json!({ "Name": "one", "Since": "base" })).await;
    assert_eq!(part(&running, &path, "500", &[], rest).await.status, 204);
    assert!(running.get("/alice/__snapshot/base.zip", &[AUTHORIZATION]).await.body == file);
    let refused = post(&running, "/alice/__export", &json!({ "Name": "two", "Since": "base" })).await;
    assert_eq!((refused.status, refused.code().as_str()), (409, "PR409-MC-0005"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cell_has_so_many_and_what_is_kept_no_longer_is_not_found() {
    let running = Running::start(|config| config.limits.uploads_per_cell = 1).await;
    found(&running, "a");
    found(&running, "b");
    let path = begun_as(&running, "a", "s.zip", 10).await;
    let refused = begin(&running, "a", "10", &metadata("t.zip", "")).await;
    assert_eq!((refused.status, refused.code().as_str()), (503, "PR503-SV-0001"));
    begun_as(&running, "b", "s.zip", 10).await;
    let wrong = part(&running, &path, "3", &[], b"x").await;
    assert_eq!((wrong.status, wrong.code().as_str()), (409, "PR409-MC-0007"));
    assert_eq!(running.send("DELETE", &path, &[AUTHORIZATION, TUS], b"").await.status, 204);
    begun_as(&running, "a", "t.zip", 10).await;

    let forgetful = Running::start(|config| config.cell.uploads_kept_hours = 0).await;
    found(&forgetful, "a");
    let path = begun_as(&forgetful, "a", "s.zip", 10).await;
    assert_eq!(part(&forgetful, &path, "0", &[], b"x").await.status, 404);
    assert_eq!(offset(&forgetful, &path).await, None);
}
