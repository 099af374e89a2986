//! Snapshots to fill Cells with: a million entities are quicker written into a file than sent one by one, and the
//! import of that file is measured anyway.
//!
//! All of it follows from numbers, so that a run has the same as the one before. It is written as a stream.

pub(crate) mod entities;
pub(crate) mod files;
pub(crate) mod noise;
pub(crate) mod roles;

use std::borrow::Cow;
use std::fs::File;
use std::io::BufWriter;
use std::path::Path;

use ed25519_dalek::SigningKey;
use saibo_archive::{DocumentLine, NodeMeta, Origin, SnapshotWriter};
use saibo_model::{Kind, NodeKind};

use crate::Result;

/// When all of it was made, ms since 1970.
pub(crate) const MADE: i64 = 1_700_000_000_000;

/// How much is written at a time.
const BUFFER: usize = 1 << 20;

/// A snapshot that is being written.
struct Snapshot {
    writer: SnapshotWriter<BufWriter<File>, File>,
    /// Id of the Cell: in a snapshot it is that of the main box too.
    cell: String,
}

impl Snapshot {
    /// Begins one, with the Cell's own document.
    fn begin(path: &Path) -> Result<Self> {
        let out = BufWriter::with_capacity(BUFFER, File::create(path)?);
        let origin = Origin {
            unit_url: "https://unit.example/".to_owned(),
            cell_url: "https://unit.example/made/".to_owned(),
            created: MADE,
            tool: concat!("saibo-bench ", env!("CARGO_PKG_VERSION")).to_owned(),
            selection: saibo_archive::Selection::default(),
            moment: None,
            base: None,
        };
        let cell = noise::id(0, 0);
        let mut writer = SnapshotWriter::new(out, tempfile::tempfile()?, origin)?;
        let mut document = line(Kind::Cell, &cell, r#"{"Name":"made"}"#);
        document.dynamic = Some("{}");
        document.acl = Some("{}");
        writer.cell(&document)?;
        Ok(Self { writer, cell })
    }

    /// Begins the tree, with empty Boxes: their folders have the ids of their documents for names.
    fn begin_boxes(&mut self, boxes: &[&str]) -> Result<()> {
        let mut cell = meta(NodeKind::Cell, noise::id(0, 1));
        cell.cell_status = Some("normal".to_owned());
        self.writer.collection("", &cell)?;
        self.writer.collection("__", &meta(NodeKind::Box, noise::id(0, 2)))?;
        for (n, id) in (0_u64..).zip(boxes) {
            self.writer.collection(id, &meta(NodeKind::Box, noise::id(7, n)))?;
        }
        Ok(())
    }

    /// Begins the tree, with the main box and a collection in it.
    fn begin_tree(&mut self, path: &str, kind: NodeKind, id: &str) -> Result<()> {
        self.begin_boxes(&[])?;
        self.writer.collection(path, &meta(kind, id.to_owned()))?;
        Ok(())
    }

    /// Ends it. Who signs it is nobody that a unit knows, which an import allows.
    fn finish(self) -> Result<()> {
        let (out, _manifest) = self.writer.finish(&SigningKey::from_bytes(&[7; 32]))?;
        out.into_inner()?.sync_all()?;
        Ok(())
    }
}

/// A document with what every one has.
fn line<'a>(kind: Kind, id: &'a str, fields: &'a str) -> DocumentLine<'a> {
    DocumentLine {
        id: Cow::Borrowed(id),
        kind,
        cell: None,
        box_id: None,
        collection: None,
        entity_type: None,
        published: MADE,
        updated: MADE,
        fields,
        hidden: Some("{}"),
        dynamic: None,
        acl: None,
        links: (kind != Kind::UserData).then(Vec::new),
        entity_links: (kind == Kind::UserData).then(Vec::new),
        unknown: Vec::new(),
    }
}

fn meta(kind: NodeKind, id: String) -> NodeMeta {
    NodeMeta {
        id,
        kind,
        published: MADE,
        updated: MADE,
        version: 1,
        cell_status: None,
        content_type: None,
        length: None,
        encryption: None,
        acl: Some("{}".to_owned()),
        properties: Some("{}".to_owned()),
        unknown: Vec::new(),
    }
}

/// Opens what was written, if all of it is as its manifest says.
#[cfg(test)]
fn verified(path: &Path) -> saibo_archive::SnapshotReader<File> {
    let reader =
        saibo_archive::SnapshotReader::open(File::open(path).unwrap(), saibo_archive::Limits::default());
    let reader = reader.unwrap();
    let report = saibo_archive::verify(&reader, None, &mut |_| std::ops::ControlFlow::Continue(())).unwrap();
    assert!(report.is_intact(), "{report:?}");
    reader
}
