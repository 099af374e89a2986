//! `saibo snapshot`: what a snapshot file is and whether it is whole, without a unit.

mod base;
mod check;
mod file;
mod key;
mod show;
mod unlock;
mod verify;

use clap::Subcommand;

pub(super) use check::{effects_text, text as report_text};
pub(super) use file::{Opening, Snapshot, open};
pub(super) use key::PublicKey;
pub(super) use unlock::Unlock;
pub(super) use verify::check;

use super::Outcome;

/// Check and look into snapshot files; no unit is needed
#[derive(Debug, Subcommand)]
pub(super) enum SnapshotCommand {
    Verify(verify::Verify),
    Check(check::Check),
    Show(show::Show),
}

impl SnapshotCommand {
    pub(super) fn run(self) -> Outcome {
        match self {
            Self::Verify(verify) => verify.run(),
            Self::Check(check) => check.run(),
            Self::Show(show) => show.run(),
        }
    }
}
