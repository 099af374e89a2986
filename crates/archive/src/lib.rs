//! Snapshot files: a zip that is written as a stream, and a reader that trusts nothing in it.
