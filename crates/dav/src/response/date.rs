//! Dates of live properties (RFC 4918 §15.1, §15.7), in the forms that the API uses.

use time::OffsetDateTime;
use time::format_description::BorrowedFormatItem;
use time::macros::format_description;

/// The last millisecond of the year 9999, beyond which neither form goes.
const LAST: i64 = 253_402_300_799_999;

/// `creationdate`: ISO 8601 in UTC with milliseconds and a numeric offset without colon.
pub(super) fn creation_date(ms: i64) -> String {
    format(ms, format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:3]+0000"))
}

/// A date as headers and `getlastmodified` have it, an IMF-fixdate (RFC 9110 §5.6.7), of ms since 1970.
#[must_use]
pub fn http_date(ms: i64) -> String {
    format(
        ms,
        format_description!(
            "[weekday repr:short], [day] [month repr:short] [year] [hour]:[minute]:[second] GMT"
        ),
    )
}

/// An imported Cell may hold any number, which is moved into the range that can be shown.
fn format(ms: i64, form: &[BorrowedFormatItem<'_>]) -> String {
    OffsetDateTime::from_unix_timestamp_nanos(i128::from(ms.clamp(0, LAST)) * 1_000_000)
        .ok()
        .and_then(|date| date.format(form).ok())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cases() {
        let cases = [
            (1_795_487_192_901, "2026-11-24T02:26:32.901+0000", "Tue, 24 Nov 2026 02:26:32 GMT"),
            (0, "1970-01-01T00:00:00.000+0000", "Thu, 01 Jan 1970 00:00:00 GMT"),
            (i64::MIN, "1970-01-01T00:00:00.000+0000", "Thu, 01 Jan 1970 00:00:00 GMT"),
            (i64::MAX, "9999-12-31T23:59:59.999+0000", "Fri, 31 Dec 9999 23:59:59 GMT"),
        ];
        for (ms, created, modified) in cases {
            assert_eq!((creation_date(ms).as_str(), http_date(ms).as_str()), (created, modified));
        }
    }
}
