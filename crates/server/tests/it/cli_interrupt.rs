//! Ctrl-C while a unit works for `saibo cell export` or `saibo cell import`.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use saibo_core::job::{End, JobKind};

use crate::cli::{AUTHORIZATION, Ran, cell_with_a_file, found, ran, saibo, text};
use crate::jobs::Held;
use crate::support::Running;

fn spawn(arguments: &[&str]) -> Child {
    Command::new(env!("CARGO_BIN_EXE_saibo"))
        .args(arguments)
        .env("SAIBO_TOKEN", "token")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

/// Waits until the job of a command waits in the unit, then presses Ctrl-C; what the command said.
async fn interrupted(running: &Running, path: &str, child: Child) -> Ran {
    while running.get(path, &[AUTHORIZATION]).await.json()["phase"] != "waiting" {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert!(Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap().success());
    let ended = tokio::task::spawn_blocking(move || ran(child.wait_with_output().unwrap())).await.unwrap();
    assert_eq!(ended.code, 1, "{ended:?}");
    let status = running.get(path, &[AUTHORIZATION]).await.json();
    assert_eq!(status["last"]["outcome"], "cancelled", "{status}");
    ended
}

async fn snapshots(running: &Running, cell: &str) -> String {
    let path = format!("/{cell}/__snapshot");
    let list = running.send("PROPFIND", &path, &[AUTHORIZATION, ("Depth", "1")], b"").await;
    String::from_utf8(list.body).unwrap()
}

fn is_empty(folder: &Path) -> bool {
    std::fs::read_dir(folder).unwrap().next().is_none()
}

#[tokio::test(flavor = "multi_thread")]
async fn has_the_unit_cancel() {
    let running = Running::start(|config| config.limits.concurrent_jobs = 1).await;
    cell_with_a_file(&running, "alice", 1000).await;
    found(&running, "busy");
    let (folder, files) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let unit = format!("http://{}/", running.authority());
    let (out, file) = (folder.path().join("alice.zip"), files.path().join("alice.zip"));
    assert_eq!(saibo(["cell", "export", "--unit", &unit, "--cell", "alice", "--out", text(&file)]).code, 0);

    // What comes now has to wait.
    let held = Held::start(&running, "busy", JobKind::Export);
    let export = ["cell", "export", "--unit", &unit, "--cell", "alice", "--out", text(&out)];
    let ended = interrupted(&running, "/alice/__export", spawn(&export)).await;
    assert!(ended.err.contains("the export was cancelled"), "{}", ended.err);
    assert!(is_empty(folder.path()));
    let import = ["cell", "import", "--unit", &unit, "--cell", "alice", text(&file)];
    let ended = interrupted(&running, "/alice/__import", spawn(&import)).await;
    assert!(ended.err.contains("the import was cancelled, and the Cell is as it was"), "{}", ended.err);
    assert!(!snapshots(&running, "alice").await.contains(".zip"));

    held.end(Ok(End::Open));
    assert_eq!(saibo(export).code, 0);
    assert_eq!(saibo(import).code, 0);
}
