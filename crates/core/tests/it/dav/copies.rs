//! COPY: what becomes of it.

use saibo_core::Subject;
use saibo_core::dav::{self, Transfer, Transferred};
use saibo_model::ErrorCode;

use super::moves::tree;
use super::{Outcome, Tree, code, get, put, somebody};

/// Headers with a destination.
pub(super) fn headers(to: &str, depth: Option<&str>, overwrite: Option<&str>) -> Transfer {
    Transfer {
        destination: Some(format!("/cell/{to}")),
        depth: depth.map(str::to_owned),
        overwrite: overwrite.map(str::to_owned),
        if_match: None,
    }
}

impl Tree {
    pub(super) fn copy(&self, path: &str, to: &str) -> Outcome<Transferred> {
        self.copy_with(path, &headers(to, None, None))
    }

    pub(super) fn copy_with(&self, path: &str, headers: &Transfer) -> Outcome<Transferred> {
        dav::copy(&self.request(&self.master(), path), headers).map_err(code)
    }
}

#[test]
fn a_copy_is_like_its_source_and_the_source_stays() {
    let cases = [
        ("box/file", "box/new", "box/file", "box/new"),
        ("box/file", "box/empty/new", "box/file", "box/empty/new"),
        ("box/file", "box/service/__src/b.js", "box/file", "box/service/__src/b.js"),
        ("box/service/__src/a.js", "box/empty/a.js", "box/service/__src/a.js", "box/empty/a.js"),
        ("box/col", "box/empty/new", "box/col/inner/file", "box/empty/new/inner/file"),
        ("box/service", "box/col/copy", "box/service/__src/a.js", "box/col/copy/__src/a.js"),
    ];
    for (from, to, file, copied) in cases {
        let tree = tree();
        let before = (tree.get(file).unwrap(), tree.propfind(file, "0").etag);
        let Transferred { etag, location, created } = tree.copy(from, to).unwrap();
        assert!(created, "{from} {to}");
        assert_eq!((etag.version, location), (1, format!("http://localhost:9998/cell/{to}")));
        assert_eq!(tree.propfind(to, "0").etag, etag);
        assert_eq!(tree.get(copied).unwrap(), before.0, "{from} {to}");
        assert_eq!((tree.get(file).unwrap(), tree.propfind(file, "0").etag), before, "{from} {to}");
        // They are two.
        tree.put(copied, b"another");
        assert_eq!(tree.get(file).unwrap(), before.0, "{from} {to}");
    }
    for kind in ["odata", "stream", "empty"] {
        let tree = tree();
        let (from, to) = (format!("box/{kind}"), "box/col/copy");
        tree.copy(&from, to).unwrap();
        let kind_of = |path: &str| dav::resolve(&tree.request(&tree.master(), path)).unwrap().served;
        assert_eq!(kind_of(to), kind_of(&from));
    }
}

#[test]
fn depth_0_takes_the_collection_alone() {
    for (from, members) in [("box/col", vec![""]), ("box/service", vec!["", "/__src"])] {
        let tree = tree();
        tree.copy_with(from, &headers("box/new", Some("0"), None)).unwrap();
        assert_eq!(tree.hrefs("box/new"), members);
        // Such a copy has an end in itself, too.
        let within = tree.copy_with("box/col", &headers("box/col/new", Some("0"), None));
        assert!(within.unwrap().created);
        assert_eq!(tree.hrefs("box/col/new"), [""]);
    }
    let tree = tree();
    tree.copy_with("box/file", &headers("box/new", Some("0"), None)).unwrap();
    assert_eq!(tree.get("box/new").unwrap(), b"file");
}

