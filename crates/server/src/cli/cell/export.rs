//! `saibo cell export`: exports a Cell, fetches the snapshot and checks it.
//!
//! The file has its name only when it is whole, checked and on disk. Cut off in the middle, the same command goes on
//! where it was: `FILE.part` and `FILE.part.json` tell.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use clap::Args;
use saibo_core::clock;
use saibo_core::export::iso8601;
use serde_json::{Value, json};

use super::target::Target;
use super::watch::{PAUSE, unless_interrupted, watch};
use crate::cli::interrupt::Interruption;
use crate::cli::meter::Meter;
use crate::cli::output::{self, Tone, toned};
use crate::cli::snapshot::{PublicKey, Unlock, check};
use crate::cli::{Outcome, figures};
use crate::client::{Download, JobStatus, RemoteCell};

/// The code for a Cell that is being exported already.
const LOCKED: &str = "PR409-CM-0002";

/// Export a Cell into a file; the Cell can be used all the while
#[derive(Debug, Args)]
#[command(after_help = "\
Ctrl-C while the unit exports has it cancel that; a download that is cut off is gone on with by the same command.
Exit code: 0 if the snapshot is in the file and intact, else 1.")]
pub(in crate::cli) struct Export {
    #[command(flatten)]
    target: Target,
    /// Where the snapshot goes
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// Name of the snapshot in the unit [default: the Cell's name and the time]
    #[arg(long)]
    name: Option<String>,
    /// Export this Box, what is bound to it and what is bound to none; `__` is the main box (may be repeated)
    #[arg(long = "box", value_name = "NAME")]
    boxes: Vec<String>,
    /// Export what was changed since this snapshot, which is in the unit, and no more
    #[arg(long, value_name = "NAME", conflicts_with_all = ["boxes", "without_credentials"])]
    since: Option<String>,
    /// Leave out what passwords are checked with: Accounts come back without a password
    #[arg(long)]
    without_credentials: bool,
    /// Put a copy in it that people can read: index.html with tables and files, CSV, JSON
    #[arg(long, conflicts_with = "since")]
    readable: bool,
    /// Encrypt it to the owner of this public key (age1…; may be repeated). Without --identity it is checked by the
    /// unit alone
    #[arg(long = "recipient", value_name = "PUBLIC_KEY", conflicts_with = "passphrase_file")]
    recipients: Vec<String>,
    #[command(flatten)]
    unlock: Unlock,
    /// Leave the snapshot in the unit, too
    #[arg(long)]
    keep: bool,
    /// Replace FILE if there is one
    #[arg(long)]
    force: bool,
    /// Public key of the unit that must have signed it (may be repeated: one of them)
    #[arg(long = "key", value_name = "PUBLIC_KEY", allow_hyphen_values = true)]
    keys: Vec<PublicKey>,
}

impl Export {
    pub(super) fn run(self) -> Outcome {
        if self.out.exists() && !self.force {
            return Err(format!("{} exists; --force replaces it", self.out.display()).into());
        }
        let cell = self.target.find()?;
        let began = Instant::now();
        let mut download = self.snapshot(&cell)?;
        let (name, file) = (download.name().to_owned(), download.file());
        let length = {
            let mut meter = Meter::bytes("downloading", 0);
            download.fetch(&cell, &mut |done, total| meter.set_of(done, total))?
        };
        let keys: Vec<_> = self.keys.iter().map(|PublicKey(key)| *key).collect();
        // To others only, it cannot be looked into here.
        let key = self.unlock.key()?;
        let checked = match (&key, self.is_sealed()) {
            (None, true) => None,
            _ => Some(check(&download.part(), key.as_ref(), (!keys.is_empty()).then_some(&keys))?),
        };
        if let Some(checked) = &checked
            && !checked.is_intact()
        {
            let findings = checked.lines();
            download.discard();
            return Err(format!("the snapshot {name} is not intact, and was not kept:\n{findings}").into());
        }
        download.finish()?;
        let left = if self.keep {
            format!("; it is in the unit, too, as {file}")
        } else {
            match cell.delete_snapshot(&file) {
                Ok(()) => String::new(),
                // What was asked for is done; that something is left over must not hide it.
                Err(error) => format!("; {file} is left in the unit ({error})"),
            }
        };
        let contents = checked.map_or_else(
            || "encrypted, checked by the unit".to_owned(),
            |checked| {
                let counts = &checked.report.counts;
                let documents = figures::counted(counts.total_documents(), "document", "documents");
                format!("{documents}, {}, checked", figures::counted(counts.files, "file", "files"))
            },
        );
        output::say(&format!(
            "{}: {contents}, {} in {}{left}",
            toned(Tone::Good, format!("{} is in {}", cell.url(), self.out.display())),
            figures::bytes(length),
            figures::seconds(began.elapsed()),
        ));
        Ok(ExitCode::SUCCESS)
    }

