//! `saibo serve`: runs a unit until it is told to stop.

use std::error::Error;
use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Args;
use tokio::signal::unix::{Signal, SignalKind, signal};

use super::cell::TOKEN_VARIABLE;
use super::{logging, output};
use crate::app::App;
use crate::config::{Config, LogFormat, Overrides, UnitUrl};
use crate::unit::Unit;

/// Run a unit.
#[derive(Debug, Args)]
#[command(long_about = "\
Run a unit.

Settings come from the configuration file, then from environment variables (SAIBO_UNIT__MASTER_TOKEN is
master_token in the section [unit]), then from these flags; later ones win. SIGTERM or Ctrl-C stops the unit
once the requests under way have been answered.")]
pub(super) struct Serve {
    /// Configuration file (TOML)
    #[arg(long, value_name = "FILE", env = "SAIBO_CONFIG")]
    config: Option<PathBuf>,
    /// Folder of everything that the unit keeps [default: saibo-data]
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Address and port to listen on [default: 127.0.0.1:9998]
    #[arg(long, value_name = "ADDR")]
    listen: Option<SocketAddr>,
    /// URL of the unit as clients see it [default: from the address]
    #[arg(long, value_name = "URL")]
    url: Option<UnitUrl>,
    /// What to log: error, warn, info, debug or trace, for single modules too [default: info]
    #[arg(long, value_name = "FILTER")]
    log: Option<String>,
    /// How log lines look [default: text]
    #[arg(long, value_name = "FORMAT")]
    log_format: Option<LogFormat>,
}

impl Serve {
    pub(super) fn run(self) -> Result<(), Box<dyn Error>> {
        let Self { config, data, listen, url, log, log_format } = self;
        let overrides = Overrides { data, listen, url, log, log_format };
        // What is not UTF-8 is none of ours, unless its name says so; then its value is wrong for every key.
        // The token of `saibo cell` is no setting of a unit, and may well be set in the same shell.
        let variables = std::env::vars_os()
            .filter(|(name, _)| name != TOKEN_VARIABLE)
            .map(|(name, value)| (name.to_string_lossy().into_owned(), value.to_string_lossy().into_owned()));
        let config = Config::load(config.as_deref(), variables, overrides)?;
        logging::start(&config.log)?;
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
        let outcome = runtime.block_on(serve(config));
        // Blocking work that is still under way is nobody's any more; the store survives being cut off.
        runtime.shutdown_background();
        outcome
    }
}

async fn serve(config: Config) -> Result<(), Box<dyn Error>> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let unit = Unit::start(config).await?;
    output::say(&welcome(unit.app()));
    tracing::info!(url = %unit.app().unit_url(), address = %unit.address(), "the unit is running");
    either(&mut terminate, &mut interrupt).await;
    tracing::info!("the unit is stopping");
    tokio::select! {
        ended = unit.stop() => {
            if ended {
                tracing::info!("the unit has stopped");
            } else {
                tracing::warn!("the unit has stopped with requests unanswered");
            }
            Ok(())
        }
        () = either(&mut terminate, &mut interrupt) => Err("stopped at once, as it was told to twice".into()),
    }
}

async fn either(one: &mut Signal, other: &mut Signal) {
    tokio::select! {
        _ = one.recv() => {}
        _ = other.recv() => {}
    }
}

/// Says where the unit is, where its master token is, and what to try.
fn welcome(app: &App) -> String {
    let url = app.unit_url();
    let (kept, token) = match &app.config.unit.master_token {
        Some(_) => ("in the configuration".to_owned(), "TOKEN=...".to_owned()),
        None => {
            let path = app.data.master_token_path();
            (path.display().to_string(), format!("TOKEN=$(cat '{}')", path.display()))
        }
    };
    let auth = "-H \"Authorization: Bearer $TOKEN\"";
    let cell = app.cell_url("alice");
    format!(
        "saibo {version} is running at {url}
Its master token is {kept}

Try in another terminal:
  curl {url}
  {token}; curl {auth} -H 'Accept: application/json' -d '{{\"Name\":\"alice\"}}' {url}__ctl/Cell
  curl {auth} -X POST {cell}__export
",
        version = env!("CARGO_PKG_VERSION"),
    )
}
