//! What every handler can reach.

use std::sync::Arc;

use saibo_core::Unit;
use saibo_model::url::UnitUrl;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::config::Config;
use crate::data_dir::{DataDir, Secrets};

/// The running unit, as handlers see it.
#[derive(Debug)]
pub struct App {
    /// The configuration.
    pub config: Config,
    /// The data folder.
    pub data: DataDir,
    /// Its secrets.
    pub secrets: Secrets,
    /// The use cases.
    pub unit: Arc<Unit>,
    /// Cancelled when the unit begins to stop: what waits for events (WebSocket, long jobs) ends then.
    pub stopping: CancellationToken,
    /// What a stopping unit waits for.
    pub tasks: TaskTracker,
    /// How many more may listen to the progress of jobs.
    pub listeners: Arc<Semaphore>,
}

impl App {
    /// An application that is not stopping.
    #[must_use]
    pub fn new(config: Config, data: DataDir, secrets: Secrets, unit: Arc<Unit>) -> Self {
        let listeners = Arc::new(Semaphore::new(config.limits.job_listeners));
        Self {
            config,
            data,
            secrets,
            unit,
            stopping: CancellationToken::new(),
            tasks: TaskTracker::new(),
            listeners,
        }
    }

    /// The unit's URL: the configured one, or the one that follows from where it listens.
    #[must_use]
    pub fn unit_url(&self) -> &UnitUrl {
        &self.unit.settings().unit_url
    }

    /// The URL of a Cell, which ends with a slash.
    #[must_use]
    pub fn cell_url(&self, cell: &str) -> String {
        self.unit.cell_url(cell)
    }
}
