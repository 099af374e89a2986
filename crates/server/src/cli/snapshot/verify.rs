//! `saibo snapshot verify`: whether a snapshot is whole, and what its unit signed.

use std::fmt::Write as _;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use ed25519_dalek::VerifyingKey;
use saibo_archive::{Error, Key, Report};
use serde_json::{Value, json};

use super::{Opening, PublicKey, Snapshot, Unlock, key, open};
use crate::cli::meter::Meter;
use crate::cli::output::{self, Tone, toned};
use crate::cli::{Outcome, figures};

/// The exit code for what is no snapshot, or cannot be read.
const NO_SNAPSHOT: u8 = 2;

/// Check a snapshot file: every byte of it, against its checksums, its manifest and its signature
#[derive(Debug, Args)]
#[command(after_help = "\
Exit code: 0 if the snapshot is intact, 1 if anything is wrong with it, 2 if the file is no snapshot or cannot be read.

A signature shows that nothing was changed since some unit signed it; which unit, only --key can tell. Snapshots of
personium-core are not signed: their structure and checksums are checked.")]
pub(in crate::cli) struct Verify {
    /// The snapshot (.zip, .zip.age)
    file: PathBuf,
    #[command(flatten)]
    unlock: Unlock,
    /// Public key of the unit that must have signed it (may be repeated: one of them)
    #[arg(long = "key", value_name = "PUBLIC_KEY", allow_hyphen_values = true)]
    keys: Vec<PublicKey>,
    /// Print a JSON object
    #[arg(long)]
    json: bool,
}

/// What a check has found: findings of its own for what cannot even be opened.
#[derive(Debug, Default)]
pub(in crate::cli) struct Checked {
    /// The report, unless the file could not be opened.
    pub(in crate::cli) report: Report,
    /// What is wrong with the structure.
    pub(in crate::cli) damage: Option<Error>,
}

impl Checked {
    /// Whether nothing is wrong.
    pub(in crate::cli) fn is_intact(&self) -> bool {
        self.damage.is_none() && self.report.is_intact()
    }

    /// Whether nothing is wrong with what the snapshot says, however it is packed.
    pub(in crate::cli) fn content_is_intact(&self) -> bool {
        self.damage.is_none() && self.report.content_is_intact()
    }

    /// The entry (empty for the file as a whole) and what is wrong with it.
    pub(in crate::cli) fn findings(&self) -> Vec<(String, String)> {
        let damage = self.damage.iter().map(|error| {
            let entry = error.entry().unwrap_or_default().to_owned();
            let text = error.to_string();
            let why = text.strip_prefix(&format!("{entry}: ")).unwrap_or(&text).to_owned();
            (entry, why)
        });
        let findings = self.report.findings.iter();
        damage.chain(findings.map(|finding| (finding.entry.clone(), finding.problem.to_string()))).collect()
    }

    /// The findings, a line each.
    pub(in crate::cli) fn lines(&self) -> String {
        let mut text = String::new();
        for (entry, why) in self.findings() {
            let _ = match entry.as_str() {
                "" => writeln!(text, "  {why}"),
                entry => writeln!(text, "  {entry}: {why}"),
            };
        }
        if self.report.unlisted > 0 {
            let _ = writeln!(text, "  and {} more", figures::count(self.report.unlisted));
        }
        text.trim_end().to_owned()
    }
}

/// Checks a snapshot file, with a progress bar.
///
/// # Errors
/// If it is no snapshot, or cannot be read.
pub(in crate::cli) fn check(
    path: &Path,
    key: Option<&Key>,
    keys: Option<&[VerifyingKey]>,
) -> Result<Checked, Opening> {
    let snapshot = match open(path, key) {
        Ok(snapshot) => snapshot,
        Err(Opening::Damaged(error)) => return Ok(Checked { damage: Some(error), ..Checked::default() }),
        Err(error) => return Err(error),
    };
    let report = read(&snapshot, keys);
    match report {
        Ok(report) => Ok(Checked { report, damage: None }),
        Err(error @ (Error::Io(_) | Error::Interrupted)) => {
            Err(Opening::NoSnapshot(format!("{} cannot be read: {error}", path.display())))
        }
        Err(error) => Ok(Checked { damage: Some(error), ..Checked::default() }),
    }
}

