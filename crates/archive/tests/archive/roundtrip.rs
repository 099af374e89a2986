//! What is written is read back the same, by us and by others.

use std::borrow::Cow;
use std::io::{Cursor, Read, Write as _};

use proptest::prelude::*;
use saibo_archive::{DocumentLine, LinkLine, NodeMeta, members, object};
use saibo_model::{Kind, NodeKind};

use crate::build::{
    begin, begin_tree, check, check_trusting, document, file, file_meta, key, known, meta, open, read_all,
    small, writer,
};

#[test]
fn a_small_snapshot() {
    let (bytes, manifest) = small();
    let report = check_trusting(&bytes, &[key().verifying_key()]);
    assert!(report.is_intact(), "{:?}", report.findings);
    assert_eq!(report.root, manifest.root);
    assert_eq!(report.counts, manifest.counts);
    assert_eq!(report.manifest.as_ref(), Some(&manifest));
    assert_eq!(manifest.entries.count, open(&bytes).unwrap().totals().entries - 3);
    assert_eq!(manifest.counts.boxes["box"].documents, 2);
    assert_eq!(manifest.counts.boxes["__"].files, 3);

    let reader = open(&bytes).unwrap();
    let summary = reader.summary().unwrap();
    assert_eq!(summary.counts, manifest.counts);
    assert_eq!(summary.signer.unwrap().key, key().verifying_key());
    assert_eq!(reader.manifest().unwrap().unwrap(), manifest);
    let paths: Vec<String> = reader.resources().map(|resource| resource.unwrap().path).collect();
    assert_eq!(paths, ["", "__", "__/docs", "__/docs/深い.txt", "__/docs/photo.png", "__/empty", "box"]);
    read_all(&reader).unwrap();
}

#[test]
fn the_root_is_of_the_content_alone() {
    let build = |created: i64, unit: &str, text: &[u8]| {
        let origin = saibo_archive::Origin { created, unit_url: unit.to_owned(), ..crate::build::origin() };
        let mut writer =
            saibo_archive::SnapshotWriter::new(Vec::new(), Cursor::new(Vec::new()), origin).unwrap();
        begin(&mut writer);
        begin_tree(&mut writer);
        file(&mut writer, "__/a", "text/plain", text).unwrap();
        writer.finish(&key()).unwrap().1.root
    };
    let root = build(1, "https://one.example/", b"text");
    assert_eq!(root, build(2_000_000_000_000, "https://two.example/", b"text"));
    assert_ne!(root, build(1, "https://one.example/", b"tex1"));
}

#[test]
fn a_readable_copy_is_listed_and_signed_and_no_part_of_the_root() {
    let build = |page: Option<&[u8]>| {
        let mut writer = writer();
        begin(&mut writer);
        begin_tree(&mut writer);
        if let Some(page) = page {
            let mut entry = writer.readable("index.html").unwrap();
            entry.write_all(page).unwrap();
            entry.next("readable/a b.csv").unwrap();
            entry.write_all(&page.repeat(100_000)).unwrap();
            entry.end().unwrap();
            for wrong in
                ["index.htm", "readable/../x", "readable//x", "/index.html", "20_webdav/x", "90_saibo/x"]
            {
                assert!(writer.readable(wrong).is_err(), "{wrong}");
            }
            assert!(file(&mut writer, "__/late", "text/plain", b"").is_err(), "it comes last");
        }
        writer.finish(&key()).unwrap()
    };
    let ((with, manifest), (_, without)) = (build(Some(b"<p>")), build(None));
    assert_eq!(manifest.root, without.root);
    assert_ne!(manifest.entries, without.entries);
    let report = check_trusting(&with, &[key().verifying_key()]);
    assert!(report.is_intact(), "{:?}", report.findings);
    let reader = open(&with).unwrap();
    assert_eq!(reader.totals().readable, 2);
    read_all(&reader).unwrap();
}

#[test]
fn contents_of_every_size_and_kind() {
    let noise: Vec<u8> = {
        let mut state = 1u64;
        std::iter::repeat_with(|| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (state >> 56) as u8
        })
        .take(600_000)
        .collect()
    };
    let text = "a line of text that shrinks well\n".repeat(20_000).into_bytes();
    let mut writer = writer();
    begin(&mut writer);
    begin_tree(&mut writer);
    let mut contents = Vec::new();
    for size in [0, 1, 9, 65_535, 65_536, 262_143, 262_144, 262_145, 600_000] {
        for (name, source) in [("noise", &noise), ("text", &text)] {
            for media_type in ["application/octet-stream", "image/png"] {
                let path = format!("__/{name}-{size}-{}", media_type.replace('/', "-"));
                file(&mut writer, &path, media_type, &source[..size]).unwrap();
                contents.push((path, source[..size].to_vec()));
            }
        }
    }
    let (bytes, _) = writer.finish(&key()).unwrap();
    // Half of it is text that shrinks a lot, half of that is declared to be an image.
    assert!(bytes.len() < contents.iter().map(|(_, content)| content.len()).sum::<usize>() * 4 / 5);
    let report = check(&bytes).unwrap();
    assert!(report.is_intact(), "{:?}", report.findings);

    let reader = open(&bytes).unwrap();
    let files = reader.resources().map(Result::unwrap).filter_map(|resource| {
        let mut content = resource.content?;
        let mut bytes = Vec::new();
        content.read_to_end(&mut bytes).unwrap();
        Some((resource.path, bytes))
    });
    assert!(files.eq(contents.clone()));

    let mut other = zip::ZipArchive::new(Cursor::new(&bytes)).unwrap();
    for (path, content) in contents {
        let mut bytes = Vec::new();
        other.by_name(&format!("20_webdav/{path}/content")).unwrap().read_to_end(&mut bytes).unwrap();
        assert!(bytes == content, "{path}");
    }
}

