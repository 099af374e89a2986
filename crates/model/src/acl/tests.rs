use serde_json::json;

use super::*;

#[test]
fn round_trip() {
    let cases = [
        json!({}),
        json!({"@p.requireSchemaAuthz": "public"}),
        json!({"D.ace": [{"D.principal": {"D.all": ""}, "D.grant": {"D.privilege": [{"D.read-properties": {}}]}}]}),
        json!({
            "@p.requireSchemaAuthz": "confidential",
            "D.ace": [
                {"D.principal": {"D.href": "r1"}, "D.grant": {"D.privilege": [{"p.auth-read": {}}, {"D.read": {}}]}},
                {"D.principal": {"D.href": "r2"}, "D.grant": {"D.privilege": [{"p.root": {}}]}},
            ],
        }),
        // As a Cell of the reference exported them.
        json!({"D.ace":[{"D.principal":{"D.href":"cRbIZPK6ShGU2f9IQFl8dg"},"D.grant":{"D.privilege":[{"D.read":{}}]}},{"D.principal":{"D.all":""},"D.grant":{"D.privilege":[{"D.read-properties":{}}]}}]}),
        json!({"@p.requireSchemaAuthz":"public","D.ace":[{"D.principal":{"D.href":"5CEJVzP3R7eJR-Ysnm6e8Q"},"D.grant":{"D.privilege":[{"D.all":{}}]}}]}),
        json!({"D.ace":[{"D.principal":{"D.href":"F-kWZ1-jRauA8G7gxARpFQ"},"D.grant":{"D.privilege":[{"D.write":{}},{"D.read":{}}]}}]}),
        json!({"@p.requireSchemaAuthz": "unheard-of", "x": 1}),
        json!({"D.ace": [{}]}),
        json!({"D.ace": [{"D.grant": 1, "D.inherited": {"D.href": "x"}, "D.principal": {"D.self": ""}}]}),
        json!({"D.ace": [{"D.principal": {"D.all": ""}, "D.grant": {"D.privilege": [{"x.fly": {"y": 1}}, {"D.read": {}}]}}]}),
        json!({"D.ace": [{"D.principal": {"D.all": ""}, "D.grant": {"x": [], "D.privilege": [7]}}]}),
    ];
    for case in cases {
        let acl = Acl::from_json(&case);
        assert_eq!(acl.to_json(), case);
        assert_eq!(Acl::parse(acl.to_text().as_deref()), acl);
    }
}

#[test]
fn single_members_need_no_array() {
    let acl = Acl::from_json(&json!({"D.ace": {
        "D.principal": {"D.href": "r1"}, "D.grant": {"D.privilege": {"D.read": {}}},
    }}));
    assert_eq!(acl.aces, [Ace::new(Principal::Role("r1".into()), [Privilege::Read])]);
}

#[test]
fn legacy_attribute() {
    let acl = Acl::from_json(&json!({"@requireSchemaAuthz": "public"}));
    assert_eq!(acl.require_schema_authz, Some(SchemaAuthz::Public));
    assert_eq!(acl.to_json(), json!({"@p.requireSchemaAuthz": "public"}));
}

#[test]
fn text_of_nothing() {
    assert_eq!(Acl::default().to_text(), None);
    assert_eq!(Acl::parse(None), Acl::default());
    assert_eq!(Acl::parse(Some("not JSON")), Acl::default());
    assert_eq!(Acl::parse(Some("[]")), Acl::default());
}

#[test]
fn grants() {
    let (r1, r2) = (Id::from("r1"), Id::from("r2"));
    let role = |privilege| Ace::new(Principal::Role("r1".into()), [privilege]);
    let all = |privilege| Ace::new(Principal::All, [privilege]);
    let r1 = std::slice::from_ref(&r1);
    let r2 = std::slice::from_ref(&r2);
    let cases: [(Ace, &[Id], Privilege, bool); 14] = [
        (role(Privilege::Read), r1, Privilege::Read, true),
        (role(Privilege::Read), r1, Privilege::ReadProperties, true),
        (role(Privilege::Read), r1, Privilege::Write, false),
        (role(Privilege::Read), r2, Privilege::Read, false),
        (role(Privilege::Read), &[], Privilege::Read, false),
        (role(Privilege::Root), r1, Privilege::AuthRead, true),
        (role(Privilege::Root), r1, Privilege::Write, true),
        (all(Privilege::All), &[], Privilege::Exec, true),
        (all(Privilege::All), &[], Privilege::Box, false),
        (all(Privilege::Root), &[], Privilege::Box, true),
        (all(Privilege::Root), r1, Privilege::Read, false),
        (all(Privilege::Auth), r1, Privilege::AuthRead, true),
        (Ace::new(Principal::Other(json!({"D.self": ""})), [Privilege::All]), r1, Privilege::Read, false),
        (
            Ace { grants: vec![Grant::Other(json!({"x.read": {}}))], ..all(Privilege::All) },
            r1,
            Privilege::Read,
            false,
        ),
    ];
    for (ace, roles, privilege, expected) in cases {
        let acl = Acl::new(None, vec![ace]);
        assert_eq!(acl.grants(roles, privilege), expected, "{privilege} to {roles:?} by {:?}", acl.aces);
    }
}
