//! `saibo cell undo`: brings back what the last import replaced.

use std::process::ExitCode;

use clap::Args;

use super::target::Target;
use crate::cli::Outcome;
use crate::cli::output::{self, Tone, toned};

/// Bring back what the last import into a Cell replaced
#[derive(Debug, Args)]
#[command(after_help = "\
What was written since the import is lost. A unit keeps what an import replaced for a day, unless its configuration
says otherwise. Exit code: 0 if the Cell is as it was before the import, else 1.")]
pub(in crate::cli) struct Undo {
    #[command(flatten)]
    target: Target,
}

impl Undo {
    pub(super) fn run(self) -> Outcome {
        let cell = self.target.find()?;
        cell.undo_import()?;
        let done = toned(Tone::Good, format!("{} is as it was before the last import", cell.url()));
        output::say(&done);
        Ok(ExitCode::SUCCESS)
    }
}
