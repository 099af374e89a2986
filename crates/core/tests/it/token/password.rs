//! The grant `password`: what it answers, and everything that keeps an Account out.

use saibo_core::account::Account;
use saibo_core::token::{NOBODY, history};
use saibo_oauth::password::{HashAlgorithm, PasswordHasher};
use saibo_store::StoreExt as _;
use serde_json::{Value, json};

use super::{World, account, property};

const WRONG: &str = "grant_type=password&username=alice&password=wrong";
const RIGHT: &str = "grant_type=password&username=alice&password=password1";
const FAILED: &str = "PR400-AN-0017";

#[test]
fn a_resident_gets_tokens_for_their_cell() {
    let world = World::new();
    let cell = world.cell("alice");
    account(&cell, "alice", json!({}));
    let answer = world.token(&cell, RIGHT).unwrap();
    assert!(answer["access_token"].as_str().unwrap().starts_with("AR~"));
    assert!(answer["refresh_token"].as_str().unwrap().starts_with("RR~"));
    let mut rest = answer.as_object().unwrap().clone();
    rest.retain(|name, _| !matches!(name.as_str(), "access_token" | "refresh_token"));
    let expected = json!({
        "token_type": "Bearer",
        "expires_in": 3600,
        "refresh_token_expires_in": 86400,
        "scope": "root",
        "p_target": "http://localhost:9998/alice/",
        "last_authenticated": null,
        "failed_count": 0,
    });
    assert_eq!(Value::Object(rest), expected);
}

#[test]
fn each_fault_has_its_code_in_its_turn() {
    let world = World::new();
    let cell = world.cell("alice");
    account(&cell, "alice", json!({}));
    for (body, expected) in [
        ("", "PR400-AN-0016"),
        ("username=alice", "PR400-AN-0016"),
        ("grant_type=password&username=alice", "PR400-AN-0016"),
        ("grant_type=password&password=password1", "PR400-AN-0016"),
        (&format!("{RIGHT}&p_target=nowhere"), "PR400-AN-0002"),
        (&format!("{RIGHT}&expires_in=0"), "PR400-AN-0016"),
        (&format!("{RIGHT}&expires_in=3601"), "PR400-AN-0016"),
        (&format!("{RIGHT}&refresh_token_expires_in=86401"), "PR400-AN-0016"),
        (&format!("{RIGHT}&client_id=http://localhost:9998/app/"), "PR400-AN-0003"),
        (&format!("{RIGHT}&client_id=http://localhost:9998/app/&expires_in=0"), "PR400-AN-0003"),
        (&format!("{RIGHT}&client_assertion=x"), "PR400-AN-0022"),
        ("grant_type=unknown", "PR400-AN-0001"),
        ("grant_type=password&username=bob&password=password1", FAILED),
        (&format!("{RIGHT}&p_owner=true"), "PR400-AN-0014"),
    ] {
        assert_eq!(world.token(&cell, body), Err(expected), "{body}");
    }
    assert_eq!(world.call(&cell, RIGHT, Some("Bearer x"), "192.0.2.1"), Err("PR400-AN-0018"));
}

#[test]
fn a_failure_makes_wait_a_second_and_is_counted() {
    let world = World::new();
    let cell = world.cell("alice");
    account(&cell, "alice", json!({}));
    account(&cell, "bob", json!({}));
    let first = world.now();
    assert_eq!(world.token(&cell, RIGHT).unwrap()["last_authenticated"], Value::Null);
    world.pass(10);
    assert_eq!(world.token(&cell, WRONG), Err(FAILED));
    world.pass(999);
    assert_eq!(world.token(&cell, RIGHT), Err(FAILED), "right, but too soon; and the second begins anew");
    assert!(world.token(&cell, &RIGHT.replace("alice", "bob")).is_ok(), "nobody else has to wait");
    world.pass(1000);
    let answer = world.token(&cell, RIGHT).unwrap();
    assert_eq!((&answer["last_authenticated"], &answer["failed_count"]), (&json!(first), &json!(2)));
    assert_eq!(world.token(&cell, RIGHT).unwrap()["failed_count"], 0);
}

