//! A unit in this process, on a temporary folder and a free port.

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicI32, Ordering};
use std::time::Instant;

use tempfile::TempDir;
use tokio::runtime::Runtime;
use tokio::signal::unix::{SignalKind, signal};
use url::Url;

use super::story::Story;
use crate::cli::{figures, logging};
use crate::client::{Client, RemoteCell};
use crate::config::{Config, LogConfig, Secret};
use crate::unit::Unit;

/// The exit code of what Ctrl-C has cut off, as shells have it.
const INTERRUPTED: i32 = 130;

/// The unit, and where it is.
pub(super) struct Stage {
    runtime: Runtime,
    unit: Unit,
    folder: TempDir,
    url: Url,
    /// The exit code if it is interrupted.
    code: Arc<AtomicI32>,
}

impl Stage {
    /// Starts the unit.
    ///
    /// # Errors
    /// If it cannot be started.
    pub(super) fn set(story: &mut Story) -> Result<Self, Box<dyn Error>> {
        logging::start(&LogConfig { filter: "error".to_owned(), ..LogConfig::default() })?;
        let folder = tempfile::Builder::new().prefix("saibo-demo-").tempdir()?;
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
        let code = Arc::new(AtomicI32::new(INTERRUPTED));
        remove_when_interrupted(&runtime, folder.path(), code.clone())?;
        let began = Instant::now();
        let mut config = Config::default();
        config.unit.data = folder.path().join("data");
        config.unit.listen.set_port(0);
        let unit = runtime.block_on(Unit::start(config))?;
        let url = Url::parse(unit.app().unit_url().as_str())?;
        let text = format!("A unit is running at {url}");
        story.did(&text, began.elapsed());
        story.figure("start of the unit", figures::seconds(began.elapsed()));
        Ok(Self { runtime, unit, folder, url, code })
    }

    /// The unit's URL.
    pub(super) fn url(&self) -> &Url {
        &self.url
    }

    /// Where the master token is.
    pub(super) fn token_path(&self) -> PathBuf {
        self.unit.app().data.master_token_path()
    }

    /// A file of that name beside the unit's data.
    pub(super) fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A Cell, for somebody with the master token.
    ///
    /// # Errors
    /// If the unit does not answer.
    pub(super) fn cell(&self, name: &str) -> Result<RemoteCell, Box<dyn Error>> {
        let token = Secret::new(self.unit.app().secrets.master_token.expose());
        Ok(RemoteCell::find(Client::new(Some(token)), &self.url, name)?)
    }

    /// Serves until Ctrl-C or SIGTERM, which [`remove_when_interrupted`] sees to. That is as it should be then, so the
    /// exit code is the demo's.
    pub(super) fn serve_until_interrupted(&self, is_well: bool) {
        self.code.store(if is_well { 0 } else { 1 }, Ordering::SeqCst);
        self.runtime.block_on(std::future::pending())
    }

    /// Stops the unit and removes its data.
    pub(super) fn strike(self) {
        let Self { runtime, unit, folder, .. } = self;
        runtime.block_on(unit.stop());
        runtime.shutdown_background();
        drop(folder);
    }
}

/// A temporary folder with a Cell in it must not stay behind, however the demo ends.
fn remove_when_interrupted(runtime: &Runtime, folder: &Path, code: Arc<AtomicI32>) -> std::io::Result<()> {
    let folder = folder.to_owned();
    let _in_runtime = runtime.enter();
    let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    runtime.spawn(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
        let _ = fs::remove_dir_all(&folder);
        std::process::exit(code.load(Ordering::SeqCst));
    });
    Ok(())
}
