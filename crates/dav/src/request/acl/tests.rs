use super::*;

const CELL: &str = "http://localhost:9998/cell/";

fn acl(attributes: &str, aces: &str, level: Level) -> Result<AclRequest> {
    let body = format!("<D:acl xmlns:D='DAV:' xmlns:p='{PERSONIUM}' {attributes}>{aces}</D:acl>");
    AclRequest::parse(body.as_bytes(), level)
}

fn entry(principal: &str, privileges: &str) -> String {
    format!("<D:ace><D:principal>{principal}</D:principal><D:grant>{privileges}</D:grant></D:ace>")
}

#[test]
fn parsed() {
    let aces = format!(
        "{} {}",
        entry("<D:all/>", "<D:privilege><D:read/></D:privilege> <D:privilege><p:exec/></D:privilege>"),
        entry("<D:href> role1 </D:href>", "<D:privilege><D:write></D:write></D:privilege>"),
    );
    let acl = acl("xml:base='http://u/c/__role/[main]/' p:requireSchemaAuthz='public'", &aces, Level::Box);
    let expected = AclRequest {
        base: Some("http://u/c/__role/[main]/".into()),
        require_schema_authz: Some(SchemaAuthz::Public),
        aces: vec![
            AceRequest {
                principal: PrincipalRequest::All,
                privileges: vec![Privilege::Read, Privilege::Exec],
            },
            AceRequest {
                principal: PrincipalRequest::Href("role1".into()),
                privileges: vec![Privilege::Write],
            },
        ],
    };
    assert_eq!(acl.unwrap(), expected);
}

#[test]
fn nothing_in_it() {
    for attributes in ["", "xml:base='' p:requireSchemaAuthz=''"] {
        let expected = AclRequest { base: None, require_schema_authz: None, aces: vec![] };
        assert_eq!(acl(attributes, "", Level::Box).unwrap(), expected);
    }
}

#[test]
fn refused() {
    let read = "<D:privilege><D:read/></D:privilege>";
    let cases = [
        acl("p:requireSchemaAuthz='secret'", "", Level::Box),
        acl("", "<D:ace/>", Level::Box),
        acl("", "<D:ace><D:principal><D:all/></D:principal></D:ace>", Level::Box),
        acl("", &format!("<D:ace><D:grant>{read}</D:grant></D:ace>"), Level::Box),
        acl("", &entry("", read), Level::Box),
        acl("", &entry("<D:test/>", read), Level::Cell),
        acl("", &entry("<D:href/>", read), Level::Box),
        acl("", &entry("<D:all/>", ""), Level::Box),
        acl("", &entry("<D:all/>", "<D:privilege/>"), Level::Box),
        acl("", &entry("<D:all/>", "<D:privilege>read</D:privilege>"), Level::Box),
        acl("", &entry("<D:all/>", "<D:privilege><D:fly/></D:privilege>"), Level::Box),
        acl("", &entry("<D:all/>", "<D:privilege><p:read/></D:privilege>"), Level::Box),
        acl("", &entry("<D:all/>", "<D:privilege><D:exec/></D:privilege>"), Level::Box),
        acl("", &entry("<D:all/>", "<D:privilege><p:root/></D:privilege>"), Level::Box),
        acl("", &entry("<D:all/>", "<D:privilege><D:root/></D:privilege>"), Level::Cell),
    ];
    for case in cases {
        assert_eq!(case.unwrap_err().code(), ErrorCode::XmlInvalid);
    }
    for body in ["", "<acl/>", "<D:acls xmlns:D='DAV:'/>", "<D:acl xmlns:D='DAV:'>"] {
        assert_eq!(AclRequest::parse(body.as_bytes(), Level::Box).unwrap_err().code(), ErrorCode::XmlContent);
    }
    for privilege in ["<p:root/>", "<p:sign/>", "<D:read/>", "<D:alter-schema/>", "<p:stream-send/>"] {
        let aces = entry("<D:all/>", &format!("<D:privilege>{privilege}</D:privilege>"));
        assert!(acl("", &aces, Level::Cell).is_ok(), "{privilege}");
    }
}

#[test]
fn roles() {
    let main = Some("http://localhost:9998/cell/__role/__/");
    let cases = [
        ("role1", main, Some(("__", "role1"))),
        ("../box1/role1", main, Some(("box1", "role1"))),
        ("./role1", main, Some(("__", "role1"))),
        ("/cell/__role/box1/role1", main, Some(("box1", "role1"))),
        ("http://localhost:9998/cell/__role/box1/role1", main, Some(("box1", "role1"))),
        ("http://localhost:9998/cell/__role/box1/role1", None, Some(("box1", "role1"))),
        ("https://LOCALHOST/cell/__role/box1/role1", None, Some(("box1", "role1"))),
        ("role1", Some("http://localhost:9998/cell/__role/[main]/"), Some(("[main]", "role1"))),
        ("role1", Some("http://localhost:9998/cell/__role/box1/role2"), Some(("box1", "role1"))),
        ("nowhere/../__/role1", main, Some(("__", "__/role1"))),
        ("role1", None, None),
        ("role1", Some("not a URL"), None),
        ("role1", Some("http://localhost:9998/other/__role/__/"), None),
        ("role1", Some("http://localhost:9998/cells/__role/__/"), None),
        ("role1", Some("http://fqdn/cell/__role/__/"), None),
        ("role1", Some("http://localhost:9998"), None),
        ("../../../../../x", main, None),
        ("../__/", main, None),
        ("ftp://localhost/cell/__role/__/role1", None, None),
    ];
    for (href, base, expected) in cases {
        let role = RoleName::parse(href, base, CELL).ok();
        let role = role.as_ref().map(|role| (role.box_name.as_str(), role.name.as_str()));
        assert_eq!(role, expected, "{href} from {base:?}");
    }
    let subdomain = RoleName::parse("role1", Some("https://cell.unit/__role/__/"), "https://cell.unit/");
    assert_eq!(subdomain.unwrap(), RoleName { box_name: "__".into(), name: "role1".into() });
}

#[test]
fn hrefs() {
    let role = RoleName { box_name: "__".into(), name: "role1".into() };
    assert_eq!(RoleName::base_url(CELL, "box1"), "http://localhost:9998/cell/__role/box1/");
    assert_eq!(
        (role.relative_to("__").as_str(), role.relative_to("box1").as_str()),
        ("role1", "../__/role1")
    );
    for box_name in ["__", "box1"] {
        let base = RoleName::base_url(CELL, box_name);
        assert_eq!(RoleName::parse(&role.relative_to(box_name), Some(&base), CELL).unwrap(), role);
    }
}

#[test]
fn stored() {
    let aces = entry("<D:href>role1</D:href>", "<D:privilege><D:read/></D:privilege>");
    let request = acl("xml:base='http://localhost:9998/cell/__role/box1/'", &aces, Level::Box).unwrap();
    let with = |lookup: RoleLookup| request.clone().into_acl(CELL, move |_| Ok(lookup.clone()));
    let stored = with(RoleLookup::Found("r1".into())).unwrap();
    assert_eq!(stored.aces, [Ace::new(Principal::Role("r1".into()), [Privilege::Read])]);
    assert_eq!(with(RoleLookup::NoRole).unwrap_err().code(), ErrorCode::AclRoleNotFound);
    let error = with(RoleLookup::NoBox).unwrap_err();
    assert_eq!(error.code(), ErrorCode::AclBoxNotFound);
    assert_eq!(error.params(), ["http://localhost:9998/cell/__role/box1/"]);
}