#[test]
fn histories_that_are_not_to_be_recorded_are_not() {
    let world = World::new();
    let cell = world.cell("alice");
    account(&cell, "alice", json!({}));
    property(&cell, "accountsnotrecordingauthhistory", "bob, alice");
    assert_eq!(world.token(&cell, WRONG), Err(FAILED));
    world.pass(1000);
    for _ in 0..2 {
        let answer = world.token(&cell, RIGHT).unwrap();
        assert_eq!((&answer["last_authenticated"], &answer["failed_count"]), (&Value::Null, &json!(0)));
    }
}

#[test]
fn accounts_that_may_not_log_in_are_told_nothing() {
    for (fields, address, expected) in [
        (json!({}), "192.0.2.1", None),
        (json!({ "Type": "basic oidc:google" }), "192.0.2.1", None),
        (json!({ "Type": "oidc:google" }), "192.0.2.1", Some(FAILED)),
        (json!({ "Status": "deactivated" }), "192.0.2.1", Some(FAILED)),
        (json!({ "IPAddressRange": "192.0.2.0/24" }), "192.0.2.1", None),
        (json!({ "IPAddressRange": "192.0.2.0/24" }), "198.51.100.1", Some(FAILED)),
        (json!({ "IPAddressRange": "192.0.2.0/24" }), "unknown", Some(FAILED)),
    ] {
        let world = World::new();
        let cell = world.cell("alice");
        account(&cell, "alice", fields.clone());
        assert_eq!(world.call(&cell, RIGHT, None, address).err(), expected, "{fields} {address}");
    }
}

/// What is written takes time, so whoever fails has something written, whoever they are. The time that the processor
/// takes is measured in [`timing`](super::timing).
#[test]
fn every_failure_is_written() {
    let world = World::new();
    let cell = world.cell("alice");
    let alice = account(&cell, "alice", json!({}));
    account(&cell, "typeless", json!({ "Type": "oidc:google" }));
    account(&cell, "unrecorded", json!({}));
    account(&cell, "gone", json!({ "Status": "deactivated" }));
    property(&cell, "accountsnotrecordingauthhistory", "unrecorded");
    let count = |of: &str| cell.store().read(|tx| history(tx, of)).unwrap().failed_count;
    for (at, name) in (1..).zip(["nobody", "typeless", "unrecorded", "nobody"]) {
        assert_eq!(world.token(&cell, &WRONG.replace("alice", name)), Err(FAILED));
        assert_eq!((count(NOBODY), count(alice.id.as_str())), (at, 0), "{name}");
    }
    assert_eq!(world.token(&cell, WRONG), Err(FAILED));
    assert_eq!((count(NOBODY), count(alice.id.as_str())), (4, 1));
    assert_eq!(world.token(&cell, &RIGHT.replace("alice", "gone")), Err(FAILED));
    assert_eq!(count(NOBODY), 4, "it is the Account's own");
}

/// One that cannot log in with a password is not locked by those who try.
#[test]
fn an_account_without_the_type_is_not_counted() {
    let world = World::new();
    let cell = world.cell("alice");
    let alice = account(&cell, "alice", json!({ "Type": "oidc:google" }));
    assert_eq!(world.token(&cell, RIGHT), Err(FAILED));
    assert!(!world.fixture.unit.lockout().is_locked(&alice.id, world.now()));
}

