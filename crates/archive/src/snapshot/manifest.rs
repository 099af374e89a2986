//! The manifests: the reference's, which says when and where from, and ours, which says what exactly and is signed.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};
use saibo_model::Moment;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::counts::Counts;
use super::layout;
use crate::json::{self, ObjectWriter};
use crate::zip::record::Record;
use crate::{Error, Result};

/// The `export_version` of the reference, and of every snapshot that is to be read by itself.
pub const EXPORT_VERSION: i64 = 2;
/// The `export_version` of an incremental snapshot: none that the reference has, so that it refuses it.
pub const INCREMENTAL_EXPORT_VERSION: i64 = 1002;
/// What our manifest calls itself.
const FORMAT: &str = "saibo-snapshot";
/// The version of our manifest, of a snapshot of everything.
const WHOLE: i64 = 1;
/// The version of one that says what was left out ([`Selection`]). Older programs refuse it, for they would take the
/// snapshot for a whole one.
const SELECTIVE: i64 = 2;
/// The version of one that names the moment that it is of: it can be the base of an incremental one, and is one if it
/// has a base itself.
const MARKED: i64 = 3;
/// Every version that can be read.
pub const MANIFEST_VERSIONS: [i64; 3] = [WHOLE, SELECTIVE, MARKED];

/// `00_manifest.json`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExportManifest {
    /// URL of the unit that wrote the snapshot, with a slash at its end.
    pub unit_url: String,
    /// When, ms since 1970.
    pub created: i64,
    /// Whether it holds no more than what was changed since another.
    pub is_incremental: bool,
}

impl ExportManifest {
    pub(crate) fn write(&self, out: &mut Vec<u8>) {
        let mut manifest = ObjectWriter::open(out);
        let version = if self.is_incremental { INCREMENTAL_EXPORT_VERSION } else { EXPORT_VERSION };
        manifest.number("export_version", version);
        manifest.string("unit_url", &self.unit_url);
        manifest.number("create_date", self.created);
        manifest.close();
    }

    pub(crate) fn parse(bytes: &[u8]) -> Result<Self> {
        #[derive(Deserialize)]
        struct Version {
            export_version: i64,
        }
        #[derive(Deserialize)]
        struct Rest {
            unit_url: String,
            create_date: i64,
        }
        let entry = layout::EXPORT_MANIFEST;
        let malformed = |error| Error::malformed(entry, 1, error);
        // The version first: another one may have another shape.
        let Version { export_version } = serde_json::from_slice(bytes).map_err(malformed)?;
        let is_incremental = export_version == INCREMENTAL_EXPORT_VERSION;
        if export_version != EXPORT_VERSION && !is_incremental {
            return Err(Error::UnsupportedVersion { entry: entry.to_owned(), version: export_version });
        }
        let rest: Rest = serde_json::from_slice(bytes).map_err(malformed)?;
        Ok(Self { unit_url: rest.unit_url, created: rest.create_date, is_incremental })
    }
}

/// Of a Cell, what a snapshot holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Selection {
    /// Names of the Boxes whose contents it holds, with what is bound to them and what is bound to no Box; all Boxes,
    /// if none are listed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub boxes: Option<Vec<String>>,
    /// Whether Accounts come with what their passwords are checked with.
    pub credentials: bool,
}

impl Default for Selection {
    fn default() -> Self {
        Self { boxes: None, credentials: true }
    }
}

impl Selection {
    /// Whether nothing is left out.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.boxes.is_none() && self.credentials
    }
}

/// What an incremental snapshot is to be put over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Base {
    /// The name that it had in its unit, without `.zip`.
    pub name: String,
    /// SHA-256 of its manifest, in hexadecimal, by which it is told from every other one.
    pub sha256: String,
}

