//! A Cell with one OData collection in its main box, and many entities of one type in it.

use std::fmt::Write as _;
use std::path::Path;

use saibo_archive::DocumentLine;
use saibo_model::{Kind, NodeKind};

use super::noise::{self, Noise};
use super::{Snapshot, line, meta};
use crate::Result;

/// Path of the collection in its Cell.
pub(crate) const COLLECTION: &str = "__/notes";

/// The EntityType.
pub(crate) const TYPE: &str = "Note";

/// Path of the entities in their Cell.
pub(crate) const SET: &str = "__/notes/Note";

/// Path of a collection for files beside them.
pub(crate) const FOLDER: &str = "__/live";

/// The properties, in the order of their aliases.
const PROPERTIES: [(&str, &str); 5] = [
    ("title", "Edm.String"),
    ("text", "Edm.String"),
    ("mood", "Edm.Int32"),
    ("shared", "Edm.Boolean"),
    ("written", "Edm.DateTime"),
];

const WORDS: [&str; 16] = [
    "rain", "sun", "tea", "letter", "garden", "late", "early", "call", "doctor", "train", "home", "music",
    "quiet", "細胞", "日記", "walk",
];

/// `__id` of an entity, as units make them where the client gives none: 32 digits in no order.
pub(crate) fn key(n: u64) -> String {
    let mut noise = Noise::of(1 << 52 | n);
    format!("{:016x}{:016x}", noise.next(), noise.next())
}

/// Where documents are.
struct Place {
    cell: String,
    collection: String,
}

impl Place {
    /// Has a document be there.
    fn take<'a>(&'a self, mut line: DocumentLine<'a>) -> DocumentLine<'a> {
        line.cell = Some(self.cell.as_str().into());
        // The main box goes by the Cell's id.
        line.box_id = Some(self.cell.as_str().into());
        line.collection = Some(self.collection.as_str().into());
        line
    }
}

/// Writes the snapshot.
///
/// # Errors
/// If it cannot be written.
pub(crate) fn write(path: &Path, count: u64) -> Result<()> {
    let mut snapshot = Snapshot::begin(path)?;
    let place = Place { cell: snapshot.cell.clone(), collection: noise::id(1, 0) };
    let entity_type = noise::id(1, 1);
    let type_line = line(Kind::EntityType, &entity_type, r#"{"Name":"Note"}"#);
    snapshot.writer.document(&place.take(type_line))?;
    for (n, (name, edm)) in (0_u64..).zip(PROPERTIES) {
        let fields = format!(
            r#"{{"Type":"{edm}","IsDeclared":true,"CollectionKind":"None","Nullable":true,"Name":"{name}","IsKey":false}}"#
        );
        let (id, hidden) = (noise::id(2, n), format!(r#"{{"Alias":"P{:03}"}}"#, n + 1));
        let mut property = line(Kind::Property, &id, &fields);
        property.hidden = Some(&hidden);
        property.links = Some(vec![("EntityType".into(), entity_type.as_str().into())]);
        snapshot.writer.document(&place.take(property))?;
    }
    let mut fields = String::new();
    for n in 0..count {
        write_fields(&mut fields, n);
        let id = noise::id(3, n);
        let mut entity = line(Kind::UserData, &id, &fields);
        entity.entity_type = Some(entity_type.as_str().into());
        snapshot.writer.document(&place.take(entity))?;
    }
    snapshot.begin_tree("__/notes", NodeKind::OData, &place.collection)?;
    snapshot.writer.collection(FOLDER, &meta(NodeKind::WebDav, noise::id(1, 2)))?;
    snapshot.finish()
}

/// `s` of an entity, as the reference writes it: under aliases, and truths as text.
pub(crate) fn write_fields(out: &mut String, n: u64) {
    out.clear();
    let mut noise = Noise::of(n);
    let _ = write!(out, r#"{{"__id":"{}","P001":"Day {n}","P002":"#, key(n));
    let _ = write!(out, "\"{}", WORDS[(noise.next() % 16) as usize]);
    for _ in 0..8 + noise.next() % 8 {
        let _ = write!(out, " {}", WORDS[(noise.next() % 16) as usize]);
    }
    let (mood, shared, written) = (noise.next() % 11, n.is_multiple_of(3), super::MADE as u64 + n * 60_000);
    let _ = write!(out, r#"","P003":{mood},"P004":"{shared}","P005":{written}}}"#);
}

/// The number of an entity to ask for, of so many: each time another, far from the last.
pub(crate) fn spread(sent: u64, count: u64) -> u64 {
    (sent.wrapping_mul(0x9e37_79b9) ^ 0x55) % count.max(1)
}

/// What a client sends to make an entity whose key the unit makes.
pub(crate) fn body_without_key(out: &mut String, n: u64) {
    out.clear();
    let _ = write!(
        out,
        r#"{{"title":"Day {n}","text":"new; rain sun tea letter garden late early","mood":{},"shared":true,"written":"/Date({})/"}}"#,
        n % 11,
        1_600_000_000_000 + n
    );
}

/// What a client sends to replace an entity.
pub(crate) fn body(out: &mut String, n: u64, change: u64) {
    out.clear();
    let _ = write!(
        out,
        r#"{{"__id":"{}","title":"Day {n}","text":"changed {change} times; rain sun tea letter garden late early","mood":{},"shared":true,"written":"/Date(1700000000000)/"}}"#,
        key(n),
        change % 11
    );
}

#[cfg(test)]
mod tests {
    use super::super::verified;
    use super::*;

    #[test]
    fn a_snapshot_is_one_that_verifies() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.zip");
        write(&path, 300).unwrap();
        let reader = verified(&path);
        let mut entities = reader.documents(Kind::UserData).unwrap();
        let first = entities.read().unwrap().unwrap();
        let fields: serde_json::Value = serde_json::from_str(first.fields).unwrap();
        assert_eq!(fields["__id"], key(0));
    }
}
