//! Progress: a bar on a terminal; elsewhere, for a log that people read later, a line now and then.

use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::output;
use crate::client::RunningJob;

/// How often a line is printed where there is no terminal. What takes less time prints none.
const PAUSE: Duration = Duration::from_secs(2);

/// What is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Unit {
    Bytes,
    Items,
    Percent,
}

/// A progress bar.
pub(super) struct Meter {
    bar: ProgressBar,
    label: &'static str,
    unit: Unit,
    said: Instant,
}

impl Meter {
    /// Of bytes.
    pub(super) fn bytes(label: &'static str, total: u64) -> Self {
        let after = "{bytes:>10} of {total_bytes:10} {bytes_per_sec:>12} {eta:>4} {msg}";
        Self::new(label, total, Unit::Bytes, after)
    }

    /// Of things.
    pub(super) fn items(label: &'static str, total: u64) -> Self {
        Self::new(label, total, Unit::Items, "{human_pos:>10} of {human_len:10} {per_sec:>12} {msg}")
    }

    /// Of a job that tells its per cent.
    pub(super) fn percent(label: &'static str) -> Self {
        Self::new(label, 100, Unit::Percent, "{percent:>3}% {msg}")
    }

    fn new(label: &'static str, total: u64, unit: Unit, after: &str) -> Self {
        let bar = ProgressBar::with_draw_target(Some(total), ProgressDrawTarget::stderr_with_hz(15));
        let template = format!("  {{prefix:12}} {{bar:32.cyan/blue}} {after}");
        if let Ok(style) = ProgressStyle::with_template(&template) {
            bar.set_style(style.progress_chars("━╸─"));
        }
        bar.set_prefix(label);
        Self { bar, label, unit, said: Instant::now() }
    }

    /// How far it is.
    pub(super) fn set(&mut self, done: u64) {
        self.bar.set_position(done);
        self.say_sometimes();
    }

    /// How far it is, of how much.
    pub(super) fn set_of(&mut self, done: u64, total: u64) {
        if self.bar.length() != Some(total) {
            self.bar.set_length(total);
        }
        self.set(done);
    }

    /// What is said beside the bar.
    pub(super) fn message(&mut self, text: String) {
        self.bar.set_message(text);
    }

    /// How far a job is: by what it tells of itself, or by its per cent.
    pub(super) fn job(&mut self, job: &RunningJob, beside: &str) {
        let mut parts = Vec::new();
        parts.extend(job.phase.clone());
        if job.items_total > 0 {
            parts.push(format!("{}/{}", job.items_done, job.items_total));
        }
        if job.bytes_total > 0 {
            let [done, total] = [job.bytes_done, job.bytes_total].map(super::figures::bytes);
            parts.push(format!("{done} of {total}"));
        }
        parts.extend(job.seconds_left.map(|seconds| format!("{seconds} s left")));
        if !beside.is_empty() {
            parts.push(beside.to_owned());
        }
        self.bar.set_message(parts.join(" · "));
        self.set(job.percent);
    }

    fn say_sometimes(&mut self) {
        if !self.bar.is_hidden() || self.said.elapsed() < PAUSE {
            return;
        }
        self.said = Instant::now();
        let (done, total) = (self.bar.position(), self.bar.length().unwrap_or_default());
        let percent = done.saturating_mul(100) / total.max(1);
        let message = self.bar.message();
        let message = if message.is_empty() { String::new() } else { format!(", {message}") };
        output::note(&match self.unit {
            Unit::Percent => format!("  {}: {done}%{message}", self.label),
            Unit::Bytes => {
                let [done, total] = [done, total].map(super::figures::bytes);
                format!("  {}: {percent}%, {done} of {total}{message}", self.label)
            }
            Unit::Items => format!("  {}: {percent}%, {done} of {total}{message}", self.label),
        });
    }
}

impl Drop for Meter {
    /// Leaves the terminal as it was: what comes next says how it went.
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
