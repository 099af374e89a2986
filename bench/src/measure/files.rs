//! Export and import of files, compared with a copy of the same bytes.
//!
//! The copy is of one file, with a sync at its end, as an export is one file with a sync at its end. They take turns, and
//! the fastest of each counts: how fast a disk is, and whether a virtual machine must first be given the memory for its
//! cache, changes from one to the next. Nothing is dropped from that cache, which needs root: the sources of both were
//! written before, so that both read from memory what fits there. Whatever waited to be written is written before each.

use std::fs::File;
use std::io::{Read, Write};
use std::path::Path;
use std::time::{Duration, Instant};

use super::entities::MEMORY;
use super::{Course, Taken};
use crate::client::Job;
use crate::ground;
use crate::report::Target;
use crate::snapshots::files;
use crate::{Result, figures, note, process};

const CELL: &str = "photos";
const DATA: &str = "files-unit";

/// How often each is done.
const ROUNDS: usize = 3;

pub(super) fn measure(course: &mut Course<'_>) -> Result<()> {
    let mib = course.options.sizes.files_mib();
    note(&format!("  {mib} MiB of files are written into a snapshot and imported"));
    let path = course.ground.path("files.zip");
    let bytes = files::write(&path, mib)?;
    let rate = |time: Duration| figures::rate(bytes, time) / figures::MIB as f64;

    let (unit, client) = course.start(DATA)?;
    client.create_cell(CELL)?;
    process::reset_peak(unit.pid())?;
    let began = Instant::now();
    client.upload(CELL, "sent", &path)?;
    let sent = began.elapsed();
    ground::settle();
    let import = Taken::by(&unit, || client.run(Job::Import, CELL, "sent"))?;
    client.delete_snapshot(CELL, "sent")?;
    let import_idle = import.memory_shown(&unit);
    unit.stop()?;

    let (mut copies, mut exports) = (Vec::new(), Vec::new());
    let target = course.ground.path("copy");
    let (unit, client) = course.start(DATA)?;
    process::reset_peak(unit.pid())?;
    for _ in 0..ROUNDS {
        copies.push(copy(&path, &target)?);
        ground::settle();
        exports.push(Taken::by(&unit, || client.run(Job::Export, CELL, "whole"))?);
        client.delete_snapshot(CELL, "whole")?;
    }
    let memory = exports.iter().map(|export| export.memory).max().unwrap_or_default();
    let idle = figures::mib(unit.idle);
    unit.stop()?;
    course.ground.remove(DATA)?;
    course.ground.remove("files.zip")?;

    copies.sort_unstable();
    exports.sort_unstable_by_key(|export| export.time);
    let (Some(copied), Some(export)) = (copies.first(), exports.first()) else { return Ok(()) };
    let all = |times: &[Duration]| {
        let rates: Vec<String> = times.iter().map(|time| format!("{:.0}", rate(*time))).collect();
        rates.join(", ")
    };
    let times: Vec<Duration> = exports.iter().map(|export| export.time).collect();
    let from = format!("exports at {} MiB/s, cp at {}", all(&times), all(&copies));
    let report = &mut course.report;
    report.add("files", "export", (rate(export.time), "MiB/s"), None, export.shown());
    let ratio = copied.as_secs_f64() / export.time.as_secs_f64();
    report.add("files", "export, of cp", (ratio, "×"), Some(Target::AtLeast(0.7)), from);
    let (memory, from) = (figures::mib(memory), format!("at most, above {idle:.1} MiB idle"));
    report.add("files", "export, memory", (memory, "MiB"), Some(Target::AtMost(MEMORY)), from);
    let from = format!("{}; sent before, at {:.0} MiB/s", import.shown(), rate(sent));
    report.add("files", "import", (rate(import.time), "MiB/s"), None, from);
    let ratio = copied.as_secs_f64() / import.time.as_secs_f64();
    report.add("files", "import, of cp", (ratio, "×"), None, format!("cp at {:.0} MiB/s", rate(*copied)));
    let memory = figures::mib(import.memory);
    report.add("files", "import, memory", (memory, "MiB"), Some(Target::AtMost(MEMORY)), import_idle);
    Ok(())
}

/// Copies a file as `cp` does, puts it on disk, and removes it; how long it took to be there.
///
/// By reading and writing: the system's own copy may share the blocks of both, and then says nothing of a disk.
fn copy(from: &Path, to: &Path) -> Result<Duration> {
    ground::settle();
    let began = Instant::now();
    let (mut from, mut copy) = (File::open(from)?, File::create(to)?);
    let mut buffer = vec![0; 256 << 10];
    loop {
        let read = from.read(&mut buffer)?;
        let Some(bytes) = buffer.get(..read).filter(|bytes| !bytes.is_empty()) else { break };
        copy.write_all(bytes)?;
    }
    copy.sync_all()?;
    let time = began.elapsed();
    std::fs::remove_file(to)?;
    Ok(time)
}
