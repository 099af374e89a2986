//! Writing XML: elements, attributes and the text within them.

/// The declaration that every document begins with.
pub(crate) const DECLARATION: &str = "<?xml version='1.0' encoding='utf-8'?>";

/// A growing XML document.
#[derive(Debug)]
pub(crate) struct Writer(String);

impl Writer {
    /// A document with its declaration.
    pub(crate) fn new() -> Self {
        Self(DECLARATION.to_owned())
    }

    /// Starts an element and leaves it open for its content.
    pub(crate) fn start(&mut self, name: &str, attributes: &[(&str, &str)]) {
        self.tag(name, attributes);
        self.0.push('>');
    }

    /// Ends an element.
    pub(crate) fn end(&mut self, name: &str) {
        self.0.push_str("</");
        self.0.push_str(name);
        self.0.push('>');
    }

    /// An element without content.
    pub(crate) fn empty(&mut self, name: &str, attributes: &[(&str, &str)]) {
        self.tag(name, attributes);
        self.0.push_str("/>");
    }

    /// An element with text.
    pub(crate) fn text(&mut self, name: &str, attributes: &[(&str, &str)], text: &str) {
        self.start(name, attributes);
        self.escaped(text);
        self.end(name);
    }

    /// The document.
    pub(crate) fn finish(self) -> String {
        self.0
    }

    fn tag(&mut self, name: &str, attributes: &[(&str, &str)]) {
        self.0.push('<');
        self.0.push_str(name);
        for (name, value) in attributes {
            self.0.push(' ');
            self.0.push_str(name);
            self.0.push_str("=\"");
            self.escaped(value);
            self.0.push('"');
        }
    }

    /// XML 1.0 has no way to write control characters: they are shown as JSON would.
    fn escaped(&mut self, text: &str) {
        for c in text.chars() {
            match c {
                '<' => self.0.push_str("&lt;"),
                '>' => self.0.push_str("&gt;"),
                '&' => self.0.push_str("&amp;"),
                '"' => self.0.push_str("&quot;"),
                '\t' | '\n' | '\r' => self.0.push_str(&format!("&#{};", u32::from(c))),
                '\0'..' ' | '\u{fffe}' | '\u{ffff}' => self.0.push_str(&format!("\\u{:04x}", u32::from(c))),
                c => self.0.push(c),
            }
        }
    }
}
