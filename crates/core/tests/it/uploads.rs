//! Snapshot files that are sent in parts.

use std::time::Duration;

use saibo_core::snapshot::resumable::{self, Appended, New, Standing};
use saibo_core::{Cell, Settings, leftover, snapshot};
use saibo_model::{ErrorCode, Result};
use sha2::{Digest as _, Sha256};

use crate::support::{Fixture, settings};

fn new(name: &str, length: u64) -> New {
    New {
        name: name.to_owned(),
        content_type: "application/zip".to_owned(),
        length,
        sha256: None,
        metadata: "own dGV4dA==".to_owned(),
    }
}

fn begin(fixture: &Fixture, cell: &Cell, name: &str, length: u64) -> String {
    resumable::create(&fixture.unit, cell.id(), new(name, length)).unwrap().0
}

fn send(fixture: &Fixture, cell: &Cell, id: &str, offset: u64, bytes: &[u8]) -> Result<Appended> {
    let mut part = resumable::append(&fixture.unit, cell.id(), id, offset, None, Box::new(|| ()))?;
    part.write(bytes)?;
    part.finish()
}

fn look(fixture: &Fixture, cell: &Cell, id: &str) -> Result<Standing> {
    resumable::look(&fixture.unit, cell.id(), id)
}

fn code<T: std::fmt::Debug>(result: Result<T>) -> ErrorCode {
    result.unwrap_err().code()
}

fn content(fixture: &Fixture, cell: &Cell, name: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let (_, mut file) = snapshot::open(&fixture.unit, cell.id(), name).unwrap();
    file.read_to_end(&mut bytes).unwrap();
    bytes
}

/// How many snapshot files are on disk, with or without a name.
fn on_disk(fixture: &Fixture, cell: &Cell) -> usize {
    fixture.unit.backend().snapshots().places(cell.id()).unwrap().len()
}

#[test]
fn parts_become_a_file_when_the_last_has_come() {
    let mut fixture = Fixture::new();
    let cell = fixture.cell("a");
    let id = begin(&fixture, &cell, "s.zip", 10);
    let first = send(&fixture, &cell, &id, 0, b"0123").unwrap();
    assert_eq!((first.standing.offset, first.stored), (4, None));
    assert!(snapshot::list(&fixture.unit, cell.id()).unwrap().is_empty());
    drop(cell);

    // Housekeeping takes it for no leftover, and a restart loses nothing.
    fixture = fixture.reopened();
    let cell = fixture.unit.cell("a").unwrap();
    leftover::clear(&fixture.unit).unwrap();
    let standing = look(&fixture, &cell, &id).unwrap();
    assert_eq!((standing.offset, standing.length, standing.metadata.as_str()), (4, 10, "own dGV4dA=="));
    let last = send(&fixture, &cell, &id, 4, b"456789").unwrap();
    assert_eq!(last.stored.unwrap().length, 10);
    assert_eq!(content(&fixture, &cell, "s.zip"), b"0123456789");
    // Whoever did not hear of it can ask.
    let over = look(&fixture, &cell, &id).unwrap();
    assert_eq!((over.offset, over.length), (10, 10));
    assert_eq!(code(send(&fixture, &cell, &id, 10, b"")), ErrorCode::UploadOffset);
    resumable::abandon(&fixture.unit, cell.id(), &id).unwrap();
    assert_eq!(content(&fixture, &cell, "s.zip"), b"0123456789", "what is over leaves its file");
}

#[test]
fn a_name_that_is_taken_is_taken_over() {
    let fixture = Fixture::new();
    let cell = fixture.cell("a");
    for (round, text) in ["old", "new"].into_iter().enumerate() {
        let id = begin(&fixture, &cell, "s.zip", 3);
        let stored = send(&fixture, &cell, &id, 0, text.as_bytes()).unwrap().stored.unwrap();
        assert_eq!(stored.version, round as i64 + 1);
        assert_eq!(content(&fixture, &cell, "s.zip"), text.as_bytes());
    }
    assert_eq!(on_disk(&fixture, &cell), 1);
}

