//! Exports by themselves: when they run, what is kept of them, and what a stop of the unit leaves. The time is the
//! tests'; the exports are real ones.

use std::sync::Arc;
use std::time::{Duration, Instant};

use saibo_core::export::{self, Request};
use saibo_core::job::{End, Job, JobKind, Options, State};
use saibo_core::schedule::{self, Outcome, Plan, Standing, tick};
use saibo_core::{Cell, Unit, import, snapshot};
use saibo_model::ErrorCode;

use crate::portability::{RICH, export_as, import_as};
use crate::portability_incremental::touch;
use crate::support::{Fixture, master};

pub(crate) const HOUR: i64 = 3_600_000;

pub(crate) fn hourly() -> Plan {
    Plan {
        cron: "0 * * * *".to_owned(),
        incremental: false,
        full_every: None,
        keep: 2,
        recipients: None,
        boxes: None,
        without_credentials: false,
        readable: false,
    }
}

fn incremental(full_every: u32, keep: usize) -> Plan {
    Plan { incremental: true, full_every: Some(full_every), keep, ..hourly() }
}

/// Sets a schedule; when it is due.
pub(crate) fn set(fixture: &Fixture, cell: &Cell, plan: Plan) -> i64 {
    schedule::set(&fixture.unit, cell, &fixture.master(), plan).unwrap().0.next_at
}

fn get(unit: &Arc<Unit>, cell: &Cell) -> Standing {
    schedule::get(unit, cell, &master(unit)).unwrap()
}

/// Ticks at a time until nothing runs.
pub(crate) fn run(unit: &Arc<Unit>, cell: &Cell, now: i64) -> Standing {
    let begun = Instant::now();
    loop {
        tick(unit, now).unwrap();
        let standing = get(unit, cell);
        if standing.running.is_none() {
            return standing;
        }
        assert!(begun.elapsed() < Duration::from_secs(60), "it does not end: {standing:?}");
        std::thread::sleep(Duration::from_millis(2));
    }
}

pub(crate) fn files(unit: &Arc<Unit>, cell: &Cell) -> Vec<String> {
    snapshot::list(unit, cell.id()).unwrap().into_iter().map(|info| info.name).collect()
}

fn exports(unit: &Arc<Unit>, cell: &Cell) -> usize {
    export::history(unit, cell, &master(unit)).unwrap().len()
}

/// Holds the place of an export.
pub(crate) fn hold(unit: &Arc<Unit>, cell: &Cell) -> std::sync::mpsc::Sender<()> {
    let (end, ended) = std::sync::mpsc::channel::<()>();
    let job = Job::begin(cell, JobKind::Export, "by-hand".to_owned(), 1, Options::default());
    let work = move |_: &Arc<saibo_core::job::Progress>| {
        let _ = ended.recv();
        Ok(End::Open)
    };
    unit.jobs().start(job, work).unwrap();
    end
}

#[test]
fn it_runs_when_it_is_due_and_not_before() {
    let fixture = Fixture::new();
    let cell = fixture.cell("alice");
    let due = set(&fixture, &cell, hourly());
    assert_eq!(due % HOUR, 0);
    let unit = &fixture.unit;
    let early = run(unit, &cell, due - 1);
    assert_eq!((early.last, early.next_at, exports(unit, &cell)), (None, due, 0));
    let done = run(unit, &cell, due + 30_000);
    let last = done.last.unwrap();
    assert_eq!((last.outcome, last.is_incremental, done.next_at), (Outcome::Done, false, due + HOUR));
    assert_eq!(done.kept, [format!("{}.zip", last.name)]);
    assert!(last.name.starts_with("alice_") && last.name.ends_with("0030"), "{}", last.name);
    // Once.
    run(unit, &cell, due + 60_000);
    assert_eq!(exports(unit, &cell), 1);
    for turn in 1..5 {
        run(unit, &cell, due + turn * HOUR);
    }
    let standing = get(unit, &cell);
    assert_eq!(exports(unit, &cell), 5);
    assert_eq!((standing.kept.len(), files(unit, &cell)), (2, standing.kept.clone()), "the oldest are gone");
    // What is not the schedule's stays, whatever its name is like.
    schedule::remove(unit, &cell, &fixture.master()).unwrap();
    let gone = schedule::get(unit, &cell, &fixture.master()).unwrap_err();
    assert_eq!(gone.code(), ErrorCode::ResourceNotFound);
    let again = schedule::remove(unit, &cell, &fixture.master()).unwrap_err();
    assert_eq!(again.code(), ErrorCode::ResourceNotFound);
    tick(unit, due + 9 * HOUR).unwrap();
    assert_eq!((exports(unit, &cell), files(unit, &cell).len()), (5, 2));
    let due = set(&fixture, &cell, Plan { keep: 1, ..hourly() });
    run(unit, &cell, due + 20 * HOUR);
    run(unit, &cell, due + 30 * HOUR);
    assert_eq!(files(unit, &cell).len(), 3, "those of the one before are nobody's");
}

