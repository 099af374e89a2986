//! `saibo snapshot check`: what would keep a snapshot from being imported, as far as that can be told without a unit;
//! and a dry run's report as text.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use clap::Args;
use saibo_core::import::Effects;
use saibo_core::import::dry::{self, Contents, Names, Report};
use saibo_core::job::Progress;
use serde_json::json;

use super::{Unlock, open};
use crate::cli::output::{self, Tone, toned};
use crate::cli::{Outcome, figures};

/// Check whether a snapshot file can be imported
#[derive(Debug, Args)]
#[command(after_help = "\
Structure, shapes of documents, links, duplicates: without a unit. What would be replaced and lost in a Cell, conflicts
and room on the disk only its unit can tell: `saibo cell import --dry-run`.
Exit code: 0 if it can be imported, 1 if not, 2 if the file is no snapshot or cannot be read.")]
pub(in crate::cli) struct Check {
    /// The snapshot (.zip, .zip.age)
    file: PathBuf,
    #[command(flatten)]
    unlock: Unlock,
    /// Compare every byte with the manifest, too, as `saibo snapshot verify` does
    #[arg(long)]
    hashes: bool,
    /// Print a JSON object
    #[arg(long)]
    json: bool,
}

impl Check {
    pub(super) fn run(self) -> Outcome {
        let key = self.unlock.key()?;
        let snapshot = match open(&self.file, key.as_ref()) {
            Ok(snapshot) => snapshot,
            Err(error) => {
                output::error(&error);
                return Ok(ExitCode::from(2));
            }
        };
        let report = dry::examine(&snapshot, self.hashes, &Arc::new(Progress::new()))?;
        let text = if self.json { json!(report).to_string() } else { text(&report) };
        output::say(&text);
        Ok(if report.importable { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }
}

/// A report for people.
pub(in crate::cli) fn text(report: &Report) -> String {
    let mut text = if report.importable {
        toned(Tone::Good, "It can be imported: nothing was found that is wrong")
    } else {
        let found = figures::counted(report.problems_found, "problem", "problems");
        toned(Tone::Bad, format!("It cannot be imported: {found}"))
    };
    text.push('\n');
    for problem in &report.problems {
        let _ = writeln!(text, "  {} ({})", problem.message, problem.code);
    }
    if report.problems_found > report.problems.len() as u64 {
        let _ = writeln!(text, "  …");
    }
    let mut lines = Vec::new();
    let mut line = |what: &str, value: &str| {
        if !value.is_empty() {
            lines.push(format!("  {what:14} {value}"));
        }
    };
    line("of the Cell", &report.source.cell_url);
    line("holds", &contents(&report.counts));
    let unsupported: Vec<String> =
        report.unsupported.iter().map(|(what, count)| format!("{what}: {count}")).collect();
    line("without effect", &unsupported.join(", "));
    if let Some(effect) = &report.effect {
        if report.effects.is_none() {
            line("replaces", &contents(&effect.replaces));
        }
        line("lost", &names(&effect.lost));
        line("other ids", &names(&effect.conflicts));
        let [from, to] = &effect.rewrites.cell_url;
        line("URL", &if from == to { String::new() } else { format!("{to} instead of {from}") });
        let [needed, free] = [effect.space.needed, effect.space.free].map(figures::bytes);
        line("room", &format!("{needed} needed at most, {free} free"));
    }
    if report.source.documents_with_url > 0 {
        let documents = figures::counted(report.source.documents_with_url, "document", "documents");
        line("", &format!("{documents} with the old URL in it, which stays"));
    }
    let mut not_checked = report.not_checked.clone();
    if report.effect.is_none() {
        not_checked.push(
            "what would be replaced, conflicts, room (for these: saibo cell import --dry-run)".to_owned(),
        );
    }
    line("not checked", &not_checked.join(", "));
    if let Some(effects) = &report.effects {
        lines.push(effects_text(effects));
    }
    text.push_str(&lines.join("\n"));
    text.trim_end().to_owned()
}

/// What became of a snapshot's objects, or would.
pub(in crate::cli) fn effects_text(effects: &Effects) -> String {
    let mut lines = Vec::new();
    for (what, counts) in [
        ("created", &effects.created),
        ("replaced", &effects.replaced),
        ("merged", &effects.merged),
        ("skipped", &effects.skipped),
        ("unchanged", &effects.unchanged),
    ] {
        let counts: Vec<String> =
            counts.iter().map(|(kind, count)| format!("{kind} {}", figures::count(*count))).collect();
        if !counts.is_empty() {
            lines.push(format!("  {what:14} {}", counts.join(", ")));
        }
    }
    lines.join("\n")
}

fn contents(contents: &Contents) -> String {
    let types: Vec<String> =
        contents.documents.iter().map(|(kind, count)| format!("{kind} {count}")).collect();
    format!(
        "{} ({}), {}, {} of {}",
        figures::counted(contents.documents.values().sum(), "document", "documents"),
        if types.is_empty() { "none".to_owned() } else { types.join(", ") },
        figures::counted(contents.links, "link", "links"),
        figures::counted(contents.files, "file", "files"),
        figures::bytes(contents.bytes),
    )
}

fn names(names: &Names) -> String {
    let listed = |what: &str, listed: &[String], found: u64| {
        (found > 0).then(|| {
            let more = if found > listed.len() as u64 { ", …" } else { "" };
            format!("{found} {what} ({}{more})", listed.join(", "))
        })
    };
    let boxes = listed("Boxes", &names.boxes, names.boxes_found);
    let accounts = listed("Accounts", &names.accounts, names.accounts_found);
    boxes.into_iter().chain(accounts).collect::<Vec<_>>().join(", ")
}
