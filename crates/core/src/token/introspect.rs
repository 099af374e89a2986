//! Looking into a token (RFC 7662, API page 297).

use saibo_model::{ErrorCode, Result};
use saibo_oauth::grant::{ClientCredentials, basic_credentials};
use saibo_oauth::token::{Claims, Token, TokenKind};
use saibo_saml::Assertion;
use saibo_store::StoreExt as _;
use serde_json::{Value, json};
use subtle::ConstantTimeEq as _;

use super::client;
use crate::access::{Subject, authorize_introspection, roles_of_account};
use crate::{Access, Cell, Unit, role};

/// `POST {cell}__introspect`. `authorization` is the header, which may also hold name and password of the unit's
/// introspection, or an application and its secret.
///
/// # Errors
/// Why whoever asks may not. A token that is not good is no error but inactive.
pub fn introspect(
    unit: &Unit,
    cell: &Cell,
    access: &Access,
    authorization: Option<&str>,
    token: Option<&str>,
    now: i64,
) -> Result<Value> {
    let application = match &access.subject {
        // No Account's credentials; perhaps the unit's, or an application's.
        Subject::Invalid(_) => by_header(unit, cell, authorization, now)?,
        _ => authorize_introspection(access, cell)?.map(str::to_owned),
    };
    let found = token.map(|token| look_into(unit, cell, token, now)).transpose()?.flatten();
    let seen =
        found.filter(|found| application.as_deref().is_none_or(|app| found.schema.as_deref() == Some(app)));
    Ok(seen.map_or_else(|| json!({ "active": false }), |found| found.to_json()))
}

/// Which application's tokens a Basic header lets look into; `None` is all of them.
fn by_header(unit: &Unit, cell: &Cell, authorization: Option<&str>, now: i64) -> Result<Option<String>> {
    let (id, secret) =
        authorization.and_then(basic_credentials).ok_or(ErrorCode::NecessaryPrivilegeLacking)?;
    if let Some((name, password)) = &unit.settings().authentication.introspection {
        let same = |one: &str, other: &str| one.as_bytes().ct_eq(other.as_bytes());
        if bool::from(same(&id, name) & same(secret.expose(), password.expose())) {
            return Ok(None);
        }
    }
    client::prove(unit, cell, &ClientCredentials { id: Some(id), assertion: secret }, now).map(Some)
}

struct Found {
    schema: Option<String>,
    subject: String,
    issuer: String,
    audience: Option<String>,
    issued_at: i64,
    expires_at: i64,
    roles: Vec<String>,
}

impl Found {
    fn to_json(&self) -> Value {
        let mut json = json!({
            "active": true,
            "exp": self.expires_at.div_euclid(1000),
            "iat": self.issued_at.div_euclid(1000),
            "sub": self.subject,
            "iss": self.issuer,
            "p_roles": self.roles,
        });
        for (name, value) in [("client_id", &self.schema), ("aud", &self.audience)] {
            if let Some(value) = value {
                json[name] = value.as_str().into();
            }
        }
        json
    }
}

/// What an access or refresh token of this Cell says, or a transcell token from it or for it.
fn look_into(unit: &Unit, cell: &Cell, text: &str, now: i64) -> Result<Option<Found>> {
    let Some(kind) = TokenKind::of(text) else {
        let assertion = unit.transcell().open(text, now).ok();
        return Ok(assertion.filter(|found| concerns(found, cell, now)).map(of_assertion));
    };
    let Ok(Token { claims, .. }) = Token::parse(text, &unit.keys(), cell.url(), now) else { return Ok(None) };
    let roles = match kind {
        TokenKind::ResidentAccess | TokenKind::ResidentRefresh => {
            let roles = cell.store().read(|tx| {
                let roles = roles_of_account(tx, &claims.subject)?;
                roles.map(|roles| role::instance_urls(tx, cell.url(), &roles)).transpose()
            })?;
            // The token of an Account that is gone gives no access, so it is not active.
            let Some(roles) = roles else { return Ok(None) };
            roles
        }
        TokenKind::VisitorAccess | TokenKind::VisitorRefresh => claims.roles.clone(),
        TokenKind::PasswordChange | TokenKind::UnitUser | TokenKind::Code => return Ok(None),
    };
    Ok(Some(of_claims(kind, claims, roles)))
}

fn concerns(assertion: &Assertion, cell: &Cell, now: i64) -> bool {
    now < assertion.expires_at && (assertion.issuer == cell.url() || assertion.check(cell.url(), now).is_ok())
}

fn of_claims(kind: TokenKind, claims: Claims, roles: Vec<String>) -> Found {
    let is_resident = matches!(kind, TokenKind::ResidentAccess | TokenKind::ResidentRefresh);
    let expires_at = claims.expires_at();
    Found {
        subject: if is_resident { format!("{}#{}", claims.issuer, claims.subject) } else { claims.subject },
        issuer: claims.issuer,
        audience: None,
        schema: claims.schema,
        issued_at: claims.issued_at,
        expires_at,
        roles,
    }
}

fn of_assertion(assertion: Assertion) -> Found {
    Found {
        schema: assertion.schema,
        subject: assertion.subject,
        issuer: assertion.issuer,
        audience: Some(assertion.target),
        issued_at: assertion.issued_at,
        expires_at: assertion.expires_at,
        roles: assertion.roles,
    }
}
