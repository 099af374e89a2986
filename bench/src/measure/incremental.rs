//! What an export of what was changed costs, where that is one entity in a hundred: bytes and time, to an export of
//! everything.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use serde_json::json;

use super::{BIG, Course, DATA};
use crate::client::{Client, Job};
use crate::load::{self, Script};
use crate::report::Target;
use crate::snapshots::entities;
use crate::unit::Unit;
use crate::{Result, figures, ground, wire};

/// One entity of so many is changed.
const OF: u64 = 100;

/// Who changes them.
const CLIENTS: usize = 4;

/// How often each is exported; the fastest counts.
const ROUNDS: usize = 3;

pub(super) fn measure(course: &mut Course<'_>) -> Result<()> {
    let count = course.options.sizes.entities();
    let (unit, client) = course.start(DATA)?;
    course.fill(BIG, &unit, &client)?;
    let (whole_time, whole_bytes) = fastest(&client, "whole", None)?;
    let changed = count / OF;
    let stop = Arc::new(AtomicBool::new(false));
    load::run(unit.address(), CLIENTS, &stop, &script(&unit, changed))?.unrefused()?;
    let (time, bytes) = fastest(&client, "changed", Some("whole-0"))?;
    // None goes before those that are to be put over it.
    for name in ["changed", "whole"] {
        for round in 0..ROUNDS {
            client.delete_snapshot(BIG, &format!("{name}-{round}"))?;
        }
    }
    unit.stop()?;
    let from = format!(
        "{} of {} entities: {} of {} bytes",
        figures::count(changed as f64),
        figures::count(count as f64),
        figures::count(bytes as f64),
        figures::count(whole_bytes as f64)
    );
    let ratio = bytes as f64 / whole_bytes as f64;
    course.report.add("incremental", "bytes, 1 % changed", (ratio, "×"), Some(Target::AtMost(0.02)), from);
    let from = format!("{} and {}", figures::time(time), figures::time(whole_time));
    let ratio = time.as_secs_f64() / whole_time.as_secs_f64();
    course.report.add("incremental", "time, 1 % changed", (ratio, "×"), Some(Target::AtMost(0.02)), from);
    Ok(())
}

/// The fastest of a few exports, and how long the file is.
fn fastest(client: &Client, name: &str, since: Option<&str>) -> Result<(Duration, u64)> {
    let (mut fastest, mut bytes) = (Duration::MAX, 0);
    for round in 0..ROUNDS {
        let name = format!("{name}-{round}");
        ground::settle();
        let began = Instant::now();
        client.run_as(Job::Export, BIG, &name, &json!({ "Name": name, "Since": since }))?;
        fastest = fastest.min(began.elapsed());
        bytes = client.snapshot_length(BIG, &name)?;
    }
    Ok((fastest, bytes))
}

/// Replaces entities that lie all over the set, once each.
fn script(unit: &Unit, changed: u64) -> Script {
    let json = unit.headers("Content-Type: application/json\r\nAccept: application/json\r\n");
    Arc::new(move |client, sent, out| {
        let n = sent * CLIENTS as u64 + client as u64;
        if n >= changed {
            return false;
        }
        let mut body = String::new();
        entities::body(&mut body, n * OF, 1);
        let path = format!("/{BIG}/{}('{}')", entities::SET, entities::key(n * OF));
        wire::request(out, "PUT", &path, &json, body.as_bytes());
        true
    })
}
