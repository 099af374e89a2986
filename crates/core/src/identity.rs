//! Identity providers: who else may say which Account somebody is (API page 293, authentication plugins).
//!
//! A provider has a grant type at `__token`, and a word in the `Type` of the Accounts that log in with it. It answers
//! for the proof alone. Whether the Account is there, has that type and may log in now is the unit's to say, and
//! is the same as for passwords.

use std::fmt;

use saibo_model::Result;
use saibo_oauth::grant::Form;

use crate::Unit;

/// Somebody who can tell from a request which Account has sent it.
pub trait IdentityProvider: fmt::Debug + Send + Sync {
    /// The `grant_type` that it serves: `urn:x-personium:oidc:google`.
    fn grant_type(&self) -> &str;

    /// What the `Type` of an Account must have: `oidc:google`.
    fn account_type(&self) -> &str;

    /// The name of the Account that the parameters prove to be of whoever sent them, at `now` (ms since 1970). May
    /// wait for a network, for a bounded time.
    ///
    /// # Errors
    /// [`ErrorCode::PluginRejected`](saibo_model::ErrorCode::PluginRejected) for a proof that is none,
    /// [`ErrorCode::PluginUnavailable`](saibo_model::ErrorCode::PluginUnavailable) where that cannot be told now.
    fn authenticate(&self, form: &Form, now: i64) -> Result<String>;
}

impl Unit {
    /// The unit with these providers.
    #[must_use]
    pub fn with_identity_providers(mut self, providers: Vec<Box<dyn IdentityProvider>>) -> Self {
        self.identity_providers = providers;
        self
    }

    /// Its providers.
    pub fn identity_providers(&self) -> impl Iterator<Item = &dyn IdentityProvider> {
        self.identity_providers.iter().map(AsRef::as_ref)
    }

    /// The one that serves a grant type.
    pub(crate) fn identity_provider(&self, grant_type: &str) -> Option<&dyn IdentityProvider> {
        self.identity_providers().find(|provider| provider.grant_type() == grant_type)
    }
}
