//! The other side of a move, as use cases see it.

use std::fmt;
use std::io::Read;

use saibo_model::Result;

use crate::job::Counts;
use crate::schedule::Plan;
use crate::settings::Secret;

/// Reaches Cells of other units, or of this one, over their API.
pub trait Carrier: fmt::Debug + Send + Sync {
    /// A Cell that somebody named who may not be trusted, with a token for it.
    ///
    /// # Errors
    /// [`saibo_model::ErrorCode::Network`] if nothing that could be asked is there.
    fn reach(&self, url: &str, token: &Secret) -> Result<Box<dyn Destination>>;

    /// Where a Cell says that it has moved; `None` if it does not say so.
    ///
    /// # Errors
    /// [`saibo_model::ErrorCode::Network`] if no answer comes.
    fn moved_to(&self, url: &str) -> Result<Option<String>>;

    /// The URLs that a Cell says that it had before.
    ///
    /// # Errors
    /// [`saibo_model::ErrorCode::Network`] if no answer comes.
    fn former(&self, url: &str) -> Result<Vec<String>>;
}

/// What becomes of an import at the other side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Go {
    /// It is waited for.
    On,
    /// It is cancelled.
    Cancel,
    /// Nobody waits for it any more; it goes on.
    Leave,
}

/// A Cell that is filled from afar. Every call may wait for a network, for a bounded time; its errors are
/// [`saibo_model::ErrorCode::Network`], with what the other side said, or
/// [`saibo_model::ErrorCode::DestinationRefuses`] if it does not take the token.
pub trait Destination: Send {
    /// Whether there is such a Cell.
    ///
    /// # Errors
    /// If that is not known.
    fn exists(&self) -> Result<bool>;

    /// Creates it.
    ///
    /// # Errors
    /// If it cannot be.
    fn create(&self) -> Result<()>;

    /// Whether nothing is in it: no control objects, and no files.
    ///
    /// # Errors
    /// If that is not known.
    fn is_empty(&self) -> Result<bool>;

    /// Sends a snapshot file of a length.
    ///
    /// # Errors
    /// If it did not arrive.
    fn send(&self, file: &str, content: &mut dyn Read, length: u64) -> Result<()>;

    /// Length of a snapshot file that is there.
    ///
    /// # Errors
    /// If that is not known.
    fn length(&self, file: &str) -> Result<Option<u64>>;

    /// Has a snapshot imported that others are to follow, and waits for the end. `watch` is told per cent done, and says
    /// whether it is to go on. What the Cell has since; `None` if its unit does not tell.
    ///
    /// # Errors
    /// If it failed, or was not to go on; [`saibo_model::ErrorCode::SnapshotBaseMissing`] if what it is to be put over is
    /// not there.
    fn import(&self, name: &str, watch: &mut dyn FnMut(u64) -> Go) -> Result<Option<Counts>>;

    /// The name of the snapshot whose import was the last that took effect, if it begins so. One of those that is being
    /// imported is waited for, and `watch` asked.
    ///
    /// # Errors
    /// If that is not known, or was not to go on.
    fn imported(&self, prefix: &str, watch: &mut dyn FnMut(u64) -> Go) -> Result<Option<String>>;

    /// Takes a snapshot file away.
    ///
    /// # Errors
    /// If that is not possible now.
    fn remove(&self, file: &str) -> Result<()>;

    /// Sets the schedule of its exports.
    ///
    /// # Errors
    /// Why it is not set.
    fn schedule(&self, plan: &Plan) -> Result<()>;

    /// Takes it back.
    ///
    /// # Errors
    /// If that is not possible now.
    fn unschedule(&self) -> Result<()>;

    /// Says that the Cell of a URL has moved there.
    ///
    /// # Errors
    /// If it could not be told.
    fn arrived(&self, from: &str) -> Result<()>;
}
