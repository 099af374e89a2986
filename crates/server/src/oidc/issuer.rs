//! Asks a provider for its keys (OpenID Connect Discovery 1.0 §4, OpenID Connect Core §10.1.1).

use std::time::Duration;

use saibo_oauth::jwt::Keys;
use serde::Deserialize;
use ureq::Agent;

use crate::config::OidcConfig;
use crate::outgoing;

/// How long each of the two documents may take, from the connection to its last byte: somebody waits for it.
const PATIENCE: Duration = Duration::from_secs(4);

/// Longer documents are not read.
const MAX_DOCUMENT: u64 = 256 * 1024;

/// Why the keys of a provider cannot be had. It goes to the log.
#[derive(Debug, thiserror::Error)]
pub(super) enum Unfetched {
    /// No answer, or one that breaks off or is too long.
    #[error("{url}: {cause}")]
    Unreachable {
        /// What was asked for.
        url: String,
        /// What went wrong.
        cause: ureq::Error,
    },
    /// An answer that is none of what was asked for.
    #[error("{url}: {why}")]
    Unexpected {
        /// What was asked for.
        url: String,
        /// What is wrong with it.
        why: String,
    },
}

/// Where a provider's keys are.
#[derive(Debug)]
pub(super) struct Issuer {
    config: OidcConfig,
    agent: Agent,
}

/// What of a provider's metadata matters here.
#[derive(Deserialize)]
struct Metadata {
    issuer: String,
    jwks_uri: String,
}

impl Issuer {
    /// Of a provider.
    pub(super) fn new(config: OidcConfig) -> Self {
        Self { config, agent: outgoing::of_unit(PATIENCE).build().new_agent() }
    }

    /// Fetches the keys that it signs with now. Blocks, for a bounded time.
    ///
    /// # Errors
    /// Why they cannot be had.
    pub(super) fn fetch(&self) -> Result<Keys, Unfetched> {
        let issuer = self.config.issuer().unwrap_or_default();
        let url = format!("{}/.well-known/openid-configuration", issuer.trim_end_matches('/'));
        let unexpected = |url: &str, why: String| Unfetched::Unexpected { url: url.to_owned(), why };
        let metadata: Metadata =
            serde_json::from_str(&self.get(&url)?).map_err(|error| unexpected(&url, error.to_string()))?;
        // Discovery §4.3: else a provider could speak for another.
        if metadata.issuer != issuer {
            return Err(unexpected(&url, format!("it is of the issuer {}", metadata.issuer)));
        }
        if !self.config.may_fetch(&metadata.jwks_uri) {
            return Err(unexpected(&url, format!("its jwks_uri {} is not https", metadata.jwks_uri)));
        }
        let keys = self.get(&metadata.jwks_uri)?;
        Keys::parse(&keys).map_err(|error| unexpected(&metadata.jwks_uri, error.to_string()))
    }

    fn get(&self, url: &str) -> Result<String, Unfetched> {
        let unreachable = |cause| Unfetched::Unreachable { url: url.to_owned(), cause };
        let mut response = self.agent.get(url).call().map_err(unreachable)?;
        if response.status() != 200 {
            let why = format!("it is answered with {}", response.status());
            return Err(Unfetched::Unexpected { url: url.to_owned(), why });
        }
        response.body_mut().with_config().limit(MAX_DOCUMENT).read_to_string().map_err(unreachable)
    }
}
