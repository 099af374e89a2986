//! Archives that no honest program writes, made byte by byte: each is refused with the entry and the reason.

use std::io::{Cursor, Read, Write};

use flate2::Compression;
use flate2::write::DeflateEncoder;
use saibo_archive::{Error, Limits, SnapshotReader};

use crate::build::{check, open, read_all, small};

/// An entry, with what its headers claim.
#[derive(Clone)]
struct Raw {
    name: Vec<u8>,
    local_name: Option<Vec<u8>>,
    flags: u16,
    method: u16,
    local_method: Option<u16>,
    crc32: u32,
    packed: u32,
    size: u32,
    mode: u32,
    /// Where the central directory says it is; by default where it is.
    offset: Option<u32>,
    data: Vec<u8>,
}

impl Raw {
    fn new(name: impl AsRef<[u8]>, content: &[u8]) -> Self {
        Self {
            name: name.as_ref().to_vec(),
            local_name: None,
            flags: 0,
            method: 0,
            local_method: None,
            crc32: crc32fast::hash(content),
            packed: content.len() as u32,
            size: content.len() as u32,
            mode: 0,
            offset: None,
            data: content.to_vec(),
        }
    }

    fn deflated(name: &str, content: &[u8]) -> Self {
        let mut encoder = DeflateEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(content).unwrap();
        let data = encoder.finish().unwrap();
        Self { method: 8, packed: data.len() as u32, data, ..Self::new(name, content) }
    }
}

fn put(out: &mut Vec<u8>, fields: &[(u64, usize)]) {
    for (value, length) in fields {
        out.extend_from_slice(&value.to_le_bytes()[..*length]);
    }
}

/// The archive of these entries, and where its central directory begins.
fn archive(entries: &[Raw]) -> (Vec<u8>, usize) {
    let (mut out, mut central) = (Vec::new(), Vec::new());
    for entry in entries {
        let offset = entry.offset.unwrap_or(out.len() as u32);
        let local_name = entry.local_name.as_ref().unwrap_or(&entry.name);
        let common = |method: u16, name: &[u8]| {
            let (flags, method, name) = (entry.flags.into(), method.into(), name.len() as u64);
            let (crc32, packed, size) = (entry.crc32.into(), entry.packed.into(), entry.size.into());
            [
                (20, 2),
                (flags, 2),
                (method, 2),
                (0x5d78_002d, 4),
                (crc32, 4),
                (packed, 4),
                (size, 4),
                (name, 2),
                (0, 2),
            ]
        };
        put(&mut out, &[(0x0403_4b50, 4)]);
        put(&mut out, &common(entry.local_method.unwrap_or(entry.method), local_name));
        out.extend_from_slice(local_name);
        out.extend_from_slice(&entry.data);
        put(&mut central, &[(0x0201_4b50, 4), (0x031e, 2)]);
        put(&mut central, &common(entry.method, &entry.name));
        put(&mut central, &[(0, 6), (u64::from(entry.mode) << 16, 4), (offset.into(), 4)]);
        central.extend_from_slice(&entry.name);
    }
    let (start, size, count) = (out.len(), central.len() as u64, entries.len() as u64);
    out.extend_from_slice(&central);
    put(&mut out, &[(0x0605_4b50, 4), (0, 4), (count, 2), (count, 2), (size, 4), (start as u64, 4), (0, 2)]);
    (out, start)
}

const META: &[u8] = br#"{"p":1,"a":{},"d":{},"t":"Cell","u":2,"v":1,"i":"root"}"#;
const BOX_META: &[u8] = br#"{"p":1,"a":{},"d":{},"t":"col.box","u":2,"v":1,"i":"main"}"#;
const FILE_META: &[u8] = br#"{"p":1,"a":{},"d":{},"t":"dav.file","u":2,"v":1,"i":"file"}"#;

