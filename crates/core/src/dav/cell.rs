//! OPTIONS, PROPFIND, PROPPATCH and ACL of the Cell itself (API pages 289 to 291).

use saibo_dav::header::{Depth, ETag};
use saibo_dav::request::{Propfind, Proppatch};
use saibo_dav::response::Multistatus;
use saibo_model::acl::Acl;
use saibo_model::node::{CELL_NODE, MAIN_BOX, Node};
use saibo_model::privilege::{Level, Privilege};
use saibo_model::{Error, ErrorCode, Result};
use saibo_store::{ReadTx, StoreExt as _};

use super::acl::{look_up, parse};
use super::proppatch::apply;
use super::view::{AclShower, show};
use super::{Found, etag_of, resource};
use crate::access::{Target, authorize_cell_properties, may_read_acl};
use crate::{Access, Cell, Unit};

/// Shows the Cell. What is below it is never shown, whatever the depth (API page 290).
///
/// # Errors
/// Why whoever asks may not; those of [`Propfind::parse`] and [`Depth::of_propfind`]; the store's.
pub fn propfind(cell: &Cell, access: &Access, depth: Option<&str>, body: &[u8]) -> Result<Found> {
    cell.store().read(|tx| {
        resource::authorize_cell(tx, cell, access, Privilege::Propfind)?;
        Propfind::parse(body)?;
        Depth::of_propfind(depth, Some(Depth::Zero))?;
        let node = root(tx)?;
        let acls = [Acl::parse(node.acl.as_deref())];
        let mut shown = show(&node, cell.url().trim_end_matches('/').to_owned())?;
        let target = Target { cell, acls: &acls, in_box: None };
        if may_read_acl(access, target, Privilege::AclRead) {
            shown.acl = Some(AclShower::new(tx, cell.url(), MAIN_BOX).show(&acls[0], &[])?);
        }
        Ok(Found { etag: etag_of(&node), multistatus: Multistatus { responses: vec![shown.into()] } })
    })
}

/// Checks whether somebody may know which methods a Cell has.
///
/// # Errors
/// Why whoever asks may not; the store's.
pub fn options(cell: &Cell, access: &Access) -> Result<()> {
    cell.store().read(|tx| resource::authorize_cell(tx, cell, access, Privilege::SocialRead))
}

/// Changes the Cell's dead properties, which only its unit user may (API page 291): some of them decide what
/// the unit itself does (page 106).
///
/// # Errors
/// Why whoever asks may not; those of [`Proppatch::parse`]; the store's.
pub fn proppatch(cell: &Cell, access: &Access, body: &[u8], now: i64) -> Result<Found> {
    authorize_cell_properties(access, cell)?;
    let patch = Proppatch::parse(body)?;
    let href = cell.url().to_owned();
    cell.store().write(move |tx| {
        let mut node = root(tx.read())?;
        let found = apply(&patch, &href, &mut node, now)?;
        tx.put_node(&mut node)?;
        Ok(found)
    })
}

/// Replaces the Cell's ACL.
///
/// # Errors
/// Why whoever asks may not; those of [`AclRequest`](saibo_dav::request::AclRequest); the store's.
pub fn acl(unit: &Unit, cell: &Cell, access: &Access, body: &[u8]) -> Result<ETag> {
    cell.store().read(|tx| resource::authorize_cell(tx, cell, access, Privilege::Acl))?;
    let wanted = parse(unit, body, Level::Cell)?;
    let (cell, access) = (cell.clone(), access.clone());
    cell.store().clone().write(move |tx| {
        resource::authorize_cell(tx.read(), &cell, &access, Privilege::Acl)?;
        let acl = look_up(tx.read(), cell.url(), wanted)?;
        let mut node = root(tx.read())?;
        node.acl = acl.to_text();
        node.version += 1;
        tx.put_node(&mut node)?;
        Ok(etag_of(&node))
    })
}

fn root(tx: &dyn ReadTx) -> Result<Node> {
    tx.node(CELL_NODE)?.ok_or_else(|| {
        Error::from(ErrorCode::ResourceInconsistency).because("the Cell has no node of its own")
    })
}
