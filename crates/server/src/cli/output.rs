//! What commands print.
//!
//! Colours only where a person looks: on a terminal, and unless `NO_COLOR` is set (<https://no-color.org>).

use std::error::Error;
use std::fmt::Display;
use std::io::{self, IsTerminal, Write};

/// Prints lines for the user. Nobody may be listening any more, which is no reason to fail.
pub(super) fn say(text: &str) {
    let mut out = io::stdout().lock();
    let _ = writeln!(out, "{text}").and_then(|()| out.flush());
}

/// Prints a line beside the result: what is under way.
pub(super) fn note(text: &str) {
    let _ = writeln!(io::stderr().lock(), "{text}");
}

/// Prints why a command failed.
pub(super) fn error(error: &dyn Error) {
    let _ = writeln!(io::stderr().lock(), "saibo: {error}");
}

/// How a piece of text is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tone {
    /// All is well.
    Good,
    /// Something is wrong.
    Bad,
    /// A heading.
    Strong,
    /// Less important.
    Faint,
}

/// Text in a tone, for the standard output.
pub(super) fn toned(tone: Tone, text: impl Display) -> String {
    if !io::stdout().is_terminal() || std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty()) {
        return text.to_string();
    }
    let code = match tone {
        Tone::Good => 32,
        Tone::Bad => 31,
        Tone::Strong => 1,
        Tone::Faint => 2,
    };
    format!("\x1b[{code}m{text}\x1b[0m")
}
