//! Snapshots that others are to be put over: they stay as long as those do.

use saibo_core::export::{self, Request};
use saibo_core::odata::objects::delete_cell;
use saibo_core::schedule::Plan;
use saibo_core::snapshot::resumable::{self, New};
use saibo_core::snapshot::{self, Naming, Upload};
use saibo_core::{Cell, import};
use saibo_model::{Error, ErrorCode, Result};
use saibo_store::{SnapshotInfo, StoreExt as _};

use crate::portability::{RICH, export_as, export_of, get, import_as, put};
use crate::portability_incremental::touch;
use crate::schedules::{HOUR, files, hourly, run, set};
use crate::support::Fixture;

fn since(name: &str) -> Request {
    Request { since: Some(name.to_owned()), ..Request::default() }
}

fn delete(fixture: &Fixture, cell: &Cell, file: &str) -> Result<()> {
    snapshot::delete(&fixture.unit, cell.id(), file)
}

fn replace(fixture: &Fixture, cell: &Cell, file: &str, bytes: &[u8]) -> Result<(SnapshotInfo, bool)> {
    let mut upload = Upload::begin(&fixture.unit, None).unwrap();
    upload.write(bytes).unwrap();
    upload.commit(&fixture.unit, cell.id(), file, "application/zip", Naming::Replace(None))
}

/// A Cell with `base.zip`, `part.zip` over it and `last.zip` over that; their bytes.
fn chain(fixture: &Fixture) -> (Cell, [Vec<u8>; 3]) {
    let cell = fixture.cell("one");
    import_as(fixture, &cell, RICH).unwrap();
    let cell = fixture.unit.cell("one").unwrap();
    delete(fixture, &cell, "s.zip").unwrap();
    let base = export_as(fixture, &cell, "base");
    touch(&cell, "first");
    let part = export_of(fixture, &cell, "part", since("base"));
    touch(&cell, "second");
    let last = export_of(fixture, &cell, "last", since("part"));
    (cell, [base, part, last])
}

#[track_caller]
fn assert_needed<T: std::fmt::Debug>(refused: Result<T>, by: &str) {
    let error: Error = refused.unwrap_err();
    assert_eq!((error.code(), error.params()[1].as_str()), (ErrorCode::SnapshotNeeded, by), "{error}");
}

/// Nothing that the others need goes, and all of it goes in the order that the refusals name.
fn assert_guarded(fixture: &Fixture, cell: &Cell, base: &[u8]) {
    assert_needed(delete(fixture, cell, "base.zip"), "last.zip, part.zip");
    assert_needed(replace(fixture, cell, "base.zip", RICH), "last.zip, part.zip");
    assert_needed(replace(fixture, cell, "base.zip", b"no snapshot"), "last.zip, part.zip");
    assert_needed(delete(fixture, cell, "part.zip"), "last.zip");
    assert_eq!(get(fixture, cell, "base.zip"), base);
    // The very same may be sent again.
    assert!(!replace(fixture, cell, "base.zip", base).unwrap().1);
    assert_eq!(files(&fixture.unit, cell), ["base.zip", "last.zip", "part.zip"]);
    import::start(&fixture.unit, cell, &fixture.master(), import::Request::named("last")).unwrap();
    fixture.settle(cell);
    for file in ["last.zip", "part.zip", "base.zip"] {
        delete(fixture, cell, file).unwrap();
    }
    let left = fixture.unit.backend().snapshots().places(cell.id()).unwrap();
    assert!(left.is_empty(), "what was refused left {left:?}");
}

#[test]
fn what_was_exported_here_is_kept_for_what_is_to_be_put_over_it() {
    let fixture = Fixture::new();
    let (cell, [base, ..]) = chain(&fixture);
    assert_guarded(&fixture, &cell, &base);
}

#[test]
fn so_is_what_was_sent() {
    let fixture = Fixture::new();
    let (_, [base, part, last]) = chain(&fixture);
    let other = fixture.cell("other");
    // In any order; what is not there can be needed by nobody.
    put(&fixture, &other, "last.zip", &last);
    put(&fixture, &other, "base.zip", RICH);
    put(&fixture, &other, "base.zip", &base);
    put(&fixture, &other, "part.zip", &part);
    assert_guarded(&fixture, &other, &base);
}

#[test]
fn and_what_a_register_of_earlier_says_nothing_of() {
    let fixture = Fixture::new();
    let (cell, [base, ..]) = chain(&fixture);
    let scope = format!("snapshot/{}", cell.id());
    let strip = move |tx: &mut dyn saibo_store::WriteTx| -> Result<usize> {
        let all = tx.read().values(&scope)?;
        for (name, text) in &all {
            let mut value: serde_json::Value = serde_json::from_str(text).unwrap();
            assert!(value.as_object_mut().unwrap().remove("identity").is_some());
            tx.set_value(&scope, name, Some(&value.to_string()))?;
        }
        Ok(all.len())
    };
    assert_eq!(fixture.unit.backend().register().write(strip).unwrap(), 3);
    drop(cell);
    let fixture = fixture.reopened();
    let cell = fixture.unit.cell("one").unwrap();
    let known = || snapshot::list(&fixture.unit, cell.id()).unwrap().into_iter().filter_map(|i| i.identity);
    assert_eq!(known().count(), 0);
    assert_needed(delete(&fixture, &cell, "base.zip"), "last.zip, part.zip");
    assert_eq!(known().filter(|identity| identity.base.is_some()).count(), 2, "it is noted");
    // Marks are as they were.
    touch(&cell, "third");
    export_of(&fixture, &cell, "more", since("last"));
    assert_needed(delete(&fixture, &cell, "last.zip"), "more.zip");
    delete(&fixture, &cell, "more.zip").unwrap();
    assert_guarded(&fixture, &cell, &base);
}

