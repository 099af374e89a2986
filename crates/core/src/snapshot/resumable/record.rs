//! What the register knows of an upload.

use saibo_model::{ErrorCode, Id, Result};
use saibo_store::{ReadTx, WriteTx};
use serde::{Deserialize, Serialize};

use super::{New, Standing};
use crate::Unit;
use crate::document::stored;

/// Scope of the register's values that name the Cells which have uploads.
const CELLS: &str = "upload";

/// Scope of the values that are the uploads of a Cell, by their ids.
fn scope(cell: &Id) -> String {
    format!("upload/{cell}")
}

/// Which upload.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Key {
    pub(super) cell: Id,
    pub(super) id: String,
}

impl Key {
    pub(super) fn forget(&self, tx: &mut dyn WriteTx) -> Result<()> {
        tx.set_value(&scope(&self.cell), &self.id, None)?;
        if tx.read().values(&scope(&self.cell))?.is_empty() {
            tx.set_value(CELLS, self.cell.as_str(), None)?;
        }
        Ok(())
    }

    pub(super) fn not_found(&self) -> saibo_model::Error {
        ErrorCode::ResourceNotFound.with([&self.id])
    }
}

/// An upload.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Record {
    pub(super) name: String,
    pub(super) content_type: String,
    pub(super) metadata: String,
    pub(super) length: u64,
    /// So many bytes are on disk.
    pub(super) offset: u64,
    /// Where; `None` once the file has its name.
    pub(super) place: Option<String>,
    /// What its SHA-256 shall be.
    pub(super) sha256: Option<[u8; 32]>,
    /// The state of the hash at `offset`, if one is to be compared (`super::hash`).
    pub(super) hash: Option<String>,
    /// When something last came, ms since 1970.
    pub(super) active_at: i64,
}

impl Record {
    pub(super) fn new(new: New, place: String, now: i64) -> Self {
        let New { name, content_type, length, sha256, metadata } = new;
        let place = Some(place);
        Self { name, content_type, metadata, length, offset: 0, place, sha256, hash: None, active_at: now }
    }

    pub(super) fn find(tx: &dyn ReadTx, key: &Key) -> Result<Option<Self>> {
        tx.value(&scope(&key.cell), &key.id)?.map(|text| stored(&text)).transpose()
    }

    pub(super) fn enter(&self, tx: &mut dyn WriteTx, key: &Key) -> Result<()> {
        let text = serde_json::to_string(self)
            .map_err(|e| saibo_model::Error::from(ErrorCode::Unknown).because(e))?;
        tx.set_value(CELLS, key.cell.as_str(), Some(""))?;
        tx.set_value(&scope(&key.cell), &key.id, Some(&text))
    }

    pub(super) fn standing(&self, unit: &Unit) -> Standing {
        Standing {
            offset: self.offset,
            length: self.length,
            metadata: self.metadata.clone(),
            expires_at: self.expires_at(unit),
        }
    }

    fn expires_at(&self, unit: &Unit) -> i64 {
        let kept = i64::try_from(unit.settings().uploads_kept_for.as_millis()).unwrap_or(i64::MAX);
        self.active_at.saturating_add(kept)
    }

    /// Whether it is kept no longer.
    pub(super) fn is_past(&self, unit: &Unit, now: i64) -> bool {
        now >= self.expires_at(unit)
    }
}

/// The Cells that have uploads.
pub(super) fn cells(tx: &dyn ReadTx) -> Result<Vec<Id>> {
    Ok(tx.values(CELLS)?.into_iter().map(|(cell, _)| Id::from(cell)).collect())
}

/// The uploads of a Cell. They are few: a Cell has no more than the configuration allows.
pub(super) fn of_cell(tx: &dyn ReadTx, cell: &Id) -> Result<Vec<(Key, Record)>> {
    let key = |id: String| Key { cell: cell.clone(), id };
    tx.values(&scope(cell))?.into_iter().map(|(id, text)| Ok((key(id), stored(&text)?))).collect()
}
