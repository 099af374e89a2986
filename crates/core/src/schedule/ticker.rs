//! The thread that runs schedules. It is apart from housekeeping, which can be busy removing something large.

use std::sync::Arc;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

use saibo_model::{ErrorCode, Result};

use super::{tick, times::MINUTE};
use crate::{Unit, clock};

/// The thread. It ends when this is dropped; [`Ticker::stop`] waits for that.
#[derive(Debug)]
pub struct Ticker {
    stop: Sender<()>,
    thread: JoinHandle<()>,
}

impl Ticker {
    /// Starts it. What was missed while the unit was stopped is made up at once.
    ///
    /// # Errors
    /// If there can be no more threads.
    pub fn start(unit: &Arc<Unit>) -> Result<Self> {
        let (stop, stopped) = channel();
        let unit = unit.clone();
        let thread = std::thread::Builder::new().name("saibo-schedules".to_owned()).spawn(move || {
            loop {
                let pause = tick(&unit, clock::now()).unwrap_or_else(|error| {
                    tracing::warn!(%error, "the schedules of exports could not be looked at");
                    Duration::from_millis(MINUTE.unsigned_abs())
                });
                if stopped.recv_timeout(pause) != Err(RecvTimeoutError::Timeout) {
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
            tracing::error!("the thread that runs schedules ended in a panic");
        }
    }
}