/// A snapshot with nothing in it.
fn empty() -> Vec<Raw> {
    let types = "10_box 11_account 12_extcell 20_role 21_rule 22_relation 23_sentmessage 24_receivedmessage 30_extrole \
         40_entitytype 41_complextype 50_property 51_complextypeproperty 60_associationend 70_userdata 80_link";
    let mut entries = vec![
        Raw::new("10_odata/", b""),
        Raw::new("20_webdav/", b""),
        Raw::new("00_manifest.json", br#"{"export_version":2,"unit_url":"http://u/","create_date":1}"#),
        Raw::new("10_odata/00_cell.json", br#"{"_type":"Cell","_source":{"p":1,"s":{},"u":2},"_id":"c"}"#),
    ];
    entries.extend(types.split_whitespace().map(|name| Raw::new(format!("10_odata/{name}.pjson"), b"")));
    entries.push(Raw::new("20_webdav/.pmeta", META));
    entries
}

fn with(more: impl IntoIterator<Item = Raw>) -> Vec<u8> {
    let mut entries = empty();
    entries.extend(more);
    archive(&entries).0
}

fn with_limits(bytes: &[u8], limits: Limits) -> Result<(), Error> {
    read_all(&SnapshotReader::open(Cursor::new(bytes), limits)?)
}

/// What opening and reading everything says.
fn error(bytes: &[u8]) -> Error {
    with_limits(bytes, Limits::default()).expect_err("it was accepted")
}

#[test]
fn the_empty_one_is_fine() {
    let bytes = with([]);
    read_all(&open(&bytes).unwrap()).unwrap();
    let report = check(&bytes).unwrap();
    assert!(report.is_intact(), "{:?}", report.findings);
}

#[test]
fn names_that_lead_elsewhere() {
    for name in [
        "../evil",
        "20_webdav/../evil/.pmeta",
        "20_webdav/__/../../../etc/passwd/content",
        "20_webdav/..",
        "20_webdav/__/./x/",
        "20_webdav//x/.pmeta",
        "/etc/passwd",
        "//server/share",
        "C:/windows",
        "C:\\windows",
        "20_webdav\\x",
        "20_webdav/a\\..\\b/.pmeta",
        "20_webdav/a\0b/.pmeta",
        "10_odata/../x",
        "10_odata/99_new.pjson",
        "10_odata/sub/10_box.pjson",
        "20_webdav/stray.txt",
        "20_webdav/content",
        "90_saibo/other",
        "readable/../evil.html",
        "readable//evil.html",
        "readable\\evil.html",
        "readable",
        "Readable/index.html",
        "index.htm",
        "unknown.txt",
        "",
    ] {
        let error = error(&with([Raw::new(name, b"")]));
        assert!(matches!(&error, Error::Hostile { entry, .. } if entry == name), "{name:?}: {error}");
    }
    let error = error(&with([Raw::new(b"20_webdav/\xff\xfe/", b"")]));
    assert!(matches!(&error, Error::Hostile { .. }), "{error}");
}

#[test]
fn two_entries_of_a_name() {
    for name in ["10_odata/10_box.pjson", "20_webdav/.pmeta", "00_manifest.json", "20_webdav/"] {
        let error = error(&with([Raw::new(name, b"")]));
        assert!(
            matches!(&error, Error::Hostile { entry, why } if entry == name && why.contains("two")),
            "{error}"
        );
    }
}

#[test]
fn entries_that_overlap() {
    let meta = Raw::new("20_webdav/__/.pmeta", BOX_META);
    let at = archive(&empty()).1 as u32;
    // The same data under two names, data that reaches into the next entry, and an order that hides such things.
    let twin =
        Raw { name: b"20_webdav/x/.pmeta".to_vec(), offset: Some(at), data: Vec::new(), ..meta.clone() };
    let long = Raw { packed: 500, size: 500, ..meta.clone() };
    let backwards = Raw { offset: Some(0), ..Raw::new("20_webdav/__/", b"") };
    for more in [vec![meta.clone(), twin], vec![long, Raw::new("20_webdav/__/", b"")], vec![meta, backwards]]
    {
        let error = error(&with(more));
        assert!(matches!(&error, Error::Hostile { why, .. } if why.contains("overlaps")), "{error}");
    }
}

#[test]
fn entries_of_a_special_kind() {
    let folder = Raw::new("20_webdav/__/", b"");
    let meta = Raw::new("20_webdav/__/.pmeta", BOX_META);
    for (entry, why) in [
        (Raw { mode: 0o120_777, ..meta.clone() }, "symbolic link"),
        (Raw { mode: 0o120_777, ..folder.clone() }, "symbolic link"),
        (Raw { mode: 0o010_644, ..meta.clone() }, "special file"),
        (Raw { mode: 0o020_644, ..meta.clone() }, "special file"),
        (Raw { mode: 0o060_644, ..meta.clone() }, "special file"),
        (Raw { mode: 0o140_644, ..meta.clone() }, "special file"),
        (Raw { mode: 0o040_755, ..meta.clone() }, "special file"),
        (Raw { mode: 0o100_644, ..folder.clone() }, "special file"),
        (Raw::new("20_webdav/__/", b"content"), "a folder with content"),
        (Raw { size: 4, ..meta.clone() }, "its two sizes differ"),
    ] {
        let error = error(&with([entry]));
        assert!(matches!(&error, Error::Hostile { why: w, .. } if w.contains(why)), "{why}: {error}");
    }
    for (entry, why) in [
        (Raw { flags: 1, ..meta.clone() }, "encrypted"),
        (Raw { flags: 1 << 6, ..meta.clone() }, "encrypted"),
        (Raw { flags: 1 << 13, ..meta.clone() }, "encrypted"),
        (Raw { method: 12, ..meta.clone() }, "method 12"),
        (Raw { method: 9, ..meta.clone() }, "method 9"),
        (Raw { flags: 1 << 5, ..meta.clone() }, "method"),
    ] {
        let error = error(&with([entry]));
        assert!(matches!(&error, Error::Unsupported { why: w, .. } if w.contains(why)), "{why}: {error}");
    }
}

#[test]
fn headers_that_lie() {
    let name = "20_webdav/__/.pmeta";
    let text = [BOX_META, &b" ".repeat(5000)].concat();
    let packed = Raw::deflated(name, &text);
    let stored = Raw::new(name, BOX_META);
    let longer = [&packed.data[..], b"x"].concat();
    for (entry, why) in [
        (Raw { size: 10, ..packed.clone() }, "longer than its declared size"),
        (Raw { size: 10_000, ..packed.clone() }, "ends before its declared size"),
        (Raw { packed: packed.packed - 3, ..packed.clone() }, "cut off"),
        (Raw { packed: packed.packed + 1, data: longer, ..packed.clone() }, "more data than content"),
        (Raw { crc32: 1, ..packed.clone() }, "checksum"),
        (Raw { crc32: 1, ..stored.clone() }, "checksum"),
        (Raw { method: 8, ..stored.clone() }, "compressed data is damaged"),
        (Raw { local_name: Some(b"20_webdav/!!/.pmeta".to_vec()), ..stored.clone() }, "differ in the name"),
        (Raw { local_method: Some(8), ..stored.clone() }, "differ in the method"),
    ] {
        let error = error(&with([entry]));
        assert!(
            matches!(&error, Error::Corrupt { entry, why: w } if entry == name && w.contains(why)),
            "{why}: {error}"
        );
    }
}

#[test]
fn an_entry_never_gives_more_than_it_declares() {
    let bomb = Raw { size: 10, ..Raw::deflated("20_webdav/__/f/content", &vec![0; 10 << 20]) };
    let bytes =
        with([Raw::new("20_webdav/__/.pmeta", BOX_META), Raw::new("20_webdav/__/f/.pmeta", FILE_META), bomb]);
    let reader = open(&bytes).unwrap();
    let mut content = reader.resources().find_map(|resource| resource.unwrap().content).unwrap();
    let mut given = Vec::new();
    assert!(content.read_to_end(&mut given).is_err());
    assert!(given.len() <= 10);
}

#[test]
fn bombs() {
    let name = "20_webdav/__/f/content";
    let bomb = Raw { size: 1 << 30, ..Raw::deflated(name, &[0; 100_000]) };
    let error = error(&with([bomb]));
    assert!(
        matches!(&error, Error::Limit { entry, what, .. } if entry == name && what.contains("ratio")),
        "{error}"
    );
    // Small ones may have any ratio: a text of spaces is no attack.
    let fine = Raw::deflated("20_webdav/__/.pmeta", &[BOX_META, &b" ".repeat(1 << 20)].concat());
    read_all(&open(&with([fine])).unwrap()).unwrap();
}

#[test]
fn limits() {
    let line = br#"{"_type":"Box","_source":{"c":"c","p":1,"s":{"Name":"a name that is long enough"},"u":2},"_id":"b"}"#;
    let mut entries = empty();
    entries[4] = Raw::new("10_odata/10_box.pjson", line);
    entries.push(Raw::new("20_webdav/__/.pmeta", BOX_META));
    entries.push(Raw::new("20_webdav/__/a/.pmeta", FILE_META));
    entries.push(Raw::new("20_webdav/__/a/content", b"0123456789"));
    let (bytes, _) = archive(&entries);
    let largest = line.len() as u64;
    let total: u64 = entries.iter().map(|entry| u64::from(entry.size)).sum();
    let all = || Limits {
        max_entries: entries.len() as u64,
        max_total_bytes: total,
        max_entry_bytes: largest,
        max_line_bytes: line.len(),
        max_meta_bytes: FILE_META.len().max(59) as u64,
        max_depth: 2,
        ..Limits::default()
    };
    with_limits(&bytes, all()).unwrap();
    for (what, limits) in [
        ("number of entries", Limits { max_entries: all().max_entries - 1, ..all() }),
        ("total size", Limits { max_total_bytes: total - 1, ..all() }),
        ("size of an entry", Limits { max_entry_bytes: largest - 1, ..all() }),
        ("length of a line", Limits { max_line_bytes: line.len() - 1, ..all() }),
        ("size of a small entry", Limits { max_meta_bytes: 20, ..all() }),
        ("depth of a path", Limits { max_depth: 1, ..all() }),
    ] {
        let error = with_limits(&bytes, limits).expect_err(what);
        assert!(matches!(&error, Error::Limit { what: w, .. } if *w == what), "{what}: {error}");
    }
}

#[test]
fn what_is_missing_is_named() {
    for missing in empty().iter().skip(2) {
        let name = String::from_utf8(missing.name.clone()).unwrap();
        let entries: Vec<Raw> = empty().into_iter().filter(|entry| entry.name != missing.name).collect();
        let error = error(&archive(&entries).0);
        assert!(matches!(&error, Error::Missing { entry } if *entry == name), "{name}: {error}");
    }
    let box_meta = || Raw::new("20_webdav/__/.pmeta", BOX_META);
    for (more, missing) in [
        (vec![Raw::new("20_webdav/__/", b"")], "20_webdav/__/.pmeta"),
        (vec![Raw::new("20_webdav/__/a/.pmeta", FILE_META)], "20_webdav/__/.pmeta"),
        (vec![box_meta(), Raw::new("20_webdav/__/a/content", b"")], "20_webdav/__/a/.pmeta"),
        (vec![box_meta(), Raw::new("20_webdav/__/a/.pmeta", FILE_META)], "20_webdav/__/a/content"),
        (vec![Raw::new("90_saibo/manifest.json", b"{}")], "90_saibo/entries.jsonl"),
    ] {
        let bytes = with(more);
        let error = error(&bytes);
        assert!(matches!(&error, Error::Missing { entry } if entry == missing), "{missing}: {error}");
        if let Ok(report) = check(&bytes) {
            assert!(report.findings.iter().any(|finding| finding.entry == missing));
        }
    }
}

#[test]
fn shapes_that_do_not_fit() {
    let replaced = |index: usize, content: &[u8]| {
        let mut entries = empty();
        entries[index] = Raw::new(entries[index].name.clone(), content);
        archive(&entries).0
    };
    let wrong_version = br#"{"export_version":3,"unit_url":"http://u/","create_date":1}"#;
    assert!(matches!(error(&replaced(2, wrong_version)), Error::UnsupportedVersion { version: 3, .. }));
    for (index, content) in
        [(2, &b"{}"[..]), (2, b"\xff"), (3, b"{}"), (4, b"\n"), (4, b"{}\n"), (4, b"\xff\n")]
    {
        let error = error(&replaced(index, content));
        assert!(matches!(&error, Error::Malformed { line: 1, .. }), "{error}");
    }
    for (path, meta) in [("", BOX_META), ("__/", FILE_META), ("__/", META)] {
        let mut entries = empty();
        entries.retain(|entry| !path.is_empty() || entry.name != b"20_webdav/.pmeta");
        let name = format!("20_webdav/{path}.pmeta");
        entries.push(Raw::new(&name, meta));
        let error = error(&archive(&entries).0);
        assert!(matches!(&error, Error::Malformed { entry, .. } if *entry == name), "{error}");
    }
    let in_a_file = with([
        Raw::new("20_webdav/__/.pmeta", BOX_META),
        Raw::new("20_webdav/__/f/.pmeta", FILE_META),
        Raw::new("20_webdav/__/f/content", b""),
        Raw::new("20_webdav/__/f/g/.pmeta", META),
    ]);
    assert!(matches!(error(&in_a_file), Error::Hostile { entry, .. } if entry == "20_webdav/__/f/g/.pmeta"));
    for version in ["-1", "9007199254740993", "9223372036854775808", "1.5"] {
        let meta = format!(r#"{{"p":1,"t":"col.box","u":2,"v":{version},"i":"main"}}"#);
        let error = error(&with([Raw::new("20_webdav/__/.pmeta", meta.as_bytes())]));
        assert!(matches!(&error, Error::Malformed { .. }), "{version}: {error}");
    }
    let content_of_box = [Raw::new("20_webdav/__/.pmeta", BOX_META), Raw::new("20_webdav/__/content", b"x")];
    assert!(matches!(error(&with(content_of_box.clone())), Error::Hostile { .. }));
    assert!(!check(&with(content_of_box)).unwrap().is_intact());
    let wrong_length = br#"{"p":1,"t":"dav.file","u":2,"i":"file","cl":5,"et":"NONE"}"#;
    let lying = [
        Raw::new("20_webdav/__/.pmeta", BOX_META),
        Raw::new("20_webdav/__/f/.pmeta", wrong_length),
        Raw::new("20_webdav/__/f/content", b"four"),
    ];
    assert!(matches!(error(&with(lying.clone())), Error::Corrupt { .. }));
    assert!(!check(&with(lying)).unwrap().is_intact());
}

#[test]
fn what_is_nested_too_deep_to_be_read_back() {
    let roles = |value: &str| {
        let mut entries = empty();
        let line = format!(
            r#"{{"_type":"Role","_source":{{"c":"c","p":1,"s":{{"Name":"n","x":{value}}},"u":2}},"_id":"r"}}"#
        );
        let role = entries.iter_mut().find(|entry| entry.name == b"10_odata/20_role.pjson").unwrap();
        *role = Raw::new("10_odata/20_role.pjson", line.as_bytes());
        archive(&entries).0
    };
    let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    // Brackets beside each other, and in texts, are none within each other.
    for fine in [nested(99), format!("[{}0]", "[],{},".repeat(1000)), format!(r#""\"{}""#, "[".repeat(1000))]
    {
        read_all(&open(&roles(&fine)).unwrap()).unwrap();
    }
    for deep in [nested(100), nested(100_000), format!(r#"{{"\"":{}}}"#, nested(99))] {
        let error = error(&roles(&deep));
        assert!(matches!(&error, Error::Malformed { line: 1, .. }), "{error}");
    }
}

#[test]
fn a_file_that_is_cut_anywhere_is_refused() {
    let (good, _) = small();
    for length in 0..good.len() {
        match open(&good[..length]) {
            Err(Error::NotAZip) => assert!(length < 4),
            Err(Error::Truncated { .. }) => assert!(length >= 4),
            other => panic!("cut at {length}: {:?}", other.err()),
        }
    }
    assert!(matches!(
        open(b"<html>not a zip at all, and longer than an end record</html>"),
        Err(Error::NotAZip)
    ));
}

#[test]
fn more_before_or_after_is_seen() {
    let (good, _) = small();
    assert!(open(&[b"MZ", &good[..]].concat()).is_err());
    assert!(open(&[&good[..], b"x"].concat()).is_err());
    // A comment is where zip allows more, a gap between entries where it happens to: readable, but not as signed.
    let mut comment = good.clone();
    let end = comment.len();
    comment[end - 2] = 3;
    comment.extend_from_slice(b"abc");
    let report = check(&comment).unwrap();
    assert!(!report.is_intact() && report.content_is_intact());
    let mut entries = empty();
    entries[3].data.extend_from_slice(b"smuggled");
    let report = check(&archive(&entries).0).unwrap();
    assert_eq!(report.findings.len(), 1);
    assert_eq!(report.findings[0].entry, "10_odata/00_cell.json");
}

#[test]
fn an_end_record_that_lies() {
    let (good, start) = archive(&empty());
    let end = good.len() - 22;
    let patched = |at: usize, bytes: &[u8]| {
        let mut patched = good.clone();
        patched[end + at..end + at + bytes.len()].copy_from_slice(bytes);
        patched
    };
    for (at, bytes) in [
        (4, &[1u8, 0][..]),
        (8, &[1, 0]),
        (10, &[1, 0]),
        (8, &[1, 0, 1, 0]),
        (8, &[255, 255, 255, 255]),
        (12, &[255, 255, 255, 255]),
        (16, &[0, 0, 0, 0]),
        (16, &[255, 255, 255, 255]),
    ] {
        assert!(matches!(open(&patched(at, bytes)), Err(Error::Truncated { .. })), "{at}");
    }
    // A Zip64 record that claims more entries than there is room for must not make anybody allocate for them.
    for count in [u64::MAX, 1 << 60, 1 << 32, empty().len() as u64 + 1] {
        let mut bytes = good[..end].to_vec();
        let size = (end - start) as u64;
        put(&mut bytes, &[(0x0606_4b50, 4), (44, 8), (45, 2), (45, 2), (0, 8), (count, 8), (count, 8)]);
        put(&mut bytes, &[(size, 8), (start as u64, 8), (0x0706_4b50, 4), (0, 4), (end as u64, 8), (1, 4)]);
        put(&mut bytes, &[(0x0605_4b50, 4), (0, 4), (u64::MAX, 4), (u64::MAX, 8), (0, 2)]);
        assert!(matches!(open(&bytes), Err(Error::Truncated { .. })), "{count}");
    }
}

/// Many changes at once: whatever comes out, it is an error and not a panic.
#[test]
fn noise_in_a_good_archive_is_never_a_panic() {
    let (good, _) = small();
    let mut state = 88_172_645_463_325_252u64;
    let mut random = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state as usize
    };
    for _ in 0..3000 {
        let mut bytes = good.clone();
        for _ in 0..1 + random() % 8 {
            let at = random() % bytes.len();
            match random() % 3 {
                0 => bytes[at] = random() as u8,
                1 => bytes[at..(at + 4).min(good.len())].fill(255),
                _ => bytes[at..(at + 4).min(good.len())].fill(0),
            }
        }
        if bytes != good {
            assert!(!check(&bytes).is_ok_and(|report| report.is_intact()));
            if let Ok(reader) = open(&bytes) {
                let _ = read_all(&reader);
                let _ = reader.summary();
            }
        }
    }
}
