//! The commands beside the server. Here: running one, and something to run it on.

use std::path::Path;
use std::process::{Command, Output};

use crate::support::Running;

/// How a command ended, and what it said.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

/// Runs the program, with the token of the tests' units.
pub(crate) fn saibo<'a>(arguments: impl IntoIterator<Item = &'a str>) -> Ran {
    saibo_with("token", arguments)
}

/// Runs the program with a token.
pub(crate) fn saibo_with<'a>(token: &str, arguments: impl IntoIterator<Item = &'a str>) -> Ran {
    let output =
        Command::new(env!("CARGO_BIN_EXE_saibo")).args(arguments).env("SAIBO_TOKEN", token).output().unwrap();
    ran(output)
}

pub(crate) fn ran(output: Output) -> Ran {
    Ran {
        code: output.status.code().unwrap_or(-1),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

/// A path as a command line has it.
pub(crate) fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// What every request of a test says who it is.
pub(crate) const AUTHORIZATION: (&str, &str) = ("Authorization", "Bearer token");

/// Creates a Cell.
pub(crate) fn found(running: &Running, name: &str) {
    running.unit.app().unit.found_cell(name, None, 1).unwrap();
}

/// Creates a Cell with a file that does not shrink in its main box.
pub(crate) async fn cell_with_a_file(running: &Running, name: &str, length: usize) {
    found(running, name);
    let path = format!("/{name}/__/photo.jpg");
    let put =
        running.send("PUT", &path, &[AUTHORIZATION, ("Content-Type", "image/jpeg")], &noise(length)).await;
    assert_eq!(put.status, 201, "{put:?}");
}

/// Bytes that do not shrink.
pub(crate) fn noise(length: usize) -> Vec<u8> {
    let mut state = 1_u64;
    std::iter::repeat_with(|| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 56) as u8
    })
    .take(length)
    .collect()
}
