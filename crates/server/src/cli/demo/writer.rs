//! Somebody who writes all the time: an entity, then a file that says how many entities there are, and so on.
//!
//! The pair makes the order of writes visible: a snapshot of one moment has every entity up to some number, and the
//! file says that number or the one before.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::client::{ClientError, RemoteCell};

/// What goes on in the Cell: no export; one has been asked for; it runs; it is over.
const IDLE: u8 = 0;
const ASKED: u8 = 1;
const EXPORTING: u8 = 2;
const OVER: u8 = 3;

/// A breath between two writes.
const PAUSE: Duration = Duration::from_millis(1);

/// The writer at work.
pub(super) struct Writer {
    stop: Arc<AtomicBool>,
    now: Arc<AtomicU8>,
    thread: JoinHandle<Written>,
}

/// What it did.
#[derive(Debug, Default)]
pub(super) struct Written {
    /// Writes that were answered with success before an export ran, and how long each took.
    pub(super) idle: Vec<Duration>,
    /// The same of those that were sent and answered while one ran.
    pub(super) exporting: Vec<Duration>,
    /// Entities that were answered with success, in all.
    pub(super) entities: u64,
    /// How many of them before the export was asked for.
    pub(super) entities_before: u64,
    /// Writes that the unit did not do, and what it said.
    pub(super) refused: Vec<String>,
}

impl Writer {
    /// Sets somebody to work.
    pub(super) fn begin(cell: &RemoteCell) -> Self {
        let (stop, now) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU8::new(IDLE)));
        let (cell, stopped, state) = (cell.clone(), stop.clone(), now.clone());
        let thread = std::thread::spawn(move || work(&cell, &stopped, &state));
        Self { stop, now, thread }
    }

    /// An export is going to be asked for.
    pub(super) fn asked(&self) {
        self.now.store(ASKED, Ordering::SeqCst);
    }

    /// It was accepted, and runs.
    pub(super) fn exporting(&self) {
        self.now.store(EXPORTING, Ordering::SeqCst);
    }

    /// It is over.
    pub(super) fn over(&self) {
        self.now.store(OVER, Ordering::SeqCst);
    }

    /// Lets them go home.
    pub(super) fn end(self) -> Written {
        self.stop.store(true, Ordering::SeqCst);
        self.thread.join().unwrap_or_else(|_| Written {
            refused: vec!["the writer did not come to its end".to_owned()],
            ..Written::default()
        })
    }
}

fn work(cell: &RemoteCell, stop: &AtomicBool, now: &AtomicU8) -> Written {
    let mut written = Written::default();
    let mut number = 0;
    while !stop.load(Ordering::SeqCst) {
        number += 1;
        if timed(&mut written, now, || post(cell, number)) {
            written.entities += 1;
            if now.load(Ordering::SeqCst) == IDLE {
                written.entities_before = written.entities;
            }
        }
        timed(&mut written, now, || put(cell, number));
    }
    written
}

/// Does one write and notes how it went.
fn timed(written: &mut Written, now: &AtomicU8, write: impl FnOnce() -> Result<(), ClientError>) -> bool {
    std::thread::sleep(PAUSE);
    let before = now.load(Ordering::SeqCst);
    let began = Instant::now();
    let done = write();
    let (time, after) = (began.elapsed(), now.load(Ordering::SeqCst));
    match done {
        Ok(()) if (before, after) == (IDLE, IDLE) => written.idle.push(time),
        Ok(()) if (before, after) == (EXPORTING, EXPORTING) => written.exporting.push(time),
        Ok(()) => {}
        Err(error) => {
            written.refused.push(error.to_string());
            return false;
        }
    }
    true
}

fn post(cell: &RemoteCell, number: u64) -> Result<(), ClientError> {
    let url = format!("{}journal/diary/Note", cell.url());
    let body = json!({ "__id": live_id(number), "title": "written while an export ran", "mood": 1 });
    cell.client().call("POST", &url).json(&body).send()?.expect(&[201]).map(drop)
}

fn put(cell: &RemoteCell, number: u64) -> Result<(), ClientError> {
    let url = format!("{}journal/live/count.txt", cell.url());
    cell.client()
        .call("PUT", &url)
        .bytes("text/plain", number.to_string())
        .send()?
        .expect(&[201, 204])
        .map(drop)
}

/// `__id` of an entity of the writer's; zeros keep them in order.
fn live_id(number: u64) -> String {
    format!("live-{number:08}")
}

/// The number in such an `__id`.
pub(super) fn live_number(id: &str) -> Option<u64> {
    id.strip_prefix("live-")?.parse().ok()
}

/// The time that `percent` of the writes took at most.
pub(super) fn percentile(times: &[Duration], percent: usize) -> Duration {
    let mut sorted = times.to_vec();
    sorted.sort_unstable();
    let at = (sorted.len() * percent).div_ceil(100).saturating_sub(1);
    sorted.get(at).copied().unwrap_or_default()
}
