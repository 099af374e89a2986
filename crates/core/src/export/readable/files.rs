//! Files: a table of all of them, and for each Box pages that link to where they are in the snapshot.
//!
//! The snapshot has them below `20_webdav`, in the folders that they are in in the Cell: a Box is named by its id, and
//! a file is a folder of its name with `content` in it.

use saibo_dav::href;
use saibo_model::Result;
use saibo_model::node::{CELL_NODE, Node, NodeKind};
use serde_json::{Value, json};

use super::entities::box_name;
use super::html::{self, FilePage};
use super::names::Names;
use super::table::{Column, EachRow, Table};
use super::{Readable, Source, count, json};

/// How many files and folders a page has.
const PAGE: u64 = 1000;

/// The table of all files.
pub(super) fn table(source: Source<'_>) -> Table<'_> {
    let columns = vec![
        Column::text("Box"),
        Column::text("Path"),
        Column::some_text("MediaType"),
        Column { name: "Length".to_owned(), schema: json!({ "type": "integer" }) },
        Column::time("Created"),
        Column::time("Changed"),
        Column::text("Entry"),
    ];
    let rows = move |_top: Option<u64>, each: EachRow<'_>| {
        let names = Names::new(source.tx);
        source.selection()?.tree(&mut |path, node| {
            let Some(content) = &node.content else { return Ok(()) };
            let (in_box, below) = path.split_once('/').unwrap_or((path, ""));
            each(&[
                box_name(&names, in_box)?.into(),
                below.into(),
                node.content_type.clone().map_or(Value::Null, Value::String),
                content.length.into(),
                json::time(node.published),
                json::time(node.updated),
                format!("20_webdav/{path}/content").into(),
            ])
        })
    };
    Table {
        title: "Files".to_owned(),
        file: "files".to_owned(),
        columns,
        rows: Box::new(rows),
        has_page: false,
    }
}

/// A Box that has something in it, by its place among them.
pub(super) struct FilesOf {
    pub(super) number: u64,
    pub(super) name: String,
    node: Node,
}

impl FilesOf {
    /// The file of a page.
    pub(super) fn page(&self, page: u64) -> String {
        format!("files-{:03}-{page:04}.html", self.number)
    }
}

/// Goes over the Boxes that are taken and have a tree.
pub(super) fn boxes(source: Source<'_>, each: &mut dyn FnMut(FilesOf) -> Result<()>) -> Result<()> {
    let (selection, names, mut number) = (source.selection()?, Names::new(source.tx), 0);
    source.tx.children(CELL_NODE, &mut |node| {
        if !selection.has_box(&node.name.as_str().into()) {
            return Ok(());
        }
        number += 1;
        each(FilesOf { number, name: box_name(&names, &node.name)?, node })
    })
}

/// Writes the pages of all Boxes.
pub(super) fn pages(to: &mut Readable<'_, '_>) -> Result<()> {
    boxes(to.source(), &mut |of| pages_of(to, &of))
}

/// Writes the pages of a Box: an entry ends, and the next begins, between two rows.
fn pages_of(to: &mut Readable<'_, '_>, of: &FilesOf) -> Result<()> {
    let (tx, progress) = (to.tx, to.progress);
    let (mut page, mut rows) = (1, 0);
    let mut open = FilePage::begin(to.archive, of)?;
    let mut path = vec![of.node.name.clone()];
    tx.descendants(of.node.seq, &mut |(depth, node)| {
        count(progress)?;
        if rows == PAGE {
            (page, rows) = (page + 1, 0);
            open.turn(page)?;
        }
        rows += 1;
        path.truncate(depth as usize);
        path.push(node.name.clone());
        let shown = path.get(1..).unwrap_or_default().join("/");
        let row = html::FileRow {
            shown: &shown,
            name: &node.name,
            href: node.content.is_some().then(|| href(&path)),
            kind: kind(&node),
            length: node.content.as_ref().map(|content| content.length),
            changed: node.updated,
        };
        open.row(&row)
    })?;
    open.end()
}

fn kind(node: &Node) -> &str {
    match node.kind {
        NodeKind::File => node.content_type.as_deref().unwrap_or_default(),
        NodeKind::OData => "entities",
        NodeKind::Service => "service",
        NodeKind::Stream => "stream",
        _ => "folder",
    }
}

/// Where a page finds the content of the file of a path.
fn href(path: &[String]) -> String {
    let segments: Vec<String> = path.iter().map(|name| href::segment(name).into_owned()).collect();
    format!("../20_webdav/{}/content", segments.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_lead_to_what_they_name() {
        let path = ["__", "a b", "50% #1?.txt", "x\"y<z", "ä"].map(str::to_owned);
        assert_eq!(href(&path), "../20_webdav/__/a%20b/50%25%20%231%3F.txt/x%22y%3Cz/%C3%A4/content");
    }
}
