//! The body of PROPPATCH (RFC 4918 §14.19), and what becomes of it.
//!
//! The changes are made in the order of the body (RFC 4918 §9.2); the API knows no other than to set first and to
//! remove then. One that cannot be made does not keep the others from being made (API page 308).

use saibo_model::{Error, ErrorCode, Result};

use crate::property::{Properties, Property};
use crate::response::{Multistatus, Prop, Propstat, Response};
use crate::xml::{self, DAV};

/// The most properties of one request: each carries the namespaces of all.
const MAX_PROPERTIES: usize = 1_000;

/// What a PROPPATCH changes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Proppatch {
    /// The changes, in order.
    pub changes: Vec<Change>,
}

/// One change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// A property to set.
    Set(Property),
    /// A property to remove; only the name counts.
    Remove(Property),
}

impl Proppatch {
    /// Parses the body.
    ///
    /// # Errors
    /// `PR400-DV-0001` if it is not XML or its root is not `DAV:propertyupdate`, `PR400-DV-0002` if a `set`
    /// or `remove` has no `prop`.
    pub fn parse(body: &[u8]) -> Result<Self> {
        let root = xml::parse(body)?;
        if !root.name.is(DAV, "propertyupdate") {
            return Err(ErrorCode::XmlParse.into());
        }
        let mut changes = Vec::new();
        for holder in root.elements() {
            let change = match () {
                () if holder.name.is(DAV, "set") => Change::Set,
                () if holder.name.is(DAV, "remove") => Change::Remove,
                () => continue,
            };
            let mut props = holder.children(DAV, "prop").peekable();
            if props.peek().is_none() {
                return Err(ErrorCode::XmlContent.into());
            }
            for prop in props {
                for element in prop.elements() {
                    if changes.len() == MAX_PROPERTIES {
                        return Err(Error::from(ErrorCode::XmlParse).because("too many properties"));
                    }
                    changes.push(change(Property::detached(element, &[&root, holder, prop])));
                }
            }
        }
        Ok(Self { changes })
    }

    /// Changes the properties of a resource and gives the 207 that says so: 200 for what was set or removed,
    /// 404 for what was not there, 403 for live properties, which no client may change (RFC 4918 §9.2.1).
    pub fn apply(&self, href: &str, properties: &mut Properties) -> Multistatus {
        let (mut done, mut absent, mut refused) = (Vec::new(), Vec::new(), Vec::new());
        for change in &self.changes {
            let (Change::Set(property) | Change::Remove(property)) = change;
            let name = property.name();
            let outcome = match change {
                _ if name.is_live() => &mut refused,
                Change::Set(property) => {
                    properties.set(property);
                    &mut done
                }
                Change::Remove(_) if properties.remove(&name) => &mut done,
                Change::Remove(_) => &mut absent,
            };
            outcome.push(Prop::Dead(property.clone()));
        }
        let propstats = [(done, 200), (absent, 404), (refused, 403)]
            .into_iter()
            .filter(|(props, _)| !props.is_empty())
            .map(|(props, status)| Propstat { props, status })
            .collect();
        Multistatus { responses: vec![Response { href: href.to_owned(), propstats }] }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::property::PropertyName;

    const OPEN: &str = "<D:propertyupdate xmlns:D='DAV:' xmlns:Z='urn:z'>";

    fn patch(body: &str) -> Result<Proppatch> {
        Proppatch::parse(format!("{OPEN}{body}</D:propertyupdate>").as_bytes())
    }

    #[test]
    fn refused() {
        let cases = [
            ("", ErrorCode::XmlParse),
            ("<D:x xmlns:D='DAV:'/>", ErrorCode::XmlParse),
            ("<propertyupdate/>", ErrorCode::XmlParse),
            (
                "<D:propertyupdate xmlns:D='DAV:'><D:set><D:props><D:a/></D:props></D:set></D:propertyupdate>",
                ErrorCode::XmlContent,
            ),
            ("<D:propertyupdate xmlns:D='DAV:'><D:remove/></D:propertyupdate>", ErrorCode::XmlContent),
        ];
        for (body, expected) in cases {
            assert_eq!(Proppatch::parse(body.as_bytes()).unwrap_err().code(), expected, "{body}");
        }
        let many = format!("<D:set><D:prop>{}</D:prop></D:set>", "<Z:a/>".repeat(1_001));
        assert_eq!(patch(&many).unwrap_err().code(), ErrorCode::XmlParse);
    }

    #[test]
    fn sets_and_removes() {
        let patch = patch(
            "<D:remove><D:prop><Z:a/><Z:b/><Z:b/></D:prop></D:remove>\
             <D:set><D:prop><Z:a>1</Z:a></D:prop><D:prop><Z:c>2</Z:c><D:getetag>x</D:getetag></D:prop></D:set>",
        )
        .unwrap();
        let mut properties = Properties::default();
        properties.set(&Property::parse("<b xmlns='urn:z'/>").unwrap());
        let answer = patch.apply("u", &mut properties);
        assert_eq!(
            properties.iter().collect::<Vec<_>>(),
            [
                ("a@urn:z", "<Z:a xmlns:Z=\"urn:z\" xmlns:D=\"DAV:\">1</Z:a>"),
                ("c@urn:z", "<Z:c xmlns:Z=\"urn:z\" xmlns:D=\"DAV:\">2</Z:c>"),
            ]
        );
        let shown: Vec<(u16, Vec<String>)> = answer.responses[0]
            .propstats
            .iter()
            .map(|propstat| {
                let names = propstat.props.iter().map(|prop| match prop {
                    Prop::Dead(property) => property.name().key(),
                    _ => String::new(),
                });
                (propstat.status, names.collect())
            })
            .collect();
        let key = |local| PropertyName::new("urn:z", local).key();
        assert_eq!(
            shown,
            [
                (200, vec![key("b"), key("a"), key("c")]),
                (404, vec![key("a"), key("b")]),
                (403, vec!["getetag@DAV:".to_owned()]),
            ]
        );
    }
}
