//! Tokens, grants and passwords. Clock and keys are passed in.

pub mod cookie;
pub mod grant;
pub mod jwt;
pub mod kept;
pub mod keys;
pub mod oidc;
pub mod password;
pub mod pkce;
pub mod scope;
pub mod token;

pub use keys::{KeyRing, RandomError};
pub use token::{Claims, Token, TokenError, TokenKind};
