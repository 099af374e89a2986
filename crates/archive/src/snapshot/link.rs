//! A line of `80_link.pjson`: a many-to-many link between two documents.

use std::borrow::Cow;
use std::fmt;

use serde::de::{DeserializeSeed, Error as _, MapAccess, Visitor};

use super::document::parse_line;
use super::{glance, layout};
use crate::json::{self, ObjectWriter, Text};
use crate::{Error, Result};

const TYPE: &str = "link";

/// A link as a snapshot holds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinkLine<'a> {
    /// `_id`; the reference makes it of the two ids, with a hyphen between.
    pub id: Cow<'a, str>,
    /// `c`: id of the Cell.
    pub cell: Cow<'a, str>,
    /// `b`: id of the Box, of a link between entities.
    pub box_id: Option<Cow<'a, str>>,
    /// `n`: id of the OData collection, of a link between entities.
    pub collection: Option<Cow<'a, str>>,
    /// `p`: when made, ms since 1970.
    pub published: i64,
    /// `u`: when last changed, ms since 1970.
    pub updated: i64,
    /// `k1` and `k2`: the ids of the two documents.
    pub ids: [Cow<'a, str>; 2],
    /// `t1` and `t2`: their types' names or, for entities, their EntityTypes' ids.
    pub types: [Cow<'a, str>; 2],
    /// Other members of `_source`, as JSON.
    pub unknown: Vec<(Cow<'a, str>, &'a str)>,
}

impl<'a> LinkLine<'a> {
    /// Reads a line of `80_link.pjson`.
    ///
    /// # Errors
    /// [`Error::Malformed`] with `number` if the line is not of the right shape.
    pub fn parse(line: &'a str, number: u64) -> Result<Self> {
        let (id, link) = parse_line(line, TYPE, SourceSeed)
            .map_err(|error| Error::malformed(layout::LINKS, number, error))?;
        Ok(Self { id, ..link })
    }

    /// The ids of the two documents, at a glance: every byte is checked as by [`parse`](Self::parse), and nothing is
    /// made. `None` if the line has to be parsed.
    #[must_use]
    pub fn ids_at(line: &'a str) -> Option<[&'a str; 2]> {
        glance::link::ids(line, TYPE)
    }

    /// Appends the line, without its line feed.
    pub fn write(&self, out: &mut Vec<u8>) {
        let from = out.len();
        let mut line = ObjectWriter::open(out);
        line.raw("_index", r#""u0_anon.link""#);
        line.string("_type", TYPE);
        let mut source = line.object("_source");
        source.number("p", self.published);
        source.some_string("b", self.box_id.as_deref());
        source.string("c", &self.cell);
        source.number("u", self.updated);
        source.string("k1", &self.ids[0]);
        source.string("k2", &self.ids[1]);
        source.string("type", TYPE);
        source.string("t1", &self.types[0]);
        source.some_string("n", self.collection.as_deref());
        source.string("t2", &self.types[1]);
        for (name, value) in &self.unknown {
            source.unknown(name, value);
        }
        source.close();
        line.string("_id", &self.id);
        line.close();
        json::unbreak(out, from);
    }
}

#[derive(Clone, Copy)]
struct SourceSeed;

impl<'de> DeserializeSeed<'de> for SourceSeed {
    type Value = LinkLine<'de>;

    fn deserialize<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for SourceSeed {
    type Value = LinkLine<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("`_source` as an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let (mut cell, mut box_id, mut collection, mut kind) = (None, None, None, None);
        let (mut published, mut updated, mut unknown) = (None, None, Vec::new());
        let (mut k1, mut k2, mut t1, mut t2) = (None, None, None, None);
        let map = &mut map;
        while let Some(Text(name)) = map.next_key()? {
            let place = match &*name {
                "c" => &mut cell,
                "b" => &mut box_id,
                "n" => &mut collection,
                "k1" => &mut k1,
                "k2" => &mut k2,
                "t1" => &mut t1,
                "t2" => &mut t2,
                "type" => &mut kind,
                "p" => {
                    json::once(&mut published, "p", json::value::<_, i64>(map, "p")?)?;
                    continue;
                }
                "u" => {
                    json::once(&mut updated, "u", json::value::<_, i64>(map, "u")?)?;
                    continue;
                }
                _ => {
                    let value = json::raw(map, &name)?;
                    unknown.push((name, value));
                    continue;
                }
            };
            json::once(place, &name, json::some_text(map, &name)?)?;
        }
        json::distinct(&unknown)?;
        let missing = A::Error::missing_field;
        if kind.flatten().is_some_and(|kind| kind != TYPE) {
            return Err(A::Error::custom("`type` is not \"link\""));
        }
        Ok(LinkLine {
            id: Cow::Borrowed(""),
            cell: cell.flatten().ok_or_else(|| missing("c"))?,
            box_id: box_id.flatten(),
            collection: collection.flatten(),
            published: published.ok_or_else(|| missing("p"))?,
            updated: updated.ok_or_else(|| missing("u"))?,
            ids: [k1.flatten().ok_or_else(|| missing("k1"))?, k2.flatten().ok_or_else(|| missing("k2"))?],
            types: [t1.flatten().ok_or_else(|| missing("t1"))?, t2.flatten().ok_or_else(|| missing("t2"))?],
            unknown,
        })
    }
}
