//! `Depth` (RFC 4918 §10.2).

use saibo_model::{ErrorCode, Result};

/// How far below a resource a request reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Depth {
    /// The resource alone.
    Zero,
    /// The resource and its children.
    One,
    /// Everything below it.
    Infinity,
}

impl Depth {
    /// The value of the header, if it is one.
    #[must_use]
    pub fn parse(value: &str) -> Option<Self> {
        match value {
            "0" => Some(Self::Zero),
            "1" => Some(Self::One),
            _ if value.eq_ignore_ascii_case("infinity") => Some(Self::Infinity),
            _ => None,
        }
    }

    /// The depth of a PROPFIND: [`Depth::Zero`] or [`Depth::One`]. `absent` is what a missing header means:
    /// [`Depth::Zero`] for a Cell (API page 290); for all others it must be there.
    ///
    /// # Errors
    /// `PR403-DV-0001` for infinity, `PR400-DV-0003` for anything else.
    pub fn of_propfind(value: Option<&str>, absent: Option<Depth>) -> Result<Self> {
        match (value.map(Self::parse), absent) {
            (Some(Some(Self::Infinity)), _) => Err(ErrorCode::InfiniteDepth.into()),
            (Some(Some(depth)), _) | (None, Some(depth)) => Ok(depth),
            _ => Err(ErrorCode::DepthInvalid.with([value.unwrap_or("null")])),
        }
    }

    /// The depth of a COPY: [`Depth::Zero`], or [`Depth::Infinity`], which is the default (RFC 4918 §9.8.3).
    ///
    /// # Errors
    /// `PR400-DV-0003` for anything else.
    pub fn of_copy(value: Option<&str>) -> Result<Self> {
        match value.map(Self::parse) {
            None => Ok(Self::Infinity),
            Some(Some(depth @ (Self::Zero | Self::Infinity))) => Ok(depth),
            Some(_) => Err(ErrorCode::DepthInvalid.with([value.unwrap_or_default()])),
        }
    }

    /// Checks the depth of a MOVE, which takes a resource with everything below it (API page 309).
    ///
    /// # Errors
    /// `PR400-DV-0003` for anything but infinity, which is also the default.
    pub fn check_move(value: Option<&str>) -> Result<()> {
        match value {
            None => Ok(()),
            Some(value) if Self::parse(value) == Some(Self::Infinity) => Ok(()),
            Some(value) => Err(ErrorCode::DepthInvalid.with([value])),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn propfind() {
        let cases = [
            (Some("0"), None, Ok(Depth::Zero)),
            (Some("1"), None, Ok(Depth::One)),
            (Some("1"), Some(Depth::Zero), Ok(Depth::One)),
            (None, Some(Depth::Zero), Ok(Depth::Zero)),
            (None, None, Err(ErrorCode::DepthInvalid)),
            (Some(""), None, Err(ErrorCode::DepthInvalid)),
            (Some(""), Some(Depth::Zero), Err(ErrorCode::DepthInvalid)),
            (Some("error"), None, Err(ErrorCode::DepthInvalid)),
            (Some("2"), None, Err(ErrorCode::DepthInvalid)),
            (Some("infinity"), None, Err(ErrorCode::InfiniteDepth)),
            (Some("Infinity"), Some(Depth::Zero), Err(ErrorCode::InfiniteDepth)),
        ];
        for (value, absent, expected) in cases {
            assert_eq!(Depth::of_propfind(value, absent).map_err(|e| e.code()), expected, "{value:?}");
        }
    }

    #[test]
    fn copies() {
        let cases = [
            (None, Some(Depth::Infinity)),
            (Some("infinity"), Some(Depth::Infinity)),
            (Some("0"), Some(Depth::Zero)),
            (Some("1"), None),
            (Some(""), None),
        ];
        for (value, expected) in cases {
            assert_eq!(Depth::of_copy(value).ok(), expected, "{value:?}");
        }
    }

    #[test]
    fn moves() {
        let cases = [
            (None, true),
            (Some("infinity"), true),
            (Some("INFInITY"), true),
            (Some(""), false),
            (Some("1"), false),
        ];
        for (value, allowed) in cases {
            assert_eq!(Depth::check_move(value).is_ok(), allowed, "{value:?}");
        }
    }
}
