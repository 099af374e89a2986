//! Export and import of entities: how many a second, and how much memory that takes.

use super::{BIG, Course, DATA, Taken};
use crate::Result;
use crate::client::Job;
use crate::figures;
use crate::ground;
use crate::process;
use crate::report::Target;

/// MiB that an export or import may add, whatever its size.
pub(super) const MEMORY: f64 = 64.0;

pub(super) fn measure(course: &mut Course<'_>) -> Result<()> {
    let count = course.options.sizes.entities();
    let (unit, client) = course.start(DATA)?;
    if let Some((taken, sent)) = course.fill(BIG, &unit, &client)? {
        let from = format!("{}; sent before, in {}", taken.shown(), figures::time(sent));
        let rate = taken.rate_of_a_core(count);
        course.report.add(
            "entities",
            "import, one core",
            (rate, "/s"),
            Some(Target::AtLeast(50_000.0)),
            from,
        );
        let memory = figures::mib(taken.memory);
        let from = taken.memory_shown(&unit);
        course.report.add("entities", "import, memory", (memory, "MiB"), Some(Target::AtMost(MEMORY)), from);
    }
    unit.stop()?;

    let (unit, client) = course.start(DATA)?;
    ground::settle();
    process::reset_peak(unit.pid())?;
    let taken = Taken::by(&unit, || client.run(Job::Export, BIG, "whole"))?;
    client.delete_snapshot(BIG, "whole")?;
    let (rate, target) = (taken.rate_of_a_core(count), Target::AtLeast(100_000.0));
    course.report.add("entities", "export, one core", (rate, "/s"), Some(target), taken.shown());
    let (memory, from) = (figures::mib(taken.memory), taken.memory_shown(&unit));
    course.report.add("entities", "export, memory", (memory, "MiB"), Some(Target::AtMost(MEMORY)), from);
    unit.stop()
}
