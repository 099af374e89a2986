//! The lines in the README that readers type are run.

use std::path::Path;
use std::process::Command;

use crate::support::Program;

#[test]
fn the_lines_of_the_readme_work() {
    let readme =
        std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../README.md")).unwrap();
    let (_, after) = readme.split_once("```sh\n").unwrap();
    let (script, after) = after.split_once("```").unwrap();
    assert!(!after.contains("```sh\n"), "one block is run");

    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("saibo-data");
    let program = Program::start(&mut Program::command(&data));
    let programs = Path::new(env!("CARGO_BIN_EXE_saibo")).parent().unwrap();
    let path = format!("{}:{}", programs.display(), std::env::var("PATH").unwrap());
    let output = Command::new("bash")
        .args(["-e", "-u", "-o", "pipefail", "-c", script])
        .current_dir(folder.path())
        .env("UNIT", program.url.trim_end_matches('/'))
        .env("PATH", path)
        .env_remove("TOKEN")
        .output()
        .unwrap();
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{out}\n{err}");
    for part in
        ["access_token", "First day", "Hello, cell", "alice.zip is intact", "Snapshot of the Cell alice"]
    {
        assert!(out.contains(part), "{part}: {out}\n{err}");
    }
    assert_eq!(out.matches("First day").count(), 3, "made, found, and found in the copy: {out}");
    assert!(err.contains("in progress") || err.contains("ready"), "{err}");
}