#[test]
fn what_does_not_go_on_where_it_ended_is_refused() {
    let fixture = Fixture::new();
    let (cell, other) = (fixture.cell("a"), fixture.cell("b"));
    let id = begin(&fixture, &cell, "s.zip", 10);
    send(&fixture, &cell, &id, 0, b"0123").unwrap();
    for wrong in [0, 3, 5, 10, u64::MAX] {
        assert_eq!(code(send(&fixture, &cell, &id, wrong, b"x")), ErrorCode::UploadOffset, "{wrong}");
    }
    assert_eq!(code(send(&fixture, &cell, &id, 4, b"45678901")), ErrorCode::BodyLoad, "too long");
    assert_eq!(look(&fixture, &cell, &id).unwrap().offset, 4);
    // It is of this Cell, and of no other.
    assert_eq!(code(send(&fixture, &other, &id, 4, b"x")), ErrorCode::ResourceNotFound);
    assert_eq!(code(look(&fixture, &other, &id)), ErrorCode::ResourceNotFound);
    assert_eq!(code(resumable::abandon(&fixture.unit, other.id(), &id)), ErrorCode::ResourceNotFound);
    let sly = format!("../{}/{id}", cell.id());
    assert_eq!(code(look(&fixture, &other, &sly)), ErrorCode::ResourceNotFound);
    send(&fixture, &cell, &id, 4, b"456789").unwrap();
    assert_eq!(content(&fixture, &cell, "s.zip"), b"0123456789");
}

#[test]
fn what_has_come_of_a_part_that_breaks_off_is_kept() {
    let fixture = Fixture::new();
    let cell = fixture.cell("a");
    let id = begin(&fixture, &cell, "s.zip", 10);
    let mut part = resumable::append(&fixture.unit, cell.id(), &id, 0, None, Box::new(|| ())).unwrap();
    part.write(b"0123").unwrap();
    assert_eq!(code(send(&fixture, &cell, &id, 0, b"x")), ErrorCode::CellBusy, "one at a time");
    part.keep().unwrap();
    assert_eq!(look(&fixture, &cell, &id).unwrap().offset, 4);
    // Not so where it was to be compared, nor if nobody said that it be kept.
    let mut part =
        resumable::append(&fixture.unit, cell.id(), &id, 4, Some([0; 32]), Box::new(|| ())).unwrap();
    part.write(b"x").unwrap();
    part.keep().unwrap();
    let mut part = resumable::append(&fixture.unit, cell.id(), &id, 4, None, Box::new(|| ())).unwrap();
    part.write(b"y").unwrap();
    drop(part);
    assert_eq!(look(&fixture, &cell, &id).unwrap().offset, 4);
    send(&fixture, &cell, &id, 4, b"456789").unwrap();
    assert_eq!(content(&fixture, &cell, "s.zip"), b"0123456789");
}

#[test]
fn a_long_part_counts_before_it_ends() {
    let fixture = Fixture::new();
    let cell = fixture.cell("a");
    let bytes = vec![7; 20 << 20];
    let id = begin(&fixture, &cell, "s.zip", 21 << 20);
    let mut part = resumable::append(&fixture.unit, cell.id(), &id, 0, None, Box::new(|| ())).unwrap();
    bytes.chunks(1 << 20).for_each(|piece| part.write(piece).unwrap());
    drop(part);
    assert_eq!(look(&fixture, &cell, &id).unwrap().offset, 16 << 20);
}

#[test]
fn hashes_are_compared() {
    let mut fixture = Fixture::new();
    let cell = fixture.cell("a");
    let hash = |bytes: &[u8]| <[u8; 32]>::from(Sha256::digest(bytes));
    let whole = New { sha256: Some(hash(b"0123456789")), ..new("s.zip", 10) };
    let (id, _) = resumable::create(&fixture.unit, cell.id(), whole.clone()).unwrap();
    let checked = |fixture: &Fixture, cell: &Cell, offset: u64, bytes: &[u8], of: &[u8]| {
        let interrupt = Box::new(|| ());
        let mut part =
            resumable::append(&fixture.unit, cell.id(), &id, offset, Some(hash(of)), interrupt).unwrap();
        part.write(bytes).unwrap();
        part.finish().map(|appended| appended.standing.offset)
    };
    assert_eq!(code(checked(&fixture, &cell, 0, b"0124", b"0123")), ErrorCode::ChecksumMismatch);
    assert_eq!(look(&fixture, &cell, &id).unwrap().offset, 0, "nothing of it is kept");
    assert_eq!(checked(&fixture, &cell, 0, b"0123", b"0123").unwrap(), 4);
    drop(cell);
    // The hash of the whole goes on over parts and restarts.
    fixture = fixture.reopened();
    let cell = fixture.unit.cell("a").unwrap();
    assert_eq!(checked(&fixture, &cell, 4, b"456789", b"456789").unwrap(), 10);
    assert_eq!(content(&fixture, &cell, "s.zip"), b"0123456789");

    let (wrong, _) =
        resumable::create(&fixture.unit, cell.id(), New { name: "t.zip".to_owned(), ..whole }).unwrap();
    send(&fixture, &cell, &wrong, 0, b"0123").unwrap();
    assert_eq!(code(send(&fixture, &cell, &wrong, 4, b"456780")), ErrorCode::ChecksumMismatch);
    assert_eq!(code(look(&fixture, &cell, &wrong)), ErrorCode::ResourceNotFound, "it cannot become right");
    assert!(snapshot::info(&fixture.unit, cell.id(), "t.zip").is_err());
    assert_eq!(on_disk(&fixture, &cell), 1);
}

