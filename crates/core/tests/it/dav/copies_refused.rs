//! COPY: what is refused, and to whom.

use saibo_core::dav::{self, Transfer};
use saibo_core::{Access, Subject};
use saibo_model::node::{CELL_NODE, Node, NodeKind};
use saibo_model::{EntitySet, ErrorCode, Kind};
use saibo_store::StoreExt as _;

use super::copies::headers;
use super::moves::tree;
use super::{Tree, acl_body, code, document, somebody};

impl Tree {
    /// Every node: how deep it is, its name and version.
    fn everything(&self) -> Vec<(u32, String, i64)> {
        let mut found = Vec::new();
        let read = self.cell.store().read(|tx| {
            tx.descendants(CELL_NODE, &mut |(depth, node)| {
                found.push((depth, node.name, node.version));
                Ok(())
            })
        });
        read.unwrap();
        found
    }
}

#[test]
fn refused() {
    let tree = tree();
    tree.mkcol("box/col/inner/service", "<p:service/>");
    let cases = [
        ("box", "box/new", ErrorCode::MoveBox),
        ("box/service/__src", "box/new", ErrorCode::MoveServiceSource),
        ("box/no", "box/new", ErrorCode::ResourceNotFound),
        ("box/service/__src/no", "box/new", ErrorCode::ResourceNotFound),
        ("box/odata/Entity", "box/new", ErrorCode::MethodNotAllowed),
        ("box/service/run", "box/new", ErrorCode::MethodNotAllowed),
        ("box/stream/queue/a", "box/new", ErrorCode::MethodNotAllowed),
        ("box/file", "box/file", ErrorCode::DestinationIsSource),
        ("box/file", "box", ErrorCode::DavHeaderInvalid),
        ("box/file", "__/file", ErrorCode::DavHeaderInvalid),
        ("box/file", "box/no/new", ErrorCode::ParentNotFound),
        ("box/file", "box/a:b", ErrorCode::ResourceNameInvalid),
        ("box/file", "box/other/new", ErrorCode::MoveIntoFile),
        ("box/file", "box/odata/new", ErrorCode::MoveIntoOData),
        ("box/file", "box/service/new", ErrorCode::MoveIntoService),
        ("box/file", "box/stream/new", ErrorCode::MoveIntoService),
        ("box/col", "box/service/__src/new", ErrorCode::CollectionInServiceSource),
        ("box/col", "box/service/__src/a.js", ErrorCode::CollectionInServiceSource),
        ("box/file", "box/service/__src", ErrorCode::MoveOverServiceSource),
        // More than plain would be lost.
        ("box/file", "box/odata", ErrorCode::MoveOverCollection),
        ("box/file", "box/service", ErrorCode::MoveOverCollection),
        ("box/file", "box/stream", ErrorCode::MoveOverCollection),
        ("box/file", "box/col", ErrorCode::MoveOverCollection),
        // There would be no end, or no source.
        ("box/col", "box/col/new", ErrorCode::DavHeaderInvalid),
        ("box/col", "box/col/inner/new", ErrorCode::DavHeaderInvalid),
        ("box/col/inner/file", "box/col", ErrorCode::DavHeaderInvalid),
    ];
    let before = tree.everything();
    for (from, to, expected) in cases {
        assert_eq!(tree.copy(from, to), Err(expected), "{from} {to}");
    }
    for (depth, overwrite, expected) in [
        (Some("1"), None, ErrorCode::DepthInvalid),
        (Some(""), None, ErrorCode::DepthInvalid),
        (None, Some("X"), ErrorCode::DavHeaderInvalid),
    ] {
        assert_eq!(tree.copy_with("box/file", &headers("box/new", depth, overwrite)), Err(expected));
    }
    assert_eq!(tree.copy_with("box/file", &Transfer::default()), Err(ErrorCode::DavHeaderRequired));
    let stale = Transfer { if_match: Some("\"9-9\"".to_owned()), ..headers("box/new", None, None) };
    assert_eq!(tree.copy_with("box/file", &stale), Err(ErrorCode::ResourceEtagMismatch));
    assert_eq!(tree.everything(), before);
}

