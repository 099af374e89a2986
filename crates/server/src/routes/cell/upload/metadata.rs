//! `Upload-Metadata`: pairs of a key and, after a space, a value in Base64, between commas.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use saibo_model::{ErrorCode, Result};

/// What is read of it. Other keys are the client's own, and are told again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Metadata {
    /// `filename`
    pub(super) name: String,
    /// `filetype`
    pub(super) media_type: Option<String>,
    /// `sha256`
    pub(super) sha256: Option<[u8; 32]>,
}

impl Metadata {
    /// Reads the header.
    pub(super) fn parse(sent: &str) -> Result<Self> {
        let wrong = || ErrorCode::HeaderInvalid.with(["Upload-Metadata", sent]);
        let (mut name, mut media_type, mut sha256) = (None, None, None);
        for pair in sent.split(',').map(str::trim).filter(|pair| !pair.is_empty()) {
            let (key, encoded) = pair.split_once(' ').unwrap_or((pair, ""));
            let value = || {
                let bytes = STANDARD.decode(encoded.trim()).ok()?;
                String::from_utf8(bytes).ok().filter(|text| !text.is_empty())
            };
            let twice = match key {
                "filename" => name.replace(value().ok_or_else(wrong)?).is_some(),
                "filetype" => {
                    // Some clients do not know it and send it empty. What no header can have is no media type.
                    let told = value().filter(|text| text.len() <= 255 && text.bytes().all(is_visible));
                    std::mem::replace(&mut media_type, told).is_some()
                }
                "sha256" => {
                    let hash = value().and_then(|text| from_hex(&text)).ok_or_else(wrong)?;
                    sha256.replace(hash).is_some()
                }
                _ => false,
            };
            if twice {
                return Err(wrong());
            }
        }
        Ok(Self { name: name.ok_or_else(wrong)?, media_type, sha256 })
    }
}

fn is_visible(byte: u8) -> bool {
    byte == b' ' || byte.is_ascii_graphic()
}

fn from_hex(text: &str) -> Option<[u8; 32]> {
    let digits: Vec<u8> = text.chars().map(|c| c.to_digit(16).map(|d| d as u8)).collect::<Option<_>>()?;
    let bytes: Vec<u8> =
        digits.chunks_exact(2).filter_map(|pair| Some(pair.first()? << 4 | pair.get(1)?)).collect();
    bytes.try_into().ok().filter(|_| digits.len() == 64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_read_and_what_is_refused() {
        let hex = "0f".repeat(32);
        let encoded = |text: &str| STANDARD.encode(text);
        let all = format!(
            "filename {}, filetype {},own,sha256 {},is_confidential",
            encoded("ä.zip"),
            encoded("application/zip"),
            encoded(&hex)
        );
        let read = Metadata {
            name: "ä.zip".to_owned(),
            media_type: Some("application/zip".to_owned()),
            sha256: Some([15; 32]),
        };
        assert_eq!(Metadata::parse(&all).unwrap(), read);
        let plain = format!("filename {},filetype", encoded("a"));
        let read = Metadata { name: "a".to_owned(), media_type: None, sha256: None };
        assert_eq!(Metadata::parse(&plain).unwrap(), read);
        let twice = format!("filename {0},filename {0}", encoded("a"));
        let short = format!("filename {},sha256 {}", encoded("a"), encoded("0f"));
        let (latin, empty) = ("filename 5A==".to_owned(), String::new());
        for wrong in [twice, short, latin, empty, "filename".to_owned(), "filename !".to_owned()] {
            assert!(Metadata::parse(&wrong).is_err(), "{wrong}");
        }
        let odd = format!("filename {},filetype {}", encoded("a"), encoded("a\r\nSet-Cookie: b"));
        assert_eq!(Metadata::parse(&odd).unwrap().media_type, None);
    }
}
