//! Floating-point numbers as text: what clients may send, and the forms in which they are stored and shown.
//!
//! Snapshots hold what Java's `Double.toString` writes, so that form is kept byte for byte.

use std::fmt::Write as _;

/// The least and the greatest magnitude of an `Edm.Double` other than zero.
const DOUBLE_MAGNITUDE: std::ops::RangeInclusive<f64> = 2.23e-308..=1.79e308;

/// An `Edm.Double`: any finite decimal, with Java's optional `d` or `f` behind it, within the API's range.
pub(super) fn parse_double(text: &str) -> Option<f64> {
    let text = text.trim();
    let digits = text.strip_suffix(['d', 'D', 'f', 'F']).unwrap_or(text);
    let value: f64 =
        digits.ends_with(|c: char| c.is_ascii_digit() || c == '.').then(|| digits.parse().ok())??;
    is_double(value).then_some(value)
}

/// Whether `Edm.Double` allows the number.
pub(super) fn is_double(value: f64) -> bool {
    value == 0.0 || DOUBLE_MAGNITUDE.contains(&value.abs())
}

/// An `Edm.Single`: with a decimal point, one to five digits on either side of it.
pub(super) fn parse_single(text: &str) -> Option<f32> {
    if text.contains('.') && !is_decimal(text) {
        return None;
    }
    if !text.ends_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    text.parse::<f32>().ok().filter(|value| value.is_finite())
}

/// Whether the text is a decimal of at most five digits on either side of its point.
pub(super) fn is_decimal(text: &str) -> bool {
    let unsigned = text.strip_prefix('-').unwrap_or(text);
    let short = |part: &str| (1..=5).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit());
    unsigned.split_once('.').is_some_and(|(whole, fraction)| short(whole) && short(fraction))
}

/// The number as `Double.toString` writes it, from the shortest digits that give it back.
pub(super) fn java_double(value: f64) -> String {
    java(value, &format!("{value:e}"))
}

/// The number as `Float.toString` writes it.
pub(super) fn java_single(value: f32) -> String {
    java(f64::from(value), &format!("{value:e}"))
}

/// Java writes magnitudes from 10⁻³ up to 10⁷ plainly and others with an exponent, always with a fraction.
fn java(value: f64, scientific: &str) -> String {
    let Some((mantissa, exponent)) = scientific.split_once('e') else {
        return if value.is_nan() { "NaN".to_owned() } else { scientific.replace("inf", "Infinity") };
    };
    let magnitude = value.abs();
    let mut text = String::new();
    if value == 0.0 || (1e-3..1e7).contains(&magnitude) {
        let exponent = exponent.parse().unwrap_or(0);
        plain(&mut text, mantissa, exponent);
        if !text.contains('.') {
            text.push_str(".0");
        }
    } else {
        let point = if mantissa.contains('.') { "" } else { ".0" };
        let _ = write!(text, "{mantissa}{point}E{exponent}");
    }
    text
}

/// The number as the API shows it: plainly where 15 digits before and 14 behind the point give it back
/// exactly, else as `Double.toString` writes it. A whole number has no fraction: `0`, not `0.0`.
pub(super) fn shown_double(out: &mut String, value: f64) {
    if !value.is_finite() {
        // JSON has no such numbers, and the API accepts none.
        out.push_str("null");
        return;
    }
    let scientific = format!("{value:e}");
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    let digits = mantissa.bytes().filter(u8::is_ascii_digit).count();
    let behind = i32::try_from(digits).unwrap_or(i32::MAX) - 1 - exponent;
    if exponent < 15 && behind <= 14 {
        plain(out, mantissa, exponent);
    } else {
        out.push_str(&java(value, &scientific));
    }
}

/// Writes `mantissa` × 10^`exponent` without an exponent.
fn plain(out: &mut String, mantissa: &str, exponent: i32) {
    let unsigned = match mantissa.strip_prefix('-') {
        Some(rest) => {
            out.push('-');
            rest
        }
        None => mantissa,
    };
    let digits: String = unsigned.chars().filter(char::is_ascii_digit).collect();
    if exponent < 0 {
        out.push_str("0.");
        out.extend(std::iter::repeat_n('0', exponent.unsigned_abs() as usize - 1));
        out.push_str(&digits);
        return;
    }
    let whole = exponent as usize + 1;
    if digits.len() <= whole {
        out.push_str(&digits);
        out.extend(std::iter::repeat_n('0', whole - digits.len()));
    } else {
        let (before, behind) = digits.split_at(whole);
        out.push_str(before);
        out.push('.');
        out.push_str(behind);
    }
}
