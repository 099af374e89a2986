//! Somebody takes a signed snapshot apart and puts it together again: what they changed is found and named.

use std::io::{Cursor, Read, Write};
use std::ops::ControlFlow;

use ed25519_dalek::SigningKey;
use saibo_archive::{Error, Finding, Problem, Progress, Report, verify};
use zip::write::SimpleFileOptions;

use crate::build::{begin, begin_tree, check, check_trusting, key, open, read_all, small, writer};

type Entries = Vec<(String, Vec<u8>)>;

fn unpack(bytes: &[u8]) -> Entries {
    let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).unwrap();
    (0..archive.len())
        .map(|i| {
            let mut entry = archive.by_index(i).unwrap();
            let mut content = Vec::new();
            entry.read_to_end(&mut content).unwrap();
            (entry.name().unwrap().into_owned(), content)
        })
        .collect()
}

/// Packs with another implementation.
fn pack(entries: &Entries) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in entries {
        if name.ends_with('/') {
            writer.add_directory(name.as_str(), SimpleFileOptions::default()).unwrap();
        } else {
            writer.start_file(name.as_str(), SimpleFileOptions::default()).unwrap();
            writer.write_all(content).unwrap();
        }
    }
    writer.finish().unwrap().into_inner()
}

/// What is found, but for how it is packed.
fn findings(report: &Report) -> Vec<(&str, &Problem)> {
    let content = |finding: &&Finding| !matches!(finding.problem, Problem::Repacked(_));
    report.findings.iter().filter(content).map(|finding| (finding.entry.as_str(), &finding.problem)).collect()
}

fn tampered(change: impl FnOnce(&mut Entries)) -> Report {
    let mut entries = unpack(&small().0);
    change(&mut entries);
    check(&pack(&entries)).unwrap()
}

fn position(entries: &Entries, name: &str) -> usize {
    entries.iter().position(|(known, _)| known == name).unwrap()
}

const TEXT: &str = "20_webdav/__/docs/深い.txt/content";
const PHOTO: &str = "20_webdav/__/docs/photo.png/content";
const ROLES: &str = "10_odata/20_role.pjson";

#[test]
fn packed_anew_is_not_intact_but_its_content_is() {
    let report = tampered(|_| {});
    assert!(!report.is_intact() && report.content_is_intact(), "{:?}", report.findings);
    assert_eq!(report.root, small().1.root);
}

#[test]
fn changed_content() {
    let report = tampered(|entries| {
        let at = position(entries, TEXT);
        entries[at].1[0] = b'H';
    });
    assert_eq!(findings(&report), [(TEXT, &Problem::HashDiffers)]);
    assert!(!report.content_is_intact());
}

#[test]
fn swapped_contents_and_swapped_entries() {
    let report = tampered(|entries| {
        let (a, b) = (position(entries, TEXT), position(entries, PHOTO));
        let content = std::mem::take(&mut entries[a].1);
        entries[a].1 = std::mem::replace(&mut entries[b].1, content);
    });
    let found = findings(&report);
    assert!(
        found.contains(&(TEXT, &Problem::HashDiffers)) && found.contains(&(PHOTO, &Problem::HashDiffers))
    );
    let report = tampered(|entries| {
        let at = position(entries, ROLES);
        entries.swap(at, at + 1);
    });
    let found = findings(&report);
    assert_eq!(found, [("10_odata/21_rule.pjson", &Problem::OutOfOrder), (ROLES, &Problem::OutOfOrder)]);
}

#[test]
fn copies_to_read() {
    let mut writer = writer();
    begin(&mut writer);
    begin_tree(&mut writer);
    let mut page = writer.readable("index.html").unwrap();
    page.write_all(b"<p>Hello").unwrap();
    page.next("readable/a.csv").unwrap();
    page.end().unwrap();
    let bytes = writer.finish(&key()).unwrap().0;
    let tampered = |change: &dyn Fn(&mut Entries, usize)| {
        let mut entries = unpack(&bytes);
        let at = position(&entries, "index.html");
        change(&mut entries, at);
        check(&pack(&entries)).unwrap()
    };
    let report = tampered(&|_, _| {});
    assert!(report.content_is_intact(), "{:?}", report.findings);
    let report = tampered(&|entries, at| entries[at].1.extend(b", send money"));
    assert_eq!(findings(&report), [("index.html", &Problem::HashDiffers)]);
    let report = tampered(&|entries, at| drop(entries.remove(at)));
    assert_eq!(findings(&report), [("index.html", &Problem::Missing)]);
    let extra = ("readable/b.html".to_owned(), b"<p>".to_vec());
    let report = tampered(&|entries, at| entries.insert(at + 2, extra.clone()));
    assert_eq!(findings(&report), [("readable/b.html", &Problem::Extra)]);
    assert!(!report.content_is_intact());
}

