//! What an Account gets that has logged in itself: with its password (RFC 6749 §4.3), or with what an identity provider
//! says (API page 293).

use saibo_model::Result;
use saibo_oauth::grant::{PasswordChangeRequired, TokenResponse};
use saibo_oauth::token::{Claims, TokenKind};

use super::login::{LoggedIn, Login, Proof};
use super::mint::Mint;
use super::scope::permitted;
use crate::account::Status;

pub(super) enum Granted {
    Token(TokenResponse),
    PasswordChange(PasswordChangeRequired),
}

/// # Errors
/// As of [`Login::check`], and why an Account may not represent the owner.
pub(super) fn grant(mint: &Mint<'_>, login: Login<'_>) -> Result<Granted> {
    let logged_in = login.check(mint.unit, mint.cell, mint.now)?;
    if logged_in.account.status() == Status::PasswordChangeRequired {
        return password_change(mint, &logged_in).map(Granted::PasswordChange);
    }
    let mut response = if mint.request.owner {
        mint.owner(login.name)?
    } else {
        let most = mint.unit.settings().authentication.password_scope;
        let scopes = permitted(mint.unit, mint.cell, most, &mint.request.scopes)?;
        mint.resident(login.name, scopes.into_vec())?
    };
    // As recorded: the history is told with passwords, and kept with both.
    response.history = matches!(login.proof, Proof::Password(_)).then_some(logged_in.history);
    logged_in.succeeded(mint.unit, mint.cell, login.proof, mint.now)?;
    Ok(Granted::Token(response))
}

/// A token that can do nothing but change the password. It lasts as long as the refresh token would have, and the
/// history stays as it was.
fn password_change(mint: &Mint<'_>, logged_in: &LoggedIn) -> Result<PasswordChangeRequired> {
    let claims = Claims {
        issuer: mint.cell.url().to_owned(),
        subject: logged_in.account.document.key.clone(),
        issued_at: mint.now,
        lifetime: mint.request.refresh_expires_in,
        schema: mint.client.map(str::to_owned),
        ..Claims::default()
    };
    Ok(PasswordChangeRequired {
        access_token: mint.seal(TokenKind::PasswordChange, &claims)?,
        url: format!("{}__mypassword", mint.cell.url()),
        history: logged_in.history,
    })
}
