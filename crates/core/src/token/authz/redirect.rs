//! Where the authorization endpoint sends the browser: back to the application, to the form again, or to the page
//! for errors that no application may be told.

use saibo_model::ErrorCode;
use saibo_oauth::scope::Scopes;
use url::form_urlencoded::byte_serialize;

use super::message::Message;
use super::request::Asked;

/// A list of parameters in the order in which they are written.
#[derive(Debug, Default)]
pub(super) struct Parameters(String);

impl Parameters {
    pub(super) fn add(mut self, name: &str, value: &str) -> Self {
        if !self.0.is_empty() {
            self.0.push('&');
        }
        self.0.push_str(name);
        self.0.push('=');
        self.0.extend(byte_serialize(value.as_bytes()));
        self
    }

    /// Adds what is ours already: a token, which needs no encoding and is not given any.
    pub(super) fn add_plain(mut self, name: &str, value: &str) -> Self {
        if !self.0.is_empty() {
            self.0.push('&');
        }
        self.0.push_str(name);
        self.0.push('=');
        self.0.push_str(value);
        self
    }

    pub(super) fn add_if(self, name: &str, value: Option<&str>) -> Self {
        match value {
            Some(value) => self.add(name, value),
            None => self,
        }
    }
}

impl Asked<'_> {
    /// Back to the application: a code in the query (RFC 6749 §4.1.2), tokens in the fragment (§4.2.2).
    pub(super) fn to_application(&self, parameters: Parameters) -> String {
        let separator = if self.response_type == "code" { '?' } else { '#' };
        let separator = if self.redirect_uri.contains(separator) { '&' } else { separator };
        format!("{}{separator}{}", self.redirect_uri, parameters.0)
    }

    /// Back to the application with an error (RFC 6749 §4.1.2.1).
    pub(super) fn failed(&self, error: &str, message: Message) -> String {
        let parameters = Parameters::default()
            .add("error", error)
            .add("error_description", message.text)
            .add_if("state", self.state)
            .add("code", message.code);
        self.to_application(parameters)
    }

    /// To the form again, which shows the message. `change` is the token with which a password can be changed,
    /// where that is what is to be done.
    pub(super) fn again(
        &self,
        cell_url: &str,
        error: &str,
        message: Message,
        scopes: &Scopes,
        change: Option<&str>,
    ) -> String {
        let scopes = scopes.to_string();
        let given = |name: &str| self.form.get(name).filter(|text| !text.is_empty());
        let parameters = Parameters::default()
            .add("response_type", self.response_type)
            .add("client_id", self.client_id)
            .add("redirect_uri", self.redirect_uri)
            .add_if("state", self.state)
            .add_if("scope", Some(scopes.as_str()).filter(|scopes| !scopes.is_empty()))
            .add_if("access_token", change)
            .add_if("password_change_required", change.map(|_| "true"))
            .add_if("expires_in", given("expires_in"))
            .add_if("code_challenge", given("code_challenge"))
            .add_if("code_challenge_method", given("code_challenge_method"))
            .add_if("nonce", self.nonce)
            .add("error", error)
            .add("error_description", message.text)
            .add("code", message.code);
        format!("{cell_url}__authz?{}", parameters.0)
    }
}

/// To the Cell's page for errors.
pub(super) fn error_page(cell_url: &str, code: ErrorCode) -> String {
    format!("{cell_url}__html/error?code={}", code.code())
}
