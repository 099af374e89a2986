//! XML as WebDAV bodies use it: a small namespace-aware tree, its parser and its writer.
//!
//! Bodies are short and are looked at in several passes (an ACL is checked before it is applied, a property is
//! stored with the namespaces of the elements around it), so a tree is simpler than events and costs nothing
//! that matters. The parser bounds its size.

mod parse;
mod write;

use std::sync::Arc;

pub use parse::parse;
pub(crate) use write::Writer;

/// The namespace of WebDAV.
pub const DAV: &str = "DAV:";
/// The namespace of what Personium adds.
pub const PERSONIUM: &str = "urn:x-personium:xmlns";
/// The namespace of `xml:base`, bound to the prefix `xml` without declaration.
pub const XML: &str = "http://www.w3.org/XML/1998/namespace";

/// The name of an element or attribute.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Name {
    /// The prefix as written; empty if there is none.
    pub prefix: String,
    /// The namespace; empty if there is none.
    pub namespace: Arc<str>,
    /// The local name.
    pub local: String,
}

impl Name {
    /// Whether it is that local name in that namespace.
    #[must_use]
    pub fn is(&self, namespace: &str, local: &str) -> bool {
        self.local == local && *self.namespace == *namespace
    }

    /// The name as written, with its prefix.
    #[must_use]
    pub fn qualified(&self) -> String {
        match self.prefix.as_str() {
            "" => self.local.clone(),
            prefix => format!("{prefix}:{}", self.local),
        }
    }
}

/// An attribute other than a namespace declaration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attribute {
    /// Its name.
    pub name: Name,
    /// Its value, with references resolved.
    pub value: String,
}

/// A namespace declaration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Declaration {
    /// The prefix; empty for the default namespace.
    pub prefix: Arc<str>,
    /// What it stands for; empty takes the default namespace away.
    pub namespace: Arc<str>,
}

/// An element. Comments and processing instructions are dropped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Element {
    /// Its name.
    pub name: Name,
    /// The namespaces that it declares itself.
    pub declarations: Vec<Declaration>,
    /// Its attributes.
    pub attributes: Vec<Attribute>,
    /// What is in it.
    pub content: Vec<Content>,
}

/// What is in an element.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    /// An element.
    Element(Element),
    /// Text, white space included; never two in a row.
    Text(String),
}

impl Element {
    /// The elements directly in it.
    pub fn elements(&self) -> impl Iterator<Item = &Element> {
        self.content.iter().filter_map(|content| match content {
            Content::Element(element) => Some(element),
            Content::Text(_) => None,
        })
    }

    /// The elements of that name directly in it.
    pub fn children(&self, namespace: &str, local: &str) -> impl Iterator<Item = &Element> {
        self.elements().filter(move |element| element.name.is(namespace, local))
    }

    /// The first element of that name directly in it.
    #[must_use]
    pub fn child(&self, namespace: &str, local: &str) -> Option<&Element> {
        self.children(namespace, local).next()
    }

    /// The value of an attribute.
    #[must_use]
    pub fn attribute(&self, namespace: &str, local: &str) -> Option<&str> {
        self.attributes.iter().find(|attribute| attribute.name.is(namespace, local)).map(|a| a.value.as_str())
    }

    /// The text directly in it.
    #[must_use]
    pub fn text(&self) -> String {
        self.content
            .iter()
            .map(|content| match content {
                Content::Text(text) => text.as_str(),
                Content::Element(_) => "",
            })
            .collect()
    }
}
