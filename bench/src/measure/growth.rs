//! Whether ten times the data takes ten times as long.

use std::time::Duration;

use super::{BIG, Course, DATA, TENTH};
use crate::client::{Client, Job};
use crate::report::Target;
use crate::{Result, figures, ground};

/// How often each is exported and imported; the fastest counts.
const ROUNDS: usize = 3;

pub(super) fn measure(course: &mut Course<'_>) -> Result<()> {
    let (unit, client) = course.start(DATA)?;
    course.fill(BIG, &unit, &client)?;
    course.fill(TENTH, &unit, &client)?;
    let (mut exports, mut imports) = ([Duration::MAX; 2], [Duration::MAX; 2]);
    for _ in 0..ROUNDS {
        for (at, cell) in [TENTH, BIG].into_iter().enumerate() {
            exports[at] = exports[at].min(timed(&client, Job::Export, cell)?);
            imports[at] = imports[at].min(timed(&client, Job::Import, cell)?);
            client.delete_snapshot(cell, "growth")?;
        }
    }
    unit.stop()?;
    for (what, [tenth, whole]) in
        [("export, ten times as much", exports), ("import, ten times as much", imports)]
    {
        let ratio = whole.as_secs_f64() / tenth.as_secs_f64();
        let from = format!("{} and {}", figures::time(tenth), figures::time(whole));
        course.report.add("growth", what, (ratio, "×"), Some(Target::AtMost(11.0)), from);
    }
    Ok(())
}

fn timed(client: &Client, job: Job, cell: &str) -> Result<Duration> {
    ground::settle();
    let began = std::time::Instant::now();
    client.run(job, cell, "growth")?;
    Ok(began.elapsed())
}
