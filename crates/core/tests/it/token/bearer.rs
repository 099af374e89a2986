//! Access tokens that are shown, and those among them that do not count.

use saibo_core::Subject;
use saibo_core::access::{Credentials, authenticate};
use saibo_model::ErrorCode;
use saibo_store::StoreExt as _;
use serde_json::json;

use super::{World, account, link, role};

const EXPIRED: Subject = Subject::Invalid(ErrorCode::AccessTokenExpired);
const NONE: Subject = Subject::Invalid(ErrorCode::AccessTokenParse);

#[test]
fn a_token_counts_in_its_cell_and_its_time() {
    let world = World::new();
    let (cell, other) = (world.cell("alice"), world.cell("bob"));
    account(&cell, "alice", json!({}));
    account(&other, "alice", json!({}));
    let answer = world.log_in(&cell, "&expires_in=60");
    let (access, refresh) = (&answer["access_token"], &answer["refresh_token"]);
    let resident = Subject::Resident("alice".to_owned());
    assert_eq!(world.bearer(&cell, access).subject, resident);
    assert_eq!(world.bearer(&other, access).subject, NONE, "of another Cell, with an Account of that name");
    assert!(matches!(world.bearer(&cell, refresh).subject, Subject::Invalid(_)), "for refreshing only");
    world.pass(59_999);
    assert_eq!(world.bearer(&cell, access).subject, resident);
    world.pass(1);
    assert_eq!(world.bearer(&cell, access).subject, EXPIRED);
}

/// One letter, wherever it is.
#[test]
fn a_token_that_was_tampered_with_is_none() {
    let world = World::new();
    let cell = world.cell("alice");
    account(&cell, "alice", json!({}));
    let token = world.log_in(&cell, "")["access_token"].as_str().unwrap().to_owned();
    for at in 0..token.len() - 1 {
        let mut letters = token.clone().into_bytes();
        letters[at] = if letters[at] == b'A' { b'B' } else { b'A' };
        let forged = String::from_utf8(letters).unwrap();
        let subject = world.with(&cell, &format!("Bearer {forged}")).subject;
        assert!(matches!(subject, Subject::Invalid(_)), "{at}: {subject:?}");
    }
    for at in [0, 3, 20, token.len() - 2] {
        let subject = world.with(&cell, &format!("Bearer {}", &token[..at])).subject;
        assert_eq!(subject, NONE, "cut off at {at}");
    }
}

/// At once, not when its time is over.
#[test]
fn a_token_ends_with_its_account() {
    let world = World::new();
    let cell = world.cell("alice");
    let seq = account(&cell, "alice", json!({})).seq;
    let token = format!("Bearer {}", world.log_in(&cell, "")["access_token"].as_str().unwrap());
    assert_eq!(world.with(&cell, &token).subject, Subject::Resident("alice".to_owned()));
    cell.store().write(move |tx| tx.delete_document(seq)).unwrap();
    let credentials = Credentials { authorization: Some(&token), ..Credentials::default() };
    let refused = authenticate(&world.fixture.unit, Some(&cell), credentials, world.now()).unwrap_err();
    assert_eq!(refused.code(), ErrorCode::AuthorizationRequired);
}

/// What is remembered of an Account is forgotten by whatever is written.
#[test]
fn roles_count_as_soon_as_they_are_given_and_taken() {
    let world = World::new();
    let cell = world.cell("alice");
    let alice = account(&cell, "alice", json!({}));
    let token = world.log_in(&cell, "")["access_token"].clone();
    let roles = || world.bearer(&cell, &token).roles;
    assert_eq!(roles(), []);
    let (first, second) = (role(&cell, "first", None), role(&cell, "second", None));
    for _ in 0..3 {
        link(&cell, &alice, &first);
        assert_eq!((roles(), roles()), (vec![first.id.clone()], vec![first.id.clone()]));
        link(&cell, &alice, &second);
        assert_eq!(roles().len(), 2);
        for gone in [first.seq, second.seq] {
            cell.store().write(move |tx| tx.delete_link(alice.seq, gone)).unwrap();
        }
        assert_eq!((roles(), roles()), (vec![], vec![]));
    }
    // Another Cell has an Account of that name, too.
    let other = world.cell("bob");
    account(&other, "alice", json!({}));
    link(&cell, &alice, &first);
    let elsewhere = world.log_in(&other, "")["access_token"].clone();
    assert_eq!((world.bearer(&other, &elsewhere).roles, roles().len()), (vec![], 1));
}
