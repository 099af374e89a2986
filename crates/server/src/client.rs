//! A small HTTP client for the command line: a unit's API as its commands need it.
//!
//! Blocking, for a command does one thing at a time; bodies stream both ways, for a snapshot may be larger than
//! memory. It speaks to any unit with the Personium API: what saibo adds to a status is shown where it is there and
//! not missed where it is not.

mod address;
mod cell;
mod download;
mod error;
mod job;
mod upload;

use std::io::Read;
use std::time::Duration;

use serde_json::Value;
use ureq::config::ConfigBuilder;
use ureq::http::{HeaderMap, Request, Response};
use ureq::typestate::AgentScope;
use ureq::{Agent, AsSendBody, SendBody};

pub(crate) use cell::RemoteCell;
pub(crate) use download::Download;
pub(crate) use error::{ClientError, Result};
pub(crate) use job::{JobStatus, RunningJob};
pub(crate) use upload::Upload;

use crate::config::Secret;
use crate::{addresses, outgoing};
use address::Address;

/// How long connecting may take, and how long a unit may be silent in the middle of an answer.
const PATIENCE: Duration = Duration::from_secs(60);

/// How many connections are kept for the next request.
const CONNECTIONS: usize = 8;

/// How much of an answer is read whole. What is longer is streamed, or not meant for us.
const WHOLE: u64 = 64 << 20;

/// Talks to units with one token.
#[derive(Clone, Debug)]
pub(crate) struct Client {
    agent: Agent,
    token: Option<Secret>,
}

impl Client {
    /// A client with a token, or with none.
    pub(crate) fn new(token: Option<Secret>) -> Self {
        Self { agent: Self::config(PATIENCE).build().new_agent(), token }
    }

    /// One that a unit uses for others, which goes to public addresses unless `to_private`. `patience` is how long
    /// another unit may be silent.
    pub(crate) fn of_unit(token: Option<Secret>, patience: Duration, to_private: bool) -> Self {
        // By way of a proxy, no address would be looked at.
        let config = Self::config(patience).proxy(None).build();
        Self { agent: addresses::agent(config, to_private), token }
    }

    fn config(patience: Duration) -> ConfigBuilder<AgentScope> {
        Agent::config_builder()
            .http_status_as_error(false)
            .allow_non_standard_methods(true)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .max_idle_connections_per_host(CONNECTIONS)
            .timeout_connect(Some(patience))
            .timeout_per_read(Some(patience))
            .timeout_per_write(Some(patience))
            .user_agent(outgoing::USER_AGENT)
            .tls_config(outgoing::tls())
    }

    /// The same connections with another token.
    pub(crate) fn with_token(&self, token: Secret) -> Self {
        Self { agent: self.agent.clone(), token: Some(token) }
    }

    /// A request to be filled in and sent.
    pub(crate) fn call<'a>(&'a self, method: &'static str, url: &str) -> Call<'a> {
        Call { client: self, method, url: url.to_owned(), headers: Vec::new(), body: Body::None }
    }
}

/// What a request carries.
enum Body<'a> {
    None,
    Bytes(Vec<u8>),
    Stream(&'a mut dyn Read, u64),
}

/// A request that is being filled in.
pub(crate) struct Call<'a> {
    client: &'a Client,
    method: &'static str,
    url: String,
    headers: Vec<(&'static str, String)>,
    body: Body<'a>,
}

impl<'a> Call<'a> {
    /// With one more header.
    pub(crate) fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// With a body of JSON.
    pub(crate) fn json(self, value: &Value) -> Self {
        self.header("Accept", "application/json").bytes("application/json", value.to_string())
    }

    /// With a body.
    pub(crate) fn bytes(mut self, content_type: &str, body: impl Into<Vec<u8>>) -> Self {
        self.body = Body::Bytes(body.into());
        self.header("Content-Type", content_type)
    }

    /// With a body of a known length that is read as it is sent. It is not sent before the unit has said that it
    /// wants it (RFC 9110 §10.1.1): a token that is no good shall not cost gigabytes.
    pub(crate) fn stream(mut self, content_type: &str, body: &'a mut dyn Read, length: u64) -> Self {
        self.body = Body::Stream(body, length);
        self.header("Content-Type", content_type).header("Expect", "100-continue")
    }

    /// Sends it.
    ///
    /// # Errors
    /// If no answer comes. An answer of whatever status is one.
    pub(crate) fn send(self) -> Result<Answer> {
        let Self { client, method, url, headers, body } = self;
        let address = Address::of(&url);
        let mut request = Request::builder().method(method).uri(&address.url);
        if let Some(host) = &address.host {
            request = request.header("Host", host);
        }
        if let Some(token) = &client.token {
            request = request.header("Authorization", format!("Bearer {}", token.expose()));
        }
        for (name, value) in &headers {
            request = request.header(*name, value);
        }
        let length = match &body {
            Body::None => None,
            Body::Bytes(bytes) => Some(bytes.len() as u64),
            Body::Stream(_, length) => Some(*length),
        };
        if let Some(length) = length {
            // Said here, as the library says it for the methods only that it knows to have a body.
            request = request.header("Content-Length", length);
        }
        let agent = &client.agent;
        let response = match body {
            Body::None => run(agent, request.body(())),
            Body::Bytes(bytes) => run(agent, request.body(bytes)),
            Body::Stream(reader, _) => run(agent, request.body(SendBody::from_reader(reader))),
        };
        let response = response.map_err(|cause| ClientError::unreachable(method, &url, cause))?;
        let (parts, body) = response.into_parts();
        Ok(Answer { method, url, status: parts.status.as_u16(), headers: parts.headers, body })
    }
}

fn run<B: AsSendBody>(
    agent: &Agent,
    request: Result<Request<B>, ureq::http::Error>,
) -> Result<Response<ureq::Body>, ureq::Error> {
    agent.run(request?)
}

/// An answer whose body has not been read.
pub(crate) struct Answer {
    method: &'static str,
    url: String,
    pub(crate) status: u16,
    headers: HeaderMap,
    body: ureq::Body,
}

impl Answer {
    /// A header, if it is text.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The answer, if its status is one of those.
    ///
    /// # Errors
    /// What the unit says is wrong.
    pub(crate) fn expect(self, wanted: &[u16]) -> Result<Self> {
        if wanted.contains(&self.status) { Ok(self) } else { Err(self.refusal()) }
    }

    /// What the unit says is wrong.
    pub(crate) fn refusal(self) -> ClientError {
        let (method, url, status) = (self.method, self.url.clone(), self.status);
        let body = self.whole().unwrap_or_default();
        ClientError::refused(method, url, status, &body)
    }

    /// The whole body.
    ///
    /// # Errors
    /// If it breaks off.
    pub(crate) fn whole(self) -> Result<Vec<u8>> {
        let Self { method, url, mut body, .. } = self;
        let read = body.with_config().limit(WHOLE).read_to_vec();
        read.map_err(|cause| ClientError::unreachable(method, &url, cause))
    }

    /// The body as JSON.
    ///
    /// # Errors
    /// If it breaks off or is something else.
    pub(crate) fn json(self) -> Result<Value> {
        let (method, url) = (self.method, self.url.clone());
        let bytes = self.whole()?;
        serde_json::from_slice(&bytes).map_err(|_| ClientError::Unexpected {
            method,
            url,
            why: "it is not JSON, so this may not be a Personium unit".to_owned(),
        })
    }

    /// The body, to be read as it comes.
    pub(crate) fn into_reader(self) -> impl Read {
        self.body.into_with_config().limit(u64::MAX).reader()
    }
}
