//! The body of MKCOL (RFC 5689; API page 306).

use saibo_model::{ErrorCode, NodeKind, Result};

use crate::property::Property;
use crate::xml::{self, DAV, Element, PERSONIUM, Writer};

/// What a MKCOL asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mkcol {
    /// A collection of that kind.
    Create(NodeKind),
    /// Something that the API cannot make.
    Refuse(MkcolRefusal),
}

impl Mkcol {
    /// Parses the body; without one it is a plain collection.
    ///
    /// # Errors
    /// `PR400-DV-0001` if it is not XML or its root is not `DAV:mkcol`.
    pub fn parse(body: &[u8]) -> Result<Self> {
        if body.is_empty() {
            return Ok(Self::Create(NodeKind::WebDav));
        }
        let root = xml::parse(body)?;
        if !root.name.is(DAV, "mkcol") {
            return Err(ErrorCode::XmlParse.into());
        }
        Ok(kind(&root)
            .map_or_else(|description| Self::Refuse(MkcolRefusal::new(&root, description)), Self::Create))
    }
}

/// The kind of collection that the body names, or why there is none.
fn kind(root: &Element) -> Result<NodeKind, &'static str> {
    let prop = root.children(DAV, "set").filter_map(|set| set.child(DAV, "prop")).last();
    // The first two descriptions are as existing units send them, word for word, and so part of the API.
    let resourcetype = prop
        .and_then(|prop| prop.child(DAV, "resourcetype"))
        .ok_or("resourcetype should be defined in mkcol request, See RFC5689 : extended MKCOL")?;
    if resourcetype.child(DAV, "collection").is_none() {
        return Err("collection should be included in request. See RFC5689 : extended MKCOL");
    }
    let mut kinds = resourcetype.elements().filter(|element| !element.name.is(DAV, "collection"));
    match (kinds.next(), kinds.next()) {
        (None, _) => Ok(NodeKind::WebDav),
        (Some(kind), None) if kind.name.is(PERSONIUM, "odata") => Ok(NodeKind::OData),
        (Some(kind), None) if kind.name.is(PERSONIUM, "service") => Ok(NodeKind::Service),
        (Some(kind), None) if kind.name.is(PERSONIUM, "stream") => Ok(NodeKind::Stream),
        (Some(_), None) => Err("There are no collections of this kind."),
        (Some(_), Some(_)) => Err("A collection is of one kind only."),
    }
}

/// A `mkcol-response` that refuses (RFC 5689 §3): answered with 403.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MkcolRefusal {
    props: Option<Vec<Property>>,
    description: &'static str,
}

impl MkcolRefusal {
    fn new(root: &Element, description: &'static str) -> Self {
        let set = root.child(DAV, "set");
        let props = set.and_then(|set| {
            let prop = set.child(DAV, "prop")?;
            Some(
                prop.elements()
                    .map(|element| Property::detached(element, &[root, set, prop]))
                    .take(8)
                    .collect(),
            )
        });
        Self { props, description }
    }

    /// The body of the answer.
    #[must_use]
    pub fn to_xml(&self) -> String {
        let mut writer = Writer::compact();
        writer.raw("<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>");
        writer.start("mkcol-response");
        writer.attribute("xmlns:p", PERSONIUM);
        writer.attribute("xmlns", DAV);
        writer.start("propstat");
        if let Some(props) = &self.props {
            writer.start("prop");
            for property in props {
                property.write(&mut writer);
            }
            writer.end();
        }
        writer.simple("status", "HTTP/1.1 403 Forbidden");
        writer.start("error");
        writer.empty("valid-resourcetype");
        writer.end();
        writer.simple("responsedescription", self.description);
        writer.end();
        writer.end();
        writer.finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mkcol(inner: &str) -> Result<Mkcol> {
        Mkcol::parse(format!("<D:mkcol xmlns:D='DAV:' xmlns:p='{PERSONIUM}'>{inner}</D:mkcol>").as_bytes())
    }

    fn with_type(inner: &str) -> Result<Mkcol> {
        mkcol(&format!("<D:set><D:prop><D:resourcetype>{inner}</D:resourcetype></D:prop></D:set>"))
    }

    #[test]
    fn kinds() {
        let cases = [
            ("<D:collection/>", NodeKind::WebDav),
            ("<D:collection/><p:odata/>", NodeKind::OData),
            ("<p:service/> <D:collection/>", NodeKind::Service),
            ("<D:collection/><p:stream/>", NodeKind::Stream),
        ];
        for (inner, kind) in cases {
            assert_eq!(with_type(inner).unwrap(), Mkcol::Create(kind), "{inner}");
        }
        assert_eq!(Mkcol::parse(b"").unwrap(), Mkcol::Create(NodeKind::WebDav));
    }

    #[test]
    fn errors() {
        for body in ["x", "<D:mkcols xmlns:D='DAV:'/>", "<D:mkcol xmlns:D='DAV:'><D:set<D:prop/></D:mkcol>"] {
            assert_eq!(Mkcol::parse(body.as_bytes()).unwrap_err().code(), ErrorCode::XmlParse, "{body}");
        }
    }

    #[test]
    fn refusals() {
        let cases = [
            (mkcol(""), None),
            (mkcol("<D:sets><D:prop/></D:sets>"), None),
            (mkcol("<D:set><D:props/></D:set>"), None),
            (mkcol("<D:set><D:prop><D:a/></D:prop></D:set>"), Some("<prop><D:a xmlns:D=\"DAV:\"")),
            (with_type("<D:collection2/>"), Some("><D:collection2/></D:resourcetype></prop>")),
            (with_type("<p:odata/>"), Some("><p:odata/></D:resourcetype></prop>")),
            (with_type("<D:collection/><p:calendar/>"), Some("<p:calendar/>")),
            (with_type("<D:collection/><D:odata/>"), Some("<D:odata/>")),
            (with_type("<D:collection/><p:odata/><p:service/>"), Some("<p:service/>")),
        ];
        for (case, prop) in cases {
            let Mkcol::Refuse(refusal) = case.unwrap() else { panic!("not refused: {prop:?}") };
            let body = refusal.to_xml();
            assert_eq!(body.contains("<prop>"), prop.is_some(), "{body}");
            assert!(body.contains(prop.unwrap_or_default()), "{body}");
            assert!(
                body.contains("<status>HTTP/1.1 403 Forbidden</status><error><valid-resourcetype/></error>")
            );
            xml::parse(body.as_bytes()).unwrap();
        }
    }
}
