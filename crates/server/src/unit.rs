//! A running unit: started from a configuration, stopped on demand. The program runs one; a test runs many.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use saibo_core::{Background, housekeeping, schedule};
use tokio::task::JoinHandle;

use crate::app::App;
use crate::config::{Config, UnitUrl};
use crate::data_dir::{DataDir, DataDirError, token_keys};
use crate::http::{self, BindError};
use crate::routes::{ROUTES, Route, Router};
use crate::wiring;

/// Why a unit does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The data folder.
    #[error(transparent)]
    DataDir(#[from] DataDirError),
    /// The address.
    #[error(transparent)]
    Bind(#[from] BindError),
    /// A certificate that is to be trusted.
    #[error("{} in unit.trusted_certificates is not an X.509 certificate (PEM or DER) with an RSA key of 2048 bits or more", .0.display())]
    Certificate(std::path::PathBuf),
    /// What is in the data folder.
    #[error("{}", described(.0))]
    Store(#[from] saibo_model::Error),
    /// The runtime is being shut down.
    #[error("the start was interrupted")]
    Interrupted,
}

/// A running unit.
#[derive(Debug)]
pub struct Unit {
    app: Arc<App>,
    address: SocketAddr,
    accepting: JoinHandle<()>,
    housekeeping: Background,
    schedules: Background,
}

/// How often the unit looks for what is to be removed.
const HOUSEKEEPING: Duration = Duration::from_secs(60);

impl Unit {
    /// Starts a unit.
    ///
    /// # Errors
    /// When the data folder or the address cannot be used.
    pub async fn start(config: Config) -> Result<Self, StartError> {
        Self::start_with(config, ROUTES).await
    }

    /// Starts a unit with other routes: for tests of what lies around them.
    ///
    /// # Errors
    /// When the data folder or the address cannot be used.
    pub async fn start_with(config: Config, routes: &'static [Route]) -> Result<Self, StartError> {
        let (data, master_token) = (config.unit.data.clone(), config.unit.master_token.clone());
        let opened = tokio::task::spawn_blocking(move || {
            let data = DataDir::open(&data)?;
            let secrets = data.secrets(master_token)?;
            Ok::<_, DataDirError>((data, secrets))
        });
        let (data, secrets) = opened.await.map_err(|_| StartError::Interrupted)??;
        let listener = http::bind(config.unit.listen).await?;
        let address = listener.local_addr().unwrap_or(config.unit.listen);
        let url = config.unit.url.clone().unwrap_or_else(|| UnitUrl::of_listener(address));
        let wired = tokio::task::spawn_blocking(move || {
            let unit = wiring::unit(&config, url.as_str(), &data, &secrets)?;
            let housekeeping = housekeeping::start(&unit, HOUSEKEEPING)?;
            let schedules = schedule::start(&unit)?;
            Ok::<_, StartError>((App::new(config, data, secrets, unit), housekeeping, schedules))
        });
        let (app, housekeeping, schedules) = wired.await.map_err(|_| StartError::Interrupted)??;
        let app = Arc::new(app);
        app.tasks.spawn(token_keys::replace_in_time(app.clone(), app.stopping.clone()));
        let accepting = tokio::spawn(http::serve(listener, app.clone(), Arc::new(Router::new(routes))));
        Ok(Self { app, address, accepting, housekeeping, schedules })
    }

    /// What its handlers see.
    #[must_use]
    pub fn app(&self) -> &Arc<App> {
        &self.app
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Stops accepting, and waits for requests to end, for as long as the configuration allows. Whether all of
    /// them did.
    pub async fn stop(self) -> bool {
        self.app.stopping.cancel();
        // It ends at once, and with it the listening.
        let _ = self.accepting.await;
        self.app.tasks.close();
        let unit = self.app.unit.clone();
        let (housekeeping, schedules) = (self.housekeeping, self.schedules);
        // Exports and imports stop where they are and are taken up at the next start.
        let jobs = tokio::task::spawn_blocking(move || {
            unit.jobs().close();
            schedules.stop();
            housekeeping.stop();
        });
        let ended = async {
            self.app.tasks.wait().await;
            jobs.await.is_ok()
        };
        tokio::time::timeout(self.app.config.limits.shutdown(), ended).await.unwrap_or(false)
    }
}

/// What is wrong, with what caused it: whoever starts a unit may know.
fn described(error: &saibo_model::Error) -> String {
    match error.cause() {
        Some(cause) => format!("{} ({cause})", error.message()),
        None => error.message(),
    }
}
