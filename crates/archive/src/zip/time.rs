//! The time stamps of zip entries, which are MS-DOS's: two seconds fine, from 1980 to 2107, of no time zone.

use time::OffsetDateTime;

/// An MS-DOS date (high half) and time (low half).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct DosTime(pub(crate) u32);

impl DosTime {
    /// The stamp of a moment, in UTC; moments before 1980 or after 2107 become the nearest that there is.
    pub(crate) fn from_millis(millis: i64) -> Self {
        const FIRST: DosTime = DosTime((1 << 21) | (1 << 16));
        const LAST: DosTime = DosTime((127 << 25) | (12 << 21) | (31 << 16) | (23 << 11) | (59 << 5) | 29);
        let Ok(moment) = OffsetDateTime::from_unix_timestamp(millis.div_euclid(1000)) else {
            return if millis < 0 { FIRST } else { LAST };
        };
        let Ok(years) = u32::try_from(moment.year() - 1980) else { return FIRST };
        if years > 127 {
            return LAST;
        }
        let date = (years << 9) | (u32::from(u8::from(moment.month())) << 5) | u32::from(moment.day());
        let time = (u32::from(moment.hour()) << 11)
            | (u32::from(moment.minute()) << 5)
            | (u32::from(moment.second()) / 2);
        Self((date << 16) | time)
    }
}

#[cfg(test)]
mod tests {
    use super::DosTime;

    #[test]
    fn known_moments() {
        // 2026-11-24 00:01:26 UTC, as the fixture's entries have it.
        assert_eq!(DosTime::from_millis(1_795_478_486_984).0, 0x5d78_002d);
        assert_eq!(DosTime::from_millis(0).0, 0x0021_0000);
        assert_eq!(DosTime::from_millis(i64::MIN).0, 0x0021_0000);
        assert_eq!(DosTime::from_millis(i64::MAX).0 >> 25, 127);
        assert_eq!(DosTime::from_millis(9_999_999_999_999).0 >> 25, 127);
    }
}