#[test]
fn what_no_export_would_take_is_refused() {
    let fixture = Fixture::new();
    let cell = fixture.cell("alice");
    let format = ErrorCode::BodyKeyFormat;
    for (plan, code) in [
        (Plan { cron: "0 0 30 2 *".to_owned(), ..hourly() }, format),
        (Plan { cron: "*/5 * * * *".to_owned(), ..hourly() }, format),
        (Plan { cron: "hourly".to_owned(), ..hourly() }, format),
        (Plan { keep: 0, ..hourly() }, format),
        (Plan { keep: 367, ..hourly() }, format),
        (Plan { full_every: Some(3), ..hourly() }, format),
        (incremental(0, 3), format),
        (incremental(101, 3), format),
        (Plan { boxes: Some(vec!["__".to_owned()]), ..incremental(3, 3) }, format),
        (Plan { without_credentials: true, ..incremental(3, 3) }, format),
        (Plan { readable: true, ..incremental(3, 3) }, format),
        (Plan { boxes: Some(vec![]), ..hourly() }, format),
        (Plan { boxes: Some(vec!["nobox".to_owned()]), ..hourly() }, ErrorCode::BoxUnknown),
        (Plan { recipients: Some(vec!["age1no".to_owned()]), ..hourly() }, ErrorCode::SnapshotLocked),
        (Plan { recipients: Some(vec![]), ..hourly() }, ErrorCode::SnapshotLocked),
    ] {
        let refused = schedule::set(&fixture.unit, &cell, &fixture.master(), plan.clone()).unwrap_err();
        assert_eq!(refused.code(), code, "{plan:?}");
    }
    let none = schedule::get(&fixture.unit, &cell, &fixture.master()).unwrap_err();
    assert_eq!(none.code(), ErrorCode::ResourceNotFound);
}

#[test]
fn what_was_missed_is_made_up_once_also_after_a_restart() {
    let fixture = Fixture::new();
    let cell = fixture.cell("alice");
    let due = set(&fixture, &cell, hourly());
    drop(cell);
    let fixture = fixture.reopened();
    let cell = fixture.unit.cell("alice").unwrap();
    // Down for ten times and some minutes.
    let now = due + 10 * HOUR + 50 * 60_000;
    let done = run(&fixture.unit, &cell, now);
    assert_eq!(exports(&fixture.unit, &cell), 1);
    assert_eq!(done.next_at, due + 12 * HOUR, "11:00 is too close to 10:50");
    run(&fixture.unit, &cell, now);
    assert_eq!(exports(&fixture.unit, &cell), 1);
}

#[test]
fn it_waits_for_another_export_and_is_not_lost() {
    let fixture = Fixture::new();
    let cell = fixture.cell("alice");
    let due = set(&fixture, &cell, hourly());
    let unit = &fixture.unit;
    let end = hold(unit, &cell);
    tick(unit, due).unwrap();
    let standing = get(unit, &cell);
    assert_eq!((standing.running, standing.next_at, standing.last), (None, due, None));
    drop(end);
    fixture.settle(&cell);
    tick(unit, due + 1000).unwrap();
    assert_eq!(get(unit, &cell).running, None, "looked at again in a minute");
    let done = run(unit, &cell, due + 60_000);
    assert_eq!(done.last.unwrap().outcome, Outcome::Done);
}

