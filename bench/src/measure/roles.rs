//! Lists of Roles by what a page of them has in common, among many and among ten times as many.

use std::fs;
use std::sync::Arc;
use std::time::Duration;

use super::Course;
use crate::client::{Client, Job};
use crate::load::{self, Load, Script};
use crate::report::Target;
use crate::snapshots::roles;
use crate::unit::Unit;
use crate::{Result, figures, ground, note, wire};

const DATA: &str = "roles-unit";

/// How often the two Cells take turns.
const TURNS: u32 = 3;

/// How often each query is asked ahead of the measurement.
const ASKED: usize = 16;

/// Longer than an index takes that a query has asked for, made in the background.
const INDEXING: Duration = Duration::from_secs(2);

/// What is measured: the queries, told by name. Each finds a page, wherever it is.
fn queries(count: u64) -> Vec<(&'static str, Vec<String>)> {
    let groups = count / roles::MARKED;
    let of_names = |query: &dyn Fn(&str, &str) -> String| -> Vec<String> {
        let group = |n: u64| n * groups / 64;
        (0..64).map(|n| query(&roles::prefix(group(n)), &roles::prefix(group(n) + 1))).collect()
    };
    let range = |from: &str, to: &str| format!("$filter=Name%20ge%20'{from}'%20and%20Name%20lt%20'{to}'");
    let changed = format!("$filter=__updated%20gt%20{}", roles::CHANGED - 1);
    let of_box = format!("$filter=_Box.Name%20eq%20'{}'", roles::BOX);
    let counted = "&$inlinecount=allpages";
    vec![
        ("Name ge … and Name lt …", of_names(&range)),
        ("the same, counted", of_names(&|from, to| format!("{}{counted}", range(from, to)))),
        ("the same, by __updated", of_names(&|from, to| format!("{}&$orderby=__updated", range(from, to)))),
        ("startswith(Name,…)", of_names(&|from, _| format!("$filter=startswith(Name,'{from}')"))),
        ("_Box.Name eq …", vec![of_box.clone()]),
        ("_Box.Name eq …, by Name, counted", vec![format!("{of_box}&$orderby=Name{counted}")]),
        ("__updated gt …", vec![changed.clone()]),
        ("__updated gt …, by Name, counted", vec![format!("{changed}&$orderby=Name{counted}")]),
    ]
}

pub(super) fn measure(course: &mut Course<'_>) -> Result<()> {
    let (unit, client) = course.start(DATA)?;
    let whole = course.options.sizes.roles();
    let cells = [("roles-tenth", whole / 10), ("roles", whole)];
    for (cell, count) in cells {
        fill(course, &client, cell, count)?;
    }
    // So often that the indexes which queries ask for are there.
    for (cell, count) in cells.into_iter().cycle().take(cells.len() * ASKED) {
        for query in queries(count).iter().filter_map(|(_, queries)| queries.first()) {
            check(&client, cell, query)?;
        }
    }
    std::thread::sleep(INDEXING);
    let stretch = Duration::from_secs(course.options.sizes.seconds()) / TURNS / 2;
    for (at, (what, _)) in queries(whole).into_iter().enumerate() {
        let mut loads = [Load::default(), Load::default()];
        for _ in 0..TURNS {
            for ((cell, count), load) in cells.iter().zip(&mut loads) {
                let (_, queries) = queries(*count).swap_remove(at);
                load.add(
                    load::run_for(unit.address(), 1, stretch, &script(&unit, cell, &queries))?.unrefused()?,
                );
            }
        }
        loads.iter_mut().for_each(Load::sort);
        let [tenth, whole] = &loads;
        let shown = |load: &Load| {
            format!("p50 {}, p99 {}", figures::time(load.quantile(0.5)), figures::time(load.quantile(0.99)))
        };
        let p99 = whole.quantile(0.99).as_secs_f64() * 1000.0;
        course.report.add("roles", what, (p99, "ms, p99"), Some(Target::AtMost(5.0)), shown(whole));
        let ratio = whole.quantile(0.5).as_secs_f64() / tenth.quantile(0.5).as_secs_f64();
        let from = format!("p50, divided by that of a tenth; a tenth: {}", shown(tenth));
        course.report.add(
            "roles",
            "  among ten times as many",
            (ratio, "×"),
            Some(Target::AtMost(1.2)),
            from,
        );
    }
    unit.stop()?;
    course.ground.remove(DATA)
}

/// Makes a Cell with Roles.
fn fill(course: &Course<'_>, client: &Client, cell: &str, count: u64) -> Result<()> {
    note(&format!(
        "  {cell}: {} Roles are written into a snapshot and imported",
        figures::count(count as f64)
    ));
    let path = course.ground.path("roles.zip");
    roles::write(&path, count)?;
    client.create_cell(cell)?;
    client.upload(cell, "sent", &path)?;
    client.run(Job::Import, cell, "sent")?;
    client.delete_snapshot(cell, "sent")?;
    fs::remove_file(path)?;
    ground::settle();
    Ok(())
}

/// Makes sure that a query finds a page: otherwise a list of nothing would be measured.
fn check(client: &Client, cell: &str, query: &str) -> Result<()> {
    let answer = client.get(&format!("{cell}/__ctl/Role?{query}"))?;
    let list: serde_json::Value = serde_json::from_str(&answer.body)?;
    let found = list["d"]["results"].as_array().map_or(0, Vec::len) as u64;
    if found == roles::MARKED { Ok(()) } else { Err(format!("{query} finds {found} Roles of {cell}").into()) }
}

fn script(unit: &Unit, cell: &str, queries: &[String]) -> Script {
    let headers = unit.headers("Accept: application/json\r\n");
    let request = |query: &String| {
        let mut out = Vec::new();
        wire::request(&mut out, "GET", &format!("/{cell}/__ctl/Role?{query}"), &headers, b"");
        out
    };
    let requests: Vec<Vec<u8>> = queries.iter().map(request).collect();
    Arc::new(move |_client, sent, out| {
        let Some(request) = requests.get(sent as usize % requests.len().max(1)) else { return false };
        out.clear();
        out.extend_from_slice(request);
        true
    })
}
