//! `saibo cell import`: checks a snapshot, sends it to a unit and has it imported.

use std::error::Error;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use clap::{Args, ValueEnum};
use saibo_core::import::Effects;
use saibo_core::import::dry::Report;
use saibo_core::{clock, snapshot};
use serde::Serialize;
use serde_json::{Value, json};

use super::target::Target;
use super::watch::{PAUSE, unless_interrupted, watch};
use crate::cli::interrupt::Interruption;
use crate::cli::meter::Meter;
use crate::cli::output::{self, Tone, toned};
use crate::cli::snapshot::{Unlock, check, effects_text, report_text};
use crate::cli::{Outcome, figures};
use crate::client::{JobStatus, RemoteCell, Upload};

/// Replace a Cell's content by a snapshot's
#[derive(Debug, Args)]
#[command(after_help = "\
The snapshot is checked here first, and by the unit again. The Cell is as it was until all of the snapshot is in it;
for a day `saibo cell undo` brings back what was replaced. Ctrl-C while the unit imports has it cancel that.
An upload that breaks off goes on where it ended, by itself or with the same command. Exit code: 0 if it was imported, else 1.")]
pub(in crate::cli) struct Import {
    #[command(flatten)]
    target: Target,
    /// The snapshot (.zip, .zip.age)
    file: PathBuf,
    #[command(flatten)]
    unlock: Unlock,
    /// Keep the Cell's content and put the snapshot's beside it; this is for what is in both
    #[arg(long, value_enum)]
    mode: Option<ModeArgument>,
    /// Import this Box and what is bound to it only; `__` is the main box (may be repeated)
    #[arg(long = "box", value_name = "NAME", requires = "mode")]
    boxes: Vec<String>,
    /// Create the Cell if there is none; takes the token of a unit user
    #[arg(long)]
    create: bool,
    /// Say what would be replaced and lost, what is wrong and what is in the way, and import nothing
    #[arg(long, conflicts_with = "create")]
    dry_run: bool,
    /// Leave the snapshot in the unit
    #[arg(long)]
    keep: bool,
}

/// What becomes of what both the snapshot and the Cell have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
enum ModeArgument {
    /// The snapshot's takes its place
    Overwrite,
    /// The Cell's stays as it is
    Skip,
    /// The Cell's gets the snapshot's properties, and keeps its others
    Merge,
}

impl Import {
    /// What the unit is asked for.
    fn request(&self, name: &str) -> Result<Value, Box<dyn Error>> {
        let mut request = json!({ "Name": name });
        if let Some(mode) = self.mode {
            request["Mode"] = json!(mode);
        }
        if !self.boxes.is_empty() {
            request["Boxes"] = json!(self.boxes);
        }
        if self.dry_run {
            request["DryRun"] = json!(true);
        }
        if let Some(identity) = self.unlock.identity()? {
            request["Identity"] = json!(*identity);
        }
        if let Some(passphrase) = self.unlock.passphrase()? {
            request["Passphrase"] = json!(*passphrase);
        }
        Ok(request)
    }

    pub(super) fn run(self) -> Outcome {
        let key = self.unlock.key()?;
        let checked = check(&self.file, key.as_ref(), None)?;
        if !checked.content_is_intact() {
            let findings = checked.lines();
            return Err(
                format!("{} is not intact, and was not sent:\n{findings}", self.file.display()).into()
            );
        }
        let cell = self.target.find()?;
        let began = Instant::now();
        match cell.import_status() {
            Err(error) if error.status() == Some(404) && self.create => cell.create()?,
            Err(error) if error.status() == Some(404) => {
                return Err(format!("there is no Cell {}; --create makes it ({error})", cell.url()).into());
            }
            status => drop(status?),
        }
        let mut reading = Meter::bytes("reading", 0);
        let sent = Upload::of(&cell, &self.file, &mut |done, total| reading.set_of(done, total))?;
        drop(reading);
        let begun = sent.unfinished().and_then(|file| {
            let name = file.strip_suffix(&snapshot::file_name("", key.is_some()))?;
            Some(name.to_owned())
        });
        let name = if let Some(name) = begun {
            output::note("Going on with an upload that was cut off");
            name
        } else {
            format!("import_{}", clock::now())
        };
        let file = snapshot::file_name(&name, key.is_some());
        let request = self.request(&name)?;
        let mut uploading = Meter::bytes("uploading", 0);
        // What has been sent of one that fails stays for the next time, until the unit keeps it no longer.
        sent.send(&file, &mut |done, total| uploading.set_of(done, total))?;
        drop(uploading);
        if self.dry_run {
            let report = try_out(&cell, &name, &request);
            let _ = cell.delete_snapshot(&file);
            let report = report?;
            output::say(&report_text(&report));
            return Ok(if report.importable { ExitCode::SUCCESS } else { ExitCode::FAILURE });
        }
        let imported = import(&cell, &name, &request);
        if !self.keep || imported.is_err() {
            // It may be that it never came to be; and nothing hangs on it.
            let _ = cell.delete_snapshot(&file);
        }
        imported?;
        let counts = &checked.report.counts;
        output::say(&format!(
            "{}: {}, {} in {}",
            toned(Tone::Good, format!("{} is in {}", self.file.display(), cell.url())),
            figures::counted(counts.total_documents(), "document", "documents"),
            figures::counted(counts.files, "file", "files"),
            figures::seconds(began.elapsed()),
        ));
        if self.mode.is_some() {
            let effects: Effects = serde_json::from_value(cell.told_of_imports("last")?["effects"].take())?;
            output::say(&effects_text(&effects));
        }
        Ok(ExitCode::SUCCESS)
    }
}

fn import(cell: &RemoteCell, name: &str, request: &Value) -> Result<(), Box<dyn Error>> {
    let interruption = Interruption::awaited()?;
    cell.start_import(request)?;
    let look = unless_interrupted(cell, Some(name), &interruption, RemoteCell::cancel_import);
    match watch(cell, "importing", PAUSE, RemoteCell::import_status, look)? {
        JobStatus::Cancelled => Err("the import was cancelled, and the Cell is as it was".into()),
        JobStatus::Failed { code, message } => {
            Err(format!("the import failed, and the Cell is as it was: {message} ({code})").into())
        }
        _ => Ok(()),
    }
}

/// Has the unit look what the import would do.
fn try_out(cell: &RemoteCell, name: &str, request: &Value) -> Result<Report, Box<dyn Error>> {
    let interruption = Interruption::awaited()?;
    cell.start_import(request)?;
    let look = unless_interrupted(cell, Some(name), &interruption, RemoteCell::cancel_import);
    watch(cell, "checking", PAUSE, RemoteCell::import_status, look)?;
    let told = cell.told_of_imports("dry_run")?;
    match told["outcome"].as_str() {
        Some("done") => Ok(serde_json::from_value(told)?),
        Some("cancelled") => Err("the dry run was cancelled".into()),
        Some(_) => Err(format!("the dry run failed: {} ({})", told["message"], told["code"]).into()),
        None => Err("the unit does not know dry runs, or another import has begun meanwhile".into()),
    }
}