#[test]
fn incremental_ones_keep_what_they_are_put_over() {
    let fixture = Fixture::new();
    let cell = fixture.cell("alice");
    import_as(&fixture, &cell, RICH).unwrap();
    let cell = fixture.unit.cell("alice").unwrap();
    let due = set(&fixture, &cell, incremental(3, 2));
    let unit = &fixture.unit;
    let mut kinds = Vec::new();
    let mut counts = Vec::new();
    for turn in 0..7 {
        touch(&cell, &format!("role{turn}"));
        let standing = run(unit, &cell, due + turn * HOUR);
        let last = standing.last.unwrap();
        assert_eq!(last.outcome, Outcome::Done, "{turn}");
        kinds.push(last.is_incremental);
        counts.push(standing.kept.len());
        assert!(standing.kept.iter().all(|file| files(unit, &cell).contains(file)));
        // The latest can be imported, whatever went.
        let other = fixture.cell(&format!("other{turn}"));
        for file in &standing.kept {
            let bytes = crate::portability::get(&fixture, &cell, file);
            crate::portability::put(&fixture, &other, file, &bytes);
        }
        let request = import::Request::named(&last.name);
        import::start(unit, &other, &fixture.master(), request).unwrap();
        fixture.settle(&other);
        let past = import::history(unit, &other, &fixture.master()).unwrap();
        assert!(matches!(past[0].state, State::Done { .. }), "{:?}", past[0].state);
    }
    assert_eq!(kinds, [false, true, true, false, true, true, false]);
    // W, WI, WII, WII+W, WI (of the second), WII, then the chain that the last but one takes and the new whole one.
    assert_eq!(counts, [1, 2, 3, 4, 2, 3, 4]);
}

#[test]
fn a_base_that_is_no_good_any_more_makes_the_next_one_whole() {
    let fixture = Fixture::new();
    let cell = fixture.cell("alice");
    let due = set(&fixture, &cell, incremental(50, 3));
    let unit = &fixture.unit;
    let kind = |at: i64| run(unit, &fixture.unit.cell("alice").unwrap(), at).last.unwrap();
    assert!(!kind(due).is_incremental);
    assert!(kind(due + HOUR).is_incremental);
    // An import replaces the content.
    import_as(&fixture, &cell, RICH).unwrap();
    let whole = kind(due + 2 * HOUR);
    assert_eq!((whole.is_incremental, &whole.outcome), (false, &Outcome::Done));
    assert!(kind(due + 3 * HOUR).is_incremental);
    // Nobody can delete the base alone.
    let base = format!("{}.zip", whole.name);
    let refused = snapshot::delete(unit, cell.id(), &base).unwrap_err();
    assert_eq!(refused.code(), ErrorCode::SnapshotNeeded);
    snapshot::delete(unit, cell.id(), &refused.params()[1]).unwrap();
    snapshot::delete(unit, cell.id(), &base).unwrap();
    let whole = kind(due + 4 * HOUR);
    assert!(!whole.is_incremental);
    assert!(kind(due + 5 * HOUR).is_incremental);
    // Set anew, it does not run sooner.
    assert!(set(&fixture, &cell, incremental(50, 3)) >= due + 6 * HOUR);
    // Another file gets a name of the schedule's: it is nobody's base, and never removed.
    let file = format!("{}.zip", whole.name);
    let over = snapshot::delete(unit, cell.id(), &file).unwrap_err();
    snapshot::delete(unit, cell.id(), &over.params()[1]).unwrap();
    crate::portability::put(&fixture, &cell, &file, b"somebody else's");
    assert!(!kind(due + 6 * HOUR).is_incremental);
    for turn in 7..20 {
        kind(due + turn * HOUR);
    }
    assert_eq!(crate::portability::get(&fixture, &cell, &file), b"somebody else's");
    // Other recipients could not decrypt the base.
    let key = "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p".to_owned();
    let plan = Plan { recipients: Some(vec![key]), ..incremental(50, 3) };
    set(&fixture, &cell, plan.clone());
    let sealed = kind(due + 30 * HOUR);
    assert_eq!((sealed.is_incremental, &sealed.outcome), (false, &Outcome::Done));
    assert!(files(unit, &cell).contains(&format!("{}.zip.age", sealed.name)));
    set(&fixture, &cell, plan);
    assert!(kind(due + 40 * HOUR).is_incremental, "the same ones can");
}

