//! `saibo demo`, small.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use crate::cli::saibo;

#[test]
fn all_is_well() {
    let ran = saibo(["demo", "--scale", "0.05"]);
    assert_eq!(ran.code, 0, "{}\n{}", ran.out, ran.err);
    for part in
        ["writes were sent and answered while it ran; refused: 0", "it shows one moment", "All is well"]
    {
        assert!(ran.out.contains(part), "{part}: {}", ran.out);
    }
    assert!(!ran.out.contains('\x1b') && !ran.err.contains('\x1b'), "{}", ran.err);
}

#[test]
fn it_keeps_running_if_told_to_and_leaves_nothing_behind() {
    let folder = tempfile::tempdir().unwrap();
    let mut child = Command::new(env!("CARGO_BIN_EXE_saibo"))
        .args(["demo", "--keep", "--scale", "0.01"])
        .env("TMPDIR", folder.path())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
    let said: Vec<String> = lines.by_ref().take_while(|line| !line.starts_with("Ctrl-C")).collect();
    let said = said.join("\n");
    assert!(said.contains("All is well") && said.contains("TOKEN=$(cat"), "{said}");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    let status = Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(status.success());
    assert_eq!(child.wait().unwrap().code(), Some(0));
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}
