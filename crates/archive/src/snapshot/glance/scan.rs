//! A pass over the JSON of a line that checks every byte and makes nothing.

/// How deep a pass goes into what is carried.
const NESTING: usize = 64;

/// A pass over JSON without spaces. Whatever it does not take is `None`.
pub(super) struct Scan<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Scan<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { text, at: 0 }
    }

    /// How far it is.
    pub(super) fn at(&self) -> usize {
        self.at
    }

    /// Whether there is nothing more.
    pub(super) fn is_over(&self) -> bool {
        self.at == self.text.len()
    }

    /// Goes over a text that is to be there.
    #[inline]
    pub(super) fn literal(&mut self, literal: &[u8]) -> Option<()> {
        let to = self.at + literal.len();
        (self.text.as_bytes().get(self.at..to)? == literal).then_some(())?;
        self.at = to;
        Some(())
    }

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
    pub(super) fn object(&mut self, member: &mut impl FnMut(&mut Self, &'a str) -> Option<()>) -> Option<()> {
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
    pub(super) fn array(&mut self, element: &mut impl FnMut(&mut Self) -> Option<()>) -> Option<()> {
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
    pub(super) fn carried(&mut self) -> Option<()> {
        (self.peek()? == b'{').then_some(())?;
        self.value(NESTING)
    }

    /// The fields, and the text of the first one of a name, which has to be there.
    pub(super) fn fields(&mut self, key: &str) -> Option<(&'a str, &'a str)> {
        let (from, mut found) = (self.at, None);
        self.object(&mut |scan, name| {
            if name == key && found.is_none() {
                found = Some(scan.string()?);
                return Some(());
            }
            scan.value(NESTING)
        })?;
        Some((self.text.get(from..self.at)?, found?))
    }

    /// Goes over any value.
    pub(super) fn any_value(&mut self) -> Option<()> {
        self.value(NESTING)
    }

    /// Goes over any value, nested so deep at most.
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
    pub(super) fn string(&mut self) -> Option<&'a str> {
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
    pub(super) fn time(&mut self) -> Option<()> {
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
