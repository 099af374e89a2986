//! WebDAV as the Personium API speaks it: requests, multistatus, ACL XML, headers. Pure text to model and back.
//!
//! - [`header`]: the headers that steer WebDAV methods, a file each.
//! - [`href`]: names in the URLs that are shown.
//! - [`request`]: the bodies of MKCOL, PROPFIND, PROPPATCH and ACL.
//! - [`response`]: the bodies that answer them.
//! - [`property`]: dead properties, as they are sent, stored and shown.
//! - [`xml`]: the little of XML that all of these need.

pub mod header;
pub mod href;
pub mod property;
pub mod request;
pub mod response;
pub mod xml;

#[cfg(test)]
mod fuzz;