fn read(snapshot: &Snapshot, keys: Option<&[VerifyingKey]>) -> saibo_archive::Result<Report> {
    /// Bytes between two looks at the bar.
    const STEP: u64 = 1 << 18;
    let mut meter = Meter::bytes("checking", snapshot.totals().bytes);
    let mut shown = 0;
    saibo_archive::verify(snapshot, keys, &mut |progress| {
        if progress.bytes >= shown + STEP {
            shown = progress.bytes;
            meter.set_of(progress.bytes, progress.total_bytes);
        }
        ControlFlow::Continue(())
    })
}

impl Verify {
    pub(super) fn run(self) -> Outcome {
        let keys: Vec<VerifyingKey> = self.keys.iter().map(|PublicKey(key)| *key).collect();
        let key = self.unlock.key()?;
        match check(&self.file, key.as_ref(), (!keys.is_empty()).then_some(&keys)) {
            Ok(checked) => {
                let text = if self.json { to_json(&checked).to_string() } else { self.to_text(&checked) };
                output::say(&text);
                Ok(if checked.is_intact() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
            }
            Err(error) => {
                if self.json {
                    output::say(&json!({ "intact": false, "error": error.to_string() }).to_string());
                }
                output::error(&error);
                Ok(ExitCode::from(NO_SNAPSHOT))
            }
        }
    }

    fn to_text(&self, checked: &Checked) -> String {
        let (file, report) = (self.file.display(), &checked.report);
        if !checked.is_intact() {
            let count = checked.findings().len() as u64 + report.unlisted;
            let head = format!("{file} is NOT intact: {}", figures::counted(count, "finding", "findings"));
            return format!("{}\n{}", toned(Tone::Bad, head), checked.lines());
        }
        let head = toned(Tone::Good, format!("{file} is intact"));
        let checked = format!(
            "{} and {} checked, {}, {}",
            figures::counted(report.entries, "entry", "entries"),
            figures::bytes(report.bytes),
            figures::counted(report.counts.total_documents(), "document", "documents"),
            figures::counted(report.counts.files, "file", "files"),
        );
        let signed = match (&report.manifest, &report.signer) {
            (Some(manifest), Some(signer)) => format!(
                "signed by {} with the key {}{}",
                manifest.unit_url,
                key::to_text(&signer.key),
                if self.keys.is_empty() { "" } else { ", which is trusted" },
            ),
            _ => "not signed: written by a unit that does not sign, so only its checksums were checked"
                .to_owned(),
        };
        format!("{head}\n  {checked}\n  content root {}\n  {signed}", report.root)
    }
}

fn to_json(checked: &Checked) -> Value {
    let report = &checked.report;
    let findings =
        checked.findings().into_iter().map(|(entry, problem)| json!({ "entry": entry, "problem": problem }));
    json!({
        "intact": checked.is_intact(),
        "content_intact": checked.content_is_intact(),
        "findings": findings.collect::<Vec<_>>(),
        "findings_not_listed": report.unlisted,
        "entries": report.entries,
        "bytes": report.bytes,
        "content_root": report.root,
        "counts": report.counts,
        "signed": report.is_signed(),
        "key": report.signer.as_ref().map(|signer| key::to_text(&signer.key)),
        "key_id": report.signer.as_ref().map(|signer| signer.key_id.clone()),
        "unit_url": report.manifest.as_ref().map(|manifest| manifest.unit_url.clone()),
        "cell_url": report.manifest.as_ref().map(|manifest| manifest.cell_url.clone()),
    })
}
