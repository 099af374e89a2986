//! What the measurements ask of a unit beside what they measure.

use std::fs::File;
use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use ureq::http::{Request, Response};
use ureq::{Agent, SendBody};

use crate::bare::Answer;
use crate::unit::Unit;
use crate::{Result, note};

/// How often a job is looked at: often enough to be exact, seldom enough to cost it nothing.
const POLL: Duration = Duration::from_millis(10);

/// How often a job that takes long is told of.
const NEWS: Duration = Duration::from_secs(10);

/// How much of an answer is read.
const WHOLE: u64 = 16 << 20;

/// Headers that HTTP libraries set.
const OF_LIBRARIES: [&str; 5] = ["connection", "content-length", "date", "keep-alive", "transfer-encoding"];

/// What a job does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Job {
    Export,
    Import,
}

impl Job {
    fn resource(self) -> &'static str {
        match self {
            Job::Export => "__export",
            Job::Import => "__import",
        }
    }
}

/// Talks to a unit with its master token.
pub(crate) struct Client {
    agent: Agent,
    url: String,
    token: String,
}

impl Client {
    /// Of a unit.
    pub(crate) fn new(unit: &Unit) -> Self {
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .allow_non_standard_methods(true)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .build();
        Self { agent: config.new_agent(), url: unit.url.clone(), token: unit.token.clone() }
    }

    /// Creates a Cell.
    ///
    /// # Errors
    /// What the unit says.
    pub(crate) fn create_cell(&self, name: &str) -> Result<()> {
        self.json("POST", "__ctl/Cell", &json!({ "Name": name }), 201)
    }

    /// Creates an Account.
    ///
    /// # Errors
    /// What the unit says.
    pub(crate) fn create_account(&self, cell: &str, name: &str, password: &str) -> Result<()> {
        let request = self.request("POST", &format!("{cell}/__ctl/Account"));
        let request = request.header("X-Personium-Credential", password);
        expect(self.agent.run(request.body(json!({ "Name": name }).to_string())?)?, 201).map(drop)
    }

    /// Sends a snapshot, as it is read.
    ///
    /// # Errors
    /// What the unit says.
    pub(crate) fn upload(&self, cell: &str, name: &str, path: &Path) -> Result<()> {
        let mut file = File::open(path)?;
        let length = file.metadata()?.len();
        let request = self.request("PUT", &format!("{cell}/__snapshot/{name}.zip"));
        let request = request.header("Content-Type", "application/zip").header("Content-Length", length);
        let answer = self.agent.run(request.body(SendBody::from_reader(&mut file))?)?;
        expect(answer, 201).map(drop)
    }

    /// How long a snapshot is.
    ///
    /// # Errors
    /// What the unit says.
    pub(crate) fn snapshot_length(&self, cell: &str, name: &str) -> Result<u64> {
        let request = self.request("HEAD", &format!("{cell}/__snapshot/{name}.zip"));
        let answer = self.agent.run(request.body(())?)?;
        let length = answer.headers().get("content-length").ok_or("a snapshot without a length")?;
        Ok(length.to_str()?.parse()?)
    }

    /// Takes a snapshot away.
    ///
    /// # Errors
    /// What the unit says.
    pub(crate) fn delete_snapshot(&self, cell: &str, name: &str) -> Result<()> {
        let request = self.request("DELETE", &format!("{cell}/__snapshot/{name}.zip"));
        expect(self.agent.run(request.body(())?)?, 204).map(drop)
    }

    /// Writes a file.
    ///
    /// # Errors
    /// What the unit says.
    pub(crate) fn put(&self, path: &str, content_type: &str, body: &[u8]) -> Result<()> {
        let request = self.request("PUT", path).header("Content-Type", content_type);
        expect(self.agent.run(request.body(body)?)?, 201).map(drop)
    }

    /// Makes a collection.
    ///
    /// # Errors
    /// What the unit says.
    pub(crate) fn mkcol(&self, path: &str) -> Result<()> {
        expect(self.agent.run(self.request("MKCOL", path).body(())?)?, 201).map(drop)
    }

    /// Reads an answer, for another server to give.
    ///
    /// # Errors
    /// What the unit says.
    pub(crate) fn get(&self, path: &str) -> Result<Answer> {
        let request = self.request("GET", path).header("Accept", "application/json");
        let answer = self.agent.run(request.body(())?)?;
        let headers = answer.headers().iter().filter(|(name, _)| !OF_LIBRARIES.contains(&name.as_str()));
        let headers = headers.map(|(name, value)| Ok((name.to_string(), value.to_str()?.to_owned())));
        let headers: Vec<_> = headers.collect::<Result<_>>()?;
        let body = expect(answer, 200)?;
        Ok(Answer { path: format!("/{path}"), headers, body })
    }

    /// Runs a job to its end.
    ///
    /// # Errors
    /// What the unit says, if the job fails too.
    pub(crate) fn run(&self, job: Job, cell: &str, name: &str) -> Result<()> {
        self.run_as(job, cell, name, &json!({ "Name": name }))
    }

    /// The same, with a body that asks for more.
    ///
    /// # Errors
    /// What the unit says, if the job fails too.
    pub(crate) fn run_as(&self, job: Job, cell: &str, name: &str, body: &Value) -> Result<()> {
        self.begin(job, cell, body)?;
        self.finish(job, cell, name)
    }

