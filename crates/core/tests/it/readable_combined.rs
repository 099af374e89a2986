//! Copies that people can read, together with all else that an export can be asked for, and in snapshots that are not
//! as they were written.

use std::io::{Cursor, Read as _};
use std::sync::Arc;

use saibo_archive::{Key, Limits, Lock, SnapshotReader};
use saibo_core::Cell;
use saibo_core::export::{self, Request};
use saibo_core::import::{self, dry};
use saibo_core::job::Progress;
use saibo_model::ErrorCode;
use saibo_model::node::{CELL_NODE, MAIN_BOX, Node, NodeKind};
use saibo_store::StoreExt as _;

use crate::portability::{RICH, entries, export_as, export_of, get, import_as, import_of, put};
use crate::readable::{copy, imported, readable, root, unzipped, zipped};
use crate::support::Fixture;

/// A key pair that is in no use.
const PUBLIC: &str = "age1zvkyg2lqzraa2lnjvqej32nkuu0ues2s82hzrye869xeexvn73equnujwj";
const SECRET: &str = "AGE-SECRET-KEY-1GFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPQ4EGAEX";

/// Puts a folder of that name into the main box.
fn add_folder(cell: &Cell, name: &str) {
    let name = name.to_owned();
    let write = cell.store().write(move |tx| {
        let main = tx.read().child(CELL_NODE, MAIN_BOX)?.unwrap();
        tx.put_node(&mut Node::collection(NodeKind::WebDav, main.seq, &name, 1))
    });
    write.unwrap();
}

#[test]
fn it_is_encrypted_with_all_else() {
    let fixture = Fixture::new();
    let cell = imported(&fixture, "rich", RICH);
    let plain = export_of(&fixture, &cell, "plain", readable());
    let lock = Some(Lock::recipients(&[PUBLIC]).unwrap());
    let request = Request { name: Some("sealed".to_owned()), lock, ..readable() };
    export::start(&fixture.unit, &cell, &fixture.master(), request).unwrap();
    fixture.settle(&cell);
    let sealed = get(&fixture, &cell, "sealed.zip.age");
    for name in [&b"index.html"[..], b"readable/"] {
        let is_in = |file: &[u8]| file.windows(name.len()).any(|bytes| bytes == name);
        assert!(is_in(&plain) && !is_in(&sealed), "names are not to be read either");
    }
    let key = Key::identities(SECRET).unwrap();
    let mut zip = Vec::new();
    key.open(Cursor::new(&sealed)).unwrap().0.read_to_end(&mut zip).unwrap();
    assert_eq!(root(&zip), root(&plain));
    // But for the moment that the first page tells.
    let (mut inside, mut outside) = (copy(&zip), copy(&plain));
    assert!(inside.remove("index.html").is_some() && outside.remove("index.html").is_some());
    assert!(inside == outside);

    let other = fixture.cell("other");
    put(&fixture, &other, "s.zip.age", &sealed);
    let request = import::Request { key: Some(key), ..import::Request::default() };
    import_of(&fixture, &other, b"", request).unwrap();
    let other = fixture.unit.cell("other").unwrap();
    assert_eq!(entries(&export_as(&fixture, &other, "after")), entries(&export_as(&fixture, &cell, "after")));
}

#[test]
fn some_boxes_without_passwords_to_read_are_of_one_piece() {
    let fixture = Fixture::new();
    let cell = imported(&fixture, "rich", RICH);
    let boxes = Some(vec!["app1".to_owned()]);
    let part = Request { boxes, without_credentials: true, ..Request::default() };
    let with = export_of(&fixture, &cell, "with", Request { readable: true, ..part.clone() });
    let without = export_of(&fixture, &cell, "without", part);
    assert_eq!(root(&with), root(&without));
    let files = &copy(&with)["readable/files.csv"];
    let listed: Vec<&str> = files.lines().skip(1).filter_map(|line| line.rsplit(',').next()).collect();
    let all = unzipped(&with);
    let there: Vec<&String> = all.keys().filter(|name| name.ends_with("/content")).collect();
    assert!(!listed.is_empty());
    assert_eq!(listed.len(), there.len(), "{listed:?} {there:?}");
    for name in listed {
        assert!(all.contains_key(name), "{name}");
    }
}

