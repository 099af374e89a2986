//! What an export reads: a copy of the Cell's database, or the database itself where there is little to be read.
//!
//! A copy takes as long as there is data. What was changed since another export is found by indexes, so a copy would
//! be most of the work; a read transaction that lasts as long as a small part takes to write holds the log back no
//! longer than a slow reader does.

use std::sync::Arc;

use saibo_model::{Moment, Result};
use saibo_store::{ChangeTotals, SnapshotMark, Store, StoreExt as _};

use super::draft::Draft;
use super::{base, count, rows, totals, weight};
use crate::job::{Options, Progress};
use crate::selection::{CellsOwn, Selection};
use crate::{Cell, Unit};

/// The most rows, and bytes of files, that are read in place: some seconds' work.
const MOST_ROWS: u64 = 100_000;
const MOST_BYTES: u64 = 256 << 20;

/// Whether so much is read without a copy.
pub(super) fn is_read_in_place(changes: &ChangeTotals) -> bool {
    rows(changes) <= MOST_ROWS && changes.bytes <= MOST_BYTES
}

/// What is read, and which moment it is of.
pub(super) struct Source {
    pub(super) store: Arc<dyn Store>,
    /// The moment that ends with it, if a later export can be made since.
    pub(super) moment: Option<Moment>,
    /// The base, if no more is wanted than what was changed since.
    pub(super) since: Option<SnapshotMark>,
    /// Whether it is a copy, which nobody changes.
    pub(super) is_copy: bool,
}

impl Source {
    /// Ends a moment, makes a copy where one is needed, and says how much there is to do.
    pub(super) fn open(
        unit: &Unit,
        cell: &Cell,
        options: &Options,
        draft: &Draft<'_>,
        progress: &Arc<Progress>,
    ) -> Result<Self> {
        let since = options.since.as_deref().map(|name| base::find(unit, cell, name)).transpose()?;
        // Before anything is read: what comes between is in this one, and in the next one once more.
        let mark = || cell.store().write(|tx| tx.mark());
        let known = draft.moment();
        let is_copied = known.is_some();
        let marked = match known {
            Some(known) => known.map(Ok),
            None => options.is_whole().then(|| options.moment.clone().map_or_else(mark, Ok)),
        };
        let moment = match marked {
            None => None,
            Some(Ok(moment)) => Some(moment),
            // Its place is about to be taken, or it takes no writes until that is decided. It can be read all the same.
            Some(Err(error)) if since.is_none() && saibo_store::Error::is_retired(&error) => None,
            Some(Err(error)) => return Err(error),
        };
        let changes =
            since.as_ref().map(|mark| cell.store().read(|tx| tx.change_totals(&mark.moment))).transpose()?;
        let (store, copied) = if !is_copied && changes.as_ref().is_some_and(is_read_in_place) {
            (cell.store().clone(), 0)
        } else {
            let copy = draft.copy(cell.store().as_ref(), progress)?;
            let size = copy.size()?;
            (copy, size)
        };
        let rows = match changes {
            Some(changes) => count::Rows {
                documents: changes.documents,
                links: changes.links,
                // The Cell's own, too.
                nodes: changes.nodes + 1,
                files: changes.bytes,
            },
            None => store.read(|tx| {
                count::rows(tx, &mut Selection::new(tx, options.boxes.as_deref(), CellsOwn::Taken)?)
            })?,
        };
        // Counted when the totals are known; until then the phase says it all.
        progress.set_totals(totals(rows, copied, options.readable));
        progress.work(copied / weight::COPY_PART);
        Ok(Self { store, moment, since, is_copy: copied > 0 })
    }
}
