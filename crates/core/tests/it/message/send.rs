//! What may be sent, where it goes, and what is told of it.

use saibo_core::{Access, Subject};
use saibo_model::ErrorCode as E;
use saibo_saml::AssertionFault;
use serde_json::{Value, json};

use super::{APP, Post, code, id, with};

const BOB: &str = "http://localhost:9998/bob/";
const FAR: &str = "https://far.example/carol/";

fn results(sent: &Value) -> Vec<(&str, &str, &str)> {
    let text = |result: &Value, name: &str| result[name].as_str().unwrap().to_owned();
    let results = sent["Result"].as_array().unwrap();
    results
        .iter()
        .map(|result| {
            assert!(!text(result, "Reason").is_empty(), "{result}");
            let get = |name: &str| result[name].as_str().unwrap();
            (get("To"), get("Code"), get("Reason"))
        })
        .collect()
}

#[test]
fn within_the_unit() {
    let post = Post::new();
    let sent = post.send(&json!({ "To": BOB, "Title": "tea?", "Body": "at five\u{0}" })).unwrap();
    assert_eq!(results(&sent), [(BOB, "201", "Created.")]);
    let id = sent["__id"].as_str().unwrap();
    let received = post.get(&post.bob, "ReceivedMessage", id);
    for (field, expected) in [
        ("From", json!(post.alice.url())),
        ("Type", json!("message")),
        ("Title", json!("tea?")),
        ("Body", json!("at five\u{0}")),
        ("Priority", json!(3)),
        ("Status", json!("unread")),
        ("MulticastTo", Value::Null),
        ("_Box.Name", Value::Null),
    ] {
        assert_eq!(received[field], expected, "{field}");
    }
    let kept = post.get(&post.alice, "SentMessage", id);
    assert_eq!((&kept["To"], &kept["Result"]), (&json!(BOB), &sent["Result"]));
    assert!(kept.get("BoxBound").is_none());
    assert!(post.taken.parcels.lock().is_empty(), "no network has a part in it");
    assert_eq!(
        post.list(&post.bob, "ReceivedMessage", "$filter=From%20eq%20'http://localhost:9998/alice/'").len(),
        1
    );
}

#[test]
fn to_many() {
    let post = Post::new();
    post.given(&post.alice, "Relation", &json!({ "Name": "friend" }));
    for url in ["personium-localunit:/bob/", FAR] {
        post.given(&post.alice, "ExtCell", &json!({ "Url": url }));
        post.link(&post.alice, ("ExtCell", &format!("'{url}'")), "_Relation", "Relation('friend')");
    }
    let none = "http://localhost:9998/nobody/";
    let sent = post.send(&json!({ "To": format!("{FAR},{none},{FAR}"), "ToRelation": "friend" })).unwrap();
    let told: Vec<_> = results(&sent).iter().map(|(to, code, _)| (*to, *code)).collect();
    assert_eq!(told, [(FAR, "201"), (none, "404"), ("personium-localunit:/bob/", "201")], "each once");
    let received = post.list(&post.bob, "ReceivedMessage", "");
    assert_eq!(received[0]["MulticastTo"], format!("{FAR},{none}"));
}

#[test]
fn whom_it_can_go_to() {
    let post = Post::new();
    post.given(&post.alice, "Relation", &json!({ "Name": "lonely" }));
    let cells =
        |count: u32| (0..count).map(|n| format!("https://x.example/c{n}/")).collect::<Vec<_>>().join(",");
    for (body, expected) in [
        (json!({}), Some(E::FieldFormat)),
        (json!({ "To": "" }), Some(E::FieldFormat)),
        (json!({ "To": "bob" }), Some(E::FieldFormat)),
        (json!({ "To": format!("{BOB},") }), Some(E::FieldFormat)),
        (json!({ "To": "https://x.example/a" }), Some(E::FieldFormat)),
        (json!({ "To": "ftp://x.example/a/" }), Some(E::FieldFormat)),
        (json!({ "To": "http://x.example/ce\u{0}ll/" }), Some(E::FieldFormat)),
        (json!({ "ToRelation": "nobody" }), Some(E::ToRelationNotFound)),
        (json!({ "ToRelation": "lonely" }), Some(E::ToRelationEmpty)),
        (json!({ "ToRelation": "_x" }), Some(E::FieldFormat)),
        (json!({ "To": cells(1001) }), Some(E::TooManyDestinations)),
        (json!({ "To": cells(1000) }), None),
    ] {
        assert_eq!(
            code(post.send(&body)),
            expected,
            "{}",
            &body.to_string()[..body.to_string().len().min(80)]
        );
    }
    assert_eq!(post.list(&post.alice, "SentMessage", "").len(), 1, "what is refused is not kept");
    assert_eq!(post.taken.parcels.lock().len(), 1000, "and not sent");
}

