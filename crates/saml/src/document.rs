//! A small tree of elements, taken from the parser of the signature library.

use uppsala::{Document, NodeId, NodeKind};

use crate::SamlError;

/// An assertion of a thousand roles has about a thousand elements.
const MAX_ELEMENTS: usize = 20_000;

/// An element.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Element {
    /// Its namespace.
    pub namespace: String,
    /// Its local name.
    pub name: String,
    /// Its attributes that are in no namespace.
    pub attributes: Vec<(String, String)>,
    /// Its child elements.
    pub children: Vec<Element>,
    /// All text directly in it.
    pub text: String,
}

impl Element {
    /// The value of an attribute.
    #[must_use]
    pub fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// Its children of a name in its own namespace.
    pub fn children_named(&self, name: &str) -> impl Iterator<Item = &Element> {
        self.children.iter().filter(move |child| child.name == name && child.namespace == self.namespace)
    }

    /// Its one child of a name. Two are as wrong as none: which of them another program reads is anybody's
    /// guess.
    ///
    /// # Errors
    /// [`SamlError::Malformed`].
    pub fn only(&self, name: &'static str) -> Result<&Element, SamlError> {
        let mut named = self.children_named(name);
        match (named.next(), named.next()) {
            (Some(child), None) => Ok(child),
            _ => Err(SamlError::Malformed(name)),
        }
    }

    /// Copies a node of a parsed document, leaving `except` out.
    ///
    /// Comments are refused, and so are processing instructions and CDATA sections. Canonical form drops
    /// comments, so one can be put into a signed name without breaking the signature, and programs that read
    /// only the text before it see another name.
    ///
    /// # Errors
    /// [`SamlError::Malformed`].
    pub(crate) fn copy(
        document: &Document<'_>,
        node: NodeId,
        except: Option<NodeId>,
    ) -> Result<Self, SamlError> {
        Self::copy_counted(document, node, except, &mut 0)
    }

    fn copy_counted(
        document: &Document<'_>,
        node: NodeId,
        except: Option<NodeId>,
        count: &mut usize,
    ) -> Result<Self, SamlError> {
        *count += 1;
        let source = document.element(node).filter(|_| *count <= MAX_ELEMENTS);
        let source = source.ok_or(SamlError::Malformed("too many elements"))?;
        let mut element = Self {
            namespace: source.name.namespace_uri.as_deref().unwrap_or_default().to_owned(),
            name: source.name.local_name.to_string(),
            ..Self::default()
        };
        for attribute in source.attributes.iter().filter(|attribute| attribute.name.namespace_uri.is_none()) {
            element.attributes.push((attribute.name.local_name.to_string(), attribute.value.to_string()));
        }
        for child in document.children_iter(node).filter(|child| Some(*child) != except) {
            match document.node_kind(child) {
                Some(NodeKind::Element(_)) => {
                    element.children.push(Self::copy_counted(document, child, except, count)?);
                }
                Some(NodeKind::Text(text)) => element.text.push_str(text),
                _ => return Err(SamlError::Malformed("a comment, processing instruction or CDATA section")),
            }
        }
        Ok(element)
    }
}
