//! The program's log: structured lines on the standard error.

use std::io::{self, IsTerminal};

use tracing_subscriber::EnvFilter;
use tracing_subscriber::util::SubscriberInitExt;

use crate::config::{LogConfig, LogFormat};

/// A filter that does not parse, or a log that was started before.
#[derive(Debug, thiserror::Error)]
#[error("the log cannot be started: {0}")]
pub(super) struct LogError(String);

/// Starts the log.
pub(super) fn start(config: &LogConfig) -> Result<(), LogError> {
    let failed = |error: &dyn std::error::Error| LogError(error.to_string());
    let filter = EnvFilter::try_new(&config.filter)
        .map_err(|error| LogError(format!("'{}' is not a filter: {error}", config.filter)))?;
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(io::stderr).with_target(false);
    match config.format {
        LogFormat::Text => log.with_ansi(io::stderr().is_terminal()).finish().try_init(),
        LogFormat::Json => log.json().flatten_event(true).finish().try_init(),
    }
    .map_err(|error| failed(&error))
}
