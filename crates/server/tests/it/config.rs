//! The sources of the configuration, as the program reads them.

use std::process::Output;

use crate::support::Program;

fn fails(change: impl FnOnce(&mut std::process::Command)) -> String {
    let data = tempfile::tempdir().unwrap();
    let mut command = Program::command(&data.path().join("data"));
    change(&mut command);
    let Output { status, stderr, .. } = command.output().unwrap();
    assert!(!status.success());
    assert!(!data.path().join("data").exists(), "a wrong configuration must leave no traces");
    String::from_utf8(stderr).unwrap()
}

#[test]
fn mistakes_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("unit.toml");
    std::fs::write(&file, "[unit]\npath_based_url = true\n").unwrap();
    let error = fails(|command| {
        command.arg("--config").arg(&file);
    });
    assert!(error.contains("path_based_url") && error.contains("unit.toml"), "{error}");
    let error = fails(|command| {
        command.env("SAIBO_UNIT__MASTER_TOKN", "x");
    });
    assert!(error.contains("SAIBO_UNIT__MASTER_TOKN"), "{error}");
    let error = fails(|command| {
        command.args(["--url", "localhost"]);
    });
    assert!(error.contains("not the URL of a unit"), "{error}");
    let error = fails(|command| {
        command.args(["--log", "a=b=c"]);
    });
    assert!(error.contains("is not a filter"), "{error}");
}

#[test]
fn the_file_the_environment_and_the_flags_are_read() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("unit.toml");
    std::fs::write(&file, "[unit]\nmaster_token = 'file'\n[log]\nformat = 'text'\n").unwrap();
    let mut command = Program::command(&folder.path().join("data"));
    command.env("SAIBO_CONFIG", &file).env("SAIBO_LIMITS__SHUTDOWN_SECONDS", "1");
    command.args(["--log-format", "json"]);
    let program = Program::start(&mut command);
    assert!(program.welcome.contains("in the configuration"), "{}", program.welcome);
    program.signal("-TERM");
    let (status, log) = program.wait();
    assert!(status.success());
    for line in log.lines() {
        let line: serde_json::Value = serde_json::from_str(line).unwrap();
        assert!(line["message"].is_string());
    }
}
