//! Puts the parts together: the one place that names a backend.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use ed25519_dalek::SigningKey;
use saibo_core::settings::{self, Secret};
use saibo_core::token::Transcell;
use saibo_core::{Settings, Unit};
use saibo_model::url::{CellAddressing, UnitUrl};
use saibo_oauth::password::{HashAlgorithm, PasswordHasher};
use saibo_saml::{Anchors, Bergshamra};
use saibo_store_sqlite::{Encryption, Options, SqliteBackend};

use crate::aside;
use crate::carrier::HttpCarrier;
use crate::config::{Config, PasswordHash};
use crate::courier::HttpCourier;
use crate::data_dir::{DataDir, Secrets};
use crate::oidc;
use crate::pem;
use crate::unit::StartError;

/// A second or two of an import's work: all that is done twice if the unit is cut off.
const CHECKPOINT_EACH: u64 = 1 << 30;

/// Name and version of this program, for the manifests of snapshots.
const PROGRAM: &str = concat!("saibo ", env!("CARGO_PKG_VERSION"));

/// Opens the data folder's register, and makes the unit over it. Jobs that were unfinished are taken up.
///
/// # Errors
/// If the folder cannot be used as it is.
pub fn unit(config: &Config, url: &str, data: &DataDir, secrets: &Secrets) -> Result<Arc<Unit>, StartError> {
    let addressing =
        if config.unit.path_based_cell_url { CellAddressing::Path } else { CellAddressing::Subdomain };
    let unit_url = UnitUrl::parse(url, addressing)?;
    let options = Options {
        open_cells: NonZeroUsize::MIN.saturating_add(config.limits.open_cells.max(1) - 1),
        encryption: Some(Encryption::new(*secrets.content_key.expose(), config.unit.encrypt_contents)),
    };
    let backend = SqliteBackend::open(data.path(), options).map_err(saibo_model::Error::from)?;
    let resolved = |issuer: &String| unit_url.localunit_to_http(issuer).into_owned();
    let settings = Settings {
        unit_user_issuers: config.unit.unit_user_issuers.iter().map(resolved).collect(),
        master_token: Secret::new(secrets.master_token.expose().to_owned()),
        relay_html_url: config.cell.relay_html_url.clone(),
        limits: settings::Limits {
            dav_children: config.limits.dav_children_per_collection,
            links_per_entity: config.limits.links_per_entity,
            dav_depth: usize::try_from(config.limits.dav_collection_depth).unwrap_or(usize::MAX),
            jobs: config.limits.concurrent_jobs,
            deliveries: config.limits.concurrent_deliveries,
            uploads: config.limits.uploads_per_cell,
            schedule_apart: Duration::from_secs(config.limits.schedule_minutes.saturating_mul(60)),
            password_checks: config.limits.concurrent_password_checks,
        },
        passwords: passwords(config),
        run_aside: aside::run,
        authentication: config.authentication.settings(),
        replaced_kept_for: Duration::from_secs(config.cell.replaced_kept_hours * 3600),
        uploads_kept_for: Duration::from_secs(config.cell.uploads_kept_hours.saturating_mul(3600)),
        checkpoint_each: CHECKPOINT_EACH,
        program: PROGRAM,
        unit_url,
    };
    let keys = data.token_keys(config.authentication.token_key_days, saibo_core::clock::now())?;
    let signing_key = SigningKey::from_bytes(secrets.signing_key.expose());
    let transcell = transcell(config, url, data)?;
    let courier = HttpCourier::new(config.unit.messages_to_private_addresses);
    let unit = Unit::new(Arc::new(backend), settings, keys, signing_key, transcell)
        .with_identity_providers(oidc::providers(&config.authentication.oidc))
        .with_courier(Box::new(courier))
        .with_carrier(Box::new(HttpCarrier::new(config.unit.moves_to_private_addresses)));
    let unit = Arc::new(unit);
    unit.resume()?;
    Ok(unit)
}

/// How passwords are hashed and checked.
fn passwords(config: &Config) -> PasswordHasher {
    let algorithm = match config.cell.password_hash {
        PasswordHash::Argon2id => HashAlgorithm::Argon2id,
        PasswordHash::Scrypt => HashAlgorithm::Scrypt,
    };
    let legacy_salt =
        config.authentication.legacy_password_salt.as_ref().map(|salt| salt.expose().to_owned());
    PasswordHasher { legacy_salt, ..PasswordHasher::new(algorithm) }
}

/// The unit's own key, and the certificates of the units that it believes.
fn transcell(config: &Config, url: &str, data: &DataDir) -> Result<Transcell, StartError> {
    let mut anchors = Anchors::new();
    anchors.allow_sha1(config.unit.trust_sha1_certificates);
    for path in &config.unit.trusted_certificates {
        let refused = || StartError::Certificate(path.clone());
        let text = std::fs::read(path).map_err(|_| refused())?;
        let certificate = pem::decode(&text).unwrap_or(text);
        anchors.pin(certificate).map_err(|_| refused())?;
    }
    let key = data.unit_key(url, saibo_core::clock::now())?;
    Ok(Transcell::new(key, anchors, Bergshamra)?)
}
