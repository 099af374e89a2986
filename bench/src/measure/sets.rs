//! One entity set, large and small: what is asked and changed one by one, and whether a hundred times as many entities
//! make it slower; beside SQLite alone.

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::{BIG, Course, DATA, HUNDREDTH};
use crate::client::Client;
use crate::load::{self, Load, Script};
use crate::raw::Raw;
use crate::report::Target;
use crate::snapshots::{MADE, entities};
use crate::unit::Unit;
use crate::{Result, figures, note, wire};

/// As few as keep both cores busy: the time that a request waits for others is not what is measured.
const CLIENTS: usize = 4;

/// How often the two Cells take turns.
const TURNS: u32 = 3;

/// Clients that create at once.
const MANY: usize = 64;

/// Entities that one `$batch` makes.
const IN_A_BATCH: u64 = 1000;

/// An index that a query has asked for is there by then.
const PATIENCE: Duration = Duration::from_secs(120);

/// New entities have numbers from here on, which no entity that was imported has.
const NEW: u64 = 1 << 40;

/// What is done, and what is told of it: 50 and 99 of a hundred, and how both Cells compare.
const WHAT: [(Doing, &str, &str); 5] = [
    (Doing::Get, "by key, p99", "by key, 100 times as many"),
    (Doing::Filter, "25 by an indexed filter, p99", "25 by an indexed filter, 100 times as many"),
    (Doing::Order, "25 of an order, p99", "25 of an order, 100 times as many"),
    (Doing::Create, "create, p99", "create, 100 times as many"),
    (Doing::Merge, "merge, p99", "merge, 100 times as many"),
];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Doing {
    Get,
    Filter,
    Order,
    Create,
    Merge,
}

pub(super) fn measure(course: &mut Course<'_>) -> Result<()> {
    let (unit, client) = course.start(DATA)?;
    for cell in [HUNDREDTH, BIG] {
        course.fill(cell, &unit, &client)?;
    }
    index(course, &unit)?;
    let mut rates = Vec::new();
    for (doing, what, compared) in WHAT {
        rates.push((doing, compare(course, &unit, doing, what, compared)?));
    }
    let batches = batches(course, &unit)?;
    at_once(course, &unit, &client)?;
    unit.stop()?;
    raw(course, &rates, batches)
}

/// Has the unit make the index that the queries want, while others write: how long they wait at most.
fn index(course: &mut Course<'_>, unit: &Unit) -> Result<()> {
    let count = course.entities_of(BIG);
    let writes = script(unit, BIG, count, Doing::Merge, 1);
    for cell in [HUNDREDTH, BIG] {
        let asks = script(unit, cell, course.entities_of(cell), Doing::Filter, 0);
        let (time, mut load) = load::run_while(unit.address(), 1, &writes, || until_quick(unit, &asks))?;
        load.sort();
        if cell == BIG {
            let longest = load.quantile(1.0);
            let from = format!("it took {} until queries were quick", figures::time(time));
            let target = Some(Target::AtMost(100.0));
            let shown = (longest.as_secs_f64() * 1000.0, "ms");
            course.report.add("sets", "longest write while an index is made", shown, target, from);
        }
    }
    Ok(())
}

/// Asks until a hundred answers in a row come as quickly as an index lets them.
fn until_quick(unit: &Unit, asks: &Script) -> Result<Duration> {
    let began = Instant::now();
    loop {
        let mut load = load::run_for(unit.address(), 1, Duration::from_millis(300), asks)?.unrefused()?;
        load.sort();
        if load.quantile(0.99) < Duration::from_millis(10) && load.micros.len() > 30 {
            return Ok(began.elapsed());
        }
        if began.elapsed() > PATIENCE {
            return Err("an index was not made".into());
        }
    }
}

/// Measures one thing in both Cells, in turns. The rate in the big one.
fn compare(
    course: &mut Course<'_>,
    unit: &Unit,
    doing: Doing,
    what: &'static str,
    compared: &'static str,
) -> Result<f64> {
    let turn = Duration::from_secs(course.options.sizes.seconds()) / TURNS;
    let (mut small, mut big) = (Load::default(), Load::default());
    for nth in 0..=TURNS {
        for (cell, load) in [(HUNDREDTH, &mut small), (BIG, &mut big)] {
            let script = script(unit, cell, course.entities_of(cell), doing, u64::from(nth) + 2);
            let more = load::run_for(unit.address(), CLIENTS, turn, &script)?.unrefused()?;
            // The first turn reads in what the others find in memory.
            if nth > 0 {
                load.add(more);
            }
        }
    }
    small.sort();
    big.sort();
    let [p99_small, p99_big] = [&small, &big].map(|load| load.quantile(0.99).as_secs_f64() * 1000.0);
    course.report.add("sets", what, (p99_big, "ms"), None, big.shown());
    let from = format!("of p99; with a hundredth: {}", small.shown());
    course.report.add("sets", compared, (p99_big / p99_small, "×"), Some(Target::AtMost(1.5)), from);
    Ok(big.rate())
}

