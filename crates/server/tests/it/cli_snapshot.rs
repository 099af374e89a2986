//! `saibo snapshot verify` and `saibo snapshot show`.

use std::fs;
use std::path::PathBuf;

use serde_json::Value;
use tempfile::TempDir;

use crate::cli::{cell_with_a_file, saibo, text};
use crate::support::Running;

fn rich() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../archive/tests/fixtures/rich.zip")
}

/// A snapshot that a unit has signed.
async fn signed() -> (TempDir, PathBuf) {
    let running = Running::start(|_| ()).await;
    cell_with_a_file(&running, "alice", 10_000).await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("alice.zip");
    let unit = format!("http://{}/", running.authority());
    let ran = saibo(["cell", "export", "--unit", &unit, "--cell", "alice", "--out", text(&file)]);
    assert_eq!(ran.code, 0, "{ran:?}");
    (folder, file)
}

#[test]
fn a_snapshot_of_the_reference_is_checked_and_shown() {
    let file = rich();
    let ran = saibo(["snapshot", "verify", text(&file)]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(ran.out.contains("is intact") && ran.out.contains("not signed"), "{}", ran.out);

    let ran = saibo(["snapshot", "verify", "--json", text(&file)]);
    let report: Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!((ran.code, &report["intact"], &report["signed"]), (0, &true.into(), &false.into()));
    assert_eq!(report["findings"], serde_json::json!([]));

    let key = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";
    let ran = saibo(["snapshot", "verify", "--key", key, text(&file)]);
    assert_eq!(ran.code, 1);
    assert!(ran.out.contains("NOT intact: 1 finding") && ran.out.contains("not signed"), "{}", ran.out);

    let ran = saibo(["snapshot", "show", text(&file)]);
    assert_eq!(ran.code, 0, "{ran:?}");
    for part in [
        "Snapshot of the Cell",
        "http://localhost:9998/",
        "2026-11-24T",
        "Account",
        "UserData",
        "links",
        "__",
    ] {
        assert!(ran.out.contains(part), "{part}: {}", ran.out);
    }
    let ran = saibo(["snapshot", "show", "--json", text(&file)]);
    let shown: Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(shown["counts"], report["counts"]);
    assert!(shown["boxes"].as_array().unwrap().iter().any(|of| of["name"] == "__"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signed_snapshot_says_who_signed_it() {
    let (_folder, file) = signed().await;
    let ran = saibo(["snapshot", "show", "--json", text(&file)]);
    let shown: Value = serde_json::from_str(&ran.out).unwrap();
    let key = shown["key"].as_str().unwrap();
    assert_eq!(shown["cell"]["name"], "alice");
    assert_eq!(shown["counts"]["files"], 1);

    let ran = saibo(["snapshot", "verify", "--key", key, text(&file)]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(ran.out.contains(key) && ran.out.contains("which is trusted"), "{}", ran.out);
    let other = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";
    let ran = saibo(["snapshot", "verify", "--key", other, text(&file)]);
    assert_eq!(ran.code, 1);
    assert!(ran.out.contains("a key that is not trusted"), "{}", ran.out);
    let ran = saibo(["snapshot", "verify", "--key", other, "--key", key, text(&file)]);
    assert_eq!(ran.code, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flipped_bit_is_found_and_named() {
    let (folder, file) = signed().await;
    let bytes = fs::read(&file).unwrap();
    let at = bytes.len() / 2; // in the photo, which is most of the file
    let mut damaged = bytes.clone();
    damaged[at] ^= 0x10;
    let bad = folder.path().join("bad.zip");
    fs::write(&bad, &damaged).unwrap();
    let ran = saibo(["snapshot", "verify", text(&bad)]);
    assert_eq!(ran.code, 1);
    assert!(ran.out.contains("NOT intact"), "{}", ran.out);
    assert!(ran.out.contains("20_webdav/__/photo.jpg/content: "), "{}", ran.out);
    let ran = saibo(["snapshot", "verify", "--json", text(&bad)]);
    let report: Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(report["findings"][0]["entry"], "20_webdav/__/photo.jpg/content");

    fs::write(&bad, &bytes[..bytes.len() - 5]).unwrap();
    let ran = saibo(["snapshot", "verify", text(&bad)]);
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(ran.out.contains("cut off or damaged"), "{}", ran.out);
}

#[test]
fn what_is_no_snapshot_is_told_from_a_bad_one() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    let empty_zip = [&b"PK\x05\x06"[..], &[0; 18]].concat();
    for (content, part) in
        [(b"text".as_slice(), "not a zip file"), (b"", "not a zip file"), (&empty_zip, "no snapshot")]
    {
        fs::write(&file, content).unwrap();
        for command in ["verify", "show"] {
            let ran = saibo(["snapshot", command, text(&file)]);
            assert_eq!(ran.code, 2, "{ran:?}");
            assert!(ran.err.contains(part), "{}", ran.err);
        }
    }
    let ran = saibo(["snapshot", "verify", text(&folder.path().join("nothing"))]);
    assert_eq!(ran.code, 2);
    assert!(ran.err.contains("cannot be read"), "{}", ran.err);
    let ran = saibo(["snapshot", "verify", "--key", "abc", text(&file)]);
    assert_eq!(ran.code, 2);
    assert!(ran.err.contains("not an Ed25519 public key"), "{}", ran.err);
}
