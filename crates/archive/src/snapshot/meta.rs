//! A `.pmeta`: properties and ACL of a WebDAV resource.

use std::fmt;

use saibo_model::NodeKind;
use serde::de::{Error as _, MapAccess, Visitor};

use crate::json::{self, ObjectWriter, Text};
use crate::{Error, Result};

/// What a `.pmeta` says of its resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeMeta {
    /// `i`: id.
    pub id: String,
    /// `t`: what it is.
    pub kind: NodeKind,
    /// `p`: when created, ms since 1970.
    pub published: i64,
    /// `u`: when last changed, ms since 1970.
    pub updated: i64,
    /// `v`: counts the changes.
    pub version: i64,
    /// `cs`: status of the Cell, of the Cell's own `.pmeta`.
    pub cell_status: Option<String>,
    /// `ct`: a file's media type.
    pub content_type: Option<String>,
    /// `cl`: a file's length.
    pub length: Option<u64>,
    /// `et`: how the reference keeps the content; in a snapshot it is always plain.
    pub encryption: Option<String>,
    /// `a`: ACL, a JSON object.
    pub acl: Option<String>,
    /// `d`: dead properties, a JSON object.
    pub properties: Option<String>,
    /// Other members, as JSON.
    pub unknown: Vec<(String, String)>,
}

impl NodeMeta {
    /// Reads a `.pmeta`.
    ///
    /// # Errors
    /// [`Error::Malformed`] with `entry` if it is not of the right shape.
    pub fn parse(json: &[u8], entry: &str) -> Result<Self> {
        let malformed = |error: serde_json::Error| Error::malformed(entry, error.line() as u64, error);
        let mut deserializer = serde_json::Deserializer::from_slice(json);
        let meta = serde::Deserializer::deserialize_map(&mut deserializer, MetaVisitor).map_err(malformed)?;
        deserializer.end().map_err(malformed)?;
        Ok(meta)
    }

    /// Appends it, in the order in which the reference writes it.
    pub fn write(&self, out: &mut Vec<u8>) {
        let mut meta = ObjectWriter::open(out);
        meta.number("p", self.published);
        meta.some_string("cs", self.cell_status.as_deref());
        meta.some_raw("a", self.acl.as_deref());
        meta.some_string("ct", self.content_type.as_deref());
        meta.some_raw("d", self.properties.as_deref());
        meta.string("t", self.kind.name());
        meta.number("u", self.updated);
        meta.number("v", self.version);
        meta.string("i", &self.id);
        if let Some(length) = self.length {
            meta.number("cl", i64::try_from(length).unwrap_or(i64::MAX));
        }
        meta.some_string("et", self.encryption.as_deref());
        for (name, value) in &self.unknown {
            meta.unknown(name, value);
        }
        meta.close();
    }
}

/// The greatest version that is believed: what every JSON parser can hold. Nobody changes anything so often.
const MAX_VERSION: i64 = 1 << 53;

struct MetaVisitor;

impl<'de> Visitor<'de> for MetaVisitor {
    type Value = NodeMeta;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let (mut id, mut kind, mut published, mut updated, mut version) = (None, None, None, None, None);
        let (mut cell_status, mut content_type, mut length, mut encryption) = (None, None, None, None);
        let (mut acl, mut properties, mut unknown) = (None, None, Vec::<(String, String)>::new());
        let map = &mut map;
        while let Some(Text(name)) = map.next_key()? {
            match &*name {
                "i" => json::once(&mut id, "i", json::value::<_, String>(map, "i")?)?,
                "t" => json::once(&mut kind, "t", json::value::<_, Text<'de>>(map, "t")?.0)?,
                "p" => json::once(&mut published, "p", json::value::<_, i64>(map, "p")?)?,
                "u" => json::once(&mut updated, "u", json::value::<_, i64>(map, "u")?)?,
                "v" => json::once(&mut version, "v", json::value::<_, i64>(map, "v")?)?,
                "cs" => json::once(&mut cell_status, "cs", json::value::<_, Option<String>>(map, "cs")?)?,
                "ct" => json::once(&mut content_type, "ct", json::value::<_, Option<String>>(map, "ct")?)?,
                "cl" => json::once(&mut length, "cl", json::value::<_, Option<u64>>(map, "cl")?)?,
                "et" => json::once(&mut encryption, "et", json::value::<_, Option<String>>(map, "et")?)?,
                "a" => json::once(&mut acl, "a", json::raw_object(map, "a")?.map(str::to_owned))?,
                "d" => json::once(&mut properties, "d", json::raw_object(map, "d")?.map(str::to_owned))?,
                _ => {
                    let value = json::raw(map, &name)?.to_owned();
                    unknown.push((name.into_owned(), value));
                }
            }
        }
        json::distinct(&unknown)?;
        let missing = A::Error::missing_field;
        let kind = kind.ok_or_else(|| missing("t"))?;
        let version = version.unwrap_or(1);
        if !(0..=MAX_VERSION).contains(&version) {
            return Err(A::Error::custom(format_args!("`v` is {version}, no version")));
        }
        let length = length.flatten();
        if let Some(length) = length.filter(|length| i64::try_from(*length).is_err()) {
            return Err(A::Error::custom(format_args!("`cl` is {length}, no length")));
        }
        Ok(NodeMeta {
            id: id.filter(|id| !id.is_empty()).ok_or_else(|| missing("i"))?,
            kind: NodeKind::from_name(&kind)
                .ok_or_else(|| A::Error::custom(format_args!("`t` is {kind:?}, no kind of resource")))?,
            published: published.ok_or_else(|| missing("p"))?,
            updated: updated.ok_or_else(|| missing("u"))?,
            version,
            cell_status: cell_status.flatten(),
            content_type: content_type.flatten(),
            length,
            encryption: encryption.flatten(),
            acl: acl.flatten(),
            properties: properties.flatten(),
            unknown,
        })
    }
}
