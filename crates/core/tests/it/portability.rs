//! Snapshots in, snapshots out.

use std::collections::BTreeMap;
use std::io::{Cursor, Read as _};

use saibo_core::job::{Past, State, Status};
use saibo_core::{Cell, export, import, snapshot};
use saibo_store::StoreExt as _;
use serde_json::Value;

use crate::support::Fixture;

/// Written by personium-core 1.8.4 for a Cell that uses everything.
pub(crate) const RICH: &[u8] = include_bytes!("../../../archive/tests/fixtures/rich.zip");

pub(crate) fn put(fixture: &Fixture, cell: &Cell, name: &str, bytes: &[u8]) {
    let mut upload = snapshot::Upload::begin(&fixture.unit, None).unwrap();
    upload.write(bytes).unwrap();
    upload
        .commit(&fixture.unit, cell.id(), name, "application/zip", snapshot::Naming::Replace(None))
        .unwrap();
}

pub(crate) fn get(fixture: &Fixture, cell: &Cell, name: &str) -> Vec<u8> {
    let (_info, mut file) = snapshot::open(&fixture.unit, cell.id(), name).unwrap();
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes).unwrap();
    bytes
}

pub(crate) fn import_as(fixture: &Fixture, cell: &Cell, bytes: &[u8]) -> Result<(), String> {
    import_of(fixture, cell, bytes, import::Request::default())
}

/// Imports a snapshot as it is asked for.
pub(crate) fn import_of(
    fixture: &Fixture,
    cell: &Cell,
    bytes: &[u8],
    request: import::Request,
) -> Result<(), String> {
    put(fixture, cell, "s.zip", bytes);
    let request = import::Request { name: Some("s".to_owned()), ..request };
    import::start(&fixture.unit, cell, &fixture.master(), request).map_err(|e| e.to_string())?;
    fixture.settle(cell);
    match import::status(&fixture.unit, cell, &fixture.master()).unwrap() {
        Status::Over(Some(job)) if matches!(job.state, State::Failed { .. }) => {
            Err(format!("{:?}", job.state))
        }
        Status::Over(_) => Ok(()),
        Status::Running(_) => panic!("settled"),
    }
}

pub(crate) fn export_as(fixture: &Fixture, cell: &Cell, name: &str) -> Vec<u8> {
    export_of(fixture, cell, name, export::Request::default())
}

/// A snapshot of what is asked for.
pub(crate) fn export_of(fixture: &Fixture, cell: &Cell, name: &str, request: export::Request) -> Vec<u8> {
    let request = export::Request { name: Some(name.to_owned()), ..request };
    export::start(&fixture.unit, cell, &fixture.master(), request).unwrap();
    fixture.settle(cell);
    get(fixture, cell, &format!("{name}.zip"))
}

/// Every entry, with the Cell's own id written `CELL`; documents as sorted JSON.
pub(crate) fn entries(zip: &[u8]) -> BTreeMap<String, Vec<Value>> {
    let mut zip = zip::ZipArchive::new(Cursor::new(zip)).unwrap();
    let own = {
        let mut text = String::new();
        zip.by_name("10_odata/00_cell.json").unwrap().read_to_string(&mut text).unwrap();
        serde_json::from_str::<Value>(&text).unwrap()["_id"].as_str().unwrap().to_owned()
    };
    let mut entries = BTreeMap::new();
    for at in 0..zip.len() {
        let mut entry = zip.by_index(at).unwrap();
        let name = entry.name().unwrap().into_owned();
        if name.starts_with("90_") || name.starts_with("00_") || name.ends_with("00_cell.json") {
            continue;
        }
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes).unwrap();
        let value = if name.ends_with("json") || name.ends_with(".pmeta") {
            let text = String::from_utf8(bytes).unwrap().replace(&own, "CELL");
            let mut lines: Vec<Value> =
                text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
            lines.sort_by_key(|line| line["_id"].to_string());
            lines
        } else {
            vec![Value::from(format!("{bytes:?}"))]
        };
        entries.insert(name, value);
    }
    entries
}

#[test]
fn what_the_reference_wrote_comes_out_again_from_another_cell() {
    let fixture = Fixture::new();
    let cell = fixture.cell("elsewhere");
    import_as(&fixture, &cell, RICH).unwrap();
    let cell = fixture.unit.cell("elsewhere").unwrap();
    let again = export_as(&fixture, &cell, "again");
    let (before, after) = (entries(RICH), entries(&again));
    assert_eq!(before.keys().collect::<Vec<_>>(), after.keys().collect::<Vec<_>>());
    for (name, lines) in before {
        similar(&name, &lines, &after[&name]);
    }
}

