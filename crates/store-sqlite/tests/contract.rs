//! The contract suite of `saibo-store` against this backend, as it is and with contents encrypted.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::Arc;

use saibo_store::testkit::Fixture;
use saibo_store_sqlite::{Encryption, Options, SqliteBackend};

fn fixture_with(encryption: Option<Encryption>) -> Fixture {
    let data = tempfile::tempdir().unwrap();
    let backend = SqliteBackend::open(data.path(), Options { encryption, ..Options::default() }).unwrap();
    Fixture::new(Arc::new(backend), move || std::fs::read_dir(data.path().join("tmp")).unwrap().count())
}

fn plain() -> Fixture {
    fixture_with(None)
}

fn encrypted() -> Fixture {
    fixture_with(Some(Encryption::new([7; 32], true)))
}

mod with_plain_contents {
    saibo_store::contract!(crate::plain);
}

mod with_encrypted_contents {
    saibo_store::contract!(crate::encrypted);
}
