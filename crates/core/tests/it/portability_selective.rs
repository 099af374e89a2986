//! Exports of some Boxes, and without passwords' hashes.

use std::collections::BTreeMap;
use std::io::Cursor;
use std::sync::Arc;
use std::sync::mpsc::{Sender, channel};

use saibo_archive::{Limits, Manifest, Selection, SnapshotReader};
use saibo_core::Cell;
use saibo_core::account::Account;
use saibo_core::export::{self, Request};
use saibo_core::job::{End, Job, JobKind, Options, Progress, ProgressSnapshot, Status};
use saibo_model::ErrorCode;
use saibo_store::StoreExt as _;
use serde_json::Value;

use crate::portability::{RICH, entries, export_as, export_of, import_as};
use crate::support::Fixture;

fn rich(fixture: &Fixture, name: &str) -> Cell {
    let cell = fixture.cell(name);
    import_as(fixture, &cell, RICH).unwrap();
    fixture.unit.cell(name).unwrap()
}

fn boxes(names: &[&str]) -> Request {
    let boxes = names.iter().map(|name| (*name).to_owned()).collect();
    Request { boxes: Some(boxes), ..Request::default() }
}

fn manifest(zip: &[u8]) -> Manifest {
    let reader = SnapshotReader::open(Cursor::new(zip), Limits::default()).unwrap();
    let report = saibo_archive::verify(&reader, None, &mut |_| std::ops::ControlFlow::Continue(())).unwrap();
    assert!(report.is_intact() && report.is_signed(), "{:?}", report.findings);
    reader.manifest().unwrap().unwrap()
}

/// A member of `s` of each line of an entry.
fn named(entries: &BTreeMap<String, Vec<Value>>, entry: &str, member: &str) -> Vec<String> {
    let lines = entries[&format!("10_odata/{entry}.pjson")].iter();
    let mut names: Vec<String> =
        lines.map(|line| line["_source"]["s"][member].as_str().unwrap().to_owned()).collect();
    names.sort();
    names
}

#[test]
fn some_boxes_come_with_what_is_bound_to_them_and_with_the_cells_own() {
    let fixture = Fixture::new();
    let cell = rich(&fixture, "rich");
    let whole = entries(&export_as(&fixture, &cell, "whole"));
    let zip = export_of(&fixture, &cell, "app2", boxes(&["app2", "app2"]));
    let told = manifest(&zip);
    assert_eq!(told.version, 2);
    assert_eq!(told.selection, Some(Selection { boxes: Some(vec!["app2".to_owned()]), credentials: true }));
    let some = entries(&zip);
    assert_eq!(named(&some, "10_box", "Name"), ["app2"]);
    assert_eq!(named(&some, "20_role", "Name"), ["reader", "viewer", "writer"]);
    assert_eq!(named(&some, "22_relation", "Name"), ["family", "friend"]);
    assert_eq!(some["10_odata/21_rule.pjson"].len(), 1);
    for own in ["11_account", "12_extcell", "23_sentmessage", "24_receivedmessage", "30_extrole"] {
        let entry = format!("10_odata/{own}.pjson");
        assert_eq!(some[&entry], whole[&entry], "{own} is the Cell's own");
    }
    for other in ["40_entitytype", "41_complextype", "50_property", "60_associationend", "70_userdata"] {
        assert!(some[&format!("10_odata/{other}.pjson")].is_empty(), "{other} is in other Boxes");
    }
    // Of the five between control objects, one has an end that is bound to another Box.
    assert_eq!(some["10_odata/80_link.pjson"].len(), 4);
    let tree: Vec<&String> =
        some.keys().filter(|name| name.starts_with("20_") && name.ends_with(".pmeta")).collect();
    assert_eq!(tree, ["20_webdav/.pmeta", "20_webdav/EsRzv0-5TBy5ShQWRPyYeA/.pmeta"]);
    // It can be imported, and gives the same again.
    let other = fixture.cell("other");
    import_as(&fixture, &other, &zip).unwrap();
    let other = fixture.unit.cell("other").unwrap();
    assert_eq!(entries(&export_as(&fixture, &other, "again")), some);
}

#[test]
fn a_box_comes_with_its_whole_collections() {
    let fixture = Fixture::new();
    let cell = rich(&fixture, "rich");
    let whole = entries(&export_as(&fixture, &cell, "whole"));
    let all = entries(&export_of(&fixture, &cell, "all", boxes(&["__", "app1", "app2", "empty-box"])));
    assert_eq!(all, whole, "every Box there is is everything");
    let main = entries(&export_of(&fixture, &cell, "main", boxes(&["__"])));
    let app = entries(&export_of(&fixture, &cell, "app", boxes(&["app1"])));
    assert_eq!((main["10_odata/70_userdata.pjson"].len(), app["10_odata/70_userdata.pjson"].len()), (1, 28));
    assert_eq!(named(&main, "40_entitytype", "Name"), ["Note"]);
    assert_eq!(named(&app, "40_entitytype", "Name"), ["Item", "Order", "Tag"]);
    assert_eq!((main["10_odata/80_link.pjson"].len(), app["10_odata/80_link.pjson"].len()), (4, 15));
    for (name, content) in &whole {
        if name.starts_with("20_webdav/") && name != "20_webdav/" && name != "20_webdav/.pmeta" {
            let of = if name.starts_with("20_webdav/__/") { [&main, &app] } else { [&app, &main] };
            let is_other = name.contains("/EsRzv0") || name.contains("/belBen");
            assert_eq!(of[0].get(name), (!is_other).then_some(content), "{name}");
            assert_eq!(of[1].get(name), None, "{name}");
        }
    }
}

