//! From the driver's errors to the store's kinds.

use rusqlite::ErrorCode;
use saibo_store::{Error, ErrorKind};

/// Says what was being done when the driver failed.
pub(crate) fn while_doing(doing: &'static str) -> impl Fn(rusqlite::Error) -> Error {
    move |source| {
        let kind = match source.sqlite_error_code() {
            Some(ErrorCode::ConstraintViolation) => ErrorKind::Conflict,
            Some(ErrorCode::DiskFull) => ErrorKind::Full,
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => ErrorKind::Busy,
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => ErrorKind::Corrupt,
            Some(ErrorCode::CannotOpen) => ErrorKind::NotFound,
            _ => ErrorKind::Other,
        };
        Error::new(kind, doing).because(source)
    }
}
