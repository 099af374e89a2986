//! A line of a document entry: `{"_index":…,"_type":…,"_source":{…},"_id":…}`.
//!
//! Lines are many (one per entity), so reading borrows from the line and writing appends to a buffer. Members are
//! written in the order in which the reference has them: a line that it wrote comes out the same.

use std::borrow::Cow;
use std::fmt;

use saibo_model::Kind;
use serde::de::{DeserializeSeed, Error as _, IgnoredAny, MapAccess, Visitor};

use crate::json::{self, Members, ObjectWriter, Text};
use crate::{Error, Result};

/// A document as a snapshot holds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DocumentLine<'a> {
    /// `_id`.
    pub id: Cow<'a, str>,
    /// `_type`.
    pub kind: Kind,
    /// `c`: id of the Cell. Only the Cell's own document has none.
    pub cell: Option<Cow<'a, str>>,
    /// `b`: id of the Box, for the main box that of the Cell.
    pub box_id: Option<Cow<'a, str>>,
    /// `n`: id of the OData collection.
    pub collection: Option<Cow<'a, str>>,
    /// `t`: id of the EntityType.
    pub entity_type: Option<Cow<'a, str>>,
    /// `p`: when created, ms since 1970.
    pub published: i64,
    /// `u`: when last changed, ms since 1970.
    pub updated: i64,
    /// `s`: declared fields, a JSON object.
    pub fields: &'a str,
    /// `h`: hidden fields, a JSON object.
    pub hidden: Option<&'a str>,
    /// `d`: dynamic fields, a JSON object.
    pub dynamic: Option<&'a str>,
    /// `a`: ACL, a JSON object.
    pub acl: Option<&'a str>,
    /// `l`: to-one links, each the name of a type and an id.
    pub links: Option<Vec<(Cow<'a, str>, Cow<'a, str>)>>,
    /// `ll`: to-one links of an entity, each `entity type:entity`.
    pub entity_links: Option<Vec<Cow<'a, str>>>,
    /// Other members of `_source`, as JSON.
    pub unknown: Vec<(Cow<'a, str>, &'a str)>,
}

impl<'a> DocumentLine<'a> {
    /// Reads a line of a kind's entry.
    ///
    /// # Errors
    /// [`Error::Malformed`] with `entry` and `number` if the line is not of the right shape.
    pub fn parse(line: &'a str, kind: Kind, entry: &str, number: u64) -> Result<Self> {
        let (id, source) = parse_line(line, kind.name(), SourceSeed(kind))
            .map_err(|error| Error::malformed(entry, number, error))?;
        Ok(Self { id, ..source })
    }

    /// Appends the line, without its line feed.
    pub fn write(&self, out: &mut Vec<u8>) {
        let from = out.len();
        let mut line = ObjectWriter::open(out);
        line.raw("_index", index(self.kind));
        line.string("_type", self.kind.name());
        let mut source = line.object("_source");
        source.number("p", self.published);
        if let Some(links) = &self.entity_links {
            source.strings("ll", links.iter().map(AsRef::as_ref));
        }
        source.some_raw("a", self.acl);
        source.some_string("b", self.box_id.as_deref());
        source.raw("s", self.fields);
        source.some_string("c", self.cell.as_deref());
        source.some_raw("d", self.dynamic);
        source.some_string("t", self.entity_type.as_deref());
        source.number("u", self.updated);
        source.some_raw("h", self.hidden);
        if let Some(links) = &self.links {
            let mut object = source.object("l");
            for (name, id) in links {
                object.unknown_string(name, id);
            }
            object.close();
        }
        source.string("type", self.kind.name());
        source.some_string("n", self.collection.as_deref());
        for (name, value) in &self.unknown {
            source.unknown(name, value);
        }
        source.close();
        line.string("_id", &self.id);
        line.close();
        json::unbreak(out, from);
    }
}

/// `_index`, which names an index of the reference's search engine. Nothing reads it.
fn index(kind: Kind) -> &'static str {
    match kind {
        Kind::Cell => r#""u0_ad.cell""#,
        Kind::Box => r#""u0_anon.box""#,
        Kind::Account => r#""u0_anon.account""#,
        Kind::ExtCell => r#""u0_anon.extcell""#,
        Kind::Role => r#""u0_anon.role""#,
        Kind::Rule => r#""u0_anon.rule""#,
        Kind::Relation => r#""u0_anon.relation""#,
        Kind::SentMessage => r#""u0_anon.sentmessage""#,
        Kind::ReceivedMessage => r#""u0_anon.receivedmessage""#,
        Kind::ExtRole => r#""u0_anon.extrole""#,
        Kind::EntityType => r#""u0_anon.entitytype""#,
        Kind::ComplexType => r#""u0_anon.complextype""#,
        Kind::Property => r#""u0_anon.property""#,
        Kind::ComplexTypeProperty => r#""u0_anon.complextypeproperty""#,
        Kind::AssociationEnd => r#""u0_anon.associationend""#,
        Kind::UserData => r#""u0_anon.userdata""#,
    }
}

