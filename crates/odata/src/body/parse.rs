//! The JSON of request bodies (RFC 8259), with numbers as text and a type's suffix behind them.

use std::collections::HashMap;

use super::{Json, Object};

/// How deep objects and arrays may nest.
const MAX_DEPTH: usize = 32;

/// Reads a text that is one object.
pub(super) fn object(text: &str) -> Option<Object> {
    let mut parser = Parser { rest: text.strip_prefix('\u{feff}').unwrap_or(text), depth: 0 };
    match parser.value()? {
        Json::Object(object) if parser.token().is_none() => Some(object),
        _ => None,
    }
}

struct Parser<'a> {
    rest: &'a str,
    depth: usize,
}

impl Parser<'_> {
    /// The next character that is not white space, still to be read.
    fn token(&mut self) -> Option<char> {
        self.rest = self.rest.trim_start_matches([' ', '\t', '\r', '\n']);
        self.rest.chars().next()
    }

    fn accept(&mut self, c: char) -> Option<()> {
        self.token();
        self.rest = self.rest.strip_prefix(c)?;
        Some(())
    }

    fn value(&mut self) -> Option<Json> {
        match self.token()? {
            '{' => self.nested(Self::members).map(Json::Object),
            '[' => self.nested(Self::items).map(Json::Array),
            '"' => self.string().map(Json::String),
            'n' => self.word("null", Json::Null),
            't' => self.word("true", Json::Boolean(true)),
            'f' => self.word("false", Json::Boolean(false)),
            _ => self.number().map(Json::Number),
        }
    }

    fn nested<T>(&mut self, read: fn(&mut Self) -> Option<T>) -> Option<T> {
        if self.depth == MAX_DEPTH {
            return None;
        }
        self.depth += 1;
        let value = read(self);
        self.depth -= 1;
        value
    }

    fn members(&mut self) -> Option<Object> {
        self.accept('{')?;
        let mut members: Vec<(String, Json)> = Vec::new();
        // Only large objects need an index to find a name that comes again.
        let mut index: HashMap<String, usize> = HashMap::new();
        if self.token()? == '}' {
            self.accept('}')?;
            return Some(Object(members));
        }
        loop {
            self.token();
            let name = self.string()?;
            self.accept(':')?;
            let value = self.value()?;
            match index.get(&name) {
                Some(&at) => members[at].1 = value,
                None => {
                    index.insert(name.clone(), members.len());
                    members.push((name, value));
                }
            }
            match self.token()? {
                ',' => self.accept(',')?,
                _ => {
                    self.accept('}')?;
                    return Some(Object(members));
                }
            }
        }
    }

    fn items(&mut self) -> Option<Vec<Json>> {
        self.accept('[')?;
        let mut items = Vec::new();
        if self.token()? == ']' {
            self.accept(']')?;
            return Some(items);
        }
        loop {
            items.push(self.value()?);
            match self.token()? {
                ',' => self.accept(',')?,
                _ => {
                    self.accept(']')?;
                    return Some(items);
                }
            }
        }
    }

    fn word(&mut self, word: &str, value: Json) -> Option<Json> {
        self.rest = self.rest.strip_prefix(word)?;
        (!self.rest.starts_with(|c: char| c.is_alphanumeric())).then_some(value)
    }

    /// `-?digits[.digits][e[±]digits]`, and a suffix that is dropped. Leading zeros are let pass.
    fn number(&mut self) -> Option<String> {
        let bytes = self.rest.as_bytes();
        let digits = |from: usize| bytes[from..].iter().take_while(|b| b.is_ascii_digit()).count();
        let mut end = usize::from(bytes.first() == Some(&b'-'));
        let whole = digits(end);
        end += whole;
        if bytes.get(end) == Some(&b'.') {
            let fraction = digits(end + 1);
            end += (fraction > 0).then_some(1 + fraction)?;
        }
        if let Some(b'e' | b'E') = bytes.get(end) {
            let sign = usize::from(matches!(bytes.get(end + 1), Some(b'+' | b'-')));
            let exponent = digits((end + 1 + sign).min(bytes.len()));
            end += (exponent > 0).then_some(1 + sign + exponent)?;
        }
        let text = (whole > 0).then(|| self.rest[..end].to_owned())?;
        self.rest = &self.rest[end..];
        self.rest = self.rest.strip_prefix(['d', 'D', 'f', 'F', 'l', 'L', 'm', 'M']).unwrap_or(self.rest);
        (!self.rest.starts_with(|c: char| c.is_alphanumeric() || c == '.')).then_some(text)
    }

    fn string(&mut self) -> Option<String> {
        self.rest = self.rest.strip_prefix('"')?;
        let mut value = String::new();
        loop {
            let at = self.rest.find(['"', '\\'])?;
            value.push_str(&self.rest[..at]);
            let quote = self.rest.as_bytes()[at] == b'"';
            self.rest = &self.rest[at + 1..];
            if quote {
                return Some(value);
            }
            let c = self.rest.chars().next()?;
            self.rest = &self.rest[c.len_utf8()..];
            value.push(match c {
                '"' | '\\' | '/' => c,
                'b' => '\u{8}',
                'f' => '\u{c}',
                'n' => '\n',
                'r' => '\r',
                't' => '\t',
                'u' => self.escaped()?,
                _ => return None,
            });
        }
    }

    /// The character of the `\u` escape that was begun, together with the one of its surrogate pair. Half a
    /// pair becomes the replacement character, since it has no form in UTF-8.
    fn escaped(&mut self) -> Option<char> {
        let unit = self.unit()?;
        if !(0xd800..0xdc00).contains(&unit) {
            return Some(char::from_u32(u32::from(unit)).unwrap_or(char::REPLACEMENT_CHARACTER));
        }
        let before = self.rest;
        if let Some(rest) = self.rest.strip_prefix("\\u") {
            self.rest = rest;
            let low = self.unit()?;
            if let Some(Ok(c)) = char::decode_utf16([unit, low]).next() {
                return Some(c);
            }
            self.rest = before;
        }
        Some(char::REPLACEMENT_CHARACTER)
    }

    fn unit(&mut self) -> Option<u16> {
        let digits = self.rest.get(..4).filter(|digits| digits.bytes().all(|b| b.is_ascii_hexdigit()))?;
        self.rest = &self.rest[4..];
        u16::from_str_radix(digits, 16).ok()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn value(text: &str) -> Option<Json> {
        object(&format!("{{\"a\":{text}}}"))?.get("a").cloned()
    }

    #[test]
    fn values() {
        let string = |text: &str| Json::String(text.into());
        let number = |text: &str| Json::Number(text.into());
        for (text, expected) in [
            ("null", Json::Null),
            ("true", Json::Boolean(true)),
            ("1234567890.12345d", number("1234567890.12345")),
            ("-1.791e308", number("-1.791e308")),
            ("9223372036854775807", number("9223372036854775807")),
            ("1E+5", number("1E+5")),
            (r#""a\"\\\/\b\f\n\r\t""#, string("a\"\\/\u{8}\u{c}\n\r\t")),
            (r#""\u3042\ud83d\ude00\u0001""#, string("あ😀\u{1}")),
            (r#""\ud83dx\udc00""#, string("\u{fffd}x\u{fffd}")),
            (r#""\ud83d\u3042""#, string("\u{fffd}あ")),
            ("[]", Json::Array(vec![])),
            (
                "[1, \"x\" ,[null]]",
                Json::Array(vec![number("1"), string("x"), Json::Array(vec![Json::Null])]),
            ),
            ("{}", Json::Object(Object::default())),
        ] {
            assert_eq!(value(text), Some(expected), "{text}");
        }
    }

    #[test]
    fn what_is_no_json() {
        for text in
            ["", "nul", "nullx", "1x", "1dd", "1.", ".5", "-", "1e", "01.x", "'a'", r#""a"#, r#""\x""#]
        {
            assert_eq!(value(text), None, "{text}");
        }
        for text in ["[1,]", "[1 2]", "{\"a\" 1}", "{\"a\":1,}", r#""\u00g0""#, "{a:1}", "[", "{"] {
            assert_eq!(value(text), None, "{text}");
        }
        for text in ["", "cellname", "\"test\"", "[]", "{}x", "{\"a\":1", "{} {}"] {
            assert_eq!(object(text), None, "{text}");
        }
        assert_eq!(value(&"[".repeat(100_000)), None);
    }

    #[test]
    fn the_later_of_two_members_counts() {
        let object = object(r#" { "b" : 1 , "a" : 2 , "b" : 3 } "#).unwrap();
        let members: Vec<_> = object.iter().map(|(name, value)| (name, value.text().unwrap())).collect();
        assert_eq!(members, [("b", "3"), ("a", "2")]);
    }

    fn json() -> impl Strategy<Value = serde_json::Value> {
        let leaf = prop_oneof![
            Just(serde_json::Value::Null),
            any::<bool>().prop_map(Into::into),
            any::<i64>().prop_map(Into::into),
            ".{0,10}".prop_map(Into::into),
        ];
        leaf.prop_recursive(4, 20, 4, |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..4).prop_map(Into::into),
                proptest::collection::hash_map(".{0,5}", inner, 0..4)
                    .prop_map(|map| serde_json::Value::Object(map.into_iter().collect())),
            ]
        })
    }

    fn same(ours: &Json, theirs: &serde_json::Value) -> bool {
        match (ours, theirs) {
            (Json::Null, serde_json::Value::Null) => true,
            (Json::Boolean(a), serde_json::Value::Bool(b)) => a == b,
            (Json::Number(a), serde_json::Value::Number(b)) => *a == b.to_string(),
            (Json::String(a), serde_json::Value::String(b)) => a == b,
            (Json::Array(a), serde_json::Value::Array(b)) => {
                a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b))
            }
            (Json::Object(a), serde_json::Value::Object(b)) => {
                a.len() == b.len() && b.iter().all(|(name, b)| a.get(name).is_some_and(|a| same(a, b)))
            }
            _ => false,
        }
    }

    proptest! {
        #[test]
        fn json_reads_as_serde_reads_it(json in json()) {
            prop_assert!(same(&value(&json.to_string()).unwrap(), &json));
        }

        #[test]
        fn no_text_panics(text in r#"[\[\]{}:,"\\a-u0-9.+ -]{0,40}"#) {
            let _ = object(&text);
        }
    }
}
