//! The copy in a snapshot that people can read.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{Cursor, Read as _, Write as _};

use saibo_archive::{Limits, SnapshotReader};
use saibo_core::Cell;
use saibo_core::export::Request;
use serde_json::Value;

use crate::portability::{RICH, entries, export_as, export_of, import_as};
use crate::support::Fixture;

pub(crate) fn imported(fixture: &Fixture, name: &str, snapshot: &[u8]) -> Cell {
    let cell = fixture.cell(name);
    import_as(fixture, &cell, snapshot).unwrap();
    fixture.unit.cell(name).unwrap()
}

pub(crate) fn readable() -> Request {
    Request { readable: true, ..Request::default() }
}

/// Every entry as it is.
pub(crate) fn unzipped(zip: &[u8]) -> BTreeMap<String, Vec<u8>> {
    let mut zip = zip::ZipArchive::new(Cursor::new(zip)).unwrap();
    let mut entries = BTreeMap::new();
    for at in 0..zip.len() {
        let mut entry = zip.by_index(at).unwrap();
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes).unwrap();
        entries.insert(entry.name().unwrap().into_owned(), bytes);
    }
    entries
}

/// The entries of the copy, as text.
pub(crate) fn copy(zip: &[u8]) -> BTreeMap<String, String> {
    let all = unzipped(zip).into_iter();
    all.filter(|(name, _)| name == "index.html" || name.starts_with("readable/"))
        .map(|(name, bytes)| (name, String::from_utf8(bytes).unwrap()))
        .collect()
}

/// A zip of these entries.
pub(crate) fn zipped<'e>(entries: impl IntoIterator<Item = (&'e str, &'e [u8])>) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    let options = zip::write::SimpleFileOptions::default();
    for (name, bytes) in entries {
        if name.ends_with('/') {
            writer.add_directory(name, options).unwrap();
        } else {
            writer.start_file(name, options).unwrap();
            writer.write_all(bytes).unwrap();
        }
    }
    writer.finish().unwrap().into_inner()
}

/// The same snapshot with other entries in their place.
fn rewritten(snapshot: &[u8], change: impl Fn(&str, &str) -> String) -> Vec<u8> {
    let changed: Vec<(String, Vec<u8>)> = unzipped(snapshot)
        .into_iter()
        .map(|(name, bytes)| match String::from_utf8(bytes) {
            Ok(text) => (change("", &name), change(&name, &text).into_bytes()),
            Err(other) => (change("", &name), other.into_bytes()),
        })
        .collect();
    zipped(changed.iter().map(|(name, bytes)| (name.as_str(), bytes.as_slice())))
}

/// The root of a snapshot, which must be intact.
pub(crate) fn root(zip: &[u8]) -> String {
    let reader = SnapshotReader::open(Cursor::new(zip), Limits::default()).unwrap();
    let report = saibo_archive::verify(&reader, None, &mut |_| std::ops::ControlFlow::Continue(())).unwrap();
    assert!(report.is_intact() && report.is_signed(), "{:?}", report.findings);
    report.root
}

/// What the links of a page lead to, as names of entries.
fn linked(page: &str, html: &str) -> Vec<String> {
    let folder = page.rsplit_once('/').map_or("", |(folder, _)| folder);
    html.split("href=\"")
        .skip(1)
        .map(|rest| {
            let href = quick_xml::escape::unescape(rest.split('"').next().unwrap()).unwrap().into_owned();
            let path = percent_encoding::percent_decode_str(&href).decode_utf8().unwrap().into_owned();
            match path.strip_prefix("../") {
                Some(above) => above.to_owned(),
                None if folder.is_empty() => path,
                None => format!("{folder}/{path}"),
            }
        })
        .collect()
}

fn csv_rows(text: &str) -> Vec<Vec<String>> {
    let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(text.as_bytes());
    reader.records().map(|row| row.unwrap().iter().map(str::to_owned).collect()).collect()
}

