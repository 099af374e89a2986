//! Whatever is sent to them, the parsers of OData neither panic nor take long, and what they read they read again
//! from what is written. Longer: `SAIBO_FUZZ_SECONDS=600 cargo test -p saibo-odata --test fuzz`.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod bodies;
mod queries;
mod urls;

use saibo_fuzz::Fuzz;
use saibo_model::Result;

fn fuzz(target: &str) -> Fuzz {
    Fuzz::new(env!("CARGO_MANIFEST_DIR"), target)
}

/// A parser's result as an outcome: the error's code, or what the value comes to.
fn outcome<T>(result: &Result<T>, of_value: impl FnOnce(&T) -> usize) -> (&'static str, usize) {
    match result {
        Ok(value) => ("", of_value(value)),
        Err(error) => (error.code().code(), 0),
    }
}
