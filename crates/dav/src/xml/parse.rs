//! Reads a request body, which may be hostile, into a tree.
//!
//! A DOCTYPE is refused, and with it every entity that could grow or reach out (RFC 4918 §20.6). Depth,
//! number of elements and lengths are bounded, so that a body of the largest size allowed cannot become a
//! tree much larger than itself.

use std::borrow::Cow;
use std::sync::Arc;

use quick_xml::NsReader;
use quick_xml::XmlVersion;
use quick_xml::events::{BytesStart, Event, attributes};
use quick_xml::name::{PrefixDeclaration, QName, ResolveResult};
use saibo_model::{Error, ErrorCode, Result};

use super::{Attribute, Content, Declaration, Element, Name};

/// The longest body, in bytes.
const MAX_BYTES: usize = 1 << 20;
/// The deepest nesting.
const MAX_DEPTH: usize = 64;
/// The most elements.
const MAX_ELEMENTS: usize = 20_000;
/// The most attributes of one element, declarations included.
const MAX_ATTRIBUTES: usize = 64;
/// The longest name of a namespace: elements share it, but a stored property repeats it.
const MAX_NAMESPACE: usize = 512;

/// Parses a body.
///
/// # Errors
/// `PR400-DV-0001` if it is not well-formed XML in UTF-8 with namespaces, holds a DOCTYPE or is too large.
pub fn parse(body: &[u8]) -> Result<Element> {
    if body.len() > MAX_BYTES {
        return Err(malformed("the body is too long"));
    }
    let text = std::str::from_utf8(body).map_err(malformed)?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    if !text.chars().all(is_xml_char) {
        return Err(malformed("a character that XML does not allow"));
    }
    Parser { reader: NsReader::from_str(text), open: Vec::new(), root: None, elements: 0 }.run()
}

struct Parser<'t> {
    reader: NsReader<&'t [u8]>,
    open: Vec<Element>,
    root: Option<Element>,
    elements: usize,
}

