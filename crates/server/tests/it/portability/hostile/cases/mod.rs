//! What is wrong with each file, and what is said of it.

mod content;
mod entries;
mod structure;

pub(super) use content::content;
pub(super) use entries::entries;
pub(super) use structure::structure;

/// A file that must not be imported.
pub(super) struct Case {
    pub(super) what: &'static str,
    pub(super) file: Vec<u8>,
    /// Whether `POST __import` refuses it; else `GET __import` tells of it.
    pub(super) at_once: bool,
    pub(super) code: &'static str,
    /// What the message says: the entry, and where possible what is wrong with it.
    pub(super) parts: &'static [&'static str],
}

const BAD: &str = "PR400-MC-0004";
const MISSING: &str = "PR400-MC-0001";
const VERSION: &str = "PR400-MC-0003";
const SHAPE: &str = "PR400-OD-0007";
const DANGLING: &str = "PR400-OD-0024";
