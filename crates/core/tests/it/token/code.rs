//! The grant `authorization_code`: codes from the authorization endpoint, and what they are redeemed for.

use saibo_core::Cell;
use saibo_core::token::authz::{self, Answer};
use saibo_oauth::grant::Form;
use saibo_oauth::jwt::{Expected, Keys};
use saibo_oauth::pkce;
use serde_json::{Value, json};

use super::{World, account};

const APP: &str = "http://localhost:9998/app/";

struct Flow {
    world: World,
    cell: Cell,
    app: Cell,
}

impl Flow {
    fn new() -> Self {
        let world = World::new();
        let (cell, app) = (world.cell("alice"), world.cell("app"));
        account(&cell, "alice", json!({}));
        account(&app, "alice", json!({}));
        Self { world, cell, app }
    }

    fn code(&self, more: &str) -> String {
        let body = format!(
            "response_type=code&client_id={APP}&redirect_uri={APP}cb&username=alice&password=password1{more}"
        );
        let form = Form::parse_any(body.as_bytes()).unwrap();
        let call = authz::Call { form: &form, is_post: true, cookie: None, origin: None, address: None };
        let answer = authz::authorize(&self.world.fixture.unit, &self.cell, call, self.world.now()).unwrap();
        let Answer::Redirect(location) = answer else { panic!("{answer:?}") };
        let query = location.strip_prefix(&format!("{APP}cb?")).unwrap();
        query.split('&').find_map(|pair| pair.strip_prefix("code=")).unwrap().to_owned()
    }

    fn redeem_as(&self, client: &Cell, code: &str, more: &str) -> super::Outcome {
        let target = format!("&p_target={}", self.cell.url());
        let secret = self.world.log_in(client, &target)["access_token"].clone();
        let body = format!(
            "grant_type=authorization_code&code={code}&client_id={}&client_secret={}{more}",
            client.url(),
            secret.as_str().unwrap()
        );
        self.world.token(&self.cell, &body)
    }

    fn redeem(&self, code: &str, more: &str) -> super::Outcome {
        self.redeem_as(&self.app, code, more)
    }
}

#[test]
fn a_code_is_good_once_for_its_application() {
    let flow = Flow::new();
    let code = flow.code("");
    let other = flow.world.cell("other");
    account(&other, "alice", json!({}));
    assert_eq!(flow.redeem_as(&other, &code, ""), Err("PR401-AN-0020"));
    let without = flow.world.token(&flow.cell, &format!("grant_type=authorization_code&code={code}"));
    assert_eq!(without, Err("PR401-AN-0021"));
    assert_eq!(flow.redeem(&code, "&p_owner=true"), Err("PR400-AN-0008"));
    let answer = flow.redeem(&code, "").unwrap();
    assert!(answer["access_token"].as_str().unwrap().starts_with("AR~"));
    assert_eq!((answer.get("id_token"), answer.get("failed_count")), (None, None));
    let access = flow.world.bearer(&flow.cell, &answer["access_token"]);
    assert_eq!(access.schema.as_deref(), Some(APP));
    assert_eq!(flow.redeem(&code, ""), Err("PR400-AN-0019"), "a second time");
}

#[test]
fn texts_that_are_no_codes() {
    let flow = Flow::new();
    let token = flow.world.log_in(&flow.cell, "")["access_token"].as_str().unwrap().to_owned();
    for code in ["", "GC~nonsense", "nonsense", &token] {
        assert_eq!(flow.redeem(code, ""), Err("PR400-AN-0019"), "{code:.10}");
    }
    let code = flow.code("");
    flow.world.pass(600_000);
    assert_eq!(flow.redeem(&code, ""), Err("PR400-AN-0010"));
}

#[test]
fn what_a_code_is_bound_to() {
    let flow = Flow::new();
    let verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    let challenge = format!("&code_challenge={}&code_challenge_method=S256", pkce::challenge(verifier));
    let code = flow.code(&challenge);
    assert_eq!(flow.redeem(&code, ""), Err("PR400-AN-0019"), "without its verifier");
    assert_eq!(flow.redeem(&code, &format!("&code_verifier={}", "x".repeat(43))), Err("PR400-AN-0019"));
    let redirect = format!("&redirect_uri={APP}elsewhere&code_verifier={verifier}");
    assert_eq!(flow.redeem(&code, &redirect), Err("PR400-AN-0019"));
    let redirect = format!("&redirect_uri={APP}cb&code_verifier={verifier}");
    assert!(flow.redeem(&code, &redirect).is_ok());
    let code = flow.code("");
    assert_eq!(flow.redeem(&code, &format!("&code_verifier={verifier}")), Err("PR400-AN-0019"));
}

#[test]
fn an_id_token_says_who_it_is() {
    let flow = Flow::new();
    let answer = flow.redeem(&flow.code("&scope=openid"), "").unwrap();
    assert_eq!(answer["scope"], "openid");
    let keys = saibo_core::token::certificates(&flow.cell).unwrap();
    let keys = Keys::parse(&keys.to_string()).unwrap();
    let token = answer["id_token"].as_str().unwrap();
    let (issuers, clients) = ([flow.cell.url().to_owned()], [APP.to_owned()]);
    let expected = Expected { issuers: &issuers, clients: &clients, nonce: None };
    let claims = keys.verify(token, expected, flow.world.now()).unwrap();
    assert_eq!((&claims["sub"], claims.get("nonce")), (&json!("alice"), None));
    let answer = flow.redeem(&flow.code("&scope=openid&nonce=n+1"), "").unwrap();
    let token = answer["id_token"].as_str().unwrap();
    let expected = Expected { nonce: Some("n 1"), ..expected };
    assert!(keys.verify(token, expected, flow.world.now()).is_ok());
}

/// What a refresh token of a code keeps.
#[test]
fn a_code_begins_a_session() {
    let flow = Flow::new();
    let answer = flow.redeem(&flow.code("&scope=auth-read"), "&expires_in=60").unwrap();
    assert_eq!((&answer["scope"], &answer["expires_in"]), (&json!("auth-read"), &json!(60)));
    let token: &Value = &answer["refresh_token"];
    assert!(token.as_str().unwrap().starts_with("RR~"));
}
