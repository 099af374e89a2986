//! Measures a unit: the program `saibo`, run as it is run for people, over HTTP, on a temporary folder.
//!
//! Rates of different machines say nothing together, so whatever can be is compared with something that is measured in
//! the same run: an export of files with a copy of the same bytes, a `GET` with a bare handler that answers the same,
//! writes during an export with writes without one.

mod bare;
mod client;
mod figures;
mod ground;
mod load;
mod measure;
mod options;
mod process;
mod raw;
mod report;
mod snapshots;
mod unit;
mod wire;

use std::error::Error;
use std::io::{self, Write};
use std::process::ExitCode;

use clap::Parser;

use options::{Command, Options};

/// What goes wrong is told to whoever runs it, and is for nobody else to tell apart.
type Result<T, E = Box<dyn Error + Send + Sync>> = std::result::Result<T, E>;

fn main() -> ExitCode {
    let options = Options::parse();
    let outcome = match &options.command {
        Some(Command::Bare { answers }) => bare::serve(answers),
        Some(Command::BareFiles { folder }) => bare::serve_files(folder),
        None => measure::run(&options),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            note(&format!("saibo-bench: {error}"));
            ExitCode::FAILURE
        }
    }
}

/// Tells what is under way, beside the results.
fn note(text: &str) {
    // Nobody may be listening, which is no reason to stop.
    let _ = writeln!(io::stderr().lock(), "{text}");
}
