//! A unit in a process of its own, on a folder that outlives it.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::client::{Client, TOKEN};
use crate::support::Program;

/// The unit. Dropped, it is killed, and its folder removed.
pub(super) struct TestUnit {
    program: Option<Program>,
    folder: TempDir,
}

impl TestUnit {
    /// Starts one on a fresh folder.
    pub(super) fn start() -> Self {
        Self::start_with(&[])
    }

    /// The same, with settings as environment variables.
    pub(super) fn start_with(settings: &[(&str, &str)]) -> Self {
        let mut unit = Self { program: None, folder: tempfile::tempdir().unwrap() };
        unit.start_again(settings);
        unit
    }

    /// Starts it, after it was killed or stopped, with settings as environment variables.
    pub(super) fn start_again(&mut self, settings: &[(&str, &str)]) {
        assert!(self.program.is_none(), "it runs");
        let mut command = Program::command(&self.data());
        // Nobody reads what it logs before it has ended, so that must be little.
        command
            .args(["--log", "error"])
            .env("SAIBO_UNIT__MASTER_TOKEN", TOKEN)
            .envs(settings.iter().copied());
        let program = Program::start(&mut command);
        if program.url.is_empty() {
            let (status, log) = program.wait();
            panic!("it does not start: {status}: {log}");
        }
        self.program = Some(program);
    }

    /// Ends it with SIGKILL.
    pub(super) fn kill(&mut self) {
        drop(self.program.take());
    }

    /// Ends it in order. Nothing went wrong that it had to log as an error.
    pub(super) fn stop(&mut self) {
        let program = self.program.take().unwrap();
        program.signal("-TERM");
        let (status, log) = program.wait();
        assert!(status.success() && log.is_empty(), "{status}: {log}");
    }

    /// Talks to it, as long as this process of it runs.
    pub(super) fn client(&self) -> Client {
        Client::new(&self.program.as_ref().unwrap().url)
    }

    /// Its data folder.
    pub(super) fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// How many snapshot files there are, with or without a name.
    pub(super) fn snapshots(&self) -> usize {
        Files::of(&self.data()).snapshots
    }

    /// Checks that there is nothing in its folder that nobody will ever look at: no temporary file, of the only Cells
    /// no generation but these many, and no snapshot file but these many. Work that follows an answer may take a
    /// moment.
    pub(super) fn assert_tidy(&self, generations: usize, snapshots: usize) {
        let expected = Files { temporary: Vec::new(), generations, snapshots };
        let begun = Instant::now();
        loop {
            let found = Files::of(&self.data());
            if found == expected {
                return;
            }
            assert!(begun.elapsed() < Duration::from_secs(10), "there is {found:?}, not {expected:?}");
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

/// What is in a data folder.
#[derive(Debug, PartialEq, Eq)]
struct Files {
    temporary: Vec<PathBuf>,
    generations: usize,
    snapshots: usize,
}

impl Files {
    fn of(data: &Path) -> Self {
        let cells = list(&data.join("cells")).into_iter().flat_map(|spread| list(&spread));
        let (mut generations, mut snapshots) = (0, 0);
        for path in cells.flat_map(|cell| list(&cell)) {
            match path.file_name().unwrap().to_str().unwrap() {
                "snapshots" => snapshots += list(&path).len(),
                number => {
                    assert!(number.parse::<u64>().is_ok(), "{}", path.display());
                    generations += 1;
                }
            }
        }
        Self { temporary: list(&data.join("tmp")), generations, snapshots }
    }
}

/// What is in a folder, if it is there.
fn list(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    entries.map(|entry| entry.unwrap().path()).collect()
}
