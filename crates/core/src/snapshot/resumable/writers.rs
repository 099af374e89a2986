//! Who writes to which upload now: one at a time, and whoever asks how far it is ends that one.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};
use saibo_model::{ErrorCode, Result};

use super::record::Key;
use crate::Unit;

/// Has a writer end soon. May be called from any thread, more than once.
pub type Interrupt = Box<dyn Fn() + Send>;

/// How long is waited for a writer that was told to end: it puts what it has on disk first.
const PATIENCE: Duration = Duration::from_secs(20);

/// Who writes now.
#[derive(Default)]
pub(crate) struct Writers {
    now: Mutex<HashMap<Key, Interrupt>>,
    changed: Condvar,
}

impl fmt::Debug for Writers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Writers").finish_non_exhaustive()
    }
}

impl Writers {
    /// Ends whoever writes to an upload, and waits for that.
    pub(super) fn end(&self, key: &Key) -> Result<()> {
        let until = Instant::now() + PATIENCE;
        let mut now = self.now.lock();
        while let Some(interrupt) = now.get(key) {
            interrupt();
            if self.changed.wait_until(&mut now, until).timed_out() {
                return Err(ErrorCode::CellBusy.into());
            }
        }
        Ok(())
    }
}

/// As long as it is there, nobody else writes to the upload.
pub(super) struct Writing {
    unit: Arc<Unit>,
    key: Key,
}

impl Writing {
    /// Begins to write.
    pub(super) fn enter(unit: &Arc<Unit>, key: &Key, interrupt: Interrupt) -> Result<Self> {
        let mut now = unit.uploads().now.lock();
        if now.contains_key(key) {
            return Err(ErrorCode::CellBusy.into());
        }
        now.insert(key.clone(), interrupt);
        drop(now);
        Ok(Self { unit: unit.clone(), key: key.clone() })
    }
}

impl Drop for Writing {
    fn drop(&mut self) {
        let writers = self.unit.uploads();
        writers.now.lock().remove(&self.key);
        writers.changed.notify_all();
    }
}