#[test]
fn contents_are_shared_until_nobody_has_them() {
    let tree = Tree::new();
    tree.mkcol("box/col", "");
    tree.put("box/col/file", &[7; 100_000]);
    assert_eq!(tree.blobs(), 1);
    tree.copy("box/col", "box/copy").unwrap();
    tree.copy("box/col/file", "box/copy/again").unwrap();
    assert_eq!(tree.blobs(), 1);
    tree.delete("box/col", Some("true")).unwrap();
    tree.delete("box/copy/file", None).unwrap();
    assert_eq!(tree.get("box/copy/again").unwrap(), [7; 100_000]);
    assert_eq!(tree.blobs(), 1);
    tree.put("box/other", b"other");
    tree.copy("box/other", "box/copy/again").unwrap();
    assert_eq!((tree.blobs(), tree.get("box/copy/again").unwrap()), (0, b"other".to_vec()));
    // A collection that is replaced lets go of what was in it.
    tree.put("box/copy/large", &[8; 100_000]);
    assert_eq!(tree.blobs(), 1);
    assert!(!tree.copy("box/other", "box/copy").unwrap().created);
    assert_eq!((tree.blobs(), tree.get("box/copy").unwrap()), (0, b"other".to_vec()));
}

#[test]
fn what_is_at_the_destination_is_replaced_unless_said_otherwise() {
    let cases = [
        ("box/file", "box/other", "box/other"),
        ("box/file", "box/empty", "box/empty"),
        ("box/file", "box/col/inner", "box/col/inner"),
        ("box/col", "box/other", "box/other/inner/file"),
        ("box/col", "box/empty", "box/empty/inner/file"),
        ("box/service", "box/col", "box/col/__src/a.js"),
        ("box/file", "box/service/__src/a.js", "box/service/__src/a.js"),
    ];
    for (from, to, below) in cases {
        for overwrite in [None, Some("T")] {
            let tree = tree();
            let before = tree.propfind(to, "1");
            let kept = tree.copy_with(from, &headers(to, None, Some("F")));
            assert_eq!(kept, Err(ErrorCode::DestinationExists), "{from} {to}");
            assert_eq!(tree.propfind(to, "1"), before);
            let copied = tree.copy_with(from, &headers(to, None, overwrite)).unwrap();
            assert!(!copied.created, "{from} {to}");
            assert_ne!(copied.etag, before.etag);
            assert!(tree.get(below).is_ok(), "{from} {to}");
        }
    }
    // Replaced, not filled up.
    let tree = tree();
    tree.put("box/empty/old", b"");
    tree.copy("box/col", "box/empty").unwrap();
    assert_eq!(tree.hrefs("box/empty"), ["", "/inner"]);
}

#[test]
fn properties_go_along_and_acls_do_not() {
    let tree = tree();
    let patch =
        b"<D:propertyupdate xmlns:D='DAV:' xmlns:Z='urn:z'><D:set><D:prop><Z:a>1</Z:a></D:prop></D:set>\
                  </D:propertyupdate>";
    for path in ["box/col", "box/col/inner/file"] {
        dav::proppatch(&tree.request(&tree.master(), path), patch).unwrap();
        tree.acl(path, "<D:all/>", "<D:read/>");
    }
    tree.acl("box/other", "<D:all/>", "<D:write/>");
    tree.copy("box/col", "box/new").unwrap();
    tree.copy("box/col/inner/file", "box/other").unwrap();
    for path in ["box/new", "box/new/inner/file", "box/other"] {
        assert!(tree.propfind(path, "0").multistatus.to_xml().contains(">1</Z:a>"), "{path}");
    }
    let anybody = somebody(Subject::Anonymous, &[]);
    let may = |path: &str| get(tree.request(&anybody, path), None, None).is_ok();
    assert!(may("box/col/inner/file") && !may("box/new/inner/file"));
    // What is overwritten keeps its own, as with PUT, and stays the resource that it was.
    assert!(!may("box/other"));
    assert!(put(tree.request(&anybody, "box/other"), b"", None).is_ok());
    assert_eq!(tree.propfind("box/other", "0").etag.version, 4);
}
