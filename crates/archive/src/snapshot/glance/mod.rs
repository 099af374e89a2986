//! What a document's line says of what the document is and what it names, found in one pass.
//!
//! Whoever only looks at a snapshot needs a tenth of what [`DocumentLine::parse`](super::document::DocumentLine::parse)
//! makes of a line. Here every byte is checked as there and nothing is made. What the pass is not made for (spaces,
//! escapes in what is looked for, members that are unknown, whatever is wrong) it does not take: [`Glance::at`] gives
//! `None` then, and the line is parsed. So there is one place only that says what is wrong with a line.
//!
//! Lines of one kind have the same members in the same order, as a rule: [`Glances`] compares what stands between
//! their values with lines before, instead of finding out for each what it has.

mod form;
pub(crate) mod link;
mod scan;

use std::ops::Range;

use saibo_model::Kind;

use self::form::Form;
use self::scan::Scan;

/// What a line says at a glance.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Glance<'a> {
    /// `_id`.
    pub id: &'a str,
    /// `b`: id of the Box.
    pub box_id: Option<&'a str>,
    /// `n`: id of the OData collection.
    pub collection: Option<&'a str>,
    /// `t`: id of the EntityType.
    pub entity_type: Option<&'a str>,
    /// `s`: declared fields, a JSON object.
    pub fields: &'a str,
    /// The text that the first field of the name that was asked for has.
    pub key: &'a str,
    /// `l`: to-one links, each the name of a type and an id.
    pub links: Vec<(&'a str, &'a str)>,
    /// `ll`: to-one links of an entity, each `entity type:entity`.
    pub entity_links: Vec<&'a str>,
}

/// A value of a line, and what it may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Value {
    Id,
    Published,
    Updated,
    Box,
    Cell,
    Collection,
    EntityType,
    Fields,
    Hidden,
    Dynamic,
    Acl,
    Links,
    EntityLinks,
}

impl Value {
    /// That of a member of `_source`.
    fn of(name: &str) -> Option<Self> {
        Some(match name {
            "p" => Self::Published,
            "u" => Self::Updated,
            "b" => Self::Box,
            "c" => Self::Cell,
            "n" => Self::Collection,
            "t" => Self::EntityType,
            "s" => Self::Fields,
            "h" => Self::Hidden,
            "d" => Self::Dynamic,
            "a" => Self::Acl,
            "l" => Self::Links,
            "ll" => Self::EntityLinks,
            _ => return None,
        })
    }
}

/// Which values there are.
#[derive(Clone, Copy, Default)]
struct Values(u16);

impl Values {
    /// Adds one; `None` if it is there.
    fn add(&mut self, value: Value) -> Option<()> {
        let before = self.0;
        self.0 |= 1 << value as u16;
        (self.0 != before).then_some(())
    }

    fn has(self, value: Value) -> bool {
        self.0 & (1 << value as u16) != 0
    }

    /// Whether there are those that every line of a kind has.
    fn are_enough(self, kind: Kind) -> bool {
        let of_all = [Value::Id, Value::Published, Value::Updated, Value::Fields];
        of_all.into_iter().all(|value| self.has(value))
            && (kind == Kind::Cell || self.has(Value::Cell))
            && (kind != Kind::UserData || (self.has(Value::Collection) && self.has(Value::EntityType)))
    }
}

impl<'a> Glance<'a> {
    /// Looks at a line of a kind's entry; `key` is a field that has to be there. `None` if the line has to be parsed.
    #[must_use]
    pub fn at(line: &'a str, kind: Kind, key: &str) -> Option<Self> {
        Self::noting(line, kind, key, &mut |_, _| ())
    }

    /// The same; `note` is told where each value stands.
    fn noting(
        line: &'a str,
        kind: Kind,
        key: &str,
        note: &mut impl FnMut(Value, Range<usize>),
    ) -> Option<Self> {
        let (mut scan, mut glance, mut values) = (Scan::new(line), Self::default(), Values::default());
        let (mut has_type, mut has_source) = (false, false);
        scan.object(&mut |scan, name| match name {
            "_id" => glance.member(scan, Value::Id, key, &mut values, note),
            "_type" => {
                (!std::mem::replace(&mut has_type, true) && scan.string()? == kind.name()).then_some(())
            }
            "_source" => {
                (!std::mem::replace(&mut has_source, true)).then_some(())?;
                let mut has_kind = false;
                scan.object(&mut |scan, name| {
                    if name == "type" {
                        let is_first = !std::mem::replace(&mut has_kind, true);
                        return (is_first && scan.string()? == kind.name()).then_some(());
                    }
                    glance.member(scan, Value::of(name)?, key, &mut values, note)
                })
            }
            "_index" => scan.any_value(),
            _ => None,
        })?;
        (scan.is_over() && has_type && has_source && values.are_enough(kind)).then_some(glance)
    }

    /// Takes a value that there may be one of.
    fn member(
        &mut self,
        scan: &mut Scan<'a>,
        value: Value,
        key: &str,
        values: &mut Values,
        note: &mut impl FnMut(Value, Range<usize>),
    ) -> Option<()> {
        values.add(value)?;
        let from = scan.at();
        self.take(scan, value, key)?;
        note(value, from..scan.at());
        Some(())
    }

    /// Takes a value.
    #[inline]
    fn take(&mut self, scan: &mut Scan<'a>, value: Value, key: &str) -> Option<()> {
        match value {
            Value::Id => {
                self.id = scan.string()?;
                return (!self.id.is_empty()).then_some(());
            }
            Value::Published | Value::Updated => scan.time()?,
            Value::Box => self.box_id = Some(scan.string()?),
            Value::Cell => drop(scan.string()?),
            Value::Collection => self.collection = Some(scan.string()?),
            Value::EntityType => self.entity_type = Some(scan.string()?),
            Value::Fields => (self.fields, self.key) = scan.fields(key)?,
            Value::Hidden | Value::Dynamic | Value::Acl => scan.carried()?,
            Value::Links => scan.object(&mut |scan, name| {
                self.links.push((name, scan.string()?));
                Some(())
            })?,
            Value::EntityLinks => scan.array(&mut |scan| {
                self.entity_links.push(scan.string()?);
                Some(())
            })?,
        }
        Some(())
    }
}

/// How many forms are known at a time: lines of a few sorts may take turns.
const FORMS: usize = 4;

/// Looks at the lines of a kind's entry, one after the other.
#[derive(Debug)]
pub struct Glances {
    kind: Kind,
    key: &'static str,
    /// Those of lines before.
    forms: [Form; FORMS],
    /// The one that is the next to be forgotten.
    oldest: usize,
}

impl Glances {
    /// Before the first line; `key` is a field that has to be in each.
    #[must_use]
    pub fn new(kind: Kind, key: &'static str) -> Self {
        Self { kind, key, forms: Default::default(), oldest: 0 }
    }

    /// What [`Glance::at`] says of a line.
    pub fn at<'a>(&mut self, line: &'a str) -> Option<Glance<'a>> {
        if let Some(glance) = self.forms.iter().find_map(|form| form.glance(line, self.key)) {
            return Some(glance);
        }
        let form = &mut self.forms[self.oldest];
        form.begin();
        let glance = Glance::noting(line, self.kind, self.key, &mut |value, at| form.note(line, value, at))?;
        form.end(line);
        self.oldest = (self.oldest + 1) % FORMS;
        Some(glance)
    }
}
