//! JSON that is carried, not understood.
//!
//! Most of a snapshot's text passes through unread: fields, hidden fields and ACLs go from a line to a store and back
//! byte for byte. So values stay [`RawValue`]s, strings are borrowed where they hold no escape, and lines are
//! written by hand.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::{Error, Result};

/// A string that borrows from the input unless it holds an escape, which `Cow` alone does not do in a collection.
#[derive(Debug, Clone)]
pub(crate) struct Text<'a>(pub(crate) Cow<'a, str>);

impl<'de> Deserialize<'de> for Text<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TextVisitor;
        impl<'de> Visitor<'de> for TextVisitor {
            type Value = Text<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string")
            }
            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
                Ok(Text(Cow::Borrowed(text)))
            }
            fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
                Ok(Text(Cow::Owned(text.to_owned())))
            }
        }
        deserializer.deserialize_str(TextVisitor)
    }
}

/// A JSON object as pairs of a name and what `V` makes of the value, in the order of the text.
pub(crate) struct Members<'a, V>(pub(crate) Vec<(Cow<'a, str>, V)>);

impl<'de, V: Deserialize<'de>> Deserialize<'de> for Members<'de, V> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct MembersVisitor<V>(std::marker::PhantomData<V>);
        impl<'de, V: Deserialize<'de>> Visitor<'de> for MembersVisitor<V> {
            type Value = Members<'de, V>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::new();
                while let Some((Text(name), value)) = map.next_entry::<Text<'de>, V>()? {
                    members.push((name, value));
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(MembersVisitor(std::marker::PhantomData))
    }
}

/// Reads the next value of a map and says, if that fails, which member was wrong.
pub(crate) fn value<'de, A: MapAccess<'de>, V: Deserialize<'de>>(
    map: &mut A,
    name: &str,
) -> Result<V, A::Error> {
    map.next_value().map_err(|error| A::Error::custom(format_args!("`{name}`: {error}")))
}

/// How deep what is carried may be nested. Whoever reads it later has a limit too, and it is not much higher.
const MAX_NESTING: usize = 100;

/// Like [`value`], kept as text.
pub(crate) fn raw<'de, A: MapAccess<'de>>(map: &mut A, name: &str) -> Result<&'de str, A::Error> {
    let text = value::<A, &'de RawValue>(map, name)?.get();
    if is_too_deep(text) {
        return Err(A::Error::custom(format_args!("`{name}` is nested more than {MAX_NESTING} deep")));
    }
    Ok(text)
}

/// Whether JSON is nested deeper than allowed.
fn is_too_deep(json: &str) -> bool {
    // Hardly anything has so many brackets at all.
    if memchr::memchr2_iter(b'[', b'{', json.as_bytes()).nth(MAX_NESTING).is_none() {
        return false;
    }
    let (mut depth, mut in_string, mut escaped) = (0, false, false);
    for byte in json.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => in_string = !in_string,
            b'[' | b'{' if !in_string => depth += 1,
            b']' | b'}' if !in_string => depth -= 1,
            _ => {}
        }
        if depth > MAX_NESTING {
            return true;
        }
    }
    false
}

/// Like [`raw`], of an object; `null` is as good as absent.
pub(crate) fn raw_object<'de, A: MapAccess<'de>>(
    map: &mut A,
    name: &str,
) -> Result<Option<&'de str>, A::Error> {
    match raw(map, name)? {
        "null" => Ok(None),
        text if text.starts_with('{') => Ok(Some(text)),
        _ => Err(A::Error::custom(format_args!("`{name}` is not an object"))),
    }
}

/// Like [`value`], of a string; `null` is as good as absent.
pub(crate) fn some_text<'de, A: MapAccess<'de>>(
    map: &mut A,
    name: &str,
) -> Result<Option<Cow<'de, str>>, A::Error> {
    Ok(value::<A, Option<Text<'de>>>(map, name)?.map(|Text(text)| text))
}

/// Puts a member's value into its place; a second one of that name is an error.
pub(crate) fn once<T, E: serde::de::Error>(place: &mut Option<T>, name: &str, value: T) -> Result<(), E> {
    match place.replace(value) {
        None => Ok(()),
        Some(_) => Err(E::custom(format_args!("`{name}` stands twice"))),
    }
}

/// Refuses members of the same name.
pub(crate) fn distinct<N: AsRef<str>, V, E: serde::de::Error>(members: &[(N, V)]) -> Result<(), E> {
    let mut names: Vec<&str> = members.iter().map(|(name, _)| name.as_ref()).collect();
    names.sort_unstable();
    match names.windows(2).find(|pair| pair[0] == pair[1]) {
        None => Ok(()),
        Some(pair) => Err(E::custom(format_args!("`{}` stands twice", pair[0]))),
    }
}

/// The first member of a name of a JSON object, as it stands in the text. What comes after it is not looked at.
///
/// # Errors
/// If the text is not a JSON object, as far as it was looked at.
pub fn member<'o>(object: &'o str, name: &str) -> Result<Option<&'o str>> {
    struct Search<'n, 'o> {
        name: &'n str,
        found: &'n mut Option<&'o str>,
    }
    impl<'o> Visitor<'o> for Search<'_, 'o> {
        type Value = ();
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object")
        }
        fn visit_map<A: MapAccess<'o>>(self, mut map: A) -> Result<(), A::Error> {
            while let Some(Text(name)) = map.next_key()? {
                if name == self.name {
                    *self.found = Some(map.next_value::<&RawValue>()?.get());
                    // There is no other way out in the middle.
                    return Err(A::Error::custom("found"));
                }
                map.next_value::<serde::de::IgnoredAny>()?;
            }
            Ok(())
        }
    }
    let mut found = None;
    let mut deserializer = serde_json::Deserializer::from_str(object);
    let searched = deserializer.deserialize_map(Search { name, found: &mut found });
    match (found, searched) {
        (Some(found), _) => Ok(Some(found)),
        (None, Ok(())) => Ok(None),
        (None, Err(error)) => Err(Error::malformed("", 1, error)),
    }
}

