//! Literals of a filter (OData 2.0 overview, 6).

use std::fmt;

use time::{Date, Month, PrimitiveDateTime, Time, UtcOffset};

/// A constant of a filter.
#[derive(Clone, Debug, PartialEq)]
pub enum Literal {
    /// `null`
    Null,
    /// `true`, `false`
    Boolean(bool),
    /// `'text'`, with doubled quotes made one.
    String(String),
    /// `5`, `-5`, `5L`
    Integer(i64),
    /// `5.1`, `5E-1`, `5d`
    Double(f64),
    /// `5.1f`: no property compares with it.
    Single(f32),
    /// `datetime'…'` or `datetimeoffset'…'`, ms since 1970
    DateTime(i64),
    /// A literal of a type that no property has: `5m`, `guid'…'`, as written.
    Foreign(String),
}

impl Literal {
    /// The literal of a prefix and the text in its quotes.
    pub(super) fn prefixed(prefix: &str, text: &str) -> Option<Self> {
        match prefix {
            "datetime" => parse_datetime(text, false).map(Literal::DateTime),
            "datetimeoffset" => parse_datetime(text, true).map(Literal::DateTime),
            "time" | "guid" | "binary" | "X" => {
                Some(Literal::Foreign(format!("{prefix}'{}'", text.replace('\'', "''"))))
            }
            _ => None,
        }
    }
}

impl fmt::Display for Literal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Literal::Null => f.write_str("null"),
            Literal::Boolean(flag) => flag.fmt(f),
            Literal::String(text) => write!(f, "'{}'", text.replace('\'', "''")),
            Literal::Integer(number) => number.fmt(f),
            Literal::Double(number) => write!(f, "{number}d"),
            Literal::Single(number) => write!(f, "{number}f"),
            Literal::DateTime(ms) => f.write_str(&format_datetime(*ms)),
            Literal::Foreign(text) => f.write_str(text),
        }
    }
}

/// Reads `yyyy-mm-ddThh:mm[:ss[.fffffffff]]`, and an offset where one may stand; without one it is UTC.
fn parse_datetime(text: &str, offset_allowed: bool) -> Option<i64> {
    let (date, rest) = text.split_once('T')?;
    let mut parts = date.splitn(3, '-');
    let year = digits(parts.next()?, 4)?;
    let month = digits(parts.next()?, 2)?;
    let day = digits(parts.next()?, 2)?;
    let date = Date::from_calendar_date(
        year.try_into().ok()?,
        Month::try_from(u8::try_from(month).ok()?).ok()?,
        u8::try_from(day).ok()?,
    )
    .ok()?;

    let (clock, offset) = match rest.find(['Z', '+', '-']) {
        Some(at) if offset_allowed => (&rest[..at], parse_offset(&rest[at..])?),
        Some(_) => return None,
        None => (rest, UtcOffset::UTC),
    };
    let (clock, nanos) = match clock.split_once('.') {
        Some((clock, fraction)) if (1..=9).contains(&fraction.len()) => {
            let value = digits(fraction, fraction.len())?;
            (clock, value * 10_u32.pow(9 - u32::try_from(fraction.len()).ok()?))
        }
        Some(_) => return None,
        None => (clock, 0),
    };
    let mut parts = clock.splitn(3, ':');
    let hour = digits(parts.next()?, 2)?;
    let minute = digits(parts.next()?, 2)?;
    let second = match parts.next() {
        Some(text) => digits(text, 2)?,
        None if nanos == 0 => 0,
        None => return None,
    };
    let time =
        Time::from_hms_nano(hour.try_into().ok()?, minute.try_into().ok()?, second.try_into().ok()?, nanos)
            .ok()?;
    let moment = PrimitiveDateTime::new(date, time).assume_offset(offset);
    i64::try_from(moment.unix_timestamp_nanos().div_euclid(1_000_000)).ok()
}

/// `Z` or `±hh:mm`.
fn parse_offset(text: &str) -> Option<UtcOffset> {
    if text == "Z" {
        return Some(UtcOffset::UTC);
    }
    let (hours, minutes) = text.get(1..)?.split_once(':')?;
    let (hours, minutes) = (i8::try_from(digits(hours, 2)?).ok()?, i8::try_from(digits(minutes, 2)?).ok()?);
    let sign = if text.starts_with('-') { -1 } else { 1 };
    UtcOffset::from_hms(sign * hours, sign * minutes, 0).ok()
}

/// A number of exactly `count` digits.
fn digits(text: &str, count: usize) -> Option<u32> {
    (text.len() == count && text.bytes().all(|b| b.is_ascii_digit())).then(|| text.parse().ok())?
}

/// The year 0000, and the year 10000, in ms since 1970.
const WRITABLE: std::ops::Range<i64> = -62_167_219_200_000..253_402_300_800_000;

/// The literal of a moment, which has a year of four digits at least at some offset.
fn format_datetime(ms: i64) -> String {
    const MOST: (i64, &str) = ((25 * 60 + 59) * 60_000, "25:59");
    match ms {
        ms if WRITABLE.contains(&ms) => format!("datetime'{}'", format_utc(ms)),
        ms if ms < 0 => format!("datetimeoffset'{}+{}'", format_utc(ms + MOST.0), MOST.1),
        ms => format!("datetimeoffset'{}-{}'", format_utc(ms - MOST.0), MOST.1),
    }
}

fn format_utc(ms: i64) -> String {
    let moment = time::OffsetDateTime::from_unix_timestamp_nanos(i128::from(ms) * 1_000_000)
        .unwrap_or(time::OffsetDateTime::UNIX_EPOCH);
    format!(
        "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}",
        moment.year(),
        u8::from(moment.month()),
        moment.day(),
        moment.hour(),
        moment.minute(),
        moment.second(),
        moment.millisecond()
    )
}
