//! A Cell that takes no writes for a while.

use saibo_store::StoreExt as _;

use super::moved;
use crate::{Cell, Unit};

/// A Cell's store takes no writes as long as it is there. Afterwards it does again, unless another has taken its place,
/// the Cell has moved, or that is not certain: then none may take what could be lost.
pub(crate) struct Quiet<'c> {
    unit: &'c Unit,
    cell: &'c Cell,
}

impl<'c> Quiet<'c> {
    /// Has it take no writes. Whoever does so holds the right to swap ([`Unit::hold`]): those who write wait for that.
    pub(crate) fn begin(unit: &'c Unit, cell: &'c Cell) -> Self {
        cell.store().retire();
        Self { unit, cell }
    }
}

impl Drop for Quiet<'_> {
    fn drop(&mut self) {
        let id = self.cell.id();
        let is_live = self.unit.generation(id).is_ok_and(|live| live == Some(self.cell.place().generation));
        let is_here =
            self.unit.backend().register().read(|tx| moved::find(tx, id)).is_ok_and(|m| m.is_none());
        if is_live && is_here {
            self.cell.store().reinstate();
        }
    }
}
