//! Exports: one while somebody writes, one afterwards.

use std::error::Error;
use std::path::Path;
use std::time::{Duration, Instant};

use super::story::Story;
use super::writer::{Writer, Written, percentile};
use crate::cli::cell::watch::watch;
use crate::cli::figures;
use crate::cli::meter::Meter;
use crate::cli::snapshot::check;
use crate::client::{Download, JobStatus, RemoteCell};

/// How long the writer writes before the export, to compare with.
const BEFORE: Duration = Duration::from_millis(1500);

/// How often the progress is asked for.
const OFTEN: Duration = Duration::from_millis(10);

/// Exports the Cell while somebody writes; what they wrote.
///
/// # Errors
/// What the unit says.
pub(super) fn while_writing(
    cell: &RemoteCell,
    file: &Path,
    story: &mut Story,
) -> Result<Written, Box<dyn Error>> {
    let writer = Writer::begin(cell);
    let ran = export(cell, "demo", BEFORE, Some(&writer));
    let written = writer.end();
    let ran = ran?;
    let (idle, busy) = (&written.idle, &written.exporting);
    story.did("Exported", ran.time);
    story.check(
        ran.values.is_sorted(),
        &format!(
            "its progress, asked for {}, showed {} from {}% to {}% and never went back",
            figures::counted(ran.asked, "time", "times"),
            figures::counted(ran.values.len() as u64, "value", "values"),
            ran.values.first().unwrap_or(&0),
            ran.values.last().unwrap_or(&0),
        ),
    );
    let answered = figures::count(busy.len() as u64);
    story.check(
        !busy.is_empty() && written.refused.is_empty(),
        &format!("{answered} writes were sent and answered while it ran; refused: {}", written.refused.len()),
    );
    if let Some(first) = written.refused.first() {
        story.wrong(format!("the first refusal: {first}"));
    }
    let times = |times: &[Duration]| {
        let [half, most] = [50, 99].map(|percent| figures::seconds(percentile(times, percent)));
        format!("half within {half}, 99 of 100 within {most}")
    };
    story.figure("export", format!("{} while it is written to", figures::seconds(ran.time)));
    story.figure("a write, no export", times(idle));
    story.figure(
        "a write, during export",
        format!("{} ({answered} writes, {} refused)", times(busy), written.refused.len()),
    );
    fetch(cell, "demo", file, story)?;
    Ok(written)
}

/// Exports a Cell that nobody writes to.
///
/// # Errors
/// What the unit says.
pub(super) fn again(cell: &RemoteCell, file: &Path, story: &mut Story) -> Result<(), Box<dyn Error>> {
    let ran = export(cell, "again", Duration::ZERO, None)?;
    story.did("The copy is exported, too", ran.time);
    story.figure("export of the copy", figures::seconds(ran.time));
    fetch(cell, "again", file, story)
}

/// How an export went.
struct Ran {
    time: Duration,
    /// How often the progress was asked for.
    asked: u64,
    /// What it was, each change of it.
    values: Vec<u64>,
}

fn export(
    cell: &RemoteCell,
    name: &str,
    before: Duration,
    writer: Option<&Writer>,
) -> Result<Ran, Box<dyn Error>> {
    std::thread::sleep(before);
    if let Some(writer) = writer {
        writer.asked();
    }
    let began = Instant::now();
    cell.start_export(&serde_json::json!({ "Name": name }))?;
    if let Some(writer) = writer {
        writer.exporting();
    }
    let (mut asked, mut values) = (0, Vec::new());
    watch(cell, "exporting", OFTEN, RemoteCell::export_status, |job| {
        asked += 1;
        if values.last() != Some(&job.percent) {
            values.push(job.percent);
        }
        Ok(String::new())
    })?;
    let time = began.elapsed();
    if let Some(writer) = writer {
        writer.over();
    }
    if !cell.has_snapshot(&format!("{name}.zip"))? {
        return Err(match cell.export_failure(name)? {
            JobStatus::Failed { code, message } => format!("the export failed: {message} ({code})").into(),
            _ => "the export ended without a snapshot".into(),
        });
    }
    Ok(Ran { time, asked, values })
}

/// Downloads a snapshot and checks it offline.
fn fetch(cell: &RemoteCell, name: &str, file: &Path, story: &mut Story) -> Result<(), Box<dyn Error>> {
    let began = Instant::now();
    let mut download = Download::begin(cell, name, false, file)?;
    let length = {
        let mut meter = Meter::bytes("downloading", 0);
        download.fetch(cell, &mut |done, total| meter.set_of(done, total))?
    };
    download.finish()?;
    story.did(&format!("Downloaded, {}", figures::bytes(length)), began.elapsed());
    let began = Instant::now();
    let checked = check(file, None, None)?;
    if !checked.is_intact() {
        story.wrong(format!("the snapshot is not intact:\n{}", checked.lines()));
    }
    let report = &checked.report;
    story.check(
        checked.is_intact() && report.is_signed(),
        &format!(
            "the snapshot is intact: {} and {} match the signed manifest, in {}",
            figures::counted(report.entries, "entry", "entries"),
            figures::bytes(report.bytes),
            figures::seconds(began.elapsed()),
        ),
    );
    Ok(())
}
