//! MOVE.

use saibo_core::dav::{self, Transfer, Transferred};
use saibo_core::{Access, Subject};
use saibo_model::ErrorCode;

use super::{Tree, acl_body, code, somebody};

/// A tree with one of everything.
pub(super) fn tree() -> Tree {
    let tree = Tree::new();
    tree.mkcol("box/col", "");
    tree.mkcol("box/col/inner", "");
    tree.put("box/col/inner/file", b"inner");
    tree.mkcol("box/empty", "");
    tree.mkcol("box/odata", "<p:odata/>");
    tree.mkcol("box/service", "<p:service/>");
    tree.mkcol("box/stream", "<p:stream/>");
    tree.put("box/service/__src/a.js", b"script");
    tree.put("box/file", b"file");
    tree.put("box/other", b"other");
    tree
}

#[test]
fn whatever_is_moved_stays_what_it_is() {
    let cases = [
        ("box/file", "box/new", "box/new", &b"file"[..]),
        ("box/file", "box/empty/new", "box/empty/new", b"file"),
        ("box/file", "box/service/__src/b.js", "box/service/__src/b.js", b"file"),
        ("box/service/__src/a.js", "box/empty/a.js", "box/empty/a.js", b"script"),
        ("box/col", "box/empty/new", "box/empty/new/inner/file", b"inner"),
        ("box/col", "box/renamed", "box/renamed/inner/file", b"inner"),
        ("box/service", "box/col/moved", "box/col/moved/__src/a.js", b"script"),
    ];
    for (from, to, below, content) in cases {
        let tree = tree();
        let before = tree.propfind(from, "0").etag;
        let Transferred { etag, location, created } = tree.move_to(from, to, "F").unwrap();
        assert!(created, "{from} {to}");
        assert_eq!((etag, location), (before, format!("http://localhost:9998/cell/{to}")));
        assert_eq!(tree.get(below).unwrap(), content, "{from} {to}");
        assert_eq!(tree.get(from), Err(ErrorCode::ResourceNotFound), "{from} {to}");
    }
}

#[test]
fn a_file_may_be_replaced() {
    for (from, to, below) in
        [("box/file", "box/other", "box/other"), ("box/col", "box/other", "box/other/inner/file")]
    {
        let tree = tree();
        assert_eq!(tree.move_to(from, to, "F"), Err(ErrorCode::DestinationExists));
        assert!(!tree.move_to(from, to, "T").unwrap().created);
        assert_ne!(tree.get(below).unwrap(), b"other");
    }
}

#[test]
fn refused() {
    let tree = tree();
    let cases = [
        ("box", "box/new", "F", ErrorCode::MoveBox),
        ("box/service/__src", "box/new", "F", ErrorCode::MoveServiceSource),
        ("box/no", "box/new", "F", ErrorCode::ResourceNotFound),
        ("box/service/__src/no", "box/new", "F", ErrorCode::ResourceNotFound),
        ("box/odata/Entity", "box/new", "F", ErrorCode::MethodNotAllowed),
        ("box/service/run", "box/new", "F", ErrorCode::MethodNotAllowed),
        ("box/file", "box/file", "T", ErrorCode::DestinationIsSource),
        ("box/file", "box", "T", ErrorCode::DavHeaderInvalid),
        ("box/file", "__/file", "T", ErrorCode::DavHeaderInvalid),
        ("box/file", "box/new", "X", ErrorCode::DavHeaderInvalid),
        ("box/file", "box/no/new", "F", ErrorCode::ParentNotFound),
        ("box/file", "box/other/no/new", "F", ErrorCode::ParentNotFound),
        ("box/file", "box/a:b", "F", ErrorCode::ResourceNameInvalid),
        ("box/file", "box/other/new", "F", ErrorCode::MoveIntoFile),
        ("box/file", "box/odata/new", "F", ErrorCode::MoveIntoOData),
        ("box/file", "box/service/new", "F", ErrorCode::MoveIntoService),
        ("box/file", "box/stream/new", "F", ErrorCode::MoveIntoService),
        ("box/col", "box/service/__src/new", "F", ErrorCode::CollectionInServiceSource),
        ("box/col", "box/service/__src/a.js", "T", ErrorCode::CollectionInServiceSource),
        ("box/file", "box/service/__src", "T", ErrorCode::MoveOverServiceSource),
        ("box/file", "box/service/__src", "F", ErrorCode::DestinationExists),
        ("box/file", "box/col", "T", ErrorCode::MoveOverCollection),
        ("box/file", "box/odata", "T", ErrorCode::MoveOverCollection),
        ("box/col", "box/col/inner/new", "F", ErrorCode::DavHeaderInvalid),
        ("box/col", "box/col/new", "F", ErrorCode::DavHeaderInvalid),
    ];
    for (from, to, overwrite, expected) in cases {
        assert_eq!(tree.move_to(from, to, overwrite), Err(expected), "{from} {to}");
    }
    assert_eq!(tree.get("box/file").unwrap(), b"file");
    assert_eq!(tree.get("box/col/inner/file").unwrap(), b"inner");
}

