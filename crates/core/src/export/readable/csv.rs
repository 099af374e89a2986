//! Rows as CSV (RFC 4180).
//!
//! A spreadsheet takes a text that begins with `=`, `+`, `-` or `@` for a formula, and somebody else may have written
//! the text (a message, say). Such a text gets an apostrophe in front, and so does one that begins with a tab, carriage
//! return or line feed, which some programs skip. In JSON Lines texts are as they are.

use std::borrow::Cow;
use std::io::Write;

use saibo_model::Result;
use serde_json::Value;

use super::written;

/// Writes a row.
pub(super) fn row<'v>(out: &mut dyn Write, values: impl IntoIterator<Item = Cow<'v, str>>) -> Result<()> {
    let mut writer =
        csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).buffer_capacity(256).from_writer(out);
    let failed = |error: csv::Error| match error.into_kind() {
        csv::ErrorKind::Io(error) => written(error),
        other => written(std::io::Error::other(format!("{other:?}"))),
    };
    for value in values {
        writer.write_field(value.as_bytes()).map_err(failed)?;
    }
    writer.write_record(None::<&[u8]>).map_err(failed)?;
    // Into the entry's own buffer.
    writer.into_inner().map(drop).map_err(|error| written(error.into_error()))
}

/// A value as a field.
pub(super) fn text(value: &Value) -> Cow<'_, str> {
    match value {
        Value::Null => "".into(),
        Value::String(text) if text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']) => {
            format!("'{text}").into()
        }
        Value::String(text) => text.as_str().into(),
        other => other.to_string().into(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn line(values: &[Value]) -> String {
        let mut out = Vec::new();
        row(&mut out, values.iter().map(text)).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn fields_are_quoted_where_they_must_be() {
        let values = [json!("a"), json!("b,c"), json!("d\"e"), json!("f\r\ng"), Value::Null, json!(-1.5)];
        assert_eq!(line(&values), "a,\"b,c\",\"d\"\"e\",\"f\r\ng\",,-1.5\r\n");
        assert_eq!(line(&[json!(""), json!("")]), ",\r\n");
        assert_eq!(
            line(&[json!([1, "x"]), json!({ "a": true })]),
            "\"[1,\"\"x\"\"]\",\"{\"\"a\"\":true}\"\r\n"
        );
    }

    #[test]
    fn no_text_is_a_formula() {
        for formula in ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1"] {
            assert!(text(&json!(formula)).starts_with('\''), "{formula:?}");
        }
        assert_eq!(line(&[json!("=HYPERLINK(\"http://x\")")]), "\"'=HYPERLINK(\"\"http://x\"\")\"\r\n");
        assert_eq!(line(&[json!("a=b"), json!(-1), json!("'")]), "a=b,-1,'\r\n", "these are none");
    }
}