#[test]
fn everything_is_in_it_and_every_link_leads_somewhere() {
    let fixture = Fixture::new();
    let cell = imported(&fixture, "rich", RICH);
    let zip = export_of(&fixture, &cell, "copy", readable());
    let (all, copy) = (unzipped(&zip), copy(&zip));

    // From the first page everything can be reached.
    let mut reached = BTreeSet::from(["index.html".to_owned()]);
    let mut ahead = vec!["index.html".to_owned()];
    while let Some(page) = ahead.pop() {
        for target in linked(&page, &copy[&page]) {
            assert!(all.contains_key(&target), "{page} leads to {target}, which is not there");
            if reached.insert(target.clone()) && target.ends_with(".html") && copy.contains_key(&target) {
                ahead.push(target);
            }
        }
    }
    let contents = |name: &&String| name.starts_with("20_webdav/") && name.ends_with("/content");
    let mut expected: BTreeSet<&String> = all.keys().filter(contents).collect();
    expected.extend(copy.keys());
    assert_eq!(expected.difference(&reached.iter().collect()).collect::<Vec<_>>(), Vec::<&&String>::new());
    for (name, html) in copy.iter().filter(|(name, _)| name.ends_with(".html")) {
        assert!(html.starts_with("<!DOCTYPE html>\n<html lang=\"en\">"), "{name}");
        assert!(!html.contains("<script") && !html.contains("http-equiv=\"refresh"), "{name}");
        assert_eq!(html.matches("<table").count(), html.matches("</table>").count(), "{name}");
    }

    // Tables have a row for each document, in both forms and in the order of their schema.
    let documents =
        |entry: &str| all[&format!("10_odata/{entry}.pjson")].iter().filter(|b| **b == b'\n').count();
    for (table, entry) in
        [("accounts", "11_account"), ("roles", "20_role"), ("received-messages", "24_receivedmessage")]
    {
        assert_eq!(copy[&format!("readable/{table}.jsonl")].lines().count(), documents(entry), "{table}");
    }
    let sets: Vec<&str> = copy
        .keys()
        .filter_map(|name| name.strip_prefix("readable/entities-")?.strip_suffix(".jsonl"))
        .collect();
    assert_eq!(sets, ["001-Item", "002-Order", "003-Tag", "004-Note"]);
    let mut entities = 0;
    for name in copy.keys().filter_map(|name| name.strip_suffix(".jsonl")) {
        let rows = csv_rows(&copy[&format!("{name}.csv")]);
        let schema: Value = serde_json::from_str(&copy[&format!("{name}.schema.json")]).unwrap();
        let lines: Vec<Value> =
            copy[&format!("{name}.jsonl")].lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(rows.len(), lines.len() + 1, "{name}");
        let required: Vec<&str> =
            schema["required"].as_array().unwrap().iter().map(|name| name.as_str().unwrap()).collect();
        assert_eq!(rows[0], required, "{name}");
        for line in &lines {
            let line = line.as_object().unwrap();
            assert_eq!(line.keys().collect::<Vec<_>>(), required, "{name}");
            line.iter().for_each(|(key, value)| assert_fits(value, &schema["properties"][key], key));
        }
        if name.contains("entities-") {
            entities += lines.len();
        }
    }
    assert_eq!(entities, documents("70_userdata"));
    let item =
        copy["readable/entities-001-Item.jsonl"].lines().find(|line| line.contains("item013")).unwrap();
    let item: Value = serde_json::from_str(item).unwrap();
    assert_eq!(item["name"], "品 13 😀 \"q\"");
    let text = item.to_string();
    assert!(text.contains("4.333333333333333") && text.contains("2023-11-14T22:13:20.013Z"), "{text}");
    assert!(
        text.contains("dynamic 13") && text.contains("[\"a\",\"t13\"]") && text.contains("false"),
        "{text}"
    );
    assert!(copy["readable/links.csv"].contains("Account,alice,Role,"), "{}", copy["readable/links.csv"]);
    assert!(copy["readable/links.csv"].contains("Tag,tag0,Order,"), "to-one links, too");
}

/// Whether a value is of a type of its schema.
fn assert_fits(value: &Value, schema: &Value, key: &str) {
    let types = match &schema["type"] {
        Value::String(one) => vec![one.as_str()],
        several => several.as_array().unwrap().iter().map(|name| name.as_str().unwrap()).collect(),
    };
    let fits = match value {
        Value::Null => types.contains(&"null"),
        Value::Bool(_) => types.contains(&"boolean"),
        Value::Number(number) => types.contains(&"number") || (number.is_i64() && types.contains(&"integer")),
        Value::String(_) => types.contains(&"string"),
        Value::Array(items) => {
            items.iter().for_each(|item| assert_fits(item, &schema["items"], key));
            types.contains(&"array")
        }
        Value::Object(members) => {
            members.iter().for_each(|(name, value)| assert_fits(value, &schema["properties"][name], name));
            types.contains(&"object")
        }
    };
    assert!(fits, "{key} is {value}, which is none of {types:?}");
}

