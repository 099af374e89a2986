//! What every kind of subject may do at every kind of endpoint: the table of [`authorize`].

use saibo_core::access::{Contents, InBox, Target, authorize};
use saibo_core::{Access, Subject};
use saibo_model::acl::{Ace, Acl, Principal, SchemaAuthz};
use saibo_model::privilege::Privilege;
use saibo_model::{ErrorCode, Id};

use super::World;

const SCHEMA: &str = "https://app.example/";
const OWNER: &str = "https://example.com/#owner";

/// `·` is allowed; otherwise the end of the error code.
#[rustfmt::skip]
const TABLE: &[(&str, [&str; 9])] = &[
    //                    Cell, by a role  everyone  plain  of an application          main    everyone
    //                    read    write    read      Box    none    public  confid.   Box      Box
    ("anonymous",        ["401-1","401-1", "·",      "401-1","401-1","401-1","401-1", "401-1", "·"]),
    ("invalid",          ["401-6","401-6", "·",      "401-6","401-6","401-6","401-6", "401-6", "·"]),
    ("master",           ["·",    "·",     "·",      "·",    "·",    "·",    "·",     "·",     "·"]),
    ("unit admin",       ["403-2","403-2", "·",      "403-2","403-2","403-2","403-2", "403-2", "·"]),
    ("unit admin, reads",["·",    "403-2", "·",      "·",    "·",    "·",    "·",     "·",     "·"]),
    ("unit admin, all",  ["·",    "·",     "·",      "·",    "·",    "·",    "·",     "·",     "·"]),
    ("owner",            ["403-2","403-2", "·",      "403-2","403-2","403-2","403-2", "403-2", "·"]),
    ("owner, reads",     ["·",    "403-2", "·",      "·",    "·",    "·",    "·",     "·",     "·"]),
    ("owner, all",       ["·",    "·",     "·",      "·",    "·",    "·",    "·",     "·",     "·"]),
    ("another, all",     ["403-2","403-2", "·",      "403-2","403-2","403-5","403-5", "403-6", "·"]),
    ("resident",         ["403-2","403-2", "·",      "403-2","403-2","403-5","403-5", "403-6", "·"]),
    ("member",           ["·",    "·",     "·",      "·",    "·",    "403-5","403-5", "403-6", "·"]),
    ("member, auth-read",["·",    "403-7", "·",      "·",    "·",    "403-5","403-5", "403-6", "·"]),
    ("member, no scope", ["403-7","403-7", "403-7",  "·",    "·",    "403-5","403-5", "403-6", "·"]),
    ("member, by role",  ["·",    "·",     "·",      "·",    "·",    "403-5","403-5", "403-6", "·"]),
    ("member, app",      ["·",    "·",     "·",      "·",    "·",    "·",    "403-6", "·",     "·"]),
    ("member, app #c",   ["·",    "·",     "·",      "·",    "·",    "·",    "·",     "·",     "·"]),
    ("member, other app",["·",    "·",     "·",      "·",    "·",    "403-5","403-5", "·",     "·"]),
    ("visitor",          ["·",    "·",     "·",      "·",    "·",    "403-5","403-5", "403-6", "·"]),
    ("visitor, app #c",  ["·",    "·",     "·",      "·",    "·",    "·",    "·",     "·",     "·"]),
    ("basic",            ["401-1","401-1", "·",      "·",    "401-1","403-5","403-5", "403-6", "·"]),
    ("password change",  ["403-2","403-2", "·",      "401-12","401-12","401-12","401-12","401-12","401-12"]),
];

fn access(name: &str, role: &Id) -> Access {
    let (kind, more) = name.split_once(", ").unwrap_or((name, ""));
    let user = |name: &str| Subject::UnitUser(name.to_owned());
    let subject = match kind {
        "anonymous" => Subject::Anonymous,
        "invalid" => Subject::Invalid(ErrorCode::AccessTokenParse),
        "master" => Subject::UnitMaster,
        "unit admin" => Subject::UnitAdmin,
        "owner" => user(OWNER),
        "another" => user("https://example.com/#another"),
        "resident" | "member" => Subject::Resident("alice".to_owned()),
        "visitor" => Subject::Visitor("https://example.com/#alice".to_owned()),
        "basic" => Subject::Basic("alice".to_owned()),
        "password change" => Subject::PasswordChange("alice".to_owned()),
        _ => panic!("{kind}"),
    };
    let scope = match more {
        "auth-read" => "auth-read",
        "no scope" | "by role" => "openid",
        _ => "root",
    };
    let mut access = Access { scopes: [scope].into_iter().collect(), ..Access::of(subject) };
    if matches!(kind, "member" | "visitor" | "basic") {
        access.roles = vec![role.clone()];
    }
    match more {
        "reads" => access.contents = Some(Contents::Read),
        "all" => access.contents = Some(Contents::All),
        "by role" => access.scope_roles = vec![role.clone()],
        "app" => access.schema = Some(SCHEMA.to_owned()),
        "app #c" => access.schema = Some(format!("{SCHEMA}#c")),
        "other app" => access.schema = Some("https://other.example/".to_owned()),
        _ => {}
    }
    access
}

#[test]
fn every_subject_at_every_endpoint() {
    let world = World::new();
    world.fixture.unit.found_cell("cell", Some(OWNER), 0).unwrap();
    let cell = world.fixture.unit.cell("cell").unwrap();
    let role = Id::random();
    let grant = |principal, privilege| vec![Acl::new(None, vec![Ace::new(principal, [privilege])])];
    let by_role = |privilege| grant(Principal::Role(role.clone()), privilege);
    let plain = InBox { schema: None, schema_authz: SchemaAuthz::None, is_main: false };
    let of_app = |schema_authz| Some(InBox { schema: Some(SCHEMA), schema_authz, is_main: false });
    let main = InBox { schema_authz: SchemaAuthz::Public, is_main: true, ..plain };
    let endpoints = [
        (Privilege::AuthRead, by_role(Privilege::Root), None),
        (Privilege::Auth, by_role(Privilege::Root), None),
        (Privilege::AuthRead, grant(Principal::All, Privilege::Root), None),
        (Privilege::Read, by_role(Privilege::All), Some(plain)),
        (Privilege::Read, by_role(Privilege::All), of_app(SchemaAuthz::None)),
        (Privilege::Read, by_role(Privilege::All), of_app(SchemaAuthz::Public)),
        (Privilege::Read, by_role(Privilege::All), of_app(SchemaAuthz::Confidential)),
        (Privilege::Read, by_role(Privilege::All), Some(main)),
        (Privilege::Read, grant(Principal::All, Privilege::All), Some(plain)),
    ];
    for (name, row) in TABLE {
        let access = access(name, &role);
        let found = endpoints.each_ref().map(|(privilege, acls, in_box)| {
            let target = Target { cell: &cell, acls, in_box: *in_box };
            match authorize(&access, target, *privilege) {
                Ok(()) => "·".to_owned(),
                Err(error) => {
                    let code = error.code();
                    let number = code.code().rsplit('-').next().unwrap().trim_start_matches('0');
                    format!("{}-{number}", code.status())
                }
            }
        });
        assert_eq!(found.each_ref().map(String::as_str), *row, "{name}");
    }
}
