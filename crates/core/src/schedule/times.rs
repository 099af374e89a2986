//! When a schedule runs: a cron expression of five fields, in UTC.
//!
//! What the fields mean is `croner`'s business: day of month *or* day of week where both are given, as Vixie cron has
//! it. Only the calendar is ours, so that it brings none.

use std::cmp::Ordering;

use croner::parser::{CronParser, Seconds, Year};
use croner::{CivilDate, CivilDateTime, CivilTime, Cron, CronDateTime, Resolution, Weekday};
use saibo_model::{ErrorCode, Result};
use time::{Date, Month, OffsetDateTime, Time};

/// The longest expression: each minute of the hour, written out, and room for the other fields.
const LONGEST: usize = 512;

/// How many times are looked at for two that are too close. Each day has the same times, so that a day of them would
/// do, were it not for midnight.
const LOOKED_AT: usize = 400;

/// How long ahead they are looked for, in ms: past a year, every day of it has been seen.
const LOOKED_AHEAD: i64 = 400 * 24 * 60 * MINUTE;

/// A minute, in ms: cron knows none shorter.
pub(super) const MINUTE: i64 = 60_000;

/// The times of an expression.
#[derive(Debug)]
pub(super) struct Times(Cron);

impl Times {
    /// Reads an expression.
    ///
    /// # Errors
    /// [`ErrorCode::BodyKeyFormat`], with what is wrong.
    pub(super) fn parse(text: &str) -> Result<Self> {
        if text.len() > LONGEST || !text.bytes().all(|byte| byte.is_ascii_graphic() || byte == b' ') {
            return Err(wrong(format!("of {LONGEST} ASCII characters at most")));
        }
        // A list of nothing would be taken for a field without a value, and be looked for in each hour of 3,000 years.
        let is_full = |field: &str| field.trim_start_matches('+').split(',').all(|part| !part.is_empty());
        if !text.split(' ').filter(|field| !field.is_empty()).all(is_full) {
            return Err(wrong("a list has no values"));
        }
        let parser = CronParser::builder().seconds(Seconds::Disallowed).year(Year::Disallowed).build();
        let cron = parser.parse(text).map_err(wrong)?;
        // With these there is a time in each day, so only days have to be looked for.
        if cron.pattern.minutes.values().is_empty() || cron.pattern.hours.values().is_empty() {
            return Err(wrong("there is no such time of day"));
        }
        Ok(Self(cron))
    }

    /// The first time after another, both ms since 1970; none if there is none.
    pub(super) fn after(&self, ms: i64) -> Option<i64> {
        let from = At(OffsetDateTime::from_unix_timestamp(ms.div_euclid(1000)).ok()?);
        let At(found) = self.0.find_next_occurrence(&from, false).ok()?;
        found.unix_timestamp().checked_mul(1000)
    }

    /// The first time, if it runs at all and never sooner than `apart` ms after it ran.
    ///
    /// # Errors
    /// [`ErrorCode::BodyKeyFormat`].
    pub(super) fn first(&self, now: i64, apart: i64) -> Result<i64> {
        let first = self.after(now).ok_or_else(|| wrong("there is no such day"))?;
        let mut before = first;
        for _ in 0..LOOKED_AT {
            match self.after(before) {
                Some(next) if next <= first.saturating_add(LOOKED_AHEAD) => {
                    if next - before < apart {
                        let minutes = apart / MINUTE;
                        return Err(wrong(format!(
                            "this unit exports a Cell every {minutes} minutes at most"
                        )));
                    }
                    before = next;
                }
                _ => break,
            }
        }
        Ok(first)
    }

    /// The time to run at after a run that began `now`, at least about `apart` ms later: one that was late does not
    /// bring two close to each other. One that began within two minutes of its time was not late.
    pub(super) fn next(&self, now: i64, apart: i64) -> Option<i64> {
        self.after(now.saturating_add((apart - 2 * MINUTE).max(0)))
    }
}

fn wrong(why: impl std::fmt::Display) -> saibo_model::Error {
    ErrorCode::BodyKeyFormat.with(["Cron", &format!("a cron expression of five fields: {why}")])
}

/// A time in UTC, whole seconds.
#[derive(Clone, Copy)]
struct At(OffsetDateTime);

impl CronDateTime for At {
    fn to_civil(&self) -> CivilDateTime {
        let (year, month, day) = self.0.to_calendar_date();
        let (hour, minute, second) = self.0.to_hms();
        CivilDateTime::new(
            CivilDate::from_parts_unchecked(year, u8::from(month).into(), day.into()),
            CivilTime::from_parts_unchecked(hour.into(), minute.into(), second.into()),
        )
    }

