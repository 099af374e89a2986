//! Schedules of exports where the disk is full, and where a crash comes at any write of the register.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use saibo_core::schedule::{self, Outcome, Plan, tick};
use saibo_model::ErrorCode;

use crate::hooked::{crashed, open};
use crate::schedules::{HOUR, files, hourly, run, set};
use crate::support::{Fixture, master};

#[test]
fn on_a_full_disk_a_run_fails_and_the_old_ones_stay() {
    let folder = tempfile::tempdir().unwrap();
    let (unit, hooks) = open(folder.path());
    let fixture = Fixture { unit, folder };
    let cell = fixture.cell("alice");
    let due = set(&fixture, &cell, Plan { keep: 1, ..hourly() });
    let unit = &fixture.unit;
    let kept = run(unit, &cell, due).kept;
    hooks.fill(true);
    for turn in 1..4 {
        let failed = run(unit, &cell, due + turn * HOUR);
        let Outcome::Failed { code, .. } = failed.last.unwrap().outcome else { panic!("it did not fail") };
        assert_eq!(code, ErrorCode::DiskFull.code());
        assert_eq!((&failed.kept, failed.next_at), (&kept, due + (turn + 1) * HOUR));
    }
    hooks.fill(false);
    let done = run(unit, &cell, due + 4 * HOUR);
    assert_eq!(done.last.unwrap().outcome, Outcome::Done);
    assert_eq!((done.kept.len(), files(unit, &cell)), (1, done.kept.clone()));
}

#[test]
fn wherever_a_crash_comes_the_schedule_knows_what_came_of_it() {
    let before = Fixture::new();
    let cell = before.cell("alice");
    let due = set(&before, &cell, Plan { keep: 1, incremental: true, full_every: Some(2), ..hourly() });
    let first = run(&before.unit, &cell, due).last.unwrap();
    run(&before.unit, &cell, due + HOUR);
    drop(cell);
    before.unit.jobs().close();
    let mut stopped = 0;
    for steps in 0.. {
        let folder = crashed(before.folder.path());
        let (unit, hooks) = open(folder.path());
        let cell = unit.cell("alice").unwrap();
        hooks.stop_after(steps);
        let over = Arc::new(AtomicBool::new(false));
        // It is made whole, and the two before go.
        let working = {
            let (unit, cell, over) = (unit.clone(), cell.clone(), over.clone());
            std::thread::spawn(move || {
                while !over.load(Ordering::Relaxed) {
                    let _stopped = tick(&unit, due + 2 * HOUR);
                    let standing = schedule::get(&unit, &cell, &master(&unit)).unwrap();
                    if standing.running.is_none() && standing.next_at > due + 2 * HOUR {
                        over.store(true, Ordering::Relaxed);
                    }
                    std::thread::sleep(Duration::from_millis(1));
                }
            })
        };
        let was_stopped = hooks.wait(|| over.load(Ordering::Relaxed));
        let image = was_stopped.then(|| crashed(folder.path()));
        over.store(true, Ordering::Relaxed);
        hooks.release();
        working.join().unwrap();
        let Some(image) = image else { break };
        stopped += 1;
        drop(cell);
        unit.jobs().close();

        let unit = crate::support::open(image.path());
        unit.resume().unwrap();
        let cell = unit.cell("alice").unwrap();
        let mut minutes = 0;
        let after = loop {
            let standing = run(&unit, &cell, due + 2 * HOUR + minutes * 60_000);
            if standing.next_at > due + 2 * HOUR {
                break standing;
            }
            minutes += 1;
            assert!(minutes < 10, "{steps}: {standing:?}");
        };
        let last = after.last.unwrap();
        assert_eq!((last.outcome, last.is_incremental), (Outcome::Done, false), "{steps}");
        assert_ne!(last.name, first.name);
        assert_eq!(files(&unit, &cell), after.kept, "{steps}: there is none that it does not know");
        assert!(after.kept.contains(&format!("{}.zip", last.name)), "{steps}");
        // What could not be removed any more goes after the next one.
        run(&unit, &cell, due + 3 * HOUR);
        let next = run(&unit, &cell, due + 4 * HOUR);
        assert_eq!((next.kept.len(), files(&unit, &cell)), (1, next.kept.clone()), "{steps}");
        unit.jobs().close();
    }
    assert!(stopped > 10, "{stopped}");
}
