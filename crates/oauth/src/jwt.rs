//! What a Cell signs with its own key: id_tokens (OpenID Connect Core §2) and documents given to `__sign`, both
//! RS256 (RFC 7518 §3.3); the public half for `__certs` (RFC 7517); and checking the id_tokens of others.

mod claims;
mod key;
mod verify;

pub use claims::IdTokenClaims;
pub use key::{CellKey, KeyError, key_set};
pub use verify::{Expected, IdTokenFault, Keys};

use jsonwebtoken::crypto::rust_crypto;

/// Names the implementation of the algorithms. Left to find one, the library panics where a build happens to
/// hold two or none. Fails where one was named before, which is as good.
fn choose_algorithms() {
    let _ = rust_crypto::DEFAULT_PROVIDER.install_default();
}
