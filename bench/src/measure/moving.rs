//! A Cell with files that moves to another unit while it is written to: how long a write waits at most, and whether all
//! that were acknowledged are at the new place.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::Course;
use crate::client::{Client, Job};
use crate::report::Target;
use crate::snapshots::files;
use crate::unit::Unit;
use crate::wire::{self, Connection};
use crate::{Result, figures, ground, note};

const CELL: &str = "moving";

/// Data folders of the unit that it leaves, and of the one that it comes to.
const OLD: &str = "old-unit";
const NEW: &str = "new-unit";

/// Both units are on this machine.
const PRIVATE: [(&str, &str); 1] = [("SAIBO_UNIT__MOVES_TO_PRIVATE_ADDRESSES", "true")];

/// Who writes meanwhile, each to so many files in turn.
const WRITERS: usize = 4;
const FILES: u64 = 100;

/// Writers are at it for so long before the move begins.
const BEFORE: Duration = Duration::from_secs(1);

pub(super) fn measure(course: &mut Course<'_>) -> Result<()> {
    let mib = course.options.sizes.files_mib().div_ceil(2);
    note(&format!("  {mib} MiB of files are written into a snapshot and imported"));
    let path = course.ground.path("files.zip");
    let bytes = files::write(&path, mib)?;
    let (old, client) = course.start_with(OLD, &PRIVATE)?;
    client.create_cell(CELL)?;
    client.upload(CELL, "sent", &path)?;
    client.run(Job::Import, CELL, "sent")?;
    client.delete_snapshot(CELL, "sent")?;
    course.ground.remove("files.zip")?;
    let (new, there) = course.start_with(NEW, &PRIVATE)?;
    ground::settle();

    let stop = Arc::new(AtomicBool::new(false));
    let writers: Vec<_> = (0..WRITERS).map(|n| Writer::start(n, &old, stop.clone())).collect();
    std::thread::sleep(BEFORE);
    let began = Instant::now();
    let moved = client.move_cell(CELL, &format!("{}{CELL}/", new.url), &new.token);
    let time = began.elapsed();
    stop.store(true, Ordering::Relaxed);
    let (mut longest, mut written, mut lost, mut redirected) = (Duration::ZERO, 0, 0, 0);
    for writer in writers {
        let wrote = writer.join().map_err(|_| "a writer has panicked")??;
        longest = longest.max(wrote.longest);
        written += wrote.count;
        redirected += u64::from(wrote.redirected);
        lost += wrote.missing(&there)?;
    }
    moved?;
    old.stop()?;
    new.stop()?;
    course.ground.remove(OLD)?;
    course.ground.remove(NEW)?;

    let report = &mut course.report;
    let rate = figures::rate(bytes, time) / figures::MIB as f64;
    let from =
        format!("{} MiB, {rate:.0} MiB/s: exported, sent, imported", figures::count(figures::mib(bytes)));
    report.add("moving", "all of it", (time.as_secs_f64(), "s"), None, from);
    let from = format!(
        "of {} writes by {WRITERS} clients, {redirected} of which were led to the new place",
        figures::count(written as f64)
    );
    report.add("moving", "longest write", (longest.as_secs_f64(), "s"), Some(Target::AtMost(2.0)), from);
    let from = "acknowledged and not there".to_owned();
    report.add("moving", "lost", (lost as f64, "writes"), Some(Target::AtMost(0.0)), from);
    Ok(())
}

/// Writes to one file after the other until it is led elsewhere, or stopped.
struct Writer {
    number: usize,
    headers: String,
    address: SocketAddr,
    stop: Arc<AtomicBool>,
}

/// What it has done.
struct Wrote {
    longest: Duration,
    count: u64,
    redirected: bool,
    /// What each file has, by its path.
    last: BTreeMap<String, String>,
}

impl Writer {
    fn start(number: usize, unit: &Unit, stop: Arc<AtomicBool>) -> JoinHandle<Result<Wrote>> {
        let headers = unit.headers("Content-Type: text/plain\r\n");
        let writer = Self { number, headers, address: unit.address(), stop };
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            runtime.block_on(writer.write())
        })
    }

    async fn write(self) -> Result<Wrote> {
        let mut connection = Connection::open(self.address).await?;
        let mut wrote = Wrote { longest: Duration::ZERO, count: 0, redirected: false, last: BTreeMap::new() };
        let mut request = Vec::new();
        while !self.stop.load(Ordering::Relaxed) {
            let path = format!("{CELL}/__/photos-0/w{}-{}.txt", self.number, wrote.count % FILES);
            let body = format!("{} of {}", wrote.count, self.number);
            wire::request(&mut request, "PUT", &format!("/{path}"), &self.headers, body.as_bytes());
            let began = Instant::now();
            let status = connection.exchange(&request).await?;
            wrote.longest = wrote.longest.max(began.elapsed());
            match status {
                201 | 204 => {
                    wrote.count += 1;
                    wrote.last.insert(path, body);
                }
                308 => {
                    wrote.redirected = true;
                    break;
                }
                other => return Err(format!("a write was answered with {other}").into()),
            }
        }
        Ok(wrote)
    }
}

impl Wrote {
    /// How many files do not have at the new place what was acknowledged last.
    fn missing(&self, there: &Client) -> Result<u64> {
        let mut missing = 0;
        for (path, body) in &self.last {
            missing += u64::from(there.text(path)?.as_deref() != Some(body));
        }
        Ok(missing)
    }
}
