use super::CellAddressing::{Path, Subdomain};
use super::*;

fn unit(addressing: CellAddressing) -> UnitUrl {
    UnitUrl::parse("https://unit.example/", addressing).unwrap()
}

#[test]
fn unit_urls_are_normalized() {
    for (text, expected) in [
        ("https://unit.example/", "https://unit.example/"),
        ("HTTPS://Unit.Example", "https://unit.example/"),
        ("https://unit.example:443/", "https://unit.example/"),
        ("http://localhost:9998/", "http://localhost:9998/"),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080/"),
        ("http://[::1]:80/", "http://[::1]/"),
    ] {
        let unit = UnitUrl::parse(text, Path).unwrap();
        assert_eq!(unit.to_string(), expected);
        assert_eq!(unit.as_str(), format!("{}://{}/", unit.scheme(), unit.authority()));
    }
}

#[test]
fn other_urls_are_no_units() {
    for text in [
        "",
        "unit.example",
        "ftp://unit.example/",
        "https://",
        "https://unit.example/a/",
        "https://unit.example/?a",
        "https://unit.example/#a",
        "https://user@unit.example/",
        "https://user:secret@unit.example/",
    ] {
        assert_eq!(UnitUrl::parse(text, Path).unwrap_err().code(), ErrorCode::InternalUrlInvalid, "{text}");
    }
    for text in ["http://127.0.0.1/", "http://[::1]/"] {
        assert!(UnitUrl::parse(text, Path).is_ok() && UnitUrl::parse(text, Subdomain).is_err(), "{text}");
    }
}

#[test]
fn cell_urls_there_and_back() {
    let ported = UnitUrl::parse("http://localhost:9998/", Subdomain).unwrap();
    for (unit, url) in [
        (unit(Path), "https://unit.example/alice/"),
        (unit(Subdomain), "https://alice.unit.example/"),
        (ported, "http://alice.localhost:9998/"),
    ] {
        assert_eq!(unit.cell_url("alice"), url);
        assert_eq!(unit.cell_name(url).as_deref(), Some("alice"));
        assert_eq!(unit.cell_name(url.trim_end_matches('/')).as_deref(), Some("alice"));
        assert_eq!(unit.cell_name(&format!("{url}box/")), None);
        assert_eq!(unit.cell_name(unit.as_str()), None);
    }
}

#[test]
fn urls_are_split_at_their_cell() {
    for (addressing, url, expected) in [
        (Path, "https://unit.example/alice/box/f?q#f", Some(("alice", "/box/f?q#f"))),
        (Path, "HTTPS://UNIT.example:443/alice", Some(("alice", ""))),
        (Path, "https://unit.example/alice#c", Some(("alice", "#c"))),
        (Path, "https://unit.example/", None),
        (Path, "https://unit.example", None),
        (Path, "https://unit.example/__ctl/Cell", None),
        (Path, "http://unit.example/alice/", None),
        (Path, "https://unit.example:8443/alice/", None),
        (Path, "https://unit.example.evil/alice/", None),
        (Path, "https://user@unit.example/alice/", None),
        (Path, "https://alice.unit.example/", None),
        (Path, "personium-localunit:alice:/box", Some(("alice", "/box"))),
        (Subdomain, "https://Alice.unit.example/box", Some(("alice", "/box"))),
        (Subdomain, "https://alice.unit.example:443?q", Some(("alice", "?q"))),
        (Subdomain, "https://unit.example/alice/", None),
        (Subdomain, "https://a.b.unit.example/", None),
        (Subdomain, "https://.unit.example/", None),
        (Subdomain, "https://evilunit.example/", None),
        (Subdomain, "personium-localunit:/alice/box", Some(("alice", "/box"))),
        (Path, "urn:x:y", None),
    ] {
        let split = unit(addressing).split_cell(url);
        assert_eq!(split.as_ref().map(|(cell, rest)| (cell.as_str(), *rest)), expected, "{url}");
    }
}

#[test]
fn hosts_name_cells() {
    let unit = unit(Path);
    assert_eq!(unit.cell_of_host("Alice.Unit.example:443").as_deref(), Some("alice"));
    assert_eq!(unit.cell_of_host("unit.example"), None);
    assert_eq!(unit.cell_of_host("alice.unit.example:80"), None);
    assert!(unit.is_own_host("UNIT.example") && unit.is_own_host("unit.example:443"));
    assert!(!unit.is_own_host("alice.unit.example") && !unit.is_own_host("unit.example:80"));
}

