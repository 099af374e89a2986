//! `$links`, navigation properties, and what hinders a deletion.

use saibo_core::odata::EntityPath;
use saibo_model::ErrorCode as E;
use saibo_odata::media::Format;
use saibo_odata::options::ListOptions;
use serde_json::Value;

use super::{Service, Which, code};

fn household() -> Service {
    let service = Service::new(Which::Cell);
    service.given("Account", &[r#"{"Name":"alice"}"#, r#"{"Name":"bob"}"#]);
    service.given("Box", &[r#"{"Name":"app"}"#]);
    service.given(
        "Role",
        &[r#"{"Name":"owner"}"#, r#"{"Name":"guest"}"#, r#"{"Name":"owner","_Box.Name":"app"}"#],
    );
    service.given("Relation", &[r#"{"Name":"friend"}"#]);
    service
}

#[test]
fn many_to_many() {
    let service = household();
    let alice = ("Account", "'alice'");
    service.link(alice, "_Role", "Role('owner')").unwrap();
    service.link(("Role", "Name='guest',_Box.Name=null"), "_Account", "Account('alice')").unwrap();
    assert_eq!(
        service.links(alice, "_Role").unwrap(),
        ["Role(Name='owner',_Box.Name=null)", "Role(Name='guest',_Box.Name=null)"]
    );
    assert_eq!(service.links(("Role", "'owner'"), "_Account").unwrap(), ["Account('alice')"]);
    for (target, expected) in [
        ("Role('owner')", E::LinkAlreadyExists),
        ("Role('nobody')", E::FieldFormat),
        ("Account('bob')", E::FieldFormat),
    ] {
        assert_eq!(code(service.link(alice, "_Role", target)), Some(expected), "{target}");
    }
    assert_eq!(code(service.link(alice, "_Box", "Box('app')")), Some(E::NoSuchAssociation));
    assert_eq!(code(service.link(("Account", "'carol'"), "_Role", "Role('owner')")), Some(E::NotFound));
    service.unlink(alice, "_Role", "'owner'").unwrap();
    assert_eq!(code(service.unlink(alice, "_Role", "'owner'")), Some(E::NotFound));
    // Links go with what they link.
    service.delete(("Role", "'guest'")).unwrap();
    assert!(service.links(alice, "_Role").unwrap().is_empty());
}

#[test]
fn a_box_is_the_parent_of_what_belongs_to_it() {
    let service = household();
    let app = ("Box", "'app'");
    assert_eq!(service.links(app, "_Role").unwrap(), ["Role(Name='owner',_Box.Name='app')"]);
    // There is an owner in the Box, and one outside.
    assert_eq!(code(service.link(app, "_Role", "Role('owner')")), Some(E::LinkConflict));
    assert_eq!(code(service.unlink(app, "_Role", "Name='owner',_Box.Name='app'")), Some(E::UnlinkConflict));
    service.link(("Role", "'guest'"), "_Box", "Box('app')").unwrap();
    service.get(("Role", "Name='guest',_Box.Name='app'")).unwrap();
    assert_eq!(code(service.delete(app)), Some(E::HasRelatedData));
    service.unlink(app, "_Role", "Name='guest',_Box.Name='app'").unwrap();
    service.get(("Role", "'guest'")).unwrap();
    service.delete(("Role", "Name='owner',_Box.Name='app'")).unwrap();
    service.delete(app).unwrap();
}

#[test]
fn through_a_navigation_property() {
    let service = household();
    let create = |(set, predicate), property: &str, body: &str| {
        let path = EntityPath { set, predicate };
        service.with(|o| o.create_navigation(path, property, body.as_bytes(), None, Format::Json))
    };
    create(("Account", "'alice'"), "_Role", r#"{"Name":"new"}"#).unwrap();
    assert_eq!(service.links(("Account", "'alice'"), "_Role").unwrap(), ["Role(Name='new',_Box.Name=null)"]);
    create(("Box", "'app'"), "_Relation", r#"{"Name":"friend"}"#).unwrap();
    service.get(("Relation", "Name='friend',_Box.Name='app'")).unwrap();
    create(("Relation", "'friend'"), "_ExtRole", r#"{"ExtRole":"http://x/__role/__/r"}"#).unwrap();
    assert_eq!(code(service.delete(("Relation", "'friend'"))), Some(E::HasRelatedData));
    for (path, property, body, expected) in [
        (("Account", "'alice'"), "_Role", r#"{"Name":"new"}"#, E::LinkAlreadyExists),
        (("Account", "'alice'"), "_Box", r#"{"Name":"new"}"#, E::NoSuchNavigationProperty),
        (("Account", "'carol'"), "_Role", r#"{"Name":"newer"}"#, E::NotFound),
        (("Account", "'alice'"), "_Role", r#"{}"#, E::RequiredFieldMissing),
        (("Account", "'alice'"), "_ReceivedMessageRead", r#"{}"#, E::MethodNotAllowed),
    ] {
        assert_eq!(code(create(path, property, body)), Some(expected), "{path:?} {property} {body}");
    }
    let path = EntityPath { set: "Account", predicate: "'alice'" };
    let list = service.with(|o| o.list_navigation(path, "_Role", &ListOptions::default())).unwrap();
    let list: Value = serde_json::from_slice(&list).unwrap();
    assert_eq!(list["d"]["results"][0]["Name"], "new");
}
