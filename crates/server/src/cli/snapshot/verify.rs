//! `saibo snapshot verify`: whether a snapshot is whole, and what its unit signed.

use std::fmt::Write as _;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use ed25519_dalek::VerifyingKey;
use saibo_archive::{Error, Key, Report};
use serde_json::{Value, json};

use super::base::{Found, follow};
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
personium-core are not signed: their structure and checksums are checked.

An incremental snapshot is nothing without what it is to be put over: --base checks that, too.")]
pub(in crate::cli) struct Verify {
    /// The snapshot (.zip, .zip.age)
    file: PathBuf,
    #[command(flatten)]
    unlock: Unlock,
    /// Public key of the unit that must have signed it (may be repeated: one of them)
    #[arg(long = "key", value_name = "PUBLIC_KEY", allow_hyphen_values = true)]
    keys: Vec<PublicKey>,
    /// What it is to be put over, if it is incremental; the base of that one, too (may be repeated)
    #[arg(long = "base", value_name = "FILE")]
    bases: Vec<PathBuf>,
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
        let trusted = (!keys.is_empty()).then_some(keys.as_slice());
        let checked = check(&self.file, key.as_ref(), trusted).and_then(|checked| {
            // Without files, it is looked at by itself.
            let chain = match self.bases.is_empty() {
                true => Vec::new(),
                false => follow(&checked, &self.bases, key.as_ref(), trusted)?,
            };
            Ok((checked, chain))
        });
        match checked {
            Ok((checked, chain)) => {
                let text = if self.json {
                    to_json(&checked, &chain).to_string()
                } else {
                    self.to_text(&checked) + &chain_text(&chain)
                };
                output::say(&text);
                let is_intact = checked.is_intact() && chain.iter().all(Found::is_intact);
                Ok(if is_intact { ExitCode::SUCCESS } else { ExitCode::FAILURE })
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
        let base = match report.manifest.as_ref().and_then(|manifest| manifest.base.as_ref()) {
            Some(base) => format!(
                "\n  incremental: to be put over the snapshot {}, whose manifest has the SHA-256 {}",
                base.name, base.sha256
            ),
            None => String::new(),
        };
        format!("{head}\n  {checked}\n  content root {}\n  {signed}{base}", report.root)
    }
}

/// What was found of what it is to be put over.
fn chain_text(chain: &[Found]) -> String {
    let mut text = String::new();
    for Found { base, file } in chain {
        let line = match file {
            None => toned(Tone::Bad, format!("the base {} is MISSING among the files", base.name)),
            Some((path, checked)) if checked.is_intact() => {
                toned(Tone::Good, format!("its base {} is intact: {}", base.name, path.display()))
            }
            Some((path, checked)) => format!(
                "{}\n{}",
                toned(Tone::Bad, format!("its base {} is NOT intact: {}", base.name, path.display())),
                checked.lines()
            ),
        };
        let _ = write!(text, "\n{line}");
    }
    text
}

fn to_json(checked: &Checked, chain: &[Found]) -> Value {
    let bases = chain.iter().map(|found| {
        json!({
            "name": found.base.name,
            "file": found.file.as_ref().map(|(path, _)| path),
            "intact": found.is_intact(),
        })
    });
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
        "base": report.manifest.as_ref().and_then(|manifest| manifest.base.clone()),
        "bases": bases.collect::<Vec<_>>(),
    })
}
