//! What a transcell token says.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use url::Url;

use crate::{Anchors, Element, SAML, SamlError, Signatures, UnitKey, write};

/// Longer texts are not looked at.
const MAX_TEXT: usize = 256 * 1024;

/// A transcell token.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Assertion {
    /// Its id, an XML name; the reference uses a UUID, whose first digit may not begin a name, and nobody minds.
    pub id: String,
    /// URL of the Cell that vouches.
    pub issuer: String,
    /// URL of whom it vouches for: `{cell}#{account}`.
    pub subject: String,
    /// URL of the Cell that it is made for.
    pub target: String,
    /// The application, with `#c` if it is a confidential client.
    pub schema: Option<String>,
    /// Class URLs of the subject's roles: `{schema of the role's Box, or Cell}__role/__/{name}`.
    pub roles: Vec<String>,
    /// Scopes.
    pub scopes: Vec<String>,
    /// When it was made, in ms since 1970.
    pub issued_at: i64,
    /// When it ends, in ms since 1970.
    pub expires_at: i64,
}

/// Why a genuine assertion does not count here and now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AssertionFault {
    /// It has ended.
    #[error("the assertion has expired")]
    Expired,
    /// It was made for another Cell.
    #[error("the assertion was made for another Cell")]
    WrongTarget,
}

impl Assertion {
    /// Signs it with the unit's key and writes it as the text of a token.
    ///
    /// # Errors
    /// [`SamlError::Sign`].
    pub fn to_token(&self, signatures: &dyn Signatures, key: &UnitKey) -> Result<String, SamlError> {
        Ok(URL_SAFE_NO_PAD.encode(signatures.sign(&write::to_xml(self), key)?))
    }

    /// Reads a token that somebody trusted signed. `now` (ms since 1970) is for the dates of certificates.
    ///
    /// # Errors
    /// [`SamlError::Malformed`] and [`SamlError::Signature`].
    pub fn from_token(
        token: &str,
        signatures: &dyn Signatures,
        anchors: &Anchors,
        now: i64,
    ) -> Result<Self, SamlError> {
        if token.len() > MAX_TEXT {
            return Err(SamlError::Malformed("too long"));
        }
        let bytes = URL_SAFE_NO_PAD.decode(token.trim_end_matches('='));
        let bytes = bytes.map_err(|_| SamlError::Malformed("not Base64url"))?;
        let xml = String::from_utf8(bytes).map_err(|_| SamlError::Malformed("not UTF-8"))?;
        let root = signatures.verify(&xml, &|candidate| {
            let issuer = Self::issuer_of(candidate.assertion)?;
            anchors.public_key(candidate.certificate, &issuer, now)
        })?;
        Self::read(&root)
    }

    /// Whether it counts at `now` (ms since 1970) for the Cell of that URL. Being over comes first, as in the
    /// reference.
    ///
    /// # Errors
    /// Where it is over, or made for another Cell.
    pub fn check(&self, cell: &str, now: i64) -> Result<(), AssertionFault> {
        if now >= self.expires_at {
            return Err(AssertionFault::Expired);
        }
        if same_place(&self.target, cell) { Ok(()) } else { Err(AssertionFault::WrongTarget) }
    }

    fn issuer_of(root: &Element) -> Result<String, SamlError> {
        Ok(leaf(root.only("Issuer")?)?.to_owned())
    }

    fn read(root: &Element) -> Result<Self, SamlError> {
        if root.name != "Assertion" || root.namespace != SAML {
            return Err(SamlError::Malformed("not an Assertion"));
        }
        let subject = root.only("Subject")?;
        let confirmation = subject.only("SubjectConfirmation")?.only("SubjectConfirmationData")?;
        let audiences: Vec<_> =
            root.only("Conditions")?.only("AudienceRestriction")?.children_named("Audience").collect();
        let (target, schema) = match audiences.as_slice() {
            [target] => (leaf(target)?, ""),
            [target, schema] => (leaf(target)?, leaf(schema)?),
            _ => return Err(SamlError::Malformed("Audience")),
        };
        let (mut roles, mut scopes) = (None, None);
        for attribute in root.children_named("AttributeStatement").flat_map(|s| s.children_named("Attribute"))
        {
            let slot = match attribute.attribute("Name") {
                Some("Roles") => &mut roles,
                Some("Scopes") => &mut scopes,
                _ => continue,
            };
            let values =
                attribute.children_named("AttributeValue").map(|value| leaf(value).map(str::to_owned));
            if slot.replace(values.collect::<Result<Vec<_>, _>>()?).is_some() {
                return Err(SamlError::Malformed("Attribute"));
            }
        }
        Ok(Self {
            id: root.attribute("ID").unwrap_or_default().to_owned(),
            issuer: Self::issuer_of(root)?,
            subject: leaf(subject.only("NameID")?)?.to_owned(),
            target: target.to_owned(),
            schema: Some(schema.to_owned()).filter(|schema| !schema.is_empty()),
            roles: roles.unwrap_or_default(),
            scopes: scopes.unwrap_or_default(),
            issued_at: date(root, "IssueInstant")?,
            expires_at: date(confirmation, "NotOnOrAfter")?,
        })
    }
}

/// The text of an element that has no other content.
fn leaf(element: &Element) -> Result<&str, SamlError> {
    if element.children.is_empty() { Ok(&element.text) } else { Err(SamlError::Malformed("content")) }
}

fn date(element: &Element, name: &'static str) -> Result<i64, SamlError> {
    let date = element.attribute(name).and_then(|text| OffsetDateTime::parse(text, &Rfc3339).ok());
    let ms = date.and_then(|date| i64::try_from(date.unix_timestamp_nanos() / 1_000_000).ok());
    ms.ok_or(SamlError::Malformed(name))
}

/// Whether two URLs have the same origin and path, give or take the `/` at the end.
fn same_place(one: &str, other: &str) -> bool {
    let parse = |text: &str| {
        let url = Url::parse(text).ok()?;
        Some((url.scheme().to_owned(), url.host_str()?.to_owned(), url.port_or_known_default(), path(&url)))
    };
    parse(one).is_some_and(|one| Some(one) == parse(other))
}

fn path(url: &Url) -> String {
    url.path().trim_end_matches('/').to_owned()
}
