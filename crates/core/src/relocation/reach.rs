//! The way to the new place, and the Cell there.

use std::sync::Arc;
use std::time::{Duration, Instant};

use saibo_model::{Error, ErrorCode, Result};

use super::Destination;
use super::order::{Made, Order};
use crate::Unit;
use crate::job::{Job, Progress};

/// How long another unit may not be there after a stop of this one: what stopped the one may have stopped the other.
const PATIENCE: Duration = Duration::from_secs(60);

/// How long until it is tried again.
const PAUSE: Duration = Duration::from_millis(500);

/// A Cell that can be talked to, and whether it is there.
pub(super) type Reached = (Box<dyn Destination>, bool);

/// Reaches the new place.
pub(super) fn reach(unit: &Unit, order: &Order, progress: &Arc<Progress>) -> Result<Reached> {
    let carrier = unit.carrier().ok_or_else(|| ErrorCode::Network.with(["this unit has no way out"]))?;
    let until = Instant::now() + PATIENCE;
    loop {
        let reached = carrier.reach(&order.request.to, &order.request.token).and_then(|destination| {
            let exists = destination.exists()?;
            Ok((destination, exists))
        });
        match reached {
            Err(error)
                if order.is_resumed && error.code() == ErrorCode::Network && Instant::now() < until =>
            {
                progress.check()?;
                tracing::debug!(%error, to = order.request.to, "the new place is not there yet");
                std::thread::sleep(PAUSE);
            }
            reached => return reached,
        }
    }
}

/// Why it could not be: a token that was good once has ended, if a stop of the unit came between.
pub(super) fn explained(error: Error, order: &Order) -> Error {
    if !order.is_resumed || error.code() != ErrorCode::DestinationRefuses {
        return error;
    }
    let why = error.params().first().cloned().unwrap_or_default();
    let told = "the move was cut off by a stop of the unit, and its token is not valid any more; begin it again \
                with another one. What was copied may be left there";
    ErrorCode::DestinationRefuses.with([format!("{told} ({why})")])
}

/// Makes sure that there is a Cell which may be filled.
pub(super) fn prepare(
    unit: &Unit,
    job: &Job,
    order: &mut Order,
    destination: &dyn Destination,
    exists: bool,
) -> Result<()> {
    let was_asked = order.made == Made::Asked;
    match (exists, order.request.replace, order.made) {
        (true, true, _) | (true, _, Made::Yes) => return Ok(()),
        (true, false, Made::No) => {
            let there =
                format!("there is a Cell at {} already, and Replace was not asked for", order.request.to);
            return Err(ErrorCode::Network.with([there]));
        }
        (true, false, Made::Asked) => take(order, destination)?,
        (false, ..) => {
            order.note(unit, job, Made::Asked)?;
            match destination.create() {
                // It was asked before a stop of this unit, and has done it only now.
                Err(_) if was_asked && destination.exists()? => take(order, destination)?,
                created => created?,
            }
        }
    }
    order.note(unit, job, Made::Yes)
}

/// Takes a Cell of which it is not known whether the move has made it: a stop of the unit came before the answer. In one
/// that is empty nothing is replaced, whoever made it.
fn take(order: &Order, destination: &dyn Destination) -> Result<()> {
    if destination.is_empty()? {
        return Ok(());
    }
    let there = format!(
        "there is a Cell at {} with something in it, which the move may not have made; ask for Replace",
        order.request.to
    );
    Err(ErrorCode::Network.with([there]))
}