/// Reads what all lines have in common, and `_source` with `seed`.
pub(crate) fn parse_line<'a, S, T>(
    line: &'a str,
    kind: &str,
    seed: S,
) -> serde_json::Result<(Cow<'a, str>, T)>
where
    S: DeserializeSeed<'a, Value = T> + Copy,
{
    let mut deserializer = serde_json::Deserializer::from_str(line);
    let parsed = serde::Deserializer::deserialize_map(&mut deserializer, LineVisitor { kind, seed })?;
    deserializer.end()?;
    Ok(parsed)
}

struct LineVisitor<'k, S> {
    kind: &'k str,
    seed: S,
}

impl<'de, T, S: DeserializeSeed<'de, Value = T> + Copy> Visitor<'de> for LineVisitor<'_, S> {
    type Value = (Cow<'de, str>, T);

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let (mut id, mut kind, mut source) = (None, None, None);
        while let Some(Text(name)) = map.next_key()? {
            match &*name {
                "_id" => json::once(&mut id, "_id", json::value::<_, Text<'de>>(&mut map, "_id")?.0)?,
                "_type" => json::once(&mut kind, "_type", json::value::<_, Text<'de>>(&mut map, "_type")?.0)?,
                "_source" => json::once(&mut source, "_source", map.next_value_seed(self.seed)?)?,
                "_index" => {
                    map.next_value::<IgnoredAny>()?;
                }
                other => return Err(A::Error::custom(format_args!("`{other}` is unknown"))),
            }
        }
        let kind = kind.ok_or_else(|| A::Error::missing_field("_type"))?;
        if kind != self.kind {
            return Err(A::Error::custom(format_args!("`_type` is {kind:?}, not {:?}", self.kind)));
        }
        let id = id.filter(|id| !id.is_empty()).ok_or_else(|| A::Error::missing_field("_id"))?;
        Ok((id, source.ok_or_else(|| A::Error::missing_field("_source"))?))
    }
}

/// Reads `_source` of a document; the id is filled in later.
#[derive(Clone, Copy)]
struct SourceSeed(Kind);

impl<'de> DeserializeSeed<'de> for SourceSeed {
    type Value = DocumentLine<'de>;

    fn deserialize<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for SourceSeed {
    type Value = DocumentLine<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("`_source` as an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let (mut cell, mut box_id, mut collection, mut entity_type) = (None, None, None, None);
        let (mut published, mut updated, mut fields, mut kind) = (None, None, None, None);
        let (mut hidden, mut dynamic, mut acl) = (None, None, None);
        let (mut links, mut entity_links, mut unknown) = (None, None, Vec::new());
        let map = &mut map;
        while let Some(Text(name)) = map.next_key()? {
            match &*name {
                "c" => json::once(&mut cell, "c", json::some_text(map, "c")?)?,
                "b" => json::once(&mut box_id, "b", json::some_text(map, "b")?)?,
                "n" => json::once(&mut collection, "n", json::some_text(map, "n")?)?,
                "t" => json::once(&mut entity_type, "t", json::some_text(map, "t")?)?,
                "p" => json::once(&mut published, "p", json::value::<_, i64>(map, "p")?)?,
                "u" => json::once(&mut updated, "u", json::value::<_, i64>(map, "u")?)?,
                "s" => json::once(&mut fields, "s", json::raw_object(map, "s")?)?,
                "h" => json::once(&mut hidden, "h", json::raw_object(map, "h")?)?,
                "d" => json::once(&mut dynamic, "d", json::raw_object(map, "d")?)?,
                "a" => json::once(&mut acl, "a", json::raw_object(map, "a")?)?,
                "l" => {
                    json::once(&mut links, "l", json::value::<_, Option<Members<'de, Text<'de>>>>(map, "l")?)?
                }
                "ll" => {
                    json::once(&mut entity_links, "ll", json::value::<_, Option<Vec<Text<'de>>>>(map, "ll")?)?
                }
                "type" => json::once(&mut kind, "type", json::some_text(map, "type")?)?,
                _ => {
                    let value = json::raw(map, &name)?;
                    unknown.push((name, value));
                }
            }
        }
        json::distinct(&unknown)?;
        let missing = A::Error::missing_field;
        if kind.flatten().is_some_and(|kind| kind != self.0.name()) {
            return Err(A::Error::custom(format_args!("`type` is not {:?}", self.0.name())));
        }
        let (cell, collection, entity_type) = (cell.flatten(), collection.flatten(), entity_type.flatten());
        if cell.is_none() && self.0 != Kind::Cell {
            return Err(missing("c"));
        }
        if self.0 == Kind::UserData && (collection.is_none() || entity_type.is_none()) {
            return Err(missing(if collection.is_none() { "n" } else { "t" }));
        }
        Ok(DocumentLine {
            id: Cow::Borrowed(""),
            kind: self.0,
            cell,
            box_id: box_id.flatten(),
            collection,
            entity_type,
            published: published.ok_or_else(|| missing("p"))?,
            updated: updated.ok_or_else(|| missing("u"))?,
            fields: fields.flatten().ok_or_else(|| missing("s"))?,
            hidden: hidden.flatten(),
            dynamic: dynamic.flatten(),
            acl: acl.flatten(),
            links: links
                .flatten()
                .map(|Members(links)| links.into_iter().map(|(name, Text(id))| (name, id)).collect()),
            entity_links: entity_links
                .flatten()
                .map(|links| links.into_iter().map(|Text(link)| link).collect()),
            unknown,
        })
    }
}