/// Creates in batches. Entities a second.
fn batches(course: &mut Course<'_>, unit: &Unit) -> Result<f64> {
    let headers = unit.headers("Content-Type: multipart/mixed; boundary=b\r\n");
    let path = format!("/{BIG}/{}/$batch", entities::COLLECTION);
    let script: Script = Arc::new(move |client, sent, out| {
        let first = NEW * (100 + client as u64) + sent * IN_A_BATCH;
        wire::request(out, "POST", &path, &headers, batch(first).as_bytes());
        true
    });
    let time = Duration::from_secs(course.options.sizes.seconds());
    let load = load::run_for(unit.address(), 2, time, &script)?.unrefused()?;
    let rate = load.rate() * IN_A_BATCH as f64;
    let from = format!("{} batches of {IN_A_BATCH}, in one change set each", load.micros.len());
    course.report.add("sets", "created in batches", (rate, "/s"), Some(Target::AtLeast(30_000.0)), from);
    Ok(rate)
}

/// The body of a `$batch` that creates entities.
fn batch(first: u64) -> String {
    let mut body = "--b\r\nContent-Type: multipart/mixed; boundary=c\r\n\r\n".to_owned();
    let mut entity = String::new();
    for n in first..first + IN_A_BATCH {
        entities::body_without_key(&mut entity, n);
        let _ = write!(
            body,
            "--c\r\nContent-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n\r\n\
             POST {} HTTP/1.1\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{entity}\r\n",
            entities::TYPE,
            entity.len()
        );
    }
    body.push_str("--c--\r\n--b--\r\n");
    body
}

/// Many clients create at once: none is refused, and what was acknowledged is there.
fn at_once(course: &mut Course<'_>, unit: &Unit, client: &Client) -> Result<()> {
    let before = count(client)?;
    let script = script(unit, BIG, course.entities_of(BIG), Doing::Create, 50);
    let time = Duration::from_secs(course.options.sizes.seconds());
    let mut load = load::run_for(unit.address(), MANY, time, &script)?;
    load.sort();
    let created = load.micros.len() as u64;
    let mut from = load.shown();
    if load.refusals() > 0 {
        let _ = write!(from, "; refused, by status: {:?}", load.refused);
    }
    let refused = load.refusals() as f64;
    course.report.add(
        "sets",
        "64 clients at once: refused",
        (refused, "writes"),
        Some(Target::AtMost(0.0)),
        from,
    );
    let lost = (before + created).abs_diff(count(client)?);
    let from = format!("of {}", figures::count(created as f64));
    course.report.add(
        "sets",
        "64 clients at once: lost",
        (lost as f64, "writes"),
        Some(Target::AtMost(0.0)),
        from,
    );
    Ok(())
}

/// How many entities the big Cell has.
fn count(client: &Client) -> Result<u64> {
    let answer = client.get(&format!("{BIG}/{}?$top=0&$inlinecount=allpages", entities::SET))?;
    let json: serde_json::Value = serde_json::from_str(&answer.body)?;
    Ok(json["d"]["__count"].as_str().ok_or("a list has no count")?.parse()?)
}

/// The same of SQLite alone.
fn raw(course: &mut Course<'_>, rates: &[(Doing, f64)], batches: f64) -> Result<()> {
    note("  SQLite alone is given the same entities");
    let path = course.ground.path("raw.db");
    let mut raw = Raw::make(&path, course.entities_of(BIG))?;
    let time = Duration::from_secs(course.options.sizes.seconds()) / 3;
    let of = |doing: Doing| rates.iter().find(|(other, _)| *other == doing).map_or(0.0, |(_, rate)| *rate);
    let all = [
        ("by key, to SQLite alone", of(Doing::Get), raw.by_key(time)?),
        ("25 by a filter, to SQLite alone", of(Doing::Filter), raw.in_a_range(time)?),
        ("create, to SQLite alone", of(Doing::Create), raw.inserted(time, 1)?),
        ("in batches, to SQLite alone", batches, raw.inserted(time, IN_A_BATCH)?),
    ];
    for (what, ours, theirs) in all {
        let from = format!("{}/s and {}/s", figures::count(ours), figures::count(theirs));
        course.report.add("sets", what, (ours / theirs, "×"), None, from);
    }
    drop(raw);
    for name in ["raw.db", "raw.db-wal", "raw.db-shm"] {
        course.ground.remove(name)?;
    }
    Ok(())
}

/// Requests of a kind. `round` makes new entities others than before.
fn script(unit: &Unit, cell: &'static str, count: u64, doing: Doing, round: u64) -> Script {
    let headers = unit.headers("Content-Type: application/json\r\nAccept: application/json\r\n");
    let set = format!("/{cell}/{}", entities::SET);
    Arc::new(move |client, sent, out| {
        let n = entities::spread(sent + (client as u64) * 7919, count);
        let mut body = String::new();
        let (method, path) = match doing {
            Doing::Get => ("GET", format!("{set}('{}')", entities::key(n))),
            Doing::Filter => {
                let from = MADE + 60_000 * n as i64;
                let until = from + 60_000 * 25;
                let filter = format!("written%20ge%20{from}L%20and%20written%20lt%20{until}L");
                ("GET", format!("{set}?$filter={filter}"))
            }
            Doing::Order => ("GET", format!("{set}?$orderby=written%20desc&$top=25&$skip={}", n % 50)),
            Doing::Create => {
                entities::body_without_key(&mut body, NEW * round + (client as u64) * (1 << 32) + sent);
                ("POST", set.clone())
            }
            Doing::Merge => {
                let _ = write!(body, r#"{{"mood":{}}}"#, sent % 11);
                ("MERGE", format!("{set}('{}')", entities::key(n)))
            }
        };
        wire::request(out, method, &path, &headers, body.as_bytes());
        true
    })
}