#[test]
fn what_it_can_be() {
    let post = Post::new();
    let request = |object: Value| json!({ "Type": "request", "RequestObjects": [object] });
    let relation = json!({ "RequestType": "relation.add", "Name": "friend", "TargetUrl": BOB });
    let rule = json!({ "RequestType": "rule.add", "Action": "log", "EventType": "x" });
    let class = "https://app.example/__relation/__/friend";
    for (change, expected) in [
        (json!({}), None),
        (json!({ "__id": id(1) }), None),
        (json!({ "__id": id(1) }), Some(E::EntityAlreadyExists)),
        (json!({ "__id": "1" }), Some(E::FieldFormat)),
        (json!({ "Type": "x" }), Some(E::FieldFormat)),
        (json!({ "Title": "t".repeat(256) }), None),
        (json!({ "Title": "t".repeat(257) }), Some(E::FieldFormat)),
        (json!({ "Body": "b".repeat(65_536) }), None),
        (json!({ "Body": "b".repeat(65_537) }), Some(E::FieldFormat)),
        (json!({ "Body": "語".repeat(22_000) }), Some(E::FieldFormat)),
        (json!({ "Priority": 5 }), None),
        (json!({ "Priority": 6 }), Some(E::FieldFormat)),
        (json!({ "InReplyTo": id(2) }), None),
        (json!({ "InReplyTo": "x" }), Some(E::FieldFormat)),
        (json!({ "Unknown": 1 }), Some(E::FieldInvalid)),
        (json!({ "__published": "/Date(0)/" }), Some(E::FieldInvalid)),
        (json!({ "BoxBound": true }), Some(E::TokenSchemaBoxNotFound)),
        (json!({ "Type": "request" }), Some(E::FieldFormat)),
        (json!({ "Type": "request", "RequestObjects": [] }), Some(E::FieldFormat)),
        (json!({ "Type": "request", "RequestObjects": {} }), Some(E::FieldFormat)),
        (json!({ "Type": "request", "RequestObjects": ["x"] }), Some(E::FieldFormat)),
        (json!({ "RequestObjects": vec![relation.clone(); 1001] }), Some(E::FieldFormat)),
        (request(json!({})), Some(E::RequiredFieldMissing)),
        (request(json!({ "RequestType": "x" })), Some(E::FieldFormat)),
        (request(relation.clone()), None),
        (request(with(&relation, &json!({ "More": "x" }))), Some(E::FieldInvalid)),
        (request(with(&relation, &json!({ "Name": null }))), Some(E::FieldFormat)),
        (request(with(&relation, &json!({ "ClassUrl": class }))), Some(E::FieldFormat)),
        (request(with(&relation, &json!({ "Name": null, "ClassUrl": class }))), None),
        (request(with(&relation, &json!({ "Name": null, "ClassUrl": "x" }))), Some(E::FieldFormat)),
        (request(with(&relation, &json!({ "Name": "_x" }))), Some(E::FieldFormat)),
        (request(with(&relation, &json!({ "Name": "+x", "RequestType": "role.add" }))), Some(E::FieldFormat)),
        (request(with(&relation, &json!({ "TargetUrl": null }))), Some(E::FieldFormat)),
        (request(with(&relation, &json!({ "TargetUrl": "x" }))), Some(E::FieldFormat)),
        (request(rule.clone()), None),
        (request(with(&rule, &json!({ "Action": null }))), Some(E::FieldFormat)),
        (request(with(&rule, &json!({ "Action": "exec" }))), Some(E::FieldFormat)),
        (request(json!({ "RequestType": "rule.remove" })), Some(E::FieldFormat)),
        (request(json!({ "RequestType": "rule.remove", "Name": "r" })), None),
    ] {
        let sent = post.send(&with(&json!({ "To": BOB }), &change));
        let shown: String = change.to_string().chars().take(120).collect();
        if let (None, Ok(sent)) = (expected, &sent) {
            assert_eq!(results(sent)[0].1, "201", "what may be sent may be received: {shown} {sent}");
        }
        assert_eq!(code(sent), expected, "{shown}");
    }
}

