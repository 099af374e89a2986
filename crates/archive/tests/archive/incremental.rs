//! Snapshots that hold what was changed since another.

use std::io::{Cursor, Write as _};

use saibo_archive::{Base, Error, Manifest, Origin, Selection, SnapshotWriter};
use saibo_model::{Id, Kind, Moment, Removed};

use crate::build::{MemoryWriter, begin, begin_tree, check, document, key, open, origin, small};

fn moment() -> Option<Moment> {
    Some(Moment { generation: "g".to_owned(), number: 7 })
}

fn base() -> Option<Base> {
    Some(Base { name: "base".to_owned(), sha256: "00".repeat(32) })
}

fn writer(origin: Origin) -> saibo_archive::Result<MemoryWriter> {
    SnapshotWriter::new(Vec::new(), Cursor::new(Vec::new()), origin)
}

fn removals() -> [Removed; 3] {
    [
        Removed::Document { kind: Kind::Role, id: Id::from("a") },
        Removed::Link { first: Id::from("a"), second: Id::from("b") },
        Removed::Node { id: Id::from("c") },
    ]
}

fn built(removed: &[Removed]) -> (Vec<u8>, Manifest) {
    let mut writer = writer(Origin { moment: moment(), base: base(), ..origin() }).unwrap();
    begin(&mut writer);
    writer.document(&document(Kind::Role, "role", r#"{"Name":"doctor"}"#)).unwrap();
    begin_tree(&mut writer);
    removed.iter().for_each(|removed| writer.removed(removed).unwrap());
    writer.finish(&key()).unwrap()
}

#[test]
fn what_was_removed_is_read_back() {
    for removed in [&removals()[..], &[]] {
        let (bytes, manifest) = built(removed);
        let report = check(&bytes).unwrap();
        assert!(report.is_intact(), "{:?}", report.findings);
        assert_eq!(report.manifest.as_ref(), Some(&manifest));
        assert_eq!((&manifest.base, &manifest.moment, manifest.version), (&base(), &moment(), 3));
        assert_eq!(report.counts.removed, removed.len() as u64);
        let reader = open(&bytes).unwrap();
        assert!(reader.export_manifest().is_incremental);
        assert_eq!(reader.manifest_hash().unwrap(), Some(manifest.sha256().unwrap()));
        assert_eq!(reader.summary().unwrap().counts, manifest.counts);
        let mut read = reader.removed().unwrap();
        for expected in removed {
            assert_eq!(read.read().unwrap().as_ref(), Some(expected));
        }
        assert_eq!(read.read().unwrap(), None);
    }
}

#[test]
fn the_reference_does_not_take_it_for_a_whole_one() {
    let (bytes, _) = built(&[]);
    let mut zip = zip::ZipArchive::new(Cursor::new(&bytes)).unwrap();
    let first: serde_json::Value = serde_json::from_reader(zip.by_name("00_manifest.json").unwrap()).unwrap();
    assert_eq!(first["export_version"], 1002);
}

#[test]
fn a_whole_one_with_a_moment_is_read_by_itself() {
    let mut writer = writer(Origin { moment: moment(), ..origin() }).unwrap();
    begin(&mut writer);
    begin_tree(&mut writer);
    let error = writer.removed(&removals()[0]).unwrap_err();
    assert!(matches!(error, Error::Unwritable { .. }), "{error}");
    let (bytes, manifest) = writer.finish(&key()).unwrap();
    assert!(check(&bytes).unwrap().is_intact());
    assert_eq!((manifest.version, manifest.base), (3, None));
    let reader = open(&bytes).unwrap();
    assert!(!reader.export_manifest().is_incremental && reader.removed().is_err());
}

#[test]
fn a_part_has_neither_moment_nor_base() {
    let part = Selection { boxes: None, credentials: false };
    for wrong in [
        Origin { moment: moment(), selection: part.clone(), ..origin() },
        Origin { base: base(), selection: part, ..origin() },
        Origin { base: base(), ..origin() },
    ] {
        assert!(writer(wrong).is_err());
    }
}

#[test]
fn what_was_changed_has_no_copy_to_read() {
    let mut writer = writer(Origin { moment: moment(), base: base(), ..origin() }).unwrap();
    begin(&mut writer);
    begin_tree(&mut writer);
    assert!(writer.readable("index.html").is_err());
    writer.removed(&removals()[0]).unwrap();
    assert!(writer.readable("index.html").is_err());
    writer.finish(&key()).unwrap();
}

/// The same entries in another zip, with other texts where `change` says so.
fn repacked(bytes: &[u8], change: impl Fn(&str, Vec<u8>) -> Option<Vec<u8>>) -> Vec<u8> {
    let mut from = zip::ZipArchive::new(Cursor::new(bytes)).unwrap();
    let mut to = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for at in 0..from.len() {
        let mut entry = from.by_index(at).unwrap();
        let name = entry.name().unwrap().into_owned();
        let mut bytes = Vec::new();
        std::io::copy(&mut entry, &mut bytes).unwrap();
        if name.ends_with('/') {
            to.add_directory(name, zip::write::SimpleFileOptions::default()).unwrap();
        } else if let Some(bytes) = change(&name, bytes) {
            to.start_file(name, zip::write::SimpleFileOptions::default()).unwrap();
            to.write_all(&bytes).unwrap();
        }
    }
    to.finish().unwrap().into_inner()
}

#[test]
fn what_the_two_manifests_say_must_agree() {
    let (bytes, _) = built(&removals());
    let whole = |text: Vec<u8>| String::from_utf8(text).unwrap().replace("1002", "2").into_bytes();
    // Without what was removed; said to be whole, with it and without.
    let without = repacked(&bytes, |name, text| (name != "90_saibo/removed.jsonl").then_some(text));
    assert!(matches!(open(&without), Err(Error::Missing { .. })));
    let with = repacked(&bytes, |name, text| Some(if name.starts_with("00_") { whole(text) } else { text }));
    assert!(matches!(open(&with), Err(Error::Hostile { .. })));
    let neither = repacked(&bytes, |name, text| match name {
        "90_saibo/removed.jsonl" => None,
        "00_manifest.json" => Some(whole(text)),
        _ => Some(text),
    });
    assert!(open(&neither).unwrap().manifest().is_err());
    assert!(!check(&neither).unwrap().content_is_intact());
    // A whole one that is said to be none.
    let (bytes, _) = small();
    let other = repacked(&bytes, |name, text| {
        let text = String::from_utf8_lossy(&text).into_owned();
        let more = text.replace("\"export_version\":2", "\"export_version\":1002");
        Some(if name.starts_with("00_") { more.into_bytes() } else { text.into_bytes() })
    });
    assert!(matches!(open(&other), Err(Error::Missing { .. })));
}