fn similar(name: &str, before: &[Value], after: &[Value]) {
    assert_eq!(before.len(), after.len(), "{name}");
    for (before, after) in before.iter().zip(after) {
        assert_eq!(before, after, "{name}");
    }
}

#[test]
fn ours_round_trips_with_the_same_content() {
    let fixture = Fixture::new();
    let (one, other) = (fixture.cell("one"), fixture.cell("other"));
    import_as(&fixture, &one, RICH).unwrap();
    let one = fixture.unit.cell("one").unwrap();
    let first = export_as(&fixture, &one, "first");
    import_as(&fixture, &other, &first).unwrap();
    let other = fixture.unit.cell("other").unwrap();
    let second = export_as(&fixture, &other, "second");
    assert_eq!(entries(&first), entries(&second));
}

#[test]
fn a_failed_import_changes_nothing_and_says_what_was_wrong() {
    let fixture = Fixture::new();
    let cell = fixture.cell("careful");
    import_as(&fixture, &cell, RICH).unwrap();
    let before = fixture.unit.cell("careful").unwrap();
    let nodes = |cell: &Cell| cell.store().read(|tx| tx.node_totals()).unwrap();
    let kept = nodes(&before);
    assert!(import_as(&fixture, &before, b"this is no zip").unwrap_err().contains("PR400-MC-0004"));
    let mut cut = RICH.to_vec();
    cut.truncate(15_000);
    assert!(import_as(&fixture, &before, &cut).unwrap_err().contains("PR400-MC-0004"));
    let after = fixture.unit.cell("careful").unwrap();
    assert_eq!(after.place(), before.place());
    assert_eq!(nodes(&after), kept);
}

#[test]
fn an_import_can_be_undone_and_done_again() {
    let fixture = Fixture::new();
    let cell = fixture.cell("undecided");
    import_as(&fixture, &cell, RICH).unwrap();
    let full = fixture.unit.cell("undecided").unwrap();
    let nodes = |cell: &Cell| cell.store().read(|tx| tx.node_totals()).unwrap().0;
    assert_eq!((nodes(&cell), nodes(&full)), (1, 16));
    import::undo(&fixture.unit, &full, &fixture.master()).unwrap();
    let back = fixture.unit.cell("undecided").unwrap();
    assert_eq!(nodes(&back), 1);
    // What came back takes writes again; what went takes none.
    back.store().write(|tx| tx.set_value("t", "n", Some("v"))).unwrap();
    assert!(full.store().write(|tx| tx.set_value("t", "n", Some("v"))).is_err());
    import::undo(&fixture.unit, &back, &fixture.master()).unwrap();
    assert_eq!(nodes(&fixture.unit.cell("undecided").unwrap()), 16);
}

#[test]
fn what_was_done_is_remembered_with_its_counts() {
    let fixture = Fixture::new();
    let cell = fixture.cell("told");
    import_as(&fixture, &cell, RICH).unwrap();
    let cell = fixture.unit.cell("told").unwrap();
    export_as(&fixture, &cell, "again");
    let fixture = fixture.reopened();
    let cell = fixture.unit.cell("told").unwrap();
    let imports = import::history(&fixture.unit, &cell, &fixture.master()).unwrap();
    let exports = export::history(&fixture.unit, &cell, &fixture.master()).unwrap();
    let ([imported], [exported]) = (imports.as_slice(), exports.as_slice()) else { panic!("one of each") };
    assert!(matches!(imported.state, State::Done { .. }) && matches!(exported.state, State::Done { .. }));
    let counts = |past: &Past| (past.counts.documents, past.counts.links, past.counts.files);
    assert_eq!(counts(imported), counts(exported), "what came in went out");
    assert!(imported.counts.documents > 0 && imported.counts.links > 0 && imported.counts.files > 0);
    assert_eq!((imported.name.as_str(), exported.name.as_str()), ("s", "again"));
}

#[test]
fn snapshots_outlive_a_restart_and_so_does_a_failed_import() {
    let fixture = Fixture::new();
    let cell = fixture.cell("steady");
    put(&fixture, &cell, "kept.zip", RICH);
    assert!(import_as(&fixture, &cell, b"no").is_err());
    let fixture = fixture.reopened();
    fixture.unit.resume().unwrap();
    let cell = fixture.unit.cell("steady").unwrap();
    assert_eq!(get(&fixture, &cell, "kept.zip"), RICH);
}