#[test]
fn localunit_to_http() {
    for (local, path, subdomain) in [
        ("personium-localunit:/a/", "https://unit.example/a/", "https://a.unit.example/"),
        ("personium-localunit:/a", "https://unit.example/a/", "https://a.unit.example/"),
        ("personium-localunit:/a/#u", "https://unit.example/a/#u", "https://a.unit.example/#u"),
        (
            "personium-localunit:/a/b/c?d=e",
            "https://unit.example/a/b/c?d=e",
            "https://a.unit.example/b/c?d=e",
        ),
        ("personium-localunit:/a/b:c", "https://unit.example/a/b:c", "https://a.unit.example/b:c"),
        ("personium-localunit:a/b", "https://unit.example/a/b", "https://a.unit.example/b"),
        ("personium-localunit:a:", "https://unit.example/a/", "https://a.unit.example/"),
        ("personium-localunit:a:/", "https://unit.example/a/", "https://a.unit.example/"),
        ("personium-localunit:a:#u", "https://unit.example/a/#u", "https://a.unit.example/#u"),
        ("personium-localunit:a:/b", "https://unit.example/a/b", "https://a.unit.example/b"),
        ("personium-localunit:a://b", "https://unit.example/a//b", "https://a.unit.example//b"),
        (
            "personium-localunit:/__ctl/Cell",
            "https://unit.example/__ctl/Cell",
            "https://unit.example/__ctl/Cell",
        ),
        ("personium-localunit:/", "https://unit.example/", "https://unit.example/"),
        ("personium-localunit:", "https://unit.example/", "https://unit.example/"),
        ("personium-localcell:/a", "personium-localcell:/a", "personium-localcell:/a"),
        ("https://other.example/a/", "https://other.example/a/", "https://other.example/a/"),
        ("", "", ""),
    ] {
        assert_eq!(unit(Path).localunit_to_http(local), path);
        assert_eq!(unit(Subdomain).localunit_to_http(local), subdomain);
    }
}

#[test]
fn http_to_localunit() {
    for (addressing, url, expected) in [
        (Path, "https://unit.example/a/", "personium-localunit:a:/"),
        (Path, "https://unit.example/a", "personium-localunit:a:/"),
        (Path, "https://unit.example/a#c", "personium-localunit:a:/#c"),
        (Path, "https://unit.example/a/b?c#d", "personium-localunit:a:/b?c#d"),
        (Path, "https://unit.example", "personium-localunit:/"),
        (Path, "https://unit.example/__ctl/Cell", "personium-localunit:/__ctl/Cell"),
        (Path, "https://other.example/a/", "https://other.example/a/"),
        (Subdomain, "https://a.unit.example/", "personium-localunit:a:/"),
        (Subdomain, "https://a.unit.example/b/?c=1#d", "personium-localunit:a:/b/?c=1#d"),
        (Subdomain, "https://unit.example/a/#u", "personium-localunit:/a/#u"),
        (Subdomain, "https://a.other.example/", "https://a.other.example/"),
        (Subdomain, "personium-localunit:/a/", "personium-localunit:/a/"),
        (Subdomain, "text", "text"),
    ] {
        assert_eq!(unit(addressing).http_to_localunit(url), expected);
    }
}

#[test]
fn spellings_are_all_of_one_place() {
    let all = ["https://a.unit.example/b", "personium-localunit:/a/b", "personium-localunit:a:/b"];
    for first in all {
        let mut spellings = unit(Subdomain).spellings(first);
        assert_eq!(spellings[0], first);
        spellings.sort();
        assert_eq!(spellings, all);
    }
    assert_eq!(unit(Path).spellings("https://other.example/a/"), ["https://other.example/a/"]);
    assert_eq!(
        unit(Path).spellings("https://unit.example/"),
        ["https://unit.example/", "personium-localunit:/"]
    );
}

#[test]
fn localcell_and_localbox() {
    let (cell, box_) = ("https://unit.example/a/", "https://unit.example/a/b/");
    for (local, http) in [("/", ""), ("/x", "x"), ("/b/x?y#z", "b/x?y#z")] {
        let (localcell, in_cell) = (format!("personium-localcell:{local}"), format!("{cell}{http}"));
        assert_eq!(localcell_to_http(cell, &localcell), in_cell);
        assert_eq!(http_to_localcell(cell, &in_cell), localcell);
        let (localbox, in_box) = (format!("personium-localbox:{local}"), format!("{box_}{http}"));
        assert_eq!(localbox_to_http(box_, &localbox), in_box);
        assert_eq!(http_to_localbox(box_, &in_box), localbox);
        assert_eq!(localbox_to_localcell("b", &localbox), format!("personium-localcell:/b/{http}"));
    }
    for other in ["personium-localunit:/a/", "https://unit.example/ab/", "personium-localcell:x", "text", ""]
    {
        assert_eq!(localcell_to_http(cell, other), other);
        assert_eq!(localbox_to_http(box_, other), other);
        assert_eq!(http_to_localcell(cell, other), other);
        assert_eq!(http_to_localbox(box_, other), other);
        assert_eq!(localbox_to_localcell("b", other), other);
    }
    assert_eq!(
        http_to_localcell("https://unit.example/a", "https://unit.example/ab/"),
        "https://unit.example/ab/"
    );
}

