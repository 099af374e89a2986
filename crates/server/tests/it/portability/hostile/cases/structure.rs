//! Files whose names, sizes or directory are no good.

use super::super::template::{CONTENT, ENTITIES, FILE, FOLDER, LINKS, ROLES, ROOT, Template, meta};
use super::super::zip::Entry;
use super::{BAD, Case, MISSING, SHAPE, VERSION};

/// What names, sizes and the directory tell: refused before anything begins.
pub(in super::super) fn structure() -> Vec<Case> {
    let good = Template::new;
    let whole = good().zip();
    let named = |name: &str| good().and(Entry::new(name, "x")).zip();
    let link_to = Entry { mode: 0o120_777, ..Entry::new("20_webdav/__/l/content", "/etc/passwd") };
    let bomb = Entry { size: 1 << 30, ..Entry::deflated(CONTENT, &[0; 100_000]) };
    let huge = Entry { size: u32::MAX - 1, packed: u32::MAX - 1, ..good().get(CONTENT) };
    let role = good().get(ROLES);
    let mut other_count = whole.clone();
    let end = other_count.len() - 22;
    other_count[end + 8..end + 12].copy_from_slice(&[7, 0, 7, 0]);
    let version = r#"{"export_version":3,"unit_url":"http://unit.example/","create_date":1}"#;
    let case = |what, file, code, parts| Case { what, file, at_once: true, code, parts };
    vec![
        case("nothing", Vec::new(), BAD, &["not a zip file"]),
        case(
            "a page",
            b"<html>not a zip file, but longer than one</html>".to_vec(),
            BAD,
            &["not a zip file"],
        ),
        case("cut at its end", whole[..whole.len() - 3].to_vec(), BAD, &["cut off"]),
        case("cut in the middle", whole[..whole.len() / 2].to_vec(), BAD, &["cut off"]),
        case("another number of entries", other_count, BAD, &["cut off or damaged"]),
        case("more behind its end", [&whole[..], b"more"].concat(), BAD, &["cut off or damaged"]),
        case("up and out", named("../evil"), BAD, &["../evil: refused"]),
        case(
            "up in the middle",
            named("20_webdav/__/../../../etc/content"),
            BAD,
            &["20_webdav/__/../../../etc/content: refused"],
        ),
        case("an absolute path", named("/etc/passwd"), BAD, &["/etc/passwd: refused"]),
        case("a drive", named("C:/windows"), BAD, &["C:/windows: refused"]),
        case(
            "a backslash",
            named("20_webdav/a\\..\\b/.pmeta"),
            BAD,
            &["a\\..\\b/.pmeta: refused", "backslash"],
        ),
        case(
            "a symbolic link",
            good().and(link_to).zip(),
            BAD,
            &["20_webdav/__/l/content: refused", "symbolic link"],
        ),
        case("an entry of no snapshot", named("readme.txt"), BAD, &["readme.txt: refused"]),
        case(
            "two of one name",
            good().and(role.clone()).zip(),
            BAD,
            &["20_role.pjson: refused", "two entries"],
        ),
        case(
            "two files of one path",
            good().and(Entry::new(CONTENT, "five!")).zip(),
            BAD,
            &["f/content: refused", "two entries"],
        ),
        case(
            "entries that overlap",
            good().with_entry(Entry { offset: Some(0), ..role.clone() }).zip(),
            BAD,
            &["12_extcell.pjson: refused", "overlaps"],
        ),
        case("a bomb", good().with_entry(bomb).zip(), BAD, &["f/content", "ratio"]),
        case("longer than the file", good().with_entry(huge).zip(), BAD, &["f/content: refused"]),
        case(
            "encrypted",
            good().with_entry(Entry { flags: 1, ..role }).zip(),
            BAD,
            &["20_role.pjson: not supported", "encrypted"],
        ),
        case(
            "another method",
            good().with_entry(Entry { method: 12, ..good().get(LINKS) }).zip(),
            BAD,
            &["80_link.pjson: not supported", "method"],
        ),
        case("an unknown version", good().with("00_manifest.json", version).zip(), VERSION, &["3"]),
        case(
            "no version",
            good().with("00_manifest.json", "{}").zip(),
            SHAPE,
            &["00_manifest.json: line 1", "export_version"],
        ),
        case("no entities", good().without(ENTITIES).zip(), MISSING, &[ENTITIES]),
        case("no root", good().without(ROOT).zip(), MISSING, &[ROOT]),
        case("a file without a folder", good().without(FOLDER).zip(), MISSING, &[FOLDER]),
        case(
            "a file in a file",
            good().and(Entry::new("20_webdav/__/f/g/.pmeta", meta("col.webdav", "g", ""))).zip(),
            BAD,
            &["20_webdav/__/f/g/.pmeta: refused", "in a file"],
        ),
        case("a content of nothing", good().without(FILE).zip(), MISSING, &[FILE]),
    ]
}
