//! Exports and imports of files whose unit is killed half way, and started again: how much longer that takes than those
//! that nothing comes in between.

use std::time::{Duration, Instant};

use serde_json::json;

use super::Course;
use crate::client::{Client, Job};
use crate::report::Target;
use crate::snapshots::files;
use crate::unit::Unit;
use crate::{Result, figures, ground, note};

const CELL: &str = "photos";
const DATA: &str = "resumed-unit";

/// How often each is done; the fastest counts.
const ROUNDS: usize = 3;

/// The job is killed when so many per cent are done.
const KILLED_AT: u64 = 50;

pub(super) fn measure(course: &mut Course<'_>) -> Result<()> {
    let mib = course.options.sizes.files_mib();
    note(&format!("  {mib} MiB of files are written into a snapshot and imported"));
    let path = course.ground.path("files.zip");
    files::write(&path, mib)?;
    let (mut unit, client) = course.start(DATA)?;
    client.create_cell(CELL)?;
    client.upload(CELL, "sent", &path)?;
    client.run(Job::Import, CELL, "sent")?;
    for (job, what) in [(Job::Export, "export, killed half way"), (Job::Import, "import, killed half way")] {
        let (mut plain, mut killed) = (Duration::MAX, Duration::MAX);
        for _ in 0..ROUNDS {
            plain = plain.min(whole(&unit, job)?);
            let time;
            (unit, time) = cut_off(course, unit, job)?;
            killed = killed.min(time);
        }
        let ratio = killed.as_secs_f64() / plain.as_secs_f64();
        let from = format!(
            "{}, the restart included; {} of one that nothing comes in between",
            figures::time(killed),
            figures::time(plain)
        );
        // Begun anew, it would take half as much again.
        course.report.add("resumed", what, (ratio, "×"), Some(Target::AtMost(1.4)), from);
    }
    unit.stop()?;
    course.ground.remove(DATA)?;
    course.ground.remove("files.zip")
}

/// The name of the snapshot that a job is about.
fn name(job: Job) -> &'static str {
    match job {
        Job::Export => "made",
        Job::Import => "sent",
    }
}

/// Removes what an export made.
fn tidy(client: &Client, job: Job) -> Result<()> {
    match job {
        Job::Export => client.delete_snapshot(CELL, name(job)),
        Job::Import => Ok(()),
    }
}

fn whole(unit: &Unit, job: Job) -> Result<Duration> {
    let client = Client::new(unit);
    ground::settle();
    let began = Instant::now();
    client.run(job, CELL, name(job))?;
    let time = began.elapsed();
    tidy(&client, job)?;
    Ok(time)
}

/// Kills the unit in the middle of a job; the unit that went on with it, and how long that took in all.
fn cut_off(course: &Course<'_>, unit: Unit, job: Job) -> Result<(Unit, Duration)> {
    let client = Client::new(&unit);
    ground::settle();
    let began = Instant::now();
    client.begin(job, CELL, &json!({ "Name": name(job) }))?;
    while client.percent(job, CELL)?.ok_or("a job was over before it could be killed")? < KILLED_AT {
        std::thread::sleep(Duration::from_millis(5));
    }
    let before = began.elapsed();
    // Dropped, it is killed.
    drop(unit);
    let began = Instant::now();
    let unit = Unit::start(&course.ground, DATA, &course.options.log, &[])?;
    let client = Client::new(&unit);
    client.finish(job, CELL, name(job))?;
    let time = before + began.elapsed();
    tidy(&client, job)?;
    Ok((unit, time))
}