    /// Begins a job.
    ///
    /// # Errors
    /// What the unit says.
    pub(crate) fn begin(&self, job: Job, cell: &str, body: &Value) -> Result<()> {
        self.json("POST", &format!("{cell}/{}", job.resource()), body, 202)
    }

    /// How many per cent of a job are done; `None` if none runs.
    ///
    /// # Errors
    /// What the unit says.
    pub(crate) fn percent(&self, job: Job, cell: &str) -> Result<Option<u64>> {
        let status = self.status(job, cell)?;
        let percent = status["progress"].as_str().and_then(|text| text.trim_end_matches('%').parse().ok());
        Ok(percent.filter(|_| status["status"] != "ready"))
    }

    /// Waits for the end of a job.
    ///
    /// # Errors
    /// What the unit says, if the job fails too.
    pub(crate) fn finish(&self, job: Job, cell: &str, name: &str) -> Result<()> {
        let mut told = Instant::now();
        loop {
            let status = self.status(job, cell)?;
            let text = status["status"].as_str().unwrap_or_default();
            if text == "ready" {
                break;
            }
            if text.contains("failed") {
                return Err(format!("the job of {cell} has failed: {}", status["message"]).into());
            }
            if told.elapsed() > NEWS {
                told = Instant::now();
                let part = |key: &str| status[key].as_str().unwrap_or_default().to_owned();
                note(&format!("  {cell}: {} {}", part("phase"), part("progress")));
            }
            std::thread::sleep(POLL);
        }
        if job == Job::Export {
            let request =
                self.request("PROPFIND", &format!("{cell}/__snapshot/{name}.zip")).header("Depth", "0");
            expect(self.agent.run(request.body(())?)?, 207)
                .map_err(|error| format!("the export of {cell} has left nothing: {error}"))?;
        }
        Ok(())
    }

    /// Moves a Cell to a URL, with a token for it, to the end.
    ///
    /// # Errors
    /// What the unit says, if the move fails too.
    pub(crate) fn move_cell(&self, cell: &str, to: &str, token: &str) -> Result<()> {
        self.json("POST", &format!("{cell}/__move"), &json!({ "To": to, "Token": token }), 202)?;
        loop {
            let request = self.request("GET", &format!("{cell}/__move")).header("Accept", "application/json");
            let status: Value = serde_json::from_str(&expect(self.agent.run(request.body(())?)?, 200)?)?;
            match status["status"].as_str().unwrap_or_default() {
                "moved" => return Ok(()),
                "move in progress" => std::thread::sleep(POLL),
                _ => return Err(format!("{cell} has not moved: {status}").into()),
            }
        }
    }

    /// Fetches a snapshot.
    ///
    /// # Errors
    /// What the unit says.
    pub(crate) fn download(&self, cell: &str, name: &str, path: &Path) -> Result<()> {
        let request = self.request("GET", &format!("{cell}/__snapshot/{name}.zip"));
        let answer = self.agent.run(request.body(())?)?;
        if answer.status() != 200 {
            return expect(answer, 200).map(drop);
        }
        let mut reader = answer.into_body().into_with_config().limit(u64::MAX).reader();
        std::io::copy(&mut reader, &mut File::create(path)?)?;
        Ok(())
    }

    /// The text of a file, if there is one.
    ///
    /// # Errors
    /// What the unit says.
    pub(crate) fn text(&self, path: &str) -> Result<Option<String>> {
        let answer = self.agent.run(self.request("GET", path).body(())?)?;
        if answer.status() == 404 { Ok(None) } else { expect(answer, 200).map(Some) }
    }

    /// Sets an ACL.
    ///
    /// # Errors
    /// What the unit says.
    pub(crate) fn acl(&self, path: &str, acl: &str) -> Result<()> {
        expect(self.agent.run(self.request("ACL", path).body(acl)?)?, 200).map(drop)
    }

    fn status(&self, job: Job, cell: &str) -> Result<Value> {
        let request =
            self.request("GET", &format!("{cell}/{}", job.resource())).header("Accept", "application/json");
        Ok(serde_json::from_str(&expect(self.agent.run(request.body(())?)?, 200)?)?)
    }

    /// Sends JSON.
    ///
    /// # Errors
    /// What the unit says.
    pub(crate) fn json(&self, method: &str, path: &str, body: &Value, wanted: u16) -> Result<()> {
        let request = self.request(method, path);
        let request = request.header("Content-Type", "application/json").header("Accept", "application/json");
        expect(self.agent.run(request.body(body.to_string())?)?, wanted).map(drop)
    }

    fn request(&self, method: &str, path: &str) -> ureq::http::request::Builder {
        let authorization = format!("Bearer {}", self.token);
        Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.url))
            .header("Authorization", authorization)
    }
}

/// The body of an answer, if its status is that one.
fn expect(answer: Response<ureq::Body>, wanted: u16) -> Result<String> {
    let (parts, mut body) = answer.into_parts();
    let body = body.with_config().limit(WHOLE).read_to_string()?;
    if parts.status.as_u16() == wanted {
        return Ok(body);
    }
    Err(format!("the unit answers {} instead of {wanted}: {body}", parts.status).into())
}
