//! The thread that runs schedules. It is apart from housekeeping, which can be busy removing something large.

use std::sync::Arc;
use std::time::Duration;

use saibo_model::Result;

use super::{tick, times::MINUTE};
use crate::{Background, Unit, clock};

/// Starts it. What was missed while the unit was stopped is made up at once.
///
/// # Errors
/// If there can be no more threads.
pub fn start(unit: &Arc<Unit>) -> Result<Background> {
    let unit = unit.clone();
    Background::start("saibo-schedules", move || {
        tick(&unit, clock::now()).unwrap_or_else(|error| {
            tracing::warn!(%error, "the schedules of exports could not be looked at");
            Duration::from_millis(MINUTE.unsigned_abs())
        })
    })
}
