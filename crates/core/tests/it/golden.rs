//! Every version and feature of the format that was ever written can be imported; see `tests/golden/README.md`.

use std::io::{Cursor, Read as _, Write as _};
use std::path::{Path, PathBuf};

use saibo_archive::{
    EXPORT_VERSION, INCREMENTAL_EXPORT_VERSION, Key, Limits, MANIFEST_VERSIONS, SnapshotReader,
};
use saibo_core::export::Request;
use saibo_core::{Cell, import};
use saibo_model::node::{CELL_NODE, MAIN_BOX, Node, NodeKind};
use saibo_model::{Id, Kind};
use saibo_store::StoreExt as _;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::portability::{RICH, entries, export_as, export_of, import_as, import_of, put};
use crate::support::Fixture;

const SECRET: &str = "AGE-SECRET-KEY-1GFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPQ4EGAEX";

/// What a file of ours is made with.
type Made = Option<fn() -> Request>;

/// The files.
const CASES: [(&str, Made); 9] = [
    ("../../../archive/tests/fixtures/rich.zip", None),
    ("whole.zip", None),
    ("moment.zip", Some(Request::default)),
    ("since-moment.zip", Some(|| Request { since: Some("moment".to_owned()), ..Request::default() })),
    ("boxes.zip", Some(|| Request { boxes: Some(vec!["app1".to_owned()]), ..Request::default() })),
    ("without-credentials.zip", Some(|| Request { without_credentials: true, ..Request::default() })),
    ("readable.zip", Some(|| Request { readable: true, ..Request::default() })),
    ("recipient.zip.age", None),
    ("passphrase.zip.age", None),
];

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden")
}

fn expected_path(name: &str) -> PathBuf {
    let stem = Path::new(name).file_name().unwrap().to_str().unwrap().split('.').next().unwrap();
    folder().join(format!("{stem}.json"))
}

fn is_update() -> bool {
    std::env::var_os("UPDATE_GOLDEN").is_some()
}

fn key(name: &str) -> Option<Key> {
    match name {
        "recipient.zip.age" => Some(Key::identities(SECRET).unwrap()),
        "passphrase.zip.age" => Some(Key::passphrase("correct horse".to_owned()).unwrap()),
        _ => None,
    }
}

/// What a file is, and what of it is there after its import into a new Cell.
fn told(fixture: &Fixture, name: &str, bytes: &[u8]) -> Value {
    let key = key(name);
    let mut zip = bytes.to_vec();
    if let Some(key) = &key {
        zip.clear();
        key.open(Cursor::new(bytes)).unwrap().0.read_to_end(&mut zip).unwrap();
    }
    let reader = SnapshotReader::open(Cursor::new(&zip), Limits::default()).unwrap();
    let report = saibo_archive::verify(&reader, None, &mut |_| std::ops::ControlFlow::Continue(())).unwrap();
    assert!(report.is_intact(), "{name}: {:?}", report.findings);
    let cell = fixture.cell(&expected_path(name).file_stem().unwrap().to_str().unwrap().replace('.', "-"));
    if reader.export_manifest().is_incremental {
        put(fixture, &cell, "moment.zip", &std::fs::read(folder().join("moment.zip")).unwrap());
    }
    match key {
        None => import_as(fixture, &cell, bytes).unwrap(),
        Some(key) => {
            put(fixture, &cell, "s.zip.age", bytes);
            let request = import::Request { key: Some(key), ..import::Request::default() };
            import_of(fixture, &cell, b"", request).unwrap();
        }
    }
    let cell = fixture.unit.cell(cell.name()).unwrap();
    let after = entries(&export_as(fixture, &cell, "after"));
    let digest = Sha256::digest(json!(after).to_string());
    let hex: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    let mut told = json!({
        "export_version": if reader.export_manifest().is_incremental {
            INCREMENTAL_EXPORT_VERSION
        } else {
            EXPORT_VERSION
        },
        "manifest_version": report.manifest.as_ref().map(|manifest| manifest.version),
        "selection": report.manifest.as_ref().and_then(|manifest| manifest.selection.clone()),
        "root": report.root,
        "counts": report.counts,
        "sha256_of_what_was_imported": hex,
    });
    if reader.totals().readable > 0 {
        told["entries_to_read"] = json!(reader.totals().readable);
    }
    told
}

/// Changes a Cell a little: another file, an entity less.
fn change(cell: &Cell) {
    let blobs = cell.blobs().clone();
    cell.store()
        .write(move |tx| {
            let mut writer = blobs.writer()?;
            writer.write_all(b"written later").unwrap();
            let stored = writer.finish()?;
            tx.put_content(&stored.content, stored.small.as_deref())?;
            let main = tx.read().child(CELL_NODE, MAIN_BOX)?.unwrap();
            let mut node = Node::collection(NodeKind::File, main.seq, &Id::random().to_string(), 1);
            node.content_type = Some("text/plain".to_owned());
            node.content = Some(stored.content);
            tx.put_node(&mut node)?;
            let mut last = None;
            tx.read().all_documents(Kind::UserData, &mut |(document, _)| {
                last = Some(document.seq);
                Ok(())
            })?;
            last.map_or(Ok(()), |seq| tx.delete_document(seq))
        })
        .unwrap();
}

#[test]
fn golden_archives_can_be_imported_for_ever() {
    let fixture = Fixture::new();
    let rich = fixture.cell("source");
    import_as(&fixture, &rich, RICH).unwrap();
    let rich = fixture.unit.cell("source").unwrap();
    let (mut seen, mut export_versions) = (Vec::new(), Vec::new());
    for (name, made) in CASES {
        let path = folder().join(name);
        if let Some(made) = made.filter(|_| is_update() && !path.exists()) {
            let stem = name.trim_end_matches(".zip");
            std::fs::write(&path, export_of(&fixture, &rich, stem, made())).unwrap();
            // For the next one to have: something new, and something that is gone.
            change(&rich);
        }
        let bytes = std::fs::read(&path).unwrap_or_else(|error| panic!("{name}: {error}"));
        let told = told(&fixture, name, &bytes);
        let beside = expected_path(name);
        if is_update() && !beside.exists() {
            std::fs::write(&beside, serde_json::to_string_pretty(&told).unwrap() + "\n").unwrap();
        }
        let text = std::fs::read_to_string(&beside).unwrap_or_else(|error| panic!("{name}: {error}"));
        let expected: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(told, expected, "{name}");
        seen.push(expected["manifest_version"].as_i64());
        export_versions.push(expected["export_version"].as_i64());
    }
    for version in MANIFEST_VERSIONS {
        assert!(seen.contains(&Some(version)), "manifest version {version} has no golden archive");
    }
    assert!(seen.contains(&None), "nor has the reference");
    for version in [EXPORT_VERSION, INCREMENTAL_EXPORT_VERSION] {
        assert!(export_versions.contains(&Some(version)), "export version {version} has none");
    }
}

#[test]
fn no_golden_archive_is_left_out() {
    for entry in std::fs::read_dir(folder()).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let is_known = CASES.iter().any(|(case, _)| *case == name || expected_path(case).ends_with(&name));
        assert!(is_known || name == "README.md", "{name} is in no test");
    }
}