/// Checks a rule with URLs it must accept, URLs it must refuse, and its greatest length.
fn check(rule: fn(&str) -> bool, good: &[&str], bad: &[&str]) {
    for url in good {
        assert!(rule(url), "{url:?} should be accepted");
    }
    for url in bad {
        assert!(!rule(url), "{url:?} should be refused");
    }
    let filler = MAX_URI_LENGTH - good[0].len();
    let longest = |n: usize| format!("{}{}/", &good[0][..good[0].len() - 1], "x".repeat(n));
    assert!(rule(&longest(filler)) && !rule(&longest(filler + 1)));
}

const CELL_URLS: [&str; 10] = [
    "http://localhost:9998/cellHoge/",
    "https://a.unit.example/",
    "http://h/a/b/",
    "https://h:8443/%E3%81%82/",
    "https://h/あ/",
    "http://[::1]:9998/a/",
    "personium-localunit:/testcell2/",
    "personium-localunit:Cell_1:/",
    "personium-localunit:a:/b/",
    "https://user@h/a/",
];

const NO_CELL_URLS: [&str; 28] = [
    "",
    "/",
    "text",
    "http:/",
    "http://",
    "http:///",
    "http:///a/",
    "http://h",
    "http://h/a",
    "HTTP://h/a/",
    "ftp://h/a/",
    "ws://h/a/",
    "http://h/a/../b/",
    "http://h/./a/",
    "http://h/../",
    "http://h//a/",
    "http://h/a//",
    "http://h/a b/",
    "http://h/a\"/",
    "http://h/%zz/",
    "http://h/%e/",
    "http://h/?a/",
    "http://h/a/#/",
    "http://h/[a]/",
    "personium-localunit:/a",
    "personium-localunit:/a/b/",
    "personium-localunit:/",
    "personium-localcell:/",
];

#[test]
fn cell_urls() {
    check(is_cell_url, &CELL_URLS, &NO_CELL_URLS);
    check(
        is_cell_url,
        &CELL_URLS,
        &["urn:x-personium:test", "personium-localunit:a:", "personium-localunit::/"],
    );
}

#[test]
fn schema_urls() {
    check(is_schema_url, &CELL_URLS, &NO_CELL_URLS);
    check(
        is_schema_url,
        &["urn:xxx:xxx/", "urn:x-personium:test"],
        &["urn:", "URN:x", "urn:a b", "urn:a#b#c"],
    );
}

#[test]
fn http_urls() {
    let good = ["http://h/a/", "https://h", "https://h/a", "https://h/a?b=/../c#d", "https://h/?q"];
    let bad = ["", "http://", "http://h/../a", "http://h//a", "HTTP://h", "urn:x", "personium-localunit:/a/"];
    check(is_http_url, &good, &bad);
}

#[test]
fn uris() {
    let good =
        ["http://h/a/", "https://h/a//../b", "urn:x", "personium-localunit:/a/#u", "personium-localunit:a:/"];
    check(
        is_uri,
        &good,
        &["", "x", "http:", "http://", "ftp://h/", "urn:", "personium-localcell:/", "http://h/ "],
    );
}

#[test]
fn local_urls() {
    for (rule, scheme) in [
        (is_localunit_url as fn(&str) -> bool, "personium-localunit:"),
        (is_localcell_url, "personium-localcell:"),
        (is_localbox_url, "personium-localbox:"),
    ] {
        let with = |paths: &[&str]| paths.iter().map(|path| format!("{scheme}{path}")).collect::<Vec<_>>();
        let good = with(&["/a/b/", "/", "/a", "/a/b?c=d", "/a:b"]);
        let mut bad = with(&["", "a", "//a", "/a/../b", "/a b", "/%"]);
        bad.extend(["http://h/a".to_owned(), "personium-local:/a".to_owned()]);
        let [good, bad] = [&good, &bad].map(|urls| urls.iter().map(String::as_str).collect::<Vec<_>>());
        check(rule, &good, &bad);
    }
    assert!(is_localunit_url("personium-localunit:a:/b") && !is_localcell_url("personium-localcell:a:/b"));
}

#[test]
fn http_urls_are_normalized() {
    for (url, expected) in [
        ("HTTPS://Unit.Example/Alice", Some("https://unit.example/Alice/")),
        ("https://unit.example:443", Some("https://unit.example/")),
        ("http://unit.example:8080/a/./b/../", Some("http://unit.example:8080/a/")),
        ("https://unit.example/a%20b#c", Some("https://unit.example/a%20b/#c")),
        ("https://unit.example/a?q=1", Some("https://unit.example/a/?q=1")),
        ("urn:x", None),
        ("personium-localunit:/a/", None),
        ("text", None),
    ] {
        assert_eq!(normalize_http_url(url).as_deref(), expected, "{url}");
    }
}
