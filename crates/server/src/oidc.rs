//! OpenID Connect providers that log people in: the identity providers of this program.
//!
//! What makes an id token count is in `saibo_oauth::oidc`. Here is where the provider's keys come from
//! ([`issuer`]) and how often they are asked for ([`keys`]).

mod issuer;
mod keys;

use std::sync::Arc;

use saibo_core::IdentityProvider;
use saibo_model::{Error, ErrorCode, Result};
use saibo_oauth::grant::Form;
use saibo_oauth::jwt::{IdTokenFault, Keys};
use saibo_oauth::oidc::{Provider, Refused};

use crate::config::OidcConfig;
use issuer::Issuer;
use keys::KeyCache;

/// A provider, and what it was asked.
#[derive(Debug)]
struct OpenIdProvider {
    grant_type: String,
    account_type: String,
    rules: Provider,
    issuer: Issuer,
    keys: KeyCache,
}

/// The configured providers. None is asked for anything before somebody logs in with it.
pub(crate) fn providers(configured: &[OidcConfig]) -> Vec<Box<dyn IdentityProvider>> {
    let provider = |config: &OidcConfig| OpenIdProvider {
        grant_type: format!("urn:x-personium:oidc:{}", config.name),
        account_type: format!("oidc:{}", config.name),
        rules: Provider {
            issuers: config.issuers(),
            clients: config.client_ids.clone(),
            claim: config.account_claim.clone(),
        },
        issuer: Issuer::new(config.clone()),
        keys: KeyCache::default(),
    };
    configured.iter().map(|config| Box::new(provider(config)) as Box<dyn IdentityProvider>).collect()
}

impl IdentityProvider for OpenIdProvider {
    fn grant_type(&self) -> &str {
        &self.grant_type
    }

    fn account_type(&self) -> &str {
        &self.account_type
    }

    /// Parameters `id_token`, and `nonce` if the token has one that is to be compared.
    fn authenticate(&self, form: &Form, now: i64) -> Result<String> {
        let given = |name: &str| form.get(name).filter(|text| !text.is_empty());
        let token =
            given("id_token").ok_or_else(|| ErrorCode::RequiredParameterMissing.with(["id_token"]))?;
        let check = |keys: &Keys| self.rules.account(keys, token, given("nonce"), now);
        let keys = self.keys(now, None)?;
        match check(&keys) {
            // A key that was made since.
            Err(Refused::Token(IdTokenFault::UnknownKey)) => {
                let newer = self.keys(now, Some(&keys))?;
                check(&newer).map_err(refused)
            }
            checked => checked.map_err(refused),
        }
    }
}

impl OpenIdProvider {
    /// Its keys; others than those where that can be.
    fn keys(&self, now: i64, other_than: Option<&Arc<Keys>>) -> Result<Arc<Keys>> {
        self.keys.get(now, other_than, || self.issuer.fetch()).map_err(|unavailable| {
            let provider = self.account_type.as_str();
            ErrorCode::PluginUnavailable
                .with([format!("the keys of {provider} cannot be had")])
                .because(unavailable)
        })
    }
}

fn refused(refused: Refused) -> Error {
    ErrorCode::PluginRejected.with([refused.to_string()])
}
