//! TLS, as a client: whom the program believes when it asks others.

use ureq::tls::{RootCerts, TlsConfig};

/// How it names itself.
pub(crate) const USER_AGENT: &str = concat!("saibo/", env!("CARGO_PKG_VERSION"));

/// The system decides which certificates count, so an operator's own authority needs to be told to the system alone
/// (or named in `SSL_CERT_FILE`).
pub(crate) fn config() -> TlsConfig {
    TlsConfig::builder().root_certs(RootCerts::PlatformVerifier).build()
}
