//! Use cases of the core on a real backend in a temporary folder, in one binary.

mod portability;
mod support;