#[test]
fn what_nobody_goes_on_with_is_removed() {
    let short = Settings { uploads_kept_for: Duration::from_millis(300), ..settings() };
    let fixture = Fixture::with(short);
    let cell = fixture.cell("a");
    let id = begin(&fixture, &cell, "s.zip", 10);
    send(&fixture, &cell, &id, 0, b"0123").unwrap();
    assert_eq!(resumable::remove_expired(&fixture.unit).unwrap(), 0);
    assert_eq!(on_disk(&fixture, &cell), 1);
    // While a part comes it stays, however long that takes.
    let part = resumable::append(&fixture.unit, cell.id(), &id, 4, None, Box::new(|| ())).unwrap();
    std::thread::sleep(Duration::from_millis(400));
    assert_eq!(resumable::remove_expired(&fixture.unit).unwrap(), 0);
    drop(part);
    assert_eq!(code(look(&fixture, &cell, &id)), ErrorCode::ResourceNotFound);
    assert_eq!(code(send(&fixture, &cell, &id, 4, b"456789")), ErrorCode::ResourceNotFound);
    assert_eq!(resumable::remove_expired(&fixture.unit).unwrap(), 1);
    assert_eq!(on_disk(&fixture, &cell), 0);
}

#[test]
fn a_cell_has_so_many_and_no_more() {
    let fixture = Fixture::new();
    let cell = fixture.cell("a");
    let first = begin(&fixture, &cell, "1.zip", 1);
    begin(&fixture, &cell, "2.zip", 1);
    let refused = resumable::create(&fixture.unit, cell.id(), new("3.zip", 1));
    assert_eq!(code(refused), ErrorCode::TooManyConcurrentRequests);
    begin(&fixture, &fixture.cell("b"), "1.zip", 1);
    assert_eq!(on_disk(&fixture, &cell), 2);
    // One that is over is no longer one of them.
    send(&fixture, &cell, &first, 0, b"x").unwrap();
    let third = begin(&fixture, &cell, "3.zip", 1);
    resumable::abandon(&fixture.unit, cell.id(), &third).unwrap();
    assert_eq!(on_disk(&fixture, &cell), 2);
    for name in ["", "..", "a/b", "a\nb", "a\\b"] {
        let refused = resumable::create(&fixture.unit, cell.id(), new(name, 1));
        assert_eq!(code(refused), ErrorCode::ResourceNameInvalid, "{name:?}");
    }
    let refused = resumable::create(&fixture.unit, cell.id(), new("x.zip", u64::MAX));
    assert_eq!(code(refused), ErrorCode::DiskFull);
}

#[test]
fn who_asks_how_far_it_is_ends_the_part_that_comes() {
    let fixture = Fixture::new();
    let cell = fixture.cell("a");
    let id = begin(&fixture, &cell, "s.zip", 10);
    let (ended, end) = std::sync::mpsc::channel();
    let interrupt = Box::new(move || {
        let _ = ended.send(());
    });
    let mut part = resumable::append(&fixture.unit, cell.id(), &id, 0, None, interrupt).unwrap();
    part.write(b"012").unwrap();
    let writer = std::thread::spawn(move || {
        end.recv().unwrap();
        part.keep().unwrap();
    });
    assert_eq!(look(&fixture, &cell, &id).unwrap().offset, 3);
    writer.join().unwrap();
}

#[test]
fn uploads_go_with_their_cell() {
    let fixture = Fixture::new();
    let cell = fixture.cell("a");
    let id = begin(&fixture, &cell, "s.zip", 10);
    let mut part = resumable::append(&fixture.unit, cell.id(), &id, 0, None, Box::new(|| ())).unwrap();
    part.write(b"0123").unwrap();
    saibo_core::odata::objects::delete_cell(&fixture.unit, &cell, &fixture.master(), Some("true")).unwrap();
    assert_eq!(code(part.finish()), ErrorCode::ResourceNotFound);
    assert_eq!(code(look(&fixture, &cell, &id)), ErrorCode::ResourceNotFound);
    assert_eq!(on_disk(&fixture, &cell), 0);
}
