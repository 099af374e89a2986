//! OPTIONS (RFC 9110 §9.3.7): what may be done here is told to those who may read it.

use saibo_model::Result;
use saibo_model::privilege::Privilege;

use super::{Request, Resource};

/// Checks whether somebody may know which methods a resource has.
///
/// # Errors
/// Why whoever asks may not.
pub fn options(request: &Request, resource: &Resource) -> Result<()> {
    request.authorize(resource, Privilege::Read)
}

/// Checks whether somebody may run a service.
///
/// # Errors
/// Why whoever asks may not.
pub fn authorize_service(request: &Request, resource: &Resource) -> Result<()> {
    request.authorize(resource, Privilege::Exec)
}
