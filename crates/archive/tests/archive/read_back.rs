//! What is read back while it is written need not be read again; all else is.

use std::io::Cursor;
use std::ops::ControlFlow;

use saibo_archive::{Limits, Report, SnapshotReader, Written, verify_rest};
use sha2::{Digest as _, Sha256};

use crate::build::{begin, begin_tree, check, file, file_meta, key, known, writer};

/// Bytes that do not shrink, and more of them than a small entry has.
fn photo(seed: u32) -> Vec<u8> {
    let mut state = seed;
    let next = |_| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as u8
    };
    (0..300_000).map(next).collect()
}

/// A snapshot with two photos and something small and something that shrinks, and what was told of them.
fn snapshot() -> (Vec<u8>, Vec<Written>) {
    let mut writer = writer();
    begin(&mut writer);
    begin_tree(&mut writer);
    let mut told = Vec::new();
    let long = [b'a'; 400_000];
    for (name, content) in
        [("a.jpg", photo(1)), ("b.txt", long.to_vec()), ("c.jpg", photo(2)), ("d.jpg", vec![1])]
    {
        let (path, media_type) =
            (format!("__/{name}"), if name == "b.txt" { "text/plain" } else { "image/jpeg" });
        let meta = file_meta(media_type, &content);
        let written = writer.file(&path, &meta, &known(&content), &mut &*content).unwrap();
        assert_eq!(written.is_some(), matches!(name, "a.jpg" | "c.jpg"), "{name}");
        told.extend(written);
    }
    file(&mut writer, "__/e.txt", "text/plain", b"the last").unwrap();
    (writer.finish(&key()).unwrap().0, told)
}

fn check_rest(bytes: &[u8], read_back: u64) -> Report {
    let reader = SnapshotReader::open(Cursor::new(bytes), Limits::default()).unwrap();
    let keys = [key().verifying_key()];
    verify_rest(&reader, Some(&keys), read_back, &mut |_| ControlFlow::Continue(())).unwrap()
}

fn end(written: &Written) -> u64 {
    written.position + written.length
}

#[test]
fn it_is_told_where_contents_lie() {
    let (bytes, told) = snapshot();
    for (written, content) in told.iter().zip([photo(1), photo(2)]) {
        let range = written.position as usize..end(written) as usize;
        assert!(bytes[range] == content, "{}", written.name);
        assert_eq!(written.sha256, <[u8; 32]>::from(Sha256::digest(&content)));
    }
    assert_eq!(told[0].name, "20_webdav/__/a.jpg/content");
}

#[test]
fn nothing_else_is_taken_on_trust() {
    let (bytes, told) = snapshot();
    let whole = check(&bytes).unwrap();
    for until in [0, end(&told[0]), end(&told[1]) - 1, end(&told[1]), u64::MAX] {
        let rest = check_rest(&bytes, until);
        assert!(rest.is_intact(), "{:?}", rest.findings);
        assert_eq!((&rest.root, &rest.counts), (&whole.root, &whole.counts));
        assert_eq!((rest.entries, rest.bytes), (whole.entries, whole.bytes));
    }
    let flipped = |at: u64, until| {
        let mut bytes = bytes.clone();
        bytes[at as usize] ^= 1;
        let findings = check_rest(&bytes, until).findings;
        findings.into_iter().map(|finding| finding.entry).collect::<Vec<_>>()
    };
    let [first, last] = [&told[0], &told[1]];
    // Within what was read back, and beyond.
    assert_eq!(flipped(first.position + 1000, end(first)), Vec::<String>::new());
    assert_eq!(flipped(first.position + 1000, end(first) - 1), [&*first.name]);
    assert_eq!(flipped(last.position + 1000, end(first)), [&*last.name]);
    // The header ahead of it, and the deflated and small entries between.
    assert_eq!(flipped(first.position - 1, u64::MAX), [&*first.name]);
    assert!(!flipped(end(first) + 200, u64::MAX).is_empty());
    for at in (end(first)..last.position).chain(end(last)..bytes.len() as u64 - 30).step_by(37) {
        let mut changed = bytes.clone();
        changed[at as usize] ^= 1;
        let opened = SnapshotReader::open(Cursor::new(&*changed), Limits::default());
        let found = opened.map(|reader| {
            let keys = [key().verifying_key()];
            verify_rest(&reader, Some(&keys), u64::MAX, &mut |_| ControlFlow::Continue(()))
        });
        assert!(!matches!(found, Ok(Ok(report)) if report.is_intact()), "a change at {at} is not seen");
    }
}
