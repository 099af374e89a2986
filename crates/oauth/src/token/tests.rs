//! Tokens made, read back and spoilt.

use super::*;

const CELL: &str = "https://unit.example/alice/";
const NOW: i64 = 1_795_478_486_984;

fn ring() -> KeyRing {
    KeyRing::new([7; 32], 0)
}

fn resident() -> Claims {
    Claims {
        issuer: CELL.into(),
        subject: "alice".into(),
        issued_at: NOW,
        lifetime: ACCESS_LIFETIME,
        schema: Some("https://app.example/app/#c".into()),
        scopes: vec!["root".into()],
        ..Claims::default()
    }
}

fn everything() -> Claims {
    Claims {
        roles: vec![format!("{CELL}__role/__/friend"), "https://other.example/__role/__/x".into()],
        origin: Some(Origin { issuer: "https://other.example/".into(), assertion_id: "id-1".into() }),
        code: Some(CodeBinding {
            redirect_uri: Some("https://app.example/app/cb".into()),
            challenge: Some("c".into()),
            nonce: Some("n".into()),
        }),
        ..resident()
    }
}

#[test]
fn every_kind_reads_back_as_it_was_made() {
    let ring = ring();
    for kind in TokenKind::ALL {
        for claims in [
            resident(),
            everything(),
            Claims { issuer: CELL.into(), issued_at: NOW, lifetime: 1, ..Claims::default() },
        ] {
            let text = Token::seal(kind, &claims, &ring).unwrap();
            let token = Token::parse(&text, &ring, CELL, NOW).unwrap();
            assert_eq!((token.kind, &token.claims), (kind, &claims));
        }
    }
}

/// What clients and the recorded requests expect of a token's form.
#[test]
fn the_form_is_two_letters_a_tilde_and_base64url() {
    for kind in TokenKind::ALL {
        let claims = Claims { issuer: CELL.into(), ..Claims::default() };
        let text = Token::seal(kind, &claims, &ring()).unwrap();
        let (prefix, body) = text.split_at(3);
        assert!(prefix[..2].bytes().all(|b| b.is_ascii_uppercase()) && prefix.ends_with('~'));
        assert!(
            body.len() >= 20 && body.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
        );
    }
}

#[test]
fn two_tokens_of_the_same_claims_differ() {
    let ring = ring();
    let [one, two] = [0, 1].map(|_| Token::seal(TokenKind::Code, &resident(), &ring).unwrap());
    assert_ne!(one, two);
    let [one, two] = [one, two].map(|text| Token::parse(&text, &ring, CELL, NOW).unwrap().id());
    assert_ne!(one, two);
}

#[test]
fn a_token_of_another_cell_is_told_from_a_damaged_one() {
    let ring = ring();
    let text = Token::seal(TokenKind::ResidentAccess, &resident(), &ring).unwrap();
    assert_eq!(Token::parse(&text, &ring, "https://unit.example/bob/", NOW), Err(TokenError::WrongIssuer));
    let bytes = URL_SAFE_NO_PAD.decode(&text[3..]).unwrap();
    for at in 0..bytes.len() {
        let mut spoilt = bytes.clone();
        spoilt[at] ^= 0x40;
        let spoilt = format!("AR~{}", URL_SAFE_NO_PAD.encode(spoilt));
        let expected =
            if TAG_OF_ISSUER.contains(&at) { TokenError::WrongIssuer } else { TokenError::Malformed };
        assert_eq!(Token::parse(&spoilt, &ring, CELL, NOW), Err(expected), "byte {at}");
    }
    for short in (0..text.len()).filter(|short| text.is_char_boundary(*short)) {
        assert!(Token::parse(&text[..short], &ring, CELL, NOW).is_err());
    }
}

#[test]
fn a_prefix_cannot_be_exchanged() {
    let ring = ring();
    for made in TokenKind::ALL {
        let text = Token::seal(made, &resident(), &ring).unwrap();
        for read in TokenKind::ALL.into_iter().filter(|read| *read != made) {
            let relabelled = format!("{}{}", read.prefix(), &text[3..]);
            assert_eq!(Token::parse(&relabelled, &ring, CELL, NOW), Err(TokenError::Malformed));
        }
    }
}

#[test]
fn texts_that_are_no_tokens() {
    for text in [
        "",
        "AR~",
        "AR~AAAA",
        "AA~PBDc",
        "PEFzc2VydGlvbg",
        "AR~====",
        "AR~あ",
        "あ~あ",
        &format!("AR~{}", "A".repeat(MAX_TEXT + 1)),
    ] {
        assert_eq!(Token::parse(text, &ring(), CELL, NOW), Err(TokenError::Malformed), "{text:.40}");
    }
}

