//! The configuration of a unit.
//!
//! Later sources win: the defaults, then the TOML file (`--config`), then the environment
//! (`SAIBO_SECTION__KEY`), then the flags of the command line. A key that nobody knows is an error whatever
//! its source, for a misspelt limit would otherwise be no limit.

mod authentication;
mod environment;
mod limits;
mod oidc;
mod secret;
mod sections;
mod unit_url;

use std::path::{Path, PathBuf};

use figment::Figment;
use figment::providers::{Format, Serialized, Toml};
use serde::{Deserialize, Serialize};

pub use authentication::AuthenticationConfig;
pub use limits::Limits;
pub use oidc::OidcConfig;
pub use secret::Secret;
pub use sections::{CellConfig, LogConfig, LogFormat, PasswordHash, UnitConfig};
pub use unit_url::{InvalidUnitUrl, UnitUrl};

/// What is wrong with a configuration.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("the configuration file {} cannot be read: {cause}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        cause: std::io::Error,
    },
    /// An environment variable that begins with `SAIBO_` and means nothing.
    #[error("the environment variable {name} is not a setting of saibo{hint}")]
    UnknownVariable {
        /// Its name.
        name: String,
        /// What may have been meant.
        hint: String,
    },
    /// An environment variable whose value does not fit.
    #[error("the environment variable {name} must be {expected}")]
    Variable {
        /// Its name.
        name: String,
        /// What it must be.
        expected: &'static str,
    },
    /// A key is unknown, or its value does not fit.
    #[error("the configuration is not valid: {0}")]
    Invalid(#[from] Box<figment::Error>),
    /// A value that fits its type and yet makes no sense.
    #[error("the configuration is not valid: {0}")]
    Senseless(&'static str),
}

/// The configuration of a unit, one field a section.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// `[unit]`: the unit as a whole.
    pub unit: UnitConfig,
    /// `[cell]`: defaults of Cells.
    pub cell: CellConfig,
    /// `[authentication]`: how logins are checked and what tokens may do.
    pub authentication: AuthenticationConfig,
    /// `[limits]`: how much of anything is accepted.
    pub limits: Limits,
    /// `[log]`: the program's log.
    pub log: LogConfig,
}

/// What the command line sets; each wins over every other source.
#[derive(Clone, Debug, Default)]
pub struct Overrides {
    /// `--data`
    pub data: Option<PathBuf>,
    /// `--listen`
    pub listen: Option<std::net::SocketAddr>,
    /// `--url`
    pub url: Option<UnitUrl>,
    /// `--log`
    pub log: Option<String>,
    /// `--log-format`
    pub log_format: Option<LogFormat>,
}

impl Config {
    /// Reads the configuration from all its sources.
    ///
    /// # Errors
    /// When the file cannot be read, or when any source has an unknown key or a value that does not fit.
    pub fn load(
        file: Option<&Path>,
        variables: impl IntoIterator<Item = (String, String)>,
        overrides: Overrides,
    ) -> Result<Self, ConfigError> {
        let mut sources = Figment::new();
        if let Some(path) = file {
            // Opened here only for the sake of an error that names the file.
            std::fs::File::open(path).map_err(|cause| ConfigError::File { path: path.to_owned(), cause })?;
            sources = sources.merge(Toml::file_exact(path));
        }
        for (key, value) in environment::settings(variables)? {
            sources = sources.merge(Serialized::default(&key, value));
        }
        let mut config: Self = sources.extract().map_err(Box::new)?;
        config.apply(overrides);
        config.check()?;
        Ok(config)
    }

    fn apply(&mut self, overrides: Overrides) {
        let Overrides { data, listen, url, log, log_format } = overrides;
        if let Some(data) = data {
            self.unit.data = data;
        }
        if let Some(listen) = listen {
            self.unit.listen = listen;
        }
        if url.is_some() {
            self.unit.url = url;
        }
        if let Some(filter) = log {
            self.log.filter = filter;
        }
        if let Some(format) = log_format {
            self.log.format = format;
        }
    }

    fn check(&self) -> Result<(), ConfigError> {
        if self.unit.data.as_os_str().is_empty() {
            return Err(ConfigError::Senseless("unit.data must name a folder"));
        }
        if self.unit.master_token.as_ref().is_some_and(|token| token.expose().trim().is_empty()) {
            // An empty token would make `Authorization: Bearer ` the key to everything.
            return Err(ConfigError::Senseless("unit.master_token must not be empty"));
        }
        self.authentication.check().map_err(ConfigError::Senseless)?;
        self.limits.check().map_err(ConfigError::Senseless)
    }
}

#[cfg(test)]
mod tests;
