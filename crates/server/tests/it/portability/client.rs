//! A blocking HTTP client that keeps its connections, for tests that send thousands of requests.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::time::Duration;

use serde_json::Value;
use ureq::Agent;
use ureq::http::{HeaderMap, Request};

/// The master token of the units that it talks to.
pub(super) const TOKEN: &str = "token";

/// Talks to a unit.
#[derive(Clone)]
pub(super) struct Client {
    agent: Agent,
    unit: String,
}

impl Client {
    /// To the unit of a URL.
    pub(super) fn new(unit: &str) -> Self {
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .allow_non_standard_methods(true)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .max_idle_connections_per_host(16)
            .timeout_global(Some(Duration::from_secs(120)))
            .build();
        Self { agent: config.new_agent(), unit: unit.trim_end_matches('/').to_owned() }
    }

    /// Sends a request; an error if no answer comes.
    pub(super) fn send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Result<Reply, ureq::Error> {
        let mut request = Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.unit))
            .header("Authorization", format!("Bearer {TOKEN}"))
            .header("Accept", "application/json");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response = if body.is_empty() && method != "PUT" {
            self.agent.run(request.body(())?)?
        } else {
            // Said here, for the library says it of the methods only that it knows to have a body.
            self.agent.run(request.header("Content-Length", body.len()).body(body)?)?
        };
        let (parts, body) = response.into_parts();
        let content_type = parts
            .headers
            .get("content-type")
            .map_or_else(String::new, |value| String::from_utf8_lossy(value.as_bytes()).into_owned());
        let body = body.into_with_config().limit(u64::MAX).read_to_vec()?;
        let what = format!("{method} {path}");
        Ok(Reply { what, status: parts.status.as_u16(), headers: parts.headers, content_type, body })
    }

    /// The URL of a path.
    pub(super) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.unit)
    }

    /// The answer to `GET`.
    pub(super) fn get(&self, path: &str) -> Reply {
        self.send("GET", path, &[], b"").unwrap()
    }

    /// The answer to `POST` of JSON.
    pub(super) fn post(&self, path: &str, body: &Value) -> Reply {
        let json = [("Content-Type", "application/json")];
        self.send("POST", path, &json, body.to_string().as_bytes()).unwrap()
    }

    /// The answer to `PUT`.
    pub(super) fn put(&self, path: &str, content_type: &str, body: &[u8]) -> Reply {
        self.send("PUT", path, &[("Content-Type", content_type)], body).unwrap()
    }

    /// What `GET` answers, in a file without a name, for it may be large.
    pub(super) fn download(&self, path: &str) -> File {
        let request = Request::get(format!("{}{path}", self.unit))
            .header("Authorization", format!("Bearer {TOKEN}"))
            .body(())
            .unwrap();
        let response = self.agent.run(request).unwrap();
        assert_eq!(response.status().as_u16(), 200, "GET {path}");
        let mut body = response.into_body().into_with_config().limit(u64::MAX).reader();
        let mut file = tempfile::tempfile().unwrap();
        std::io::copy(&mut body, &mut file).unwrap();
        file.seek(SeekFrom::Start(0)).unwrap();
        file
    }

    /// The same in memory.
    pub(super) fn download_small(&self, path: &str) -> Vec<u8> {
        let mut bytes = Vec::new();
        self.download(path).read_to_end(&mut bytes).unwrap();
        bytes
    }
}

/// An answer.
pub(super) struct Reply {
    what: String,
    pub(super) status: u16,
    headers: HeaderMap,
    pub(super) content_type: String,
    pub(super) body: Vec<u8>,
}

impl Reply {
    /// The answer, if it has that status.
    #[track_caller]
    pub(super) fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{self}");
        self
    }

    /// A header.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The body as JSON.
    #[track_caller]
    pub(super) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("no JSON: {self}"))
    }
}

impl std::fmt::Display for Reply {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let body = self.body.get(..2000).unwrap_or(&self.body);
        write!(f, "{} is {}: {}", self.what, self.status, String::from_utf8_lossy(body))
    }
}
