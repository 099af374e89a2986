//! What a unit is told at its start.

use std::fmt;
use std::time::Duration;

use saibo_model::privilege::Privilege;
use saibo_model::url::UnitUrl;
use saibo_oauth::password::PasswordHasher;

/// A text that never shows up in a log.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Wraps a secret.
    #[must_use]
    pub fn new(text: String) -> Self {
        Self(text)
    }

    /// The secret itself.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// Limits of what one Cell or request may hold; the API's own unless configured.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Resources directly in one collection (API page 306).
    pub dav_children: u64,
    /// Collections below each other, from the Box on (API page 306).
    pub dav_depth: usize,
    /// Many-to-many links of one entity along one navigation property (API page 378).
    pub links_per_entity: u64,
    /// Exports and imports that run at the same time; more wait.
    pub jobs: usize,
    /// Destinations of messages in other units that are asked at the same time; more wait.
    pub deliveries: usize,
    /// Uploads in parts that one Cell may have, unfinished.
    pub uploads: usize,
    /// How long is between two runs of a schedule of exports, at least: each may copy all of a Cell.
    pub schedule_apart: Duration,
    /// Password checks that run at the same time: they are slow on purpose, and must not starve the rest.
    pub password_checks: usize,
}

/// How logins are checked and what tokens may do.
#[derive(Clone, Debug)]
pub struct Authentication {
    /// The most that a token got by password may be used for, and what it gets where no scope was asked for
    /// (API page 293). `None` gives no privilege of the Cell at all.
    pub password_scope: Option<Privilege>,
    /// The same for authorization codes.
    pub code_scope: Option<Privilege>,
    /// The same for transcell tokens.
    pub assertion_scope: Option<Privilege>,
    /// After how many failed logins in a row an Account is locked; 0 is never.
    pub lock_after: u32,
    /// How long it is locked then.
    pub lock_for: Duration,
    /// Whether a password that was hashed with another algorithm or cost than new ones is hashed anew when its
    /// Account logs in.
    pub upgrade_hashes: bool,
    /// Name and password with which any token can be looked into at `__introspect` (API page 297).
    pub introspection: Option<(String, Secret)>,
    /// The login page of Cells without the property `authorizationhtmlurl`.
    pub authorization_html_url: Option<String>,
    /// The page for changing a password of Cells without the property `authorizationpasswordchangehtmlurl`.
    pub authorization_password_change_html_url: Option<String>,
}

impl Default for Authentication {
    fn default() -> Self {
        let root = Some(Privilege::Root);
        Self {
            password_scope: root,
            code_scope: root,
            assertion_scope: root,
            lock_after: 0,
            lock_for: Duration::ZERO,
            upgrade_hashes: true,
            introspection: None,
            authorization_html_url: None,
            authorization_password_change_html_url: None,
        }
    }
}

/// Runs something that takes long and is in no hurry, to its end. An error is one of the system, which could not.
pub type RunAside = fn(&mut (dyn FnMut() + Send)) -> std::io::Result<()>;

/// Runs it here and now.
///
/// # Errors
/// None.
pub fn run_here(work: &mut (dyn FnMut() + Send)) -> std::io::Result<()> {
    work();
    Ok(())
}

/// Everything that use cases need to know of the configuration.
#[derive(Clone, Debug)]
pub struct Settings {
    /// URL of the unit, as clients see it, and how those of its Cells are made.
    pub unit_url: UnitUrl,
    /// The token that may do everything.
    pub master_token: Secret,
    /// Cells whose transcell tokens make unit users.
    pub unit_user_issuers: Vec<String>,
    /// What `GET {cell}` shows as HTML where the Cell has no `relayhtmlurl` of its own.
    pub relay_html_url: Option<String>,
    /// Limits.
    pub limits: Limits,
    /// How new passwords are hashed.
    pub passwords: PasswordHasher,
    /// Where passwords are hashed.
    pub run_aside: RunAside,
    /// How logins are checked and what tokens may do.
    pub authentication: Authentication,
    /// How long the data that an import replaced can be brought back.
    pub replaced_kept_for: Duration,
    /// How long an upload in parts is kept after the last one came.
    pub uploads_kept_for: Duration,
    /// Work of an import, in bytes as its progress counts them, after which what is built is kept for the case that it is
    /// cut off.
    pub checkpoint_each: u64,
    /// Name and version of this program, for the snapshots that it writes.
    pub program: &'static str,
}
