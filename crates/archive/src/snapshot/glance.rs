//! What a document's line says of what the document is and what it names, found in one pass.
//!
//! Whoever only looks at a snapshot needs a tenth of what [`DocumentLine::parse`](super::document::DocumentLine::parse)
//! makes of a line. Here every byte is checked as there and nothing is made. What the pass is not made for (spaces,
//! escapes in what is looked for, members that are unknown, whatever is wrong) it does not take: [`Glance::at`] gives
//! `None` then, and the line is parsed. So there is one place only that says what is wrong with a line.

use saibo_model::Kind;

/// How deep a pass goes into what is carried.
const NESTING: usize = 64;

/// What a line says at a glance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Glance<'a> {
    /// `_id`.
    pub id: &'a str,
    /// `b`: id of the Box.
    pub box_id: Option<&'a str>,
    /// `n`: id of the OData collection.
    pub collection: Option<&'a str>,
    /// `t`: id of the EntityType.
    pub entity_type: Option<&'a str>,
    /// `s`: declared fields, a JSON object.
    pub fields: &'a str,
    /// The text that the first field of the name that was asked for has.
    pub key: &'a str,
    /// `l`: to-one links, each the name of a type and an id.
    pub links: Vec<(&'a str, &'a str)>,
    /// `ll`: to-one links of an entity, each `entity type:entity`.
    pub entity_links: Vec<&'a str>,
}

impl<'a> Glance<'a> {
    /// Looks at a line of a kind's entry; `key` is a field that has to be there. `None` if the line has to be parsed.
    #[must_use]
    pub fn at(line: &'a str, kind: Kind, key: &str) -> Option<Self> {
        let mut scan = Scan { text: line, at: 0 };
        let (mut id, mut source, mut has_type) = (None, None, false);
        scan.object(&mut |scan, name| match name {
            "_id" => once(&mut id, scan.string()?),
            "_type" => {
                (!std::mem::replace(&mut has_type, true) && scan.string()? == kind.name()).then_some(())
            }
            "_source" => {
                let value = Source::scan(scan, kind, key)?;
                once(&mut source, value)
            }
            "_index" => scan.value(NESTING),
            _ => None,
        })?;
        let Source { box_id, collection, entity_type, fields, key, links, entity_links, .. } = source?;
        let id = id.filter(|id| !id.is_empty())?;
        let is_whole = scan.at == line.len() && has_type;
        is_whole.then_some(())?;
        let (links, entity_links) = (links.unwrap_or_default(), entity_links.unwrap_or_default());
        Some(Self { id, box_id, collection, entity_type, fields: fields?, key: key?, links, entity_links })
    }
}

/// What was found in `_source` so far.
#[derive(Default)]
struct Source<'a> {
    cell: Option<()>,
    kind: Option<()>,
    box_id: Option<&'a str>,
    collection: Option<&'a str>,
    entity_type: Option<&'a str>,
    published: Option<()>,
    updated: Option<()>,
    fields: Option<&'a str>,
    key: Option<&'a str>,
    hidden: Option<()>,
    dynamic: Option<()>,
    acl: Option<()>,
    links: Option<Vec<(&'a str, &'a str)>>,
    entity_links: Option<Vec<&'a str>>,
}

