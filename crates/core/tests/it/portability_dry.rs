//! Dry runs of imports: what they tell, and that they change nothing.

use std::io::{Cursor, Read as _, Write as _};

use saibo_core::import::dry::{self, Report};
use saibo_core::job::{JobKind, State};
use saibo_core::{Cell, import};
use saibo_model::ErrorCode;

use crate::portability::{RICH, export_as, import_as, put};
use crate::support::Fixture;

/// The report on a snapshot.
pub(crate) fn report(fixture: &Fixture, cell: &Cell, bytes: &[u8], hashes: bool) -> Report {
    put(fixture, cell, "dry.zip", bytes);
    dry::start(&fixture.unit, cell, &fixture.master(), import::Request::named("dry"), hashes).unwrap();
    while fixture.unit.jobs().running(cell.id(), JobKind::Check).is_some() {
        std::thread::sleep(std::time::Duration::from_millis(1));
    }
    let last = dry::last(&fixture.unit, cell, &fixture.master()).unwrap().unwrap();
    assert!(matches!(last.job.state, State::Done { .. }), "{last:?}");
    last.report.unwrap()
}

/// The same snapshot with the text of each entry made another by `change`.
pub(crate) fn rewritten(change: impl Fn(&str, String) -> String) -> Vec<u8> {
    let mut from = zip::ZipArchive::new(Cursor::new(RICH)).unwrap();
    let mut to = zip::ZipWriter::new(Cursor::new(Vec::new()));
    let options = zip::write::SimpleFileOptions::default();
    for at in 0..from.len() {
        let mut file = from.by_index(at).unwrap();
        let name = file.name().unwrap().into_owned();
        if name.ends_with('/') {
            to.add_directory(name, options).unwrap();
            continue;
        }
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).unwrap();
        if name.ends_with(".pjson") {
            bytes = change(&name, String::from_utf8(bytes).unwrap()).into_bytes();
        }
        to.start_file(name, options).unwrap();
        to.write_all(&bytes).unwrap();
    }
    to.finish().unwrap().into_inner()
}

/// The same snapshot with a line of an entry made another by `change`, or none if it returns none.
fn changed(entry: &str, change: impl Fn(&str) -> Option<String>) -> Vec<u8> {
    rewritten(|name, text| match name == entry {
        true => text.lines().filter_map(&change).map(|line| line + "\n").collect(),
        false => text,
    })
}

#[test]
fn it_tells_what_an_import_would_do_and_does_nothing() {
    let fixture = Fixture::new();
    let cell = fixture.cell("full");
    import_as(&fixture, &cell, RICH).unwrap();
    let other = fixture.cell("other");
    let imports = fixture.unit.jobs().last(other.id(), JobKind::Import).unwrap();

    let cell = fixture.unit.cell("full").unwrap();
    let told = report(&fixture, &cell, RICH, false);
    assert!(told.importable, "{told:?}");
    assert_eq!((told.problems_found, told.not_checked.as_slice()), (0, ["hashes".to_owned()].as_slice()));
    let effect = told.effect.unwrap();
    assert_eq!(effect.replaces, told.counts, "the Cell has what it would get");
    assert_eq!((effect.lost.boxes_found, effect.conflicts.boxes_found), (0, 0));
    assert!(told.counts.documents["Rule"] > 0 && told.unsupported["Rule"] == told.counts.documents["Rule"]);
    assert_eq!(effect.rewrites.cell_id[1], cell.id().as_str());
    assert_eq!(effect.rewrites.cell_url[1], cell.url());
    assert!(effect.space.needed > 0 && effect.space.free > effect.space.needed);

    let told = report(&fixture, &other, RICH, false);
    let effect = told.effect.unwrap();
    assert_eq!((effect.replaces.files, effect.replaces.documents.len()), (0, 0), "{effect:?}");
    let empty = export_as(&fixture, &other, "empty");
    let told = report(&fixture, &cell, &empty, true);
    assert!(told.importable && told.not_checked.is_empty(), "{told:?}");
    assert_eq!(told.source.cell_url, other.url());
    let effect = told.effect.unwrap();
    assert!(effect.lost.boxes_found > 0 && effect.lost.accounts_found > 0, "{effect:?}");
    assert_eq!(effect.lost.boxes.len() as u64, effect.lost.boxes_found);

    assert_eq!(fixture.unit.cell("full").unwrap().place(), cell.place());
    assert_eq!(fixture.unit.cell("other").unwrap().place(), other.place());
    assert_eq!(fixture.unit.jobs().last(other.id(), JobKind::Import).unwrap(), imports);
    assert_eq!(fixture.unit.backend().generations(other.id()).unwrap().len(), 1);
    let history = import::history(&fixture.unit, &other, &fixture.master()).unwrap();
    assert_eq!(history.iter().map(|past| past.kind).collect::<Vec<_>>(), [JobKind::Check]);
}

