//! Encrypted snapshots over HTTP and by command.

use saibo_core::job::JobKind;
use serde_json::{Value, json};

use crate::cli::{AUTHORIZATION, cell_with_a_file, found, noise, saibo, text};
use crate::jobs::over;
use crate::support::{Answer, Running};

const PUBLIC: &str = "age1zvkyg2lqzraa2lnjvqej32nkuu0ues2s82hzrye869xeexvn73equnujwj";
const SECRET: &str = "AGE-SECRET-KEY-1GFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPQ4EGAEX";

async fn post(running: &Running, path: &str, body: &Value) -> Answer {
    let headers = [AUTHORIZATION, ("Content-Type", "application/json")];
    running.send("POST", path, &headers, body.to_string().as_bytes()).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_snapshot_is_encrypted_fetched_and_imported() {
    let running = Running::start(|_| ()).await;
    cell_with_a_file(&running, "alice", 100_000).await;
    for (encrypt, code) in [
        (json!("x"), "PR400-CM-0002"),
        (json!({}), "PR400-CM-0002"),
        (json!({ "Recipients": [PUBLIC], "Passphrase": "x" }), "PR400-CM-0002"),
        (json!({ "Recipients": [] }), "PR400-MC-0006"),
        (json!({ "Recipients": ["age1no"] }), "PR400-MC-0006"),
        (json!({ "Recipients": vec![PUBLIC; 17] }), "PR400-MC-0006"),
        (json!({ "Passphrase": "" }), "PR400-MC-0006"),
    ] {
        let refused = post(&running, "/alice/__export", &json!({ "Encrypt": encrypt })).await;
        assert_eq!((refused.status, refused.code().as_str()), (400, code), "{encrypt}");
    }
    let body = json!({ "Name": "s", "Encrypt": { "Recipients": [PUBLIC] } });
    assert_eq!(post(&running, "/alice/__export", &body).await.status, 202);
    over(&running, "alice", JobKind::Export).await;
    let file = running.get("/alice/__snapshot/s.zip.age", &[AUTHORIZATION]).await;
    assert_eq!((file.status, file.header("content-type")), (200, Some("application/octet-stream")));
    assert!(file.body.starts_with(b"age-encryption.org/v1\n"));
    let list = running.send("PROPFIND", "/alice/__snapshot", &[AUTHORIZATION, ("Depth", "1")], b"").await;
    let list = String::from_utf8(list.body).unwrap();
    assert!(list.contains("s.zip.age") && list.contains("application/octet-stream"), "{list}");

    found(&running, "bob");
    running.send("PUT", "/bob/__snapshot/s.zip.age", &[AUTHORIZATION], &file.body).await;
    for (body, status, code) in [
        (json!({ "Name": "s" }), 404, "PR404-DV-0001"),
        (json!({ "Name": "s", "Passphrase": "x" }), 400, "PR400-MC-0006"),
        (json!({ "Name": "s", "Identity": "nonsense" }), 400, "PR400-MC-0006"),
        (json!({ "Name": "s", "Identity": SECRET, "Passphrase": "x" }), 400, "PR400-CM-0002"),
    ] {
        let refused = post(&running, "/bob/__import", &body).await;
        assert_eq!((refused.status, refused.code().as_str()), (status, code), "{body}");
        assert!(!String::from_utf8_lossy(&refused.body).contains("AGE-SECRET"), "{refused:?}");
    }
    let body = json!({ "Name": "s", "Identity": SECRET });
    assert_eq!(post(&running, "/bob/__import", &body).await.status, 202);
    over(&running, "bob", JobKind::Import).await;
    assert_eq!(running.get("/bob/__/photo.jpg", &[AUTHORIZATION]).await.body, noise(100_000));
    let told = running.get("/bob/__import/history", &[AUTHORIZATION]).await;
    assert!(!String::from_utf8(told.body).unwrap().contains("AGE-SECRET"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_commands_encrypt_check_and_import() {
    let running = Running::start(|_| ()).await;
    cell_with_a_file(&running, "alice", 50_000).await;
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| folder.path().join(name);
    let (key, words) = (file("key.txt"), file("words.txt"));
    std::fs::write(&key, format!("# a comment\n{SECRET}\n")).unwrap();
    std::fs::write(&words, "correct horse\n").unwrap();
    let (key, words) = (text(&key), text(&words));
    let unit = format!("http://{}/", running.authority());
    let (one, two, three) = (file("one.zip.age"), file("two.zip.age"), file("three.zip.age"));
    let target = ["cell", "export", "--unit", &unit, "--cell", "alice", "--out"];
    let [a, b, c, d, e, f, g] = target;
    let done = saibo([a, b, c, d, e, f, g, text(&one), "--recipient", PUBLIC]);
    assert!(done.code == 0 && done.out.contains("checked by the unit"), "{done:?}");
    let done = saibo([a, b, c, d, e, f, g, text(&two), "--recipient", PUBLIC, "--identity", key]);
    assert!(done.code == 0 && done.out.contains("1 file, checked"), "{done:?}");
    let done = saibo([a, b, c, d, e, f, g, text(&three), "--passphrase-file", words]);
    assert!(done.code == 0 && done.out.contains("1 file, checked"), "{done:?}");

    let without = saibo(["snapshot", "verify", text(&one)]);
    assert!(without.code == 2 && without.err.contains("--identity FILE"), "{without:?}");
    let wrong = saibo(["snapshot", "show", text(&one), "--passphrase-file", words]);
    assert!(wrong.code == 2 && wrong.err.contains("cannot be decrypted"), "{wrong:?}");
    for command in ["verify", "show", "check"] {
        assert_eq!(saibo(["snapshot", command, text(&one), "--identity", key]).code, 0, "{command}");
        assert_eq!(
            saibo(["snapshot", command, text(&three), "--passphrase-file", words]).code,
            0,
            "{command}"
        );
    }
    for (cell, file, flag, secret) in
        [("bob", &two, "--identity", key), ("carol", &three, "--passphrase-file", words)]
    {
        let done =
            saibo(["cell", "import", "--unit", &unit, "--cell", cell, "--create", text(file), flag, secret]);
        assert_eq!(done.code, 0, "{done:?}");
        let photo = running.get(&format!("/{cell}/__/photo.jpg"), &[AUTHORIZATION]).await;
        assert_eq!(photo.body, noise(50_000), "{cell}");
    }
}
