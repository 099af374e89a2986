//! The time.

use std::time::{SystemTime, UNIX_EPOCH};

/// Milliseconds since 1970, as everything in the API counts.
#[must_use]
pub fn now() -> i64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |elapsed| i64::try_from(elapsed.as_millis()).unwrap_or(i64::MAX))
}
