use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::json;

use super::super::{CellKey, IdTokenClaims, key_set};
use super::*;

const NOW: i64 = 1_795_478_486_984;
const SECONDS: i64 = NOW / 1000;

fn claims() -> Value {
    json!({
        "iss": "https://u.example/alice/", "sub": "alice", "aud": "https://app.example/",
        "exp": SECONDS + 3600, "iat": SECONDS
    })
}

fn verify_with(keys: &Keys, token: &str, nonce: Option<&str>, now: i64) -> Result<Value, IdTokenFault> {
    let issuers = ["https://u.example/alice/".to_owned()];
    let clients = ["https://app.example/".to_owned(), "https://app.example/phone/".to_owned()];
    let expected = Expected { issuers: &issuers, clients: &clients, nonce };
    keys.verify(token, expected, now).map(Value::Object)
}

fn key() -> CellKey {
    CellKey::generate("086e85bf-cd62-4e44-b131-3b9ca280db82").unwrap()
}

/// One key for all, as making one is slow.
#[test]
fn what_a_cell_signs_is_checked() {
    let key = key();
    let key = CellKey::from_pkcs8(key.id(), &key.to_pkcs8().unwrap()).unwrap();
    assert_eq!(format!("{key:?}"), "CellKey { id: \"086e85bf-cd62-4e44-b131-3b9ca280db82\", .. }");

    let set = key_set([&key]);
    let jwk = &set["keys"][0];
    let names: Vec<_> = jwk.as_object().unwrap().keys().collect();
    assert_eq!(names, ["kty", "alg", "kid", "n", "e"], "as recorded for __certs");
    assert_eq!((&jwk["e"], jwk["n"].as_str().unwrap().len()), (&json!("AQAB"), 342));

    let keys = Keys::parse(&set.to_string()).unwrap();
    let own: IdTokenClaims = serde_json::from_value(claims()).unwrap();
    let token = key.sign_id_token(&own).unwrap();
    assert_eq!(verify_with(&keys, &token, None, NOW), Ok(claims()));
    assert_eq!(verify_with(&keys, &token, None, NOW + 3_700_000), Err(IdTokenFault::Expired));
    assert_eq!(verify_with(&keys, &token, None, NOW - 100_000), Err(IdTokenFault::NotYet));
    assert_eq!(verify_with(&keys, &token, Some("n"), NOW), Err(IdTokenFault::Nonce));

    let parts: Vec<_> = token.split('.').collect();
    let header: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(parts[0]).unwrap()).unwrap();
    assert_eq!(header, json!({"alg": "RS256", "kid": key.id()}));
    let mut other = claims();
    other["sub"] = "bob".into();
    let other = URL_SAFE_NO_PAD.encode(other.to_string());
    let forged = format!("{}.{other}.{}", parts[0], parts[2]);
    assert_eq!(verify_with(&keys, &forged, None, NOW), Err(IdTokenFault::Signature));
    for (header, fault) in [
        (json!({"alg": "none", "kid": key.id()}), IdTokenFault::Malformed),
        (json!({"alg": "HS256", "kid": key.id()}), IdTokenFault::UnknownKey),
        (json!({"alg": "RS512", "kid": key.id()}), IdTokenFault::UnknownKey),
        (json!({"alg": "ES256", "kid": key.id()}), IdTokenFault::UnknownKey),
        (json!({"alg": "RS256", "kid": "another"}), IdTokenFault::UnknownKey),
        (json!({"alg": "RS256", "kid": key.id(), "crit": ["b64"], "b64": true}), IdTokenFault::Malformed),
        (json!({"alg": "RS256"}), IdTokenFault::Signature),
    ] {
        let encoded = URL_SAFE_NO_PAD.encode(header.to_string());
        let token = format!("{encoded}.{}.{}", parts[1], parts[2]);
        assert_eq!(verify_with(&keys, &token, None, NOW), Err(fault), "{header}");
    }

    for (field, value, expected) in [
        ("aud", json!(["https://app.example/"]), Ok(())),
        ("aud", json!("https://other.example/"), Err(IdTokenFault::Audience)),
        ("aud", json!(["https://app.example/", "https://other.example/"]), Err(IdTokenFault::Audience)),
        ("aud", json!(["https://app.example/", "https://app.example/phone/"]), Err(IdTokenFault::Audience)),
        ("aud", json!([]), Err(IdTokenFault::Audience)),
        ("azp", json!("https://app.example/phone/"), Ok(())),
        ("azp", json!("https://other.example/"), Err(IdTokenFault::Audience)),
        ("iss", json!("https://u.example/bob/"), Err(IdTokenFault::Issuer)),
        ("iss", Value::Null, Err(IdTokenFault::Malformed)),
        ("sub", json!(""), Err(IdTokenFault::Malformed)),
        ("exp", json!(SECONDS - 59), Ok(())),
        ("exp", json!(SECONDS - 61), Err(IdTokenFault::Expired)),
        ("exp", json!("later"), Err(IdTokenFault::Malformed)),
        ("iat", json!(SECONDS as f64 + 0.5), Ok(())),
        ("iat", Value::Null, Err(IdTokenFault::Malformed)),
        ("nbf", json!(SECONDS + 62), Err(IdTokenFault::NotYet)),
        ("nonce", json!("n"), Ok(())),
    ] {
        let mut claims = claims();
        claims[field] = value.clone();
        let token = key.sign(claims.to_string().as_bytes()).unwrap();
        let found = verify_with(&keys, &token, None, NOW).map(drop);
        assert_eq!(found, expected, "{field} {value}");
    }
    let tied = key.sign(json!({ "nonce": "n" }).to_string().as_bytes()).unwrap();
    assert_eq!(verify_with(&keys, &tied, Some("n"), NOW), Err(IdTokenFault::Malformed), "nothing else in it");

    let signed = key.sign(b"example_text").unwrap();
    let parts: Vec<_> = signed.split('.').collect();
    assert_eq!(URL_SAFE_NO_PAD.decode(parts[1]).unwrap(), b"example_text");
    assert!(CellKey::from_pkcs8("x", b"no key").is_err());
}

