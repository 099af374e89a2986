//! URLs as answers show them. An `href` is a URI (RFC 4918 §8.3), and clients that take that seriously leave out of a
//! list what has none: whatever no segment of a path may hold is percent-encoded (RFC 3986 §3.3). Everything else
//! stands as it is, as in the API.

use std::borrow::Cow;

use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};

/// ASCII that is no `pchar`, and `%` itself.
const ENCODED: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'%')
    .add(b'/')
    .add(b'<')
    .add(b'>')
    .add(b'?')
    .add(b'[')
    .add(b'\\')
    .add(b']')
    .add(b'^')
    .add(b'`')
    .add(b'{')
    .add(b'|')
    .add(b'}');

/// A name as a segment of a URL.
#[must_use]
pub fn segment(name: &str) -> Cow<'_, str> {
    utf8_percent_encode(name, ENCODED).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cases() {
        let cases = [
            ("", ""),
            ("a.txt", "a.txt"),
            ("\u{6df1}\u{3044}", "%E6%B7%B1%E3%81%84"),
            ("a+b&c;d=e,f@g:h!i$j'k(l)m*n-o._~", "a+b&c;d=e,f@g:h!i$j'k(l)m*n-o._~"),
            ("100%", "100%25"),
            ("a%41", "a%2541"),
            ("a#b", "a%23b"),
            ("a?%3Fb", "a%3F%253Fb"),
            ("[1] <2>|{3}", "%5B1%5D%20%3C2%3E%7C%7B3%7D"),
        ];
        for (name, expected) in cases {
            assert_eq!(segment(name), expected);
        }
    }
}
