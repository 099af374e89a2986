//! Which application asks for a token (API page 293).

use saibo_model::{ErrorCode, Result};
use saibo_oauth::grant::{ClientAssertion, ClientCredentials, Form};
use saibo_saml::SamlError;

use crate::{Cell, Unit};

/// The application that a request to the token endpoint proves to come from, with `#c` if it is confidential;
/// `None` where it comes from none.
///
/// # Errors
/// Why its credentials are not good.
pub(super) fn authenticate(
    unit: &Unit,
    cell: &Cell,
    form: &Form,
    authorization: Option<&str>,
    now: i64,
) -> Result<Option<String>> {
    let credentials = form.client(authorization)?;
    credentials.map(|credentials| prove(unit, cell, &credentials, now)).transpose()
}

/// The application whose credentials these are.
pub(super) fn prove(unit: &Unit, cell: &Cell, credentials: &ClientCredentials, now: i64) -> Result<String> {
    let assertion = unit.transcell().open(credentials.assertion.expose(), now).map_err(|error| {
        let code = match error {
            // The reference answers AN-0011 where the signature is wrong, and keeps AN-0005 for nothing.
            SamlError::Signature(_) => ErrorCode::GrantTokenSignature,
            _ => ErrorCode::ClientAssertionParse,
        };
        saibo_model::Error::from(code).because(error)
    })?;
    if now >= assertion.expires_at {
        return Err(ErrorCode::ClientAssertionExpired.into());
    }
    let shown =
        ClientAssertion { issuer: &assertion.issuer, target: &assertion.target, roles: &assertion.roles };
    credentials
        .identity(&shown, cell.url(), |url| unit.settings().unit_url.localunit_to_http(url).into_owned())
}
