//! What an application asks the authorization endpoint for.

use saibo_model::ErrorCode;
use saibo_oauth::grant::Form;
use saibo_oauth::pkce;
use saibo_oauth::scope::Scopes;
use saibo_oauth::token::ACCESS_LIFETIME;
use url::Url;

use super::message::{self, Message};

/// `response_type`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ResponseType {
    Code,
    Token,
    IdToken,
}

/// A request whose application and redirection target are to be believed.
#[derive(Clone, Debug)]
pub(super) struct Asked<'a> {
    pub(super) form: &'a Form,
    /// As sent.
    pub(super) client_id: &'a str,
    /// As sent.
    pub(super) redirect_uri: &'a str,
    /// As sent; empty if it was not.
    pub(super) response_type: &'a str,
    pub(super) state: Option<&'a str>,
    /// What the id token is to repeat (OpenID Connect Core §3.1.2.1).
    pub(super) nonce: Option<&'a str>,
}

/// The rest of it, which was looked at as well.
#[derive(Clone, Debug)]
pub(super) struct Terms {
    pub(super) response_type: ResponseType,
    pub(super) expires_in: u32,
    pub(super) challenge: Option<String>,
}

impl<'a> Asked<'a> {
    /// Reads who asks and where the answer goes. Nobody is sent to a target that does not belong to who asks
    /// (RFC 6749 §4.1.2.1), which is known by its URL (API page 292): it is below the application's.
    ///
    /// # Errors
    /// [`ErrorCode::ClientIdInvalid`], [`ErrorCode::RedirectUriInvalid`].
    pub(super) fn of(form: &'a Form, cell_url: &str) -> Result<Self, ErrorCode> {
        let given = |name: &str| form.get(name).filter(|text| !text.is_empty());
        let client_id = given("client_id").ok_or(ErrorCode::ClientIdInvalid)?;
        let redirect_uri = given("redirect_uri").ok_or(ErrorCode::RedirectUriInvalid)?;
        let client = web_url(client_id).ok_or(ErrorCode::ClientIdInvalid)?;
        let target = web_url(redirect_uri).ok_or(ErrorCode::RedirectUriInvalid)?;
        let within = with_slash(redirect_uri).starts_with(&with_slash(client_id))
            && client.origin() == target.origin()
            // Where the browser ends up: dots in the path could lead out of the application again.
            && with_slash(target.path()).starts_with(&with_slash(client.path()));
        if !within {
            return Err(ErrorCode::RedirectUriInvalid);
        }
        // A Cell is no application of its own.
        if with_slash(client_id) == cell_url {
            return Err(ErrorCode::ClientIdInvalid);
        }
        let response_type = form.get("response_type").unwrap_or_default();
        Ok(Self {
            form,
            client_id,
            redirect_uri,
            response_type,
            state: given("state"),
            nonce: given("nonce"),
        })
    }

    /// Reads what it wants, given the scopes that are permitted.
    ///
    /// # Errors
    /// What the application is told: OAuth's name for it and the message.
    pub(super) fn terms(&self, permitted: &Scopes) -> Result<Terms, (&'static str, Message)> {
        const INVALID: &str = "invalid_request";
        if self.response_type.is_empty() {
            return Err((INVALID, message::RESPONSE_TYPE_INVALID));
        }
        let expires_in = match self.form.get("expires_in").filter(|text| !text.is_empty()).map(str::parse) {
            None => ACCESS_LIFETIME,
            Some(Ok(seconds)) if (1..=ACCESS_LIFETIME).contains(&seconds) => seconds,
            Some(_) => return Err((INVALID, message::EXPIRES_IN_INVALID)),
        };
        let response_type = match self.response_type {
            "code" => ResponseType::Code,
            "token" => ResponseType::Token,
            // OpenID Connect Core §3.2.2.1: only with the scope openid.
            "id_token" if permitted.has_openid() => ResponseType::IdToken,
            _ => return Err(("unsupported_response_type", message::RESPONSE_TYPE_UNSUPPORTED)),
        };
        let challenge = self.form.get("code_challenge").filter(|text| !text.is_empty()).map(str::to_owned);
        // RFC 7636 §4.3 makes `plain` the default, which is not supported here.
        let method = self.form.get("code_challenge_method");
        if challenge.as_deref().is_some_and(|text| method != Some(pkce::METHOD) || !pkce::is_challenge(text))
        {
            return Err((INVALID, message::CHALLENGE_INVALID));
        }
        Ok(Terms { response_type, expires_in, challenge })
    }
}

