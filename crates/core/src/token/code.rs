//! The grant `authorization_code` (RFC 6749 §4.1.3, RFC 7636, API page 293).

use saibo_model::{Error, ErrorCode, Result};
use saibo_oauth::grant::{TokenResponse, refused_grant};
use saibo_oauth::scope::Scopes;
use saibo_oauth::token::{Token, TokenKind};
use saibo_store::StoreExt as _;

use super::key;
use super::mint::Mint;

/// Scope of the Cell's values that hold the codes that were redeemed, with when they end.
pub(super) const REDEEMED: &str = "code";

/// # Errors
/// Why the code is not accepted.
pub(super) fn grant(
    mint: &Mint<'_>,
    text: &str,
    redirect_uri: Option<&str>,
    verifier: Option<&str>,
) -> Result<TokenResponse> {
    let client = mint.client.ok_or(ErrorCode::ClientAuthenticationRequired)?;
    if mint.request.owner {
        return Err(ErrorCode::TranscellOwner.into());
    }
    if TokenKind::of(text) != Some(TokenKind::Code) {
        return Err(ErrorCode::GrantCodeInvalid.into());
    }
    let code = Token::parse(text, &mint.unit.keys(), mint.cell.url(), mint.now)
        .map_err(|error| Error::from(refused_grant(&error, TokenKind::Code)).because(error))?;
    let client_id = client.strip_suffix(saibo_oauth::token::CONFIDENTIAL).unwrap_or(client);
    if code.claims.schema.as_deref() != Some(client_id) {
        let owner = code.claims.schema.as_deref().unwrap_or_default();
        return Err(ErrorCode::ClientMismatch.with([owner, client]));
    }
    if !code.claims.code.as_ref().is_some_and(|binding| binding.admits(redirect_uri, verifier)) {
        return Err(ErrorCode::GrantCodeInvalid.into());
    }
    redeem(mint, &code)?;
    let nonce = code.claims.code.as_ref().and_then(|binding| binding.nonce.as_deref());
    let mut response = mint.resident(&code.claims.subject, code.claims.scopes.clone())?;
    if code.claims.scopes.iter().map(String::as_str).collect::<Scopes>().has_openid() {
        let key = key::of_cell(mint.cell)?;
        let subject = &code.claims.subject;
        response.id_token = Some(key::id_token(mint.cell, &key, subject, client_id, nonce, mint.now)?);
    }
    Ok(response)
}

/// A code is good for once (RFC 6749 §4.1.2): whoever stole one comes too late, or is noticed. The reference takes
/// it again and again.
fn redeem(mint: &Mint<'_>, code: &Token) -> Result<()> {
    let (id, ends, now) = (code.id(), code.claims.expires_at(), mint.now);
    mint.cell.store().write(move |tx| {
        if tx.read().value(REDEEMED, &id)?.is_some() {
            return Err(ErrorCode::GrantCodeInvalid.into());
        }
        for (old, until) in tx.read().values(REDEEMED)? {
            if until.parse().is_ok_and(|until: i64| until <= now) {
                tx.set_value(REDEEMED, &old, None)?;
            }
        }
        tx.set_value(REDEEMED, &id, Some(&ends.to_string()))
    })
}
