//! Which representation an answer has: `$format` and `Accept` (page 400 of the API reference).

use saibo_model::{ErrorCode, Result};

/// A representation of entities.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// JSON, verbose
    Json,
    /// Atom
    Atom,
}

impl Format {
    /// The representation of a GET. `$format` wins over `Accept`; of the latter's types the first that is
    /// known counts, XML before JSON before anything; without both it is Atom.
    ///
    /// # Errors
    /// 400-OD-0005 for an unknown `$format`, 406-OD-0001 if `Accept` names no type that there is.
    pub fn negotiate(accept: Option<&str>, format: Option<&str>) -> Result<Self> {
        match format {
            Some("json") => return Ok(Self::Json),
            Some("atom") => return Ok(Self::Atom),
            Some(other) => return Err(ErrorCode::FormatInvalid.with([other])),
            None => {}
        }
        let Some(accept) = accept.filter(|accept| !accept.is_empty()) else { return Ok(Self::Atom) };
        let types = || accept.split(',').map(|ty| ty.split(';').next().unwrap_or_default().trim());
        let accepts = |known: &[&str]| types().any(|ty| known.contains(&ty));
        if accepts(&["application/atom+xml", "application/xml"]) {
            Ok(Self::Atom)
        } else if accepts(&["application/json"]) {
            Ok(Self::Json)
        } else if accepts(&["*/*"]) {
            Ok(Self::Atom)
        } else {
            Err(ErrorCode::NotAcceptable.with([accept]))
        }
    }

    /// The media type of one entity.
    #[must_use]
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Json => "application/json",
            Self::Atom => "application/atom+xml",
        }
    }

    /// The media type of a list.
    #[must_use]
    pub fn list_media_type(self) -> &'static str {
        match self {
            Self::Json => "application/json;charset=utf-8",
            Self::Atom => "application/atom+xml;charset=utf-8",
        }
    }
}

/// Whether a request for `$metadata` of a collection means the service document of its schema in place of the EDMX of its
/// entities: by `$format=atomsvc`, or by `Accept` (page 371).
#[must_use]
pub fn wants_service_document(accept: Option<&str>, format: Option<&str>) -> bool {
    let types =
        accept.unwrap_or_default().split(',').map(|ty| ty.split(';').next().unwrap_or_default().trim());
    format == Some("atomsvc") || types.into_iter().any(|ty| ty == "application/atomsvc+xml")
}

/// The media type of EDMX and of the service document.
pub const XML: &str = "application/xml;charset=utf-8";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn negotiation() {
        for (accept, format, expected) in [
            (None, None, Format::Atom),
            (Some(""), None, Format::Atom),
            (Some("*/*"), None, Format::Atom),
            (Some("application/json"), None, Format::Json),
            (Some("application/json;odata=verbose, */*"), None, Format::Json),
            (Some("text/html,application/json , application/xml;q=0.1"), None, Format::Atom),
            (Some("application/xml"), Some("json"), Format::Json),
            (Some("image/png"), Some("atom"), Format::Atom),
        ] {
            assert_eq!(Format::negotiate(accept, format).unwrap(), expected, "{accept:?} {format:?}");
        }
        assert!(wants_service_document(Some("text/html, application/atomsvc+xml;q=0.5"), None));
        assert!(wants_service_document(None, Some("atomsvc")));
        assert!(!wants_service_document(Some("application/xml"), Some("json")));
        let code = |accept, format| Format::negotiate(accept, format).unwrap_err().code();
        assert_eq!(code(None, Some("csv")), ErrorCode::FormatInvalid);
        assert_eq!(code(Some("image/png"), None), ErrorCode::NotAcceptable);
    }
}