#[test]
fn a_content_that_changed_since_is_an_error_that_names_it() {
    for size in [10usize, 300_000] {
        let content = vec![b'x'; size];
        for (wrong, why) in [
            (vec![b'x'; size - 1], "shorter"),
            (vec![b'x'; size + 1], "longer"),
            (vec![b'x'; size + 600_000], "longer"),
            ([&content[1..], b"y"].concat(), "checksum"),
        ] {
            let mut writer = writer();
            begin(&mut writer);
            begin_tree(&mut writer);
            let error = writer
                .file("__/f", &file_meta("text/plain", &content), &known(&content), &mut &wrong[..])
                .unwrap_err();
            assert_eq!(error.entry(), Some("20_webdav/__/f/content"));
            assert!(error.to_string().contains(why), "{error}");
        }
    }
}

#[test]
fn the_order_of_calls_is_kept() {
    let mut w = writer();
    assert!(w.document(&document(Kind::Box, "b", "{}")).is_err());
    begin(&mut w);
    assert!(w.cell(&document(Kind::Cell, "c", "{}")).is_err());
    w.document(&document(Kind::Role, "r", "{}")).unwrap();
    assert!(w.document(&document(Kind::Box, "b", "{}")).is_err());
    begin_tree(&mut w);
    assert!(w.document(&document(Kind::UserData, "u", "{}")).is_err());
    for path in ["__/../x", "/x", "__//x", "__/x\\y", "__/.", "__/a\0b", "C:/x"] {
        let error = w.collection(path, &meta(NodeKind::WebDav, "x")).unwrap_err();
        assert!(error.to_string().contains("cannot be written"), "{path}: {error}");
    }
    assert!(w.collection("__/f", &meta(NodeKind::File, "x")).is_err());
    w.finish(&key()).unwrap();
    let mut w = writer();
    assert!(w.collection("", &meta(NodeKind::Cell, "x")).is_err());
    let mut w = writer();
    begin(&mut w);
    assert!(w.finish(&key()).is_err());
}

/// A sink that takes so many bytes and no more.
struct Full(usize);

impl std::io::Write for Full {
    fn write(&mut self, data: &[u8]) -> std::io::Result<usize> {
        self.0 = self.0.checked_sub(data.len()).ok_or(std::io::ErrorKind::StorageFull)?;
        Ok(data.len())
    }
    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[test]
fn an_error_of_the_sink_comes_through() {
    let mut writer =
        saibo_archive::SnapshotWriter::new(Full(300_000), Cursor::new(Vec::new()), crate::build::origin())
            .unwrap();
    writer.cell(&document(Kind::Cell, "c", "{}")).unwrap();
    writer.collection("", &meta(NodeKind::Cell, "root")).unwrap();
    let content: Vec<u8> =
        (0..2_000_000u32).flat_map(|i| i.wrapping_mul(2_654_435_761).to_le_bytes()).collect();
    let error = writer
        .file("__/f", &file_meta("image/png", &content), &known(&content), &mut &content[..])
        .unwrap_err();
    assert!(matches!(error, saibo_archive::Error::Io(e) if e.kind() == std::io::ErrorKind::StorageFull));
}

fn json_value() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        any::<i64>().prop_map(Into::into),
        any::<String>().prop_map(Into::into),
    ];
    leaf.prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Into::into),
            prop::collection::vec((any::<String>(), inner), 0..4)
                .prop_map(|members| serde_json::Value::Object(members.into_iter().collect())),
        ]
    })
}

/// A JSON object as text, sometimes with line feeds between its tokens.
fn json_object() -> impl Strategy<Value = String> {
    (prop::collection::vec((any::<String>(), json_value()), 0..4), any::<bool>()).prop_map(
        |(members, pretty)| {
            let object = serde_json::Value::Object(members.into_iter().collect());
            if pretty { serde_json::to_string_pretty(&object).unwrap() } else { object.to_string() }
        },
    )
}

fn unknown() -> impl Strategy<Value = Vec<(String, String)>> {
    prop::collection::btree_map("[x-z]\\PC{0,3}", json_value().prop_map(|v| v.to_string()), 0..3)
        .prop_map(|members| members.into_iter().collect())
}