#[test]
fn it_finds_what_an_import_refuses() {
    let fixture = Fixture::new();
    let cell = fixture.cell("c");
    let twice = |line: &str| Some(format!("{line}\n{line}"));
    let renamed = |line: &str| {
        let mut line: serde_json::Value = serde_json::from_str(line).unwrap();
        line["_id"] = "another".into();
        Some(line.to_string())
    };
    for (what, bytes, code) in [
        ("twice", changed("10_odata/20_role.pjson", twice), ErrorCode::FieldInvalid),
        ("no links", changed("10_odata/20_role.pjson", |_| None), ErrorCode::NavigationKeyNotFound),
        ("no type", changed("10_odata/40_entitytype.pjson", |_| None), ErrorCode::NavigationKeyNotFound),
        ("other ids", changed("10_odata/10_box.pjson", renamed), ErrorCode::NavigationKeyNotFound),
        ("no JSON", changed("10_odata/20_role.pjson", |_| Some("{".to_owned())), ErrorCode::FieldInvalid),
        (
            "no name",
            changed("10_odata/20_role.pjson", |line| Some(line.replace("\"Name\"", "\"Nam\""))),
            ErrorCode::FieldInvalid,
        ),
    ] {
        let told = report(&fixture, &cell, &bytes, false);
        assert!(!told.importable && told.problems_found > 0, "{what}: {told:?}");
        assert!(told.problems.iter().any(|problem| problem.code == code.code()), "{what}: {told:?}");
        assert!(import_as(&fixture, &cell, &bytes).is_err(), "{what}: an import takes it");
        let gone = dry::last(&fixture.unit, &cell, &fixture.master()).unwrap();
        assert_eq!(gone, None, "{what}: an import has begun since");
    }
    let untouched = changed("10_odata/20_role.pjson", |line| Some(line.to_owned()));
    assert!(report(&fixture, &cell, &untouched, false).importable);
    import_as(&fixture, &cell, &untouched).unwrap();
}

/// Of an entry that is large, lines are looked at while others are read.
#[test]
fn what_is_wrong_far_into_a_large_entry_is_found() {
    const LINES: usize = 6000;
    let fixture = Fixture::new();
    let cell = fixture.cell("c");
    let roles = |change: &dyn Fn(usize, String) -> String| {
        let first = std::cell::Cell::new(true);
        changed("10_odata/20_role.pjson", |line| {
            if !first.replace(false) {
                return Some(line.to_owned());
            }
            let one: serde_json::Value = serde_json::from_str(line).unwrap();
            let lines = (0..LINES).map(|number| {
                let mut next = one.clone();
                next["_id"] = format!("made-{number}").into();
                next["_source"]["s"]["Name"] = format!("made-{number}-{}", "x".repeat(100)).into();
                change(number, next.to_string())
            });
            Some(format!("{line}\n{}", lines.collect::<Vec<_>>().join("\n")))
        })
    };
    let sound = report(&fixture, &cell, &roles(&|_, line| line), false);
    assert!(sound.importable, "{sound:?}");
    assert!(sound.counts.documents["Role"] > LINES as u64, "{sound:?}");

    // The line of a number is the second after it: lines count from 1, and one is before the first.
    let cut = roles(&|number, line| if number == 5000 { line[..50].to_owned() } else { line });
    let told = report(&fixture, &cell, &cut, false);
    assert_eq!(told.problems_found, 1, "{told:?}");
    assert!(told.problems[0].message.contains("20_role.pjson: line 5002:"), "{told:?}");
    assert_eq!(told.counts.documents["Role"], 5001);
    assert!(told.not_checked.contains(&"what comes after the last problem".to_owned()), "{told:?}");

    let twice = roles(&|number, line| if number == 5000 { format!("{line}\n{line}") } else { line });
    let told = report(&fixture, &cell, &twice, false);
    assert_eq!(told.problems_found, 1, "{told:?}");
    assert!(told.problems[0].message.contains("20_role.pjson: line 5003: made-5000:"), "{told:?}");
    assert_eq!(told.counts.documents["Role"], sound.counts.documents["Role"] + 1);
}

#[test]
fn a_byte_that_is_wrong_is_found_where_hashes_are_asked_for() {
    let fixture = Fixture::new();
    let cell = fixture.cell("c");
    import_as(&fixture, &cell, RICH).unwrap();
    let cell = fixture.unit.cell("c").unwrap();
    let bytes = export_as(&fixture, &cell, "ours");
    // Of a content, which is not read else.
    let mut zip = zip::ZipArchive::new(Cursor::new(&bytes)).unwrap();
    let place = (0..zip.len())
        .find_map(|at| {
            let file = zip.by_index(at).unwrap();
            let is_content = file.name().unwrap().ends_with("/content") && file.compressed_size() > 0;
            is_content.then(|| usize::try_from(file.data_start().unwrap()).unwrap())
        })
        .unwrap();
    let mut damaged = bytes.clone();
    damaged[place] ^= 1;
    assert!(report(&fixture, &cell, &damaged, false).importable);
    let told = report(&fixture, &cell, &damaged, true);
    assert!(!told.importable, "{told:?}");
    assert!(told.problems[0].message.contains("/content"), "{told:?}");
}
