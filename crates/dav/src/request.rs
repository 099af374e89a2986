//! The bodies of WebDAV requests.

mod acl;
mod mkcol;
mod propfind;
mod proppatch;

pub use acl::{AceRequest, AclRequest, PrincipalRequest, RoleLookup, RoleName};
pub use mkcol::{Mkcol, MkcolRefusal};
pub use propfind::Propfind;
pub use proppatch::{Change, Proppatch};
