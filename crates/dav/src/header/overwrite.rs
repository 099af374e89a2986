//! `Overwrite` (RFC 4918 §10.6), whose default here is `F` (API page 309).

use saibo_model::{ErrorCode, Result};

/// Whether a MOVE may replace what is at its destination.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Overwrite {
    /// `T`: it may.
    True,
    /// `F`, the default: it may not.
    #[default]
    False,
}

impl Overwrite {
    /// Parses the header.
    ///
    /// # Errors
    /// `PR400-DV-0009` if it is neither `T` nor `F`, in either case.
    pub fn parse(value: Option<&str>) -> Result<Self> {
        match value {
            None | Some("F" | "f") => Ok(Self::False),
            Some("T" | "t") => Ok(Self::True),
            Some(other) => Err(ErrorCode::DavHeaderInvalid.with(["Overwrite", other])),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cases() {
        let cases = [
            (None, Some(Overwrite::False)),
            (Some("F"), Some(Overwrite::False)),
            (Some("f"), Some(Overwrite::False)),
            (Some("T"), Some(Overwrite::True)),
            (Some("t"), Some(Overwrite::True)),
            (Some("Y"), None),
            (Some("true"), None),
            (Some(""), None),
        ];
        for (value, expected) in cases {
            assert_eq!(Overwrite::parse(value).ok(), expected, "{value:?}");
        }
    }
}
