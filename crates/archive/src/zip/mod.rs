//! The zip container, as far as snapshots use it: stored and deflated entries, Zip64, UTF-8 names.
//!
//! The formats of the headers are those of APPNOTE.TXT 6.3. An archive that this module wrote has exactly one form
//! (see [`header`]), so a reader can tell whether any bit of a header was changed afterwards.

pub(crate) mod deflate;
pub(crate) mod directory;
pub(crate) mod entry;
pub(crate) mod header;
pub(crate) mod known;
pub(crate) mod record;
pub(crate) mod source;
pub(crate) mod standing;
pub(crate) mod time;
pub(crate) mod writer;

/// How much is read or written at once: enough that a disk, not the number of calls, sets the pace.
pub(crate) const BUFFER: usize = 256 << 10;
