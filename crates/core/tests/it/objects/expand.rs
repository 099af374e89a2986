//! `$expand` of a list: what it shows, and that it costs as many queries for a long page as for a short one.

use std::sync::Arc;

use serde_json::{Value, json};

use super::{Service, Which, code};
use crate::hooked::{self, Hooks};
use crate::support::Fixture;
use saibo_model::ErrorCode as E;

/// A Cell whose queries are counted.
fn counted(which: Which) -> (Service, Arc<Hooks>) {
    let folder = tempfile::tempdir().unwrap();
    let (unit, hooks) = hooked::open(folder.path());
    (Service::on(Fixture { unit, folder }, which), hooks)
}

/// Roles in Boxes of their own, each with an Account, a Relation in another Box, and an ExtRole of that.
fn give(service: &Service, count: usize) {
    for n in 0..count {
        for kind in ["a", "b"] {
            service.given("Box", &[&json!({ "Name": format!("{kind}{n}") }).to_string()]);
        }
        let relation = format!("Name='friend{n}',_Box.Name='b{n}'");
        let role = format!("Name='role{n}',_Box.Name='a{n}'");
        let name = |name: &str, in_box: &str| {
            json!({ "Name": format!("{name}{n}"), "_Box.Name": format!("{in_box}{n}") }).to_string()
        };
        service.given("Role", &[&name("role", "a")]);
        service.given("Account", &[&json!({ "Name": format!("account{n}") }).to_string()]);
        service.given("Relation", &[&name("friend", "b")]);
        let ext_role = json!({ "ExtRole": format!("http://x/{n}/__role/__/r"),
            "_Relation.Name": format!("friend{n}"), "_Relation._Box.Name": format!("b{n}") });
        service.given("ExtRole", &[&ext_role.to_string()]);
        service.link(("Account", &format!("'account{n}'")), "_Role", &format!("Role({role})")).unwrap();
        service.link(("Role", &role), "_Relation", &format!("Relation({relation})")).unwrap();
    }
}

/// The names of what stands behind a navigation property of each object of a list.
fn behind(list: &[Value], property: &str, name: &str) -> Vec<Vec<String>> {
    let text = |shown: &Value| shown[name].as_str().unwrap().to_owned();
    let names = |object: &Value| match &object[property] {
        Value::Array(many) => many.iter().map(text).collect(),
        Value::Null => Vec::new(),
        one => vec![text(one)],
    };
    list.iter().map(names).collect()
}

