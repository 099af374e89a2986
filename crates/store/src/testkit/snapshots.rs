//! Snapshot files.

use std::io::{Read as _, Seek as _, SeekFrom};

use saibo_model::Id;

use super::Fixture;
use super::sample::*;

fn write(fixture: &Fixture, cell: &str, bytes: &[u8]) -> String {
    let mut writer = fixture.snapshots().writer().unwrap();
    writer.file().write_all(bytes).unwrap();
    writer.keep(&Id::from(cell)).unwrap()
}

fn read(fixture: &Fixture, cell: &str, place: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    fixture.snapshots().open(&Id::from(cell), place).ok()?.read_to_end(&mut bytes).unwrap();
    Some(bytes)
}

pub fn written_and_read(fixture: &Fixture) {
    // The Cell need not be there yet.
    let (a, b) = (write(fixture, "cell", b"one"), write(fixture, "cell", b"two"));
    assert_ne!(a, b);
    assert_eq!(read(fixture, "cell", &a).as_deref(), Some(&b"one"[..]));
    assert_eq!(read(fixture, "cell", &b).as_deref(), Some(&b"two"[..]));
    assert_eq!(read(fixture, "other", &a), None);
    assert_eq!(fixture.unfinished(), 0);
}

pub fn seekable(fixture: &Fixture) {
    let mut writer = fixture.snapshots().writer().unwrap();
    writer.file().write_all(b"head tail").unwrap();
    writer.file().seek(SeekFrom::Start(0)).unwrap();
    writer.file().write_all(b"HEAD").unwrap();
    let mut back = String::new();
    writer.file().seek(SeekFrom::Start(0)).unwrap();
    writer.file().read_to_string(&mut back).unwrap();
    assert_eq!(back, "HEAD tail");
    let place = writer.keep(&Id::from("cell")).unwrap();
    let mut opened = fixture.snapshots().open(&Id::from("cell"), &place).unwrap();
    opened.seek(SeekFrom::End(-4)).unwrap();
    let mut tail = String::new();
    opened.read_to_string(&mut tail).unwrap();
    assert_eq!(tail, "tail");
}

pub fn dropped_leaves_nothing(fixture: &Fixture) {
    let mut writer = fixture.snapshots().writer().unwrap();
    writer.file().write_all(b"x").unwrap();
    drop(writer);
    assert_eq!(fixture.unfinished(), 0);
    assert_eq!(fixture.snapshots().places(&Id::from("cell")).unwrap(), Vec::<String>::new());
}

pub fn removed(fixture: &Fixture) {
    let place = write(fixture, "cell", b"one");
    let kept = write(fixture, "cell", b"two");
    // Whoever has it open can go on reading.
    let mut opened = fixture.snapshots().open(&Id::from("cell"), &place).unwrap();
    fixture.snapshots().remove(&Id::from("cell"), &place).unwrap();
    fixture.snapshots().remove(&Id::from("cell"), &place).unwrap();
    assert_eq!(read(fixture, "cell", &place), None);
    let mut bytes = String::new();
    opened.read_to_string(&mut bytes).unwrap();
    assert_eq!(bytes, "one");
    assert!(read(fixture, "cell", &kept).is_some());
}

pub fn places_of_a_cell(fixture: &Fixture) {
    let mut expected = vec![write(fixture, "cell", b"one"), write(fixture, "cell", b"two")];
    write(fixture, "other", b"three");
    fixture.create(&place("cell")).unwrap();
    let mut places = fixture.snapshots().places(&Id::from("cell")).unwrap();
    places.sort();
    expected.sort();
    assert_eq!(places, expected);
    assert_eq!(fixture.generations(&Id::from("cell")).unwrap(), [1], "they are no generations");
}

pub fn hostile_places(fixture: &Fixture) {
    let place = write(fixture, "cell", b"one");
    let cell = Id::from("cell");
    let hostile =
        ["", ".", "..", "/", "../snapshots", "/etc/passwd", "a/b", "a\\b", "a\u{0}b", "é", "..%2f", "a b"];
    for place in
        hostile.map(str::to_owned).into_iter().chain([format!("./{place}"), format!("../snapshots/{place}")])
    {
        assert!(fixture.snapshots().open(&cell, &place).is_err(), "{place:?}");
        assert!(fixture.snapshots().remove(&cell, &place).is_err(), "{place:?}");
    }
    for cell in ["", "..", "../cell", "/", "cell/", "x/../cell"].map(Id::from) {
        assert!(fixture.snapshots().open(&cell, &place).is_err(), "{cell:?}");
        assert!(fixture.snapshots().remove(&cell, &place).is_err(), "{cell:?}");
        assert!(fixture.snapshots().places(&cell).is_err(), "{cell:?}");
    }
    assert!(read(fixture, "cell", &place).is_some());
}

pub fn written_in_parts(fixture: &Fixture) {
    let cell = Id::from("cell");
    let place = fixture.snapshots().create(&cell).unwrap();
    assert_eq!(read(fixture, "cell", &place).as_deref(), Some(&b""[..]));
    assert_eq!(fixture.snapshots().places(&cell).unwrap(), std::slice::from_ref(&place));
    let mut part = fixture.snapshots().append(&cell, &place, 0).unwrap();
    part.write(b"one ").unwrap();
    part.write(b"two").unwrap();
    part.sync().unwrap();
    // What was not acknowledged is cut off.
    let mut part = fixture.snapshots().append(&cell, &place, 4).unwrap();
    part.write(b"three").unwrap();
    part.sync().unwrap();
    drop(part);
    assert_eq!(read(fixture, "cell", &place).as_deref(), Some(&b"one three"[..]));
    // Bytes that are not there are never made up.
    assert!(fixture.snapshots().append(&cell, &place, 10).is_err());
    assert!(fixture.snapshots().append(&Id::from("other"), &place, 0).is_err());
    assert!(fixture.snapshots().append(&cell, "../snapshots", 0).is_err());
    assert_eq!(fixture.unfinished(), 0);
}
