//! Tests of the snapshot codec, from the outside.

mod build;
mod flips;
mod hostile;
mod large;
mod reference;
mod roundtrip;
mod tampering;
