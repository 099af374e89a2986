//! The snapshot that the reference wrote: all of it is read, and every line and `.pmeta` comes out as it went in.

use std::collections::BTreeMap;
use std::io::Read;

use saibo_archive::{DocumentLine, NodeMeta};
use saibo_model::{Kind, NodeKind};

use crate::build::{check, check_trusting, key, open};

const RICH: &[u8] = include_bytes!("../fixtures/rich.zip");

/// The entries as another implementation reads them.
fn entries() -> BTreeMap<String, Vec<u8>> {
    let mut archive = zip::ZipArchive::new(std::io::Cursor::new(RICH)).unwrap();
    (0..archive.len())
        .map(|i| {
            let mut entry = archive.by_index(i).unwrap();
            let name = String::from_utf8(entry.name_raw().to_vec()).unwrap();
            let mut bytes = Vec::new();
            entry.read_to_end(&mut bytes).unwrap();
            (name, bytes)
        })
        .collect()
}

#[test]
fn counts_are_those_of_the_inventory() {
    let reader = open(RICH).unwrap();
    let summary = reader.summary().unwrap();
    // From rich.inventory.json: what the reference's API showed for the Cell.
    let expected = [
        ("Account", 3),
        ("AssociationEnd", 4),
        ("Box", 3),
        ("ComplexType", 1),
        ("ComplexTypeProperty", 2),
        ("EntityType", 4),
        ("ExtCell", 2),
        ("ExtRole", 1),
        ("Property", 11),
        ("ReceivedMessage", 1),
        ("Relation", 3),
        ("Role", 4),
        ("Rule", 2),
        ("SentMessage", 1),
        ("UserData", 29),
    ];
    let counted: Vec<_> =
        summary.counts.documents.iter().map(|(name, &count)| (name.as_str(), count)).collect();
    assert_eq!(counted, expected);
    assert_eq!(summary.counts.links, 15);
    assert_eq!((summary.counts.files, summary.counts.collections), (5, 10));
    assert_eq!(summary.counts.bytes, 131_072 + 6 + 22 + 89);
    assert_eq!(summary.unit_url, "http://localhost:9998/");
    assert_eq!(summary.created, 1_795_478_486_984);
    assert_eq!(summary.cell_name.as_deref(), Some("rich"));
    assert_eq!(summary.cell_id, "ZM7MlLlnTZil3SYjaZsb8w");
    let boxes: Vec<_> = summary.box_names.values().map(String::as_str).collect();
    assert_eq!(boxes, ["app2", "app1", "empty-box"]);
    assert_eq!(summary.counts.boxes["__"].documents, 3);
    assert_eq!(summary.counts.boxes["belBenOHRR2FR8B06ptrDg"].collections, 0);
    assert!(summary.manifest.is_none() && summary.signer.is_none());
    assert_eq!(reader.totals().entries, 56);
}

#[test]
fn lines_come_out_as_they_went_in() {
    let reader = open(RICH).unwrap();
    let entries = entries();
    let mut cell = Vec::new();
    reader.documents(Kind::Cell).unwrap().read().unwrap().unwrap().write(&mut cell);
    assert_eq!(cell, entries["10_odata/00_cell.json"]);
    let mut written = Vec::new();
    for kind in Kind::IN_CELL {
        let mut documents = reader.documents(kind).unwrap();
        while let Some(line) = documents.read().unwrap() {
            line.write(&mut written);
            written.push(b'\n');
        }
    }
    let mut links = reader.links().unwrap();
    while let Some(line) = links.read().unwrap() {
        line.write(&mut written);
        written.push(b'\n');
    }
    let expected: Vec<u8> = entries
        .iter()
        .filter(|(name, _)| name.ends_with(".pjson"))
        .flat_map(|(_, text)| text.clone())
        .collect();
    assert_eq!(String::from_utf8(written).unwrap(), String::from_utf8(expected).unwrap());
}

#[test]
fn resources_come_parents_first_with_their_contents() {
    let reader = open(RICH).unwrap();
    let mut entries = entries();
    let mut seen: Vec<String> = Vec::new();
    for resource in reader.resources() {
        let resource = resource.unwrap();
        match resource.path.rsplit_once('/') {
            Some((parent, _)) => assert!(seen.iter().any(|path| path == parent), "{parent}"),
            None => assert!(resource.path.is_empty() || seen == [""] || seen[0].is_empty()),
        }
        let folder = if resource.path.is_empty() { String::new() } else { format!("{}/", resource.path) };
        let mut meta = Vec::new();
        resource.meta.write(&mut meta);
        let stored = entries.remove(&format!("20_webdav/{folder}.pmeta")).unwrap();
        assert_eq!(String::from_utf8(meta).unwrap(), String::from_utf8(stored).unwrap());
        assert_eq!(resource.content.is_some(), resource.meta.kind == NodeKind::File);
        if let Some(mut content) = resource.content {
            let mut bytes = Vec::new();
            content.read_to_end(&mut bytes).unwrap();
            assert_eq!(bytes, entries.remove(&format!("20_webdav/{folder}content")).unwrap());
        }
        seen.push(resource.path);
    }
    assert_eq!(seen.len(), 16);
    assert!(seen.iter().any(|path| path == "__/docs/深い/写真.bin"));
    assert!(!entries.keys().any(|name| name.starts_with("20_webdav/") && !name.ends_with('/')));
}

