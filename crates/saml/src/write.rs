//! An assertion as XML, in the reference's form: the order of elements and attributes is the same, and so are
//! the two `Audience` elements, of which the second names the application and is empty where there is none.

use time::OffsetDateTime;
use time::format_description::well_known::Iso8601;
use time::format_description::well_known::iso8601::{Config, EncodedConfig, TimePrecision};

use crate::{Assertion, SAML};

const PERSONIUM: &str = "urn:x-personium:xmlns";

/// `2026-11-24T02:23:15.270Z`.
const MILLISECONDS: EncodedConfig = Config::DEFAULT
    .set_time_precision(TimePrecision::Second { decimal_digits: std::num::NonZeroU8::new(3) })
    .encode();

pub(crate) fn to_xml(assertion: &Assertion) -> String {
    let (issued, expires) = (date(assertion.issued_at), date(assertion.expires_at));
    let target = escape(&assertion.target);
    let mut xml = String::with_capacity(2048);
    xml.push_str(&format!(
        "<Assertion xmlns=\"{SAML}\" ID=\"{}\" IssueInstant=\"{issued}\" Version=\"2.0\"><Issuer>{}</Issuer>\
         <Subject><NameID>{}</NameID>\
         <SubjectConfirmation Method=\"urn:oasis:names:tc:SAML:2.0:cm:bearer\">\
         <SubjectConfirmationData NotOnOrAfter=\"{expires}\" Recipient=\"{target}__token\"/>\
         </SubjectConfirmation></Subject>\
         <Conditions><AudienceRestriction><Audience>{target}</Audience>{}</AudienceRestriction></Conditions>\
         <AuthnStatement AuthnInstant=\"{issued}\"><AuthnContext><AuthnContextClassRef>\
         urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport\
         </AuthnContextClassRef></AuthnContext></AuthnStatement><AttributeStatement>",
        escape(&assertion.id),
        escape(&assertion.issuer),
        escape(&assertion.subject),
        element("Audience", assertion.schema.as_deref().unwrap_or_default()),
    ));
    xml.push_str(&format!("<Attribute Name=\"Roles\" NameFormat=\"{PERSONIUM}\">"));
    assertion.roles.iter().for_each(|role| xml.push_str(&element("AttributeValue", role)));
    xml.push_str("</Attribute><Attribute Name=\"Scopes\">");
    assertion.scopes.iter().for_each(|scope| xml.push_str(&element("AttributeValue", scope)));
    xml.push_str("</Attribute></AttributeStatement></Assertion>");
    xml
}

fn element(name: &str, text: &str) -> String {
    if text.is_empty() { format!("<{name}/>") } else { format!("<{name}>{}</{name}>", escape(text)) }
}

fn date(ms: i64) -> String {
    let date = OffsetDateTime::from_unix_timestamp_nanos(i128::from(ms) * 1_000_000);
    date.ok().and_then(|date| date.format(&Iso8601::<MILLISECONDS>).ok()).unwrap_or_default()
}

/// Line ends are escaped too, because parsers change them (XML 1.0 §2.11 and §3.3.3). Characters that XML cannot
/// hold stay and make signing fail.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\t' => escaped.push_str("&#9;"),
            '\n' => escaped.push_str("&#10;"),
            '\r' => escaped.push_str("&#13;"),
            c => escaped.push(c),
        }
    }
    escaped
}