/// The members of a JSON object, each value as it stands in the text.
///
/// # Errors
/// If the text is not a JSON object.
pub fn members(object: &str) -> Result<Vec<(Cow<'_, str>, &str)>> {
    let Members(members) = serde_json::from_str::<Members<'_, &RawValue>>(object)
        .map_err(|error| Error::malformed("", 1, error))?;
    Ok(members.into_iter().map(|(name, value)| (name, value.get())).collect())
}

/// The JSON object of these members, whose values are JSON already.
#[must_use]
pub fn object<N: AsRef<str>, V: AsRef<str>>(members: impl IntoIterator<Item = (N, V)>) -> String {
    let mut out = vec![b'{'];
    for (name, value) in members {
        if out.len() > 1 {
            out.push(b',');
        }
        push_string(&mut out, name.as_ref());
        out.push(b':');
        out.extend_from_slice(value.as_ref().as_bytes());
    }
    out.push(b'}');
    // Made of `str`s and ASCII only, so nothing is ever replaced.
    String::from_utf8_lossy(&out).into_owned()
}

/// Writes a JSON string, with `/` escaped, so that a line which the reference wrote comes out the same.
pub(crate) fn push_string(out: &mut Vec<u8>, text: &str) {
    out.push(b'"');
    let mut rest = text.as_bytes();
    while let Some(at) = rest.iter().position(|b| matches!(b, b'"' | b'\\' | b'/' | 0..=0x1f)) {
        out.extend_from_slice(&rest[..at]);
        match rest[at] {
            byte @ (b'"' | b'\\' | b'/') => out.extend_from_slice(&[b'\\', byte]),
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\r' => out.extend_from_slice(b"\\r"),
            b'\t' => out.extend_from_slice(b"\\t"),
            control => {
                const HEX: &[u8; 16] = b"0123456789ABCDEF";
                out.extend_from_slice(b"\\u00");
                out.extend_from_slice(&[HEX[usize::from(control >> 4)], HEX[usize::from(control & 15)]]);
            }
        }
        rest = &rest[at + 1..];
    }
    out.extend_from_slice(rest);
    out.push(b'"');
}

/// Writes a decimal number.
pub(crate) fn push_number(out: &mut Vec<u8>, number: i64) {
    let mut digits = [0u8; 20];
    let mut at = digits.len();
    let mut rest = number.unsigned_abs();
    loop {
        at -= 1;
        // A remainder by ten fits.
        digits[at] = b'0' + (rest % 10) as u8;
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    if number < 0 {
        out.push(b'-');
    }
    out.extend_from_slice(&digits[at..]);
}

/// Writes the members of an object one after the other: each with its name, which is trusted to need no escape.
pub(crate) struct ObjectWriter<'o> {
    out: &'o mut Vec<u8>,
    first: bool,
}

impl<'o> ObjectWriter<'o> {
    pub(crate) fn open(out: &'o mut Vec<u8>) -> Self {
        out.push(b'{');
        Self { out, first: true }
    }

    fn comma(&mut self) {
        if !std::mem::take(&mut self.first) {
            self.out.push(b',');
        }
    }

    fn name(&mut self, name: &str) {
        self.comma();
        self.out.push(b'"');
        self.out.extend_from_slice(name.as_bytes());
        self.out.extend_from_slice(b"\":");
    }

    pub(crate) fn string(&mut self, name: &str, text: &str) {
        self.name(name);
        push_string(self.out, text);
    }

    pub(crate) fn some_string(&mut self, name: &str, text: Option<&str>) {
        if let Some(text) = text {
            self.string(name, text);
        }
    }

    pub(crate) fn number(&mut self, name: &str, number: i64) {
        self.name(name);
        push_number(self.out, number);
    }

    pub(crate) fn raw(&mut self, name: &str, json: &str) {
        self.name(name);
        self.out.extend_from_slice(json.as_bytes());
    }

    pub(crate) fn some_raw(&mut self, name: &str, json: Option<&str>) {
        if let Some(json) = json {
            self.raw(name, json);
        }
    }

    /// A member of any name.
    pub(crate) fn unknown(&mut self, name: &str, json: &str) {
        self.comma();
        push_string(self.out, name);
        self.out.push(b':');
        self.out.extend_from_slice(json.as_bytes());
    }

    /// Begins an object inside this one; its own [`close`](Self::close) ends it.
    pub(crate) fn object(&mut self, name: &str) -> ObjectWriter<'_> {
        self.name(name);
        ObjectWriter::open(self.out)
    }

    /// A string member of any name.
    pub(crate) fn unknown_string(&mut self, name: &str, text: &str) {
        self.comma();
        push_string(self.out, name);
        self.out.push(b':');
        push_string(self.out, text);
    }

    pub(crate) fn strings<'s>(&mut self, name: &str, texts: impl Iterator<Item = &'s str>) {
        self.name(name);
        self.out.push(b'[');
        for (i, text) in texts.enumerate() {
            if i > 0 {
                self.out.push(b',');
            }
            push_string(self.out, text);
        }
        self.out.push(b']');
    }

    pub(crate) fn close(self) {
        self.out.push(b'}');
    }
}

/// Replaces the line feeds after `from`. In JSON they can only be spaces between tokens, and a line must be one line.
pub(crate) fn unbreak(out: &mut [u8], from: usize) {
    for byte in out.iter_mut().skip(from) {
        if *byte == b'\n' {
            *byte = b' ';
        }
    }
}