/// `90_saibo/manifest.json`: what the snapshot is, in bytes that are signed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// Always `saibo-snapshot`.
    pub format: String,
    /// Version of the manifest.
    pub version: i64,
    /// Name and version of the program that wrote it.
    pub tool: String,
    /// URL of the unit.
    pub unit_url: String,
    /// URL of the Cell.
    pub cell_url: String,
    /// When, ms since 1970.
    pub created: i64,
    /// What of the Cell it holds, where something was left out: of version 2, and of no other.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub selection: Option<Selection>,
    /// The moment of the Cell's store since which a later snapshot may tell what was changed: of version 3.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub moment: Option<Moment>,
    /// Of an incremental snapshot, what it is to be put over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base: Option<Base>,
    /// What it holds.
    pub counts: Counts,
    /// The list of entries.
    pub entries: EntryList,
    /// Content root, in hexadecimal: SHA-256 over the name, a NUL and the SHA-256 of every listed entry but
    /// `00_manifest.json` and the readable copy. Two exports of the same content have the same root whenever and
    /// wherever they are made.
    pub root: String,
}

/// What the manifest says of `90_saibo/entries.jsonl`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EntryList {
    /// Number of entries that are listed.
    pub count: u64,
    /// Sum of their contents' lengths.
    pub bytes: u64,
    /// SHA-256 of the list, in hexadecimal.
    pub sha256: String,
    /// CRC-32 of the list as it is compressed.
    pub packed_crc32: u32,
}

impl Manifest {
    pub(crate) fn new(
        origin: &super::writer::Origin,
        counts: Counts,
        list: &Record,
        totals: (u64, u64),
        root: &ContentRoot,
    ) -> Self {
        let selection = (!origin.selection.is_whole()).then(|| origin.selection.clone());
        let version = match (&origin.moment, &selection) {
            (Some(_), _) => MARKED,
            (None, Some(_)) => SELECTIVE,
            (None, None) => WHOLE,
        };
        Self {
            format: FORMAT.to_owned(),
            version,
            tool: origin.tool.clone(),
            unit_url: origin.unit_url.clone(),
            cell_url: origin.cell_url.clone(),
            created: origin.created,
            selection,
            moment: origin.moment.clone(),
            base: origin.base.clone(),
            counts,
            entries: EntryList {
                count: totals.0,
                bytes: totals.1,
                sha256: hex(&list.sha256),
                packed_crc32: list.packed_crc32,
            },
            root: root.finish(),
        }
    }

    pub(crate) fn to_bytes(&self) -> Result<Vec<u8>> {
        serde_json::to_vec(self).map_err(|error| Error::unwritable(layout::MANIFEST, error.to_string()))
    }

    /// SHA-256 of it as it stands in its snapshot, in hexadecimal: what a [`Base`] has.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn sha256(&self) -> Result<String> {
        self.to_bytes().map(|bytes| manifest_hash(&bytes))
    }

    pub(crate) fn parse(bytes: &[u8]) -> Result<Self> {
        #[derive(Deserialize)]
        struct Version {
            format: String,
            version: i64,
        }
        let entry = layout::MANIFEST;
        let malformed = |error: &dyn std::fmt::Display| Error::malformed(entry, 1, error);
        let Version { format, version } = serde_json::from_slice(bytes).map_err(|e| malformed(&e))?;
        if format != FORMAT {
            return Err(malformed(&"`format` is unknown"));
        }
        if !MANIFEST_VERSIONS.contains(&version) {
            return Err(Error::UnsupportedVersion { entry: entry.to_owned(), version });
        }
        let manifest: Self = serde_json::from_slice(bytes).map_err(|e| malformed(&e))?;
        if manifest.selection.is_some() != (version == SELECTIVE) {
            return Err(malformed(&"`selection` does not belong to this version, or is missing"));
        }
        if manifest.moment.is_some() != (version == MARKED) {
            return Err(malformed(&"`moment` does not belong to this version, or is missing"));
        }
        if manifest.base.is_some() && version != MARKED {
            return Err(malformed(&"`base` does not belong to this version"));
        }
        Ok(manifest)
    }
}

/// A line of `90_saibo/entries.jsonl`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ListedEntry {
    pub(crate) name: String,
    pub(crate) length: u64,
    pub(crate) sha256: String,
    pub(crate) packed_crc32: u32,
}

impl ListedEntry {
    pub(crate) fn write(record: &Record, out: &mut Vec<u8>) {
        let mut entry = ObjectWriter::open(out);
        entry.string("name", &record.header.name);
        entry.number("length", i64::try_from(record.header.size).unwrap_or(i64::MAX));
        entry.string("sha256", &hex(&record.sha256));
        entry.number("packed_crc32", record.packed_crc32.into());
        entry.close();
        out.push(b'\n');
    }