#[test]
fn a_run_that_fails_is_recorded_and_removes_nothing() {
    let fixture = Fixture::new();
    let cell = fixture.cell("alice");
    let (unit, master) = (&fixture.unit, fixture.master());
    import_as(&fixture, &cell, RICH).unwrap();
    let cell = unit.cell("alice").unwrap();
    let due = set(&fixture, &cell, Plan { keep: 1, ..hourly() });
    let kept = run(unit, &cell, due).kept;
    // There is no such Box any more: to be refused, it need not even begin.
    let boxes = Some(vec!["gone".to_owned()]);
    saibo_store::StoreExt::write(&*cell.store().clone(), |tx| {
        let set = saibo_model::EntitySet::control(saibo_model::Kind::Box);
        let mut gone = saibo_model::Document {
            seq: 0,
            id: saibo_model::Id::random(),
            set,
            key: "gone".to_owned(),
            parent: None,
            peer: None,
            version: 1,
            published: 1,
            updated: 1,
            body: r#"{"Name":"gone"}"#.to_owned(),
            hidden: None,
            extra: None,
        };
        tx.put_document(&mut gone)
    })
    .unwrap();
    let next = set(&fixture, &cell, Plan { keep: 1, boxes, ..hourly() });
    import_as(&fixture, &cell, RICH).unwrap();
    let cell = unit.cell("alice").unwrap();
    let failed = run(unit, &cell, next + HOUR);
    let Outcome::Failed { code, .. } = failed.last.unwrap().outcome else { panic!("it did not fail") };
    assert_eq!(code, ErrorCode::BoxUnknown.code());
    assert_eq!((failed.kept, failed.next_at), (kept, next + 2 * HOUR));
    assert_eq!(schedule::get(unit, &cell, &master).unwrap().running, None);
}

#[test]
fn one_that_is_cancelled_or_fails_on_the_way_leaves_the_old_ones() {
    let fixture = Fixture::new();
    let cell = fixture.cell("alice");
    let due = set(&fixture, &cell, hourly());
    let unit = &fixture.unit;
    let kept = run(unit, &cell, due).kept;
    let others = [fixture.cell("one"), fixture.cell("two")];
    let held = others.each_ref().map(|other| hold(unit, other));
    // It waits for its turn.
    tick(unit, due + HOUR).unwrap();
    let waiting = get(unit, &cell);
    assert!(waiting.running.is_some() && waiting.next_at == due + 2 * HOUR, "{waiting:?}");
    export::cancel(unit, &cell, &fixture.master()).unwrap().unwrap();
    let cancelled = run(unit, &cell, due + HOUR);
    assert_eq!(cancelled.last.unwrap().outcome, Outcome::Cancelled);
    assert_eq!((cancelled.kept, cancelled.next_at), (kept, due + 2 * HOUR));
    drop(held);
}

#[test]
fn a_run_that_a_stop_cut_off_is_the_schedules_after_the_restart() {
    let fixture = Fixture::new();
    let cell = fixture.cell("alice");
    let due = set(&fixture, &cell, hourly());
    let others = [fixture.cell("one"), fixture.cell("two")];
    let held = others.each_ref().map(|other| hold(&fixture.unit, other));
    tick(&fixture.unit, due).unwrap();
    let name = get(&fixture.unit, &cell).running.unwrap();
    let id = cell.id().clone();
    drop((cell, others));
    let stopping = fixture.unit.clone();
    let closed = std::thread::spawn(move || stopping.jobs().close());
    // The turns are taken, so it is the stop that ends it.
    while fixture.unit.jobs().running(&id, JobKind::Export).is_some() {
        std::thread::sleep(Duration::from_millis(1));
    }
    tick(&fixture.unit, due + 1000).unwrap();
    drop(held);
    closed.join().unwrap();
    tick(&fixture.unit, due + 70_000).unwrap();
    let fixture = fixture.reopened();
    let cell = fixture.unit.cell("alice").unwrap();
    assert_eq!(get(&fixture.unit, &cell).running.as_deref(), Some(name.as_str()));
    fixture.unit.resume().unwrap();
    let done = run(&fixture.unit, &cell, due + 120_000);
    assert_eq!(done.kept, [format!("{name}.zip")]);
    assert_eq!((done.last.unwrap().outcome, done.next_at), (Outcome::Done, due + HOUR));
    assert_eq!(exports(&fixture.unit, &cell), 1);
}

