//! Reads while others try passwords, as fast as they are refused: half of them an Account's, half of them nobody's.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::super::{BIG, DATA};
use super::Course;
use crate::load::{self, Script};
use crate::report::Target;
use crate::snapshots::entities;
use crate::unit::Unit;
use crate::{Result, figures, wire};

/// Who reads: few, so that the processors have time left and each request is as long as it takes.
const READERS: usize = 2;

/// Who tries passwords.
const FLOOD: usize = 64;

/// Bytes of a file.
const FILE: usize = 4096;

const ACCOUNT: &str = "flooded";

pub(super) fn measure(course: &mut Course<'_>) -> Result<()> {
    let window = Duration::from_secs(course.options.sizes.seconds());
    let (unit, client) = course.start(DATA)?;
    course.fill(BIG, &unit, &client)?;
    let path = format!("{BIG}/{}/flood.txt", entities::FOLDER);
    client.put(&path, "text/plain", &[b'x'; FILE])?;
    client.create_account(BIG, ACCOUNT, "a-password")?;
    let (reads, logins) = (reads(&unit, &path), logins(&unit));
    load::run_for(unit.address(), READERS, window / 5, &reads)?;

    // Before and after, so that what merely drifts counts for neither.
    let mut without = load::run_for(unit.address(), READERS, window, &reads)?;
    let stop = Arc::new(AtomicBool::new(false));
    let (mut during, flood) = std::thread::scope(|scope| {
        let flooding = scope.spawn(|| load::run(unit.address(), FLOOD, &stop, &logins));
        // Until all of them wait.
        std::thread::sleep(window / 5);
        let during = load::run_for(unit.address(), READERS, window, &reads);
        stop.store(true, Ordering::Relaxed);
        let flood = flooding.join().map_err(|_panicked| "the clients have panicked")?;
        Ok::<_, Box<dyn std::error::Error + Send + Sync>>((during?.unrefused()?, flood?))
    })?;
    without.add(load::run_for(unit.address(), READERS, window, &reads)?);
    unit.stop()?;
    if flood.refused.keys().any(|status| *status != 400) || !flood.micros.is_empty() {
        return Err(format!("wrong passwords are answered with {:?}", flood.refused).into());
    }

    let mut without = without.unrefused()?;
    without.sort();
    during.sort();
    let tried = figures::rate(flood.refusals(), flood.time);
    let from = format!("without: {}; during: {}; {tried:.0} logins/s", without.shown(), during.shown());
    for (what, part, target) in [
        ("p99 of GET in a flood of logins", 0.99, Some(Target::AtMost(2.0))),
        ("p50 of GET in a flood of logins", 0.5, None),
    ] {
        let [without, during] = [&without, &during].map(|load| load.quantile(part).as_secs_f64());
        course.report.add("tokens", what, (during / without.max(1e-6), "×"), target, from.clone());
    }
    Ok(())
}

/// A file and an entity, in turns.
fn reads(unit: &Unit, file: &str) -> Script {
    let headers = unit.headers("Accept: application/json\r\n");
    let entity = format!("/{BIG}/{}('{}')", entities::SET, entities::key(0));
    let paths = [format!("/{file}"), entity];
    Arc::new(move |client, sent, out| {
        let Some(path) = paths.get((sent as usize + client) % paths.len()) else { return false };
        wire::request(out, "GET", path, &headers, b"");
        true
    })
}

fn logins(unit: &Unit) -> Script {
    let headers = format!(
        "Host: localhost:{}\r\nContent-Type: application/x-www-form-urlencoded\r\n",
        unit.address().port()
    );
    Arc::new(move |client, sent, out| {
        let name = if client.is_multiple_of(2) { ACCOUNT } else { "nobody" };
        let body = format!("grant_type=password&username={name}&password=guess-{client}-{sent}");
        wire::request(out, "POST", &format!("/{BIG}/__token"), &headers, body.as_bytes());
        true
    })
}
