//! The grant `refresh_token`.

use serde_json::{Value, json};

use super::{World, account};

fn refresh(world: &World, cell: &saibo_core::Cell, token: &Value, more: &str) -> super::Outcome {
    world.token(cell, &format!("grant_type=refresh_token&refresh_token={}{more}", token.as_str().unwrap()))
}

#[test]
fn a_session_goes_on_with_its_scopes_and_history() {
    let world = World::new();
    let cell = world.cell("alice");
    account(&cell, "alice", json!({}));
    let first = world.log_in(&cell, "&scope=auth");
    world.pass(3_600_000);
    assert_eq!(
        world.bearer(&cell, &first["access_token"]).subject,
        saibo_core::Subject::Invalid(saibo_model::ErrorCode::AccessTokenExpired)
    );
    let second = refresh(&world, &cell, &first["refresh_token"], "&scope=root").unwrap();
    assert_eq!(second["scope"], "auth");
    assert_eq!(second.get("last_authenticated"), None);
    world.pass(82_900_000);
    let third =
        refresh(&world, &cell, &second["refresh_token"], "&p_target=http://localhost:9998/bob/").unwrap();
    assert_eq!(third["p_target"], "http://localhost:9998/bob/");
    assert_eq!(refresh(&world, &cell, &first["refresh_token"], ""), Err("PR400-AN-0010"), "over");
}

#[test]
fn what_is_no_refresh_token() {
    let world = World::new();
    let (cell, other) = (world.cell("alice"), world.cell("bob"));
    account(&cell, "alice", json!({}));
    let answer = world.log_in(&cell, "");
    let assertion = world.log_in(&cell, "&p_target=http://localhost:9998/bob/")["access_token"].clone();
    for (token, expected) in [
        (json!(""), "PR400-AN-0009"),
        (json!("nonsense"), "PR400-AN-0009"),
        (json!("RR~nonsense"), "PR400-AN-0009"),
        (answer["access_token"].clone(), "PR400-AN-0013"),
        (assertion, "PR400-AN-0013"),
    ] {
        assert_eq!(refresh(&world, &cell, &token, ""), Err(expected), "{token:.20}");
    }
    assert_eq!(world.token(&cell, "grant_type=refresh_token"), Err("PR400-AN-0009"));
    assert_eq!(refresh(&world, &other, &answer["refresh_token"], ""), Err("PR400-AN-0009"));
    world.pass(4_000_000);
    assert_eq!(
        refresh(&world, &cell, &answer["access_token"], ""),
        Err("PR400-AN-0013"),
        "though it is over"
    );
}

#[test]
fn a_session_ends_with_its_account() {
    use saibo_store::StoreExt as _;
    let world = World::new();
    let cell = world.cell("alice");
    let mut document = account(&cell, "alice", json!({}));
    let token = world.log_in(&cell, "")["refresh_token"].clone();
    let seq = document.seq;
    document.body = json!({ "Name": "alice", "Status": "deactivated" }).to_string();
    cell.store().write(move |tx| tx.put_document(&mut document)).unwrap();
    assert_eq!(refresh(&world, &cell, &token, ""), Err("PR400-AN-0009"));
    cell.store().write(move |tx| tx.delete_document(seq)).unwrap();
    assert_eq!(refresh(&world, &cell, &token, ""), Err("PR400-AN-0009"));
}
