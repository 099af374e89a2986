//! Building a Cell's content beside the live one, from a snapshot and what is to be put over it.

use std::collections::BTreeSet;
use std::io::{Read, Seek};
use std::sync::Arc;

use saibo_archive::SnapshotReader;
use saibo_model::{ErrorCode, Id, Kind, Result};
use saibo_store::Builder;
use saibo_store::builder::Built;

use super::chain::Chain;
use super::draft::{self, Draft};
use super::read::Import;
use super::weight;
use crate::job::{Options, Phase, Progress};
use crate::odata::entities::Schema;
use crate::{Cell, Unit, archive};

/// What was read.
pub(super) struct Content {
    pub(super) built: Built,
    /// Whether nothing was left out that passwords are checked with.
    pub(super) has_credentials: bool,
}

/// Builds a Cell's content from a snapshot and puts it on disk.
pub(super) fn build(
    unit: &Unit,
    cell: &Cell,
    chain: &Chain,
    options: &Options,
    draft: Option<Draft<'_>>,
    progress: &Arc<Progress>,
) -> Result<Content> {
    // What is put over what is live refers to the contents of that.
    let _pin = chain.is_over_live().then(|| cell.blobs().pin_all());
    let is_kept = draft.is_some();
    let mut builder = load(unit, cell, chain, options, draft, progress)?;
    if options.mode.is_none()
        && let Err(error) = index_unique(&mut *builder, progress)
    {
        if is_kept {
            draft::leave_if_stopped(builder, progress);
        }
        return Err(error);
    }
    progress.enter(Phase::Finishing);
    let manifest = chain.newest()?.manifest().map_err(archive::error)?;
    let selection = manifest.and_then(|manifest| manifest.selection);
    Ok(Content {
        built: builder.finish()?,
        has_credentials: selection.is_none_or(|selection| selection.credentials),
    })
}

/// Makes the indexes by which unique keys are compared: the first write afterwards would wait for them.
fn index_unique(builder: &mut dyn Builder, progress: &Progress) -> Result<()> {
    let mut fields = Vec::new();
    builder.read_with(&mut |tx| {
        let collections: BTreeSet<Id> =
            tx.entity_sets(Kind::UserData)?.into_iter().filter_map(|set| set.collection).collect();
        for collection in collections {
            fields.extend_from_slice(Schema::load(tx, &collection)?.unique_fields());
        }
        Ok(())
    })?;
    for (set, field) in fields {
        progress.check()?;
        builder.index(&set, &field)?;
    }
    Ok(())
}

/// The same up to where it is whole and checked, and not on disk.
pub(super) fn load(
    unit: &Unit,
    cell: &Cell,
    chain: &Chain,
    options: &Options,
    mut draft: Option<Draft<'_>>,
    progress: &Arc<Progress>,
) -> Result<Box<dyn Builder>> {
    progress.enter(Phase::Checking);
    progress.set_totals(super::totals(chain.totals(), options));
    let left = draft.as_mut().map(|draft| draft.again(cell, progress)).transpose()?.flatten();
    let (builder, state) = match left {
        Some((builder, state)) => (builder, Some(state)),
        None => (begin(unit, cell, chain, progress)?, None),
    };
    let is_kept = draft.is_some();
    let from = own_document(chain.newest()?)?.0;
    let mut import = Import::new(from, cell, builder, draft, progress);
    match import.run(chain, state) {
        Ok(()) => Ok(import.into_builder()),
        Err(error) => {
            if is_kept {
                draft::leave_if_stopped(import.into_builder(), progress);
            }
            Err(error)
        }
    }
}

/// Compares the snapshots with their manifests, and begins to build.
fn begin(unit: &Unit, cell: &Cell, chain: &Chain, progress: &Arc<Progress>) -> Result<Box<dyn Builder>> {
    for snapshot in chain.snapshots() {
        if snapshot.manifest().map_err(archive::error)?.is_some() {
            archive::verify(snapshot, None, progress, weight::VERIFY_PART)?;
        } else {
            // Written by the reference: its checksums are checked as it is read.
            progress.work(snapshot.totals().bytes / weight::VERIFY_PART);
        }
    }
    if chain.is_over_live() {
        let copied = unit.backend().amend(cell.place(), &mut |_, _| progress.check().is_ok());
        progress.check()?;
        Ok(copied?)
    } else {
        Ok(unit.backend().build(cell.id())?)
    }
}

/// Id of the Cell that the snapshot was made of, and its name if it says so.
pub(super) fn own_document(snapshot: &SnapshotReader<impl Read + Seek>) -> Result<(Id, Option<String>)> {
    let mut lines = snapshot.documents(Kind::Cell).map_err(archive::error)?;
    let line = lines.read().map_err(archive::error)?;
    let line = line.ok_or_else(|| ErrorCode::SnapshotEntryMissing.with(["10_odata/00_cell.json"]))?;
    let fields: Option<serde_json::Value> = serde_json::from_str(line.fields).ok();
    let name = fields.and_then(|fields| fields["Name"].as_str().map(str::to_owned));
    Ok((Id::from(line.id.as_ref()), name))
}