#[test]
fn what_was_changed_has_none_and_is_put_over_one_that_has() {
    let fixture = Fixture::new();
    let cell = imported(&fixture, "rich", RICH);
    export_of(&fixture, &cell, "base", readable());
    add_folder(&cell, "later");
    let since = Request { since: Some("base".to_owned()), ..Request::default() };
    let both = Request { readable: true, ..since.clone() };
    let refused = export::start(&fixture.unit, &cell, &fixture.master(), both).unwrap_err();
    assert_eq!(refused.code(), ErrorCode::BodyKeyFormat);
    assert!(refused.to_string().contains("Readable"), "{refused}");

    let changed = export_of(&fixture, &cell, "changed", since);
    assert!(copy(&changed).is_empty());
    let whole = entries(&export_as(&fixture, &cell, "whole"));
    let other = fixture.cell("other");
    for name in ["base.zip", "changed.zip"] {
        put(&fixture, &other, name, &get(&fixture, &cell, name));
    }
    let request = import::Request { name: Some("changed".to_owned()), ..import::Request::default() };
    import::start(&fixture.unit, &other, &fixture.master(), request).unwrap();
    fixture.settle(&other);
    let other = fixture.unit.cell("other").unwrap();
    assert_eq!(entries(&export_as(&fixture, &other, "after")), whole);
}

#[test]
fn an_export_that_was_cut_off_has_it_after_all() {
    let fixture = Fixture::new();
    let cell = imported(&fixture, "rich", RICH);
    let request = Request { name: Some("copy".to_owned()), ..readable() };
    export::start(&fixture.unit, &cell, &fixture.master(), request).unwrap();
    drop(cell);
    let fixture = fixture.reopened();
    fixture.unit.resume().unwrap();
    let cell = fixture.unit.cell("rich").unwrap();
    fixture.settle(&cell);
    assert!(copy(&get(&fixture, &cell, "copy.zip")).contains_key("index.html"));
}

#[test]
fn a_page_that_is_damaged_is_named_and_nothing_imported() {
    let fixture = Fixture::new();
    let cell = imported(&fixture, "rich", RICH);
    let mut zip = export_of(&fixture, &cell, "copy", readable());
    let header = zip.windows(10).position(|bytes| bytes == b"index.html").unwrap();
    zip[header + 200] ^= 1;
    let other = imported(&fixture, "other", RICH);
    add_folder(&other, "kept");
    let before = entries(&export_as(&fixture, &other, "before"));
    let why = import_as(&fixture, &other, &zip).unwrap_err();
    assert!(why.contains("PR400-MC-0004") && why.contains("index.html"), "{why}");
    let other = fixture.unit.cell("other").unwrap();
    assert_eq!(entries(&export_as(&fixture, &other, "after")), before);
}

#[test]
fn one_that_nobody_signed_is_ignored() {
    let fixture = Fixture::new();
    let mut all = unzipped(RICH);
    all.insert("index.html".to_owned(), b"<p>".to_vec());
    all.insert("readable/any.thing".to_owned(), vec![0xff; 100_000]);
    let with = zipped(all.iter().map(|(name, bytes)| (name.as_str(), bytes.as_slice())));
    let (one, two) = (imported(&fixture, "one", &with), imported(&fixture, "two", RICH));
    assert_eq!(entries(&export_as(&fixture, &one, "s1")), entries(&export_as(&fixture, &two, "s2")));

    let reader = SnapshotReader::open(Cursor::new(&with), Limits::default()).unwrap();
    let report = dry::examine(&reader, true, &Arc::new(Progress::new())).unwrap();
    assert!(report.importable, "{report:?}");
}
