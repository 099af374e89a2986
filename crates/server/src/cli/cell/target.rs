//! Which Cell of which unit, and with what right.

use std::error::Error;
use std::path::{Path, PathBuf};

use clap::Args;
use url::Url;

use super::TOKEN_VARIABLE;
use crate::client::{Client, RemoteCell};
use crate::config::Secret;

/// What every command about a Cell is told.
#[derive(Debug, Args)]
pub(super) struct Target {
    /// URL of the unit, such as http://localhost:9998/
    #[arg(long, value_name = "URL")]
    unit: Url,
    /// Name of the Cell
    #[arg(long, value_name = "NAME", value_parser = cell_name)]
    cell: String,
    /// Access token with the privilege root in the Cell, or the unit's master token
    ///
    /// Other users of this machine may see it in the list of processes: the variable or the file are better.
    #[arg(long, env = TOKEN_VARIABLE, hide_env_values = true, value_name = "TOKEN", value_parser = secret)]
    token: Option<Secret>,
    /// File with the token, such as saibo-data/master-token; it wins over --token
    #[arg(long, value_name = "FILE")]
    token_file: Option<PathBuf>,
}

impl Target {
    /// Finds the unit, and the Cell's URL in it.
    pub(super) fn find(&self) -> Result<RemoteCell, Box<dyn Error>> {
        let needed = format!("a token is needed: --token-file FILE, --token TOKEN or {TOKEN_VARIABLE}");
        let token = token(self.token_file.as_deref(), self.token.as_ref())?.ok_or(needed)?;
        Ok(RemoteCell::find(Client::new(Some(token)), &self.unit, &self.cell)?)
    }
}

/// The token of a file, or else the one that was given.
///
/// # Errors
/// If the file cannot be read, or it is none.
pub(super) fn token(file: Option<&Path>, given: Option<&Secret>) -> Result<Option<Secret>, Box<dyn Error>> {
    let token = match (file, given) {
        (Some(path), _) => std::fs::read_to_string(path)
            .map_err(|error| format!("the token file {} cannot be read: {error}", path.display()))?,
        (None, Some(token)) => token.expose().to_owned(),
        (None, None) => return Ok(None),
    };
    let token = token.trim();
    if token.is_empty() || !token.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err("the token must be one word of printable characters".into());
    }
    Ok(Some(Secret::new(token)))
}

pub(super) fn secret(text: &str) -> Result<Secret, std::convert::Infallible> {
    Ok(Secret::new(text))
}

/// A name that can be a Cell's, so that it cannot be a part of some other URL.
fn cell_name(text: &str) -> Result<String, &'static str> {
    if saibo_model::name::is_cell_name(text) { Ok(text.to_owned()) } else { Err("no Cell has such a name") }
}
