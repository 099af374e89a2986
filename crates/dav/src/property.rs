//! Dead properties (RFC 4918 §4): elements of any namespace that clients attach to resources.
//!
//! A property is kept as the text of its element, which declares every namespace that was in scope where the
//! client wrote it, so that it means the same wherever it is put. A snapshot holds just that:
//! `"Author@http://www.w3.com/standards/z39.50/": "<x:Author xmlns:x=… xmlns:D=\"DAV:\">J. Doe</x:Author>"`.

use saibo_model::{Error, ErrorCode, Result};

use crate::xml::{self, Content, DAV, Declaration, Element, Name, PERSONIUM, Writer};

/// The name of a property.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PropertyName {
    /// Its namespace; empty if it has none.
    pub namespace: String,
    /// Its local name.
    pub local: String,
}

impl PropertyName {
    /// A property's name.
    #[must_use]
    pub fn new(namespace: &str, local: &str) -> Self {
        Self { namespace: namespace.to_owned(), local: local.to_owned() }
    }

    /// The key under which a snapshot keeps it: `local@namespace`.
    #[must_use]
    pub fn key(&self) -> String {
        format!("{}@{}", self.local, self.namespace)
    }

    /// Whether the unit answers for its value, so that no client may set it (RFC 4918 §15, RFC 3744 §5).
    #[must_use]
    pub fn is_live(&self) -> bool {
        const LIVE: [&str; 10] = [
            "acl",
            "creationdate",
            "getcontentlanguage",
            "getcontentlength",
            "getcontenttype",
            "getetag",
            "getlastmodified",
            "lockdiscovery",
            "resourcetype",
            "supportedlock",
        ];
        match self.namespace.as_str() {
            DAV => LIVE.contains(&self.local.as_str()),
            PERSONIUM => self.local == "cellstatus",
            _ => false,
        }
    }
}

impl From<&Name> for PropertyName {
    fn from(name: &Name) -> Self {
        Self::new(&name.namespace, &name.local)
    }
}

/// A dead property: its element, which stands on its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Property {
    element: Element,
}

impl Property {
    /// Reads a stored property.
    ///
    /// # Errors
    /// `PR500-DV-0002` if it is not the text of an element.
    pub fn parse(text: &str) -> Result<Self> {
        let element = xml::parse(text.as_bytes())
            .map_err(|e| Error::from(ErrorCode::ResourceInconsistency).because(e))?;
        Ok(Self { element })
    }

    /// The element taken out of those around it, outermost first, with the namespaces that they declare.
    pub(crate) fn detached(element: &Element, around: &[&Element]) -> Self {
        let mut declarations: Vec<Declaration> = Vec::new();
        for declaration in std::iter::once(&element)
            .chain(around.iter().rev())
            .flat_map(|element| element.declarations.iter())
        {
            if declarations.iter().all(|nearer| nearer.prefix != declaration.prefix) {
                declarations.push(declaration.clone());
            }
        }
        // Nothing is in scope of the stored element, so there is no default namespace to take away.
        declarations.retain(|declaration| !declaration.namespace.is_empty());
        declarations.sort_by(|a, b| {
            let own = |declaration: &Declaration| *declaration.prefix == *element.name.prefix;
            own(b).cmp(&own(a)).then_with(|| a.prefix.cmp(&b.prefix))
        });
        let mut element = element.clone();
        element.declarations = declarations;
        sort_attributes(&mut element);
        Self { element }
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> PropertyName {
        (&self.element.name).into()
    }

    /// Its element.
    #[must_use]
    pub fn element(&self) -> &Element {
        &self.element
    }

    /// Its value, if that is just text: what a Cell's `p:relayhtmlurl` holds.
    #[must_use]
    pub fn text(&self) -> String {
        self.element.text()
    }

    /// The text to be stored.
    #[must_use]
    pub fn to_xml(&self) -> String {
        let mut writer = Writer::compact();
        writer.element(&self.element);
        writer.finish()
    }

    /// Writes it where `DAV:` is the default namespace.
    pub(crate) fn write(&self, writer: &mut Writer) {
        let declares_default =
            self.element.declarations.iter().any(|declaration| declaration.prefix.is_empty());
        writer.guest(&self.element, !declares_default && has_bare_name(&self.element));
    }
}

/// Apps take the attributes of a `p:path` by index: `name` before `src`, so by name.
fn sort_attributes(element: &mut Element) {
    element.attributes.sort_by_key(|attribute| attribute.name.qualified());
    for content in &mut element.content {
        if let Content::Element(element) = content {
            sort_attributes(element);
        }
    }
}

fn has_bare_name(element: &Element) -> bool {
    element.name.namespace.is_empty() || element.elements().any(has_bare_name)
}

/// The dead properties of a resource in the order in which they were first set: keys
/// ([`PropertyName::key`]) and texts ([`Property::to_xml`]), as a node and a snapshot keep them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Properties(Vec<(String, String)>);

impl Properties {
    /// The text of a property.
    #[must_use]
    pub fn get(&self, name: &PropertyName) -> Option<&str> {
        let key = name.key();
        self.0.iter().find(|(other, _)| *other == key).map(|(_, text)| text.as_str())
    }