    /// Has a snapshot made, or finds the one that a command which was cut off had begun.
    fn snapshot(&self, cell: &RemoteCell) -> Result<Download, Box<dyn Error>> {
        let interruption = Interruption::awaited()?;
        if let Some(download) = Download::unfinished(cell, &self.out)
            && self.name.as_deref().is_none_or(|name| name == download.name())
            && download.is_sealed() == self.is_sealed()
        {
            match finish_export(cell, &download.file(), download.name(), &interruption) {
                Ok(()) => {
                    output::note(&format!("Going on with the snapshot {}", download.name()));
                    return Ok(download);
                }
                Err(cancelled) if interruption.came() => {
                    download.discard();
                    return Err(cancelled);
                }
                Err(_gone) => {}
            }
        }
        let name = self.name.clone().unwrap_or_else(|| default_name(cell.name(), clock::now()));
        let download = Download::begin(cell, &name, self.is_sealed(), &self.out)
            .map_err(|error| format!("{} cannot be written: {error}", shown(&self.out)))?;
        let file = download.file();
        match make(cell, &self.request(&name)?, &file, &name, &interruption) {
            Ok(()) => Ok(download),
            Err(error) => {
                download.discard();
                Err(error)
            }
        }
    }

    /// Whether it is to be encrypted.
    fn is_sealed(&self) -> bool {
        !self.recipients.is_empty() || self.unlock.has_passphrase()
    }

    /// What the unit is asked for.
    fn request(&self, name: &str) -> Result<Value, Box<dyn Error>> {
        let mut request = json!({ "Name": name });
        if let Some(since) = &self.since {
            request["Since"] = json!(since);
        }
        if !self.boxes.is_empty() {
            request["Boxes"] = json!(self.boxes);
        }
        if self.without_credentials {
            request["Credentials"] = json!(false);
        }
        if self.readable {
            request["Readable"] = json!(true);
        }
        if !self.recipients.is_empty() {
            request["Encrypt"] = json!({ "Recipients": self.recipients });
        }
        if let Some(passphrase) = self.unlock.passphrase()? {
            request["Encrypt"] = json!({ "Passphrase": *passphrase });
        }
        Ok(request)
    }
}

fn shown(path: &Path) -> String {
    path.display().to_string()
}

fn make(
    cell: &RemoteCell,
    request: &Value,
    file: &str,
    name: &str,
    interruption: &Interruption,
) -> Result<(), Box<dyn Error>> {
    match cell.start_export(request) {
        Ok(()) => finish_export(cell, file, name, interruption),
        Err(error) if error.code() == Some(LOCKED) => {
            let running = match cell.export_status() {
                Ok(JobStatus::Running(job)) => format!(" as {}, which is at {}%", job.name, job.percent),
                _ => String::new(),
            };
            Err(format!("the Cell is being exported already{running}; try again when that is over").into())
        }
        Err(error) => Err(error.into()),
    }
}

/// Waits until a snapshot is there.
fn finish_export(
    cell: &RemoteCell,
    file: &str,
    name: &str,
    interruption: &Interruption,
) -> Result<(), Box<dyn Error>> {
    let look = unless_interrupted(cell, Some(name), interruption, RemoteCell::cancel_export);
    watch(cell, "exporting", PAUSE, RemoteCell::export_status, look)?;
    if interruption.came() {
        // Too late, it has left a snapshot that nobody wants.
        let _ = cell.delete_snapshot(file);
        return Err("the export was cancelled; nothing of it is left in the unit".into());
    }
    match cell.has_snapshot(file) {
        Ok(true) => Ok(()),
        Ok(false) => match cell.export_failure(name) {
            Ok(JobStatus::Failed { code, message }) => {
                Err(format!("the export failed: {message} ({code})").into())
            }
            _ => Err(format!("the export ended, and there is no snapshot {name}").into()),
        },
        Err(error) => Err(error.into()),
    }
}

/// `{cell}_yyyyMMdd_HHmmss`, as units name snapshots (API page 501). Chosen here, so that it is known.
fn default_name(cell: &str, now: i64) -> String {
    let digits: String = iso8601(now).chars().filter(char::is_ascii_digit).collect();
    let (date, time) = (digits.get(..8).unwrap_or_default(), digits.get(8..14).unwrap_or_default());
    format!("{cell}_{date}_{time}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn snapshots_are_named_by_cell_and_time() {
        assert_eq!(default_name("alice", 1_486_976_400_000), "alice_20170213_090000");
    }
}
