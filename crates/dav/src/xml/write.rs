//! Writes XML in the layout that existing apps rely on.
//!
//! Some of them walk child nodes by index, so white space counts: every element begins on a line of its own,
//! indented by four spaces a level, unless text stands right before it; an element's end goes on a line of
//! its own unless text stands right before it or the element is empty.

use super::{Content, Declaration, Element};

/// A writer that lays out elements.
pub(crate) struct Writer {
    out: String,
    open: Vec<String>,
    /// The last start tag still lacks its `>`.
    pending: bool,
    /// Text stands right before.
    after_text: bool,
    indent: bool,
}

impl Writer {
    /// A writer that indents.
    pub(crate) fn indented() -> Self {
        Self { out: String::new(), open: Vec::new(), pending: false, after_text: false, indent: true }
    }

    /// A writer that adds no white space.
    pub(crate) fn compact() -> Self {
        Self { indent: false, ..Self::indented() }
    }

    pub(crate) fn finish(self) -> String {
        self.out
    }

    /// Puts raw text, such as an XML declaration.
    pub(crate) fn raw(&mut self, text: &str) {
        self.out.push_str(text);
    }

    pub(crate) fn start(&mut self, name: &str) {
        self.complete();
        self.line_break();
        self.out.push('<');
        self.out.push_str(name);
        self.open.push(name.to_owned());
        (self.pending, self.after_text) = (true, false);
    }

    /// Adds an attribute or declaration to the element just started.
    pub(crate) fn attribute(&mut self, name: &str, value: &str) {
        self.out.push(' ');
        self.out.push_str(name);
        self.out.push_str("=\"");
        escape(&mut self.out, value, true);
        self.out.push('"');
    }

    pub(crate) fn text(&mut self, text: &str) {
        if !text.is_empty() {
            self.complete();
            escape(&mut self.out, text, false);
            self.after_text = true;
        }
    }

    pub(crate) fn end(&mut self) {
        let Some(name) = self.open.pop() else { return };
        if self.pending {
            self.out.push_str("/>");
            self.pending = false;
        } else {
            self.line_break();
            self.out.push_str("</");
            self.out.push_str(&name);
            self.out.push('>');
        }
        self.after_text = false;
    }

    pub(crate) fn empty(&mut self, name: &str) {
        self.start(name);
        self.end();
    }

    /// An element with text alone in it.
    pub(crate) fn simple(&mut self, name: &str, text: &str) {
        self.start(name);
        self.text(text);
        self.end();
    }

    /// A whole element with its declarations and then its attributes.
    pub(crate) fn element(&mut self, element: &Element) {
        self.start(&element.name.qualified());
        self.declarations(&element.declarations);
        self.attributes(element);
        self.content(element);
    }

    /// An element whose place decides nothing about its names: attributes first, because apps index those
    /// too, then declarations. `undeclare` keeps the default namespace around from capturing names that have
    /// none.
    pub(crate) fn guest(&mut self, element: &Element, undeclare: bool) {
        self.start(&element.name.qualified());
        self.attributes(element);
        self.declarations(&element.declarations);
        if undeclare {
            self.attribute("xmlns", "");
        }
        self.content(element);
    }

    fn attributes(&mut self, element: &Element) {
        for attribute in &element.attributes {
            self.attribute(&attribute.name.qualified(), &attribute.value);
        }
    }

    fn declarations(&mut self, declarations: &[Declaration]) {
        for Declaration { prefix, namespace } in declarations {
            match &**prefix {
                "" => self.attribute("xmlns", namespace),
                prefix => self.attribute(&format!("xmlns:{prefix}"), namespace),
            }
        }
    }

    /// The nesting is that of a parsed tree, which is bounded.
    fn content(&mut self, element: &Element) {
        for content in &element.content {
            match content {
                Content::Element(element) => self.element(element),
                Content::Text(text) => self.text(text),
            }
        }
        self.end();
    }

    fn complete(&mut self) {
        if self.pending {
            self.out.push('>');
            self.pending = false;
        }
    }

    fn line_break(&mut self) {
        if self.indent && !self.after_text && !self.out.is_empty() {
            self.out.push('\n');
            self.out.extend(std::iter::repeat_n("    ", self.open.len()));
        }
    }
}

fn escape(out: &mut String, text: &str, attribute: bool) {
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '\r' => out.push_str("&#13;"),
            '"' if attribute => out.push_str("&quot;"),
            '\t' if attribute => out.push_str("&#9;"),
            '\n' if attribute => out.push_str("&#10;"),
            // What XML has no way to say: a name or a media type that was stored before it was checked.
            c if c.is_control() && c < ' ' && !matches!(c, '\t' | '\n') => out.push('\u{fffd}'),
            '\u{fffe}' | '\u{ffff}' => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::xml::parse;

    fn indented(body: &str) -> String {
        let mut writer = Writer::indented();
        writer.element(&parse(body.as_bytes()).unwrap());
        writer.finish()
    }

    #[test]
    fn layout() {
        let cases = [
            ("<a/>", "<a/>"),
            ("<a></a>", "<a/>"),
            ("<a>t</a>", "<a>t</a>"),
            ("<a><b/></a>", "<a>\n    <b/>\n</a>"),
            ("<a><b><c>t</c></b></a>", "<a>\n    <b>\n        <c>t</c>\n    </b>\n</a>"),
            ("<a>t<b/></a>", "<a>t<b/>\n</a>"),
            ("<a><b/>t</a>", "<a>\n    <b/>t</a>"),
            ("<a>\n <b/>\n</a>", "<a>\n <b/>\n</a>"),
        ];
        for (body, expected) in cases {
            assert_eq!(indented(body), expected);
        }
    }

    #[test]
    fn escaping() {
        let body = "<a b='&lt;&amp;&quot;&apos;&#10;&#9;&#13;'>&lt;]]&gt;&amp;\"&#13;\u{5b57}</a>";
        let mut writer = Writer::compact();
        writer.element(&parse(body.as_bytes()).unwrap());
        let written = writer.finish();
        assert_eq!(written, "<a b=\"&lt;&amp;&quot;'&#10;&#9;&#13;\">&lt;]]&gt;&amp;\"&#13;\u{5b57}</a>");
        assert_eq!(parse(written.as_bytes()).unwrap(), parse(body.as_bytes()).unwrap());
        let mut writer = Writer::compact();
        writer.simple("a", "\u{1}\u{ffff}");
        assert_eq!(writer.finish(), "<a>\u{fffd}\u{fffd}</a>");
    }
}
