//! Messages between Cells (API pages 267 and 271).
//!
//! [`send`] addresses one and has it delivered: to Cells of this unit without a network, to others by the unit's
//! [`Courier`]. What arrives comes to [`receive`], wherever from. [`answer`] marks a message as read, or approves or
//! rejects what it requests. Messages are listed, got and deleted as control objects are.

mod answer;
mod approve;
mod destinations;
mod envelope;
mod receive;
mod request;
mod send;

use std::fmt;

use saibo_model::{ErrorCode, Result};

use crate::Unit;
use crate::odata::objects::Fields;

pub use answer::answer;
pub use receive::receive;
pub use send::send;

/// Takes messages to Cells of other units.
pub trait Courier: fmt::Debug + Send + Sync {
    /// Posts a message to the port of a Cell, whose URL somebody chose who may not be trusted. May wait for a network,
    /// for a bounded time.
    ///
    /// # Errors
    /// [`ErrorCode::MessageConnection`] if no answer comes, or the URL is none that may be asked.
    fn deliver(&self, parcel: &Parcel<'_>) -> Result<Receipt>;
}

/// What a [`Courier`] takes along.
#[derive(Clone, Copy)]
pub struct Parcel<'p> {
    /// The URL of the port, http(s).
    pub url: &'p str,
    /// The transcell token of the Cell that sends.
    pub token: &'p str,
    /// The message, in JSON.
    pub body: &'p str,
}

impl fmt::Debug for Parcel<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Parcel").field("url", &self.url).finish_non_exhaustive()
    }
}

/// What the other side has answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// The status.
    pub status: u16,
    /// Why it is not 201, if the other side says.
    pub reason: String,
    /// The URL of the Cell to which that one has moved, if it says so.
    pub moved_to: Option<String>,
}

impl Unit {
    /// The unit with somebody who takes its messages to other units.
    #[must_use]
    pub fn with_courier(mut self, courier: Box<dyn Courier>) -> Self {
        self.courier = Some(courier);
        self
    }
}

/// What both sides check of a message: what it requests.
fn check(fields: &Fields, in_box: bool, is_sent: bool) -> Result<()> {
    match fields.text("Type") {
        Some("message") => Ok(()),
        Some("request") => request::check(fields, in_box, is_sent),
        _ => Err(ErrorCode::FieldFormat.with(["Type"])),
    }
}
