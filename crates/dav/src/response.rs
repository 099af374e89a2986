//! The bodies that answer WebDAV requests.

mod acl;
mod date;
mod multistatus;
mod resource;

pub use acl::{AceView, AclView, PrincipalView};
pub use date::http_date;
pub use multistatus::{Multistatus, Prop, Propstat, Response};
pub use resource::{Body, Resource};
