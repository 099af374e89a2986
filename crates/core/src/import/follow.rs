//! Imports that are known to be followed by others: the rest of a Cell that is on its way here.
//!
//! An import that more follows leaves in the store which snapshot it is of, and marks the moment. As long as nothing was
//! written since, an incremental snapshot whose base is that one can be put over a copy of the live generation: no base
//! need be there, and it takes the time of a copy rather than that of an import of everything.

use saibo_archive::Base;
use saibo_model::{ErrorCode, Moment, Result};
use saibo_store::{ChangeTotals, Place, StoreExt as _};
use serde::{Deserialize, Serialize};

use super::chain::Opened;
use crate::{Cell, Unit, archive, document};

/// Scope of the store's value that says which snapshot it is of.
const SCOPE: &str = "imported";

/// What a generation was imported from.
#[derive(Debug, Serialize, Deserialize)]
struct Imported {
    /// SHA-256 of the snapshot's manifest, in hexadecimal.
    manifest: String,
    /// When it was all that there was.
    moment: Moment,
}

/// Notes that a generation that was built is of a snapshot, and has what is written from now on tracked.
pub(super) fn note(unit: &Unit, place: &Place, snapshot: &Opened) -> Result<()> {
    // The reference's have none, and nothing incremental follows them.
    let Some(manifest) = snapshot.manifest_hash().map_err(archive::error)? else { return Ok(()) };
    let (store, _blobs) = unit.backend().open(place)?;
    store.write(move |tx| {
        let imported = Imported { manifest: manifest.clone(), moment: tx.mark()? };
        let text = serde_json::to_string(&imported)
            .map_err(|e| saibo_model::Error::from(ErrorCode::Unknown).because(e))?;
        tx.set_value(SCOPE, "", Some(&text))
    })
}

/// Whether what is live in a Cell is a snapshot, and nothing else.
pub(super) fn is_live(cell: &Cell, base: &Base) -> Result<bool> {
    cell.store().read(|tx| {
        let Some(text) = tx.value(SCOPE, "")? else { return Ok(false) };
        let imported: Imported = document::stored(&text)?;
        Ok(imported.manifest == base.sha256
            && tx.knows_changes_since(&imported.moment)?
            && tx.change_totals(&imported.moment)? == ChangeTotals::default())
    })
}
