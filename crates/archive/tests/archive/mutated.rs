//! Snapshots with anything changed anywhere: reading one neither panics nor takes long, and what of one is read is
//! read again from what is written. Longer: `SAIBO_FUZZ_SECONDS=600 cargo test -p saibo-archive mutated`.

use std::io::{Cursor, Read, Write};

use saibo_archive::{DocumentLine, LinkLine, NodeMeta};
use saibo_fuzz::{Fuzz, Random};
use saibo_model::Kind;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipArchive, ZipWriter};

use crate::build::{check, open, read_all, small};

fn fuzz(target: &str) -> Fuzz {
    Fuzz::new(env!("CARGO_MANIFEST_DIR"), target)
}

/// How far a reader comes with an archive.
fn reads(bytes: &[u8]) -> (bool, bool, Option<usize>) {
    let Ok(reader) = open(bytes) else { return (false, false, None) };
    (true, read_all(&reader).is_ok(), check(bytes).ok().map(|report| report.findings.len()))
}

#[test]
fn bytes_of_the_container() {
    let (good, _) = small();
    Fuzz::without_corpus("container").seed(good).run(reads);
}

/// The entries of an archive, as the independent implementation has them.
fn entries(archive: &[u8]) -> Vec<(String, Vec<u8>)> {
    let mut archive = ZipArchive::new(Cursor::new(archive)).unwrap();
    (0..archive.len())
        .map(|at| {
            let mut entry = archive.by_index(at).unwrap();
            let mut content = Vec::new();
            entry.read_to_end(&mut content).unwrap();
            (entry.name().unwrap().into_owned(), content)
        })
        .collect()
}

/// A sound container, so that what is wrong in it is reached.
fn packed(entries: &[(String, Vec<u8>)]) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
    for (name, content) in entries {
        if name.ends_with('/') {
            writer.add_directory(name.trim_end_matches('/'), options).unwrap();
        } else {
            writer.start_file(name, options).unwrap();
            writer.write_all(content).unwrap();
        }
    }
    writer.finish().unwrap().into_inner()
}

/// The first byte of an input says which entry has the rest of it as its content.
#[test]
fn contents_of_entries() {
    let (good, _) = small();
    let good = entries(&good);
    let files: Vec<usize> = (0..good.len()).filter(|at| !good[*at].0.ends_with('/')).collect();
    let mut fuzz = Fuzz::without_corpus("entries");
    for (at, file) in files.iter().enumerate() {
        fuzz = fuzz.seed([&[at as u8], good[*file].1.as_slice()].concat());
    }
    let mut random = Random::new(1);
    fuzz.run(|input| {
        let (first, content) = input.split_first().unwrap_or((&0, &[]));
        let mut changed = good.clone();
        changed[files[usize::from(*first) % files.len()]].1 = content.to_vec();
        if random.below(16) == 0 {
            changed.swap(0, random.below(good.len()));
        }
        reads(&packed(&changed))
    });
}

/// A line, which has no line feed in it.
fn line(input: &[u8]) -> String {
    String::from_utf8_lossy(input).replace('\n', " ")
}

#[test]
fn documents() {
    fuzz("document").by_line().run(|input| {
        let text = line(input);
        let parsed = DocumentLine::parse(&text, Kind::Role, "entry", 1);
        let Ok(line) = parsed else { return None };
        let mut written = Vec::new();
        line.write(&mut written);
        let written = String::from_utf8(written).unwrap();
        assert!(!written.contains('\n'), "{written}");
        let again = DocumentLine::parse(&written, Kind::Role, "entry", 1);
        assert_eq!(again.ok().as_ref(), Some(&line), "{written}");
        let has = [line.hidden.is_some(), line.dynamic.is_some(), line.acl.is_some(), line.box_id.is_some()];
        Some((has, line.links.map(|links| links.len().min(8)), line.unknown.len().min(8)))
    });
}

#[test]
fn links() {
    fuzz("link").by_line().run(|input| {
        let text = line(input);
        let Ok(line) = LinkLine::parse(&text, 1) else { return None };
        let mut written = Vec::new();
        line.write(&mut written);
        let written = String::from_utf8(written).unwrap();
        assert!(!written.contains('\n'), "{written}");
        assert_eq!(LinkLine::parse(&written, 1).ok().as_ref(), Some(&line), "{written}");
        Some((line.box_id.is_some(), line.collection.is_some(), line.unknown.len().min(8)))
    });
}

#[test]
fn meta() {
    fuzz("meta").run(|input| {
        let Ok(meta) = NodeMeta::parse(input, "entry") else { return None };
        let mut written = Vec::new();
        meta.write(&mut written);
        assert_eq!(
            NodeMeta::parse(&written, "entry").ok().as_ref(),
            Some(&meta),
            "{}",
            written.escape_ascii()
        );
        let has = [
            meta.acl.is_some(),
            meta.properties.is_some(),
            meta.content_type.is_some(),
            meta.length.is_some(),
        ];
        Some((format!("{:?}", meta.kind), has, meta.unknown.len().min(8)))
    });
}