#[test]
fn entities_are_not_copied_and_nothing_around_them() {
    let tree = tree();
    tree.mkcol("box/col/odata", "<p:odata/>");
    let node = |path: &str| {
        let resolved = dav::resolve(&tree.request(&tree.master(), path)).unwrap();
        resolved.resource.last().id.clone()
    };
    for path in ["box/odata", "box/col/odata"] {
        tree.copy(path, "box/copy").unwrap();
        tree.delete("box/copy", None).unwrap();
        let set = EntitySet::schema(Kind::EntityType, node(path));
        tree.put_document(document(set, "T", None, r#"{"Name":"T"}"#));
        assert_eq!(tree.copy(path, "box/copy"), Err(ErrorCode::CopyOData));
    }
    assert_eq!(tree.copy("box/col", "box/copy"), Err(ErrorCode::CopyOData));
    assert_eq!(tree.get("box/copy"), Err(ErrorCode::ResourceNotFound));
    // What would have been replaced is still there.
    assert_eq!(tree.copy("box/col", "box/other"), Err(ErrorCode::CopyOData));
    assert_eq!(tree.get("box/other").unwrap(), b"other");
    // Alone it can be copied: there is nothing of it but its kind and its properties.
    tree.copy_with("box/odata", &headers("box/copy", Some("0"), None)).unwrap();
}

#[test]
fn limits_of_members_and_depth() {
    let tree = Tree::new();
    let limits = &tree.fixture.unit.settings().limits;
    let deepest = vec!["d"; limits.dav_depth];
    for depth in 1..=deepest.len() {
        tree.mkcol(&format!("box/{}", deepest[..depth].join("/")), "");
    }
    tree.mkcol("box/s", "<p:service/>");
    let at = |depth: usize| format!("box/{}", deepest[..depth].join("/"));
    tree.put("box/f", b"");
    let (last, above) = (deepest.len(), deepest.len() - 1);
    // Files do not count, and neither does a service's source.
    tree.copy("box/f", &format!("{}/f", at(last))).unwrap();
    tree.copy("box/s", &format!("{}/s", at(above))).unwrap();
    assert_eq!(tree.copy("box/s", &format!("{}/s", at(last))), Err(ErrorCode::CollectionTooDeep));
    tree.mkcol("box/two", "");
    tree.mkcol("box/two/two", "");
    assert_eq!(tree.copy("box/two", &format!("{}/two", at(above))), Err(ErrorCode::CollectionTooDeep));
    assert!(!tree.hrefs(&at(above)).contains(&"/two".to_owned()));
    tree.copy("box/two", &format!("{}/two", at(above - 1))).unwrap();

    tree.mkcol("box/full", "");
    let (parent, children) = (node_seq(&tree, "box/full"), limits.dav_children);
    tree.cell
        .store()
        .write(move |tx| {
            for n in 0..children {
                let name = format!("f{n}");
                tx.put_node(&mut Node::collection(NodeKind::WebDav, parent, &name, 1))?;
            }
            Ok(())
        })
        .unwrap();
    assert_eq!(tree.copy("box/f", "box/full/new"), Err(ErrorCode::TooManyChildren));
    assert!(!tree.copy("box/f", "box/full/f0").unwrap().created);
}

fn node_seq(tree: &Tree, path: &str) -> i64 {
    dav::resolve(&tree.request(&tree.master(), path)).unwrap().resource.last().seq
}

#[test]
fn both_ends_are_authorised() {
    // Granted on the source's collection, granted on the destination's, what is there, allowed.
    let cases = [
        ("<D:read/>", "<D:bind/>", "", true),
        ("<D:read-properties/>", "<D:bind/>", "", false),
        ("<D:write/>", "<D:bind/>", "", false),
        ("<D:read/>", "<D:write-content/>", "", false),
        ("<D:read/>", "<D:unbind/>", "", false),
        ("<D:read/>", "<D:bind/>", "file", false),
        ("<D:read/>", "<D:write-content/>", "file", false),
        ("<D:read/>", "<D:write-content/><D:write-properties/>", "file", true),
        ("<D:read/>", "<D:bind/>", "collection", false),
        ("<D:read/>", "<D:write-content/><D:write-properties/>", "collection", false),
        ("<D:read/>", "<D:bind/><D:unbind/>", "collection", true),
    ];
    for (source, destination, there, allowed) in cases {
        let tree = tree();
        tree.mkcol("box/from", "");
        tree.mkcol("box/to", "");
        tree.put("box/from/file", b"");
        match there {
            "file" => drop(tree.put("box/to/file", b"")),
            "collection" => tree.mkcol("box/to/file", ""),
            _ => {}
        }
        for (path, privileges) in [("box/from", source), ("box/to", destination)] {
            let privileges = privileges.replace("/><", "/></D:privilege><D:privilege><");
            tree.acl(path, "<D:href>role</D:href>", &privileges);
        }
        let attempt = |access: &Access| {
            let headers = headers("box/to/file", None, None);
            dav::copy(&tree.request(access, "box/from/file"), &headers).map_err(code)
        };
        assert_eq!(attempt(&somebody(Subject::Anonymous, &[])), Err(ErrorCode::AuthorizationRequired));
        let expected = if allowed { Ok(there.is_empty()) } else { Err(ErrorCode::NecessaryPrivilegeLacking) };
        let outcome = attempt(&tree.member()).map(|copied| copied.created);
        assert_eq!(outcome, expected, "{source} {destination} {there}");
    }
}

#[test]
fn what_asks_more_of_apps_is_not_read_along() {
    let tree = Tree::new();
    let body = r#"{"Name":"app","Schema":"http://app.example/"}"#;
    tree.put_document(document(EntitySet::control(Kind::Box), "app", None, body));
    for path in ["app/col", "app/col/inner", "app/to"] {
        tree.mkcol(path, "");
    }
    tree.put("app/col/inner/secret", b"secret");
    tree.acl("app", "<D:href>role</D:href>", "<D:all/>");
    let member = tree.member();
    let copy =
        |to: &str| dav::copy(&tree.request(&member, "app/col"), &headers(to, None, None)).map_err(code);
    assert!(copy("app/to/one").is_ok());
    let confidential = acl_body("<D:all/>", "<D:read/>").replacen(
        "<D:acl ",
        "<D:acl p:requireSchemaAuthz='confidential' ",
        1,
    );
    for path in ["app/col/inner/secret", "app/col/inner"] {
        dav::acl(&tree.request(&tree.master(), path), confidential.as_bytes()).unwrap();
        assert_eq!(copy("app/to/two"), Err(ErrorCode::SchemaNotAccepted), "{path}");
        dav::acl(&tree.request(&tree.master(), path), b"<D:acl xmlns:D='DAV:'/>").unwrap();
    }
    assert!(copy("app/to/two").is_ok());
}