#[test]
fn a_password_that_must_be_changed_gives_a_token_to_change_it() {
    let world = World::new();
    let cell = world.cell("alice");
    account(&cell, "alice", json!({ "Status": "passwordChangeRequired" }));
    assert_eq!(world.token(&cell, WRONG), Err(FAILED));
    world.pass(1000);
    for _ in 0..2 {
        let answer = world.token(&cell, RIGHT).unwrap();
        assert!(answer["access_token"].as_str().unwrap().starts_with("AP~"));
        assert_eq!(answer["url"], "http://localhost:9998/alice/__mypassword");
        assert_eq!(answer["error"], "invalid_grant");
        assert_eq!(answer["failed_count"], 1, "not changed by this");
    }
    let token = world.token(&cell, RIGHT).unwrap()["access_token"].clone();
    let access = world.bearer(&cell, &token);
    let unit = &world.fixture.unit;
    let change = |password| saibo_core::token::change(unit, &cell, &access, password, world.now());
    assert_eq!(change(None).unwrap_err().code().code(), "PR400-AU-0003");
    assert_eq!(change(Some("short")).unwrap_err().code().code(), "PR400-AU-0001");
    change(Some("password2")).unwrap();
    assert_eq!(change(Some("password3")).unwrap_err().code().code(), "PR403-AU-0002", "once is enough");
    assert_eq!(world.token(&cell, RIGHT), Err(FAILED));
    world.pass(1000);
    let answer = world.token(&cell, &RIGHT.replace("password1", "password2")).unwrap();
    assert!(answer["access_token"].as_str().unwrap().starts_with("AR~"), "it is active now");
}

#[test]
fn who_may_change_their_password() {
    let world = World::new();
    let cell = world.cell("alice");
    account(&cell, "alice", json!({}));
    let change = |access: &saibo_core::Access| {
        let changed =
            saibo_core::token::change(&world.fixture.unit, &cell, access, Some("password1"), world.now());
        changed.err().map(|error| error.code().code())
    };
    assert_eq!(change(&world.bearer(&cell, &world.log_in(&cell, "")["access_token"])), None);
    assert_eq!(change(&world.bearer(&cell, &world.log_in(&cell, "&scope=auth")["access_token"])), None);
    let without = world.log_in(&cell, "&scope=auth-read")["access_token"].clone();
    assert_eq!(change(&world.bearer(&cell, &without)), Some("PR403-AU-0007"));
    assert_eq!(change(&world.with(&cell, "Basic YWxpY2U6cGFzc3dvcmQx")), Some("PR401-AU-0001"));
    assert_eq!(change(&world.with(&cell, "Bearer nothing")), Some("PR401-AU-0006"));
    assert_eq!(change(&world.fixture.master()), Some("PR403-AU-0002"));
}

#[test]
fn deactivated_accounts_stay_so_when_their_password_changes() {
    let world = World::new();
    let cell = world.cell("alice");
    account(&cell, "alice", json!({}));
    let access = world.bearer(&cell, &world.log_in(&cell, "")["access_token"]);
    let mut document = cell.store().read(|tx| Account::find(tx, "alice")).unwrap().unwrap().document;
    document.body = json!({ "Name": "alice", "Status": "deactivated" }).to_string();
    cell.store().write(move |tx| tx.put_document(&mut document)).unwrap();
    saibo_core::token::change(&world.fixture.unit, &cell, &access, Some("password2"), world.now()).unwrap();
    assert_eq!(world.token(&cell, &RIGHT.replace("password1", "password2")), Err(FAILED));
}

/// A right password is remembered for a while, and no longer than it is right.
#[test]
fn basic_authentication_ends_with_its_password_and_its_account() {
    let world = World::new();
    let cell = world.cell("alice");
    account(&cell, "alice", json!({}));
    let lets_in = |credentials: &str| {
        let access = world.with(&cell, &format!("Basic {credentials}"));
        matches!(access.subject, saibo_core::Subject::Basic(_))
    };
    let (first, second) = ("YWxpY2U6cGFzc3dvcmQx", "YWxpY2U6cGFzc3dvcmQy");
    assert!(lets_in(first) && lets_in(first) && !lets_in(second) && lets_in(first));
    let access = world.bearer(&cell, &world.log_in(&cell, "")["access_token"]);
    saibo_core::token::change(&world.fixture.unit, &cell, &access, Some("password2"), world.now()).unwrap();
    assert!(!lets_in(first) && lets_in(second) && lets_in(second) && !lets_in(first));
    let mut document = cell.store().read(|tx| Account::find(tx, "alice")).unwrap().unwrap().document;
    document.body = json!({ "Name": "alice", "Status": "deactivated" }).to_string();
    cell.store().write(move |tx| tx.put_document(&mut document)).unwrap();
    assert!(!lets_in(second));
}

