//! Exports of some Boxes and without passwords, over HTTP and by command.

use saibo_core::job::JobKind;
use serde_json::{Value, json};

use crate::cli::{AUTHORIZATION, found, saibo, text};
use crate::jobs::over;
use crate::support::Running;

const JSON: (&str, &str) = ("Content-Type", "application/json");

async fn post(running: &Running, path: &str, body: &Value) -> crate::support::Answer {
    running.send("POST", path, &[AUTHORIZATION, JSON], body.to_string().as_bytes()).await
}

/// A Cell with an Account and two Boxes with a file each.
pub(crate) async fn cell_with_boxes(running: &Running) {
    found(running, "alice");
    let password = ("X-Personium-Credential", "password1");
    let account = json!({ "Name": "me" }).to_string();
    let headers = [AUTHORIZATION, JSON, password];
    let made = running.send("POST", "/alice/__ctl/Account", &headers, account.as_bytes()).await;
    assert_eq!(made.status, 201);
    for name in ["one", "two"] {
        assert_eq!(post(running, "/alice/__ctl/Box", &json!({ "Name": name })).await.status, 201);
        let path = format!("/alice/{name}/file");
        assert_eq!(running.send("PUT", &path, &[AUTHORIZATION], name.as_bytes()).await.status, 201);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn some_boxes_are_exported() {
    let running = Running::start(|_| ()).await;
    cell_with_boxes(&running).await;
    for (body, code) in [
        (json!({ "Boxes": ["one", "three"] }), "PR400-MC-0005"),
        (json!({ "Boxes": [] }), "PR400-CM-0002"),
        (json!({ "Boxes": "one" }), "PR400-CM-0002"),
        (json!({ "Boxes": [1] }), "PR400-CM-0002"),
        (json!({ "Credentials": "no" }), "PR400-CM-0002"),
        (json!({ "Readable": 1 }), "PR400-CM-0002"),
    ] {
        let refused = post(&running, "/alice/__export", &body).await;
        assert_eq!((refused.status, refused.code().as_str()), (400, code), "{body}");
    }
    let body = json!({ "Name": "some", "Boxes": ["one"], "Credentials": false });
    assert_eq!(post(&running, "/alice/__export", &body).await.status, 202);
    over(&running, "alice", JobKind::Export).await;
    let file = running.get("/alice/__snapshot/some.zip", &[AUTHORIZATION]).await.body;
    found(&running, "bob");
    let put = running.send("PUT", "/bob/__snapshot/some.zip", &[AUTHORIZATION], &file).await;
    assert_eq!(put.status, 201);
    assert_eq!(post(&running, "/bob/__import", &json!({ "Name": "some" })).await.status, 202);
    over(&running, "bob", JobKind::Import).await;
    assert_eq!(running.get("/bob/one/file", &[AUTHORIZATION]).await.body, b"one");
    assert_eq!(running.get("/bob/two/file", &[AUTHORIZATION]).await.status, 404);
    let login = b"grant_type=password&username=me&password=password1";
    for (cell, status) in [("alice", 200), ("bob", 400)] {
        let form = [("Content-Type", "application/x-www-form-urlencoded")];
        let answer = running.send("POST", &format!("/{cell}/__token"), &form, login).await;
        assert_eq!(answer.status, status, "{cell}: {answer:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_command_exports_some_boxes_and_shows_what_was_left_out() {
    let running = Running::start(|_| ()).await;
    cell_with_boxes(&running).await;
    let folder = tempfile::tempdir().unwrap();
    let (unit, file) = (format!("http://{}/", running.authority()), folder.path().join("some.zip"));
    let target = ["cell", "export", "--unit", &unit, "--cell", "alice", "--out", text(&file)];
    let [a, b, c, d, e, f, g, h] = target;
    let wrong = saibo([a, b, c, d, e, f, g, h, "--box", "three"]);
    assert_eq!(wrong.code, 1);
    assert!(wrong.err.contains("'three'") && wrong.err.contains("PR400-MC-0005"), "{}", wrong.err);
    let done = saibo([a, b, c, d, e, f, g, h, "--box", "one", "--box", "__", "--without-credentials"]);
    assert_eq!(done.code, 0, "{done:?}");
    let shown = saibo(["snapshot", "show", text(&file)]);
    assert!(
        shown.out.contains("only the Boxes __, one") && shown.out.contains("without passwords"),
        "{shown:?}"
    );
    let shown: Value = serde_json::from_str(&saibo(["snapshot", "show", "--json", text(&file)]).out).unwrap();
    assert_eq!(shown["selection"], json!({ "boxes": ["__", "one"], "credentials": false }));
    assert_eq!(saibo(["snapshot", "verify", text(&file)]).code, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_snapshot_is_put_beside_what_is_there() {
    let running = Running::start(|_| ()).await;
    cell_with_boxes(&running).await;
    assert_eq!(post(&running, "/alice/__export", &json!({ "Name": "s" })).await.status, 202);
    over(&running, "alice", JobKind::Export).await;
    let put = async |path: &str, text: &[u8]| {
        assert!(running.send("PUT", path, &[AUTHORIZATION], text).await.status < 300);
    };
    put("/alice/one/file", b"changed").await;
    put("/alice/two/file", b"changed").await;
    put("/alice/one/later", b"later").await;
    for (body, code) in [
        (json!({ "Name": "s", "Mode": "both" }), "PR400-CM-0002"),
        (json!({ "Name": "s", "Boxes": ["one"] }), "PR400-CM-0001"),
        (json!({ "Name": "s", "Mode": "skip", "Boxes": ["three"] }), "PR400-MC-0005"),
    ] {
        let refused = post(&running, "/alice/__import", &body).await;
        assert_eq!((refused.status, refused.code().as_str()), (400, code), "{body}");
    }
    let body = json!({ "Name": "s", "Mode": "overwrite", "Boxes": ["one"], "DryRun": true });
    assert_eq!(post(&running, "/alice/__import", &body).await.status, 202);
    over(&running, "alice", JobKind::Check).await;
    let told = running.get("/alice/__import", &[AUTHORIZATION]).await.json();
    assert_eq!(told["dry_run"]["effects"]["replaced"], json!({ "file": 1 }), "{told}");
    assert_eq!(running.get("/alice/one/file", &[AUTHORIZATION]).await.body, b"changed");
    let body = json!({ "Name": "s", "Mode": "overwrite", "Boxes": ["one"] });
    assert_eq!(post(&running, "/alice/__import", &body).await.status, 202);
    over(&running, "alice", JobKind::Import).await;
    let told = running.get("/alice/__import", &[AUTHORIZATION]).await.json();
    assert_eq!(told["last"]["effects"]["replaced"], json!({ "file": 1 }), "{told}");
    let history = running.get("/alice/__import/history", &[AUTHORIZATION]).await.json();
    assert_eq!(history["history"][0]["effects"], told["last"]["effects"], "{history}");
    for (path, text) in [("one/file", "one"), ("two/file", "changed"), ("one/later", "later")] {
        assert_eq!(running.get(&format!("/alice/{path}"), &[AUTHORIZATION]).await.body, text.as_bytes());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_command_imports_beside_what_is_there() {
    let running = Running::start(|_| ()).await;
    cell_with_boxes(&running).await;
    let folder = tempfile::tempdir().unwrap();
    let (unit, file) = (format!("http://{}/", running.authority()), folder.path().join("all.zip"));
    assert_eq!(saibo(["cell", "export", "--unit", &unit, "--cell", "alice", "--out", text(&file)]).code, 0);
    running.send("PUT", "/alice/one/file", &[AUTHORIZATION], b"changed").await;
    let import = ["cell", "import", "--unit", &unit, "--cell", "alice", text(&file)];
    let [a, b, c, d, e, f, g] = import;
    assert_eq!(saibo([a, b, c, d, e, f, g, "--box", "one"]).code, 2, "only with a mode");
    let dry = saibo([a, b, c, d, e, f, g, "--mode", "skip", "--dry-run"]);
    assert!(dry.code == 0 && dry.out.contains("skipped") && dry.out.contains("file 2"), "{dry:?}");
    let done = saibo([a, b, c, d, e, f, g, "--mode", "merge", "--box", "one"]);
    assert!(done.code == 0 && done.out.contains("merged         file 1"), "{done:?}");
    assert_eq!(running.get("/alice/one/file", &[AUTHORIZATION]).await.body, b"one");
}
