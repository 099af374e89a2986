//! From the start of a unit with many Cells to its first answer, and its memory when it does nothing.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use super::Course;
use crate::report::Target;
use crate::{Result, figures, load, note, wire};

const DATA: &str = "cells-unit";

/// Clients that create Cells.
const CLIENTS: usize = 8;

/// How often it is started.
const STARTS: usize = 9;

pub(super) fn measure(course: &mut Course<'_>) -> Result<()> {
    let count = course.options.sizes.cells();
    note(&format!("  {} Cells are created", figures::count(count as f64)));
    let (unit, _client) = course.start(DATA)?;
    let next = AtomicU64::new(0);
    let headers = unit.headers("Content-Type: application/json\r\nAccept: application/json\r\n");
    let script: load::Script = Arc::new(move |_client, _sent, out| {
        let n = next.fetch_add(1, Ordering::Relaxed);
        wire::request(out, "POST", "/__ctl/Cell", &headers, format!(r#"{{"Name":"cell-{n}"}}"#).as_bytes());
        n < count
    });
    let created =
        load::run(unit.address(), CLIENTS, &Arc::new(AtomicBool::new(false)), &script)?.unrefused()?;
    unit.stop()?;

    let (mut starts, mut idle) = (Vec::new(), 0);
    for _ in 0..STARTS {
        let (unit, _client) = course.start(DATA)?;
        starts.push(unit.first_answer);
        idle = idle.max(unit.idle);
        unit.stop()?;
    }
    starts.sort_unstable();
    let (median, worst) = (starts[STARTS / 2], starts[STARTS - 1]);
    let ms = median.as_secs_f64() * 1000.0;
    let from = format!(
        "median of {STARTS}, at most {}; Cells were made at {}/s",
        figures::time(worst),
        figures::count(created.rate())
    );
    course.report.add("startup", "to first answer", (ms, "ms"), Some(Target::AtMost(50.0)), from);
    let from = format!("at most, of {STARTS}, {}", "half a second after the start");
    course.report.add(
        "startup",
        "idle memory",
        (figures::mib(idle), "MiB"),
        Some(Target::AtMost(30.0)),
        from,
    );
    course.ground.remove(DATA)
}
