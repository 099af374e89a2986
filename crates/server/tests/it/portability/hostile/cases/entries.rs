//! Files with entries that are damaged or of the wrong shape.

use super::super::template::{
    CONTENT, ENTITIES, FILE, FOLDER, ROLES, ROOT, Template, document, entity, meta,
};
use super::super::zip::Entry;
use super::{BAD, Case, SHAPE};

/// What is seen when an entry is read.
pub(in super::super) fn entries() -> Vec<Case> {
    let good = Template::new;
    let file = good().get(CONTENT);
    let flipped = Entry { data: b"fous".to_vec(), ..file.clone() };
    let spaces = [b' '; 5000];
    let packed = Entry::deflated(CONTENT, &spaces);
    let length =
        |length: u64| meta("dav.file", "file", &format!(r#","ct":"text/plain","cl":{length},"et":"NONE""#));
    let main = |kind: &str, version: i64| {
        let text = meta(kind, "main", "").replace("\"v\":1", &format!("\"v\":{version}"));
        good().with(FOLDER, text).zip()
    };
    let inner = |kind: &str| good().and(Entry::new("20_webdav/__/b/.pmeta", meta(kind, "inner", ""))).zip();
    let deep = format!("\"P001\":{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let deep = entity("entity", "x", "").replace("\"P001\":\"text\"", &deep);
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
        case("a main box that is none", main("col.webdav", 1), SHAPE, &["__/.pmeta: line 1", "`t`"]),
        case("a box in a box", inner("col.box"), SHAPE, &["__/b/.pmeta: line 1", "`t`"]),
        case("a Cell in a box", inner("Cell"), SHAPE, &["__/b/.pmeta: line 1", "`t`"]),
        case("a negative version", main("col.box", -1), SHAPE, &["__/.pmeta: line 1", "`v`"]),
        case("a version at its end", main("col.box", i64::MAX), SHAPE, &["__/.pmeta: line 1", "`v`"]),
        case(
            "nested too deep",
            good().with(ENTITIES, deep).zip(),
            SHAPE,
            &["70_userdata.pjson: line 1", "deep"],
        ),
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
