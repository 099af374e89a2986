//! `Overwrite` (RFC 4918 §10.6). Without it a COPY may replace something, and a MOVE may not (API page 309).

use saibo_model::{ErrorCode, Result};

/// Whether a COPY or MOVE may replace what is at its destination.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Overwrite {
    /// `T`: it may.
    True,
    /// `F`: it may not.
    False,
}

impl Overwrite {
    /// Parses the header. `absent` is what a missing one means.
    ///
    /// # Errors
    /// `PR400-DV-0009` if it is neither `T` nor `F`, in either case.
    pub fn parse(value: Option<&str>, absent: Overwrite) -> Result<Self> {
        match value {
            None => Ok(absent),
            Some("F" | "f") => Ok(Self::False),
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
            (Some("F"), Some(Overwrite::False)),
            (Some("f"), Some(Overwrite::False)),
            (Some("T"), Some(Overwrite::True)),
            (Some("t"), Some(Overwrite::True)),
            (Some("Y"), None),
            (Some("true"), None),
            (Some(""), None),
        ];
        for (value, expected) in cases {
            for absent in [Overwrite::True, Overwrite::False] {
                assert_eq!(Overwrite::parse(value, absent).ok(), expected, "{value:?}");
                assert_eq!(Overwrite::parse(None, absent).ok(), Some(absent));
            }
        }
    }
}
