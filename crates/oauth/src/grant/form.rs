//! Bodies of the type `application/x-www-form-urlencoded`, read leniently.
//!
//! Clients of this API send URLs and passwords without encoding them, with any Content-Type or none. What can be
//! read is read: a `%` that starts no escape stands for itself, a value may hold `=`, and bytes that are not
//! UTF-8 are replaced. Of a parameter given more than once the first counts, as in the reference; RFC 6749 §3.2
//! forbids repeating one.

use std::borrow::Cow;
use std::fmt;

use percent_encoding::percent_decode;
use saibo_model::{ErrorCode, Result};

/// Room for two assertions with hundreds of roles.
const MAX_BODY: usize = 256 * 1024;
const MAX_PARAMETERS: usize = 200;

/// The parameters of a request.
#[derive(Clone, Default)]
pub struct Form(Vec<(String, String)>);

impl Form {
    /// The longest body that is looked at.
    pub const MAX_BODY: usize = MAX_BODY;

    /// Step 1: reads a body.
    ///
    /// # Errors
    /// `AN-0016` naming `grant_type` where it is empty (as the reference answers), or too large to be looked at.
    pub fn parse(body: &[u8]) -> Result<Self> {
        let form = Self::parse_any(body)?;
        if form.0.is_empty() {
            return Err(ErrorCode::RequiredParameterMissing.with(["grant_type"]));
        }
        Ok(form)
    }

    /// Reads a body, or a query, that need not have any parameter.
    ///
    /// # Errors
    /// As [`parse`](Self::parse), without the first reason.
    pub fn parse_any(body: &[u8]) -> Result<Self> {
        let pairs = || body.split(|b| *b == b'&').filter(|pair| !pair.is_empty());
        if body.len() > MAX_BODY || pairs().nth(MAX_PARAMETERS).is_some() {
            return Err(ErrorCode::RequiredParameterMissing.with(["grant_type"]));
        }
        let decoded = pairs().map(|pair| {
            let end = pair.iter().position(|b| *b == b'=').unwrap_or(pair.len());
            (decode(&pair[..end]), decode(pair.get(end + 1..).unwrap_or_default()))
        });
        Ok(Self(decoded.collect()))
    }

    /// The first value of a parameter. A parameter without a value is one with an empty value.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// Every parameter, in order.
    pub fn pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// Step 2: `p_target`, with `/` at its end. `resolve` writes URLs of the scheme `personium-localunit` as
    /// HTTP URLs and leaves others.
    ///
    /// # Errors
    /// `AN-0002` where it is not the URL of something on the web.
    pub fn target(&self, resolve: impl FnOnce(&str) -> String) -> Result<Option<String>> {
        let Some(target) = self.get("p_target") else { return Ok(None) };
        let mut target = resolve(target);
        // It goes into the header Location. The URL parser drops control characters, so look for them first.
        let printable = target.chars().all(|c| !c.is_control() && !c.is_whitespace());
        let url = url::Url::parse(&target)
            .ok()
            .filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
        if !printable || url.is_none() {
            return Err(ErrorCode::TokenTargetInvalid.into());
        }
        if !target.ends_with('/') {
            target.push('/');
        }
        Ok(Some(target))
    }
}

impl fmt::Debug for Form {
    /// Names only: values are passwords and tokens.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.pairs().map(|(name, _)| name)).finish()
    }
}

pub(super) fn decode(text: &[u8]) -> String {
    let text: Cow<'_, [u8]> = if text.contains(&b'+') {
        text.iter().map(|b| if *b == b'+' { b' ' } else { *b }).collect()
    } else {
        text.into()
    };
    percent_decode(&text).decode_utf8_lossy().into_owned()
}
