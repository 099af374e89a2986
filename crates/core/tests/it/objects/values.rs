//! Fields: what is filled in, what is refused, and with which code.

use saibo_core::odata::EntityPath;
use saibo_core::odata::objects::Change;
use saibo_model::ErrorCode as E;
use saibo_odata::media::Format;
use serde_json::json;

use super::{Service, Which, code};

#[test]
fn what_a_new_object_may_be() {
    let service = Service::new(Which::Cell);
    service.given("Box", &[r#"{"Name":"app","Schema":"https://app.example/"}"#]);
    service.given("Relation", &[r#"{"Name":"friend"}"#]);
    for (set, body, expected) in [
        ("Role", r#"{"Name":"owner"}"#, None),
        ("Role", r#"{"Name":"owner"}"#, Some(E::EntityAlreadyExists)),
        ("Role", r#"{"Name":"owner","_Box.Name":"app"}"#, None),
        ("Role", r#"{"Name":"owner","_Box.Name":"none"}"#, Some(E::NavigationKeyNotFound)),
        ("Role", r#"{"Name":"owner","_Box.Name":null}"#, Some(E::EntityAlreadyExists)),
        ("Role", r#"{"Name":""}"#, Some(E::FieldFormat)),
        ("Role", r#"{"Name":"a/b"}"#, Some(E::FieldFormat)),
        ("Role", r#"{"Name":null}"#, Some(E::RequiredFieldMissing)),
        ("Role", r#"{}"#, Some(E::RequiredFieldMissing)),
        ("Role", r#"{"Name":"x","Colour":"red"}"#, Some(E::FieldInvalid)),
        ("Role", r#"{"Name":"-","__metadata":{}}"#, Some(E::FieldInvalid)),
        ("Role", r#"{"Name":"x","__published":"/Date(0)/"}"#, Some(E::FieldInvalid)),
        ("Role", r#"{"Name":["x"]}"#, Some(E::FieldFormat)),
        ("Role", r#""Name""#, Some(E::JsonParse)),
        ("Rôle", r#"{"Name":"x"}"#, Some(E::NoSuchEntitySet)),
        ("Box", r#"{"Name":"other","Schema":"https://app.example/"}"#, Some(E::EntityAlreadyExists)),
        ("Box", r#"{"Name":"other","Schema":"https://app.example"}"#, Some(E::SchemaUriFormat)),
        ("Box", r#"{"Name":"other","Schema":null}"#, None),
        ("Account", r#"{"Name":"alice","Type":"basic oidc:google"}"#, None),
        ("Account", r#"{"Name":"bob","Type":"magic"}"#, Some(E::FieldFormat)),
        ("Account", r#"{"Name":"bob","Status":"asleep"}"#, Some(E::FieldFormat)),
        ("Account", r#"{"Name":"bob","IPAddressRange":"192.0.2.0/24,198.51.100.1"}"#, None),
        ("ExtCell", r#"{"Url":"http://localhost:9998/bob/"}"#, None),
        ("ExtCell", r#"{"Url":"http://localhost:9998/bob"}"#, Some(E::CellUrlFormat)),
        ("ExtRole", r#"{"ExtRole":"http://x/__role/__/r","_Relation.Name":"friend"}"#, None),
        ("ExtRole", r#"{"ExtRole":"http://x/__role/__/r"}"#, Some(E::RequiredFieldMissing)),
        (
            "ExtRole",
            r#"{"ExtRole":"http://x/__role/__/r","_Relation.Name":"foe"}"#,
            Some(E::NavigationKeyNotFound),
        ),
        ("Rule", r#"{"Action":"exec","TargetUrl":"personium-localcell:/app/run"}"#, None),
        ("Rule", r#"{"Action":"exec"}"#, Some(E::FieldFormat)),
        ("Rule", r#"{"Action":"exec","TargetUrl":"http://x/"}"#, Some(E::FieldFormat)),
        (
            "Rule",
            r#"{"Action":"log","EventType":"timer.oneshot","EventExternal":true}"#,
            Some(E::FieldFormat),
        ),
        ("Rule", r#"{"Action":"log","EventType":"timer.periodic","EventObject":"5"}"#, None),
        ("Rule", r#"{"Action":"log","EventSubject":"http://localhost:9998/bob/#b"}"#, Some(E::FieldFormat)),
        ("Rule", r#"{"Action":"log","EventObject":"personium-localbox:/x"}"#, Some(E::FieldFormat)),
        ("Rule", r#"{"Action":"log","EventObject":"personium-localbox:/x","_Box.Name":"app"}"#, None),
        ("SentMessage", r#"{"Title":"x"}"#, Some(E::MethodNotAllowed)),
    ] {
        assert_eq!(code(service.create(set, body)), expected, "{set} {body}");
    }
}

#[test]
fn what_is_filled_in() {
    let service = Service::new(Which::Cell);
    let made = service.create("Account", r#"{"Name":"alice"}"#).unwrap();
    assert_eq!(made.location, "http://localhost:9998/alice/__ctl/Account('alice')");
    let account = service.get(("Account", "'alice'")).unwrap();
    assert_eq!(account["Type"], "basic");
    assert_eq!(account["Status"], "active");
    assert_eq!(account["Cell"], json!(null));
    assert_eq!(account["_Role"]["__deferred"]["uri"], format!("{}/_Role", made.location));
    // A Rule without a name is given one.
    service.given("Rule", &[r#"{"Action":"log"}"#]);
    let rule = service.list("Rule", "").unwrap().remove(0);
    assert_eq!(rule["Name"].as_str().unwrap().len(), 32);
    assert_eq!(rule["EventExternal"], false);
}

#[test]
fn keys_may_be_written_in_any_order() {
    let service = Service::new(Which::Cell);
    service.given("Box", &[r#"{"Name":"app"}"#]);
    service.given("Role", &[r#"{"Name":"r"}"#, r#"{"Name":"r","_Box.Name":"app"}"#]);
    for (predicate, in_box) in [
        ("'r'", json!(null)),
        ("Name='r'", json!(null)),
        ("Name='r',_Box.Name=null", json!(null)),
        ("_Box.Name='app',Name='r'", json!("app")),
        ("Name='r',_Box.Name='app'", json!("app")),
    ] {
        assert_eq!(service.get(("Role", predicate)).unwrap()["_Box.Name"], in_box, "{predicate}");
    }
    assert_eq!(code(service.get(("Role", "Name='r',_Box.Name='other'"))), Some(E::NoSuchEntity));
    assert_eq!(code(service.get(("Role", "1"))), Some(E::EntityKeyParse));
}

#[test]
fn changes() {
    let service = Service::new(Which::Cell);
    service.given("Box", &[r#"{"Name":"app"}"#]);
    service.given("Role", &[r#"{"Name":"r"}"#, r#"{"Name":"s"}"#]);
    service.given("Account", &[r#"{"Name":"alice","Type":"basic oidc:google"}"#]);
    // What a PUT leaves out is as in a new one, what a MERGE leaves out stays.
    let alice = ("Account", "'alice'");
    service.merge(alice, r#"{"Status":"deactivated"}"#).unwrap();
    assert_eq!(service.get(alice).unwrap()["Type"], "basic oidc:google");
    service.replace(alice, r#"{"Name":"alice"}"#).unwrap();
    assert_eq!(service.get(alice).unwrap()["Type"], "basic");
    assert_eq!(service.get(alice).unwrap()["Status"], "active");
    // Into a Box, and renamed there.
    service.replace(("Role", "'r'"), r#"{"Name":"t","_Box.Name":"app"}"#).unwrap();
    assert_eq!(code(service.get(("Role", "'r'"))), Some(E::NoSuchEntity));
    service.get(("Role", "Name='t',_Box.Name='app'")).unwrap();
    service.merge(("Role", "Name='t',_Box.Name='app'"), r#"{"Name":"u"}"#).unwrap();
    service.get(("Role", "Name='u',_Box.Name='app'")).unwrap();

    for (path, how, body, tag, expected) in [
        (("Role", "'s'"), Change::Replace, r#"{"Name":"u","_Box.Name":"app"}"#, None, E::EntityAlreadyExists),
        (("Role", "'none'"), Change::Replace, r#"{"Name":"u"}"#, None, E::NoSuchEntity),
        (("Role", "'s'"), Change::Merge, r#"{"Name":null}"#, None, E::RequiredFieldMissing),
        (("Role", "'s'"), Change::Replace, r#"{"Name":"v"}"#, Some("W/\"9-9\""), E::EntityEtagMismatch),
        (("Rule", "'x'"), Change::Merge, r#"{"Action":"log"}"#, None, E::MethodNotAllowed),
    ] {
        assert_eq!(code(service.change(path, how, body, tag)), Some(expected), "{path:?} {body}");
    }
}

#[test]
fn passwords_are_kept_hidden_and_hashed() {
    let service = Service::new(Which::Cell);
    let create = |name: &str, password: Option<&str>| {
        let body = format!(r#"{{"Name":"{name}"}}"#);
        service.with(|objects| objects.create("Account", body.as_bytes(), password, Format::Json))
    };
    create("alice", Some("password1")).unwrap();
    for bad in ["", "short", "pass word", "pässword"] {
        assert_eq!(code(create("bob", Some(bad))), Some(E::PasswordFormat), "{bad}");
    }
    let account = service.get(("Account", "'alice'")).unwrap();
    assert!(!account.to_string().contains("password1") && account.get("HashedCredential").is_none());
    let knows = |password: &str| {
        let found = |tx: &dyn saibo_store::ReadTx| saibo_core::account::Account::find(tx, "alice");
        let account = saibo_store::StoreExt::read(service.cell.store().as_ref(), found).unwrap();
        service.fixture.unit.check_password(account.as_ref(), password).unwrap()
    };
    assert!(knows("password1") && !knows("password2"));
    // A change without a password keeps it, one with a password changes it.
    let change = |password: Option<&str>| {
        let path = EntityPath { set: "Account", predicate: "'alice'" };
        service.with(|objects| objects.update(path, Change::Replace, br#"{"Name":"alice"}"#, password, None))
    };
    change(None).unwrap();
    assert!(knows("password1"));
    change(Some("password2")).unwrap();
    assert!(knows("password2") && !knows("password1"));
}

#[test]
fn lists() {
    let service = Service::new(Which::Cell);
    service.given("Box", &[r#"{"Name":"app"}"#]);
    let roles =
        [r#"{"Name":"c"}"#, r#"{"Name":"a"}"#, r#"{"Name":"b","_Box.Name":"app"}"#, r#"{"Name":"d"}"#];
    service.given("Role", &roles);
    for (query, expected) in [
        ("", "c a b d"),
        ("$orderby=Name", "a b c d"),
        ("$orderby=Name+desc&$top=2", "d c"),
        ("$orderby=Name&$skip=1&$top=2", "b c"),
        ("$filter=Name+eq+'a'", "a"),
        ("$filter=startswith(Name,'a')+or+Name+gt+'c'&$orderby=Name", "a d"),
        ("$filter=_Box.Name+eq+'app'", "b"),
        ("$filter=Name+ge+'b'+and+not+(Name+eq+'c')&$orderby=Name", "b d"),
    ] {
        assert_eq!(service.names("Role", query).join(" "), expected, "{query}");
    }
    assert_eq!(code(service.list("Role", "$filter=Colour+eq+'red'")), Some(E::UnknownQueryProperty));
    assert_eq!(code(service.list("Role", "$expand=_Nobody")), Some(E::ExpandNotFound));
}