#[test]
fn passwords_can_be_left_out_and_set_again() {
    let fixture = Fixture::new();
    let cell = rich(&fixture, "rich");
    let request = Request { without_credentials: true, ..Request::default() };
    let zip = export_of(&fixture, &cell, "safe", request);
    assert_eq!(manifest(&zip).selection, Some(Selection { boxes: None, credentials: false }));
    let (safe, whole) = (entries(&zip), entries(&export_as(&fixture, &cell, "whole")));
    for (line, full) in safe["10_odata/11_account.pjson"].iter().zip(&whole["10_odata/11_account.pjson"]) {
        assert_eq!(line["_source"]["h"], serde_json::json!({}));
        assert!(full["_source"]["h"]["HashedCredential"].is_string());
        assert_eq!(line["_source"]["s"], full["_source"]["s"]);
    }
    let other = fixture.cell("other");
    import_as(&fixture, &other, &zip).unwrap();
    let other = fixture.unit.cell("other").unwrap();
    let account = other.store().read(|tx| Account::find(tx, "alice")).unwrap().unwrap();
    assert_eq!(account.password(), None);
    assert!(!fixture.unit.check_password(Some(&account), "").unwrap());
    let mut document = account.document;
    document.hidden = {
        let mut hidden = serde_json::Map::new();
        fixture.unit.hash_password("new-password1").unwrap().to_hidden(&mut hidden);
        Some(Value::Object(hidden).to_string())
    };
    other.store().write(move |tx| tx.put_document(&mut document)).unwrap();
    let account = other.store().read(|tx| Account::find(tx, "alice")).unwrap().unwrap();
    assert!(fixture.unit.check_password(Some(&account), "new-password1").unwrap());
}

#[test]
fn what_is_whole_says_so_and_has_a_moment() {
    let fixture = Fixture::new();
    let cell = rich(&fixture, "rich");
    let told = manifest(&export_as(&fixture, &cell, "whole"));
    assert_eq!((told.version, told.selection, told.moment.is_some(), told.base), (3, None, true, None));
}

#[test]
fn boxes_that_are_not_there_are_refused() {
    let fixture = Fixture::new();
    let cell = rich(&fixture, "rich");
    let start = |request| export::start(&fixture.unit, &cell, &fixture.master(), request);
    let unknown = start(boxes(&["app1", "nowhere"])).unwrap_err();
    assert_eq!((unknown.code(), unknown.message().contains("'nowhere'")), (ErrorCode::BoxUnknown, true));
    assert_eq!(start(boxes(&[])).unwrap_err().code(), ErrorCode::BodyKeyFormat);
    let many: Vec<String> = (0..1001).map(|at| at.to_string()).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    assert_eq!(start(boxes(&many)).unwrap_err().code(), ErrorCode::BodyKeyFormat);
    assert!(fixture.unit.jobs().last(cell.id(), JobKind::Export).unwrap().is_none());
}

#[test]
fn progress_is_measured_by_what_is_taken() {
    let fixture = Fixture::new();
    let cell = rich(&fixture, "rich");
    // Others have their turn first, so that it can be seen before it begins.
    let held: Vec<_> = ["one", "two"].map(|name| Held::start(&fixture, &fixture.cell(name))).into();
    export::start(&fixture.unit, &cell, &fixture.master(), boxes(&["app1"])).unwrap();
    let Status::Running(running) = export::status(&fixture.unit, &cell, &fixture.master()).unwrap() else {
        panic!("it waits for its turn");
    };
    drop(held);
    fixture.settle(&cell);
    let ProgressSnapshot { items_done, items_total, bytes_done, bytes_total, .. } =
        running.progress.snapshot();
    assert_eq!((items_done, bytes_done), (items_total, bytes_total));
}

/// A job that has its turn until it is dropped.
struct Held(#[allow(dead_code)] Sender<()>);

impl Held {
    fn start(fixture: &Fixture, cell: &Cell) -> Self {
        let (drops, dropped) = channel::<()>();
        let (tell, told) = channel();
        let job = Job::begin(cell, JobKind::Check, "held".to_owned(), 0, Options::default());
        let work = move |_: &Arc<Progress>| {
            tell.send(()).unwrap();
            let _ = dropped.recv();
            Ok(End::Open)
        };
        fixture.unit.jobs().start(job, work).unwrap();
        told.recv().unwrap();
        Self(drops)
    }
}
