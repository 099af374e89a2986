//! Incremental snapshots over HTTP and by command.

use saibo_core::job::JobKind;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::cli::{AUTHORIZATION, cell_with_a_file, found, noise, saibo, text};
use crate::jobs::over;
use crate::support::{Answer, Running};
use crate::uploads::{begun_as, offset, part as sent_part};

async fn post(running: &Running, path: &str, body: &Value) -> Answer {
    let headers = [AUTHORIZATION, ("Content-Type", "application/json")];
    running.send("POST", path, &headers, body.to_string().as_bytes()).await
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_changed_is_exported_and_imported_with_its_base() {
    let running = Running::start(|_| ()).await;
    cell_with_a_file(&running, "alice", 100_000).await;
    assert_eq!(post(&running, "/alice/__export", &json!({ "Name": "base" })).await.status, 202);
    over(&running, "alice", JobKind::Export).await;
    running.send("PUT", "/alice/__/note.txt", &[AUTHORIZATION], b"later").await;
    for (body, status, code) in [
        (json!({ "Since": 1 }), 400, "PR400-CM-0002"),
        (json!({ "Since": "base", "Boxes": ["__"] }), 400, "PR400-CM-0002"),
        (json!({ "Since": "base", "Credentials": false }), 400, "PR400-CM-0002"),
        (json!({ "Since": "base", "Readable": true }), 400, "PR400-CM-0002"),
        (json!({ "Since": "nothing" }), 404, "PR404-DV-0001"),
    ] {
        let refused = post(&running, "/alice/__export", &body).await;
        assert_eq!((refused.status, refused.code().as_str()), (status, code), "{body}");
    }
    let body = json!({ "Name": "part", "Since": "base" });
    assert_eq!(post(&running, "/alice/__export", &body).await.status, 202);
    over(&running, "alice", JobKind::Export).await;
    let [base, part] = ["base", "part"].map(|name| format!("__snapshot/{name}.zip"));
    let base_file = running.get(&format!("/alice/{base}"), &[AUTHORIZATION]).await.body;
    let part_file = running.get(&format!("/alice/{part}"), &[AUTHORIZATION]).await.body;
    assert!(part_file.len() < 10_000 && base_file.len() > 100_000);

    found(&running, "bob");
    running.send("PUT", &format!("/bob/{part}"), &[AUTHORIZATION], &part_file).await;
    let refused = post(&running, "/bob/__import", &json!({ "Name": "part" })).await;
    assert_eq!((refused.status, refused.code().as_str()), (409, "PR409-MC-0006"));
    running.send("PUT", &format!("/bob/{base}"), &[AUTHORIZATION], &base_file).await;
    // It was sent there, so nobody knows what was changed since.
    let refused = post(&running, "/bob/__export", &json!({ "Since": "base" })).await;
    assert_eq!((refused.status, refused.code().as_str()), (409, "PR409-MC-0005"));
    assert_eq!(post(&running, "/bob/__import", &json!({ "Name": "part" })).await.status, 202);
    over(&running, "bob", JobKind::Import).await;
    assert_eq!(running.get("/bob/__/photo.jpg", &[AUTHORIZATION]).await.body, noise(100_000));
    assert_eq!(running.get("/bob/__/note.txt", &[AUTHORIZATION]).await.body, b"later");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_commands_make_show_and_check_them() {
    let running = Running::start(|_| ()).await;
    cell_with_a_file(&running, "alice", 50_000).await;
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| folder.path().join(name);
    let (base, part, last) = (file("base.zip"), file("part.zip"), file("last.zip"));
    let (base, part, last) = (text(&base), text(&part), text(&last));
    let unit = format!("http://{}/", running.authority());
    let [a, b, c, d, e, f] = ["cell", "export", "--unit", &unit, "--cell", "alice"];
    let export = |out: &str, name: &str, since: Option<&str>| {
        let done = match since {
            None => saibo([a, b, c, d, e, f, "--out", out, "--name", name, "--keep"]),
            Some(since) => {
                saibo([a, b, c, d, e, f, "--out", out, "--name", name, "--keep", "--since", since])
            }
        };
        assert_eq!(done.code, 0, "{done:?}");
    };
    export(base, "base", None);
    running.send("PUT", "/alice/__/note.txt", &[AUTHORIZATION], b"later").await;
    export(part, "part", Some("base"));
    running.send("DELETE", "/alice/__/photo.jpg", &[AUTHORIZATION], b"").await;
    export(last, "last", Some("part"));

    let both = [a, b, c, d, e, f, "--out", last, "--since", "base", "--readable"];
    assert!(saibo(both).err.contains("cannot be used with"));

    let shown = saibo(["snapshot", "show", last]);
    assert!(shown.code == 0 && shown.out.contains("since the snapshot part"), "{shown:?}");
    assert!(shown.out.contains("1 thing removed"), "{shown:?}");
    let shown: Value = serde_json::from_str(&saibo(["snapshot", "show", part, "--json"]).out).unwrap();
    assert_eq!(shown["base"]["name"], "base");
    let alone = saibo(["snapshot", "verify", last]);
    assert!(alone.code == 0 && alone.out.contains("to be put over the snapshot part"), "{alone:?}");
    let all = saibo(["snapshot", "verify", last, "--base", base, "--base", part]);
    assert!(all.code == 0 && all.out.matches("is intact").count() == 3, "{all:?}");
    let missing = saibo(["snapshot", "verify", last, "--base", base]);
    assert!(missing.code == 1 && missing.out.contains("the base part is MISSING"), "{missing:?}");
    let mut bytes = std::fs::read(base).unwrap();
    bytes[20_000] ^= 1;
    std::fs::write(base, bytes).unwrap();
    let damaged = saibo(["snapshot", "verify", part, "--base", base, "--json"]);
    let told: Value = serde_json::from_str(&damaged.out).unwrap();
    assert!(damaged.code == 1 && told["bases"][0]["intact"] == false, "{damaged:?}");
    let checked = saibo(["snapshot", "check", part]);
    assert!(checked.code == 1 && checked.out.contains("'base'"), "{checked:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_others_are_to_be_put_over_is_not_deleted_or_replaced() {
    let running = Running::start(|_| ()).await;
    cell_with_a_file(&running, "alice", 1000).await;
    for body in [json!({ "Name": "base" }), json!({ "Name": "part", "Since": "base" })] {
        assert_eq!(post(&running, "/alice/__export", &body).await.status, 202);
        over(&running, "alice", JobKind::Export).await;
    }
    let (base, part) = ("/alice/__snapshot/base.zip", "/alice/__snapshot/part.zip");
    let is_refused = |answer: Answer| {
        assert_eq!((answer.status, answer.code().as_str()), (409, "PR409-MC-0009"), "{answer:?}");
        let text = answer.json()["message"]["value"].as_str().unwrap().to_owned();
        assert!(text.contains("'base.zip'") && text.contains("delete those first, in this order: part.zip."));
    };
    is_refused(running.send("DELETE", base, &[AUTHORIZATION], b"").await);
    let bytes = running.get(base, &[AUTHORIZATION]).await.body;
    is_refused(running.send("PUT", base, &[AUTHORIZATION], b"something else").await);
    let upload = begun_as(&running, "alice", "base.zip", 4).await;
    is_refused(sent_part(&running, &upload, "0", &[], b"else").await);
    assert_eq!(offset(&running, &upload).await, Some(0));
    assert_eq!(running.get(base, &[AUTHORIZATION]).await.body, bytes);
    assert_eq!(running.send("PUT", base, &[AUTHORIZATION], &bytes).await.status, 204, "the very same");

    // The command, going on with an upload under that name, says so and does not try again and again.
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("other.zip");
    running.send("PUT", "/alice/__/note.txt", &[AUTHORIZATION], b"later").await;
    assert_eq!(post(&running, "/alice/__export", &json!({ "Name": "other" })).await.status, 202);
    over(&running, "alice", JobKind::Export).await;
    let other = running.get("/alice/__snapshot/other.zip", &[AUTHORIZATION]).await.body;
    std::fs::write(&file, &other).unwrap();
    let upload = begun_as(&running, "alice", "base.zip", other.len()).await;
    let unit = format!("http://{}/", running.authority());
    let sha256: String = Sha256::digest(&other).iter().map(|byte| format!("{byte:02x}")).collect();
    let id = upload.rsplit('/').next().unwrap();
    let note = json!({ "cell": format!("{unit}alice/"), "upload": id, "file": "base.zip", "sha256": sha256 });
    std::fs::write(folder.path().join("other.zip.upload.json"), note.to_string()).unwrap();
    let arguments = ["cell", "import", "--unit", &unit, "--cell", "alice", text(&file)];
    let ran = tokio::task::block_in_place(|| saibo(arguments));
    assert!(ran.code == 1 && ran.err.contains("delete those first, in this order: part.zip"), "{ran:?}");
    assert!(ran.err.contains("PR409-MC-0009"), "{ran:?}");

    for path in [part, base] {
        assert_eq!(running.send("DELETE", path, &[AUTHORIZATION], b"").await.status, 204);
    }
    let ran = tokio::task::block_in_place(|| saibo(arguments));
    assert_eq!(ran.code, 0, "{ran:?}");
}