#[test]
fn it_ends_to_the_millisecond() {
    let ring = ring();
    let text = Token::seal(TokenKind::ResidentAccess, &resident(), &ring).unwrap();
    let end = NOW + 3_600_000;
    assert!(Token::parse(&text, &ring, CELL, end - 1).is_ok());
    assert_eq!(Token::parse(&text, &ring, CELL, end), Err(TokenError::Expired));
    let forged = Token::seal(TokenKind::ResidentAccess, &resident(), &KeyRing::new([8; 32], 0)).unwrap();
    assert_eq!(
        Token::parse(&forged, &ring, CELL, end),
        Err(TokenError::Malformed),
        "forged and over is only forged"
    );
}

#[test]
fn older_secrets_open_until_they_are_dropped() {
    let old = ring();
    let text = Token::seal(TokenKind::ResidentRefresh, &resident(), &old).unwrap();
    let new = old.rotated([9; 32], NOW);
    assert!(Token::parse(&text, &new, CELL, NOW).is_ok());
    let newer = Token::seal(TokenKind::ResidentRefresh, &resident(), &new).unwrap();
    assert_eq!(Token::parse(&newer, &old, CELL, NOW), Err(TokenError::Malformed));
    let read = KeyRing::from_file(&new.to_file()).unwrap();
    assert!(Token::parse(&newer, &read, CELL, NOW).is_ok());
    let kept = new.without_retired_before(NOW);
    assert!(Token::parse(&text, &kept, CELL, NOW).is_ok(), "it has sealed until then");
    let dropped = new.without_retired_before(NOW + 1);
    assert_eq!(Token::parse(&text, &dropped, CELL, NOW), Err(TokenError::Malformed));
    assert!(Token::parse(&newer, &dropped, CELL, NOW).is_ok());
}

#[test]
fn a_client_must_be_the_one_that_the_refresh_token_belongs_to() {
    let claims = resident();
    assert!(claims.is_confidential() && claims.client_id() == Some("https://app.example/app/"));
    assert!(claims.belongs_to(Some("https://app.example/app/#c")));
    assert!(!claims.belongs_to(Some("https://app.example/app/")));
    assert!(!claims.belongs_to(None));
    let without = Claims { schema: None, ..claims };
    assert!(
        without.belongs_to(None)
            && without.belongs_to(Some(""))
            && !without.belongs_to(Some("https://app.example/"))
    );
}

#[test]
fn a_code_asks_for_its_verifier() {
    let verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    let challenge = crate::pkce::challenge(verifier);
    let bound = CodeBinding {
        redirect_uri: Some("https://app.example/cb".into()),
        challenge: Some(challenge),
        nonce: None,
    };
    assert!(bound.admits(Some("https://app.example/cb"), Some(verifier)));
    assert!(bound.admits(None, Some(verifier)), "the redirect_uri was not repeated");
    assert!(!bound.admits(Some("https://app.example/cb2"), Some(verifier)));
    assert!(!bound.admits(None, None));
    assert!(!CodeBinding::default().admits(None, Some(verifier)));
    assert!(CodeBinding::default().admits(None, None));
}

#[test]
fn counts_and_lengths_that_lie_are_refused() {
    let mut bytes = Vec::new();
    codec::write(&everything(), &mut bytes);
    assert_eq!(codec::read(&bytes, CELL), Some(everything()));
    for end in 0..bytes.len() {
        assert_eq!(codec::read(&bytes[..end], CELL), None);
    }
    bytes.push(0);
    assert_eq!(codec::read(&bytes, CELL), None, "bytes left over");
    assert_eq!(
        codec::read(&[1, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1], CELL),
        None
    );
}

/// `cargo test -p saibo-oauth --release -- --ignored --nocapture checks_per_second`
#[test]
#[ignore = "a measurement"]
#[allow(clippy::print_stdout)]
fn checks_per_second() {
    let ring = ring();
    let cells: Vec<_> = (0..500).map(|n| format!("https://unit.example/cell{n}/")).collect();
    let texts: Vec<_> = cells
        .iter()
        .map(|cell| {
            Token::seal(TokenKind::ResidentAccess, &Claims { issuer: cell.clone(), ..resident() }, &ring)
                .unwrap()
        })
        .collect();
    let rounds = 2000;
    let start = std::time::Instant::now();
    for _ in 0..rounds {
        for (cell, text) in cells.iter().zip(&texts) {
            assert!(Token::parse(text, &ring, cell, NOW).is_ok());
        }
    }
    let checks = f64::from(rounds) * cells.len() as f64 / start.elapsed().as_secs_f64();
    println!("{checks:.0} checks/s over {} cells, {} characters a token", cells.len(), texts[0].len());
}

/// What is sealed is ours, so nobody can spoil it; but an older or newer program may have made it.
#[test]
fn claims_read_back_whatever_they_are() {
    let mut seed = Vec::new();
    codec::write(&everything(), &mut seed);
    saibo_fuzz::Fuzz::without_corpus("claims").seed(seed).run(|input| {
        let claims = codec::read(input, CELL)?;
        let mut written = Vec::new();
        codec::write(&claims, &mut written);
        assert_eq!(codec::read(&written, CELL), Some(claims.clone()));
        Some((
            claims.scopes.len().min(8),
            claims.roles.len().min(8),
            claims.code.is_some(),
            claims.origin.is_some(),
        ))
    });
}