impl Parser<'_> {
    fn run(mut self) -> Result<Element> {
        loop {
            match self.reader.read_event().map_err(malformed)? {
                Event::Start(start) => {
                    let element = self.element(&start)?;
                    self.open.push(element);
                }
                Event::Empty(start) => {
                    let element = self.element(&start)?;
                    self.close(element)?;
                }
                // The reader has compared the names of start and end.
                Event::End(_) => {
                    let element = self.open.pop().ok_or_else(|| malformed("an end without a start"))?;
                    self.close(element)?;
                }
                Event::Text(text) => self.text(&text.xml10_content())?,
                Event::CData(text) => self.text(&text.xml10_content())?,
                Event::GeneralRef(reference) => match reference.resolve_char_ref().map_err(malformed)? {
                    Some(character) if is_xml_char(character) => {
                        self.text(character.encode_utf8(&mut [0; 4]))?
                    }
                    Some(_) => return Err(malformed("a reference to a character that XML does not allow")),
                    None => {
                        let name = reference.into_inner();
                        let text = quick_xml::escape::resolve_predefined_entity(&name);
                        self.text(text.ok_or_else(|| malformed("an unknown entity"))?)?;
                    }
                },
                Event::DocType(_) => return Err(malformed("a DOCTYPE")),
                Event::Decl(_) | Event::Comment(_) | Event::PI(_) => {}
                Event::Eof if self.open.is_empty() => {
                    return self.root.ok_or_else(|| malformed("no element"));
                }
                Event::Eof => return Err(malformed("an element without an end")),
            }
        }
    }

    fn element(&mut self, start: &BytesStart<'_>) -> Result<Element> {
        self.elements += 1;
        if self.open.len() >= MAX_DEPTH || self.elements > MAX_ELEMENTS {
            return Err(malformed("too many elements"));
        }
        let resolver = self.reader.resolver();
        let (namespace, _) = resolver.resolve_element(start.name());
        let name = self.name(start.name(), namespace)?;
        let (mut declarations, mut attributes) = (Vec::new(), Vec::<Attribute>::new());
        for (count, attribute) in start.attributes().enumerate() {
            let attribute = attribute.map_err(malformed)?;
            if count >= MAX_ATTRIBUTES {
                return Err(malformed("too many attributes"));
            }
            let value = attribute.normalized_value(XmlVersion::Implicit1_0).map_err(malformed)?;
            if !value.chars().all(is_xml_char) {
                return Err(malformed("a reference to a character that XML does not allow"));
            }
            if let Some(declaration) = attribute.key.as_namespace_binding() {
                declarations.push(declared(declaration, &value)?);
                continue;
            }
            let (namespace, _) = resolver.resolve_attribute(attribute.key);
            let name = self.name(attribute.key, namespace)?;
            if attributes.iter().any(|other| other.name.is(&name.namespace, &name.local)) {
                return Err(malformed("an attribute twice"));
            }
            attributes.push(Attribute { name, value: value.into_owned() });
        }
        Ok(Element { name, declarations, attributes, content: Vec::new() })
    }

    fn name(&self, name: QName<'_>, namespace: ResolveResult<'_>) -> Result<Name> {
        let namespace = match namespace {
            ResolveResult::Bound(namespace) => self.shared(&normalized(namespace.0)?),
            ResolveResult::Unbound => "".into(),
            ResolveResult::Unknown(_) => return Err(malformed("a prefix that nothing declares")),
        };
        let (local, prefix) = name.decompose();
        let (local, prefix) = (local.into_inner(), prefix.map_or("", |prefix| prefix.into_inner()));
        if !is_ncname(local) || !(prefix.is_empty() || is_ncname(prefix)) {
            return Err(malformed("a malformed name"));
        }
        Ok(Name { prefix: prefix.to_owned(), namespace, local: local.to_owned() })
    }

    /// The namespace's name, shared with the element around if that has it too.
    fn shared(&self, namespace: &str) -> Arc<str> {
        match self.open.last() {
            Some(parent) if *parent.name.namespace == *namespace => Arc::clone(&parent.name.namespace),
            _ => namespace.into(),
        }
    }

    fn close(&mut self, element: Element) -> Result<()> {
        match self.open.last_mut() {
            Some(parent) => parent.content.push(Content::Element(element)),
            None if self.root.is_none() => self.root = Some(element),
            None => return Err(malformed("a second root")),
        }
        Ok(())
    }

    fn text(&mut self, text: &str) -> Result<()> {
        let Some(parent) = self.open.last_mut() else {
            return if text.trim_ascii().is_empty() {
                Ok(())
            } else {
                Err(malformed("text outside the root"))
            };
        };
        match parent.content.last_mut() {
            Some(Content::Text(before)) => before.push_str(text),
            _ if text.is_empty() => {}
            _ => parent.content.push(Content::Text(text.to_owned())),
        }
        Ok(())
    }
}

/// A namespace's name as it is meant: the resolver gives what stands in the declaration.
fn normalized(declared: &str) -> Result<Cow<'_, str>> {
    let attribute = attributes::Attribute { key: QName("xmlns"), value: declared.into() };
    attribute.normalized_value(XmlVersion::Implicit1_0).map_err(malformed)
}

fn declared(declaration: PrefixDeclaration<'_>, namespace: &str) -> Result<Declaration> {
    let prefix = match declaration {
        PrefixDeclaration::Default => "",
        PrefixDeclaration::Named(prefix) => prefix,
    };
    if !prefix.is_empty() && (!is_ncname(prefix) || namespace.is_empty()) || namespace.len() > MAX_NAMESPACE {
        return Err(malformed("a malformed namespace declaration"));
    }
    Ok(Declaration { prefix: prefix.into(), namespace: namespace.into() })
}