    fn civil_weekday(&self) -> Weekday {
        Weekday::from_days_from_sunday(self.0.weekday().number_days_from_sunday().into())
    }

    fn resolve_civil(&self, civil: CivilDateTime) -> Result<Resolution<Self>, croner::errors::CronError> {
        let at = civil_to_utc(civil).ok_or(croner::errors::CronError::InvalidDate)?;
        Ok(Resolution::Single(Self(at)))
    }

    fn checked_add_seconds(&self, seconds: i64) -> Option<Self> {
        self.0.checked_add(time::Duration::seconds(seconds)).map(Self)
    }

    fn cmp_instant(&self, other: &Self) -> Ordering {
        self.0.cmp(&other.0)
    }
}

fn civil_to_utc(civil: CivilDateTime) -> Option<OffsetDateTime> {
    let small = |number: u32| u8::try_from(number).ok();
    let month = Month::try_from(small(civil.month())?).ok()?;
    let date = Date::from_calendar_date(civil.year(), month, small(civil.day())?).ok()?;
    let time = Time::from_hms(small(civil.hour())?, small(civil.minute())?, small(civil.second())?).ok()?;
    Some(date.with_time(time).assume_utc())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::export::iso8601;

    /// 2026-11-27T15:12:39Z, a Friday.
    const NOW: i64 = 1_795_792_359_000;

    /// The next times of an expression, without seconds.
    fn times(expression: &str, count: usize) -> Vec<String> {
        let times = Times::parse(expression).unwrap();
        let following = std::iter::successors(times.after(NOW), |at| times.after(*at));
        following.take(count).map(|at| iso8601(at).get(..16).unwrap().to_owned()).collect()
    }

    #[test]
    fn the_clock_of_these_tests() {
        assert_eq!(iso8601(NOW), "2026-11-27T15:12:39.000Z");
    }

    #[test]
    fn expressions_and_the_times_that_they_stand_for() {
        for (expression, expected) in [
            ("0 3 * * *", ["2026-11-28T03:00", "2026-11-29T03:00", "2026-11-30T03:00"]),
            ("13 15 * * *", ["2026-11-27T15:13", "2026-11-28T15:13", "2026-11-29T15:13"]),
            ("12 15 * * *", ["2026-11-28T15:12", "2026-11-29T15:12", "2026-11-30T15:12"]),
            ("*/20 * * * *", ["2026-11-27T15:20", "2026-11-27T15:40", "2026-11-27T16:00"]),
            ("5,50 22-23 * * *", ["2026-11-27T22:05", "2026-11-27T22:50", "2026-11-27T23:05"]),
            ("0 0 1 * *", ["2026-12-01T00:00", "2027-01-01T00:00", "2027-02-01T00:00"]),
            ("0 0 31 * *", ["2026-12-31T00:00", "2027-01-31T00:00", "2027-03-31T00:00"]),
            ("0 0 29 2 *", ["2028-02-29T00:00", "2032-02-29T00:00", "2036-02-29T00:00"]),
            // 0 and 7 are Sunday.
            ("0 0 * * 0", ["2026-11-29T00:00", "2026-12-06T00:00", "2026-12-13T00:00"]),
            ("0 0 * * 7", ["2026-11-29T00:00", "2026-12-06T00:00", "2026-12-13T00:00"]),
            ("0 0 * * MON-wed", ["2026-11-30T00:00", "2026-12-01T00:00", "2026-12-02T00:00"]),
            // Either of the two days, where both are given.
            ("0 0 28 * 1", ["2026-11-28T00:00", "2026-11-30T00:00", "2026-12-07T00:00"]),
            // Both, if so written.
            ("0 0 1 * +MON", ["2027-02-01T00:00", "2027-03-01T00:00", "2027-11-01T00:00"]),
            ("0 0 29 2 +MON", ["2044-02-29T00:00", "2072-02-29T00:00", "2112-02-29T00:00"]),
            ("0 12 L * *", ["2026-11-30T12:00", "2026-12-31T12:00", "2027-01-31T12:00"]),
            ("0 12 * * 5#2", ["2026-12-11T12:00", "2027-01-08T12:00", "2027-02-12T12:00"]),
            ("@weekly", ["2026-11-29T00:00", "2026-12-06T00:00", "2026-12-13T00:00"]),
            ("  0   3 * JAN * ", ["2027-01-01T03:00", "2027-01-02T03:00", "2027-01-03T03:00"]),
        ] {
            assert_eq!(times(expression, 3), expected, "{expression}");
        }
    }

    #[test]
    fn nonsense_and_what_never_comes_is_refused() {
        let long = format!("{}0 * * * *", "0,".repeat(300));
        for expression in [
            "",
            " ",
            "0",
            "0 3 * *",
            "0 3 * * * *",
            "0 0 3 * * * 2027",
            "60 * * * *",
            "* 24 * * *",
            "* * 0 * *",
            "* * 32 * *",
            "* * * 13 *",
            "* * * * 8",
            "a b c d e",
            "5-1 * * * *",
            "*/0 * * * *",
            "-1 * * * *",
            "1.5 * * * *",
            "@reboot",
            "@",
            "0 3 * * MO",
            "0 3 * FOO *",
            "0 3 * * *; ls",
            "0\n3 * * *",
            "０ 3 * * *",
            "1-2-3 * * * *",
            ", * * * *",
            "+ * * * *",
            "0 0 * * +",
            "0 0 30 2 *",
            "0 0 31 4,6,9,11 *",
            "0 0 31 2 *",
            &long,
        ] {
            let refused = Times::parse(expression).and_then(|times| times.first(NOW, 0)).unwrap_err();
            assert_eq!(refused.code(), ErrorCode::BodyKeyFormat, "{expression}");
        }
    }

    #[test]
    fn what_comes_too_often_is_refused() {
        let apart = 15 * MINUTE;
        for (expression, is_taken) in [
            ("* * * * *", false),
            ("*/14 * * * *", false),
            ("*/15 * * * *", true),
            ("0,1 3 * * *", false),
            // Over midnight, and only where the days are neighbours.
            ("0,50 0,23 * * *", false),
            ("0,50 0,23 5,20 * *", true),
            ("0,50 0,23 5,20,21 * *", false),
            ("0,50 0,23 1,31 * *", false),
            ("0,50 0,23 1,30 6 *", true),
            ("0 3 29 2 *", true),
        ] {
            let first = Times::parse(expression).unwrap().first(NOW, apart);
            assert_eq!(first.is_ok(), is_taken, "{expression}: {first:?}");
        }
    }

    #[test]
    fn a_run_that_was_late_does_not_bring_two_together() {
        let times = Times::parse("*/15 * * * *").unwrap();
        let at = |minutes: i64, seconds: i64| NOW - 39_000 + minutes * MINUTE + seconds * 1000;
        // 15:12, so 15:15 is in three minutes.
        let apart = 15 * MINUTE;
        assert_eq!(times.next(at(3, 0), apart), Some(at(18, 0)));
        assert_eq!(times.next(at(4, 59), apart), Some(at(18, 0)), "within a tick or two");
        assert_eq!(times.next(at(5, 1), apart), Some(at(33, 0)));
        assert_eq!(times.next(at(17, 0), apart), Some(at(33, 0)));
        assert_eq!(times.next(at(3, 0), 0), Some(at(18, 0)), "not the same once more");
    }

    proptest::proptest! {
        #[test]
        fn whatever_is_sent_is_answered_soon(
            fields in proptest::collection::vec("[0-9*,/#LW?+-]{1,6}|[*]|[0-9]{1,2}|[*]/[0-9]|[0-9]{1,2}-[0-9]{1,2}", 4..7),
        ) {
            let (text, begun) = (fields.join(" "), std::time::Instant::now());
            if let Ok(first) = Times::parse(&text).and_then(|times| times.first(NOW, 15 * MINUTE)) {
                proptest::prop_assert!(first > NOW && first % MINUTE == 0, "{text}");
            }
            let taken = begun.elapsed();
            proptest::prop_assert!(taken < std::time::Duration::from_secs(2), "{text}: {taken:?}");
        }
    }

    #[test]
    fn even_the_worst_is_found_quickly() {
        let begun = std::time::Instant::now();
        for expression in
            ["0 0 30 2 *", "0 0 29 2 +MON", "59 23 31 12 +7#5", ", * * * *", "* , * * *", "0 0 , * +,"]
        {
            let _ = Times::parse(expression).and_then(|times| times.first(NOW, 15 * MINUTE));
        }
        let taken = begun.elapsed();
        assert!(taken < std::time::Duration::from_secs(2), "{taken:?}");
    }
}
