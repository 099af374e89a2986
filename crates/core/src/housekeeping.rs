//! What a running unit does beside its requests: it removes what is kept no longer and what a crash left.

use std::sync::Arc;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

use saibo_model::{ErrorCode, Result};

use crate::snapshot::resumable;
use crate::{Unit, export, import, leftover};

/// The thread that does so. It ends when this is dropped; [`Housekeeping::stop`] waits for that.
#[derive(Debug)]
pub struct Housekeeping {
    stop: Sender<()>,
    thread: JoinHandle<()>,
}

impl Housekeeping {
    /// Starts it: at once for the first time, then each time `every` has passed.
    ///
    /// # Errors
    /// If there can be no more threads.
    pub fn start(unit: &Arc<Unit>, every: Duration) -> Result<Self> {
        let (stop, stopped) = channel();
        let unit = unit.clone();
        let thread = std::thread::Builder::new().name("saibo-housekeeping".to_owned()).spawn(move || {
            loop {
                tidy(&unit);
                if stopped.recv_timeout(every) != Err(RecvTimeoutError::Timeout) {
                    return;
                }
            }
        });
        let thread = thread.map_err(|e| saibo_model::Error::from(ErrorCode::Unknown).because(e))?;
        Ok(Self { stop, thread })
    }

    /// Ends it after what it is at.
    pub fn stop(self) {
        drop(self.stop);
        if self.thread.join().is_err() {
            tracing::error!("the housekeeping thread ended in a panic");
        }
    }
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
