//! `saibo cell schedule`: has the unit export a Cell by itself, says how that goes, or ends it.

use std::process::ExitCode;

use clap::Args;
use serde_json::{Value, json};

use super::target::Target;
use crate::cli::output::{self, Tone, toned};
use crate::cli::{Outcome, figures};

/// Have the unit export a Cell by itself, at the times of a cron expression
#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("what").required(true).args(["cron", "show", "remove"]))]
#[command(after_help = "\
The times are in UTC. Each run is an export like any other, and leaves its snapshot in the unit; of those that the
schedule made, the latest are kept, with what they are to be put over. --cron sets the whole schedule: what is not said
is as by default.
Exit code: 0 if it was done, else 1; of --show also 1 if the last run failed.")]
pub(in crate::cli) struct Schedule {
    #[command(flatten)]
    target: Target,
    /// When: minute, hour, day of month, month and day of week, such as "0 3 * * *", in UTC
    #[arg(long, value_name = "EXPRESSION")]
    cron: Option<String>,
    /// Show the schedule, when it runs next and what the last run came to
    #[arg(long)]
    show: bool,
    /// Remove the schedule; the snapshots stay
    #[arg(long)]
    remove: bool,
    /// How many snapshots are kept [default: 14]
    #[arg(long, value_name = "NUMBER", requires = "cron")]
    keep: Option<u32>,
    /// Export only what was changed since the run before
    #[arg(long, requires = "cron", conflicts_with_all = ["boxes", "without_credentials", "readable"])]
    incremental: bool,
    /// With --incremental: export everything each so many runs [default: 7]
    #[arg(long, value_name = "NUMBER", requires = "incremental")]
    full_every: Option<u32>,
    /// Export this Box, what is bound to it and what is bound to none; `__` is the main box (may be repeated)
    #[arg(long = "box", value_name = "NAME", requires = "cron")]
    boxes: Vec<String>,
    /// Leave out what passwords are checked with: Accounts come back without a password
    #[arg(long, requires = "cron")]
    without_credentials: bool,
    /// Put a copy in the snapshots that people can read
    #[arg(long, requires = "cron")]
    readable: bool,
    /// Encrypt the snapshots to the owner of this public key (age1…; may be repeated)
    #[arg(long = "recipient", value_name = "PUBLIC_KEY", requires = "cron")]
    recipients: Vec<String>,
}

impl Schedule {
    pub(super) fn run(self) -> Outcome {
        let cell = self.target.find()?;
        if self.remove {
            cell.remove_schedule()?;
            let done = toned(Tone::Good, format!("{} is not exported by itself any more", cell.url()));
            output::say(&format!("{done}; the snapshots are still there"));
            return Ok(ExitCode::SUCCESS);
        }
        let standing = match &self.cron {
            Some(cron) => cell.set_schedule(&self.request(cron))?,
            None => match cell.schedule()? {
                Some(standing) => standing,
                None => return Err(format!("{} has no schedule", cell.url()).into()),
            },
        };
        output::say(&described(cell.url(), &standing));
        let has_failed = self.show && standing["last"]["outcome"] == "failed";
        Ok(if has_failed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
    }

    fn request(&self, cron: &str) -> Value {
        let mut request = json!({ "Cron": cron });
        if self.incremental {
            request["Incremental"] = json!(true);
        }
        for (key, number) in [("Keep", self.keep), ("FullEvery", self.full_every)] {
            if let Some(number) = number {
                request[key] = json!(number);
            }
        }
        for (key, names) in [("Boxes", &self.boxes), ("Recipients", &self.recipients)] {
            if !names.is_empty() {
                request[key] = json!(names);
            }
        }
        if self.without_credentials {
            request["Credentials"] = json!(false);
        }
        if self.readable {
            request["Readable"] = json!(true);
        }
        request
    }
}

fn described(url: &str, standing: &Value) -> String {
    let text = |value: &Value| value.as_str().unwrap_or("?").to_owned();
    let what = if standing["Incremental"] == true {
        format!("what was changed, each {}. time everything", standing["FullEvery"])
    } else {
        "everything".to_owned()
    };
    let mut what = vec![what];
    let names = |key: &str| {
        let names = standing[key].as_array()?;
        Some(names.iter().map(text).collect::<Vec<_>>().join(", "))
    };
    if let Some(boxes) = names("Boxes") {
        what = vec![format!("the Boxes {boxes}")];
    }
    if standing["Credentials"] == false {
        what.push("without passwords' hashes".to_owned());
    }
    if standing["Readable"] == true {
        what.push("with a copy to read".to_owned());
    }
    if let Some(keys) = names("Recipients") {
        what.push(format!("encrypted to {keys}"));
    }
    let kept = standing["kept"].as_array().map_or(0, Vec::len) as u64;
    let mut lines = vec![
        toned(Tone::Strong, format!("{url} is exported at {} (UTC)", text(&standing["Cron"]))),
        format!("  what    {}", what.join(", ")),
        format!(
            "  kept    the last {}; there {} now",
            standing["Keep"],
            format_args!(
                "{} {}",
                if kept == 1 { "is" } else { "are" },
                figures::counted(kept, "snapshot", "snapshots")
            )
        ),
        format!("  next    {}", text(&standing["next_at"])),
    ];
    if let Some(name) = standing["running"].as_str() {
        lines.push(format!("  now     {name} is being made"));
    }
    let last = &standing["last"];
    match last["outcome"].as_str() {
        None => lines.push("  last    none yet".to_owned()),
        Some("failed") => lines.push(format!(
            "  last    {}: {} {} ({})",
            text(&last["started_at"]),
            toned(Tone::Bad, "failed:"),
            text(&last["message"]),
            text(&last["code"]),
        )),
        Some(outcome) => lines.push(format!(
            "  last    {}: {} {}",
            text(&last["started_at"]),
            text(&last["name"]),
            toned(if outcome == "done" { Tone::Good } else { Tone::Bad }, outcome),
        )),
    }
    lines.join("\n")
}
