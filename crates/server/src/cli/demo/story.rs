//! What the demo says: a line a step, and at the end whether all went well.

use std::time::Duration;

use super::stage::Stage;
use super::{CELL, COPY};
use crate::cli::figures;
use crate::cli::output::{Tone, say, toned};

/// The demo, as it is told.
#[derive(Debug, Default)]
pub(super) struct Story {
    checks: u64,
    wrong: Vec<String>,
    figures: Vec<(&'static str, String)>,
}

impl Story {
    /// Says what this is.
    pub(super) fn begin() -> Self {
        let title = format!("saibo {}: the life of a Cell", env!("CARGO_PKG_VERSION"));
        say(&toned(Tone::Strong, title));
        Self::default()
    }

    /// Begins a chapter.
    pub(super) fn chapter(&mut self, title: &str) {
        say(&format!("\n{}", toned(Tone::Strong, title)));
    }

    /// Something was done, in that time.
    pub(super) fn did(&mut self, what: &str, time: Duration) {
        say(&format!(
            "  {} {what} {}",
            toned(Tone::Good, "✓"),
            toned(Tone::Faint, format!("({})", figures::seconds(time)))
        ));
    }

    /// Something was compared; whether it is as it should be.
    pub(super) fn check(&mut self, is_so: bool, what: &str) {
        self.checks += 1;
        if is_so {
            say(&format!("  {} {what}", toned(Tone::Good, "✓")));
        } else {
            self.wrong(format!("not so: {what}"));
        }
    }

    /// Something is not as it should be.
    pub(super) fn wrong(&mut self, what: String) {
        say(&format!("  {} {what}", toned(Tone::Bad, "✗")));
        self.wrong.push(what);
    }

    /// A figure for the end.
    pub(super) fn figure(&mut self, name: &'static str, value: String) {
        self.figures.push((name, value));
    }

    /// Says how it went; whether all is well.
    pub(super) fn end(&self, stage: &Stage, time: Duration, keep: bool) -> bool {
        let is_well = self.wrong.is_empty();
        if !self.figures.is_empty() {
            say(&format!("\n{}", toned(Tone::Strong, "Figures")));
            for (name, value) in &self.figures {
                say(&format!("  {name:24} {value}"));
            }
        }
        if keep {
            say(&format!("\n{}", toned(Tone::Strong, "The unit keeps running; look around")));
            say(&Self::curl_lines(stage));
        }
        let verdict = if is_well {
            toned(Tone::Good, format!("All is well: {} comparisons, none failed", self.checks))
        } else {
            toned(
                Tone::Bad,
                format!("{} did NOT go well", figures::counted(self.wrong.len() as u64, "thing", "things")),
            )
        };
        say(&format!("\n{verdict}, in {}.", figures::seconds(time)));
        if keep {
            say("Ctrl-C stops the unit and removes its data.");
        } else {
            say(
                "Everything it made is gone; `saibo demo --keep` leaves the unit running, with curl lines to try.",
            );
        }
        is_well
    }

    fn curl_lines(stage: &Stage) -> String {
        let (unit, token) = (stage.url(), stage.token_path());
        let curl = "curl -H \"Authorization: Bearer $TOKEN\" -H 'Accept: application/json'";
        [
            format!("TOKEN=$(cat '{}')", token.display()),
            format!("{curl} {unit}__ctl/Cell"),
            format!("{curl} '{unit}{COPY}/journal/diary/Note?$top=3'"),
            format!("curl -H \"Authorization: Bearer $TOKEN\" -X PROPFIND -H 'Depth: 1' {unit}{COPY}/journal/photos"),
            format!("{curl} -X POST {unit}{CELL}/__export; {curl} {unit}{CELL}/__export"),
            format!("saibo cell export --unit {unit} --cell {CELL} --token-file '{}' --out alice.zip", token.display()),
        ]
        .map(|line| format!("  {line}"))
        .join("\n")
    }
}