/// The unit of the tests hashes with scrypt.
#[test]
fn an_old_hash_is_replaced_at_the_next_login() {
    let world = World::new();
    let cell = world.cell("alice");
    let mut document = account(&cell, "alice", json!({}));
    let mut hidden = serde_json::Map::new();
    PasswordHasher::weak(HashAlgorithm::Argon2id).hash("password1").unwrap().to_hidden(&mut hidden);
    document.hidden = Some(Value::Object(hidden).to_string());
    let (etag, mut stored) = (document.version, document);
    cell.store().write(move |tx| tx.put_document(&mut stored)).unwrap();
    assert_eq!(world.token(&cell, WRONG), Err(FAILED));
    world.pass(1000);
    let found = || cell.store().read(|tx| Account::find(tx, "alice")).unwrap().unwrap();
    assert_eq!(found().password().unwrap().algorithm.as_deref(), Some(HashAlgorithm::Argon2id.name()));
    world.token(&cell, RIGHT).unwrap();
    assert_eq!(found().password().unwrap().algorithm.as_deref(), Some(HashAlgorithm::Scrypt.name()));
    assert_eq!(found().document.version, etag, "nothing that anybody sees has changed");
    world.token(&cell, RIGHT).unwrap();
}

#[test]
fn scopes_are_what_the_unit_permits() {
    let world = World::new();
    let cell = world.cell("alice");
    account(&cell, "alice", json!({}));
    super::role(&cell, "reader", None);
    for (asked, given) in [
        ("", json!("root")),
        ("auth message-read", json!("auth message-read")),
        ("nonsense auth", json!("auth")),
        ("nonsense", Value::Null),
        ("openid", json!("openid")),
        (
            "http://localhost:9998/alice/__role/__/reader",
            json!("http://localhost:9998/alice/__role/__/reader"),
        ),
        ("personium-localunit:alice:/__role/__/reader", json!("personium-localunit:alice:/__role/__/reader")),
        ("http://localhost:9998/alice/__role/__/writer", Value::Null),
        ("http://localhost:9998/bob/__role/__/reader", Value::Null),
    ] {
        assert_eq!(world.log_in(&cell, &format!("&scope={asked}"))["scope"], given, "{asked}");
    }
}

#[test]
fn a_cookie_stands_in_for_a_token_with_its_peer_alone() {
    use saibo_core::Subject;
    use saibo_core::access::{Credentials, authenticate};
    let world = World::new();
    let (cell, other) = (world.cell("alice"), world.cell("bob"));
    account(&cell, "alice", json!({}));
    assert_eq!(world.log_in(&cell, "&p_cookie=true&p_target=http://localhost:9998/bob/").get("cookie"), None);
    assert_eq!(world.log_in(&cell, "").get("cookie"), None);
    let answer = world.log_in(&cell, "&p_cookie=true");
    let (peer, cookie) = (answer["p_cookie_peer"].as_str().unwrap(), answer["cookie"].as_str().unwrap());
    let subject = |cell, pair| {
        let credentials = Credentials { cookie: Some(pair), ..Credentials::default() };
        authenticate(&world.fixture.unit, cell, credentials, world.now()).unwrap().subject
    };
    let refused = Subject::Invalid(saibo_model::ErrorCode::CookieAuthenticationFailed);
    assert_eq!(subject(Some(&cell), (peer, cookie)), Subject::Resident("alice".to_owned()));
    assert_eq!(subject(Some(&cell), ("another", cookie)), refused);
    assert_eq!(subject(Some(&cell), (peer, &cookie[1..])), refused);
    assert_eq!(subject(Some(&other), (peer, cookie)), refused);
    assert_eq!(subject(None, (peer, cookie)), refused);
}
