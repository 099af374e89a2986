//! The readable copy in a snapshot: what is in the Cell, for a person who opens `index.html`, without saibo and without
//! a network.
//!
//! It says nothing that the snapshot does not say already, so an import ignores it. Tables are CSV, JSON Lines with a
//! JSON Schema, and HTML. Files are not stored twice: pages link to where they are in the snapshot. What no answer of
//! the API shows (what passwords are checked with) is never in it, for it is made of the declared fields alone.
//!
//! A table is read once for each of its forms, and written as it is read: an archive has one open entry at a time, and
//! nothing that grows with the data is held.

mod control;
mod csv;
mod entities;
mod files;
mod html;
mod index;
mod json;
mod links;
mod names;
mod table;

use saibo_model::Result;
use saibo_store::ReadTx;

use super::out::Archive;
use super::weight;
use crate::job::{Phase, Progress};
use crate::selection::{CellsOwn, Selection};
use crate::{Cell, archive};

use table::Table;

/// What the copy is made of and goes into.
pub(super) struct Readable<'r, 'a> {
    pub(super) tx: &'r dyn ReadTx,
    pub(super) cell: &'r Cell,
    /// When, ms since 1970.
    pub(super) created: i64,
    pub(super) boxes: Option<&'r [String]>,
    pub(super) progress: &'r Progress,
    pub(super) archive: &'r mut Archive<'a>,
}

/// Writes the copy, after all else that is in the snapshot.
pub(super) fn write(mut to: Readable<'_, '_>) -> Result<()> {
    to.progress.enter(Phase::Readable);
    let sets = entities::sets(to.tx, &mut to.source().selection()?)?;
    index::write(&mut to, &sets)?;
    for kind in control::KINDS {
        to.table(&control::table(to.source(), kind)?)?;
    }
    to.table(&links::table(to.source()))?;
    to.table(&files::table(to.source()))?;
    files::pages(&mut to)?;
    for set in &sets {
        to.table(&entities::table(to.source(), set)?)?;
    }
    Ok(())
}

/// Where tables come from.
#[derive(Clone, Copy)]
struct Source<'r> {
    tx: &'r dyn ReadTx,
    boxes: Option<&'r [String]>,
}

impl<'r> Source<'r> {
    /// What of the Cell is taken.
    fn selection(self) -> Result<Selection<'r>> {
        Selection::new(self.tx, self.boxes, CellsOwn::Taken)
    }
}

impl<'r> Readable<'r, '_> {
    fn source(&self) -> Source<'r> {
        Source { tx: self.tx, boxes: self.boxes }
    }

    /// Writes an entry.
    fn entry(
        &mut self,
        name: &str,
        write: impl FnOnce(&mut dyn std::io::Write, &Progress) -> Result<()>,
    ) -> Result<()> {
        let mut entry = self.archive.readable(name).map_err(archive::error)?;
        write(&mut entry, self.progress)?;
        entry.end().map_err(archive::error)
    }

    /// Writes a table in all its forms.
    fn table(&mut self, table: &Table<'_>) -> Result<()> {
        let path = |ending: &str| format!("readable/{}.{ending}", table.file);
        self.entry(&path("csv"), |out, progress| {
            csv::row(out, table.columns.iter().map(|column| column.name.as_str().into()))?;
            (table.rows)(None, &mut |row| {
                count(progress)?;
                csv::row(out, row.iter().map(csv::text))
            })
        })?;
        self.entry(&path("jsonl"), |out, progress| {
            (table.rows)(None, &mut |row| {
                count(progress)?;
                json::line(out, &table.columns, row)
            })
        })?;
        self.entry(&path("schema.json"), |out, _| {
            let schema = serde_json::to_vec_pretty(&table.schema());
            let schema = schema.map_err(|error| written(std::io::Error::other(error)))?;
            out.write_all(&schema).map_err(written)
        })?;
        if table.has_page {
            self.entry(&path("html"), |out, progress| html::table(out, progress, table))?;
        }
        Ok(())
    }
}

/// Counts a row, and stops with the job.
fn count(progress: &Progress) -> Result<()> {
    progress.check()?;
    progress.work(weight::READABLE_ROW);
    Ok(())
}

/// What it means that the file cannot be written.
fn written(error: std::io::Error) -> saibo_model::Error {
    archive::error(error.into())
}
