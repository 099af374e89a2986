//! Whatever is sent to them, the parsers of tokens and forms neither panic nor take long, and no token counts that
//! was not made. Longer: `SAIBO_FUZZ_SECONDS=600 cargo test -p saibo-oauth --test fuzz`.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use saibo_fuzz::Fuzz;
use saibo_oauth::cookie::{open_cookie, seal_cookie};
use saibo_oauth::grant::{Form, basic_credentials};
use saibo_oauth::jwt::{Expected, Keys};
use saibo_oauth::scope::Scopes;
use saibo_oauth::token::CodeBinding;
use saibo_oauth::{Claims, KeyRing, Token, TokenKind};

const CELL: &str = "https://unit.example/alice/";
const NOW: i64 = 1_795_478_486_984;

fn fuzz(target: &str) -> Fuzz {
    Fuzz::new(env!("CARGO_MANIFEST_DIR"), target)
}

fn claims() -> Claims {
    Claims {
        issuer: CELL.into(),
        subject: "alice".into(),
        issued_at: NOW,
        lifetime: 3600,
        schema: Some("https://app.example/#c".into()),
        scopes: vec!["root".into(), "openid".into()],
        roles: vec![format!("{CELL}__role/__/friend")],
        code: Some(CodeBinding {
            redirect_uri: Some("https://app.example/cb".into()),
            ..CodeBinding::default()
        }),
        ..Claims::default()
    }
}

/// Only the very texts that were made are tokens.
#[test]
fn opaque_tokens() {
    let ring = KeyRing::new([7; 32], 0);
    let made = TokenKind::ALL.map(|kind| Token::seal(kind, &claims(), &ring).unwrap());
    let fuzz = made.iter().fold(Fuzz::without_corpus("opaque"), |fuzz, token| fuzz.seed(token.clone()));
    fuzz.run(|input| {
        let text = String::from_utf8_lossy(input);
        let read = Token::parse(&text, &ring, CELL, NOW);
        assert!(read.is_err() || made.iter().any(|token| *token == text));
        (TokenKind::of(&text), read.map(|token| token.kind).map_err(|error| error.to_string()))
    });
}

#[test]
fn cookies() {
    let ring = KeyRing::new([7; 32], 0);
    let cookie = seal_cookie(&ring, CELL, "peer", "AR~token").unwrap();
    Fuzz::without_corpus("cookie").seed(cookie.clone()).run(|input| {
        let text = String::from_utf8_lossy(input);
        let read = open_cookie(&ring, CELL, "peer", &text);
        assert!(read.is_err() || text == cookie);
        read.map_err(|error| error.to_string())
    });
}

#[test]
fn forms() {
    fuzz("form").run(|input| {
        let form = Form::parse(input);
        let asked = form.as_ref().ok().map(|form| {
            let request = form.token_request().map(drop).map_err(|error| error.code().code());
            let client =
                form.client(None).map(|client| client.is_some()).map_err(|error| error.code().code());
            let target = form
                .target(str::to_owned)
                .map(|target| target.is_some())
                .map_err(|error| error.code().code());
            (request, client, target)
        });
        asked.ok_or(form.err().map(|error| error.code().code()))
    });
}

#[test]
fn headers_and_scopes() {
    fuzz("header").by_line().run(|input| {
        let text = String::from_utf8_lossy(input);
        let scopes = Scopes::parse(&text);
        assert_eq!(Scopes::parse(&scopes.to_string()), scopes);
        let found = basic_credentials(&text).map(|(name, _)| name.len().min(32));
        (found, scopes.iter().count(), scopes.has_openid())
    });
}

/// A set of keys, and a token for it.
#[test]
fn id_tokens() {
    const KEYS: &str = r#"{"keys":[{"kty":"RSA","alg":"RS256","kid":"a","n":"AQAB","e":"AQAB"}]}"#;
    let keys = Keys::parse(KEYS).unwrap();
    fuzz("jwt").by_line().run(|input| {
        let text = String::from_utf8_lossy(input);
        let expected = Expected { issuers: &[], clients: &[], nonce: None };
        let fault = keys.verify(&text, expected, 0).unwrap_err();
        let token = "eyJhbGciOiJSUzI1NiIsImtpZCI6ImEifQ.e30.AAAA";
        (fault, Keys::parse(&text).map(|keys| keys.verify(token, expected, 0).is_ok()).ok())
    });
}
