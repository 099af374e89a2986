//! AssociationEnds: two of them, linked, make an association of two EntityTypes (API page 318).

use saibo_model::query::{Filter, Query};
use saibo_model::{Document, ErrorCode, Kind, Result};
use saibo_store::WriteTx;
use serde_json::Value;

use super::super::view::body_of;
use super::Sets;

/// Checks that two ends may be linked.
///
/// # Errors
/// 409-OD-0002 if one has a peer already, 409-OD-0006 if their EntityTypes are related already, 400-OD-0031 if both
/// stand for exactly one.
pub(in super::super) fn check_peers(
    tx: &dyn WriteTx,
    sets: &Sets,
    [source, target]: [&Document; 2],
) -> Result<()> {
    let is_one = |end: &Document| {
        Ok::<_, saibo_model::Error>(body_of(end)?.get("Multiplicity") == Some(&Value::from("1")))
    };
    if is_one(source)? && is_one(target)? {
        return Err(ErrorCode::LinksMultiplicity.into());
    }
    if source.peer.is_some() || target.peer.is_some() {
        return Err(ErrorCode::LinkAlreadyExists.into());
    }
    let query = Query { filter: Some(Filter::HasParent(source.parent.clone())), ..Query::default() };
    let mut peers = Vec::new();
    tx.read().documents(&sets.of(Kind::AssociationEnd), &query, &mut |end| {
        peers.extend(end.peer);
        Ok(())
    })?;
    for peer in peers {
        if tx.read().document_by_id(&peer)?.is_some_and(|peer| peer.parent == target.parent) {
            return Err(ErrorCode::EntityTypesAlreadyRelated.into());
        }
    }
    Ok(())
}

/// Stores ends whose link was made or taken away.
pub(in super::super) fn put_ends<const N: usize>(
    tx: &mut dyn WriteTx,
    ends: [&mut Document; N],
) -> Result<()> {
    for end in ends {
        end.version += 1;
        tx.put_document(end)?;
    }
    Ok(())
}

/// Takes an end that is deleted from its peer.
pub(super) fn leave_peer(tx: &mut dyn WriteTx, end: &Document) -> Result<()> {
    let Some(peer) = &end.peer else { return Ok(()) };
    match tx.read().document_by_id(peer)? {
        Some(mut peer) if peer.id != end.id => {
            peer.peer = None;
            put_ends(tx, [&mut peer])
        }
        _ => Ok(()),
    }
}
