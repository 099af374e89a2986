//! Claims as bytes: numbers as LEB128, strings with their length before them.
//!
//! Tokens travel in every request, so they are short: the issuer is left out, because whoever reads a token
//! knows it, and strings that begin with it (roles of the Cell) leave it out too.

use super::{Claims, CodeBinding, Origin};

const VERSION: u8 = 1;

const HAS_SCHEMA: u8 = 1;
const HAS_ORIGIN: u8 = 1 << 1;
const HAS_CODE: u8 = 1 << 2;
const HAS_REDIRECT_URI: u8 = 1 << 3;
const HAS_CHALLENGE: u8 = 1 << 4;
const HAS_NONCE: u8 = 1 << 5;
const ALL_FLAGS: u8 = HAS_SCHEMA | HAS_ORIGIN | HAS_CODE | HAS_REDIRECT_URI | HAS_CHALLENGE | HAS_NONCE;

pub(super) fn write(claims: &Claims, out: &mut Vec<u8>) {
    let issuer = claims.issuer.as_str();
    let code = claims.code.as_ref();
    let redirect_uri = code.and_then(|code| code.redirect_uri.as_deref());
    let challenge = code.and_then(|code| code.challenge.as_deref());
    let nonce = code.and_then(|code| code.nonce.as_deref());
    let flag = |set: bool, flag: u8| if set { flag } else { 0 };
    out.push(VERSION);
    out.push(
        flag(claims.schema.is_some(), HAS_SCHEMA)
            | flag(claims.origin.is_some(), HAS_ORIGIN)
            | flag(code.is_some(), HAS_CODE)
            | flag(redirect_uri.is_some(), HAS_REDIRECT_URI)
            | flag(challenge.is_some(), HAS_CHALLENGE)
            | flag(nonce.is_some(), HAS_NONCE),
    );
    number(claims.issued_at.max(0).unsigned_abs(), out);
    number(claims.lifetime.into(), out);
    string(&claims.subject, issuer, out);
    if let Some(schema) = &claims.schema {
        string(schema, issuer, out);
    }
    for list in [&claims.scopes, &claims.roles] {
        number(list.len() as u64, out);
        list.iter().for_each(|item| string(item, issuer, out));
    }
    if let Some(origin) = &claims.origin {
        string(&origin.issuer, issuer, out);
        string(&origin.assertion_id, issuer, out);
    }
    for text in [redirect_uri, challenge, nonce].into_iter().flatten() {
        string(text, issuer, out);
    }
}

/// `None` where the bytes are not exactly one set of claims.
pub(super) fn read(bytes: &[u8], issuer: &str) -> Option<Claims> {
    let mut reader = Reader { bytes, issuer };
    if reader.byte()? != VERSION {
        return None;
    }
    let flags = reader.byte()?;
    if flags & !ALL_FLAGS != 0 {
        return None;
    }
    let mut claims = Claims {
        issuer: issuer.to_owned(),
        issued_at: i64::try_from(reader.number()?).ok()?,
        lifetime: u32::try_from(reader.number()?).ok()?,
        subject: reader.string()?,
        ..Claims::default()
    };
    if flags & HAS_SCHEMA != 0 {
        claims.schema = Some(reader.string()?);
    }
    claims.scopes = reader.list()?;
    claims.roles = reader.list()?;
    if flags & HAS_ORIGIN != 0 {
        claims.origin = Some(Origin { issuer: reader.string()?, assertion_id: reader.string()? });
    }
    if flags & HAS_CODE != 0 {
        let redirect_uri = if flags & HAS_REDIRECT_URI != 0 { Some(reader.string()?) } else { None };
        let challenge = if flags & HAS_CHALLENGE != 0 { Some(reader.string()?) } else { None };
        let nonce = if flags & HAS_NONCE != 0 { Some(reader.string()?) } else { None };
        claims.code = Some(CodeBinding { redirect_uri, challenge, nonce });
    }
    reader.bytes.is_empty().then_some(claims)
}

fn number(mut value: u64, out: &mut Vec<u8>) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// The lowest bit of the length says whether the issuer goes before the text.
fn string(text: &str, issuer: &str, out: &mut Vec<u8>) {
    let (rest, cut) = match text.strip_prefix(issuer) {
        Some(rest) if !issuer.is_empty() => (rest, 1),
        _ => (text, 0),
    };
    number((rest.len() as u64) << 1 | cut, out);
    out.extend_from_slice(rest.as_bytes());
}

struct Reader<'a> {
    bytes: &'a [u8],
    issuer: &'a str,
}

impl Reader<'_> {
    fn byte(&mut self) -> Option<u8> {
        let (first, rest) = self.bytes.split_first()?;
        self.bytes = rest;
        Some(*first)
    }

    fn number(&mut self) -> Option<u64> {
        let mut value = 0_u64;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            value |= u64::from(byte & 0x7f).checked_shl(shift)?;
            if byte & 0x80 == 0 {
                return Some(value);
            }
        }
        None
    }

    fn string(&mut self) -> Option<String> {
        let head = self.number()?;
        let (text, rest) = self.bytes.split_at_checked(usize::try_from(head >> 1).ok()?)?;
        self.bytes = rest;
        let text = std::str::from_utf8(text).ok()?;
        if head & 1 == 0 {
            return Some(text.to_owned());
        }
        Some([self.issuer, text].concat())
    }

    fn list(&mut self) -> Option<Vec<String>> {
        let count = usize::try_from(self.number()?).ok()?;
        // Each string takes a byte at least, so a count beyond the bytes left is a lie.
        if count > self.bytes.len() {
            return None;
        }
        (0..count).map(|_| self.string()).collect()
    }
}
