//! The endpoints of authentication: what is HTTP about them.

use saibo_model::{Document, EntitySet, Id, Kind};
use saibo_oauth::password::{HashAlgorithm, PasswordHasher};
use saibo_server::config::{Config, Secret};
use saibo_store::StoreExt as _;
use serde_json::{Value, json};

use crate::support::{Answer, Running};

const FORM: (&str, &str) = ("Content-Type", "application/x-www-form-urlencoded");
const LOGIN: &str = "grant_type=password&username=alice&password=password1";

/// A unit with the Cell `home` and its Account `alice`.
async fn unit(status: &str) -> Running {
    unit_with(status, |_| {}).await
}

async fn unit_with(status: &str, change: impl FnOnce(&mut Config)) -> Running {
    let running = Running::start(change).await;
    let unit = running.unit.app().unit.clone();
    let body = json!({ "Name": "alice", "Type": "basic", "Status": status }).to_string();
    let founded = tokio::task::spawn_blocking(move || {
        unit.found_cell("home", None, 0).unwrap();
        let mut hidden = serde_json::Map::new();
        PasswordHasher::weak(HashAlgorithm::Argon2id).hash("password1").unwrap().to_hidden(&mut hidden);
        let mut account = Document {
            seq: 0,
            id: Id::random(),
            set: EntitySet::control(Kind::Account),
            key: "alice".to_owned(),
            parent: None,
            peer: None,
            version: 1,
            published: 0,
            updated: 0,
            body,
            hidden: Some(Value::Object(hidden).to_string()),
            extra: None,
        };
        unit.cell("home").unwrap().store().write(move |tx| tx.put_document(&mut account)).unwrap();
    });
    founded.await.unwrap();
    running
}

#[tokio::test]
async fn a_password_of_an_old_account_needs_the_old_units_salt() {
    // printf 'password1changeme' | sha256sum
    const HASH: &str = "31a93fd538cee49696af0b3c7ac22f556e7b8aeb76054477eec33e6952044421";
    for (salt, status) in [(Some("changeme"), 200), (Some("other"), 400), (None, 400)] {
        let running = unit_with("active", |config| {
            config.authentication.legacy_password_salt = salt.map(Secret::new);
        })
        .await;
        let unit = running.unit.app().unit.clone();
        let changed = tokio::task::spawn_blocking(move || {
            unit.cell("home").unwrap().store().write(|tx| {
                let found = tx.read().document(&EntitySet::control(Kind::Account), None, "alice")?;
                let mut account = found.unwrap();
                account.hidden = Some(json!({ "HashedCredential": HASH }).to_string());
                tx.put_document(&mut account)
            })
        });
        changed.await.unwrap().unwrap();
        assert_eq!(post(&running, "/home/__token", LOGIN).await.status, status, "{salt:?}");
    }
}

async fn post(running: &Running, path: &str, body: &str) -> Answer {
    running.send("POST", path, &[FORM], body.as_bytes()).await
}

#[tokio::test]
async fn a_token_is_given_and_taken() {
    let running = unit("active").await;
    let answer = post(&running, "/home/__token", &format!("{LOGIN}&p_cookie=true")).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    let location = format!("http://{}/home/__token", running.authority());
    assert_eq!(answer.header("location"), Some(location.as_str()));
    let cookie = answer.header("set-cookie").unwrap();
    assert!(cookie.starts_with("p_cookie=") && cookie.ends_with(";Domain=localhost;Path=/home/;HttpOnly"));
    let body = answer.json();
    let bearer = format!("Bearer {}", body["access_token"].as_str().unwrap());
    let sign = running.send("POST", "/home/__sign", &[("Authorization", &bearer)], b"x").await;
    assert_eq!((sign.status, sign.json()["code"].as_str()), (403, Some("PR403-AU-0002")));
    let master = [("Authorization", "Bearer token")];
    let sign = running.send("POST", "/home/__sign", &master, b"x").await;
    assert_eq!((sign.status, sign.header("content-type")), (200, Some("application/jose")));
    let token = format!("token={}", body["refresh_token"].as_str().unwrap());
    let seen = running.send("POST", "/home/__introspect", &master, token.as_bytes()).await;
    assert_eq!(seen.json()["active"], true);
}

