//! What is wrong with each file, and what is said of it.

use super::template::{
    CONTENT, ENTITIES, FILE, FOLDER, LINKS, ROLES, ROOT, Template, document, entity, link, meta,
};
use super::zip::Entry;

/// A file that must not be imported.
pub(super) struct Case {
    pub(super) what: &'static str,
    pub(super) file: Vec<u8>,
    /// Whether `POST __import` refuses it; else `GET __import` tells of it.
    pub(super) at_once: bool,
    pub(super) code: &'static str,
    /// What the message says: the entry, and where possible what is wrong with it.
    pub(super) parts: &'static [&'static str],
}

const BAD: &str = "PR400-MC-0004";
const MISSING: &str = "PR400-MC-0001";
const VERSION: &str = "PR400-MC-0003";
const SHAPE: &str = "PR400-OD-0007";
const DANGLING: &str = "PR400-OD-0024";

/// What names, sizes and the directory tell: refused before anything begins.
pub(super) fn structure() -> Vec<Case> {
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
        case("a content of nothing", good().without(FILE).zip(), MISSING, &[FILE]),
    ]
}

/// What is seen when an entry is read.
pub(super) fn entries() -> Vec<Case> {
    let good = Template::new;
    let file = good().get(CONTENT);
    let flipped = Entry { data: b"fous".to_vec(), ..file.clone() };
    let spaces = [b' '; 5000];
    let packed = Entry::deflated(CONTENT, &spaces);
    let length =
        |length: u64| meta("dav.file", "file", &format!(r#","ct":"text/plain","cl":{length},"et":"NONE""#));
    let case = |what, file, code, parts| Case { what, file, at_once: false, code, parts };
    vec![
        case("a flipped bit", good().with_entry(flipped).zip(), BAD, &["f/content: damaged", "checksum"]),
        case(
            "a small bomb",
            good().with_entry(Entry { size: 4, ..packed.clone() }).zip(),
            BAD,
            &["f/content: damaged", "longer"],
        ),
        case(
            "shorter than declared",
            good().with(FILE, length(9000)).with_entry(Entry { size: 9000, ..packed.clone() }).zip(),
            BAD,
            &["f/content: damaged", "ends before"],
        ),
        case(
            "a wrong checksum",
            good().with(FILE, length(5000)).with_entry(Entry { crc32: 1, ..packed }).zip(),
            BAD,
            &["f/content: damaged", "checksum"],
        ),
        case("another length in .pmeta", good().with(FILE, length(5)).zip(), BAD, &["f/content"]),
        case("a .pmeta that is no JSON", good().with(FILE, "{").zip(), SHAPE, &["f/.pmeta: line 1"]),
        case(
            "a .pmeta of no kind",
            good().with(FILE, meta("dav.link", "file", "")).zip(),
            SHAPE,
            &["f/.pmeta: line 1", "dav.link"],
        ),
        case("a file as the root", good().with(ROOT, meta("col.box", "root", "")).zip(), SHAPE, &[ROOT]),
        case(
            "a line that is no JSON",
            good().with_more(ROLES, "no\n").zip(),
            SHAPE,
            &["20_role.pjson: line 2"],
        ),
        case("an empty line", good().with(ROLES, "\n").zip(), SHAPE, &["20_role.pjson: line 1"]),
        case("not UTF-8", good().with(ROLES, b"\xff\n").zip(), SHAPE, &["20_role.pjson: line 1", "UTF-8"]),
        case(
            "half a line",
            good().with(ROLES, &good().get(ROLES).data[..40]).zip(),
            SHAPE,
            &["20_role.pjson: line 1"],
        ),
        case(
            "of another type",
            good().with(ROLES, document("Account", "a", r#""s":{"Name":"x"}"#)).zip(),
            SHAPE,
            &["20_role.pjson: line 1", "Account"],
        ),
        case(
            "without a name",
            good().with(ROLES, document("Role", "role", r#""s":{}"#)).zip(),
            SHAPE,
            &["20_role.pjson: line 1", "Name"],
        ),
        case(
            "a name that is a number",
            good().with(ROLES, document("Role", "role", r#""s":{"Name":7}"#)).zip(),
            SHAPE,
            &["20_role.pjson: line 1", "Name"],
        ),
        case(
            "an entity of no collection",
            good().with(ENTITIES, document("UserData", "e", r#""t":"type","s":{"__id":"x"}"#)).zip(),
            SHAPE,
            &["70_userdata.pjson: line 1", "`n`"],
        ),
        case(
            "an id that is far too long",
            good().with(ROLES, document("Role", &"r".repeat(2000), r#""s":{"Name":"x"}"#)).zip(),
            SHAPE,
            &["20_role.pjson: line 1", "_id"],
        ),
    ]
}

/// What is seen when all has been read.
pub(super) fn content() -> Vec<Case> {
    let good = Template::new;
    let role =
        |id: &str, name: &str, more: &str| document("Role", id, &format!(r#""s":{{"Name":"{name}"}}{more}"#));
    let in_box = r#","l":{"Box":"box"}"#;
    let note =
        |id: &str, source: &str| document("UserData", id, &format!(r#"{source},"s":{{"__id":"{id}"}}"#));
    let case = |what, file, code, parts| Case { what, file, at_once: false, code, parts };
    vec![
        case(
            "two of one id",
            good().with_more(ROLES, &role("role", "nurse", "")).zip(),
            SHAPE,
            &["20_role.pjson: line 2", "role"],
        ),
        case(
            "two of one id and two types",
            good().with_more(ROLES, &role("account", "nurse", "")).zip(),
            SHAPE,
            &["20_role.pjson: line 2", "account"],
        ),
        case(
            "two of one name",
            good().with_more(ROLES, &role("other", "doctor", in_box)).zip(),
            SHAPE,
            &["20_role.pjson: line 2", "other"],
        ),
        case(
            "two entities of one key",
            good().with_more(ENTITIES, &entity("other", "x", "")).zip(),
            SHAPE,
            &["70_userdata.pjson: line 2", "other"],
        ),
        case(
            "two resources of one id",
            good().and(Entry::new("20_webdav/__/d/.pmeta", meta("col.webdav", "file", ""))).zip(),
            SHAPE,
            &["20_webdav/__/", "/.pmeta: file: there is another"],
        ),
        case(
            "a dangling link",
            good().with_more(LINKS, &link(("Account", "account"), ("Role", "nobody"))).zip(),
            DANGLING,
            &["80_link.pjson: line 2", "nobody"],
        ),
        case(
            "a link between nothings",
            good().with(LINKS, link(("Account", "no-account"), ("Role", "no-role"))).zip(),
            DANGLING,
            &["80_link.pjson: line 1", "no-account"],
        ),
        case(
            "a dangling link of an entity",
            good().with_more(ENTITIES, &entity("other", "y", r#","ll":["type:nobody"]"#)).zip(),
            DANGLING,
            &["70_userdata.pjson: line 2", "nobody"],
        ),
        case(
            "a link of an entity to no id",
            good().with_more(ENTITIES, &entity("other", "y", r#","ll":["nobody"]"#)).zip(),
            SHAPE,
            &["70_userdata.pjson: line 2", "ll"],
        ),
        case(
            "a Role in no Box",
            good().with_more(ROLES, &role("other", "nurse", r#","l":{"Box":"no-box"}"#)).zip(),
            DANGLING,
            &["20_role.pjson: line 2", "no-box"],
        ),
        case(
            "an entity in no collection",
            good().with_more(ENTITIES, &note("y", r#""b":"cell","n":"no-collection","t":"type""#)).zip(),
            DANGLING,
            &["70_userdata.pjson: line 2", "no-collection"],
        ),
        case(
            "an entity of no EntityType",
            good().with_more(ENTITIES, &note("y", r#""b":"cell","n":"collection","t":"no-type""#)).zip(),
            DANGLING,
            &["70_userdata.pjson: line 2", "no-type"],
        ),
        case(
            "an entity in another Box",
            good().with_more(ENTITIES, &note("y", r#""b":"box","n":"collection","t":"type""#)).zip(),
            SHAPE,
            &["70_userdata.pjson: line", "box"],
        ),
        case(
            "a folder of no Box",
            good().and(Entry::new("20_webdav/no-box/.pmeta", meta("col.box", "no-box", ""))).zip(),
            DANGLING,
            &["20_webdav/no-box/"],
        ),
    ]
}
