//! Who may put a message into a Cell, and what it may be.

use saibo_core::{Access, Subject};
use saibo_model::ErrorCode as E;
use serde_json::{Value, json};

use super::{APP, Post, code, id, of_cell, with};

const BOB: &str = "http://localhost:9998/bob/";

fn message(n: u32) -> Value {
    json!({ "__id": id(n), "From": BOB, "Type": "message", "Status": "unread", "Title": "t", "Body": "b" })
}

#[test]
fn only_a_cell_for_itself() {
    let post = Post::new();
    let somebody =
        Access { vouched_by: Some(BOB.to_owned()), ..Access::of(Subject::Visitor(format!("{BOB}#carol"))) };
    for (access, expected) in [
        (Access::of(Subject::Anonymous), Some(E::AuthorizationRequired)),
        (Access::of(Subject::Invalid(E::AccessTokenExpired)), Some(E::AccessTokenExpired)),
        (Access::of(Subject::Resident("carol".to_owned())), Some(E::NecessaryPrivilegeLacking)),
        // A token that this Cell has made of a visitor's.
        (Access::of(Subject::Visitor(BOB.to_owned())), Some(E::NecessaryPrivilegeLacking)),
        (somebody, Some(E::NecessaryPrivilegeLacking)),
        (post.access.clone(), Some(E::NecessaryPrivilegeLacking)),
        // In the name of another.
        (of_cell("http://localhost:9998/carol/"), Some(E::FieldFormat)),
        (of_cell(BOB), None),
    ] {
        let shown = format!("{access:?}");
        assert_eq!(code(post.receive_as(&access, &message(1))), expected, "{shown}");
    }
}

#[test]
fn what_it_may_be() {
    let post = Post::new();
    post.given(&post.alice, "Box", &json!({ "Name": "app", "Schema": APP }));
    let request = json!({ "RequestType": "relation.add", "Name": "friend", "TargetUrl": BOB });
    let of_rule = |more: Value| with(&json!({ "RequestType": "rule.add", "Action": "log" }), &more);
    let requests =
        |object: &Value| json!({ "Type": "request", "Status": "none", "RequestObjects": [object] });
    for (change, expected) in [
        (json!({}), None),
        (json!({ "__id": id(0) }), Some(E::EntityAlreadyExists)),
        // In another Box, too.
        (json!({ "__id": id(0), "Schema": APP }), Some(E::EntityAlreadyExists)),
        (json!({ "__id": null }), Some(E::RequiredFieldMissing)),
        (json!({ "__id": "x" }), Some(E::FieldFormat)),
        (json!({ "From": null }), Some(E::RequiredFieldMissing)),
        (json!({ "From": "personium-localunit:/bob/" }), None),
        (json!({ "Status": null }), Some(E::RequiredFieldMissing)),
        (json!({ "Status": "read" }), Some(E::FieldFormat)),
        (json!({ "Status": "none" }), Some(E::FieldFormat)),
        (json!({ "Schema": "" }), None),
        (json!({ "Schema": APP }), None),
        (json!({ "Schema": "https://none.example/" }), Some(E::MessageSchemaBoxNotFound)),
        (json!({ "MulticastTo": format!("{BOB},x") }), Some(E::FieldFormat)),
        (json!({ "MulticastTo": format!("{BOB},{BOB}") }), None),
        (json!({ "Body": "b".repeat(65_537) }), Some(E::FieldFormat)),
        (requests(&request), None),
        (with(&requests(&request), &json!({ "Status": "unread" })), Some(E::FieldFormat)),
        (with(&requests(&request), &json!({ "RequestObjects": null })), Some(E::FieldFormat)),
        // Here a Rule has a name.
        (requests(&of_rule(json!({}))), Some(E::FieldFormat)),
        (requests(&of_rule(json!({ "Name": "r" }))), None),
    ] {
        // Ids that are not given are all different.
        let mut body = with(&message(0), &change);
        if change.get("__id").is_none() && change != json!({}) {
            body["__id"] = json!(saibo_model::id::entity_id());
        }
        assert_eq!(
            code(post.receive(&body)),
            expected,
            "{}",
            &change.to_string().chars().take(120).collect::<String>()
        );
    }
    let in_box: Vec<_> = post.list(&post.alice, "ReceivedMessage", "$filter=_Box.Name%20eq%20'app'");
    assert_eq!(in_box.len(), 1);
}

#[test]
fn as_data() {
    let post = Post::new();
    post.receive(&message(1)).unwrap();
    post.receive(&with(&message(2), &json!({ "Priority": 1 }))).unwrap();
    post.given(&post.alice, "Account", &json!({ "Name": "a" }));
    let predicate = format!("'{}'", id(1));
    post.link(
        &post.alice,
        ("Account", "'a'"),
        "_ReceivedMessageRead",
        &format!("ReceivedMessage({predicate})"),
    );
    let list = post.list(&post.alice, "ReceivedMessage", "$expand=_AccountRead&$orderby=__id");
    assert_eq!((&list[0]["_AccountRead"][0]["Name"], &list[1]["_AccountRead"]), (&json!("a"), &json!([])));
    let found = post.list(&post.alice, "ReceivedMessage", "$filter=Priority%20lt%203");
    assert_eq!((found.len(), &found[0]["__id"]), (1, &json!(id(2))));
    let path = saibo_core::odata::EntityPath { set: "ReceivedMessage", predicate: &predicate };
    post.objects(&post.alice, |o| o.delete(path, None)).unwrap();
    assert_eq!(post.list(&post.alice, "ReceivedMessage", "").len(), 1);
}

/// Marking a message as read for an Account takes what the message takes, and no right to the Account.
#[test]
fn who_may_mark_it_as_read() {
    let post = Post::new();
    post.receive(&message(1)).unwrap();
    post.given(&post.alice, "Account", &json!({ "Name": "a" }));
    post.given(&post.alice, "Role", &json!({ "Name": "reader" }));
    let message = format!("'{}'", id(1));
    for (granted, expected) in [("message", None), ("auth", Some(E::NecessaryPrivilegeLacking))] {
        let access = super::answer::with_privilege(&post, granted);
        let root = super::root(&post.alice);
        let objects = saibo_core::odata::objects::Objects::new(
            post.unit(),
            saibo_core::odata::objects::Scope::Cell(&post.alice),
            &access,
            &root,
            1,
        );
        let objects = objects.unwrap();
        for (set, predicate, property, target) in [
            ("Account", "'a'", "_ReceivedMessageRead", format!("ReceivedMessage({message})")),
            ("ReceivedMessage", message.as_str(), "_AccountRead", "Account('a')".to_owned()),
        ] {
            let path = saibo_core::odata::EntityPath { set, predicate };
            let body = json!({ "uri": target }).to_string();
            assert_eq!(code(objects.link(path, property, body.as_bytes())), expected, "{granted} {set}");
            let key = if set == "Account" { message.as_str() } else { "'a'" };
            assert_eq!(code(objects.unlink(path, property, key)), expected, "{granted} {set}");
        }
    }
}
