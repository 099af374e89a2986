//! The command line.
//!
//! What a command says to its user goes to the standard output by way of `output`; progress, the log and errors go
//! to the standard error. A module a command.

mod cell;
mod demo;
mod figures;
mod interrupt;
mod logging;
mod meter;
mod output;
mod serve;
mod snapshot;

use std::error::Error;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// How a command ended. An error is printed and makes the exit code 1.
type Outcome = Result<ExitCode, Box<dyn Error>>;

/// A personal data store: a Personium-compatible unit in one program.
#[derive(Debug, Parser)]
#[command(name = "saibo", version, arg_required_else_help = true)]
#[command(after_help = "\
`saibo demo` shows what it does in half a minute.
`saibo serve` alone starts a unit on http://localhost:9998/ with its data in ./saibo-data.")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Serve(serve::Serve),
    Demo(demo::Demo),
    #[command(subcommand)]
    Cell(cell::CellCommand),
    #[command(subcommand)]
    Snapshot(snapshot::SnapshotCommand),
}

/// Runs the program.
#[must_use]
pub fn main() -> ExitCode {
    let outcome = match Cli::parse().command {
        Command::Serve(serve) => serve.run().map(|()| ExitCode::SUCCESS),
        Command::Demo(demo) => demo.run(),
        Command::Cell(cell) => cell.run(),
        Command::Snapshot(snapshot) => snapshot.run(),
    };
    outcome.unwrap_or_else(|error| {
        output::error(&*error);
        ExitCode::FAILURE
    })
}
