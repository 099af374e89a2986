//! Reading a message, and approving or rejecting what it requests.

use saibo_core::access::Subject;
use saibo_core::{Access, dav};
use saibo_model::{EntitySet, ErrorCode as E, Kind};
use saibo_store::StoreExt as _;
use serde_json::{Value, json};

use super::{APP, Post, code, id};

const BOB: &str = "http://localhost:9998/bob/";
const CAROL: &str = "https://far.example/carol/";

/// An Account of `alice` whose Role `reader` has one privilege of the Cell.
pub(super) fn with_privilege(post: &Post, privilege: &str) -> Access {
    let role = post.alice.store().read(|tx| tx.document(&EntitySet::control(Kind::Role), None, "reader"));
    let acl = format!(
        "<D:acl xmlns:D='DAV:' xmlns:p='urn:x-personium:xmlns' xml:base='{}__role/__/'><D:ace><D:principal>\
         <D:href>reader</D:href></D:principal><D:grant><D:privilege><p:{privilege}/></D:privilege></D:grant>\
         </D:ace></D:acl>",
        post.alice.url()
    );
    dav::cell::acl(post.unit(), &post.alice, &post.access, acl.as_bytes()).unwrap();
    Access {
        roles: vec![role.unwrap().unwrap().id],
        scopes: ["root"].into_iter().collect(),
        ..Access::of(Subject::Resident("a".to_owned()))
    }
}

fn requests(post: &Post, n: u32, schema: Option<&str>, requests: &[Value]) {
    let message = json!({ "__id": id(n), "From": BOB, "Type": "request", "Status": "none", "Schema": schema,
        "RequestObjects": requests });
    post.receive(&message).unwrap();
}

fn relation(ty: &str, name: Value, class: Value, cell: &str) -> Value {
    json!({ "RequestType": ty, "Name": name, "ClassUrl": class, "TargetUrl": cell })
}