#[test]
fn the_source_has_a_version() {
    let tree = tree();
    let attempt = |if_match: &str| {
        let headers = Transfer {
            destination: Some("/cell/box/new".to_owned()),
            if_match: Some(if_match.to_owned()),
            ..Transfer::default()
        };
        dav::move_(&tree.request(&tree.master(), "box/file"), &headers).map_err(code)
    };
    assert_eq!(attempt("\"9-9\""), Err(ErrorCode::ResourceEtagMismatch));
    let etag = tree.propfind("box/file", "0").etag.to_string();
    assert_eq!(attempt(&etag).unwrap().location, "http://localhost:9998/cell/box/new");
}

#[test]
fn both_ends_are_authorised() {
    // Granted on the source's collection, granted on the destination's, overwriting, allowed.
    let cases = [
        ("<D:unbind/>", "<D:bind/>", false, true),
        ("<D:bind/>", "<D:bind/>", false, false),
        ("<D:unbind/>", "<D:unbind/>", false, false),
        ("<D:unbind/>", "<D:bind/>", true, false),
        ("<D:unbind/>", "<D:write/>", true, true),
    ];
    for (source, destination, overwrites, allowed) in cases {
        let tree = tree();
        tree.mkcol("box/from", "");
        tree.mkcol("box/to", "");
        tree.put("box/from/file", b"");
        if overwrites {
            tree.put("box/to/file", b"");
        }
        for (path, privilege) in [("box/from", source), ("box/to", destination)] {
            tree.acl(path, "<D:href>role</D:href>", privilege);
        }
        let headers = |overwrite: &str| Transfer {
            destination: Some("/cell/box/to/file".to_owned()),
            overwrite: Some(overwrite.to_owned()),
            ..Transfer::default()
        };
        let attempt =
            |access: &Access| dav::move_(&tree.request(access, "box/from/file"), &headers("T")).map_err(code);
        assert_eq!(attempt(&somebody(Subject::Anonymous, &[])), Err(ErrorCode::AuthorizationRequired));
        let moved = attempt(&tree.member());
        match allowed {
            true => assert_eq!(moved.map(|m| m.created), Ok(!overwrites), "{source} {destination}"),
            false => assert_eq!(moved, Err(ErrorCode::NecessaryPrivilegeLacking), "{source} {destination}"),
        }
    }
    // What is moved keeps its own ACL, and inherits anew.
    let tree = tree();
    tree.acl("box/file", "<D:all/>", "<D:read/>");
    let body = acl_body("<D:all/>", "<D:write-content/>");
    dav::acl(&tree.request(&tree.master(), "box/empty"), body.as_bytes()).unwrap();
    tree.move_to("box/file", "box/empty/file", "F").unwrap();
    let anybody = somebody(Subject::Anonymous, &[]);
    assert!(super::get(tree.request(&anybody, "box/empty/file"), None, None).is_ok());
    assert!(super::put(tree.request(&anybody, "box/empty/file"), b"", None).is_ok());
}
