//! A snapshot whose writing was cut off at any place and gone on with is the one that it would have been.

use std::cell::RefCell;
use std::io::{Cursor, Read, Seek, SeekFrom, Write};
use std::rc::Rc;

use proptest::prelude::*;
use saibo_archive::{Result, SnapshotWriter, Standing};
use saibo_model::{Kind, NodeKind};

use crate::build::*;

/// A file that is still there when its writer is gone.
#[derive(Clone, Default)]
struct Shared(Rc<RefCell<Cursor<Vec<u8>>>>);

impl Shared {
    fn of(bytes: &[u8], position: u64) -> Self {
        let mut cursor = Cursor::new(bytes.to_vec());
        cursor.set_position(position);
        Self(Rc::new(RefCell::new(cursor)))
    }

    fn content(&self) -> Vec<u8> {
        self.0.borrow().get_ref().clone()
    }
}

impl Read for Shared {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        self.0.borrow_mut().read(buffer)
    }
}

impl Write for Shared {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.borrow_mut().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Seek for Shared {
    fn seek(&mut self, to: SeekFrom) -> std::io::Result<u64> {
        self.0.borrow_mut().seek(to)
    }
}

type Writer = SnapshotWriter<Shared, Shared>;

/// A content that counts what is read of it.
struct Counted<'c>(&'c [u8], &'c mut usize);

impl Read for Counted<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let read = self.0.read(buffer)?;
        *self.1 += read;
        Ok(read)
    }
}

fn noise(length: usize) -> Vec<u8> {
    let mut state = 1_u32;
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        state.to_be_bytes()[0]
    };
    (0..length).map(|_| next()).collect()
}

/// Writes one with an entry of each form; how much of its contents was read.
fn write(mut writer: Writer) -> Result<usize> {
    writer.cell(&document(Kind::Cell, CELL, r#"{"Name":"rich"}"#))?;
    for number in 0..300 {
        let fields = format!(r#"{{"Name":"role {number}"}}"#);
        writer.document(&document(Kind::Role, &format!("role {number}"), &fields))?;
    }
    writer.link(&link("account", "role 1"))?;
    writer.collection("", &meta(NodeKind::Cell, "root"))?;
    writer.collection("__", &meta(NodeKind::Box, "main"))?;
    let mut read = 0;
    let contents = [
        ("__/small.txt", "text/plain", b"text ".repeat(100)),
        ("__/stored.png", "image/png", noise(700_000)),
        ("__/deflated.txt", "text/plain", b"over and over ".repeat(60_000)),
        ("__/empty", "text/plain", Vec::new()),
        ("__/odd.bin", "application/octet-stream", noise(300_000)),
    ];
    for (path, media_type, content) in &contents {
        let mut counted = Counted(content, &mut read);
        writer.file(path, &file_meta(media_type, content), &known(content), &mut counted)?;
    }
    let mut page = writer.readable("index.html")?;
    page.write_all(&b"<p>".repeat(1000))?;
    page.next("readable/files.csv")?;
    page.write_all(b"name,length")?;
    page.end()?;
    writer.finish(&key())?;
    Ok(read)
}

fn whole() -> (Vec<u8>, Vec<u8>, usize) {
    let (file, list) = (Shared::default(), Shared::default());
    let read = write(SnapshotWriter::new(file.clone(), list.clone(), origin()).unwrap()).unwrap();
    (file.content(), list.content(), read)
}

fn standing(file: &[u8], list: &[u8]) -> Standing {
    saibo_archive::standing(&mut Cursor::new(file), &mut Cursor::new(list)).unwrap()
}

/// Goes on with what is there; the file in the end, and how much of its contents was read.
fn go_on(file: &[u8], list: &[u8]) -> (Vec<u8>, usize) {
    let standing = standing(file, list);
    let stands = &file[..standing.length() as usize];
    let (file, list) = (Shared::of(stands, standing.length()), Shared::of(list, list.len() as u64));
    let read = write(SnapshotWriter::resume(file.clone(), list, origin(), standing).unwrap()).unwrap();
    (file.content(), read)
}

#[test]
fn what_stands_is_not_read_again() {
    let (file, list, read) = whole();
    let (again, nothing) = go_on(&file, &list);
    assert!(again == file);
    assert_eq!(nothing, 0, "all contents stand");
    let (again, all) = go_on(&[], &list);
    assert!(again == file);
    assert_eq!(all, read);
    assert!(check(&file).unwrap().is_intact());
}

#[test]
fn what_goes_on_otherwise_is_refused() {
    let (file, list, _) = whole();
    let resume = |origin| {
        let standing = standing(&file, &list);
        SnapshotWriter::resume(Shared::of(&file, standing.length()), Shared::of(&list, 0), origin, standing)
    };
    // Another time is another file from its first entry on.
    let later = saibo_archive::Origin { created: CREATED + 60_000, ..origin() };
    assert!(resume(later).is_err());
    let mut writer = resume(origin()).unwrap();
    assert!(writer.cell(&document(Kind::Cell, CELL, r#"{"Name":"poor"}"#)).is_err());
    // One that is over sooner than before.
    let mut writer = resume(origin()).unwrap();
    writer.cell(&document(Kind::Cell, CELL, r#"{"Name":"rich"}"#)).unwrap();
    writer.collection("", &meta(NodeKind::Cell, "root")).unwrap();
    assert!(writer.finish(&key()).is_err());
}

#[test]
fn what_is_damaged_does_not_stand() {
    let (file, list, _) = whole();
    let all = standing(&file, &list).length();
    for at in (0..all as usize).step_by(7_919) {
        let mut damaged = file.clone();
        damaged[at] ^= 1;
        assert!(standing(&damaged, &list).length() <= at as u64, "at {at}");
    }
    assert_eq!(standing(&file, &noise(1000)).length(), 0);
    assert_eq!(standing(&file, &[0xff; 500_000]).length(), 0);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn cut_off_anywhere_it_becomes_what_it_would_have_been(cut in 0.0..=1.0, listed in 0.0..=1.0) {
        let (file, list, _) = whole();
        let part = |bytes: &[u8], part: f64| bytes[..(bytes.len() as f64 * part) as usize].to_vec();
        let (again, _) = go_on(&part(&file, cut), &part(&list, listed));
        prop_assert!(again == file);
    }
}