#[test]
fn to_another_unit() {
    let post = Post::new();
    let refused = saibo_core::message::Receipt { status: 403, reason: "no".to_owned(), moved_to: None };
    // The last one first.
    *post.taken.receipts.lock() = vec![Ok(refused), Err(E::MessageConnection.into())];
    let sent = post.send(&json!({ "To": FAR, "Title": "one" })).unwrap();
    assert_eq!(results(&sent)[0].1, "500");
    let sent = post.send(&json!({ "To": FAR, "Title": "two" })).unwrap();
    assert_eq!(results(&sent), [(FAR, "403", "no")]);
    let more: Vec<_> = (0..40).map(|n| format!("https://far.example/c{n}/")).collect();
    let sent = post.send(&json!({ "To": more.join(",") })).unwrap();
    let told: Vec<_> = results(&sent).iter().map(|(to, code, _)| ((*to).to_owned(), *code)).collect();
    assert_eq!(told, more.iter().map(|to| (to.clone(), "201")).collect::<Vec<_>>(), "in order");

    let parcels = post.taken.parcels.lock();
    assert_eq!(parcels.len(), 42);
    let (url, token, body) = &parcels[0];
    assert_eq!(url, "https://far.example/carol/__message/port");
    assert_eq!((&body["From"], &body["Title"]), (&json!(post.alice.url()), &json!("one")));
    let now = saibo_core::clock::now();
    let assertion = post.unit().transcell().open(token, now).unwrap();
    assert_eq!((assertion.issuer.as_str(), assertion.subject.as_str()), (post.alice.url(), post.alice.url()));
    assert!(assertion.roles.is_empty() && assertion.scopes.is_empty());
    assert_eq!(assertion.check(FAR, now), Ok(()));
    assert_eq!(assertion.check(BOB, now), Err(AssertionFault::WrongTarget), "it is good there alone");
    assert!(assertion.check(FAR, now + 600_000).is_err());
}

#[test]
fn of_an_application() {
    let post = Post::new();
    let app = Access { schema: Some(format!("{APP}#c")), ..post.access.clone() };
    let bound = json!({ "To": BOB, "BoxBound": true });
    assert_eq!(code(post.send_as(&app, &bound)), Some(E::TokenSchemaBoxNotFound));
    post.given(&post.alice, "Box", &json!({ "Name": "mine", "Schema": APP }));
    let sent = post.send_as(&app, &bound).unwrap();
    assert_eq!(sent["_Box.Name"], "mine");
    assert_eq!(results(&sent)[0].1, "400", "there is no such Box over there");
    post.given(&post.bob, "Box", &json!({ "Name": "theirs", "Schema": APP }));
    let sent = post.send_as(&app, &bound).unwrap();
    assert_eq!(results(&sent)[0].1, "201");
    let received = post.get(&post.bob, "ReceivedMessage", sent["__id"].as_str().unwrap());
    assert_eq!(received["_Box.Name"], "theirs");
    let sent = post.send_as(&app, &json!({ "To": BOB })).unwrap();
    let received = post.get(&post.bob, "ReceivedMessage", sent["__id"].as_str().unwrap());
    assert_eq!((&sent["_Box.Name"], &received["_Box.Name"]), (&json!("mine"), &Value::Null));
}

#[test]
fn who_may() {
    let post = Post::new();
    for (subject, expected) in [
        (Subject::Anonymous, E::AuthorizationRequired),
        (Subject::Resident("carol".to_owned()), E::NecessaryPrivilegeLacking),
        (Subject::Visitor(BOB.to_owned()), E::NecessaryPrivilegeLacking),
    ] {
        let sent = post.send_as(&Access::of(subject.clone()), &json!({ "To": BOB }));
        assert_eq!(code(sent), Some(expected), "{subject:?}");
    }
}