    pub(crate) fn parse(line: &str, number: u64) -> Result<Self> {
        serde_json::from_str(line).map_err(|error| Error::malformed(layout::ENTRY_LIST, number, error))
    }
}

/// Sums up the content root.
pub(crate) struct ContentRoot(Sha256);

impl ContentRoot {
    pub(crate) fn new() -> Self {
        Self(Sha256::new())
    }

    pub(crate) fn add(&mut self, name: &str, sha256: &[u8; 32]) {
        if name != layout::EXPORT_MANIFEST && !layout::is_readable(name) {
            self.0.update(name.as_bytes());
            self.0.update([0]);
            self.0.update(sha256);
        }
    }

    pub(crate) fn finish(&self) -> String {
        hex(&self.0.clone().finalize().into())
    }
}

/// `90_saibo/signature.json`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ManifestSignature {
    pub(crate) key: VerifyingKey,
    signature: Signature,
}

impl ManifestSignature {
    pub(crate) fn sign(manifest: &[u8], key: &SigningKey) -> Self {
        Self { key: key.verifying_key(), signature: key.sign(manifest) }
    }

    pub(crate) fn is_of(&self, manifest: &[u8]) -> bool {
        self.key.verify_strict(manifest, &self.signature).is_ok()
    }

    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        let mut out = Vec::new();
        let mut object = ObjectWriter::open(&mut out);
        object.string("algorithm", "Ed25519");
        object.string("key_id", &key_id(&self.key));
        object.string("public_key", &URL_SAFE_NO_PAD.encode(self.key.as_bytes()));
        object.string("signature", &URL_SAFE_NO_PAD.encode(self.signature.to_bytes()));
        object.close();
        out
    }

    /// Reads it. There is one way only to write it, and any other is refused, so that no bit of it is without meaning.
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self> {
        let malformed = |why: &str| Error::malformed(layout::SIGNATURE, 1, why);
        let text = std::str::from_utf8(bytes).map_err(|_| malformed("not UTF-8"))?;
        let members = json::members(text).map_err(|_| malformed("not a JSON object"))?;
        let decode = |name: &str| {
            members
                .iter()
                .find(|(known, _)| known == name)
                .and_then(|(_, value)| value.strip_prefix('"')?.strip_suffix('"'))
                .and_then(|value| URL_SAFE_NO_PAD.decode(value).ok())
        };
        let key = decode("public_key")
            .and_then(|bytes| VerifyingKey::from_bytes(&bytes.try_into().ok()?).ok())
            .ok_or_else(|| malformed("no `public_key`"))?;
        let signature = decode("signature")
            .and_then(|bytes| Signature::from_slice(&bytes).ok())
            .ok_or_else(|| malformed("no `signature`"))?;
        let parsed = Self { key, signature };
        if parsed.to_bytes() == bytes { Ok(parsed) } else { Err(malformed("not in the form of a signature")) }
    }
}

/// The id of a key: its JWK thumbprint (RFC 7638, RFC 8037), as a JWKS of the unit would show it.
#[must_use]
pub fn key_id(key: &VerifyingKey) -> String {
    let x = URL_SAFE_NO_PAD.encode(key.as_bytes());
    URL_SAFE_NO_PAD.encode(Sha256::digest(format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{x}"}}"#)))
}

/// SHA-256 of a manifest's bytes, as a [`Base`] has it.
pub(crate) fn manifest_hash(manifest: &[u8]) -> String {
    hex(&Sha256::digest(manifest).into())
}

/// What [`hex`] writes, read.
pub(crate) fn from_hex(text: &str) -> Option<[u8; 32]> {
    let mut hash = [0; 32];
    if text.len() != 64 || !text.bytes().all(|digit| matches!(digit, b'0'..=b'9' | b'a'..=b'f')) {
        return None;
    }
    for (byte, digits) in hash.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
        *byte = u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?;
    }
    Some(hash)
}

pub(crate) fn hex(hash: &[u8; 32]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    hash.iter()
        .flat_map(|byte| [DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]])
        .map(char::from)
        .collect()
}
