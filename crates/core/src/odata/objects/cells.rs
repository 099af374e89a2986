//! Cells: whose they are, making one with its data, and deleting one with all of it (API pages 100 to 104 and 204).

use std::sync::Arc;

use saibo_model::node::{CELL_NODE, MAIN_BOX};
use saibo_model::query::{Comparison, Field, Filter, Literal};
use saibo_model::{Document, EntitySet, ErrorCode, Kind, Result};
use saibo_store::{ReadTx, StoreExt as _};
use serde_json::json;

use super::{Objects, Scope};
use crate::access::{Access, Subject, authorize_unit, is_unit_user};
use crate::job::JobKind;
use crate::leftover::{Entry, Making};
use crate::unit::owner_of;
use crate::{Cell, Unit, import, relocation, schedule, snapshot};

/// What a Cell that can be deleted without more ado has none of.
const CONTENTS: [Kind; 9] = [
    Kind::Box,
    Kind::Account,
    Kind::Role,
    Kind::ExtCell,
    Kind::ExtRole,
    Kind::Relation,
    Kind::Rule,
    Kind::SentMessage,
    Kind::ReceivedMessage,
];

impl Objects<'_> {
    /// The unit user who asks, if only what is theirs is theirs to see.
    fn owner(&self) -> Option<&str> {
        match (&self.scope, &self.access.subject) {
            (Scope::Unit, Subject::UnitUser(url)) => Some(url),
            _ => None,
        }
    }

    /// The hidden fields of a Cell that whoever asks makes.
    pub(super) fn owner_to_keep(&self) -> Option<String> {
        self.owner().map(|owner| json!({ "Owner": owner }).to_string())
    }

    /// Checks that a Cell belongs to whoever asks.
    ///
    /// # Errors
    /// 403-AU-0003 if it does not.
    pub(super) fn check_owner(&self, document: &Document) -> Result<()> {
        let Some(asks) = self.owner() else { return Ok(()) };
        let owner = owner_of(document).map(|owner| self.unit.normalize_owner(&owner));
        if owner.as_deref() == Some(asks) { Ok(()) } else { Err(ErrorCode::NotYours.into()) }
    }

    /// The condition that Cells of whoever asks keep.
    pub(super) fn own_condition(&self) -> Option<Filter> {
        let spellings = self.unit.settings().unit_url.spellings(self.owner()?);
        let field = Field::Hidden("Owner".to_owned());
        spellings
            .into_iter()
            .map(|owner| Filter::Compare(field.clone(), Comparison::Equal, Literal::Text(owner)))
            .reduce(|one, other| Filter::Or(Box::new(one), Box::new(other)))
    }

    /// Deletes a Cell with nothing in it.
    ///
    /// # Errors
    /// 409-OD-0001 if there is something in it, 409-MC-0001 while it is exported or imported.
    pub(super) fn delete_empty_cell(&self, document: &Document) -> Result<()> {
        let cell = self.unit.cell_or_moved(&document.key)?;
        remove(self.unit, &cell, |tx| {
            let has_objects = CONTENTS.iter().try_fold(false, |found, kind| {
                Ok::<_, saibo_model::Error>(found || tx.any(&EntitySet::control(*kind), None)?)
            })?;
            let has_files = match tx.child(CELL_NODE, MAIN_BOX)? {
                Some(main) => tx.child_count(main.seq)? > 0,
                None => false,
            };
            Ok(!has_objects && !has_files)
        })
    }
}

/// Deletes a Cell with everything in it (API page 204).
///
/// # Errors
/// 412-MC-0001 unless `recursive` says `true`; why somebody may not; 409-MC-0001 while it is exported or imported.
pub fn delete_cell(unit: &Arc<Unit>, cell: &Cell, access: &Access, recursive: Option<&str>) -> Result<()> {
    // The header is looked at first, as the API does.
    if recursive != Some("true") {
        return Err(ErrorCode::PreconditionFailed.with(["X-Personium-Recursive"]));
    }
    authorize_unit(access)?;
    if !is_unit_user(access, cell) {
        return Err(ErrorCode::NotYours.into());
    }
    remove(unit, cell, |_| Ok(true))
}

/// Takes a Cell from the register if it may go, and then its data away.
fn remove(unit: &Unit, cell: &Cell, may_go: impl FnOnce(&dyn ReadTx) -> Result<bool>) -> Result<()> {
    let busy = [JobKind::Export, JobKind::Import, JobKind::Move]
        .iter()
        .any(|kind| unit.jobs().running(cell.id(), *kind).is_some());
    if busy {
        return Err(ErrorCode::CellBusy.into());
    }
    let held = unit.hold(cell)?;
    let making = Making::planned(unit, cell.id());
    // Whoever writes from now on is refused, so that nothing comes between looking and deleting.
    cell.store().retire();
    let gone = cell.store().read(may_go).and_then(|may_go| match may_go {
        true => unregister(unit, cell, making.entry()),
        false => Err(ErrorCode::HasRelatedData.into()),
    });
    if gone.is_err() {
        cell.store().reinstate();
        return gone;
    }
    unit.forget_cell(cell.id());
    drop(held);
    // It is deleted; what fails from here on leaves bytes that nobody reaches, and housekeeping tries again.
    let cleared = unit
        .jobs()
        .forget(cell.id())
        .and_then(|()| snapshot::forget_all(unit, cell.id()))
        .and_then(|()| import::forget_all(unit, cell.id()))
        .and_then(|()| relocation::forget_all(unit, cell.id(), cell.url()))
        .and_then(|()| schedule::forget_all(unit, cell.id()))
        .and_then(|()| Ok(unit.backend().remove_cell(cell.id())?))
        .and_then(|()| making.done());
    if let Err(error) = cleared {
        tracing::warn!(%error, cell = cell.name(), "the data of a deleted Cell could not be removed yet");
    }
    Ok(())
}

fn unregister(unit: &Unit, cell: &Cell, entry: Entry) -> Result<()> {
    let (seq, id) = (cell.document().seq, cell.id().clone());
    unit.backend().register().write(move |tx| {
        tx.delete_document(seq)?;
        Unit::forget_generation(tx, &id)?;
        entry.write(tx)
    })
}