#[test]
fn reading() {
    let post = Post::new();
    let message = json!({ "__id": id(1), "From": BOB, "Type": "message", "Status": "unread" });
    post.receive(&message).unwrap();
    let status = || post.get(&post.alice, "ReceivedMessage", &id(1))["Status"].as_str().unwrap().to_owned();
    assert_eq!(post.answer(&id(1), "read").unwrap().0, 2);
    assert_eq!(status(), "read");
    assert_eq!(post.answer(&id(1), "unread").unwrap().0, 3);
    assert_eq!(status(), "unread");
    for command in ["approved", "rejected", "", "READ", "none"] {
        assert_eq!(code(post.answer(&id(1), command)), Some(E::FieldFormat), "{command}");
    }
    assert_eq!(code(post.answer(&id(9), "read")), Some(E::NoSuchEntity));
    for (body, expected) in [("", E::JsonParse), ("{}", E::FieldFormat), (r#"{"Command":1}"#, E::FieldFormat)]
    {
        let root = super::root(&post.alice);
        let done = saibo_core::message::answer(
            post.unit(),
            &post.alice,
            &post.access,
            &root,
            &id(1),
            body.as_bytes(),
            1,
        );
        assert_eq!(code(done), Some(expected), "{body}");
    }
}

#[test]
fn relations_and_roles() {
    for (kind, segment) in [("Relation", "__relation"), ("Role", "__role")] {
        let post = Post::new();
        post.given(&post.alice, "Box", &json!({ "Name": "app", "Schema": APP }));
        post.given(&post.alice, kind, &json!({ "Name": "friend" }));
        post.given(&post.alice, kind, &json!({ "Name": "friend", "_Box.Name": "app" }));
        let ty = |action: &str| format!("{}.{action}", kind.to_lowercase());
        let class = json!(format!("{APP}{segment}/__/friend"));
        let (alone, in_app) = ("'friend'", "Name='friend',_Box.Name='app'");
        let ask = |n, schema, action: &str, name: Value, class: &Value, cell: &str, command: &str| {
            requests(&post, n, schema, &[relation(&ty(action), name, class.clone(), cell)]);
            code(post.answer(&id(n), command))
        };
        // By name, without a Box and in the message's; by class, whatever the message's.
        assert_eq!(ask(1, None, "add", json!("friend"), &Value::Null, BOB, "approved"), None, "{kind}");
        assert_eq!(post.cells_of(kind, alone), [BOB]);
        assert_eq!(ask(2, Some(APP), "add", json!("friend"), &Value::Null, CAROL, "approved"), None);
        assert_eq!(post.cells_of(kind, in_app), [CAROL]);
        assert_eq!(ask(3, None, "add", Value::Null, &class, "personium-localunit:/bob/", "approved"), None);
        assert_eq!(
            post.cells_of(kind, in_app),
            [BOB, CAROL],
            "the ExtCell that is there, however it is written"
        );
        assert_eq!(
            ask(4, None, "add", Value::Null, &class, BOB, "approved"),
            Some(E::RequestedRelationExists)
        );
        let none = json!(format!("https://none.example/{segment}/__/friend"));
        assert_eq!(ask(5, None, "add", Value::Null, &none, BOB, "approved"), Some(E::ClassUrlBoxNotFound));
        let unknown = json!("foe");
        assert_eq!(
            ask(6, None, "add", unknown.clone(), &Value::Null, BOB, "approved"),
            Some(E::RequestedObjectNotFound)
        );
        assert_eq!(ask(7, None, "remove", Value::Null, &class, CAROL, "rejected"), None);
        assert_eq!(post.cells_of(kind, in_app), [BOB, CAROL]);
        assert_eq!(ask(8, None, "remove", Value::Null, &class, CAROL, "approved"), None);
        assert_eq!(post.cells_of(kind, in_app), [BOB]);
        assert_eq!(ask(9, None, "remove", Value::Null, &class, CAROL, "approved"), Some(E::NotFound));
        let far = "https://far.example/dave/";
        assert_eq!(
            ask(10, None, "remove", Value::Null, &class, far, "approved"),
            Some(E::RequestedObjectNotFound)
        );
        // What is decided is decided; what could not be done is still open.
        for (n, command, expected) in [
            (1, "approved", Some(E::FieldFormat)),
            (1, "rejected", Some(E::FieldFormat)),
            (7, "approved", Some(E::FieldFormat)),
            (6, "read", Some(E::FieldFormat)),
            (6, "rejected", None),
        ] {
            assert_eq!(code(post.answer(&id(n), command)), expected, "{n} {command}");
        }
    }
}

#[test]
fn rules() {
    let post = Post::new();
    post.given(&post.alice, "Box", &json!({ "Name": "app", "Schema": APP }));
    let rule = json!({ "RequestType": "rule.add", "Name": "r", "EventType": "x", "Action": "relay",
        "EventSubject": "http://localhost:9998/bob/#b", "TargetUrl": "http://localhost:9998/bob/__/x" });
    requests(&post, 1, Some(APP), std::slice::from_ref(&rule));
    post.answer(&id(1), "approved").unwrap();
    let made = &post.list(&post.alice, "Rule", "")[0];
    for (field, expected) in [
        ("Name", json!("r")),
        ("_Box.Name", json!("app")),
        ("EventExternal", json!(false)),
        ("EventSubject", json!("personium-localunit:bob:/#b")),
        ("TargetUrl", json!("personium-localunit:bob:/__/x")),
        ("Action", json!("relay")),
    ] {
        assert_eq!(made[field], expected, "{field}");
    }
    requests(&post, 2, Some(APP), &[rule]);
    assert_eq!(code(post.answer(&id(2), "approved")), Some(E::EntityAlreadyExists));
    let removal = json!({ "RequestType": "rule.remove", "Name": "r" });
    requests(&post, 3, None, std::slice::from_ref(&removal));
    assert_eq!(code(post.answer(&id(3), "approved")), Some(E::NoSuchEntity), "it is in another Box");
    requests(&post, 4, Some(APP), &[removal]);
    post.answer(&id(4), "approved").unwrap();
    assert!(post.list(&post.alice, "Rule", "").is_empty());
}

#[test]
fn all_of_it_or_nothing() {
    let post = Post::new();
    post.given(&post.alice, "Relation", &json!({ "Name": "friend" }));
    post.given(&post.alice, "Role", &json!({ "Name": "guest" }));
    let first = relation("relation.add", json!("friend"), Value::Null, CAROL);
    let second = relation("role.add", json!("guest"), Value::Null, CAROL);
    let third = relation("role.remove", json!("guest"), Value::Null, BOB);
    requests(&post, 1, None, &[first.clone(), second.clone(), third]);
    assert_eq!(code(post.answer(&id(1), "approved")), Some(E::RequestedObjectNotFound));
    assert!(post.cells_of("Relation", "'friend'").is_empty());
    assert!(post.list(&post.alice, "ExtCell", "").is_empty());
    assert_eq!(post.get(&post.alice, "ReceivedMessage", &id(1))["Status"], "none");
    requests(&post, 2, None, &[first, second]);
    post.answer(&id(2), "approved").unwrap();
    assert_eq!(post.cells_of("Relation", "'friend'"), [CAROL]);
    assert_eq!(post.cells_of("Role", "'guest'"), [CAROL]);
    assert_eq!(post.list(&post.alice, "ExtCell", "").len(), 1);
    assert_eq!(post.get(&post.alice, "ReceivedMessage", &id(2))["Status"], "approved");
}

#[test]
fn who_may() {
    let post = Post::new();
    post.given(&post.alice, "Role", &json!({ "Name": "reader" }));
    post.given(&post.alice, "Relation", &json!({ "Name": "friend" }));
    let rule = json!({ "RequestType": "rule.add", "Name": "r", "EventType": "x", "Action": "log" });
    requests(&post, 1, None, &[relation("relation.add", json!("friend"), Value::Null, CAROL)]);
    requests(&post, 2, None, &[rule]);
    requests(&post, 3, None, &[relation("relation.add", json!("friend"), Value::Null, CAROL)]);
    let lacking = Some(E::NecessaryPrivilegeLacking);
    for (privilege, n, command, expected) in [
        ("social", 1, "approved", lacking),
        ("message-read", 1, "approved", lacking),
        // What is approved is asked for, too; to reject takes no more than the message.
        ("message", 1, "approved", lacking),
        ("message", 2, "approved", lacking),
        ("message", 3, "rejected", None),
        ("root", 1, "approved", None),
        ("root", 2, "approved", None),
    ] {
        let access = with_privilege(&post, privilege);
        assert_eq!(code(post.answer_as(&access, &id(n), command)), expected, "{privilege} {n} {command}");
    }
    let nobody = Access::of(Subject::Anonymous);
    assert_eq!(code(post.answer_as(&nobody, &id(2), "rejected")), Some(E::AuthorizationRequired));
}
