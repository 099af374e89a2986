//! What a running unit does beside its requests: it removes what is kept no longer and what a crash left.

use std::sync::Arc;
use std::time::Duration;

use saibo_model::Result;

use crate::snapshot::resumable;
use crate::{Background, Unit, export, import, leftover};

/// Starts it: at once for the first time, then each time `every` has passed.
///
/// # Errors
/// If there can be no more threads.
pub fn start(unit: &Arc<Unit>, every: Duration) -> Result<Background> {
    let unit = unit.clone();
    Background::start("saibo-housekeeping", move || {
        tidy(&unit);
        every
    })
}

/// Failures are for the log: it is tried again the next time.
fn tidy(unit: &Arc<Unit>) {
    if let Err(error) = leftover::clear(unit) {
        tracing::warn!(%error, "what a crash may have left could not be looked for");
    }
    match import::remove_expired(unit) {
        Ok(0) => {}
        Ok(count) => tracing::info!(count, "removed what imports had replaced"),
        Err(error) => tracing::warn!(%error, "what imports replaced could not be removed"),
    }
    if let Err(error) = export::forget_unneeded(unit) {
        tracing::warn!(%error, "what Cells need not remember could not be looked for");
    }
    match resumable::remove_expired(unit) {
        Ok(0) => {}
        Ok(count) => tracing::info!(count, "removed uploads that nobody went on with"),
        Err(error) => tracing::warn!(%error, "uploads that are kept no longer could not be removed"),
    }
}
