//! `saibo cell`: takes a Cell out of a running unit and puts it into one, over the API and from anywhere.

mod export;
mod import;
mod relocation;
mod schedule;
mod target;
mod undo;
pub(super) mod watch;

use clap::Subcommand;

use super::Outcome;

/// Name of the environment variable with the token.
pub(super) const TOKEN_VARIABLE: &str = "SAIBO_TOKEN";

/// Export, import and move the Cells of a running unit
#[derive(Debug, Subcommand)]
pub(super) enum CellCommand {
    Export(Box<export::Export>),
    Import(import::Import),
    Undo(undo::Undo),
    Move(relocation::Move),
    Schedule(Box<schedule::Schedule>),
}

impl CellCommand {
    pub(super) fn run(self) -> Outcome {
        match self {
            Self::Export(export) => export.run(),
            Self::Import(import) => import.run(),
            Self::Undo(undo) => undo.run(),
            Self::Move(relocation) => relocation.run(),
            Self::Schedule(schedule) => schedule.run(),
        }
    }
}
