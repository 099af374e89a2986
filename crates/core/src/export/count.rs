//! How much there is to export, counted before the first byte is written.

use saibo_model::{Kind, Result};
use saibo_store::ReadTx;

use crate::job::Counts;
use crate::selection::Selection;

/// Rows that an export takes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Rows {
    pub(super) documents: u64,
    pub(super) links: u64,
    pub(super) nodes: u64,
    /// Bytes of files.
    pub(super) files: u64,
}

/// What a Cell has.
///
/// # Errors
/// The store's.
pub(crate) fn content(tx: &dyn ReadTx) -> Result<Counts> {
    let (_, files, bytes) = tx.node_totals()?;
    Ok(Counts { documents: all_documents(tx)?, links: tx.link_count()?, files, bytes })
}

fn all_documents(tx: &dyn ReadTx) -> Result<u64> {
    Kind::IN_CELL.into_iter().map(|kind| documents(tx, kind)).sum()
}

/// How many documents of a kind a Cell has.
///
/// # Errors
/// The store's.
pub(crate) fn documents(tx: &dyn ReadTx, kind: Kind) -> Result<u64> {
    tx.entity_sets(kind)?.iter().map(|set| tx.count(set, None)).sum()
}

/// Counts them. Where only some are taken, all are looked at but the entities, which are counted by their sets: a small
/// part of what writing them takes.
pub(super) fn rows(tx: &dyn ReadTx, selection: &mut Selection<'_>) -> Result<Rows> {
    if selection.is_whole() {
        let (nodes, _, files) = tx.node_totals()?;
        return Ok(Rows { documents: all_documents(tx)?, links: tx.link_count()?, nodes, files });
    }
    let mut rows = Rows::default();
    for kind in Kind::IN_CELL {
        for set in tx.entity_sets(kind)? {
            if set.collection.is_some() && selection.has_set(&set)? {
                rows.documents += tx.count(&set, None)?;
            }
        }
    }
    for kind in Kind::IN_CELL.into_iter().filter(|kind| !kind.is_in_collection()) {
        tx.all_documents(kind, &mut |(document, _)| {
            rows.documents += u64::from(selection.has_document(&document)?);
            Ok(())
        })?;
    }
    tx.all_links(&mut |(_, first, second)| {
        rows.links += u64::from(selection.has_end(&first)? && selection.has_end(&second)?);
        Ok(())
    })?;
    rows.nodes = 1;
    selection.tree(&mut |_, node| {
        rows.nodes += 1;
        rows.files += node.content.map_or(0, |content| content.length);
        Ok(())
    })?;
    Ok(rows)
}
