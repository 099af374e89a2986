//! A unit on a temporary folder.

use std::num::NonZeroUsize;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use ed25519_dalek::SigningKey;
use saibo_core::settings::{Authentication, Limits, Secret, run_here};
use saibo_core::token::Transcell;
use saibo_core::{Access, Cell, Settings, Unit, access};
use saibo_model::url::{CellAddressing, UnitUrl};
use saibo_oauth::KeyRing;
use saibo_oauth::password::{HashAlgorithm, PasswordHasher};
use saibo_saml::{Anchors, Bergshamra, UnitKey};
use saibo_store::Backend;
use saibo_store_sqlite::{Options, SqliteBackend};

/// The master token of [`Fixture`].
pub(crate) const MASTER: &str = "a master token for tests";

/// A unit and the folder that it is on.
pub(crate) struct Fixture {
    pub(crate) unit: Arc<Unit>,
    pub(crate) folder: tempfile::TempDir,
}

/// Settings with cheap passwords.
pub(crate) fn settings() -> Settings {
    Settings {
        unit_url: UnitUrl::parse("http://localhost:9998/", CellAddressing::Path).unwrap(),
        master_token: Secret::new(MASTER.to_owned()),
        unit_user_issuers: vec!["http://localhost:9998/admins/".to_owned()],
        relay_html_url: None,
        limits: Limits {
            dav_children: 1024,
            dav_depth: 50,
            links_per_entity: 3,
            jobs: 2,
            uploads: 2,
            schedule_apart: Duration::from_secs(900),
            password_checks: 1,
            deliveries: 2,
        },
        passwords: PasswordHasher::weak(HashAlgorithm::Scrypt),
        run_aside: run_here,
        authentication: Authentication::default(),
        replaced_kept_for: Duration::from_secs(3600),
        uploads_kept_for: Duration::from_secs(3600),
        checkpoint_each: 1 << 20,
        program: "saibo test",
    }
}

impl Fixture {
    /// A fresh unit.
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let unit = open(folder.path());
        Self { unit, folder }
    }

    /// A fresh unit with settings of a test's own.
    pub(crate) fn with(settings: Settings) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let unit = unit_on(Arc::new(backend(folder.path())), settings);
        Self { unit, folder }
    }

    /// Closes the unit and opens it again.
    pub(crate) fn reopened(self) -> Self {
        let Self { unit, folder } = self;
        unit.jobs().close();
        drop(unit);
        let unit = open(folder.path());
        Self { unit, folder }
    }

    /// What the bearer of the master token may do.
    pub(crate) fn master(&self) -> Access {
        master(&self.unit)
    }

    /// A new Cell.
    pub(crate) fn cell(&self, name: &str) -> Cell {
        self.unit.found_cell(name, None, saibo_core::clock::now()).unwrap();
        self.unit.cell(name).unwrap()
    }

    /// Waits until no export or import runs for a Cell.
    pub(crate) fn settle(&self, cell: &Cell) {
        use saibo_core::job::JobKind;
        self.settle_all(cell, &[JobKind::Export, JobKind::Import]);
    }

    /// Waits until no dry run runs for a Cell.
    pub(crate) fn settle_check(&self, cell: &Cell) {
        self.settle_all(cell, &[saibo_core::job::JobKind::Check]);
    }

    fn settle_all(&self, cell: &Cell, kinds: &[saibo_core::job::JobKind]) {
        let begun = Instant::now();
        while kinds.iter().any(|kind| self.unit.jobs().running(cell.id(), *kind).is_some()) {
            assert!(begun.elapsed() < Duration::from_secs(60), "a job does not end");
            std::thread::sleep(Duration::from_millis(2));
        }
    }
}

/// What the bearer of the master token may do.
pub(crate) fn master(unit: &Unit) -> Access {
    let authorization = format!("Bearer {MASTER}");
    let credentials =
        access::Credentials { authorization: Some(&authorization), ..access::Credentials::default() };
    access::authenticate(unit, None, credentials, 0).unwrap()
}

/// Opens the unit of a folder.
pub(crate) fn open(folder: &std::path::Path) -> Arc<Unit> {
    unit_on(Arc::new(backend(folder)), settings())
}

/// Opens the backend of a folder.
pub(crate) fn backend(folder: &std::path::Path) -> SqliteBackend {
    SqliteBackend::open(folder, Options { open_cells: NonZeroUsize::new(8).unwrap(), ..Options::default() })
        .unwrap()
}

/// A unit over a backend.
pub(crate) fn unit_on(backend: Arc<dyn Backend>, settings: Settings) -> Arc<Unit> {
    let keys = KeyRing::new([7; 32], 0);
    let signing_key = SigningKey::from_bytes(&[9; 32]);
    Arc::new(Unit::new(backend, settings, keys, signing_key, transcell()))
}

/// What the unit signs transcell tokens with: made once, for it takes a while.
fn transcell() -> Transcell {
    static KEY: OnceLock<(Vec<u8>, Vec<u8>)> = OnceLock::new();
    let (key, certificate) = KEY.get_or_init(|| {
        let key = UnitKey::generate("localhost", saibo_core::clock::now(), 1).unwrap();
        (key.pkcs8().to_vec(), key.certificate().to_vec())
    });
    let key = UnitKey::from_parts(key.clone().into(), certificate.clone()).unwrap();
    Transcell::new(key, Anchors::new(), Bergshamra).unwrap()
}
