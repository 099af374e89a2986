//! The body of PROPFIND (RFC 4918 §14.20).
//!
//! The API shows all properties whatever is asked for: only the log insists on `allprop` (API page 287).

use saibo_model::{ErrorCode, Result};

use crate::property::PropertyName;
use crate::xml::{self, DAV};

/// What a PROPFIND asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Propfind {
    /// All properties: `allprop`, or no body.
    AllProp,
    /// The names of all.
    PropName,
    /// Some of them.
    Prop(Vec<PropertyName>),
    /// A body that says nothing of this.
    Unspecified,
}

impl Propfind {
    /// Parses the body.
    ///
    /// # Errors
    /// `PR400-DV-0001` if it is not XML or its root is not `DAV:propfind`.
    pub fn parse(body: &[u8]) -> Result<Self> {
        if body.is_empty() {
            return Ok(Self::AllProp);
        }
        let root = xml::parse(body)?;
        if !root.name.is(DAV, "propfind") {
            return Err(ErrorCode::XmlParse.into());
        }
        Ok(if root.child(DAV, "allprop").is_some() {
            Self::AllProp
        } else if root.child(DAV, "propname").is_some() {
            Self::PropName
        } else if let Some(prop) = root.child(DAV, "prop") {
            Self::Prop(prop.elements().map(|element| (&element.name).into()).collect())
        } else {
            Self::Unspecified
        })
    }

    /// Parses the body of a PROPFIND of the log, which must ask for all.
    ///
    /// # Errors
    /// Those of [`Propfind::parse`], and `PR400-DV-0002` if it asks for anything else.
    pub fn parse_allprop(body: &[u8]) -> Result<()> {
        match Self::parse(body)? {
            Self::AllProp => Ok(()),
            _ => Err(ErrorCode::XmlContent.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cases() {
        let named = Propfind::Prop(vec![PropertyName::new(DAV, "acl"), PropertyName::new("urn:x", "a")]);
        let cases = [
            ("", Ok(Propfind::AllProp)),
            ("<D:propfind xmlns:D='DAV:'><D:allprop/></D:propfind>", Ok(Propfind::AllProp)),
            ("<propfind xmlns='DAV:'> <allprop/> </propfind>", Ok(Propfind::AllProp)),
            ("<D:propfind xmlns:D='DAV:'><D:propname/></D:propfind>", Ok(Propfind::PropName)),
            (
                "<D:propfind xmlns:D='DAV:'><D:prop><D:acl/><a xmlns='urn:x'/></D:prop></D:propfind>",
                Ok(named),
            ),
            ("<D:propfind xmlns:D='DAV:'/>", Ok(Propfind::Unspecified)),
            ("<D:propfind xmlns:D='DAV:'><D:unheard/></D:propfind>", Ok(Propfind::Unspecified)),
            ("<D:propfind xmlns:D='urn:x'><D:allprop/></D:propfind>", Err(ErrorCode::XmlParse)),
            ("<D:propfinds xmlns:D='DAV:'><D:allprop/></D:propfinds>", Err(ErrorCode::XmlParse)),
            ("<propfind", Err(ErrorCode::XmlParse)),
        ];
        for (body, expected) in cases {
            let strict = Propfind::parse_allprop(body.as_bytes()).map_err(|e| e.code());
            match &expected {
                Ok(Propfind::AllProp) => assert_eq!(strict, Ok(()), "{body}"),
                Ok(_) => assert_eq!(strict, Err(ErrorCode::XmlContent), "{body}"),
                Err(code) => assert_eq!(strict, Err(*code), "{body}"),
            }
            assert_eq!(Propfind::parse(body.as_bytes()).map_err(|e| e.code()), expected, "{body}");
        }
    }
}
