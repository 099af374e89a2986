//! How long dry runs take, beside the imports of the same snapshots. Contents of files they do not read, so Cells of
//! nothing but documents and links are the worst.

use saibo_core::import;
use serde_json::{Value, json};

use crate::portability::{export_as, import_as};
use crate::portability_dry::{report, rewritten};
use crate::support::Fixture;

const ROWS: usize = 300_000;
const ROUNDS: usize = 3;

/// Lines like the first one that has a text, each with an id of its own and what `change` makes of it.
fn many(text: &str, like: &str, count: usize, change: impl Fn(usize, &mut Value)) -> Vec<String> {
    let line: Value = serde_json::from_str(text.lines().find(|line| line.contains(like)).unwrap()).unwrap();
    let made = |number| {
        let mut next = line.clone();
        next["_id"] = id(like, number).into();
        change(number, &mut next["_source"]);
        next.to_string()
    };
    (0..count).map(made).collect()
}

fn id(like: &str, number: usize) -> String {
    format!("{like}-{number:08}-000000000000")
}

/// Entities without properties.
fn bare(text: &str, count: usize) -> Vec<String> {
    many(text, "tag0", count, |number, source| {
        source["s"]["__id"] = format!("tag-{number}").into();
        source["ll"] = json!([]);
    })
}

/// Entities with properties of all kinds.
fn full(text: &str, count: usize) -> Vec<String> {
    many(text, "item013", count, |number, source| {
        source["s"]["__id"] = format!("item-{number}").into();
        source["s"]["P001"] = format!("a name of some length, {number}").into();
        source["s"]["P007"] = "text ".repeat(number % 40).into();
    })
}

/// The rows of a sort that an entry has.
fn rows(sort: &str, entry: &str, text: &str) -> Vec<String> {
    const ROLES: usize = ROWS / 1000;
    let named = |number: usize, source: &mut Value| source["s"]["Name"] = format!("made-{number}").into();
    match (sort, entry) {
        ("entities without properties", "10_odata/70_userdata.pjson") => bare(text, ROWS),
        ("entities with properties", "10_odata/70_userdata.pjson") => full(text, ROWS),
        ("both in turn", "10_odata/70_userdata.pjson") => {
            let pairs = bare(text, ROWS / 2).into_iter().zip(full(text, ROWS / 2));
            pairs.flat_map(|(one, other)| [one, other]).collect()
        }
        ("links", "10_odata/20_role.pjson") => many(text, "editor", ROLES, named),
        ("links", "10_odata/11_account.pjson") => many(text, "alice", 1000, named),
        ("links", "10_odata/80_link.pjson") => many(text, "Account", ROWS, |number, source| {
            source["k1"] = id("alice", number % 1000).into();
            source["k2"] = id("editor", number / 1000).into();
        }),
        _ => Vec::new(),
    }
}

/// Run it with `--ignored --nocapture`, optimised: figures, and a bound on them that leaves room for a busy machine.
#[test]
#[ignore = "takes some minutes"]
#[allow(clippy::print_stdout, reason = "the figures are what it is for")]
fn it_takes_less_time_than_an_import() {
    for sort in ["entities without properties", "entities with properties", "both in turn", "links"] {
        let fixture = Fixture::new();
        let cell = fixture.cell("large");
        let made = rewritten(|entry, text| {
            let rows: String = rows(sort, entry, &text).into_iter().map(|row| row + "\n").collect();
            text + &rows
        });
        import_as(&fixture, &cell, &made).unwrap();
        let ours = export_as(&fixture, &fixture.unit.cell("large").unwrap(), "ours");
        // By the jobs' own clock: what comes before them is the same for both.
        let took = || {
            let cell = fixture.unit.cell("large").unwrap();
            let past = import::history(&fixture.unit, &cell, &fixture.master()).unwrap().remove(0);
            (past.state.finished_at().unwrap() - past.started_at) as f64 / 1000.0
        };
        for (whose, bytes) in [("the reference's", &made), ("ours", &ours)] {
            let (mut dry, mut with_hashes, mut import) = (f64::MAX, f64::MAX, f64::MAX);
            for _ in 0..ROUNDS {
                let cell = fixture.unit.cell("large").unwrap();
                for (hashes, least) in [(false, &mut dry), (true, &mut with_hashes)] {
                    let told = report(&fixture, &cell, bytes, hashes);
                    assert!(told.importable, "{told:?}");
                    *least = took().min(*least);
                }
                import_as(&fixture, &cell, bytes).unwrap();
                import = took().min(import);
            }
            let ratio = dry / import;
            println!(
                "{sort}, {whose}: dry {dry:.3} s, with hashes {with_hashes:.2} s, import {import:.2} s: {ratio:.3}"
            );
            assert!(ratio <= 0.3, "{sort}, {whose}: {ratio}");
        }
    }
}