#[tokio::test]
async fn failures_are_oauths() {
    let running = unit("passwordChangeRequired").await;
    let answer = post(&running, "/home/__token", &LOGIN.replace("password1", "wrong")).await;
    assert_eq!(answer.status, 400);
    let body = answer.json();
    assert_eq!(body["error"], "invalid_grant");
    assert!(body["error_description"].as_str().unwrap().starts_with("[PR400-AN-0017] - "));
    tokio::time::sleep(std::time::Duration::from_millis(1050)).await;
    let answer = post(&running, "/home/__token", LOGIN).await;
    assert_eq!(answer.status, 401);
    let challenge = format!("Basic realm=\"http://{}/home/\"", running.authority());
    assert_eq!(answer.header("www-authenticate"), Some(challenge.as_str()));
    let bearer = format!("Bearer {}", answer.json()["access_token"].as_str().unwrap());
    let headers = [("Authorization", bearer.as_str()), ("X-Personium-Credential", "password2")];
    assert_eq!(running.send("PUT", "/home/__mypassword", &headers, b"").await.status, 204);
    let answer = post(&running, "/home/__token", &LOGIN.replace("password1", "password2")).await;
    assert_eq!(answer.status, 200);
    assert_eq!(post(&running, "/nobody/__token", LOGIN).await.status, 404);
    let anonymous = post(&running, "/home/__introspect", "token=x").await;
    assert_eq!((anonymous.status, anonymous.json()["code"].as_str()), (401, Some("PR401-AU-0001")));
}

#[tokio::test]
async fn people_log_in_with_a_form() {
    let running = unit("active").await;
    let asked =
        "response_type=token&client_id=https://app.example/&redirect_uri=https://app.example/cb&state=1";
    let form = running.get(&format!("/home/__authz?{asked}"), &[]).await;
    assert_eq!((form.status, form.header("content-type")), (200, Some("text/html;charset=UTF-8")));
    let policy = form.header("content-security-policy").unwrap();
    assert!(
        policy.contains("default-src 'none'") && policy.contains("form-action 'self' https://app.example")
    );
    assert_eq!(form.header("referrer-policy"), Some("same-origin"));
    let answer = post(&running, "/home/__authz", &format!("{asked}&username=alice&password=password1")).await;
    assert_eq!(answer.status, 303);
    let location = answer.header("location").unwrap();
    assert!(location.starts_with("https://app.example/cb#access_token=AR~"), "{location}");
    let bad = running.get("/home/__authz?redirect_uri=x", &[]).await;
    let page = format!("http://{}/home/__html/error?code=PR400-AZ-0002", running.authority());
    assert_eq!((bad.status, bad.header("location")), (303, Some(page.as_str())));
    let page = running.get("/home/__html/error?code=PR400-AZ-0002", &[]).await;
    assert!(String::from_utf8_lossy(&page.body).contains("PR400-AZ-0002"));
    let page = running.get("/home/__html/error?code=%3Cscript%3E", &[]).await;
    assert!(!String::from_utf8_lossy(&page.body).contains("<script"));
}

/// Neither a page of somebody else nor a link with somebody else's target gets anything for who logs in.
#[tokio::test]
async fn strangers_get_nothing_by_way_of_the_form() {
    let running = unit("active").await;
    let own = format!("http://{}", running.authority());
    for (target, origin, ends_at_target) in [
        ("https://app.example/cb", None, true),
        ("https://app.example/cb", Some("https://app.example"), true),
        ("https://app.example/cb", Some(own.as_str()), true),
        ("https://app.example/cb", Some("https://evil.example"), false),
        ("https://app.example/cb", Some("null"), false),
        ("https://evil.example/", None, false),
        ("https://app.example.evil.example/", None, false),
        ("https://app.example/%0d%0aSet-Cookie:a", None, false),
        ("https://app.example/%250d%250a", None, true),
        ("//app.example/cb", None, false),
    ] {
        let body = format!(
            "response_type=token&client_id=https://app.example/&redirect_uri={target}&username=alice&password=password1"
        );
        let mut headers = vec![FORM];
        headers.extend(origin.map(|origin| ("Origin", origin)));
        let answer = running.send("POST", "/home/__authz", &headers, body.as_bytes()).await;
        let location = answer.header("location").unwrap();
        assert_eq!(answer.status, 303);
        assert_eq!(location.contains("access_token="), ends_at_target, "{target} {origin:?} {location}");
        assert!(ends_at_target || location.starts_with(&format!("{own}/home/__html/error")), "{location}");
        assert_eq!(answer.header("set-cookie"), None);
    }
}

#[tokio::test]
async fn keys_and_endpoints_can_be_discovered() {
    let running = unit("active").await;
    let found = running.get("/home/.well-known/openid-configuration", &[]).await.json();
    assert_eq!(found["jwks_uri"], format!("http://{}/home/__certs", running.authority()));
    let keys = running.get("/home/__certs", &[]).await.json();
    assert_eq!(keys["keys"][0]["alg"], "RS256");
    assert_eq!(running.get("/home/__certs", &[]).await.json(), keys);
}
