//! The grant `refresh_token` (RFC 6749 §6, API page 293).

use saibo_model::{Error, ErrorCode, Result};
use saibo_oauth::grant::{TokenResponse, refused_grant};
use saibo_oauth::token::{Claims, Token, TokenError, TokenKind};
use saibo_saml::SamlError;
use saibo_store::StoreExt as _;

use super::mint::{Mint, Visitor};
use crate::account::{Account, Status};

/// # Errors
/// Why the token cannot be refreshed.
pub(super) fn grant(mint: &Mint<'_>, text: &str) -> Result<TokenResponse> {
    let token = open(mint, text)?;
    check_client(mint, &token.claims)?;
    let is_resident = token.kind == TokenKind::ResidentRefresh;
    if mint.request.owner && !is_resident {
        return Err(ErrorCode::TranscellOwner.into());
    }
    let Claims { subject, scopes, roles, origin, .. } = token.claims;
    if !is_resident {
        let origin = origin.ok_or(ErrorCode::GrantTokenParse)?;
        // What the visitor may do here is worked out anew: their roles may have changed since.
        return mint.visitor(Visitor { subject, roles, origin }, scopes);
    }
    // Unlike in the reference, a session ends with its Account: one that is gone or deactivated gets no token.
    let account = mint.cell.store().read(|tx| Account::find(tx, &subject))?;
    if account.is_none_or(|account| account.status() == Status::Deactivated) {
        return Err(ErrorCode::GrantTokenParse.into());
    }
    if mint.request.owner { mint.owner(&subject) } else { mint.resident(&subject, scopes) }
}

/// Reads a refresh token. A token of another kind is told so, even if it is over.
fn open(mint: &Mint<'_>, text: &str) -> Result<Token> {
    let Some(kind) = TokenKind::of(text) else {
        let code = match mint.unit.transcell().open(text, mint.now) {
            Ok(_) => ErrorCode::NotRefreshToken,
            Err(SamlError::Signature(_)) => ErrorCode::GrantTokenSignature,
            Err(_) => ErrorCode::GrantTokenParse,
        };
        return Err(code.into());
    };
    let unit_url = mint.unit.settings().unit_url.as_str();
    let issuer = if kind.is_of_unit() { unit_url } else { mint.cell.url() };
    match Token::parse(text, &mint.unit.keys(), issuer, mint.now) {
        Ok(token) if kind.is_refresh() => Ok(token),
        Ok(_) | Err(TokenError::Expired) if !kind.is_refresh() => Err(ErrorCode::NotRefreshToken.into()),
        Ok(_) => Err(ErrorCode::NotRefreshToken.into()),
        Err(error) => Err(Error::from(refused_grant(&error, kind)).because(error)),
    }
}

/// Whoever refreshes must be the application that the token was given to.
fn check_client(mint: &Mint<'_>, claims: &Claims) -> Result<()> {
    if claims.belongs_to(mint.client) {
        return Ok(());
    }
    let Some(client) = mint.client else { return Err(ErrorCode::ClientAuthenticationRequired.into()) };
    Err(ErrorCode::ClientMismatch.with([claims.schema.as_deref().unwrap_or_default(), client]))
}
