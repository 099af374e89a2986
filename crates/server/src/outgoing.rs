//! How the program asks others: who it says it is, whom it believes, and what a unit puts up with.

use std::time::Duration;

use ureq::Agent;
use ureq::config::ConfigBuilder;
use ureq::tls::{RootCerts, TlsConfig};
use ureq::typestate::AgentScope;

/// How it names itself.
pub(crate) const USER_AGENT: &str = concat!("saibo/", env!("CARGO_PKG_VERSION"));

/// The system decides which certificates count, so an operator's own authority needs to be told to the system alone
/// (or named in `SSL_CERT_FILE`).
pub(crate) fn tls() -> TlsConfig {
    TlsConfig::builder().root_certs(RootCerts::PlatformVerifier).build()
}

/// What a unit that asks another server has in common, whatever it asks for: a time from the first packet to the last
/// byte, no redirect, for whom it asks was chosen with care, and no connection that is kept.
pub(crate) fn of_unit(patience: Duration) -> ConfigBuilder<AgentScope> {
    Agent::config_builder()
        .http_status_as_error(false)
        .max_redirects(0)
        .max_redirects_will_error(false)
        .timeout_global(Some(patience))
        .max_idle_connections(0)
        .user_agent(USER_AGENT)
        .tls_config(tls())
}
