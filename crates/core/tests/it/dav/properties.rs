//! PROPFIND, PROPPATCH and ACL.

use saibo_core::Subject;
use saibo_core::dav::{self, Found};
use saibo_dav::response::{AclView, PrincipalView, Prop};
use saibo_model::privilege::Privilege;
use saibo_model::{EntitySet, ErrorCode, Kind, NodeKind};

use super::{Tree, acl_body, code, document, somebody};

fn patch_body(set: &str, remove: &str) -> String {
    format!(
        "<D:propertyupdate xmlns:D='DAV:' xmlns:x='urn:x'><D:set><D:prop>{set}</D:prop></D:set>\
         <D:remove><D:prop>{remove}</D:prop></D:remove></D:propertyupdate>"
    )
}

fn props(found: &Found, at: usize) -> &[Prop] {
    &found.multistatus.responses[at].propstats[0].props
}

fn acl(found: &Found, at: usize) -> Option<&AclView> {
    props(found, at).iter().find_map(|prop| match prop {
        Prop::Acl(acl) => Some(acl),
        _ => None,
    })
}

fn dead(found: &Found) -> Vec<String> {
    let dead = props(found, 0).iter().filter_map(|prop| match prop {
        Prop::Dead(property) => Some(format!("{}={}", property.name().local, property.text())),
        _ => None,
    });
    dead.collect()
}

#[test]
fn depth() {
    let tree = Tree::new();
    assert_eq!(tree.hrefs("box"), [""]);
    assert_eq!(tree.hrefs("__"), [""]);
    tree.mkcol("box/col", "");
    tree.put("box/col/file", b"");
    tree.put("box/a+file", b"");
    assert_eq!(tree.hrefs("box"), ["", "/a+file", "/col"]);
    assert_eq!(tree.hrefs("box/col"), ["", "/file"]);
    assert_eq!(tree.hrefs("box/col/file"), [""]);
    assert_eq!(tree.propfind("box", "0").multistatus.responses.len(), 1);
    let cases = [
        ("box", None, ErrorCode::DepthInvalid),
        ("box", Some("infinity"), ErrorCode::InfiniteDepth),
        ("box/no", Some("0"), ErrorCode::ResourceNotFound),
        ("box/no", None, ErrorCode::ResourceNotFound),
        ("nobox", Some("0"), ErrorCode::BoxNotFound),
    ];
    for (path, depth, expected) in cases {
        let found = dav::propfind(&tree.request(&tree.master(), path), depth, b"").map_err(code);
        assert_eq!(found, Err(expected), "{path} {depth:?}");
    }
    let found = dav::propfind(&tree.request(&tree.master(), "box"), Some("0"), b"<x/>").map_err(code);
    assert_eq!(found, Err(ErrorCode::XmlParse));
}

#[test]
fn live_properties() {
    let tree = Tree::new();
    tree.put("box/file", b"12345");
    let found = tree.propfind("box/file", "0");
    let Prop::CreationDate(created) = props(&found, 0)[0] else { panic!("first of all its date") };
    assert_eq!(
        props(&found, 0)[1..5],
        [
            Prop::ContentLength(5),
            Prop::ContentType("text/plain".to_owned()),
            Prop::LastModified(created),
            Prop::ResourceType(NodeKind::File),
        ]
    );
}

#[test]
fn dead_properties() {
    let tree = Tree::new();
    for path in ["box", "box/col", "box/col/file"] {
        match path {
            "box" => {}
            "box/col" => tree.mkcol(path, ""),
            _ => drop(tree.put(path, b"")),
        }
        let before = tree.propfind(path, "0").etag;
        let patch = |set: &str, remove: &str| {
            dav::proppatch(&tree.request(&tree.master(), path), patch_body(set, remove).as_bytes()).unwrap()
        };
        let set = patch("<x:a>1</x:a><x:b>2</x:b>", "<x:gone/>");
        assert_eq!(set.etag.version, before.version + 1);
        assert!(set.etag.updated > before.updated);
        let statuses: Vec<u16> = set.multistatus.responses[0].propstats.iter().map(|p| p.status).collect();
        assert_eq!(statuses, [200, 404]);
        assert_eq!(dead(&tree.propfind(path, "0")), ["a=1", "b=2"]);
        patch("<x:b>3</x:b><D:getetag>x</D:getetag>", "<x:a/>");
        assert_eq!(dead(&tree.propfind(path, "0")), ["b=3"]);
    }
    let patch = |path: &str, body: &str| {
        dav::proppatch(&tree.request(&tree.master(), path), body.as_bytes()).map_err(code)
    };
    assert_eq!(patch("box/no", "x"), Err(ErrorCode::ResourceNotFound));
    assert_eq!(patch("box", "x"), Err(ErrorCode::XmlParse));
    tree.mkcol("box/service", "<p:service/>");
    assert_eq!(patch("box/service/__src", "x"), Err(ErrorCode::MethodNotAllowed));
}