impl<'a> Source<'a> {
    fn scan(scan: &mut Scan<'a>, kind: Kind, key: &str) -> Option<Self> {
        let mut found = Self::default();
        scan.object(&mut |scan, name| match name {
            "p" => once(&mut found.published, scan.time()?),
            "u" => once(&mut found.updated, scan.time()?),
            "b" => once(&mut found.box_id, scan.string()?),
            "c" => once(&mut found.cell, scan.string().map(drop)?),
            "n" => once(&mut found.collection, scan.string()?),
            "t" => once(&mut found.entity_type, scan.string()?),
            "type" => once(&mut found.kind, (scan.string()? == kind.name()).then_some(())?),
            "s" => once(&mut found.fields, scan.fields(key, &mut found.key)?),
            "h" => once(&mut found.hidden, scan.carried()?),
            "d" => once(&mut found.dynamic, scan.carried()?),
            "a" => once(&mut found.acl, scan.carried()?),
            "l" => {
                let mut links = Vec::new();
                scan.object(&mut |scan, name| {
                    links.push((name, scan.string()?));
                    Some(())
                })?;
                once(&mut found.links, links)
            }
            "ll" => {
                let mut links = Vec::new();
                scan.array(&mut |scan| {
                    links.push(scan.string()?);
                    Some(())
                })?;
                once(&mut found.entity_links, links)
            }
            _ => None,
        })?;
        found.published.and(found.updated)?;
        (found.cell.is_some() || kind == Kind::Cell).then_some(())?;
        if kind == Kind::UserData {
            found.collection.and(found.entity_type)?;
        }
        Some(found)
    }
}

/// Puts a value into its place, unless there is one.
fn once<T>(place: &mut Option<T>, value: T) -> Option<()> {
    place.replace(value).is_none().then_some(())
}