fn text() -> impl Strategy<Value = String> {
    any::<String>().prop_filter("not empty", |text| !text.is_empty())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn documents(
        ids in prop::collection::vec(text(), 5),
        times in any::<(i64, i64)>(),
        objects in prop::collection::vec(json_object(), 4),
        present in any::<[bool; 6]>(),
        links in prop::collection::vec((text(), text()), 0..3),
        unknown in unknown(),
        index in 0..Kind::IN_CELL.len(),
    ) {
        let kind = Kind::IN_CELL[index];
        let some = |i: usize, text: &'static str| present[i].then_some(text);
        let entity = kind == Kind::UserData;
        let flat: Vec<String> = objects.iter().map(|object| object.replace('\n', " ")).collect();
        let line = |objects: &'_ [String]| -> Vec<u8> {
            let mut out = Vec::new();
            DocumentLine {
                id: Cow::Borrowed(&ids[0]),
                kind,
                cell: Some(Cow::Borrowed(&ids[1])),
                box_id: present[0].then_some(Cow::Borrowed(ids[2].as_str())),
                collection: (entity || present[1]).then_some(Cow::Borrowed(ids[3].as_str())),
                entity_type: entity.then_some(Cow::Borrowed(ids[4].as_str())),
                published: times.0,
                updated: times.1,
                fields: &objects[0],
                hidden: present[2].then_some(objects[1].as_str()),
                dynamic: present[3].then_some(objects[2].as_str()),
                acl: present[4].then_some(objects[3].as_str()),
                links: some(5, "").map(|_| links.iter().map(|(a, b)| (a.into(), b.into())).collect()),
                entity_links: entity.then(|| links.iter().map(|(a, _)| a.into()).collect()),
                unknown: unknown.iter().map(|(n, v)| (Cow::Borrowed(n.as_str()), v.as_str())).collect(),
            }
            .write(&mut out);
            out
        };
        let written = String::from_utf8(line(&objects)).unwrap();
        prop_assert!(!written.contains('\n'));
        prop_assert!(serde_json::from_str::<serde_json::Value>(&written).is_ok());
        let read = DocumentLine::parse(&written, kind, "entry", 1).unwrap();
        prop_assert_eq!(&read.id, &ids[0]);
        prop_assert_eq!((read.published, read.updated), times);
        prop_assert_eq!(read.fields, &flat[0]);
        prop_assert_eq!(read.hidden, present[2].then_some(flat[1].as_str()));
        prop_assert_eq!(read.unknown.len(), unknown.len());
        let mut again = Vec::new();
        read.write(&mut again);
        prop_assert_eq!(String::from_utf8(again).unwrap(), written);
    }

    #[test]
    fn links(ids in prop::collection::vec(text(), 8), times in any::<(i64, i64)>(), entity in any::<bool>()) {
        let line = LinkLine {
            id: Cow::Borrowed(&ids[0]),
            cell: Cow::Borrowed(&ids[1]),
            box_id: entity.then_some(Cow::Borrowed(ids[2].as_str())),
            collection: entity.then_some(Cow::Borrowed(ids[3].as_str())),
            published: times.0,
            updated: times.1,
            ids: [Cow::Borrowed(&ids[4]), Cow::Borrowed(&ids[5])],
            types: [Cow::Borrowed(&ids[6]), Cow::Borrowed(&ids[7])],
            unknown: Vec::new(),
        };
        let mut written = Vec::new();
        line.write(&mut written);
        let written = String::from_utf8(written).unwrap();
        prop_assert_eq!(LinkLine::parse(&written, 1).unwrap(), line);
    }

    #[test]
    fn metas(
        ids in prop::collection::vec(text(), 3),
        numbers in (any::<i64>(), any::<i64>(), 0..=1_i64 << 53),
        length in 0..i64::MAX as u64,
        objects in prop::collection::vec(json_object(), 2),
        unknown in unknown(),
    ) {
        let meta = NodeMeta {
            id: ids[0].clone(),
            kind: NodeKind::File,
            published: numbers.0,
            updated: numbers.1,
            version: numbers.2,
            cell_status: None,
            content_type: Some(ids[1].clone()),
            length: Some(length),
            encryption: Some(ids[2].clone()),
            acl: Some(objects[0].clone()),
            properties: Some(objects[1].clone()),
            unknown,
        };
        let mut written = Vec::new();
        meta.write(&mut written);
        prop_assert_eq!(NodeMeta::parse(&written, "entry").unwrap(), meta);
    }

    #[test]
    fn objects(entries in unknown()) {
        let text = object(entries.iter().map(|(n, v)| (n, v)));
        let back: Vec<(String, String)> =
            members(&text).unwrap().into_iter().map(|(n, v)| (n.into_owned(), v.to_owned())).collect();
        prop_assert_eq!(back, entries);
    }

    #[test]
    fn garbage_is_never_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let _ = open(&bytes);
        let text = String::from_utf8_lossy(&bytes);
        let _ = DocumentLine::parse(&text, Kind::Box, "entry", 1);
        let _ = NodeMeta::parse(&bytes, "entry");
    }
}
