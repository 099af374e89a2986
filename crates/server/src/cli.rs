//! The command line.
//!
//! What a command says to its user goes to the standard output by way of `output`; the log and errors go to
//! the standard error.

mod logging;
mod output;
mod serve;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// A personal data store: a Personium-compatible unit in one program.
#[derive(Debug, Parser)]
#[command(name = "saibo", version, arg_required_else_help = true)]
#[command(
    after_help = "`saibo serve` alone starts a unit on http://localhost:9998/ with its data in ./saibo-data."
)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Serve(serve::Serve),
}

/// Runs the program.
#[must_use]
pub fn main() -> ExitCode {
    let outcome = match Cli::parse().command {
        Command::Serve(serve) => serve.run(),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            output::error(&*error);
            ExitCode::FAILURE
        }
    }
}