/// A pass over JSON without spaces. Whatever it does not take is `None`.
struct Scan<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Scan<'a> {
    #[inline]
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    /// Goes over a byte if it is this one.
    #[inline]
    fn takes(&mut self, byte: u8) -> bool {
        let is = self.peek() == Some(byte);
        self.at += usize::from(is);
        is
    }

    #[inline]
    fn expect(&mut self, byte: u8) -> Option<()> {
        self.takes(byte).then_some(())
    }

    /// Goes over an object; `member` goes over the value of each name.
    #[inline]
    fn object(&mut self, member: &mut impl FnMut(&mut Self, &'a str) -> Option<()>) -> Option<()> {
        self.expect(b'{')?;
        if self.takes(b'}') {
            return Some(());
        }
        loop {
            let name = self.string()?;
            self.expect(b':')?;
            member(self, name)?;
            if !self.takes(b',') {
                return self.expect(b'}');
            }
        }
    }

    /// Goes over an array; `element` goes over each.
    #[inline]
    fn array(&mut self, element: &mut impl FnMut(&mut Self) -> Option<()>) -> Option<()> {
        self.expect(b'[')?;
        if self.takes(b']') {
            return Some(());
        }
        loop {
            element(self)?;
            if !self.takes(b',') {
                return self.expect(b']');
            }
        }
    }

    /// An object that is carried as it stands.
    fn carried(&mut self) -> Option<()> {
        (self.peek()? == b'{').then_some(())?;
        self.value(NESTING)
    }

    /// The fields, and the text of the first one of a name.
    fn fields(&mut self, key: &str, found: &mut Option<&'a str>) -> Option<&'a str> {
        let from = self.at;
        self.object(&mut |scan, name| {
            if name == key && found.is_none() {
                *found = Some(scan.string()?);
                return Some(());
            }
            scan.value(NESTING)
        })?;
        self.text.get(from..self.at)
    }

    /// Goes over any value.
    fn value(&mut self, nesting: usize) -> Option<()> {
        match self.peek()? {
            b'"' => self.any_string(),
            b'{' => {
                let deeper = nesting.checked_sub(1)?;
                self.object(&mut |scan, _| scan.value(deeper))
            }
            b'[' => {
                let deeper = nesting.checked_sub(1)?;
                self.array(&mut |scan| scan.value(deeper))
            }
            b't' => self.word("true"),
            b'f' => self.word("false"),
            b'n' => self.word("null"),
            _ => self.number(),
        }
    }

    fn word(&mut self, word: &str) -> Option<()> {
        self.text.get(self.at..)?.starts_with(word).then_some(())?;
        self.at += word.len();
        Some(())
    }

    /// A string without escapes.
    #[inline]
    fn string(&mut self) -> Option<&'a str> {
        self.expect(b'"')?;
        let from = self.at;
        self.plain();
        let text = self.text.get(from..self.at)?;
        self.expect(b'"')?;
        Some(text)
    }

    /// Goes over a string that may have escapes, but for those that name a character by number.
    fn any_string(&mut self) -> Option<()> {
        self.expect(b'"')?;
        loop {
            self.plain();
            if !self.takes(b'\\') {
                return self.expect(b'"');
            }
            matches!(self.peek()?, b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't').then_some(())?;
            self.at += 1;
        }
    }

    /// Goes to the next byte that does not stand for itself in a string: eight at a time, as long as there are.
    #[inline]
    fn plain(&mut self) {
        const ONES: u64 = u64::MAX / 255;
        const HIGH: u64 = ONES << 7;
        let mut rest = self.text.as_bytes().get(self.at..).unwrap_or_default();
        while let Some((eight, more)) = rest.split_first_chunk::<8>() {
            let bytes = u64::from_le_bytes(*eight);
            let zero = |bytes: u64| bytes.wrapping_sub(ONES) & !bytes;
            let control = bytes.wrapping_sub(ONES * 0x20) & !bytes;
            let quote = zero(bytes ^ (ONES * u64::from(b'"')));
            let escape = zero(bytes ^ (ONES * u64::from(b'\\')));
            // A borrow may mark bytes above the first one that is marked, never one below it.
            let marked = (control | quote | escape) & HIGH;
            if marked != 0 {
                self.at += (marked.trailing_zeros() / 8) as usize;
                return;
            }
            self.at += 8;
            rest = more;
        }
        self.at += rest.iter().position(|byte| matches!(byte, b'"' | b'\\' | 0..0x20)).unwrap_or(rest.len());
    }

    #[inline]
    fn digits(&mut self) -> usize {
        let rest = self.text.as_bytes().get(self.at..).unwrap_or_default();
        let count = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        self.at += count;
        count
    }

    /// Goes over a whole number without leading zeros; how many digits.
    #[inline]
    fn whole(&mut self) -> Option<usize> {
        let is_zero = self.peek()? == b'0';
        let count = self.digits();
        (count > 0 && (!is_zero || count == 1)).then_some(count)
    }

    fn number(&mut self) -> Option<()> {
        self.takes(b'-');
        self.whole()?;
        if self.takes(b'.') {
            (self.digits() > 0).then_some(())?;
        }
        if self.takes(b'e') || self.takes(b'E') {
            let _sign = self.takes(b'-') || self.takes(b'+');
            (self.digits() > 0).then_some(())?;
        }
        Some(())
    }

    /// A time after 1970: of so few digits that it certainly fits.
    fn time(&mut self) -> Option<()> {
        (self.whole()? <= 18).then_some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Where [`Scan::plain`] stops in a text.
    fn stops(text: &str) -> usize {
        let mut scan = Scan { text, at: 0 };
        scan.plain();
        scan.at
    }

    #[test]
    fn whatever_does_not_stand_for_itself_is_seen_wherever_it_is() {
        for length in 0..40 {
            let plain = "a".repeat(length);
            assert_eq!(stops(&plain), length);
            for at in 0..length {
                for (byte, is_plain) in [
                    ('"', false),
                    ('\\', false),
                    ('\0', false),
                    ('\x1f', false),
                    (' ', true),
                    ('!', true),
                    ('\x7f', true),
                ] {
                    let text = format!("{}{byte}{}", &plain[..at], &plain[at + 1..]);
                    assert_eq!(stops(&text), if is_plain { length } else { at }, "{text:?}");
                }
            }
        }
        assert_eq!(stops("深深深深深深\"深"), 18);
    }

    #[test]
    fn numbers_are_those_of_json() {
        for text in ["0", "-0", "10", "-1.50", "1e9", "1E-9", "0.1e+2"] {
            let mut scan = Scan { text, at: 0 };
            assert!(scan.number().is_some() && scan.at == text.len(), "{text}");
        }
        for text in ["", "-", "01", ".5", "1.", "1e", "1e+", "+1", "x"] {
            let mut scan = Scan { text, at: 0 };
            assert!(scan.number().is_none() || scan.at < text.len(), "{text}");
        }
    }
}
