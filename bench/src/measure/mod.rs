//! The measurements, one a file, and what they share.
//!
//! Each is of a unit that was just started, so that none profits or suffers from the one before.

mod dav;
mod entities;
mod files;
mod get;
mod growth;
mod incremental;
mod moving;
mod resumed;
mod roles;
mod roundtrip;
mod sets;
mod startup;
mod tokens;
mod writes;

use std::collections::HashSet;
use std::fs;
use std::io::Write;
use std::time::{Duration, Instant};

use crate::client::{Client, Job};
use crate::figures::MIB;
use crate::ground::{self, Ground};
use crate::options::{Name, Options};
use crate::report::Report;
use crate::unit::Unit;
use crate::{Result, figures, note, process, snapshots};

/// The Cell with all entities.
const BIG: &str = "big";

/// The Cell with a tenth of them.
const TENTH: &str = "tenth";

/// The Cell with a hundredth of them.
const HUNDREDTH: &str = "hundredth";

/// Data folder of the unit with these Cells.
const DATA: &str = "unit";

/// A load of the machine that leaves the figures what they are.
const QUIET: f64 = 0.5;

/// Runs what is wanted and prints what came of it.
///
/// # Errors
/// If something fails that is no matter of speed.
pub(crate) fn run(options: &Options) -> Result<()> {
    let began = Instant::now();
    let ground = Ground::prepare(options.folder.as_deref(), needed_space(options))?;
    let mut course = Course { ground, options, report: Report::new(&options.sizes), filled: HashSet::new() };
    if course.report.load_before > QUIET {
        note(&format!(
            "the machine is busy (load {}): the figures are those of what it has left",
            course.report.load_before
        ));
    }
    let all: [(Name, Measure); 14] = [
        (Name::Entities, entities::measure),
        (Name::Files, files::measure),
        (Name::Startup, startup::measure),
        (Name::Writes, writes::measure),
        (Name::Growth, growth::measure),
        (Name::Incremental, incremental::measure),
        (Name::Roundtrip, roundtrip::measure),
        (Name::Resumed, resumed::measure),
        (Name::Moving, moving::measure),
        (Name::Get, get::measure),
        (Name::Sets, sets::measure),
        (Name::Tokens, tokens::measure),
        (Name::Dav, dav::measure),
        (Name::Roles, roles::measure),
    ];
    for (name, measure) in all {
        if options.wants(name) {
            note(&format!("{name:?}, at {}", figures::time(began.elapsed())));
            measure(&mut course)?;
        }
    }
    note(&format!("All of it took {}\n", figures::time(began.elapsed())));
    if let Some(path) = &options.json {
        fs::write(path, serde_json::to_vec_pretty(&course.report)?)?;
    }
    std::io::stdout().lock().write_all(course.report.table().as_bytes())?;
    Ok(())
}

/// Bytes that may lie on the disk at a time: each measurement removes what it made.
fn needed_space(options: &Options) -> u64 {
    let sizes = &options.sizes;
    let files = if options.wants(Name::Files) || options.wants(Name::Resumed) {
        sizes.files_mib() * MIB * 5
    } else {
        0
    };
    let cells = if options.wants(Name::Startup) { sizes.cells() * MIB / 2 } else { 0 };
    let dav = if options.wants(Name::Dav) { (sizes.upload_mib() + 4096) * MIB } else { 0 };
    sizes.entities() * 6_000 + files.max(cells).max(dav) + 256 * MIB
}

/// Measures, and adds the figures to the report.
type Measure = fn(&mut Course<'_>) -> Result<()>;

/// What the measurements share.
struct Course<'a> {
    ground: Ground,
    options: &'a Options,
    report: Report,
    /// Cells that have their entities.
    filled: HashSet<&'static str>,
}

impl Course<'_> {
    /// Starts a unit on a data folder, once the disk is quiet.
    fn start(&self, data: &str) -> Result<(Unit, Client)> {
        self.start_with(data, &[])
    }

    /// The same, with options of the unit from the environment.
    fn start_with(&self, data: &str, environment: &[(&str, &str)]) -> Result<(Unit, Client)> {
        ground::settle();
        let unit = Unit::start(&self.ground, data, &self.options.log, environment)?;
        let client = Client::new(&unit);
        Ok((unit, client))
    }

    /// How many entities a Cell has.
    fn entities_of(&self, cell: &str) -> u64 {
        let all = self.options.sizes.entities();
        match cell {
            TENTH => all / 10,
            HUNDREDTH => all / 100,
            _ => all,
        }
    }

    /// Sees to it that a Cell is there with its entities; what its import took, if it was not.
    fn fill(
        &mut self,
        cell: &'static str,
        unit: &Unit,
        client: &Client,
    ) -> Result<Option<(Taken, Duration)>> {
        if self.filled.contains(cell) {
            return Ok(None);
        }
        let count = self.entities_of(cell);
        note(&format!(
            "  {cell}: {} entities are written into a snapshot and imported",
            figures::count(count as f64)
        ));
        let path = self.ground.path("entities.zip");
        snapshots::entities::write(&path, count)?;
        client.create_cell(cell)?;
        ground::settle();
        process::reset_peak(unit.pid())?;
        let began = Instant::now();
        client.upload(cell, "sent", &path)?;
        let sent = began.elapsed();
        let taken = Taken::by(unit, || client.run(Job::Import, cell, "sent"))?;
        client.delete_snapshot(cell, "sent")?;
        fs::remove_file(path)?;
        self.filled.insert(cell);
        Ok(Some((taken, sent)))
    }
}

/// What a job took.
struct Taken {
    /// By the clock.
    time: Duration,
    /// Of the processors.
    cpu: Duration,
    /// Bytes of memory above the idle unit's, at most, since the peak was forgotten.
    memory: u64,
}

impl Taken {
    /// Runs a job, and tells what it took.
    fn by(unit: &Unit, job: impl FnOnce() -> Result<()>) -> Result<Self> {
        let (cpu, began) = (process::cpu(unit.pid())?, Instant::now());
        job()?;
        let time = began.elapsed();
        Ok(Self {
            time,
            cpu: process::cpu(unit.pid())?.saturating_sub(cpu),
            memory: process::peak(unit.pid())?.saturating_sub(unit.idle),
        })
    }

    /// How many a second there would be on one core: it has the processor's time to give, and the disk's time passes
    /// on it too.
    fn rate_of_a_core(&self, count: u64) -> f64 {
        figures::rate(count, self.time.max(self.cpu))
    }

    fn shown(&self) -> String {
        format!("{} by the clock, {} of processors", figures::time(self.time), figures::time(self.cpu))
    }

    fn memory_shown(&self, unit: &Unit) -> String {
        format!("at most, above {:.1} MiB idle", figures::mib(unit.idle))
    }
}
