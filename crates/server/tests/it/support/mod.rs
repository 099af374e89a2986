//! Starts units and talks to them.

mod client;
mod issuer;
mod program;
mod test_routes;

use saibo_server::config::Config;
use saibo_server::routes::{ROUTES, Route};
use saibo_server::unit::Unit;
use tempfile::TempDir;

pub(crate) use client::{Answer, exchange, send};
pub(crate) use issuer::{Issuer, Manner, key, signed};
pub(crate) use program::Program;
pub(crate) use test_routes::TEST_ROUTES;

/// A unit on a free port with a data folder of its own.
pub(crate) struct Running {
    pub(crate) unit: Unit,
    _data: TempDir,
}

/// A unit that does not run, and its data folder.
pub(crate) struct Stopped {
    config: Config,
    data: TempDir,
}

impl Stopped {
    /// Starts it again, with other settings if wanted.
    pub(crate) async fn start(self, change: impl FnOnce(&mut Config)) -> Running {
        let Self { mut config, data } = self;
        change(&mut config);
        Running { unit: Unit::start(config).await.unwrap(), _data: data }
    }

    /// Its data folder.
    pub(crate) fn data(&self) -> &std::path::Path {
        &self.config.unit.data
    }
}

impl Running {
    /// Starts one.
    pub(crate) async fn start(change: impl FnOnce(&mut Config)) -> Self {
        Self::start_with(ROUTES, change).await
    }

    /// Starts one with routes of a test's own.
    pub(crate) async fn start_with(routes: &'static [Route], change: impl FnOnce(&mut Config)) -> Self {
        let data = tempfile::tempdir().unwrap();
        let mut config = Config::default();
        config.unit.data = data.path().join("data");
        config.unit.listen = "127.0.0.1:0".parse().unwrap();
        config.unit.master_token = Some(saibo_server::config::Secret::new("token"));
        change(&mut config);
        let unit = Unit::start_with(config, routes).await.unwrap();
        Self { unit, _data: data }
    }

    /// Stops it and starts it again on its folder.
    pub(crate) async fn restarted(self) -> Self {
        self.stop().await.start(|_| ()).await
    }

    /// Stops it.
    pub(crate) async fn stop(self) -> Stopped {
        let Self { unit, _data: data } = self;
        let config = unit.app().config.clone();
        assert!(unit.stop().await, "it does not stop");
        Stopped { config, data }
    }

    /// What follows the scheme in its URL.
    pub(crate) fn authority(&self) -> String {
        format!("localhost:{}", self.unit.address().port())
    }

    /// Sends a request and reads the answer.
    pub(crate) async fn send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Answer {
        let authority = self.authority();
        let mut all = vec![];
        if !headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("host")) {
            all.push(("Host", authority.as_str()));
        }
        all.extend_from_slice(headers);
        send(self.unit.address(), method, path, &all, body).await
    }

    /// GET without a body.
    pub(crate) async fn get(&self, path: &str, headers: &[(&str, &str)]) -> Answer {
        self.send("GET", path, headers, b"").await
    }
}
