//! What an export costs those who write: small entities and files, by four clients, without an export and during one
//! of the same Cell.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::{BIG, Course, DATA};
use crate::client::Job;
use crate::load::{self, Load, Script};
use crate::report::Target;
use crate::snapshots::entities;
use crate::unit::Unit;
use crate::{Result, figures, wire};

/// Half of them write entities, half of them files.
const CLIENTS: usize = 4;

/// How many different entities and files are written.
const DIFFERENT: u64 = 1000;

/// Bytes of a file.
const FILE: usize = 1024;

pub(super) fn measure(course: &mut Course<'_>) -> Result<()> {
    let window = Duration::from_secs(course.options.sizes.seconds());
    let count = course.options.sizes.entities();
    let (unit, client) = course.start(DATA)?;
    course.fill(BIG, &unit, &client)?;
    let script = script(&unit, count);
    load::run_for(unit.address(), CLIENTS, window / 5, &script)?;

    // Before and after, so that what merely drifts counts for neither.
    let mut without = load::run_for(unit.address(), CLIENTS, window, &script)?;
    let (mut during, mut exports, began) = (Load::default(), Vec::new(), Instant::now());
    while exports.is_empty() || began.elapsed() < window {
        let name = format!("during-{}", exports.len());
        let (time, load) = load::run_while(unit.address(), CLIENTS, &script, || {
            let began = Instant::now();
            client.run(Job::Export, BIG, &name)?;
            Ok(began.elapsed())
        })?;
        client.delete_snapshot(BIG, &name)?;
        during.add(load);
        exports.push(time);
    }
    without.add(load::run_for(unit.address(), CLIENTS, window, &script)?);
    unit.stop()?;

    without.sort();
    during.sort();
    let report = &mut course.report;
    let [p99_without, p99_during] = [&without, &during].map(|load| load.quantile(0.99).as_secs_f64());
    let ratio = p99_during / p99_without.max(1e-6);
    let from = format!("without: {}; during: {}", without.shown(), during.shown());
    report.add("writes", "p99 during an export", (ratio, "×"), Some(Target::AtMost(1.2)), from);
    let [p50_without, p50_during] = [&without, &during].map(|load| load.quantile(0.5).as_secs_f64());
    let longest: Duration = exports.iter().max().copied().unwrap_or_default();
    let from = format!("exports: {}, {} the longest", exports.len(), figures::time(longest));
    report.add("writes", "p50 during an export", (p50_during / p50_without.max(1e-6), "×"), None, from);
    let (refused, all) = (without.refusals() + during.refusals(), without.micros.len() + during.micros.len());
    let mut from = format!("of {}", figures::count((all as u64 + refused) as f64));
    if refused > 0 {
        from.push_str(&format!("; by status: without {:?}, during {:?}", without.refused, during.refused));
    }
    report.add("writes", "refused", (refused as f64, "writes"), Some(Target::AtMost(0.0)), from);
    Ok(())
}

/// Even clients replace entities, odd ones files.
fn script(unit: &Unit, count: u64) -> Script {
    let json = unit.headers("Content-Type: application/json\r\nAccept: application/json\r\n");
    let text = unit.headers("Content-Type: text/plain\r\n");
    Arc::new(move |client, sent, out| {
        let n = (sent * 7 + client as u64 * 131) % DIFFERENT;
        if client.is_multiple_of(2) {
            let n = n * (count / DIFFERENT).max(1) % count;
            let mut body = String::new();
            entities::body(&mut body, n, sent);
            let path = format!("/{BIG}/{}('{}')", entities::SET, entities::key(n));
            wire::request(out, "PUT", &path, &json, body.as_bytes());
        } else {
            let path = format!("/{BIG}/{}/{client}-{}.txt", entities::FOLDER, n % 400);
            let body = [b'a' + (sent % 26) as u8; FILE];
            wire::request(out, "PUT", &path, &text, &body);
        }
        true
    })
}
