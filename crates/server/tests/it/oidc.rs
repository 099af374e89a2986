//! Logging in with the id token of an OpenID Connect provider.

use std::time::{Duration, Instant};

use saibo_core::token::{self, Call};
use saibo_oauth::grant::Form;
use saibo_oauth::jwt::key_set;
use saibo_server::config::OidcConfig;
use serde_json::{Value, json};

use crate::support::{Answer, Issuer, Manner, Running, key, signed};

const FORM: (&str, &str) = ("Content-Type", "application/x-www-form-urlencoded");
const MASTER: (&str, &str) = ("Authorization", "Bearer token");
const ALICE: &str = "alice@example.com";

/// A unit with a provider `local`, and the Cell `home` with Accounts.
struct World {
    issuer: Issuer,
    unit: Running,
}

impl World {
    async fn new() -> Self {
        let issuer = Issuer::start().await;
        let url = issuer.url().to_owned();
        let unit = Running::start(|config| {
            config.authentication.oidc = vec![OidcConfig {
                name: "local".to_owned(),
                issuer: Some(url),
                client_ids: vec!["client".to_owned()],
                account_claim: "email".to_owned(),
                allow_http: false,
            }];
        })
        .await;
        let world = Self { issuer, unit };
        let cell = world.unit.send("POST", "/__ctl/Cell", &[MASTER], br#"{"Name":"home"}"#).await;
        assert_eq!(cell.status, 201);
        world.account(ALICE, json!({ "Type": "basic oidc:local" })).await;
        world
    }

    async fn account(&self, name: &str, more: Value) {
        let mut body = json!({ "Name": name });
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let headers = [MASTER, ("X-Personium-Credential", "password1")];
        let made = self.unit.send("POST", "/home/__ctl/Account", &headers, body.to_string().as_bytes()).await;
        assert_eq!(made.status, 201, "{made:?}");
    }

    async fn post(&self, body: &str) -> Answer {
        self.unit.send("POST", "/home/__token", &[FORM], body.as_bytes()).await
    }

    async fn log_in(&self, token: &str, more: &str) -> Answer {
        self.post(&format!("grant_type=urn:x-personium:oidc:local&id_token={token}{more}")).await
    }

    /// A good token, but for what is changed in it.
    fn token(&self, change: impl FnOnce(&mut Value)) -> String {
        let mut claims = self.issuer.claims(ALICE, saibo_core::clock::now());
        change(&mut claims);
        signed(0, &claims)
    }

    fn token_of(&self, email: &str) -> String {
        self.token(|claims| claims["email"] = email.into())
    }
}

/// The status and the code that the description of a refusal begins with.
fn refusal(answer: &Answer) -> (u16, String) {
    let text = answer.json()["error_description"].as_str().unwrap_or_default().to_owned();
    (answer.status, text.split(']').next().unwrap_or_default().trim_start_matches('[').to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_id_token_logs_in() {
    let world = World::new().await;
    let answer = world.log_in(&world.token(|_| {}), "").await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let body = answer.json();
    let mut names: Vec<_> = body.as_object().unwrap().keys().map(String::as_str).collect();
    names.sort_unstable();
    let expected = ["access_token", "expires_in", "p_target", "refresh_token", "refresh_token_expires_in"];
    assert_eq!(names[..5], expected);
    assert_eq!(names[5..], ["scope", "token_type"]);
    assert_eq!(body["scope"], "root");
    let bearer = format!("Bearer {}", body["access_token"].as_str().unwrap());
    let change = [("Authorization", bearer.as_str()), ("X-Personium-Credential", "password2")];
    assert_eq!(world.unit.send("PUT", "/home/__mypassword", &change, b"").await.status, 204, "it is alice");
    let refresh =
        format!("grant_type=refresh_token&refresh_token={}", body["refresh_token"].as_str().unwrap());
    assert_eq!(world.post(&refresh).await.status, 200);
    let answer =
        world.log_in(&world.token(|claims| claims["nonce"] = "n".into()), "&nonce=n&p_cookie=true").await;
    assert!(answer.status == 200 && answer.header("set-cookie").is_some());
    assert_eq!(world.issuer.asked(), 2, "its metadata and its keys, once");

    let found = world.unit.get("/home/.well-known/openid-configuration", &[]).await.json();
    assert!(
        found["grant_types_supported"].as_array().unwrap().contains(&json!("urn:x-personium:oidc:local"))
    );
    // It was a login like any other.
    let body = world.post(&format!("grant_type=password&username={ALICE}&password=password2")).await.json();
    assert!(body["last_authenticated"].is_i64(), "{body}");
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_that_do_not_count() {
    let world = World::new().await;
    let now = saibo_core::clock::now() / 1000;
    let rejected = (400, "PR400-PA-0001".to_owned());
    let changes: [(&str, Value); 10] = [
        ("aud", json!("somebody else")),
        ("aud", json!(["client", "somebody else"])),
        ("azp", json!("somebody else")),
        ("iss", json!("https://accounts.google.com")),
        ("exp", json!(now - 100)),
        ("iat", json!(now + 100)),
        ("email_verified", json!(false)),
        ("email_verified", Value::Null),
        ("email", Value::Null),
        ("sub", Value::Null),
    ];
    for (claim, value) in changes {
        let token = world.token(|claims| claims[claim] = value.clone());
        let answer = world.log_in(&token, "").await;
        assert_eq!(refusal(&answer), rejected, "{claim} {value}");
        assert_eq!(answer.json()["error"], "invalid_grant");
    }
    let good = world.token(|_| {});
    assert_eq!(refusal(&world.log_in(&good, "&nonce=n").await), rejected, "no nonce");
    let other = world.token_of("bob@example.com");
    let (head, rest) = good.split_once('.').unwrap();
    let (_, signature) = rest.split_once('.').unwrap();
    let (_, payload) = other.split_once('.').unwrap();
    let (payload, _) = payload.split_once('.').unwrap();
    assert_eq!(
        refusal(&world.log_in(&format!("{head}.{payload}.{signature}"), "").await),
        rejected,
        "tampered"
    );
    let forged = signed(1, &world.issuer.claims(ALICE, saibo_core::clock::now()));
    assert_eq!(refusal(&world.log_in(&forged, "").await), rejected, "a key that is not the provider's");
    for text in ["x", "a.b.c", "eyJhbGciOiJub25lIn0.e30.", &good[1..], head] {
        assert_eq!(refusal(&world.log_in(text, "").await), rejected, "{text}");
    }
    let missing = (400, "PR400-AN-0016".to_owned());
    assert_eq!(refusal(&world.log_in("", "").await), missing);
    assert_eq!(refusal(&world.post("grant_type=urn:x-personium:oidc:local").await), missing);
    let answer = world.post(&format!("grant_type=urn:x-personium:oidc:google&id_token={good}")).await;
    assert_eq!(answer.json()["error"], "unsupported_grant_type", "not configured");
    assert_eq!(world.log_in(&good, "").await.status, 200);
}

/// Whoever has a good token is told no more than whoever has a wrong password.
#[tokio::test(flavor = "multi_thread")]
async fn accounts_that_it_does_not_let_in() {
    let world = World::new().await;
    for (name, fields) in [
        ("typeless@example.com", json!({ "Type": "basic" })),
        ("google@example.com", json!({ "Type": "oidc:google" })),
        ("gone@example.com", json!({ "Type": "oidc:local", "Status": "deactivated" })),
        ("far@example.com", json!({ "Type": "oidc:local", "IPAddressRange": "192.0.2.0/24" })),
    ] {
        world.account(name, fields).await;
        let answer = world.log_in(&world.token_of(name), "").await;
        assert_eq!(refusal(&answer), (400, "PR400-AN-0017".to_owned()), "{name}");
    }
    let nobody = world.log_in(&world.token_of("nobody@example.com"), "").await;
    assert_eq!(refusal(&nobody), (400, "PR400-AN-0017".to_owned()));

    world
        .account("new@example.com", json!({ "Type": "oidc:local", "Status": "passwordChangeRequired" }))
        .await;
    let answer = world.log_in(&world.token_of("new@example.com"), "").await;
    assert_eq!(answer.status, 401);
    assert!(answer.json()["access_token"].as_str().unwrap().starts_with("AP~"));

    // The pause after a failed login is the Account's, however it logs in.
    world.account("near@example.com", json!({ "Type": "basic oidc:local" })).await;
    let near = world.token_of("near@example.com");
    assert_eq!(world.log_in(&near, "").await.status, 200);
    let wrong = world.post("grant_type=password&username=near@example.com&password=wrong").await;
    assert_eq!(wrong.status, 400);
    assert_eq!(refusal(&world.log_in(&near, "").await), (400, "PR400-AN-0017".to_owned()), "too soon");
    tokio::time::sleep(Duration::from_millis(1050)).await;
    let right = world.post("grant_type=password&username=near@example.com&password=password1").await;
    assert_eq!(right.json()["failed_count"], 2);
}

/// The public key is no secret to sign with: what a library that took any algorithm would believe.
#[tokio::test(flavor = "multi_thread")]
async fn a_public_key_is_no_shared_secret() {
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    let world = World::new().await;
    let set = key_set([key(0)]);
    let modulus = URL_SAFE_NO_PAD.decode(set["keys"][0]["n"].as_str().unwrap()).unwrap();
    let header = json!({ "alg": "HS256", "kid": key(0).id() }).to_string();
    let claims = world.issuer.claims(ALICE, saibo_core::clock::now()).to_string();
    let text = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims));
    let signature = hmac_sha256(&modulus, text.as_bytes());
    let token = format!("{text}.{}", URL_SAFE_NO_PAD.encode(signature));
    assert_eq!(refusal(&world.log_in(&token, "").await), (400, "PR400-PA-0001".to_owned()));
}

/// RFC 2104, for keys longer than a block.
fn hmac_sha256(key: &[u8], message: &[u8]) -> Vec<u8> {
    use sha2::{Digest as _, Sha256};
    let mut block = [0; 64];
    block[..32].copy_from_slice(&Sha256::digest(key));
    let with = |pad: u8| block.map(|byte| byte ^ pad);
    let inner = Sha256::new().chain_update(with(0x36)).chain_update(message).finalize();
    Sha256::new().chain_update(with(0x5c)).chain_update(inner).finalize().to_vec()
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_are_replaced() {
    let world = World::new().await;
    assert_eq!(world.log_in(&world.token(|_| {}), "").await.status, 200);
    let now = saibo_core::clock::now();
    let (first, second) =
        (signed(0, &world.issuer.claims(ALICE, now)), signed(1, &world.issuer.claims(ALICE, now)));
    // Later than any pause, and while the token counts.
    let log_in = |token: &str, now: i64| {
        let unit = world.unit.unit.app().unit.clone();
        let body = format!("grant_type=urn:x-personium:oidc:local&id_token={token}");
        tokio::task::spawn_blocking(move || {
            let form = Form::parse(body.as_bytes()).unwrap();
            let call = Call { form: &form, authorization: None, address: None };
            let issued = token::issue(&unit, &unit.cell("home").unwrap(), call, now);
            issued.map(drop).map_err(|error| error.code().code())
        })
    };
    assert_eq!(log_in(&second, now + 60_000).await.unwrap(), Err("PR400-PA-0001"), "a key of nobody");
    assert_eq!(world.issuer.asked(), 4, "it was asked whether it has that key");
    assert_eq!(log_in(&second, now + 61_000).await.unwrap(), Err("PR400-PA-0001"));
    assert_eq!(world.issuer.asked(), 4, "and not again at once");
    world.issuer.rotate(&[0, 1]);
    assert_eq!(log_in(&second, now + 120_000).await.unwrap(), Ok(()));
    assert_eq!(log_in(&first, now + 120_000).await.unwrap(), Ok(()));
    world.issuer.rotate(&[1]);
    assert_eq!(log_in(&first, now + 121_000).await.unwrap(), Ok(()), "kept for a while");
    let later = now + 3_700_000;
    let (first, second) =
        (signed(0, &world.issuer.claims(ALICE, later)), signed(1, &world.issuer.claims(ALICE, later)));
    assert_eq!(log_in(&first, later + 60_000).await.unwrap(), Err("PR400-PA-0001"), "and not for ever");
    assert_eq!(log_in(&second, later + 60_000).await.unwrap(), Ok(()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_provider_that_is_down_is_told() {
    let unavailable = (503, "PR503-PA-0001".to_owned());
    for manner in [
        Manner::Redirecting,
        Manner::Endless,
        Manner::Impostor,
        Manner::Careless,
        Manner::Babbling,
        Manner::Silent,
    ] {
        let world = World::new().await;
        world.issuer.behave(manner);
        let token = world.token(|_| {});
        let begun = Instant::now();
        let (answer, beside) = tokio::join!(world.log_in(&token, ""), async {
            tokio::time::sleep(Duration::from_millis(100)).await;
            let others = world.unit.get("/home/__certs", &[]).await;
            (others.status, begun.elapsed())
        });
        assert_eq!(refusal(&answer), unavailable, "{manner:?}");
        assert_eq!(answer.json()["error"], "temporarily_unavailable");
        let waited = begun.elapsed();
        assert!(waited < Duration::from_secs(30), "{manner:?}: {waited:?}");
        if manner == Manner::Silent {
            assert!(waited > Duration::from_secs(2), "it had its time: {waited:?}");
            assert!(beside.0 == 200 && beside.1 < waited, "others do not wait for it: {beside:?}");
        }
        let asked = world.issuer.asked();
        assert_eq!(refusal(&world.log_in(&token, "").await), unavailable);
        assert_eq!(world.issuer.asked(), asked, "not asked again at once");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn known_keys_outlive_their_provider() {
    let world = World::new().await;
    assert_eq!(world.log_in(&world.token(|_| {}), "").await.status, 200);
    world.issuer.end();
    assert_eq!(world.log_in(&world.token(|_| {}), "").await.status, 200);
    let forged = signed(1, &world.issuer.claims(ALICE, saibo_core::clock::now()));
    assert_eq!(refusal(&world.log_in(&forged, "").await), (400, "PR400-PA-0001".to_owned()));
    let other = World::new().await;
    other.issuer.end();
    assert_eq!(refusal(&other.log_in(&other.token(|_| {}), "").await), (503, "PR503-PA-0001".to_owned()));
}