#[test]
fn an_upload_in_parts_takes_no_such_name_either_before_it_is_free() {
    let fixture = Fixture::new();
    let (cell, _) = chain(&fixture);
    let upload = |name: &str, length: usize| {
        let new = New {
            name: name.to_owned(),
            content_type: "application/zip".to_owned(),
            length: length as u64,
            sha256: None,
            metadata: String::new(),
        };
        resumable::create(&fixture.unit, cell.id(), new).unwrap().0
    };
    let send = |id: &str, offset: u64, bytes: &[u8]| {
        let mut part =
            resumable::append(&fixture.unit, cell.id(), id, offset, None, Box::new(|| ())).unwrap();
        part.write(bytes).unwrap();
        part.finish()
    };
    let (begin, end) = RICH.split_at(100);
    let id = upload("part.zip", RICH.len());
    send(&id, 0, begin).unwrap();
    assert_needed(send(&id, 100, end), "last.zip");
    assert_eq!(resumable::look(&fixture.unit, cell.id(), &id).unwrap().offset, 100, "it is not over");
    delete(&fixture, &cell, "last.zip").unwrap();
    assert!(send(&id, 100, end).unwrap().stored.is_some());
    assert_eq!(get(&fixture, &cell, "part.zip"), RICH);
    // What comes in parts is known, too.
    let (_, [base, part, _]) = {
        let fixture = Fixture::new();
        chain(&fixture)
    };
    for (name, bytes) in [("part.zip", &part), ("base.zip", &base)] {
        let id = upload(name, bytes.len());
        send(&id, 0, bytes).unwrap();
    }
    assert_needed(delete(&fixture, &cell, "base.zip"), "part.zip");
}

#[test]
fn an_encrypted_one_is_needed_as_far_as_anybody_can_tell() {
    let fixture = Fixture::new();
    let cell = fixture.cell("one");
    let key = "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p";
    let lock = || Some(saibo_archive::Lock::recipients(&[key]).unwrap());
    for request in
        [Request::named("base"), Request { since: Some("base".to_owned()), ..Request::named("part") }]
    {
        let request = Request { lock: lock(), ..request };
        export::start(&fixture.unit, &cell, &fixture.master(), request).unwrap();
        fixture.settle(&cell);
    }
    assert_needed(delete(&fixture, &cell, "base.zip.age"), "part.zip.age");
    // Sent to another Cell they do not say what they are to be put over.
    let other = fixture.cell("other");
    for file in ["base.zip.age", "part.zip.age"] {
        put(&fixture, &other, file, &get(&fixture, &cell, file));
    }
    delete(&fixture, &other, "base.zip.age").unwrap();
}

#[test]
fn nothing_gets_a_name_over_a_base_that_was_deleted_meanwhile() {
    let fixture = Fixture::new();
    let cell = fixture.cell("one");
    import_as(&fixture, &cell, RICH).unwrap();
    let cell = fixture.unit.cell("one").unwrap();
    for round in 0..12 {
        export_as(&fixture, &cell, "base");
        touch(&cell, &format!("role{round}"));
        let request = Request { since: Some("base".to_owned()), ..Request::named("part") };
        export::start(&fixture.unit, &cell, &fixture.master(), request).unwrap();
        std::thread::sleep(std::time::Duration::from_millis(round));
        let deleted = delete(&fixture, &cell, "base.zip");
        fixture.settle(&cell);
        let there = files(&fixture.unit, &cell);
        let has = |name: &str| there.iter().any(|file| file == name);
        assert!(has("base.zip") || !has("part.zip"), "round {round}: {there:?}");
        assert_eq!(deleted.is_ok(), !has("base.zip"), "round {round}: {there:?}");
        for file in there.iter().rev() {
            delete(&fixture, &cell, file).unwrap();
        }
    }
}

#[test]
fn a_cell_takes_all_of_them_along_and_a_schedule_what_nobody_else_needs() {
    let fixture = Fixture::new();
    let cell = fixture.cell("one");
    let unit = &fixture.unit;
    let due = set(&fixture, &cell, Plan { keep: 1, ..hourly() });
    let first = run(unit, &cell, due).kept.remove(0);
    let second = run(unit, &cell, due + HOUR).kept.remove(0);
    assert_eq!(files(unit, &cell), [second.as_str()], "{first} is kept no longer");
    touch(&cell, "role");
    export_of(&fixture, &cell, "own", since(second.trim_end_matches(".zip")));
    let third = run(unit, &cell, due + 2 * HOUR);
    assert_eq!(third.kept.len(), 2, "somebody needs the second");
    let fourth = run(unit, &cell, due + 3 * HOUR);
    assert_eq!(fourth.kept.len(), 2, "and nobody the third: {fourth:?}");
    assert_eq!(fourth.kept[0], second);
    delete(&fixture, &cell, "own.zip").unwrap();
    assert_eq!(run(unit, &cell, due + 4 * HOUR).kept.len(), 1);

    export_as(&fixture, &cell, "base");
    touch(&cell, "another");
    export_of(&fixture, &cell, "part", since("base"));
    delete_cell(unit, &cell, &fixture.master(), Some("true")).unwrap();
    let places = unit.backend().snapshots().places(cell.id()).unwrap();
    assert!(files(unit, &cell).is_empty() && places.is_empty());
}
