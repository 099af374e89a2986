//! No bit of a signed snapshot can change unseen.

use std::io::Cursor;

use saibo_archive::{Report, Result};
use saibo_model::Kind;

use crate::build::{begin, begin_tree, check, document, file, key, link, writer};

/// As small as can be with an entry of each form: a folder, stored, deflated, with a descriptor.
fn tiny() -> Vec<u8> {
    let mut writer = writer();
    begin(&mut writer);
    writer.document(&document(Kind::Role, "role", r#"{"Name":"doctor"}"#)).unwrap();
    writer.link(&link("account", "role")).unwrap();
    begin_tree(&mut writer);
    file(&mut writer, "__/深", "text/plain", "hello ".repeat(20).as_bytes()).unwrap();
    file(&mut writer, "__/p", "image/png", b"stored").unwrap();
    writer.finish(&key()).unwrap().0
}

/// Which entry's data a byte is in, by the independent implementation; ours that sign the others aside.
fn entry_at(archive: &[u8]) -> Vec<Option<String>> {
    let mut names = vec![None; archive.len()];
    let mut zip = zip::ZipArchive::new(Cursor::new(archive)).unwrap();
    for at in 0..zip.len() {
        let entry = zip.by_index_raw(at).unwrap();
        let name = entry.name().unwrap().into_owned();
        if name.starts_with("90_saibo/") {
            continue;
        }
        let start = usize::try_from(entry.data_start().unwrap()).unwrap();
        let end = start + usize::try_from(entry.compressed_size()).unwrap();
        names[start..end].fill(Some(name));
    }
    names
}

/// Whether what is found names the entry.
fn is_named(found: &Result<Report>, entry: &str) -> bool {
    match found {
        Ok(report) => report.findings.iter().any(|finding| finding.entry == entry),
        Err(error) => error.entry() == Some(entry),
    }
}

#[test]
fn wherever_it_is_cut_off_it_is_found() {
    let good = tiny();
    for length in 0..good.len() {
        assert!(!check(&good[..length]).is_ok_and(|report| report.is_intact()), "cut off at {length}");
    }
}

#[test]
fn every_flipped_bit_is_found() {
    let good = tiny();
    let report = check(&good).unwrap();
    assert!(report.is_intact(), "{:?}", report.findings);
    let entries = entry_at(&good);
    assert!(entries.iter().flatten().count() > 500, "hardly any data");
    let entries = &entries;
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let missed: Vec<usize> = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..threads)
            .map(|worker| {
                let mut bytes = good.clone();
                scope.spawn(move || {
                    let mut missed = Vec::new();
                    for bit in (worker..bytes.len() * 8).step_by(threads) {
                        bytes[bit / 8] ^= 1 << (bit % 8);
                        let found = check(&bytes);
                        let is_intact = found.as_ref().is_ok_and(Report::is_intact);
                        let is_named = entries[bit / 8].as_ref().is_none_or(|entry| is_named(&found, entry));
                        if is_intact || !is_named {
                            missed.push(bit);
                        }
                        bytes[bit / 8] ^= 1 << (bit % 8);
                    }
                    missed
                })
            })
            .collect();
        workers.into_iter().flat_map(|worker| worker.join().unwrap()).collect()
    });
    assert!(
        missed.is_empty(),
        "of {} bits these made no difference, or not where they are: {missed:?}",
        good.len() * 8
    );
}
