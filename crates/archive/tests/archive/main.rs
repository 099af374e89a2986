//! Tests of the snapshot codec, from the outside.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod altered;
mod build;
mod flips;
mod glance;
mod hostile;
mod incremental;
mod large;
mod mutated;
mod read_back;
mod reference;
mod resuming;
mod roundtrip;
mod tampering;
