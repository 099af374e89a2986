//! What commands print.

use std::error::Error;
use std::io::{self, Write};

/// Prints lines for the user. Nobody may be listening any more, which is no reason to fail.
pub(super) fn say(text: &str) {
    let mut out = io::stdout().lock();
    let _ = writeln!(out, "{text}").and_then(|()| out.flush());
}

/// Prints why a command failed.
pub(super) fn error(error: &dyn Error) {
    let _ = writeln!(io::stderr().lock(), "saibo: {error}");
}
