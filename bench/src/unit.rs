//! The process that is measured.

use std::fs::{self, OpenOptions};
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use crate::ground::{self, Ground};
use crate::{Result, process, wire};

/// How long a unit that is up settles before its memory counts as idle.
const SETTLING: Duration = Duration::from_millis(500);

/// A process that serves HTTP, and what is left of its output.
pub(crate) struct Server {
    child: Child,
    /// Kept open: the process still has something to say.
    _output: BufReader<ChildStdout>,
    /// The line in which it told where it is.
    said: String,
    /// Where it is.
    pub(crate) address: SocketAddr,
}

impl Server {
    /// Starts it. It is to say in its first line where it serves, as `http://…:{port}/`.
    ///
    /// # Errors
    /// If it does not.
    pub(crate) fn start(command: &mut Command) -> Result<Self> {
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn()?;
        ground::started(child.id());
        let output = child.stdout.take().ok_or("its output is not there")?;
        let mut output = BufReader::new(output);
        let mut said = String::new();
        let read = output.read_line(&mut said);
        let port = read.ok().and_then(|_length| port_of(&said));
        let Some(port) = port else {
            let _ = child.kill();
            let status = child.wait()?;
            ground::ended(child.id());
            return Err(format!("{:?} says {said:?} and ends with {status}", command.get_program()).into());
        };
        Ok(Self { child, _output: output, said, address: ([127, 0, 0, 1], port).into() })
    }

    /// Its process.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Stops it as an operator does.
    ///
    /// # Errors
    /// If it says that it did not stop well.
    pub(crate) fn stop(mut self) -> Result<()> {
        ground::kill(self.pid(), rustix::process::Signal::TERM);
        let status = self.child.wait()?;
        if status.success() { Ok(()) } else { Err(format!("a process ends with {status}").into()) }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        ground::ended(self.child.id());
    }
}

fn port_of(line: &str) -> Option<u16> {
    let (_, rest) = line.split_once("http://")?;
    let (_, rest) = rest.split_once(':')?;
    rest.split('/').next()?.trim().parse().ok()
}

/// A unit: the program `saibo`, serving.
pub(crate) struct Unit {
    server: Server,
    /// Its URL, with a slash at the end.
    pub(crate) url: String,
    /// The token that may do everything.
    pub(crate) token: String,
    /// From its start until it had answered.
    pub(crate) first_answer: Duration,
    /// Bytes of it in memory after that.
    pub(crate) idle: u64,
}

impl Unit {
    /// Starts one on a data folder of the ground.
    ///
    /// # Errors
    /// If it does not start.
    pub(crate) fn start(
        ground: &Ground,
        data: &str,
        log: &str,
        environment: &[(&str, &str)],
    ) -> Result<Self> {
        let data = ground.path(data);
        let log_path = ground.path("unit.log");
        let mut command = Command::new(program()?);
        command.arg("serve").arg("--data").arg(&data).args(["--listen", "127.0.0.1:0", "--log", log]);
        command.stderr(OpenOptions::new().create(true).append(true).open(&log_path)?);
        // What is measured is the program as it comes, whatever this shell has for another unit.
        for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("SAIBO_"))
        {
            command.env_remove(name);
        }
        command.envs(environment.iter().copied());
        let began = Instant::now();
        let server = Server::start(&mut command)
            .map_err(|error| format!("{error}\n{}", fs::read_to_string(&log_path).unwrap_or_default()))?;
        wire::ask_once(server.address, "/")?;
        let first_answer = began.elapsed();
        let url = server.said.find("http://").and_then(|at| server.said.get(at..)).unwrap_or_default();
        let url = url.trim().to_owned();
        let token = fs::read_to_string(data.join("master-token"))?.trim().to_owned();
        std::thread::sleep(SETTLING);
        let idle = process::resident(server.pid())?;
        Ok(Self { server, url, token, first_answer, idle })
    }

    /// Its process.
    pub(crate) fn pid(&self) -> u32 {
        self.server.pid()
    }

    /// The headers of a request that it answers, and `more` of them; all of them whole lines.
    pub(crate) fn headers(&self, more: &str) -> String {
        let port = self.address().port();
        format!("Host: localhost:{port}\r\nAuthorization: Bearer {}\r\n{more}", self.token)
    }

    /// Where it is.
    pub(crate) fn address(&self) -> SocketAddr {
        self.server.address
    }

    /// Stops it as an operator does.
    ///
    /// # Errors
    /// If it says that it did not stop well.
    pub(crate) fn stop(self) -> Result<()> {
        self.server.stop()
    }
}

/// The program `saibo`, which lies where this one does.
fn program() -> Result<PathBuf> {
    let own = std::env::current_exe()?;
    let program = own.parent().unwrap_or(Path::new(".")).join("saibo");
    if program.is_file() {
        return Ok(program);
    }
    let build = if cfg!(debug_assertions) { "cargo build" } else { "cargo build --release" };
    Err(format!("{} is not there: build it first, with `{build}`", program.display()).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_line_tells_the_port() {
        assert_eq!(port_of("saibo 0.1.0 is running at http://localhost:41023/\n"), Some(41023));
        assert_eq!(port_of("http://127.0.0.1:80\n"), Some(80));
        assert_eq!(port_of(""), None);
        assert_eq!(port_of("error: the address is in use"), None);
    }
}