/// The production `Char` of XML 1.0.
fn is_xml_char(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | '\u{20}'..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..)
}

/// The production `NCName` of Namespaces in XML, with letters as Unicode sees them.
fn is_ncname(name: &str) -> bool {
    let mut chars = name.chars();
    chars.next().is_some_and(|c| c == '_' || c.is_alphabetic())
        && chars.all(|c| matches!(c, '_' | '-' | '.' | '\u{b7}') || c.is_alphanumeric())
}

fn malformed(cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Error {
    Error::from(ErrorCode::XmlParse).because(cause)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_names_and_content() {
        let root = parse(
            "\u{feff}<?xml version='1.0'?><!-- c --><D:a xmlns:D='DAV:' xmlns='urn:x' xml:base='b' D:c='&lt;&#65;'>\
             t<b/>&amp;<![CDATA[<]]><c xmlns=''/>\r\n</D:a> "
                .as_bytes(),
        )
        .unwrap();
        assert!(root.name.is("DAV:", "a"));
        assert_eq!(root.name.qualified(), "D:a");
        assert_eq!(root.declarations.len(), 2);
        assert_eq!(root.attribute(super::super::XML, "base"), Some("b"));
        assert_eq!(root.attribute("DAV:", "c"), Some("<A"));
        assert_eq!(root.text(), "t&<\n");
        assert_eq!(root.content.len(), 5);
        assert!(root.child("urn:x", "b").is_some());
        assert!(root.child("", "c").is_some());
    }

    #[test]
    fn namespaces_are_what_their_declarations_mean() {
        let root = parse(b"<D:a xmlns:D='DAV&#58;' xmlns='u?a&amp;b\tc'><b/></D:a>").unwrap();
        assert!(root.name.is("DAV:", "a"));
        assert!(root.child("u?a&b c", "b").is_some());
        assert_eq!(root.declarations[1].namespace.as_ref(), "u?a&b c");
    }

    #[test]
    fn refuses() {
        let deep = format!("{}{}", "<a>".repeat(65), "</a>".repeat(65));
        let many = format!("<a>{}</a>", "<b/>".repeat(20_000));
        let wide = format!("<a {}/>", (0..65).map(|i| format!("a{i}='' ")).collect::<String>());
        let long = format!("<a xmlns='{}'/>", "x".repeat(513));
        let cases: [&[u8]; 34] = [
            b"",
            b" ",
            b"text",
            b"<a>",
            b"</a>",
            b"<a></b>",
            b"<a/><b/>",
            b"<a/>text",
            b"text<a/>",
            b"<a",
            b"<a b/>",
            b"<a b=c/>",
            b"<a b='' b=''/>",
            b"<a xmlns:p='u' xmlns:q='u' p:b='' q:b=''/>",
            b"<p:a/>",
            b"<a p:b=''/>",
            b"<a xmlns:p=''/>",
            b"<a xmlns:xml='u'/>",
            b"<1/>",
            b"<a:b:c xmlns:a='u'/>",
            b"<a<b/>",
            b"<a>&x;</a>",
            b"<a b='&x;'/>",
            b"<a>&#0;</a>",
            b"<a>&#1;</a>",
            b"<a b='&#1;'/>",
            b"<a>\x01</a>",
            b"<a>\xff</a>",
            b"<!DOCTYPE a [<!ENTITY x 'y'>]><a>&x;</a>",
            b"<?xml version=\"1.0\"?<a/>",
            deep.as_bytes(),
            many.as_bytes(),
            wide.as_bytes(),
            long.as_bytes(),
        ];
        for case in cases {
            let shown = String::from_utf8_lossy(&case[..case.len().min(60)]).into_owned();
            assert_eq!(parse(case).expect_err(&shown).code(), ErrorCode::XmlParse, "{shown}");
        }
        assert!(parse(&vec![b' '; MAX_BYTES + 1]).is_err());
    }
}