#[test]
fn few_run_at_a_time_and_all_in_the_end() {
    let fixture = Fixture::new();
    let cells: Vec<Cell> = (0..12).map(|number| fixture.cell(&format!("c{number}"))).collect();
    let due = cells.iter().map(|cell| set(&fixture, cell, hourly())).max().unwrap();
    let unit = &fixture.unit;
    let begun = Instant::now();
    while cells.iter().any(|cell| get(unit, cell).last.is_none()) {
        let pause = tick(unit, due).unwrap();
        let running = cells.iter().filter(|cell| unit.jobs().running(cell.id(), JobKind::Export).is_some());
        assert!(running.count() <= 1, "of two turns one is left");
        assert!(pause <= Duration::from_secs(60));
        assert!(begun.elapsed() < Duration::from_secs(60));
        std::thread::sleep(Duration::from_millis(1));
    }
    // Then it is quiet until the next time.
    assert_eq!(tick(unit, due + 1).unwrap(), Duration::from_secs(60));
    assert_eq!(tick(unit, due + HOUR - 10_000).unwrap(), Duration::from_secs(10));
}

#[test]
fn a_schedule_goes_with_its_cell() {
    let fixture = Fixture::new();
    let cell = fixture.cell("alice");
    let due = set(&fixture, &cell, hourly());
    let (unit, id) = (&fixture.unit, cell.id().clone());
    let in_register = || {
        let register = unit.backend().register();
        let values = saibo_store::StoreExt::read(&*register, |tx| {
            Ok((tx.value("schedule", id.as_str())?, tx.value("due", id.as_str())?))
        });
        values.unwrap()
    };
    assert!(in_register().0.is_some() && in_register().1 == Some(due.to_string()));
    saibo_core::odata::objects::delete_cell(unit, &cell, &fixture.master(), Some("true")).unwrap();
    assert_eq!(in_register(), (None, None));
    tick(unit, due).unwrap();
    let again = fixture.cell("alice");
    assert_eq!(exports(unit, &again), 0);
}

#[test]
fn an_import_leaves_the_schedule_and_by_hand_it_is_as_ever() {
    let fixture = Fixture::new();
    let cell = fixture.cell("alice");
    let yearly = Plan { cron: "@yearly".to_owned(), ..hourly() };
    let due = set(&fixture, &cell, yearly.clone());
    import_as(&fixture, &cell, RICH).unwrap();
    let cell = fixture.unit.cell("alice").unwrap();
    export_as(&fixture, &cell, "mine");
    let taken = run(&fixture.unit, &cell, due).last.unwrap().name;
    // The name of the very second is taken, so the next one gets another.
    export::start(&fixture.unit, &cell, &fixture.master(), Request::named("mine2")).unwrap();
    fixture.settle(&cell);
    schedule::remove(&fixture.unit, &cell, &fixture.master()).unwrap();
    assert_eq!(set(&fixture, &cell, yearly), due);
    let next = run(&fixture.unit, &cell, due).last.unwrap().name;
    assert_eq!(next, format!("{taken}_2"));
    let all = files(&fixture.unit, &cell);
    assert!(all.contains(&"mine.zip".to_owned()) && all.contains(&"mine2.zip".to_owned()), "{all:?}");
}

#[test]
fn ten_thousand_that_are_not_due_cost_next_to_nothing() {
    let fixture = Fixture::new();
    let unit = &fixture.unit;
    saibo_store::StoreExt::write(&*unit.backend().register(), |tx| {
        // Of Cells that are not there: whoever looked at one would find that out.
        (0..10_000)
            .try_for_each(|number| tx.set_value("due", &format!("cell{number}"), Some("2000000000000")))
    })
    .unwrap();
    tick(unit, 1).unwrap();
    let begun = Instant::now();
    for _ in 0..1000 {
        assert_eq!(tick(unit, 1_999_999_000_000).unwrap(), Duration::from_secs(60));
    }
    assert!(begun.elapsed() < Duration::from_secs(1), "{:?}", begun.elapsed());
    assert_eq!(tick(unit, 1_999_999_999_000).unwrap(), Duration::from_secs(1));
    // A schedule that is gone, or was never whole, is looked at once.
    let ticks = (0..).take_while(|_| tick(unit, 2_000_000_000_000).unwrap() == Duration::ZERO).count();
    assert!((100..200).contains(&ticks), "{ticks}: a stop does not wait for all of them");
    assert_eq!(tick(unit, 2_000_000_000_001).unwrap(), Duration::from_secs(60));
}
