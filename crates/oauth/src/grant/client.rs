//! Which application asks: client authentication at the token endpoint.
//!
//! A client's secret is a transcell token that the application's own Cell made for this Cell (API page 293). It
//! comes as `client_assertion` (RFC 7522 §2.2), in an `Authorization` header, or in the body, and the first of
//! these that is there counts.

use base64::Engine;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use saibo_model::{ErrorCode, Result};

use super::form::decode;
use super::{Form, SAML2_BEARER, Secret};
use crate::token::CONFIDENTIAL;

/// What RFC 7522 §2.2 names; the reference knows only the name of the grant type.
const SAML2_CLIENT_ASSERTION: &str = "urn:ietf:params:oauth:client-assertion-type:saml2-bearer";

/// What a client shows to prove who it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientCredentials {
    /// Who it says that it is. May be left out beside a `client_assertion`.
    pub id: Option<String>,
    /// A transcell token, still to be checked. Empty where a client named itself without any.
    pub assertion: Secret,
}

/// A client's assertion whose signature and dates were checked.
#[derive(Clone, Copy, Debug)]
pub struct ClientAssertion<'a> {
    /// The Cell that made it: the application's.
    pub issuer: &'a str,
    /// The Cell that it was made for.
    pub target: &'a str,
    /// URLs of the roles that it names.
    pub roles: &'a [String],
}

impl Form {
    /// Step 3: what the client shows; `None` where the request comes from no application. `authorization` is the
    /// header.
    ///
    /// # Errors
    /// `AN-0022` for a `client_assertion` of an unknown type, `AN-0018` for a header that is not Basic.
    pub fn client(&self, authorization: Option<&str>) -> Result<Option<ClientCredentials>> {
        let id = self.get("client_id").map(str::to_owned);
        let (kind, assertion) = (self.get("client_assertion_type"), self.get("client_assertion"));
        if kind.is_some() || assertion.is_some() {
            if !matches!(kind, Some(SAML2_BEARER | SAML2_CLIENT_ASSERTION)) {
                return Err(ErrorCode::ClientAssertionType.with([SAML2_BEARER]));
            }
            return Ok(Some(ClientCredentials { id, assertion: assertion.unwrap_or_default().into() }));
        }
        if let Some(header) = authorization {
            let (id, secret) = basic_credentials(header).ok_or(ErrorCode::ClientHeaderInvalid)?;
            return Ok(Some(ClientCredentials { id: Some(id), assertion: secret }));
        }
        let secret = self.get("client_secret").unwrap_or_default();
        Ok(id.map(|id| ClientCredentials { id: Some(id), assertion: secret.into() }))
    }
}

impl ClientCredentials {
    /// The client that the assertion proves, with `#c` if it is a confidential one. `cell` is this Cell's URL,
    /// `resolve` writes URLs of the scheme `personium-localunit` as HTTP URLs and leaves others.
    ///
    /// The reference does not compare an id that comes in a header; here it is always compared.
    ///
    /// # Errors
    /// `AN-0006` where another Cell made the assertion, `AN-0007` where it was made for another Cell.
    pub fn identity(
        &self,
        assertion: &ClientAssertion<'_>,
        cell: &str,
        resolve: impl FnOnce(&str) -> String,
    ) -> Result<String> {
        let id = self.id.as_deref().map_or_else(|| assertion.issuer.to_owned(), resolve);
        if id != assertion.issuer {
            return Err(ErrorCode::ClientAssertionIssuer.into());
        }
        if assertion.target != cell {
            return Err(ErrorCode::ClientAssertionTarget.into());
        }
        let confidential = format!("{id}__role/__/confidentialClient");
        let mark = if assertion.roles.contains(&confidential) { CONFIDENTIAL } else { "" };
        Ok(id + mark)
    }
}

/// Name and password of a Basic header (RFC 7617). Both are form-encoded before they are joined (RFC 6749
/// §2.3.1), and clients of this API use the alphabet of Base64url. Many clients forget the form-encoding, and an
/// application's name is a URL: of one that is, the last colon ends the name, for no secret has any.
#[must_use]
pub fn basic_credentials(header: &str) -> Option<(String, Secret)> {
    const EITHER_PADDING: GeneralPurposeConfig = GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true);
    const URL_SAFE: GeneralPurpose = GeneralPurpose::new(&alphabet::URL_SAFE, EITHER_PADDING);
    let (scheme, encoded) = header.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("Basic") {
        return None;
    }
    let encoded = encoded.trim().replace('+', "-").replace('/', "_");
    let pair = URL_SAFE.decode(encoded).ok()?;
    let is_url = pair.starts_with(b"https://") || pair.starts_with(b"http://");
    let colon =
        if is_url { pair.iter().rposition(|b| *b == b':') } else { pair.iter().position(|b| *b == b':') }?;
    Some((decode(&pair[..colon]), Secret(decode(&pair[colon + 1..]))))
}