/// A URL of something on the web, in which nothing could break a header or hide who is asked.
fn web_url(text: &str) -> Option<Url> {
    let plain = text.chars().all(|c| !c.is_control() && !c.is_whitespace() && c != '\\');
    let url = Url::parse(text).ok().filter(|_| plain)?;
    let bare = url.username().is_empty() && url.password().is_none();
    (matches!(url.scheme(), "http" | "https") && url.has_host() && bare).then_some(url)
}

pub(super) fn with_slash(url: &str) -> String {
    if url.ends_with('/') { url.to_owned() } else { format!("{url}/") }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CELL: &str = "https://u.example/alice/";

    fn asked(client_id: &str, redirect_uri: &str) -> Option<&'static str> {
        let encode = |text: &str| url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
        let body = format!("client_id={}&redirect_uri={}", encode(client_id), encode(redirect_uri));
        let form = Form::parse_any(body.as_bytes()).unwrap();
        Asked::of(&form, CELL).err().map(ErrorCode::code)
    }

    #[test]
    fn targets_belong_to_their_application() {
        let (client, redirect) = (Some("PR400-AZ-0002"), Some("PR400-AZ-0003"));
        for (client_id, redirect_uri, expected) in [
            ("https://a.example/app/", "https://a.example/app/cb", None),
            ("https://a.example/app", "https://a.example/app", None),
            ("https://a.example/app", "https://a.example/app?x=1", redirect),
            ("https://a.example/app/", "https://a.example/app/?x=1", None),
            ("", "https://a.example/app/", client),
            ("https://a.example/app/", "", redirect),
            ("app", "https://a.example/app/", client),
            ("https://a.example/app/", "__/cb", redirect),
            ("https://a.example/app/", "https://a.example/app2/", redirect),
            ("https://a.example/app/", "https://b.example/app/", redirect),
            ("https://a.example/app/", "http://a.example/app/", redirect),
            ("https://a.example/app/", "https://a.example/app/../evil", redirect),
            ("https://a.example/app/", "https://a.example/app/%2e%2e/evil", redirect),
            ("https://a.example/app/", "https://a.example/app/\r\nX: y", redirect),
            ("https://a.example", "https://a.example@evil.example/", redirect),
            ("https://a.example/", "https://a.example:444/", redirect),
            ("javascript:alert(1)/", "javascript:alert(1)/", client),
            (CELL, "https://u.example/alice/__/cb", client),
            ("https://u.example/alice", "https://u.example/alice/__/cb", client),
        ] {
            assert_eq!(asked(client_id, redirect_uri), expected, "{client_id} {redirect_uri}");
        }
    }

    #[test]
    fn what_is_asked_for() {
        let target = "client_id=https://a.example/&redirect_uri=https://a.example/cb&";
        let challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
        for (rest, code) in [
            ("", Some("PR400-AZ-0004")),
            ("response_type=code", None),
            ("response_type=token", None),
            ("response_type=id_token", Some("PR400-AZ-0001")),
            ("response_type=id_token&scope=openid", None),
            ("response_type=none", Some("PR400-AZ-0001")),
            ("response_type=none&expires_in=0", Some("PR400-AZ-0008")),
            ("response_type=token&expires_in=3601", Some("PR400-AZ-0008")),
            ("response_type=token&expires_in=x", Some("PR400-AZ-0008")),
            ("response_type=token&expires_in=", None),
            (&format!("response_type=code&code_challenge={challenge}&code_challenge_method=S256"), None),
            (&format!("response_type=code&code_challenge={challenge}"), Some("PR400-AU-0002")),
            ("response_type=code&code_challenge=x&code_challenge_method=S256", Some("PR400-AU-0002")),
        ] {
            let form = Form::parse_any(format!("{target}{rest}").as_bytes()).unwrap();
            let scopes = Scopes::parse(form.get("scope").unwrap_or_default());
            let terms = Asked::of(&form, CELL).unwrap().terms(&scopes);
            assert_eq!(terms.err().map(|(_, message)| message.code), code, "{rest}");
        }
    }
}
