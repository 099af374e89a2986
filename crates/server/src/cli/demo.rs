//! `saibo demo`: the whole life of a Cell in half a minute, on a temporary unit, for all to see.
//!
//! It does over HTTP what any client can do, and it believes nothing: what it says was so, it has compared. Anything
//! that is not as it should be makes the exit code 1.

mod archives;
mod content;
mod export;
mod import;
mod moment;
mod noise;
mod people;
mod samples;
mod stage;
mod story;
mod writer;

use std::process::ExitCode;
use std::time::Instant;

use clap::Args;

use self::content::Sizes;
use self::stage::Stage;
use self::story::Story;
use super::Outcome;

/// Name of the Cell that is made.
const CELL: &str = "alice";

/// Name of the Cell that it is imported into.
const COPY: &str = "alice-copy";

/// Show what saibo does: fill a Cell, export it while it is written to, and import it into another one
#[derive(Debug, Args)]
#[command(after_help = "\
The unit listens on a free port of this machine only and keeps its data in a temporary folder, which is removed at the
end. Exit code: 0 if everything was as it should be, else 1.")]
pub(super) struct Demo {
    /// Leave the unit running until Ctrl-C
    #[arg(long)]
    keep: bool,
    /// How much data, compared with the usual
    #[arg(long, default_value_t = 1.0, hide = true)]
    scale: f64,
}

impl Demo {
    pub(super) fn run(self) -> Outcome {
        let began = Instant::now();
        let mut story = Story::begin();
        let stage = Stage::set(&mut story)?;
        let told = tell(&stage, Sizes::scaled(self.scale), &mut story);
        if let Err(error) = &told {
            story.wrong(error.to_string());
        }
        let keep = self.keep && told.is_ok();
        let is_well = story.end(&stage, began.elapsed(), keep);
        if keep {
            stage.serve_until_interrupted(is_well);
        }
        stage.strike();
        Ok(if is_well { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }
}

fn tell(stage: &Stage, sizes: Sizes, story: &mut Story) -> Result<(), Box<dyn std::error::Error>> {
    story.chapter("A Cell, as an application would fill it");
    let alice = people::found(stage, story)?;
    content::fill(&alice, sizes, story)?;

    story.chapter("Its export, while a writer keeps writing");
    let first = stage.file("alice.zip");
    let written = export::while_writing(&alice, &first, story)?;
    moment::check(&first, &written, story)?;

    story.chapter("Its import into another Cell");
    let copy = import::into_new(stage, &first, story)?;

    story.chapter("The two compared");
    let second = stage.file("alice-copy.zip");
    export::again(&copy, &second, story)?;
    archives::compare(&first, &second, story)?;
    samples::compare(&alice, &copy, sizes, story)?;
    people::log_in(&copy, story)
}
