//! `p_owner=true`: Accounts that represent the Cell's owner (API page 106).

use saibo_core::Subject;
use serde_json::json;

use super::{World, account, property};

#[test]
fn accounts_that_are_named_get_the_owners_token() {
    let world = World::new();
    let unit = &world.fixture.unit;
    unit.found_cell("owned", Some("https://example.com/#owner"), world.now()).unwrap();
    let (owned, ownerless) = (unit.cell("owned").unwrap(), world.cell("ownerless"));
    for cell in [&owned, &ownerless] {
        account(cell, "alice", json!({}));
        account(cell, "bob", json!({}));
    }
    let ask = |cell, name: &str| {
        world.token(cell, &format!("grant_type=password&username={name}&password=password1&p_owner=true"))
    };
    assert_eq!(ask(&owned, "alice"), Err("PR400-AN-0014"));
    for cell in [&owned, &ownerless] {
        property(
            cell,
            "ownerRepresentativeAccounts",
            "<p:account>alice</p:account><p:account>carol</p:account>",
        );
    }
    assert_eq!(ask(&owned, "bob"), Err("PR400-AN-0014"));
    assert_eq!(ask(&ownerless, "alice"), Err("PR400-AN-0015"));
    let answer = ask(&owned, "alice").unwrap();
    assert!(answer["access_token"].as_str().unwrap().starts_with("AU~"));
    assert_eq!(
        (answer.get("refresh_token"), answer.get("p_target"), answer.get("scope")),
        (None, None, None)
    );
    let subject = world.bearer(&owned, &answer["access_token"]).subject;
    assert_eq!(subject, Subject::UnitUser("https://example.com/#owner".to_owned()));

    let refresh = world.log_in(&owned, "")["refresh_token"].as_str().unwrap().to_owned();
    let body = format!("grant_type=refresh_token&refresh_token={refresh}&p_owner=true");
    assert!(world.token(&owned, &body).unwrap()["access_token"].as_str().unwrap().starts_with("AU~"));
}
