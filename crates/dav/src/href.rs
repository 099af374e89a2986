//! URLs as the API shows them: names stand in them as they are, not percent-encoded, and apps rely on that. Only where
//! a name would make it the URL of something else is a character encoded (RFC 3986 §2.1).

use std::borrow::Cow;

/// A name as a segment of a URL.
#[must_use]
pub fn segment(name: &str) -> Cow<'_, str> {
    if !name.contains(['%', '#', '?']) {
        return Cow::Borrowed(name);
    }
    Cow::Owned(name.replace('%', "%25").replace('#', "%23").replace('?', "%3F"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cases() {
        let cases = [
            ("", ""),
            ("a.txt", "a.txt"),
            ("\u{6df1}\u{3044}", "\u{6df1}\u{3044}"),
            ("a+b&c;d=e", "a+b&c;d=e"),
            ("100%", "100%25"),
            ("a%41", "a%2541"),
            ("a#b", "a%23b"),
            ("a?%3Fb", "a%3F%253Fb"),
        ];
        for (name, expected) in cases {
            assert_eq!(segment(name), expected);
        }
    }
}
