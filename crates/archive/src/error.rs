//! What can be wrong with a snapshot, always with the entry that is wrong.
//!
//! Readers of the standard library speak [`io::Error`], so an [`Error`] may travel inside one; converting back
//! finds it again and nothing is lost on the way through a `Read`.

use std::io;

/// What this crate returns.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a snapshot cannot be written, read or believed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The file is something else.
    #[error("not a zip file")]
    NotAZip,
    /// The file begins like a zip but its directory is not where it should be: it was cut off, or damaged.
    #[error("the file is cut off or damaged: {why}")]
    Truncated {
        /// What is missing.
        why: String,
    },
    /// An entry's bytes are not what its headers promise.
    #[error("{entry}: damaged: {why}")]
    Corrupt {
        /// The entry.
        entry: String,
        /// What does not fit.
        why: String,
    },
    /// An entry that no honest writer makes.
    #[error("{entry}: refused: {why}")]
    Hostile {
        /// The entry.
        entry: String,
        /// What it tries.
        why: String,
    },
    /// A feature of zip that snapshots do not use: encryption, other compression methods.
    #[error("{entry}: not supported: {why}")]
    Unsupported {
        /// The entry.
        entry: String,
        /// The feature.
        why: String,
    },
    /// The snapshot's `export_version`, or the version of its manifest, is not one that can be read.
    #[error("{entry}: version {version} is not supported")]
    UnsupportedVersion {
        /// The entry that says so.
        entry: String,
        /// Its version.
        version: i64,
    },
    /// An entry's text is not of the right shape.
    #[error("{entry}: line {line}: {why}")]
    Malformed {
        /// The entry.
        entry: String,
        /// The line, from 1.
        line: u64,
        /// What is wrong.
        why: String,
    },
    /// An entry that every snapshot has is not there.
    #[error("{entry}: missing")]
    Missing {
        /// The entry.
        entry: String,
    },
    /// Larger than allowed.
    #[error("{entry}: {what} exceeds the limit of {limit}")]
    Limit {
        /// The entry; empty when the archive as a whole exceeds the limit.
        entry: String,
        /// What was counted.
        what: &'static str,
        /// How much is allowed.
        limit: u64,
    },
    /// Content that is not what was recorded of it.
    #[error("{entry}: not what was recorded: {why}")]
    HashMismatch {
        /// The entry.
        entry: String,
        /// Which record differs.
        why: String,
    },
    /// The writer was used out of order or with a name that a reader would refuse.
    #[error("{entry}: cannot be written: {why}")]
    Unwritable {
        /// The entry.
        entry: String,
        /// Why not.
        why: String,
    },
    /// It is encrypted, and cannot be decrypted.
    #[error("it cannot be decrypted: {why}")]
    Locked {
        /// Why not.
        why: String,
    },
    /// Whoever watches the progress asked to stop.
    #[error("interrupted")]
    Interrupted,
    /// The underlying file failed.
    #[error(transparent)]
    Io(io::Error),
}

impl Error {
    /// The entry that is wrong, where one is.
    #[must_use]
    pub fn entry(&self) -> Option<&str> {
        match self {
            Self::Corrupt { entry, .. }
            | Self::Hostile { entry, .. }
            | Self::Unsupported { entry, .. }
            | Self::UnsupportedVersion { entry, .. }
            | Self::Malformed { entry, .. }
            | Self::Missing { entry }
            | Self::Limit { entry, .. }
            | Self::HashMismatch { entry, .. }
            | Self::Unwritable { entry, .. } => Some(entry).filter(|e| !e.is_empty()).map(String::as_str),
            Self::Locked { .. }
            | Self::NotAZip
            | Self::Truncated { .. }
            | Self::Interrupted
            | Self::Io(_) => None,
        }
    }

    pub(crate) fn truncated(why: impl Into<String>) -> Self {
        Self::Truncated { why: why.into() }
    }

    pub(crate) fn corrupt(entry: &str, why: impl Into<String>) -> Self {
        Self::Corrupt { entry: entry.to_owned(), why: why.into() }
    }

    pub(crate) fn hostile(entry: &str, why: impl Into<String>) -> Self {
        Self::Hostile { entry: entry.to_owned(), why: why.into() }
    }

    pub(crate) fn unsupported(entry: &str, why: impl Into<String>) -> Self {
        Self::Unsupported { entry: entry.to_owned(), why: why.into() }
    }

    pub(crate) fn malformed(entry: &str, line: u64, why: impl ToString) -> Self {
        Self::Malformed { entry: entry.to_owned(), line, why: why.to_string() }
    }

    pub(crate) fn missing(entry: impl Into<String>) -> Self {
        Self::Missing { entry: entry.into() }
    }

    pub(crate) fn limit(entry: &str, what: &'static str, limit: u64) -> Self {
        Self::Limit { entry: entry.to_owned(), what, limit }
    }

    pub(crate) fn mismatch(entry: &str, why: impl Into<String>) -> Self {
        Self::HashMismatch { entry: entry.to_owned(), why: why.into() }
    }

    pub(crate) fn locked(why: impl ToString) -> Self {
        Self::Locked { why: why.to_string() }
    }

    pub(crate) fn unwritable(entry: &str, why: impl Into<String>) -> Self {
        Self::Unwritable { entry: entry.to_owned(), why: why.into() }
    }
}

impl From<io::Error> for Error {
    fn from(error: io::Error) -> Self {
        match error.downcast::<Error>() {
            Ok(ours) => ours,
            Err(error) => Self::Io(error),
        }
    }
}

impl From<Error> for io::Error {
    fn from(error: Error) -> Self {
        match error {
            Error::Io(error) => error,
            ours => io::Error::other(ours),
        }
    }
}