#[test]
fn removed_and_added_entries() {
    let name = "20_webdav/__/empty";
    let report = tampered(|entries| entries.retain(|(known, _)| !known.starts_with(name)));
    let removed: Vec<_> = findings(&report).into_iter().map(|(entry, _)| entry.to_owned()).collect();
    assert_eq!(removed, [format!("{name}/"), format!("{name}/.pmeta"), format!("{name}/content")]);
    assert!(findings(&report).iter().all(|(_, problem)| **problem == Problem::Missing));

    let report = tampered(|entries| {
        let at = position(entries, TEXT) + 1;
        let meta = entries[at - 2].1.clone();
        entries.insert(at, ("20_webdav/__/docs/new/".to_owned(), Vec::new()));
        entries.insert(at + 1, ("20_webdav/__/docs/new/.pmeta".to_owned(), meta));
        entries.insert(at + 2, ("20_webdav/__/docs/new/content".to_owned(), b"new".to_vec()));
    });
    let found = findings(&report);
    assert_eq!(found.iter().filter(|(_, problem)| **problem == Problem::Extra).count(), 3, "{found:?}");
    assert!(found.iter().all(|(entry, _)| entry.starts_with("20_webdav/__/docs/new/")));
}

#[test]
fn a_changed_list_manifest_or_signature() {
    for name in ["90_saibo/entries.jsonl", "90_saibo/manifest.json", "90_saibo/signature.json"] {
        let report = tampered(|entries| {
            let at = position(entries, name);
            let middle = entries[at].1.len() / 2;
            entries[at].1[middle] ^= 1;
        });
        assert!(!report.content_is_intact(), "{name}");
    }
    // The lists of two snapshots, both well-formed.
    let report = tampered(|entries| {
        let at = position(entries, "90_saibo/entries.jsonl");
        let text = String::from_utf8(entries[at].1.clone()).unwrap();
        entries[at].1 = text.lines().take(3).map(|line| format!("{line}\n")).collect::<String>().into_bytes();
    });
    assert!(findings(&report).contains(&("90_saibo/entries.jsonl", &Problem::HashDiffers)));
}

#[test]
fn another_key() {
    let (bytes, _) = small();
    let other = SigningKey::from_bytes(&[8; 32]).verifying_key();
    let report = check_trusting(&bytes, &[other]);
    assert_eq!(findings(&report), [("90_saibo/signature.json", &Problem::UntrustedKey)]);
    assert_eq!(report.signer.as_ref().unwrap().key, key().verifying_key());
    assert!(check_trusting(&bytes, &[other, key().verifying_key()]).is_intact());
    // A signature of the same key, but of another manifest.
    let report = tampered(|entries| {
        let at = position(entries, "90_saibo/manifest.json");
        let text = String::from_utf8(entries[at].1.clone()).unwrap();
        entries[at].1 = text.replace("https://unit.example/", "https://evil.example/").into_bytes();
    });
    assert_eq!(findings(&report), [("90_saibo/signature.json", &Problem::BadSignature)]);
}

#[test]
fn without_our_entries_it_is_a_snapshot_of_the_reference() {
    let report = tampered(|entries| entries.retain(|(name, _)| !name.starts_with("90_saibo/")));
    assert!(report.is_intact() && !report.is_signed(), "{:?}", report.findings);
    assert_eq!(report.counts, small().1.counts);
    assert_eq!(report.root, small().1.root);
}

#[test]
fn any_order_of_entries_is_read() {
    let mut entries = unpack(&small().0);
    entries.retain(|(name, _)| !name.starts_with("90_saibo/"));
    let expected: Vec<String> =
        open(&pack(&entries)).unwrap().resources().map(|resource| resource.unwrap().path).collect();
    for turn in 0..entries.len() {
        entries.rotate_left(1);
        if turn % 7 == 0 {
            entries.reverse();
        }
        let bytes = pack(&entries);
        let reader = open(&bytes).unwrap();
        read_all(&reader).unwrap();
        let mut paths: Vec<String> = Vec::new();
        for resource in reader.resources() {
            let path = resource.unwrap().path;
            let parent = path.rsplit_once('/').map_or("", |(parent, _)| parent);
            assert!(path.is_empty() || paths.iter().any(|known| known == parent), "{path}");
            paths.push(path);
        }
        assert_eq!(reader.summary().unwrap().counts, small().1.counts);
        assert!(check(&bytes).unwrap().is_intact());
        paths.sort();
        let mut sorted = expected.clone();
        sorted.sort();
        assert_eq!(paths, sorted);
    }
}

#[test]
fn a_check_can_be_watched_and_stopped() {
    let (bytes, _) = small();
    let reader = open(&bytes).unwrap();
    let mut last = Progress { entries: 0, bytes: 0, total_entries: 0, total_bytes: 0 };
    verify(&reader, None, &mut |progress| {
        assert!(progress.entries >= last.entries && progress.bytes >= last.bytes);
        last = progress;
        ControlFlow::Continue(())
    })
    .unwrap();
    assert_eq!((last.entries, last.bytes), (last.total_entries, last.total_bytes));
    let mut calls = 0;
    let stopped = verify(&reader, None, &mut |_| {
        calls += 1;
        if calls < 5 { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    });
    assert!(matches!(stopped, Err(Error::Interrupted)));
    assert_eq!(calls, 5);
}
