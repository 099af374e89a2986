//! What went wrong in a store, and whether trying again can help. No driver's type leaks out.

use std::fmt;

use saibo_model::ErrorCode;

/// What a store returns.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// The kinds of failure that a caller can tell apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorKind {
    /// The store of this Cell was replaced or deleted while the work waited: open the Cell again.
    Retired,
    /// Another document or node has that place already.
    Conflict,
    /// The disk is full, or a quota is.
    Full,
    /// Locked or overloaded for the moment.
    Busy,
    /// What is stored cannot be right.
    Corrupt,
    /// Not there.
    NotFound,
    /// The operating system refused, or anything else.
    Other,
}

/// A failure of a store.
#[derive(Debug)]
pub struct Error {
    kind: ErrorKind,
    doing: String,
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl Error {
    /// A failure while doing something, in words that fit «while {doing}».
    pub fn new(kind: ErrorKind, doing: impl Into<String>) -> Self {
        Self { kind, doing: doing.into(), source: None }
    }

    /// Adds the cause.
    #[must_use]
    pub fn because(mut self, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// An I/O failure while doing something; tells a full disk from the rest.
    pub fn io(doing: impl Into<String>, source: std::io::Error) -> Self {
        let kind = match source.kind() {
            std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded => ErrorKind::Full,
            std::io::ErrorKind::NotFound => ErrorKind::NotFound,
            _ => ErrorKind::Other,
        };
        Self::new(kind, doing).because(source)
    }

    /// What kind of failure it is.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// The store's failure among the causes of a domain error, if there is one.
    #[must_use]
    pub fn among(error: &saibo_model::Error) -> Option<&Self> {
        let mut next = error.cause().map(|cause| cause as &(dyn std::error::Error + 'static));
        while let Some(cause) = next {
            if let Some(found) = cause.downcast_ref() {
                return Some(found);
            }
            next = cause.source();
        }
        None
    }

    /// Whether a use case met a store that was replaced or deleted: nothing that it did counts any more, and it can
    /// begin anew with the Cell looked up again.
    #[must_use]
    pub fn is_retired(error: &saibo_model::Error) -> bool {
        Self::among(error).is_some_and(|failure| failure.kind == ErrorKind::Retired)
    }

    /// Whether the same work can succeed when it is tried again soon.
    #[must_use]
    pub fn can_retry(&self) -> bool {
        matches!(self.kind, ErrorKind::Busy | ErrorKind::Retired)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match self.kind {
            ErrorKind::Retired => "the Cell's store was replaced",
            ErrorKind::Conflict => "that place is taken",
            ErrorKind::Full => "the disk is full",
            ErrorKind::Busy => "the store is busy",
            ErrorKind::Corrupt => "the store is damaged",
            ErrorKind::NotFound => "not found",
            ErrorKind::Other => "the store failed",
        };
        write!(f, "{kind} while {}", self.doing)?;
        match &self.source {
            Some(source) => write!(f, ": {source}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.as_ref().map(|source| &**source as _)
    }
}

impl From<Error> for saibo_model::Error {
    fn from(error: Error) -> Self {
        let code = match error.kind {
            ErrorKind::Full => ErrorCode::DiskFull,
            ErrorKind::Busy | ErrorKind::Retired => ErrorCode::StoreUnavailable,
            ErrorKind::Conflict => ErrorCode::EntityAlreadyExists,
            _ => ErrorCode::StoreUnknown,
        };
        saibo_model::Error::from(code).because(error)
    }
}
