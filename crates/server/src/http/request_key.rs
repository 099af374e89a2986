//! `X-Personium-RequestKey`: the name of a request in logs and events.

use http::HeaderMap;
use saibo_model::{Error, ErrorCode, Id, Result};

const HEADER: &str = "x-personium-requestkey";
const LONGEST: usize = 128;

/// The key that the client has sent, or a random one: four characters, a low line, eighteen characters.
///
/// # Errors
/// When the sent one is longer than 128 characters or has others than letters, digits, `-` and `_`.
pub(super) fn of(headers: &HeaderMap) -> Result<String> {
    let Some(sent) = headers.get(HEADER) else { return Ok(random()) };
    let allowed = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    let key = sent.to_str().ok().filter(|key| key.len() <= LONGEST && key.as_bytes().iter().all(allowed));
    match key {
        // Recorded: an empty one is accepted. It names nothing, so a random one takes its place.
        Some("") => Ok(random()),
        Some(key) => Ok(key.to_owned()),
        None => Err(Error::from(ErrorCode::RequestKeyInvalid)),
    }
}

/// A new key.
pub(super) fn random() -> String {
    let mut key: String = Id::random().into();
    key.insert(4, '_');
    key
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn key(sent: &'static str) -> Result<String> {
        of(&HeaderMap::from_iter([(http::HeaderName::from_static(HEADER), HeaderValue::from_static(sent))]))
    }

    #[test]
    fn sent_keys_are_checked() {
        const LONG: &str = "kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk\
                            kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk";
        for good in ["key-1_a", "k", &LONG[1..]] {
            assert_eq!(key(good).unwrap(), good);
        }
        for bad in ["bad key", "abc#123", LONG] {
            assert_eq!(key(bad).unwrap_err().code(), ErrorCode::RequestKeyInvalid, "{bad}");
        }
    }

    #[test]
    fn random_keys_have_two_parts() {
        for key in [of(&HeaderMap::new()).unwrap(), key("").unwrap()] {
            assert_eq!((key.len(), key.find('_').is_some()), (23, true));
            assert_eq!(key.as_bytes()[4], b'_');
        }
    }
}
