//! `saibo cell move`: has a unit take a Cell to another one.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use clap::Args;
use serde_json::{Value, json};
use url::Url;

use super::TOKEN_VARIABLE;
use super::target::{secret, token};
use super::watch::{PAUSE, unless_interrupted, watch};
use crate::cli::interrupt::Interruption;
use crate::cli::output::{self, Tone, toned};
use crate::cli::{Outcome, figures};
use crate::client::{Client, JobStatus, RemoteCell};
use crate::config::Secret;

/// How often is looked for what became of a move.
const LOOKS: u32 = 100;

/// Name of the environment variable with the token for the new place.
const NEW_TOKEN_VARIABLE: &str = "SAIBO_NEW_TOKEN";

/// Move a Cell to another unit; it can be used all the while, but for a moment
#[derive(Debug, Args)]
#[command(after_help = "\
Everything is copied while the Cell is used, then what was changed meanwhile. For the last of it the Cell takes no
writes: those wait, and go to the new place. Afterwards the old URL answers 308 and leads there. The old unit keeps what
it has until the Cell is deleted there; --undo makes that the Cell again. Ctrl-C cancels the move, and nothing has changed.
Exit code: 0 if the Cell has moved, else 1.")]
pub(in crate::cli) struct Move {
    /// URL of the Cell, such as https://old.example/alice/
    #[arg(value_name = "SRC")]
    from: Url,
    /// URL that it gets, such as https://new.example/alice/
    #[arg(value_name = "DEST", required_unless_present = "undo")]
    to: Option<Url>,
    /// Access token with the privilege root in the Cell, or the master token of its unit
    ///
    /// Other users of this machine may see it in the list of processes: the variable or the file are better.
    #[arg(long, env = TOKEN_VARIABLE, hide_env_values = true, value_name = "TOKEN", value_parser = secret)]
    token: Option<Secret>,
    /// File with that token; it wins over --token
    #[arg(long, value_name = "FILE")]
    token_file: Option<PathBuf>,
    /// Token of a unit user of the new unit, or its master token; with --replace, one with the privilege root is enough
    #[arg(long, env = NEW_TOKEN_VARIABLE, hide_env_values = true, value_name = "TOKEN", value_parser = secret)]
    new_token: Option<Secret>,
    /// File with that token; it wins over --new-token
    #[arg(long, value_name = "FILE")]
    new_token_file: Option<PathBuf>,
    /// Move it into a Cell that is there, whose content is replaced
    #[arg(long)]
    replace: bool,
    /// Take back that it has moved: the old URL has what it had then. What was written since is at the new one
    #[arg(long, conflicts_with_all = ["to", "replace"])]
    undo: bool,
}

impl Move {
    pub(super) fn run(self) -> Outcome {
        let needed = format!("a token is needed: --token-file FILE, --token TOKEN or {TOKEN_VARIABLE}");
        let own = token(self.token_file.as_deref(), self.token.as_ref())?.ok_or(needed)?;
        let cell = RemoteCell::at(Client::new(Some(own)), &url(&self.from))?;
        let Some(to) = self.to.as_ref().map(url) else {
            cell.post_move(&json!({ "Undo": true }))?;
            output::say(&toned(Tone::Good, format!("{} is what it was when it moved", cell.url())));
            return Ok(ExitCode::SUCCESS);
        };
        let needed = format!(
            "a token for the new place is needed: --new-token-file FILE, --new-token TOKEN or {NEW_TOKEN_VARIABLE}"
        );
        let new = token(self.new_token_file.as_deref(), self.new_token.as_ref())?.ok_or(needed)?;
        let began = Instant::now();
        let interruption = Interruption::awaited()?;
        let before = cell.last_move()?;
        cell.post_move(&json!({ "To": to, "Token": new.expose(), "Replace": self.replace }))?;
        let look = unless_interrupted(&cell, None, &interruption, RemoteCell::cancel_move);
        match watch(&cell, "moving", PAUSE, RemoteCell::move_status, look)? {
            JobStatus::Cancelled => return Err("the move was cancelled, and the Cell is where it was".into()),
            JobStatus::Failed { code, message } => {
                return Err(format!("the Cell has not moved: {message} ({code})").into());
            }
            JobStatus::Ready | JobStatus::Running(_) => {}
        }
        let moved = cell.moved_to()?;
        if moved.as_deref() != Some(to.as_str()) {
            return Err(format!("the move is over, and {} does not say that it has moved", cell.url()).into());
        }
        let said = format!("{} has moved to {to} in {}", cell.url(), figures::seconds(began.elapsed()));
        output::say(&toned(Tone::Good, said));
        let last = told_of(&cell, &before);
        for warning in last["warnings"].as_array().into_iter().flatten().filter_map(Value::as_str) {
            output::note(warning);
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// What became of a move, when all that follows it is done too. The Cell has moved, whatever cannot be told.
fn told_of(cell: &RemoteCell, before: &Value) -> Value {
    for _ in 0..LOOKS {
        match cell.last_move() {
            Ok(last) if last == *before => std::thread::sleep(PAUSE),
            last => return last.unwrap_or_default(),
        }
    }
    Value::Null
}

/// With the slash that the URL of a Cell ends with.
fn url(url: &Url) -> String {
    let text = url.to_string();
    if text.ends_with('/') { text } else { format!("{text}/") }
}
