//! The grant `urn:ietf:params:oauth:grant-type:saml2-bearer` (RFC 7522, API page 293): a transcell token becomes a
//! visitor's token.

use saibo_model::{Error, ErrorCode, Result};
use saibo_oauth::grant::TokenResponse;
use saibo_oauth::scope::Scopes;
use saibo_oauth::token::Origin;
use saibo_saml::{AssertionFault, SamlError};

use super::mint::{Mint, Visitor};
use super::scope::permitted;
use crate::relocation;

/// # Errors
/// Why the assertion is not accepted.
pub(super) fn grant(mint: &Mint<'_>, text: &str) -> Result<TokenResponse> {
    if mint.request.owner {
        return Err(ErrorCode::TranscellOwner.into());
    }
    let assertion = mint.unit.transcell().open(text, mint.now).map_err(|error| {
        let code = match error {
            SamlError::Signature(_) => ErrorCode::GrantTokenSignature,
            _ => ErrorCode::GrantTokenParse,
        };
        Error::from(code).because(error)
    })?;
    relocation::check(mint.unit, mint.cell, &assertion, mint.now)?.map_err(|fault| match fault {
        AssertionFault::Expired => ErrorCode::GrantTokenExpired.into(),
        AssertionFault::WrongTarget => ErrorCode::GrantTokenTarget.with([&assertion.target]),
    })?;
    let asked: Scopes = assertion.scopes.iter().map(String::as_str).collect();
    let most = mint.unit.settings().authentication.assertion_scope;
    let scopes = permitted(mint.unit, mint.cell, most, &asked)?;
    let visitor = Visitor {
        subject: assertion.subject,
        roles: assertion.roles,
        origin: Origin { issuer: assertion.issuer, assertion_id: assertion.id },
    };
    mint.visitor(visitor, scopes.into_vec())
}
