//! Runs the program itself.

use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

/// A running `saibo serve`.
pub(crate) struct Program {
    child: Child,
    /// What it said before it was ready.
    pub(crate) welcome: String,
    /// Where it listens.
    pub(crate) url: String,
}

impl Program {
    /// The command, with the data folder and any free port.
    pub(crate) fn command(data: &Path) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_saibo"));
        command.args(["serve", "--listen", "127.0.0.1:0", "--data"]).arg(data);
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        // What the tests themselves are told in this way is no setting of a unit.
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("SAIBO_") {
                command.env_remove(name);
            }
        }
        command
    }

    /// Starts it and waits until it is ready.
    pub(crate) fn start(command: &mut Command) -> Self {
        let mut child = command.spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut welcome = String::new();
        // The last line of what it says is the third thing to try.
        while let Some(line) = lines.next().map(Result::unwrap) {
            welcome.push_str(&line);
            welcome.push('\n');
            if line.contains("__export") {
                break;
            }
        }
        let first = welcome.lines().next().unwrap_or_default();
        let url = first.rsplit(' ').next().unwrap_or_default().to_owned();
        Self { child, welcome, url }
    }

    /// The port of its URL.
    pub(crate) fn port(&self) -> u16 {
        self.url.trim_end_matches('/').rsplit(':').next().unwrap().parse().unwrap()
    }

    /// Sends it a signal.
    pub(crate) fn signal(&self, name: &str) {
        let status = Command::new("kill").args([name, &self.child.id().to_string()]).status().unwrap();
        assert!(status.success());
    }

    /// Waits for its end; what it logged.
    pub(crate) fn wait(mut self) -> (ExitStatus, String) {
        let began = Instant::now();
        let status = loop {
            match self.child.try_wait().unwrap() {
                Some(status) => break status,
                None if began.elapsed() > Duration::from_secs(20) => {
                    self.child.kill().unwrap();
                    panic!("it did not stop");
                }
                None => std::thread::sleep(Duration::from_millis(10)),
            }
        };
        let mut log = String::new();
        self.child.stderr.take().unwrap().read_to_string(&mut log).unwrap();
        (status, log)
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let ended = self.child.try_wait();
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking()
            && let (Ok(Some(status)), Some(mut log)) = (ended, self.child.stderr.take())
        {
            let mut text = String::new();
            let _ = log.read_to_string(&mut text);
            show(&format!("the unit at {} had ended by itself: {status}: {text}", self.url));
        }
    }
}

#[allow(clippy::print_stdout, reason = "shown with a failed test")]
fn show(text: &str) {
    println!("{text}");
}
