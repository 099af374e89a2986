//! `saibo snapshot check` and `saibo cell import --dry-run`.

use crate::cli::{AUTHORIZATION, cell_with_a_file, found, saibo, text};
use crate::support::Running;

#[tokio::test(flavor = "multi_thread")]
async fn an_import_is_tried_out_here_and_in_the_unit() {
    let running = Running::start(|_| ()).await;
    cell_with_a_file(&running, "alice", 1000).await;
    found(&running, "bob");
    let folder = tempfile::tempdir().unwrap();
    let (unit, file) = (format!("http://{}/", running.authority()), folder.path().join("alice.zip"));
    assert_eq!(saibo(["cell", "export", "--unit", &unit, "--cell", "alice", "--out", text(&file)]).code, 0);

    let here = saibo(["snapshot", "check", text(&file)]);
    assert_eq!(here.code, 0, "{here:?}");
    assert!(here.out.contains("It can be imported") && here.out.contains("1 file"), "{}", here.out);
    assert!(here.out.contains("not checked") && here.out.contains("--dry-run"), "{}", here.out);
    let json = saibo(["snapshot", "check", "--hashes", "--json", text(&file)]);
    let report: serde_json::Value = serde_json::from_str(&json.out).unwrap();
    assert_eq!((&report["importable"], &report["not_checked"]), (&true.into(), &serde_json::json!([])));

    let dry = saibo(["cell", "import", "--dry-run", "--unit", &unit, "--cell", "bob", text(&file)]);
    assert_eq!(dry.code, 0, "{dry:?}");
    assert!(dry.out.contains("It can be imported") && dry.out.contains("/bob/ instead of"), "{}", dry.out);
    assert_eq!(running.get("/bob/__/photo.jpg", &[AUTHORIZATION]).await.status, 404, "nothing was imported");
    let list = running.send("PROPFIND", "/bob/__snapshot", &[AUTHORIZATION, ("Depth", "1")], b"").await;
    assert!(!String::from_utf8(list.body).unwrap().contains(".zip"), "nor is anything left");

    std::fs::write(&file, "no zip").unwrap();
    assert_eq!(saibo(["snapshot", "check", text(&file)]).code, 2);
}