#[test]
fn acls_are_inherited_and_shown() {
    let tree = Tree::new();
    tree.mkcol("box/col", "");
    tree.mkcol("box/col/inner", "");
    let before = tree.propfind("box/col", "0").etag;
    dav::cell::acl(
        &tree.fixture.unit,
        &tree.cell,
        &tree.master(),
        acl_body("<D:href>role</D:href>", "<p:root/>").as_bytes(),
    )
    .unwrap();
    tree.acl("box", "<D:all/>", "<D:read/>");
    tree.acl("box/col", "<D:href>role</D:href>", "<D:write/><p:exec/>");
    let found = tree.propfind("box/col", "1");
    // An ACL is a new version, but no new content.
    assert_eq!((found.etag.version, found.etag.updated), (before.version + 1, before.updated));
    let shown = |acl: &AclView| {
        let aces = acl.aces.iter().map(|ace| {
            let principal = match &ace.principal {
                PrincipalView::All => "all".to_owned(),
                PrincipalView::Href(href) => href.clone(),
            };
            (principal, ace.privileges.clone(), ace.inherited.clone())
        });
        aces.collect::<Vec<_>>()
    };
    let role = || "../__/role".to_owned();
    let own = |inherited: Option<String>| (role(), vec![Privilege::Write, Privilege::Exec], inherited);
    // The Cell's own counts as well, but is not shown.
    let above =
        [("all".to_owned(), vec![Privilege::Read], Some("http://localhost:9998/cell/box".to_owned()))];
    let of_col = acl(&found, 0).unwrap();
    assert_eq!(of_col.base, "http://localhost:9998/cell/__role/box/");
    assert_eq!(shown(of_col), [&[own(None)], &above[..]].concat());
    let of_inner = acl(&found, 1).unwrap();
    assert_eq!(
        shown(of_inner),
        [&[own(Some("http://localhost:9998/cell/box/col".to_owned()))], &above[..]].concat()
    );

    // Who may not read the ACL of the resource sees none at all.
    let reader = somebody(Subject::Anonymous, &[]);
    let found = dav::propfind(&tree.request(&reader, "box/col"), Some("1"), b"").unwrap();
    assert_eq!((acl(&found, 0), acl(&found, 1)), (None, None));
}

