//! The section `[authentication]`: how logins are checked and what tokens may do.

use std::time::Duration;

use saibo_core::settings::{self, Authentication};
use saibo_model::privilege::{Level, Privilege};
use serde::{Deserialize, Serialize};

use super::{OidcConfig, Secret};

/// `[authentication]`
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AuthenticationConfig {
    /// The most that a token got by password may be used for, and what it gets where no scope was asked for: the
    /// name of a privilege of the Cell (API page 293), or empty for none.
    pub password_scope: String,
    /// The same for authorization codes.
    pub code_scope: String,
    /// The same for transcell tokens.
    pub assertion_scope: String,
    /// After how many failed logins in a row an Account is locked; 0 is never. A second of refusal after each
    /// failure there is in any case.
    pub lock_after_failures: u32,
    /// How long it is locked then.
    pub lock_seconds: u64,
    /// Whether a password hashed in another way than `cell.password_hash` says is hashed anew at its Account's
    /// next login.
    pub upgrade_hashes: bool,
    /// The salt with which the unit that Accounts come from hashed their passwords, where that was with SHA-256
    /// (personium-core's `security.auth.password.salt`): it is in no snapshot. Without it those passwords match
    /// nothing.
    pub legacy_password_salt: Option<Secret>,
    /// Name with which a resource server can look into any token at `__introspect` (API page 297).
    pub introspection_name: Option<String>,
    /// The password that goes with it.
    pub introspection_password: Option<Secret>,
    /// The login page of Cells without the property `authorizationhtmlurl`, a URL in this unit.
    pub login_html_url: Option<String>,
    /// The page to change a password, of Cells without the property `authorizationpasswordchangehtmlurl`.
    pub password_change_html_url: Option<String>,
    /// After how many days a new key seals tokens; 0 is never. The one before opens what it sealed.
    pub token_key_days: u32,
    /// Providers of OpenID Connect whose id tokens log in.
    pub oidc: Vec<OidcConfig>,
}

impl Default for AuthenticationConfig {
    fn default() -> Self {
        let root = || Privilege::Root.name().to_owned();
        Self {
            password_scope: root(),
            code_scope: root(),
            assertion_scope: root(),
            lock_after_failures: 0,
            lock_seconds: 0,
            upgrade_hashes: true,
            legacy_password_salt: None,
            introspection_name: None,
            introspection_password: None,
            login_html_url: None,
            password_change_html_url: None,
            token_key_days: 30,
            oidc: Vec::new(),
        }
    }
}

impl AuthenticationConfig {
    /// What makes no sense.
    pub(super) fn check(&self) -> Result<(), &'static str> {
        let scopes = [&self.password_scope, &self.code_scope, &self.assertion_scope];
        if scopes.into_iter().any(|scope| !scope.is_empty() && privilege(scope).is_none()) {
            return Err("authentication.*_scope must be the name of a privilege of the Cell, such as root");
        }
        if self.introspection_name.is_some() != self.introspection_password.is_some() {
            return Err("authentication.introspection_name and introspection_password go together");
        }
        if self.introspection_password.as_ref().is_some_and(|password| password.expose().is_empty()) {
            return Err("authentication.introspection_password must not be empty");
        }
        if self.lock_after_failures > 0 && self.lock_seconds == 0 {
            return Err("authentication.lock_after_failures needs lock_seconds");
        }
        OidcConfig::check(&self.oidc)
    }

    /// For the core.
    #[must_use]
    pub fn settings(&self) -> Authentication {
        let secret = |secret: &Secret| settings::Secret::new(secret.expose().to_owned());
        Authentication {
            password_scope: privilege(&self.password_scope),
            code_scope: privilege(&self.code_scope),
            assertion_scope: privilege(&self.assertion_scope),
            lock_after: self.lock_after_failures,
            lock_for: Duration::from_secs(self.lock_seconds),
            upgrade_hashes: self.upgrade_hashes,
            introspection: self
                .introspection_name
                .clone()
                .zip(self.introspection_password.as_ref().map(secret)),
            authorization_html_url: self.login_html_url.clone(),
            authorization_password_change_html_url: self.password_change_html_url.clone(),
        }
    }
}

fn privilege(name: &str) -> Option<Privilege> {
    Privilege::from_name(name).filter(|privilege| privilege.level() == Level::Cell)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_makes_no_sense_is_refused() {
        let of = |change: fn(&mut AuthenticationConfig)| {
            let mut config = AuthenticationConfig::default();
            change(&mut config);
            config.check()
        };
        assert!(of(|_| {}).is_ok());
        assert!(of(|config| config.code_scope = String::new()).is_ok());
        assert!(of(|config| config.code_scope = "auth-read".to_owned()).is_ok());
        assert!(of(|config| config.code_scope = "read".to_owned()).is_err());
        assert!(of(|config| config.lock_after_failures = 3).is_err());
        assert!(of(|config| config.introspection_name = Some("x".to_owned())).is_err());
    }

    #[test]
    fn an_empty_scope_gives_nothing() {
        let config = AuthenticationConfig { code_scope: String::new(), ..AuthenticationConfig::default() };
        let settings = config.settings();
        assert_eq!((settings.code_scope, settings.password_scope), (None, Some(Privilege::Root)));
    }
}
