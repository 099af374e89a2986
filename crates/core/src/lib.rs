//! Use cases: who may do what, control objects, entities, files, export and import. Knows no HTTP.
//!
//! A use case takes the [`Cell`] it is about and the [`Access`] of whoever asks, authorises in one place
//! ([`access::authorize`]), and does its work in one transaction of the Cell's store. Calls block: the server
//! runs them off its async threads.

pub mod access;
pub mod account;
mod archive;
mod background;
pub mod box_url;
pub mod cell;
pub mod clock;
pub mod dav;
pub mod document;
pub mod export;
mod founding;
pub mod housekeeping;
pub mod identity;
pub mod import;
pub mod job;
mod known;
pub mod leftover;
pub mod message;
pub mod odata;
pub mod relay;
pub mod relocation;
pub mod role;
pub mod schedule;
mod selection;
pub mod settings;
pub mod snapshot;
mod swaps;
pub mod token;
pub mod unit;

pub use access::{Access, Subject};
pub use background::Background;
pub use cell::Cell;
pub use identity::IdentityProvider;
pub use settings::Settings;
pub use unit::Unit;