/// Keys that are in a set for something else, or are too weak, check no signature.
#[test]
fn keys_are_used_for_what_they_are_for() {
    let key = key();
    let plain = key.to_jwk();
    let token = key.sign(claims().to_string().as_bytes()).unwrap();
    let changed = |change: fn(&mut Value)| {
        let mut jwk = plain.clone();
        change(&mut jwk);
        let keys = Keys::parse(&json!({ "keys": [jwk] }).to_string()).unwrap();
        verify_with(&keys, &token, None, NOW).map(drop)
    };
    assert_eq!(changed(|_| {}), Ok(()));
    assert_eq!(changed(|jwk| jwk["use"] = "sig".into()), Ok(()));
    assert_eq!(changed(|jwk| jwk["use"] = "enc".into()), Err(IdTokenFault::UnknownKey));
    assert_eq!(changed(|jwk| jwk["alg"] = "RS512".into()), Err(IdTokenFault::UnknownKey));
    assert_eq!(changed(|jwk| drop(jwk.as_object_mut().unwrap().remove("alg"))), Ok(()));
    assert_eq!(changed(|jwk| jwk["n"] = "AQAB".into()), Err(IdTokenFault::UnknownKey));
    let secret = json!({ "kty": "oct", "kid": key.id(), "k": "c2VjcmV0" });
    let keys = Keys::parse(&json!({ "keys": [secret] }).to_string()).unwrap();
    assert_eq!(verify_with(&keys, &token, None, NOW).map(drop), Err(IdTokenFault::UnknownKey));
    let twice = Keys::parse(&json!({ "keys": [plain, plain] }).to_string()).unwrap();
    assert_eq!(verify_with(&twice, &token, None, NOW).map(drop), Err(IdTokenFault::UnknownKey), "which one?");
    let unknown = json!({ "keys": [{ "kty": "new", "kid": "x", "use": "new" }, plain] });
    assert_eq!(verify_with(&Keys::parse(&unknown.to_string()).unwrap(), &token, None, NOW).map(drop), Ok(()));
}
