//! More entries than a plain zip can count, and longer ones, in flat memory.

use std::fs::File;
use std::io::{self, Cursor, Read, Seek, SeekFrom, Write};
use std::ops::ControlFlow;

use saibo_archive::{Limits, SnapshotReader, SnapshotWriter, verify};
use saibo_model::node::Content;
use saibo_model::{Kind, NodeKind};
use sha2::{Digest, Sha256};

use crate::build::{
    CELL, begin, begin_tree, check, document, file, file_meta, key, link, meta, open, origin, writer,
};

#[test]
fn more_than_65535_entries() {
    const FILES: usize = 22_000;
    let mut writer = writer();
    begin(&mut writer);
    begin_tree(&mut writer);
    for i in 0..FILES {
        if i % 1000 == 0 {
            writer.collection(&format!("__/{}", i / 1000), &meta(NodeKind::WebDav, "folder")).unwrap();
        }
        file(&mut writer, &format!("__/{}/{i}", i / 1000), "text/plain", i.to_string().as_bytes()).unwrap();
    }
    let (bytes, manifest) = writer.finish(&key()).unwrap();
    assert_eq!(manifest.counts.files, FILES as u64);
    assert!(manifest.entries.count > 65_535);

    let reader = open(&bytes).unwrap();
    assert_eq!(reader.totals().entries, manifest.entries.count + 3);
    let mut files = 0;
    for resource in reader.resources() {
        if let Some(mut content) = resource.unwrap().content {
            let mut text = String::new();
            content.read_to_string(&mut text).unwrap();
            assert_eq!(text, files.to_string());
            files += 1;
        }
    }
    assert_eq!(files, FILES);
    let report = check(&bytes).unwrap();
    assert!(report.is_intact(), "{:?}", report.findings.first());

    let mut other = zip::ZipArchive::new(Cursor::new(&bytes)).unwrap();
    assert_eq!(other.len() as u64, reader.totals().entries);
    let mut text = String::new();
    other.by_name("20_webdav/__/21/21999/content").unwrap().read_to_string(&mut text).unwrap();
    assert_eq!(text, "21999");
}

#[test]
fn many_lines_and_long_ones() {
    let long = format!(r#"{{"__id":"long","P001":"{}"}}"#, "x".repeat(3 << 20));
    let mut writer = writer();
    begin(&mut writer);
    let ids: Vec<String> = (0..20_000).map(|i| format!("entity-{i}")).collect();
    for (i, id) in ids.iter().enumerate() {
        let fields = if i % 10_000 == 5000 { &long } else { r#"{"__id":"x"}"# };
        writer.document(&document(Kind::UserData, id, fields)).unwrap();
    }
    for pair in ids.windows(2) {
        writer.link(&link(&pair[0], &pair[1])).unwrap();
    }
    begin_tree(&mut writer);
    let (bytes, manifest) = writer.finish(&key()).unwrap();
    assert_eq!(manifest.counts.documents["UserData"], 20_000);
    assert_eq!(manifest.counts.links, 19_999);

    let reader = open(&bytes).unwrap();
    let mut documents = reader.documents(Kind::UserData).unwrap();
    for (i, id) in ids.iter().enumerate() {
        let line = documents.read().unwrap().unwrap();
        assert_eq!(&line.id, id);
        assert_eq!(line.fields.len() > 1000, i % 10_000 == 5000);
    }
    assert!(documents.read().unwrap().is_none());
    assert_eq!(documents.lines_read(), 20_000);
    assert!(documents.bytes_read() > 2 * long.len() as u64);
    let mut links = reader.links().unwrap();
    let mut count = 0;
    while let Some(line) = links.read().unwrap() {
        assert_eq!(&line.ids[0], &ids[count]);
        count += 1;
    }
    assert_eq!(count, 19_999);
    assert!(check(&bytes).unwrap().is_intact());
}

/// Leaves out what is nothing but zeros, where the file system can: a hole reads as zeros.
struct Sparse(File);

impl Write for Sparse {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if bytes.len() < 4096 || bytes.iter().any(|byte| *byte != 0) {
            return self.0.write(bytes);
        }
        self.0.seek_relative(i64::try_from(bytes.len()).map_err(io::Error::other)?)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

/// Zeros, and a byte at the end that shows that it was reached.
fn long(length: u64) -> impl Read {
    io::repeat(0).take(length - 1).chain(&b"!"[..])
}

#[test]
fn an_entry_of_more_than_4_gib() {
    const LENGTH: u64 = (4 << 30) + 12_345;
    let (mut sha256, mut crc32) = (Sha256::new(), crc32fast::Hasher::new());
    let (mut content, mut buffer) = (long(LENGTH), vec![0; 1 << 20]);
    loop {
        let read = content.read(&mut buffer).unwrap();
        if read == 0 {
            break;
        }
        sha256.update(&buffer[..read]);
        crc32.update(&buffer[..read]);
    }
    let sha256: [u8; 32] = sha256.finalize().into();
    let known = Content { name: sha256, sha256, crc32: crc32.finalize(), length: LENGTH };

    let mut file = tempfile::tempfile().unwrap();
    let out = Sparse(file.try_clone().unwrap());
    let mut writer = SnapshotWriter::new(out, Cursor::new(Vec::new()), origin()).unwrap();
    writer.cell(&document(Kind::Cell, CELL, r#"{"Name":"rich"}"#)).unwrap();
    writer.collection("", &meta(NodeKind::Cell, "root")).unwrap();
    writer.collection("__", &meta(NodeKind::Box, "main")).unwrap();
    // Of a type that is packed already, so that it lies there as it is, and is as long in the file.
    let mut about = file_meta("video/mp4", b"");
    about.length = Some(LENGTH);
    writer.file("__/long.mp4", &about, &known, &mut long(LENGTH)).unwrap();
    let after = file_meta("text/plain", b"after");
    let content = crate::build::known(b"after");
    writer.file("__/next.txt", &after, &content, &mut &b"after"[..]).unwrap();
    writer.finish(&key()).unwrap();
    assert!(file.seek(SeekFrom::End(0)).unwrap() > LENGTH);

    let reader = SnapshotReader::open(file, Limits::default()).unwrap();
    let report = verify(&reader, None, &mut |_| ControlFlow::Continue(())).unwrap();
    assert!(report.is_intact(), "{:?}", report.findings);
    let mut lengths = Vec::new();
    for resource in reader.resources() {
        let resource = resource.unwrap();
        if let Some(mut content) = resource.content {
            let end = io::copy(&mut content, &mut io::sink()).unwrap();
            lengths.push((resource.path.to_string(), end));
        }
    }
    assert_eq!(lengths, [("__/long.mp4".to_owned(), LENGTH), ("__/next.txt".to_owned(), 5)]);
}
