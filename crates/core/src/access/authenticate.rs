//! From a request's credentials to an Access.

use std::net::IpAddr;

use saibo_model::{ErrorCode, Result};
use saibo_oauth::cookie::open_cookie;
use saibo_oauth::grant::refused_access;
use saibo_oauth::scope::Scopes;
use saibo_oauth::token::{Token, TokenKind};
use saibo_saml::{Assertion, AssertionFault, SamlError};
use saibo_store::StoreExt as _;
use subtle::ConstantTimeEq as _;

use super::{Access, Contents, Subject, Vouched, roles_of_visitor};
use crate::{Cell, Unit, relocation};

/// What a request brought along to say who it is from.
#[derive(Clone, Copy, Debug, Default)]
pub struct Credentials<'a> {
    /// The `Authorization` header.
    pub authorization: Option<&'a str>,
    /// The `X-Personium-Unit-User` header.
    pub unit_user: Option<&'a str>,
    /// The `p_cookie_peer` query parameter with the `p_cookie` cookie.
    pub cookie: Option<(&'a str, &'a str)>,
    /// Where the request comes from, if that is known.
    pub address: Option<IpAddr>,
}

/// Finds out who asks. Credentials that are not good make a [`Subject::Invalid`], not an error: whether any
/// are needed is decided later.
///
/// # Errors
/// The store's; and [`ErrorCode::AuthorizationRequired`] for a token of an Account that is no more.
pub fn authenticate(
    unit: &Unit,
    cell: Option<&Cell>,
    credentials: Credentials<'_>,
    now: i64,
) -> Result<Access> {
    let invalid = |code| Ok(Access::invalid(code));
    let Some(authorization) = credentials.authorization else {
        let Some((peer, cookie)) = credentials.cookie else { return Ok(Access::of(Subject::Anonymous)) };
        // A cookie belongs to one Cell, and there is none for the unit.
        let token = cell.map(|cell| open_cookie(&unit.keys(), cell.url(), peer, cookie));
        return match token {
            Some(Ok(token)) => bearer(unit, cell, &token, credentials.unit_user, now),
            _ => invalid(ErrorCode::CookieAuthenticationFailed),
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
            Some(cell) => crate::account::basic(unit, cell, authorization, credentials.address, now),
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
    let Some(kind) = TokenKind::of(text) else { return transcell(unit, cell, text, unit_user, now) };
    let issuer = match cell {
        Some(cell) if !kind.is_of_unit() => cell.url(),
        _ => unit.settings().unit_url.as_str(),
    };
    match Token::parse(text, &unit.keys(), issuer, now) {
        Ok(token) => of_token(unit, cell, token),
        Err(error) => Ok(Access::invalid(refused_access(&error))),
    }
}

fn of_token(unit: &Unit, cell: Option<&Cell>, token: Token) -> Result<Access> {
    let claims = token.claims;
    let mut access = Access::of(Subject::Anonymous);
    access.subject = match (token.kind, cell) {
        (TokenKind::UnitUser, _) => Subject::UnitUser(claims.subject),
        (TokenKind::ResidentAccess, Some(cell)) => {
            let roles = unit.roles_of_account(cell, &claims.subject)?;
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
            return Ok(Access::invalid(ErrorCode::RefreshTokenAccess));
        }
        _ => return Ok(Access::invalid(ErrorCode::AccessTokenParse)),
    };
    access.schema = claims.schema;
    with_scopes(cell, access, claims.scopes)
}

/// A token that another Cell made for this Cell, or that an issuer of unit users made for the unit.
fn transcell(
    unit: &Unit,
    cell: Option<&Cell>,
    text: &str,
    unit_user: Option<&str>,
    now: i64,
) -> Result<Access> {
    let assertion = match unit.transcell().open(text, now) {
        Ok(assertion) => assertion,
        Err(SamlError::Signature(_)) => return Ok(Access::invalid(ErrorCode::AccessTokenSignature)),
        Err(_) => return Ok(Access::invalid(ErrorCode::AccessTokenParse)),
    };
    let settings = unit.settings();
    let unit_url = settings.unit_url.as_str();
    let is_of_unit_user = settings.unit_user_issuers.contains(&assertion.issuer)
        && assertion.check(unit_url, now) != Err(AssertionFault::WrongTarget);
    let checked = match cell {
        Some(cell) if !is_of_unit_user => relocation::check(unit, cell, &assertion, now)?,
        _ => assertion.check(unit_url, now),
    };
    match checked {
        Ok(()) if is_of_unit_user => return Ok(unit_user_of(unit, &assertion, unit_user)),
        Ok(()) => {}
        Err(AssertionFault::Expired) => return Ok(Access::invalid(ErrorCode::AccessTokenExpired)),
        // The reference accepts a token that was made for any other Cell, whose owner could so be anyone's guest.
        Err(AssertionFault::WrongTarget) if cell.is_some() => {
            return Ok(Access::invalid(ErrorCode::AccessTokenParse));
        }
        Err(AssertionFault::WrongTarget) => {}
    }
    let mut access = Access::of(Subject::Visitor(assertion.subject.clone()));
    if let Some(cell) = cell {
        let former = relocation::former_urls(unit, cell, &assertion.issuer)?;
        let vouched = Vouched {
            issuer: &assertion.issuer,
            former: &former,
            subject: &assertion.subject,
            roles: &assertion.roles,
        };
        access.roles = cell.store().read(|tx| roles_of_visitor(tx, &settings.unit_url, vouched))?;
    }
    access.schema = assertion.schema;
    access.vouched_by = Some(assertion.issuer);
    with_scopes(cell, access, assertion.scopes)
}

/// A unit user. With the role `UnitAdmin` they are every unit user at once, or the one that they name.
fn unit_user_of(unit: &Unit, assertion: &Assertion, named: Option<&str>) -> Access {
    let has = |role: &str| assertion.roles.contains(&format!("{}__role/__/{role}", assertion.issuer));
    let contents = match (has("CellContentsAdmin"), has("CellContentsReader")) {
        (true, _) => Some(Contents::All),
        (false, true) => Some(Contents::Read),
        (false, false) => None,
    };
    let subject = match (has("UnitAdmin"), named) {
        (true, None) => Subject::UnitAdmin,
        (true, Some(named)) => Subject::UnitUser(unit.normalize_owner(named)),
        (false, _) => Subject::UnitUser(unit.normalize_owner(&assertion.subject)),
    };
    Access { contents, ..Access::of(subject) }
}

fn with_scopes(cell: Option<&Cell>, mut access: Access, scopes: Vec<String>) -> Result<Access> {
    access.scopes = scopes.iter().map(String::as_str).collect::<Scopes>();
    let roles: Vec<String> = access.scopes.roles().map(str::to_owned).collect();
    if let Some(cell) = cell.filter(|_| !roles.is_empty()) {
        access.scope_roles = cell.store().read(|tx| crate::role::ids_of_urls(tx, cell.url(), &roles))?;
    }
    Ok(access)
}
