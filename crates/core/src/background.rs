//! A thread of a running unit that does something again and again, beside the requests.

use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

use saibo_model::{ErrorCode, Result};

/// Such a thread. It ends when this is dropped; [`Background::stop`] waits for that.
#[derive(Debug)]
pub struct Background {
    stop: Sender<()>,
    thread: JoinHandle<()>,
}

impl Background {
    /// Starts it. `work` is done at once, and again whenever the time has passed that it tells.
    ///
    /// # Errors
    /// If there can be no more threads.
    pub(crate) fn start(name: &str, mut work: impl FnMut() -> Duration + Send + 'static) -> Result<Self> {
        let (stop, stopped) = channel();
        let thread = std::thread::Builder::new().name(name.to_owned()).spawn(move || {
            loop {
                let pause = work();
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
        let name = self.thread.thread().name().unwrap_or_default().to_owned();
        if self.thread.join().is_err() {
            tracing::error!(name, "a thread of the unit ended in a panic");
        }
    }
}