#[test]
fn it_is_whole_but_unsigned() {
    let report = check(RICH).unwrap();
    assert!(report.is_intact(), "{:?}", report.findings);
    assert!(!report.is_signed() && report.manifest.is_none());
    assert_eq!(report.counts, open(RICH).unwrap().summary().unwrap().counts);
    assert_eq!(report.entries, 56);
    let report = check_trusting(RICH, &[key().verifying_key()]);
    assert_eq!(report.findings.len(), 1);
    assert_eq!(report.findings[0].entry, "90_saibo/signature.json");
}

#[test]
fn wrong_lines_say_what_is_wrong() {
    let good = r#"{"_index":"u0_anon.role","_type":"Role","_source":{"p":1,"s":{"Name":"n"},"c":"cell","u":2},"_id":"i"}"#;
    let parse = |line: &str| match DocumentLine::parse(line, Kind::Role, "10_odata/20_role.pjson", 7) {
        Ok(_) => String::new(),
        Err(error) => error.to_string(),
    };
    assert_eq!(parse(good), "");
    for (from, to, why) in [
        (r#","_id":"i""#, "", "missing field `_id`"),
        (r#""_id":"i""#, r#""_id":"""#, "missing field `_id`"),
        (r#""_id":"i""#, r#""_id":5"#, "`_id`: invalid type: integer `5`, expected a string"),
        (r#""_type":"Role""#, r#""_type":"Rule""#, r#"`_type` is "Rule", not "Role""#),
        (r#""p":1"#, r#""p":"1""#, r#"`p`: invalid type: string "1", expected i64"#),
        (r#""p":1"#, r#""p":1.5"#, "`p`: invalid type"),
        (r#""p":1"#, r#""p":99999999999999999999"#, "`p`: "),
        (r#""p":1,"#, "", "missing field `p`"),
        (r#""s":{"Name":"n"}"#, r#""s":[]"#, "`s` is not an object"),
        (r#""s":{"Name":"n"}"#, r#""s":{"Name":}"#, "`s`: expected value"),
        (r#""c":"cell","#, "", "missing field `c`"),
        (r#""u":2"#, r#""u":2,"u":3"#, "`u` stands twice"),
        (r#""u":2"#, r#""u":2,"x":1,"x":2"#, "`x` stands twice"),
        (r#""u":2"#, r#""u":2,"l":{"Box":1}"#, "`l`: invalid type"),
        (r#""u":2"#, r#""u":2,"l":[]"#, "`l`: invalid type"),
        (r#""u":2"#, r#""u":2,"h":"x""#, "`h` is not an object"),
        (r#""u":2"#, r#""u":2,"type":"Rule""#, r#"`type` is not "Role""#),
        (r#""_source":{"#, r#""_source":[{"#, "expected `_source` as an object"),
        (r#""_id":"i"}"#, r#""_id":"i"} x"#, "trailing characters"),
        (r#""_id":"i"}"#, r#""_id":"i""#, "EOF"),
        (r#""_id""#, r#""other":1,"_id""#, "`other` is unknown"),
    ] {
        let error = parse(&good.replacen(from, to, 1));
        assert!(error.starts_with("10_odata/20_role.pjson: line 7: "), "{from} -> {to}: {error}");
        assert!(error.contains(why), "{from} -> {to}: {error}");
    }
    for line in ["", "[]", "null", "1", "\"x\"", "{}"] {
        assert!(parse(line).contains("line 7"), "{line}");
    }
}

#[test]
fn wrong_metas_say_what_is_wrong() {
    let good = r#"{"p":1,"a":{},"d":{},"t":"dav.file","u":2,"v":1,"i":"id","cl":3,"et":"NONE"}"#;
    let parse = |json: &str| match NodeMeta::parse(json.as_bytes(), "20_webdav/.pmeta") {
        Ok(_) => String::new(),
        Err(error) => error.to_string(),
    };
    assert_eq!(parse(good), "");
    for (from, to, why) in [
        (r#""i":"id","#, "", "missing field `i`"),
        (r#""t":"dav.file""#, r#""t":"dav.link""#, "no kind of resource"),
        (r#""cl":3"#, r#""cl":-3"#, "`cl`: "),
        (r#""a":{}"#, r#""a":"all""#, "`a` is not an object"),
        (r#""u":2"#, r#""u":null"#, "`u`: "),
        ("}", "}}", "20_webdav/.pmeta: line 1"),
    ] {
        let error = parse(&good.replacen(from, to, 1));
        assert!(error.contains(why), "{from} -> {to}: {error}");
    }
}