#[test]
fn it_changes_nothing_of_the_snapshot_and_is_ignored_by_an_import() {
    let fixture = Fixture::new();
    let cell = imported(&fixture, "rich", RICH);
    let (with, without) =
        (export_of(&fixture, &cell, "with", readable()), export_as(&fixture, &cell, "without"));
    assert_eq!(root(&with), root(&without));
    let other = imported(&fixture, "other", &with);
    assert_eq!(entries(&export_as(&fixture, &other, "again")), entries(&without));
    assert!(copy(&without).is_empty());

    // Its hashes are signed like all others.
    let at = with.windows(15).position(|bytes| bytes == b"<!DOCTYPE html>");
    assert!(at.is_none(), "it is packed");
    let start = with.windows(10).position(|bytes| bytes == b"index.html").unwrap();
    let mut broken = with.clone();
    broken[start + 200] ^= 1;
    let reader = SnapshotReader::open(Cursor::new(&broken[..]), Limits::default()).unwrap();
    let report = saibo_archive::verify(&reader, None, &mut |_| std::ops::ControlFlow::Continue(())).unwrap();
    assert!(report.findings.iter().any(|finding| finding.entry == "index.html"), "{:?}", report.findings);
}

#[test]
fn what_passwords_are_checked_with_is_not_in_it() {
    let fixture = Fixture::new();
    let cell = imported(&fixture, "rich", RICH);
    let accounts = String::from_utf8(unzipped(RICH)["10_odata/11_account.pjson"].clone()).unwrap();
    let hashes: Vec<String> = accounts
        .lines()
        .filter_map(|line| {
            let account: Value = serde_json::from_str(line).unwrap();
            account["_source"]["h"]["HashedCredential"].as_str().map(str::to_owned)
        })
        .collect();
    assert!(!hashes.is_empty());
    for without_credentials in [false, true] {
        let request = Request { without_credentials, ..readable() };
        let zip = export_of(&fixture, &cell, &format!("copy-{without_credentials}"), request);
        for (name, text) in copy(&zip) {
            assert!(!text.contains("HashedCredential") && !text.contains("scrypt"), "{name}");
            for part in hashes.iter().flat_map(|hash| hash.split('$')).filter(|part| part.len() > 10) {
                assert!(!text.contains(part), "{name}");
            }
        }
    }
}

#[test]
fn what_is_not_exported_is_not_in_it() {
    let fixture = Fixture::new();
    let cell = imported(&fixture, "rich", RICH);
    let request = Request { boxes: Some(vec!["__".to_owned()]), ..readable() };
    let zip = export_of(&fixture, &cell, "main", request);
    root(&zip);
    let copy = copy(&zip);
    let sets: Vec<&String> = copy.keys().filter(|name| name.contains("entities-")).collect();
    assert!(sets.iter().all(|name| name.contains("001-Note")), "{sets:?}");
    assert!(copy["index.html"].contains("Not all Boxes"));
    for (name, text) in &copy {
        assert!(!text.contains("item013"), "{name}");
        // The Cell's own rules and messages may speak of it.
        let of_boxes = ["boxes", "files", "roles", "links", "index"].iter().any(|part| name.contains(part));
        assert!(!of_boxes || !text.contains("app1"), "{name}: {text}");
    }
    // Names of Roles that are bound to other Boxes are left out, those of the Cell's own are not.
    assert_eq!(copy["readable/accounts.jsonl"].lines().count(), 3);
}

