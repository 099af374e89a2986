//! Tokens: how a Cell gives them out and what it says about them (API pages 106, 292 to 294, 297 and 298).
//!
//! [`issue`] is the token endpoint, [`authz`] the authorization endpoint. What a token lets its bearer do is
//! decided elsewhere, in [`access`](crate::access).

mod account;
pub mod authz;
mod carried;
mod client;
mod code;
mod history;
mod introspect;
mod key;
mod login;
mod mint;
mod password_change;
pub(crate) mod property;
mod refresh;
mod saml2;
mod scope;
mod transcell;

use std::net::IpAddr;

use saibo_model::Result;
use saibo_oauth::cookie::seal_cookie;
use saibo_oauth::grant::{
    Form, Grant, PasswordChangeRequired, TokenRequest, TokenResponse, unsupported_grant,
};

pub(crate) use carried::{carry_history, carry_over};
pub use history::{LOGIN, NOBODY, history};
pub use introspect::introspect;
pub use key::{certificates, sign};
pub use password_change::{change, may_change};
pub use transcell::Transcell;

use crate::{Cell, Unit};
use account::Granted;
use login::{Login, Proof};
use mint::Mint;

/// A request to the token endpoint.
#[derive(Clone, Copy, Debug)]
pub struct Call<'a> {
    /// The body.
    pub form: &'a Form,
    /// The `Authorization` header, in which an application may prove itself.
    pub authorization: Option<&'a str>,
    /// Where it comes from, if that is known.
    pub address: Option<IpAddr>,
}

/// What the token endpoint answers.
#[derive(Debug)]
pub enum Answer {
    /// A token.
    Token {
        /// The body.
        response: Box<TokenResponse>,
        /// The value of the cookie, where one was asked for.
        cookie: Option<String>,
    },
    /// The password is right, but must be changed first.
    PasswordChange(PasswordChangeRequired),
}

/// `POST {cell}__token` (API page 293). The checks are in the order of the reference, because it decides what a
/// request with several faults is told.
///
/// # Errors
/// Why there is no token; the store's.
pub fn issue(unit: &Unit, cell: &Cell, call: Call<'_>, now: i64) -> Result<Answer> {
    let form = call.form;
    let target = form.target(|url| unit.settings().unit_url.localunit_to_http(url).into_owned())?;
    let client = client::authenticate(unit, cell, form, call.authorization, now)?;
    let request = form.token_request()?;
    let mint =
        Mint { unit, cell, now, request: &request, target: target.as_deref(), client: client.as_deref() };
    let log_in = |name: &str, proof| account::grant(&mint, Login { name, proof, address: call.address });
    let granted = match &request.grant {
        Grant::Password { username, password } => log_in(username, Proof::Password(password.expose()))?,
        Grant::Plugin { grant_type } => {
            let provider = unit.identity_provider(grant_type).ok_or_else(|| unsupported_grant(grant_type))?;
            log_in(&provider.authenticate(form, now)?, Proof::Provider(provider.account_type()))?
        }
        Grant::Refresh { token } => Granted::Token(refresh::grant(&mint, token.expose())?),
        Grant::Code { code, redirect_uri, verifier } => {
            let verifier = verifier.as_ref().map(|verifier| verifier.expose());
            Granted::Token(code::grant(&mint, code.expose(), redirect_uri.as_deref(), verifier)?)
        }
        Grant::Saml2 { assertion } => Granted::Token(saml2::grant(&mint, assertion.expose())?),
    };
    match granted {
        Granted::Token(response) => with_cookie(unit, cell, &request, response),
        Granted::PasswordChange(required) => Ok(Answer::PasswordChange(required)),
    }
}

/// Adds the cookie that stands in for the token, for browsers (API page 293).
fn with_cookie(
    unit: &Unit,
    cell: &Cell,
    request: &TokenRequest,
    mut response: TokenResponse,
) -> Result<Answer> {
    if !request.cookie {
        return Ok(Answer::Token { response: Box::new(response), cookie: None });
    }
    let peer = uuid::Uuid::new_v4().to_string();
    let cookie =
        seal_cookie(&unit.keys(), cell.url(), &peer, &response.access_token).map_err(mint::unsealed)?;
    response.p_cookie_peer = Some(peer);
    Ok(Answer::Token { response: Box::new(response), cookie: Some(cookie) })
}