    /// Sets a property.
    pub fn set(&mut self, property: &Property) {
        let key = property.name().key();
        match self.0.iter_mut().find(|(other, _)| *other == key) {
            Some((_, text)) => *text = property.to_xml(),
            None => self.0.push((key, property.to_xml())),
        }
    }

    /// Removes a property; says whether it was there.
    pub fn remove(&mut self, name: &PropertyName) -> bool {
        let (key, before) = (name.key(), self.0.len());
        self.0.retain(|(other, _)| *other != key);
        self.0.len() < before
    }

    /// Keys and texts.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(key, text)| (key.as_str(), text.as_str()))
    }

    /// All of them, to be shown. What an imported Cell holds that is no element is left out.
    #[must_use]
    pub fn to_vec(&self) -> Vec<Property> {
        self.iter().filter_map(|(_, text)| Property::parse(text).ok()).collect()
    }
}

impl FromIterator<(String, String)> for Properties {
    fn from_iter<I: IntoIterator<Item = (String, String)>>(properties: I) -> Self {
        Self(properties.into_iter().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn detached(body: &str) -> Property {
        let root = xml::parse(body.as_bytes()).unwrap();
        let prop = root.child(DAV, "prop").unwrap();
        Property::detached(prop.elements().next().unwrap(), &[&root, prop])
    }

    #[test]
    fn stored_form() {
        let cases = [
            (
                "<D:set xmlns:D='DAV:' xmlns:p='urn:x-personium:xmlns' xmlns:x='urn:x'><D:prop><x:a>v</x:a></D:prop></D:set>",
                "a@urn:x",
                "<x:a xmlns:x=\"urn:x\" xmlns:D=\"DAV:\" xmlns:p=\"urn:x-personium:xmlns\">v</x:a>",
            ),
            (
                "<D:set xmlns:D='DAV:' xmlns:p='urn:x'><D:prop><p:a xmlns:p='urn:y'/></D:prop></D:set>",
                "a@urn:y",
                "<p:a xmlns:p=\"urn:y\" xmlns:D=\"DAV:\"/>",
            ),
            (
                "<set xmlns='DAV:'><prop><a xmlns='urn:x'> <b/> </a></prop></set>",
                "a@urn:x",
                "<a xmlns=\"urn:x\"> <b/> </a>",
            ),
            ("<set xmlns='DAV:'><prop><a xmlns=''/></prop></set>", "a@", "<a/>"),
            (
                "<D:set xmlns:D='DAV:' xmlns:p='urn:p'><D:prop><p:s l='J'><p:path src='f' name='n'/></p:s></D:prop></D:set>",
                "s@urn:p",
                "<p:s xmlns:p=\"urn:p\" xmlns:D=\"DAV:\" l=\"J\"><p:path name=\"n\" src=\"f\"/></p:s>",
            ),
        ];
        for (body, key, text) in cases {
            let property = detached(body);
            assert_eq!((property.name().key().as_str(), property.to_xml().as_str()), (key, text));
            assert_eq!(Property::parse(text).unwrap().to_xml(), text);
        }
    }

    #[test]
    fn shown_form() {
        let cases = [
            ("<a/>", "<a xmlns=\"\"/>"),
            (
                "<x:a xmlns:x=\"urn:x\" k=\"v\"><b/></x:a>",
                "<x:a k=\"v\" xmlns:x=\"urn:x\" xmlns=\"\"><b/></x:a>",
            ),
            ("<a xmlns=\"urn:x\"><b/></a>", "<a xmlns=\"urn:x\"><b/></a>"),
        ];
        for (stored, shown) in cases {
            let mut writer = Writer::compact();
            Property::parse(stored).unwrap().write(&mut writer);
            assert_eq!(writer.finish(), shown);
        }
    }

    #[test]
    fn a_set_of_them() {
        let mut properties = Properties::from_iter([("b@".to_owned(), "<b".to_owned())]);
        properties.set(&Property::parse("<a>1</a>").unwrap());
        properties.set(&Property::parse("<a>2</a>").unwrap());
        assert_eq!(properties.iter().collect::<Vec<_>>(), [("b@", "<b"), ("a@", "<a>2</a>")]);
        assert_eq!(properties.get(&PropertyName::new("", "a")), Some("<a>2</a>"));
        assert_eq!(properties.to_vec().iter().map(Property::text).collect::<Vec<_>>(), ["2"]);
        assert!(properties.remove(&PropertyName::new("", "a")));
        assert!(!properties.remove(&PropertyName::new("", "a")));
    }
}