#[test]
fn whatever_a_text_says_it_stays_a_text() {
    const EVIL: &str = "<img src=x onerror=alert(1)>\\\"'</td><script>alert(2)</script>";
    const FORMULA: &str = "=HYPERLINK(\\\"http://evil.example\\\")";
    const FILE: &str = "a'b&%41#\u{202e}<script>\";x=.txt";
    let hostile = rewritten(RICH, |name, text| match name {
        "10_odata/70_userdata.pjson" => text.replace("dynamic 13", EVIL).replace("dynamic 12", FORMULA),
        "10_odata/24_receivedmessage.pjson" | "10_odata/23_sentmessage.pjson" => {
            text.replace("\"Title\":\"", &format!("\"Title\":\"{EVIL}"))
        }
        "" => text.replace("empty.txt", FILE),
        _ => text.to_owned(),
    });
    let fixture = Fixture::new();
    let cell = imported(&fixture, "rich", &hostile);
    let zip = export_of(&fixture, &cell, "copy", readable());
    root(&zip);
    let (all, copy) = (unzipped(&zip), copy(&zip));
    assert!(all.contains_key(&format!("20_webdav/__/{FILE}/content")), "the test is of use");
    for (name, html) in copy.iter().filter(|(name, _)| name.ends_with(".html")) {
        let tags: BTreeSet<&str> = html
            .split('<')
            .skip(1)
            .map(|rest| rest.trim_start_matches('/').split([' ', '>', '\n']).next().unwrap())
            .collect();
        for tag in tags {
            assert!(!["script", "img", "iframe", "object", "svg", "form"].contains(&tag), "{name}: {tag}");
        }
        for target in linked(name, html) {
            assert!(all.contains_key(&target), "{name} leads to {target}");
        }
        // No attribute was broken out of.
        assert!(!html.contains("onerror=alert") || html.contains("&lt;img src=x onerror=alert"), "{name}");
        assert!(html.contains("Content-Security-Policy"), "{name}");
    }
    let items = &copy["readable/entities-001-Item.html"];
    assert!(items.contains("&lt;script&gt;alert(2)&lt;/script&gt;"), "it is shown as it is");
    assert!(copy["readable/received-messages.html"].contains("&lt;script&gt;"));
    let rows = csv_rows(&copy["readable/entities-001-Item.csv"]);
    assert!(rows.iter().flatten().any(|field| field == "'=HYPERLINK(\"http://evil.example\")"), "no formula");
    assert!(copy["readable/entities-001-Item.jsonl"].contains("\"=HYPERLINK("), "JSON has it as it is");
}

#[test]
fn pages_of_many_files_lead_to_each_other() {
    let fixture = Fixture::new();
    let cell = imported(&fixture, "rich", RICH);
    let meta = unzipped(RICH)["20_webdav/__/empty.txt/.pmeta"].clone();
    let mut all = unzipped(RICH);
    for at in 0..2_300 {
        let text = String::from_utf8(meta.clone()).unwrap();
        let id: Value = serde_json::from_str(&text).unwrap();
        let text = text.replace(id["i"].as_str().unwrap(), &format!("many-{at}"));
        all.insert(format!("20_webdav/__/docs/f{at:04}/.pmeta"), text.into_bytes());
        all.insert(format!("20_webdav/__/docs/f{at:04}/content"), Vec::new());
    }
    let many = zipped(all.iter().map(|(name, bytes)| (name.as_str(), bytes.as_slice())));
    import_as(&fixture, &cell, &many).unwrap();
    let cell = fixture.unit.cell("rich").unwrap();
    let zip = export_of(&fixture, &cell, "copy", readable());
    let copy = copy(&zip);
    let box_of = |page: &str| copy.keys().find(|name| name.ends_with(page)).cloned();
    let last = box_of("-0003.html").unwrap();
    let stem = last.strip_suffix("0003.html").unwrap();
    assert!(!copy.contains_key(&format!("{stem}0004.html")));
    let page = |number: usize| &copy[&format!("{stem}{number:04}.html")];
    assert_eq!([1, 2, 3].map(|number| page(number).contains("rel=\"next\"")), [true, true, false]);
    assert_eq!([1, 2, 3].map(|number| page(number).contains("rel=\"prev\"")), [false, true, true]);
    assert_eq!([1, 2].map(|number| page(number).matches("<tr><td>").count()), [1000, 1000]);
    let named: usize = [1, 2, 3].iter().map(|&number| page(number).matches("docs/f").count()).sum();
    assert!(named >= 2_300, "{named}");
    assert!(copy["readable/files.csv"].lines().count() > 2_300);
}