#[test]
fn entries_of_roles_that_are_gone_are_not_shown() {
    let tree = Tree::new();
    let role = document(EntitySet::control(Kind::Role), "temporary", None, r#"{"Name":"temporary"}"#);
    let id = role.id.clone();
    tree.put_document(role);
    tree.acl("box", "<D:href>temporary</D:href>", "<D:read/>");
    assert_eq!(acl(&tree.propfind("box", "0"), 0).unwrap().aces.len(), 1);
    use saibo_store::StoreExt as _;
    tree.cell
        .store()
        .write(move |tx| {
            let role = tx.read().document_by_id(&id)?.unwrap();
            tx.delete_document(role.seq)
        })
        .unwrap();
    assert_eq!(acl(&tree.propfind("box", "0"), 0).unwrap().aces.len(), 0);
}

#[test]
fn acls_that_are_refused() {
    let tree = Tree::new();
    tree.mkcol("box/service", "<p:service/>");
    tree.put("box/service/__src/a.js", b"");
    let other_base =
        |base: &str| acl_body("<D:href>role</D:href>", "<D:read/>").replace("/cell/__role/__/", base);
    let cases = [
        ("box/no", String::new(), ErrorCode::ResourceNotFound),
        ("box/service/__src", String::new(), ErrorCode::MethodNotAllowed),
        ("box/service/__src/a.js", String::new(), ErrorCode::ResourceAlreadyExists),
        ("box", String::new(), ErrorCode::XmlContent),
        ("box", acl_body("<D:href>role</D:href>", "<p:root/>"), ErrorCode::XmlInvalid),
        ("box", acl_body("<D:href>other</D:href>", "<D:read/>"), ErrorCode::AclRoleNotFound),
        ("box", other_base("/other/__role/__/"), ErrorCode::AclRoleNotFound),
        ("box", other_base("/cell/__role/box/"), ErrorCode::AclRoleNotFound),
        ("box", other_base("/cell/__role/no/"), ErrorCode::AclBoxNotFound),
    ];
    for (path, body, expected) in cases {
        let got = dav::acl(&tree.request(&tree.master(), path), body.as_bytes()).map_err(code);
        assert_eq!(got, Err(expected), "{path} {body}");
    }
    let local = other_base("/cell/__role/__/").replace("http://localhost:9998/", "personium-localunit:/");
    dav::acl(&tree.request(&tree.master(), "box"), local.as_bytes()).unwrap();
}

#[test]
fn the_cell_itself() {
    let tree = Tree::new();
    let owner = tree.master();
    tree.put("box/file", b"");
    let found = dav::cell::propfind(&tree.cell, &owner, None, b"").unwrap();
    assert_eq!(found.multistatus.responses.len(), 1);
    assert_eq!(found.multistatus.responses[0].href, "http://localhost:9998/cell");
    assert!(props(&found, 0).contains(&Prop::CellStatus("normal".to_owned())));
    let deep = dav::cell::propfind(&tree.cell, &owner, Some("1"), b"").unwrap();
    assert_eq!(deep.multistatus.responses.len(), 1);

    let body = patch_body("<x:a>1</x:a>", "");
    let patched = dav::cell::proppatch(&tree.cell, &owner, body.as_bytes(), 5).unwrap();
    assert_eq!(patched.multistatus.responses[0].href, "http://localhost:9998/cell/");
    assert_eq!(dead(&dav::cell::propfind(&tree.cell, &owner, None, b"").unwrap()), ["a=1"]);

    let refused = |subject: Subject| {
        let access = somebody(subject, &[&tree.role]);
        dav::cell::proppatch(&tree.cell, &access, body.as_bytes(), 6).map_err(code).unwrap_err()
    };
    assert_eq!(refused(Subject::Anonymous), ErrorCode::AuthorizationRequired);
    assert_eq!(refused(Subject::Basic("a".to_owned())), ErrorCode::AuthorizationRequired);
    assert_eq!(refused(Subject::Invalid(ErrorCode::AccessTokenExpired)), ErrorCode::AccessTokenExpired);
    assert_eq!(refused(Subject::Resident("a".to_owned())), ErrorCode::UnitUserRequired);
    assert_eq!(refused(Subject::UnitUser("http://other/".to_owned())), ErrorCode::UnitUserRequired);

    let member = tree.member();
    assert_eq!(
        dav::cell::propfind(&tree.cell, &member, None, b"").map_err(code),
        Err(ErrorCode::NecessaryPrivilegeLacking)
    );
    for (privileges, sees_acl) in [("<p:propfind/>", false), ("<p:propfind/><p:acl-read/>", true)] {
        let body = acl_body("<D:href>role</D:href>", privileges);
        dav::cell::acl(&tree.fixture.unit, &tree.cell, &owner, body.as_bytes()).unwrap();
        let found = dav::cell::propfind(&tree.cell, &member, None, b"").unwrap();
        assert_eq!(acl(&found, 0).is_some(), sees_acl, "{privileges}");
    }
    let body = acl_body("<D:href>role</D:href>", "<p:root/>");
    let refused = dav::cell::acl(&tree.fixture.unit, &tree.cell, &member, body.as_bytes()).map_err(code);
    assert_eq!(refused, Err(ErrorCode::NecessaryPrivilegeLacking));
}
