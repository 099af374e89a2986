//! `saibo snapshot show`: what a snapshot holds, whose it is and when it was made.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use saibo_archive::{BoxCounts, Summary};
use saibo_core::export::iso8601;
use serde_json::{Value, json};

use super::{Opening, Unlock, key, open};
use crate::cli::output::{self, Tone, toned};
use crate::cli::{Outcome, figures};

/// Show what a snapshot file holds; `saibo snapshot verify` says whether that is true
#[derive(Debug, Args)]
#[command(after_help = "Exit code: 0, or 2 if the file is no snapshot or cannot be read.")]
pub(in crate::cli) struct Show {
    /// The snapshot (.zip, .zip.age)
    file: PathBuf,
    #[command(flatten)]
    unlock: Unlock,
    /// Print a JSON object
    #[arg(long)]
    json: bool,
}

impl Show {
    pub(super) fn run(self) -> Outcome {
        let length = std::fs::metadata(&self.file).map_or(0, |data| data.len());
        let key = self.unlock.key()?;
        let summary =
            open(&self.file, key.as_ref()).and_then(|snapshot| snapshot.summary().map_err(Opening::Damaged));
        match summary {
            Ok(summary) => {
                let text = if self.json {
                    to_json(&summary, length).to_string()
                } else {
                    self.to_text(&summary, length)
                };
                output::say(&text);
                Ok(ExitCode::SUCCESS)
            }
            Err(error) => {
                output::error(&error);
                Ok(ExitCode::from(2))
            }
        }
    }

    fn to_text(&self, summary: &Summary, length: u64) -> String {
        let mut text = String::new();
        let totals = &summary.totals;
        let name = summary.cell_name.as_deref().unwrap_or(&summary.cell_id);
        let _ = writeln!(text, "{}", toned(Tone::Strong, format!("Snapshot of the Cell {name}")));
        let tool =
            summary.manifest.as_ref().map_or_else(String::new, |manifest| format!(" by {}", manifest.tool));
        let cell_url = summary.manifest.as_ref().map(|manifest| manifest.cell_url.clone());
        let signed = match (&summary.manifest, &summary.signer) {
            (Some(_), Some(signer)) => format!("with the key {}", key::to_text(&signer.key)),
            (Some(_), None) => toned(Tone::Bad, "the signature is NOT one of the manifest"),
            (None, _) => "no".to_owned(),
        };
        let unpacked = figures::bytes(totals.bytes);
        let entries = figures::counted(totals.entries, "entry", "entries");
        for (what, value) in [
            (
                "file",
                format!(
                    "{}, {} ({entries}, {unpacked} unpacked)",
                    self.file.display(),
                    figures::bytes(length)
                ),
            ),
            ("cell", cell_url.unwrap_or_else(|| summary.cell_id.clone())),
            ("unit", summary.unit_url.clone()),
            ("made", format!("{}{tool}", iso8601(summary.created))),
            ("signed", signed),
            ("holds", holds(summary)),
            ("to read", to_read(summary)),
        ] {
            let _ = writeln!(text, "  {what:8} {value}");
        }
        if let Some(manifest) = &summary.manifest {
            let _ = writeln!(text, "  {:8} {}", "root", manifest.root);
        }
        let counts = &summary.counts;
        let _ = writeln!(text, "\n{:>12}  type", "documents");
        for (kind, count) in &counts.documents {
            let _ = writeln!(text, "{:>12}  {kind}", figures::count(*count));
        }
        let _ = writeln!(text, "{:>12}  links", figures::count(counts.links));
        let _ =
            writeln!(text, "\n{:>12} {:>12} {:>8} {:>12}  box", "documents", "collections", "files", "size");
        for (name, counts) in by_name(summary) {
            let _ = writeln!(
                text,
                "{:>12} {:>12} {:>8} {:>12}  {name}",
                figures::count(counts.documents),
                figures::count(counts.collections),
                figures::count(counts.files),
                figures::bytes(counts.bytes),
            );
        }
        text.trim_end().to_owned()
    }
}

/// What of the Cell is in it, and what was left out.
fn holds(summary: &Summary) -> String {
    if let Some(base) = summary.manifest.as_ref().and_then(|manifest| manifest.base.as_ref()) {
        return format!(
            "what was changed since the snapshot {}, over which it is to be put; {} removed since",
            base.name,
            figures::counted(summary.counts.removed, "thing", "things")
        );
    }
    let Some(selection) = summary.manifest.as_ref().and_then(|manifest| manifest.selection.as_ref()) else {
        return "everything".to_owned();
    };
    let boxes = match &selection.boxes {
        Some(names) => format!("only the Boxes {}, and what is bound to no Box", names.join(", ")),
        None => "all Boxes".to_owned(),
    };
    let without = "without passwords: Accounts cannot log in by one until it is set";
    if selection.credentials { boxes } else { format!("{boxes}; {without}") }
}

/// Whether there is a copy in it that people can read.
fn to_read(summary: &Summary) -> String {
    let copy = if summary.totals.readable > 0 { "index.html, once it is unpacked" } else { "nothing" };
    copy.to_owned()
}

/// The boxes by the name that people know, the main box first.
fn by_name(summary: &Summary) -> BTreeMap<&str, &BoxCounts> {
    let named = |(id, counts)| (summary.box_names.get(id).unwrap_or(id).as_str(), counts);
    summary.counts.boxes.iter().map(named).collect()
}

fn to_json(summary: &Summary, length: u64) -> Value {
    let manifest = summary.manifest.as_ref();
    let boxes = summary.counts.boxes.iter().map(
        |(id, counts)| json!({ "id": id, "name": summary.box_names.get(id).unwrap_or(id), "counts": counts }),
    );
    json!({
        "cell": { "id": summary.cell_id, "name": summary.cell_name, "url": manifest.map(|m| m.cell_url.clone()) },
        "unit_url": summary.unit_url,
        "created": summary.created,
        "tool": manifest.map(|m| m.tool.clone()),
        "signed": summary.signer.is_some(),
        "key": summary.signer.as_ref().map(|signer| key::to_text(&signer.key)),
        "key_id": summary.signer.as_ref().map(|signer| signer.key_id.clone()),
        "selection": manifest.and_then(|m| m.selection.clone()),
        "moment": manifest.and_then(|m| m.moment.clone()),
        "base": manifest.and_then(|m| m.base.clone()),
        "readable": summary.totals.readable > 0,
        "content_root": manifest.map(|m| m.root.clone()),
        "file_bytes": length,
        "entries": summary.totals.entries,
        "bytes": summary.totals.bytes,
        "content_bytes": summary.totals.content_bytes,
        "counts": summary.counts,
        "boxes": boxes.collect::<Vec<_>>(),
    })
}
