//! Snapshots to test with.

use std::borrow::Cow;
use std::io::Cursor;
use std::ops::ControlFlow;

use ed25519_dalek::{SigningKey, VerifyingKey};
use saibo_archive::{
    DocumentLine, Error, Limits, LinkLine, Manifest, NodeMeta, Origin, Report, Result, SnapshotReader,
    SnapshotWriter, verify,
};
use saibo_model::node::Content;
use saibo_model::{Kind, NodeKind};
use sha2::{Digest, Sha256};

pub(crate) const CREATED: i64 = 1_795_478_486_984;
pub(crate) const CELL: &str = "cell-id";

pub(crate) type MemoryWriter = SnapshotWriter<Vec<u8>, Cursor<Vec<u8>>>;
pub(crate) type MemoryReader<'b> = SnapshotReader<Cursor<&'b [u8]>>;

pub(crate) fn key() -> SigningKey {
    SigningKey::from_bytes(&[7; 32])
}

pub(crate) fn origin() -> Origin {
    Origin {
        unit_url: "https://unit.example/".to_owned(),
        cell_url: "https://unit.example/rich/".to_owned(),
        created: CREATED,
        tool: "saibo 0.1.0".to_owned(),
        selection: saibo_archive::Selection::default(),
        moment: None,
        base: None,
    }
}

pub(crate) fn writer() -> MemoryWriter {
    SnapshotWriter::new(Vec::new(), Cursor::new(Vec::new()), origin()).unwrap()
}

/// A document with nothing but what every one has.
pub(crate) fn document<'a>(kind: Kind, id: &'a str, fields: &'a str) -> DocumentLine<'a> {
    DocumentLine {
        id: Cow::Borrowed(id),
        kind,
        cell: (kind != Kind::Cell).then_some(Cow::Borrowed(CELL)),
        box_id: None,
        collection: (kind == Kind::UserData).then_some(Cow::Borrowed("collection")),
        entity_type: (kind == Kind::UserData).then_some(Cow::Borrowed("type")),
        published: 1,
        updated: 2,
        fields,
        hidden: None,
        dynamic: None,
        acl: None,
        links: None,
        entity_links: None,
        unknown: Vec::new(),
    }
}

pub(crate) fn link<'a>(first: &'a str, second: &'a str) -> LinkLine<'a> {
    LinkLine {
        id: Cow::Owned(format!("{first}-{second}")),
        cell: Cow::Borrowed(CELL),
        box_id: None,
        collection: None,
        published: 1,
        updated: 2,
        ids: [Cow::Borrowed(first), Cow::Borrowed(second)],
        types: [Cow::Borrowed("Account"), Cow::Borrowed("Role")],
        unknown: Vec::new(),
    }
}

pub(crate) fn meta(kind: NodeKind, id: &str) -> NodeMeta {
    NodeMeta {
        id: id.to_owned(),
        kind,
        published: 1,
        updated: 2,
        version: 1,
        cell_status: (kind == NodeKind::Cell).then(|| "normal".to_owned()),
        content_type: None,
        length: None,
        encryption: None,
        acl: Some("{}".to_owned()),
        properties: Some("{}".to_owned()),
        unknown: Vec::new(),
    }
}

pub(crate) fn known(content: &[u8]) -> Content {
    let sha256 = Sha256::digest(content).into();
    Content { name: sha256, sha256, crc32: crc32fast::hash(content), length: content.len() as u64 }
}

pub(crate) fn file_meta(media_type: &str, content: &[u8]) -> NodeMeta {
    NodeMeta {
        content_type: Some(media_type.to_owned()),
        length: Some(content.len() as u64),
        encryption: Some("NONE".to_owned()),
        ..meta(NodeKind::File, "file")
    }
}

pub(crate) fn file(writer: &mut MemoryWriter, path: &str, media_type: &str, content: &[u8]) -> Result<()> {
    writer.file(path, &file_meta(media_type, content), &known(content), &mut &*content).map(drop)
}

/// The Cell, and the main box to put files into.
pub(crate) fn begin(writer: &mut MemoryWriter) {
    writer.cell(&document(Kind::Cell, CELL, r#"{"Name":"rich"}"#)).unwrap();
}

pub(crate) fn begin_tree(writer: &mut MemoryWriter) {
    writer.collection("", &meta(NodeKind::Cell, "root")).unwrap();
    writer.collection("__", &meta(NodeKind::Box, "main")).unwrap();
}

/// A small snapshot with something of each kind.
pub(crate) fn small() -> (Vec<u8>, Manifest) {
    let mut writer = writer();
    begin(&mut writer);
    writer.document(&document(Kind::Box, "box", r#"{"Name":"app"}"#)).unwrap();
    writer.document(&document(Kind::Role, "role", r#"{"Name":"doctor"}"#)).unwrap();
    for (box_id, id) in [(CELL, "entity one"), ("box", "entity two"), ("box", "entity three")] {
        let mut line = document(Kind::UserData, id, r#"{"__id":"x","P001":"text text text text text text"}"#);
        line.box_id = Some(Cow::Borrowed(box_id));
        writer.document(&line).unwrap();
    }
    writer.link(&link("account", "role")).unwrap();
    begin_tree(&mut writer);
    writer.collection("__/docs", &meta(NodeKind::WebDav, "docs")).unwrap();
    file(&mut writer, "__/docs/深い.txt", "text/plain", "hello ".repeat(20).as_bytes()).unwrap();
    file(&mut writer, "__/docs/photo.png", "image/png", b"not really a photo").unwrap();
    file(&mut writer, "__/empty", "text/plain", b"").unwrap();
    writer.collection("box", &meta(NodeKind::Box, "box node")).unwrap();
    writer.finish(&key()).unwrap()
}

pub(crate) fn open(bytes: &[u8]) -> Result<MemoryReader<'_>> {
    SnapshotReader::open(Cursor::new(bytes), Limits::default())
}

pub(crate) fn check(bytes: &[u8]) -> Result<Report> {
    verify(&open(bytes)?, None, &mut |_| ControlFlow::Continue(()))
}

pub(crate) fn check_trusting(bytes: &[u8], keys: &[VerifyingKey]) -> Report {
    verify(&open(bytes).unwrap(), Some(keys), &mut |_| ControlFlow::Continue(())).unwrap()
}

/// Reads everything, as an import does.
pub(crate) fn read_all(reader: &MemoryReader<'_>) -> Result<()> {
    for kind in Kind::IN_CELL.into_iter().chain([Kind::Cell]) {
        let mut documents = reader.documents(kind)?;
        while documents.read()?.is_some() {}
    }
    let mut links = reader.links()?;
    while links.read()?.is_some() {}
    for resource in reader.resources() {
        if let Some(mut content) = resource?.content {
            std::io::copy(&mut content, &mut std::io::sink()).map_err(Error::from)?;
        }
    }
    Ok(())
}
