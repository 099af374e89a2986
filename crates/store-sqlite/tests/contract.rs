//! The contract suite of `saibo-store` against this backend.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::Arc;

use saibo_store::testkit::Fixture;
use saibo_store_sqlite::{Options, SqliteBackend};

fn fixture() -> Fixture {
    let data = tempfile::tempdir().unwrap();
    let backend = SqliteBackend::open(data.path(), Options::default()).unwrap();
    Fixture::new(Arc::new(backend), move || std::fs::read_dir(data.path().join("tmp")).unwrap().count())
}

saibo_store::contract!(crate::fixture);
