//! The authorization endpoint (RFC 6749 §3.1, OpenID Connect Core §3, API page 292).
//!
//! People come here from an application, log in, and are sent back with a code or a token. They are recognised by
//! their password, or by the cookie that an earlier login at this Cell has left.

mod log_in;
mod message;
mod redirect;
mod request;

use std::net::IpAddr;

use saibo_model::{ErrorCode, Result};
use saibo_oauth::grant::Form;
use saibo_oauth::scope::Scopes;
use saibo_store::StoreExt as _;
use url::Url;

pub use message::Message;
use request::Asked;

use super::property::text_of_cell;
use super::scope::permitted;
use crate::{Cell, Unit};

/// A request to the authorization endpoint.
#[derive(Clone, Copy, Debug)]
pub struct Call<'a> {
    /// The query, or the body.
    pub form: &'a Form,
    /// Whether it is the form that was sent, and not asked for.
    pub is_post: bool,
    /// The value of the cookie.
    pub cookie: Option<&'a str>,
    /// The `Origin` header: on whose page the form was.
    pub origin: Option<&'a str>,
    /// Where it comes from, if that is known.
    pub address: Option<IpAddr>,
}

/// What it answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// 303 to that URL.
    Redirect(String),
    /// The form to log in.
    LoginForm,
    /// The form to change a password.
    PasswordForm,
}

/// `GET` and `POST {cell}__authz`.
///
/// # Errors
/// The store's. What is wrong with the request is said by a redirect.
pub fn authorize(unit: &Unit, cell: &Cell, call: Call<'_>, now: i64) -> Result<Answer> {
    let asked = match Asked::of(call.form, cell.url()) {
        Ok(asked) => asked,
        Err(code) => return Ok(Answer::Redirect(redirect::error_page(cell.url(), code))),
    };
    if call.is_post && !is_own_page(cell, &asked, call.origin) {
        return Ok(Answer::Redirect(redirect::error_page(cell.url(), ErrorCode::AuthorizationFailed)));
    }
    let wanted = Scopes::parse(call.form.get("scope").unwrap_or_default());
    let scopes = permitted(unit, cell, unit.settings().authentication.code_scope, &wanted)?;
    let terms = match asked.terms(&scopes) {
        Ok(terms) => terms,
        Err((error, message)) => return Ok(Answer::Redirect(asked.failed(error, message))),
    };
    if is_true(call.form.get("cancel_flg")) {
        return Ok(Answer::Redirect(asked.failed("unauthorized_client", message::CANCELLED)));
    }
    log_in::Visit { unit, cell, call, asked, terms, scopes, now }.answer()
}

/// Whether the form was on a page of this Cell or of the application. A page of anybody else could send it to act
/// as whoever looks at that page; browsers say where it was (Fetch standard, `Origin`), and only browsers keep
/// cookies for people.
fn is_own_page(cell: &Cell, asked: &Asked<'_>, origin: Option<&str>) -> bool {
    let Some(origin) = origin else { return true };
    let of = |url: &str| Url::parse(url).ok().map(|url| url.origin().ascii_serialization());
    [cell.url(), asked.client_id].into_iter().any(|url| of(url).as_deref() == Some(origin))
}

/// The page that a Cell or the unit has chosen in place of a form of ours (API page 291), as an HTTP URL.
///
/// # Errors
/// The store's.
pub fn page_url(unit: &Unit, cell: &Cell, form: &Answer) -> Result<Option<String>> {
    let settings = &unit.settings().authentication;
    let (property, default) = match form {
        Answer::Redirect(_) => return Ok(None),
        Answer::LoginForm => ("authorizationhtmlurl", &settings.authorization_html_url),
        Answer::PasswordForm => {
            ("authorizationpasswordchangehtmlurl", &settings.authorization_password_change_html_url)
        }
    };
    let chosen = cell.store().read(|tx| text_of_cell(tx, property))?.or_else(|| default.clone());
    Ok(chosen.map(|url| {
        let url = saibo_model::url::localcell_to_http(cell.url(), &url).into_owned();
        unit.settings().unit_url.localunit_to_http(&url).into_owned()
    }))
}

fn is_true(value: Option<&str>) -> bool {
    value.is_some_and(|value| value.eq_ignore_ascii_case("true"))
}