#[test]
fn shows_what_is_behind_each() {
    let service = Service::new(Which::Cell);
    give(&service, 3);
    service.given("Role", &[r#"{"Name":"alone"}"#]);
    service.link(("Account", "'account0'"), "_Role", "Role('alone')").unwrap();
    service.link(("Account", "'account2'"), "_Role", "Role('alone')").unwrap();
    let roles = service.list("Role", "$expand=_Account,_Box&$orderby=Name").unwrap();
    assert_eq!(
        behind(&roles, "_Account", "Name"),
        [vec!["account0", "account2"], vec!["account0"], vec!["account1"], vec!["account2"]]
    );
    assert_eq!(behind(&roles, "_Box", "Name"), [vec![], vec!["a0"], vec!["a1"], vec!["a2"]]);
    let roles = service.list("Role", "$expand=_Relation&$orderby=Name%20desc&$top=2").unwrap();
    assert_eq!(behind(&roles, "_Relation", "_Box.Name"), [["b2"], ["b1"]]);
    let boxes = service.list("Box", "$expand=_Role,_Relation").unwrap();
    assert_eq!(
        behind(&boxes, "_Role", "Name"),
        [vec!["role0"], vec![], vec!["role1"], vec![], vec!["role2"], vec![]]
    );
    let ext_roles = service.list("ExtRole", "$expand=_Relation").unwrap();
    assert_eq!(behind(&ext_roles, "_Relation", "_Box.Name"), [["b0"], ["b1"], ["b2"]]);
    let relations = service.list("Relation", "$expand=_ExtRole").unwrap();
    assert_eq!(behind(&relations, "_ExtRole", "_Relation._Box.Name"), [["b0"], ["b1"], ["b2"]]);
    for (query, expected) in [
        ("$expand=_None", E::ExpandNotFound),
        ("$expand=_Account,_Box,_Relation", E::ExpandLimit),
        ("$expand=_Account&$top=101", E::QueryValueInvalid),
    ] {
        assert_eq!(code(service.list("Role", query)), Some(expected), "{query}");
    }
}

#[test]
fn no_more_than_a_hundred_behind_each() {
    let service = Service::new(Which::Cell);
    service.given("Box", &[r#"{"Name":"full"}"#, r#"{"Name":"few"}"#]);
    for n in 0..103 {
        service.given("Role", &[&json!({ "Name": format!("r{n}"), "_Box.Name": "full" }).to_string()]);
    }
    service.given("Role", &[r#"{"Name":"r","_Box.Name":"few"}"#]);
    let boxes = behind(&service.list("Box", "$expand=_Role").unwrap(), "_Role", "Name");
    assert_eq!(boxes.iter().map(Vec::len).collect::<Vec<_>>(), [100, 1]);
    assert_eq!((boxes[0][0].as_str(), boxes[0][99].as_str()), ("r0", "r99"), "those that were made first");
}

#[test]
fn costs_the_same_for_any_page() {
    let (service, hooks) = counted(Which::Cell);
    give(&service, 40);
    for (set, query) in [
        ("Role", ""),
        ("Role", "$expand=_Account"),
        ("Role", "$expand=_Account,_Relation"),
        ("Role", "$expand=_Box"),
        ("Box", "$expand=_Role,_Relation"),
        ("Account", "$expand=_Role"),
        ("ExtRole", "$expand=_Relation"),
        ("Relation", "$expand=_ExtRole,_Role"),
    ] {
        let cost = |top: usize| {
            let query = format!("{query}&$top={top}");
            let (list, queries) = hooks.queries_of(|| service.list(set, &query).unwrap());
            assert_eq!(list.len(), top, "{set} {query}");
            queries
        };
        let (short, long) = (cost(2), cost(40));
        assert_eq!(short, long, "{set} {query}");
        assert!(long <= 12, "{set} {query} takes {long} queries");
    }
}

#[test]
fn links_cost_the_same_for_any_number() {
    let (service, hooks) = counted(Which::Cell);
    give(&service, 20);
    service.given("Account", &[r#"{"Name":"few"}"#, r#"{"Name":"many"}"#]);
    for n in 0..20 {
        let role = format!("Role(Name='role{n}',_Box.Name='a{n}')");
        service.link(("Account", "'many'"), "_Role", &role).unwrap();
    }
    service.link(("Account", "'few'"), "_Role", "Role(Name='role0',_Box.Name='a0')").unwrap();
    let cost = |account: &str, count: usize| {
        let (links, queries) = hooks.queries_of(|| service.links(("Account", account), "_Role").unwrap());
        assert_eq!(links.len(), count);
        queries
    };
    assert_eq!(cost("'few'", 1), cost("'many'", 20));
}

#[test]
fn costs_the_same_for_schema_objects() {
    let (service, hooks) = counted(Which::Collection);
    for n in 0..20 {
        service.given("EntityType", &[&json!({ "Name": format!("t{n}") }).to_string()]);
        let property = json!({ "Name": "p", "_EntityType.Name": format!("t{n}"), "Type": "Edm.String" });
        service.given("Property", &[&property.to_string()]);
    }
    for (set, property, name) in [("EntityType", "_Property", "p"), ("Property", "_EntityType", "t1")] {
        let cost = |top: usize| {
            let query = format!("$expand={property}&$top={top}");
            let (list, queries) = hooks.queries_of(|| service.list(set, &query).unwrap());
            assert_eq!(behind(&list, property, "Name")[1], [name]);
            queries
        };
        assert_eq!(cost(2), cost(20), "{set}");
    }
}
