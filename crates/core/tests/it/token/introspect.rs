//! Looking into tokens.

use saibo_core::{Access, Cell, Subject};
use saibo_model::ErrorCode;
use serde_json::{Value, json};

use super::{World, account, link, role};

fn look(world: &World, cell: &Cell, access: &Access, token: Option<&Value>) -> super::Outcome {
    let token = token.and_then(Value::as_str);
    saibo_core::token::introspect(&world.fixture.unit, cell, access, None, token, world.now())
        .map_err(|error| error.code().code())
}

#[test]
fn the_unit_sees_every_token_of_the_cell() {
    let world = World::new();
    let (cell, other) = (world.cell("alice"), world.cell("bob"));
    let alice = account(&cell, "alice", json!({}));
    link(&cell, &alice, &role(&cell, "reader", None));
    let answer = world.log_in(&cell, "");
    let master = world.fixture.master();
    let seconds = world.now() / 1000;
    for (token, lifetime) in [(&answer["access_token"], 3600), (&answer["refresh_token"], 86400)] {
        let expected = json!({
            "active": true,
            "exp": (world.now() + lifetime * 1000) / 1000,
            "iat": seconds,
            "sub": "http://localhost:9998/alice/#alice",
            "iss": "http://localhost:9998/alice/",
            "p_roles": ["http://localhost:9998/alice/__role/__/reader"],
        });
        assert_eq!(look(&world, &cell, &master, Some(token)), Ok(expected));
    }
    let inactive = Ok(json!({ "active": false }));
    let token = &answer["access_token"];
    assert_eq!(look(&world, &other, &master, Some(token)), inactive, "not its token");
    assert_eq!(look(&world, &cell, &master, Some(&json!("nonsense"))), inactive);
    assert_eq!(look(&world, &cell, &master, None), inactive);
    let transcell = world.log_in(&cell, "&p_target=http://localhost:9998/bob/")["access_token"].clone();
    for cell in [&cell, &other] {
        let seen = look(&world, cell, &master, Some(&transcell)).unwrap();
        assert_eq!((&seen["active"], &seen["aud"]), (&json!(true), &json!("http://localhost:9998/bob/")));
    }
    world.pass(3_600_000);
    assert_eq!(look(&world, &cell, &master, Some(token)), inactive, "over");
}

#[test]
fn an_application_sees_its_own_tokens_only() {
    let world = World::new();
    let cell = world.cell("alice");
    account(&cell, "alice", json!({}));
    let token = world.log_in(&cell, "")["access_token"].clone();
    let of = |subject| Access::of(subject);
    assert_eq!(look(&world, &cell, &of(Subject::Anonymous), Some(&token)), Err("PR401-AU-0001"));
    let invalid = of(Subject::Invalid(ErrorCode::AccessTokenParse));
    assert_eq!(look(&world, &cell, &invalid, Some(&token)), Err("PR403-AU-0002"));
    let resident = of(Subject::Resident("alice".to_owned()));
    assert_eq!(look(&world, &cell, &resident, Some(&token)), Err("PR403-AU-0002"));
    let app = Access { schema: Some("https://app.example/".to_owned()), ..resident };
    assert_eq!(look(&world, &cell, &app, Some(&token)), Ok(json!({ "active": false })));
}
