//! From a request's credentials to an Access.

use saibo_model::{ErrorCode, Result};
use saibo_oauth::scope::Scopes;
use saibo_oauth::token::{Token, TokenError, TokenKind};
use saibo_store::StoreExt as _;
use subtle::ConstantTimeEq as _;

use super::{Access, Subject, roles_of_account};
use crate::{Cell, Unit};

/// What a request brought along to say who it is from.
#[derive(Clone, Copy, Debug, Default)]
pub struct Credentials<'a> {
    /// The `Authorization` header.
    pub authorization: Option<&'a str>,
    /// The `X-Personium-Unit-User` header.
    pub unit_user: Option<&'a str>,
    /// The `p_cookie_peer` query parameter with the `p_cookie` cookie.
    pub cookie: Option<(&'a str, &'a str)>,
    /// The host that was asked, without its port: what a cookie is bound to.
    pub host: &'a str,
}

/// Finds out who asks. Credentials that are not good make a [`Subject::Invalid`], not an error: whether any
/// are needed is decided later.
///
/// # Errors
/// The store's; and [`ErrorCode::AuthorizationRequired`] for a token of an Account that is no more.
pub fn authenticate(unit: &Unit, cell: Option<&Cell>, credentials: Credentials<'_>, now: i64) -> Result<Access> {
    let invalid = |code| Ok(Access::invalid(code));
    let Some(authorization) = credentials.authorization else {
        let Some((peer, cookie)) = credentials.cookie else { return Ok(Access::of(Subject::Anonymous)) };
        return match saibo_oauth::cookie::open_cookie(unit.keys(), credentials.host, peer, cookie) {
            Ok(token) => bearer(unit, cell, &token, credentials.unit_user, now),
            Err(_) => invalid(ErrorCode::CookieAuthenticationFailed),
        };
    };
    if let Some(rest) = authorization.strip_prefix("Bearer") {
        return match rest.strip_prefix(' ') {
            Some(token) => bearer(unit, cell, token, credentials.unit_user, now),
            None => invalid(ErrorCode::AccessTokenParse),
        };
    }
    if authorization.starts_with("Basic") {
        return match cell {
            Some(cell) => crate::account::basic(unit, cell, authorization, now),
            None => invalid(ErrorCode::BasicAuthenticationFailed),
        };
    }
    invalid(ErrorCode::AuthenticationSchemeInvalid)
}

fn bearer(unit: &Unit, cell: Option<&Cell>, text: &str, unit_user: Option<&str>, now: i64) -> Result<Access> {
    if bool::from(text.as_bytes().ct_eq(unit.settings().master_token.expose().as_bytes())) {
        return Ok(Access::of(match unit_user {
            Some(user) => Subject::UnitUser(unit.normalize_owner(user)),
            None => Subject::UnitMaster,
        }));
    }
    let of_unit = TokenKind::of(text).is_some_and(TokenKind::is_of_unit);
    let issuer = match cell {
        Some(cell) if !of_unit => cell.url(),
        _ => unit.settings().unit_url.as_str(),
    };
    let token = match Token::parse(text, unit.keys(), issuer, now) {
        Ok(token) => token,
        Err(error) => {
            let code = match error {
                TokenError::Expired => ErrorCode::AccessTokenExpired,
                TokenError::Malformed | TokenError::WrongIssuer => ErrorCode::AccessTokenParse,
            };
            return Ok(Access::invalid(code));
        }
    };
    of_token(cell, token)
}

fn of_token(cell: Option<&Cell>, token: Token) -> Result<Access> {
    let claims = token.claims;
    let mut access = Access {
        subject: Subject::Anonymous,
        roles: Vec::new(),
        schema: claims.schema,
        scopes: claims.scopes.iter().map(String::as_str).collect::<Scopes>(),
    };
    access.subject = match (token.kind, cell) {
        (TokenKind::UnitUser, _) => Subject::UnitUser(claims.subject),
        (TokenKind::ResidentAccess, Some(cell)) => {
            let roles = cell.store().read(|tx| roles_of_account(tx, &claims.subject))?;
            // The Account was deleted since: its tokens are good for nothing.
            access.roles = roles.ok_or(ErrorCode::AuthorizationRequired)?;
            Subject::Resident(claims.subject)
        }
        (TokenKind::PasswordChange, _) => Subject::PasswordChange(claims.subject),
        (TokenKind::VisitorAccess, Some(cell)) => {
            access.roles = cell.store().read(|tx| crate::role::ids_of_urls(tx, cell.url(), &claims.roles))?;
            Subject::Visitor(claims.subject)
        }
        (TokenKind::ResidentRefresh | TokenKind::VisitorRefresh, _) => {
            Subject::Invalid(ErrorCode::RefreshTokenAccess)
        }
        _ => Subject::Invalid(ErrorCode::AccessTokenParse),
    };
    Ok(access)
}
