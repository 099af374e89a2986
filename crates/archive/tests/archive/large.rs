//! More entries than a plain zip can count, in flat memory.

use std::io::{Cursor, Read};

use saibo_model::{Kind, NodeKind};

use crate::build::{begin, begin_tree, check, document, file, key, link, meta, open, writer};

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
