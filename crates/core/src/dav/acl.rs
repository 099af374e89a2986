//! ACL (API page 315; RFC 3744 §8.1).

use saibo_dav::header::ETag;
use saibo_dav::request::{AclRequest, RoleLookup, RoleName};
use saibo_model::acl::Acl;
use saibo_model::privilege::{Level, Privilege};
use saibo_model::{EntitySet, ErrorCode, Kind, Result};
use saibo_store::ReadTx;

use super::{Request, Resource, Served, etag_of};
use crate::{Unit, role};

/// Replaces the ACL of a Box, a collection or a file.
///
/// # Errors
/// Why whoever asks may not; [`ErrorCode::ResourceNotFound`]; those of [`AclRequest::parse`] and
/// [`AclRequest::into_acl`]; the store's.
pub fn acl(request: &Request, body: &[u8]) -> Result<ETag> {
    request.read(|_, resource| check(request, &resource))?;
    let wanted = parse(&request.unit, body, Level::Box)?;
    request.write(
        |_, request, resource| check(request, resource),
        move |tx, request, resource| {
            let acl = look_up(tx.read(), request.cell.url(), wanted)?;
            let mut node = resource.node_to_change(tx, &request.cell)?;
            node.acl = acl.to_text();
            // `getlastmodified` is of content and properties: an ACL counts the version alone.
            node.version += 1;
            tx.put_node(&mut node)?;
            Ok(etag_of(&node))
        },
    )
}

/// The ACL that a body asks for, its base in the http form.
pub(super) fn parse(unit: &Unit, body: &[u8], level: Level) -> Result<AclRequest> {
    let mut wanted = AclRequest::parse(body, level)?;
    wanted.base = wanted.base.map(|base| unit.settings().unit_url.localunit_to_http(&base).into_owned());
    Ok(wanted)
}

/// The ACL with roles by id.
pub(super) fn look_up(tx: &dyn ReadTx, cell_url: &str, wanted: AclRequest) -> Result<Acl> {
    wanted.into_acl(cell_url, |RoleName { box_name, name }| {
        if let Some(role) = role::find(tx, box_name, name)? {
            return Ok(RoleLookup::Found(role.id));
        }
        let has_box = box_name == saibo_model::node::MAIN_BOX
            || tx.document(&EntitySet::control(Kind::Box), None, box_name)?.is_some();
        Ok(if has_box { RoleLookup::NoRole } else { RoleLookup::NoBox })
    })
}

fn check(request: &Request, resource: &Resource) -> Result<()> {
    match resource.served() {
        Served::Source | Served::InOData | Served::InService | Served::InStream => {
            Err(ErrorCode::MethodNotAllowed.into())
        }
        served => {
            request.authorize(resource, Privilege::WriteAcl)?;
            match served {
                Served::Missing | Served::SourceMissing => Err(request.not_found()),
                // A service's scripts have the ACL of the service (API page 381).
                Served::SourceFile => Err(ErrorCode::ResourceAlreadyExists.into()),
                _ => Ok(()),
            }
        }
    }
}
