//! What one kind of objects has and others have not.
//!
//! [`Objects::prepare`] is what takes time or needs to know the unit, ahead of the transaction; the rest runs in it.

mod account;
mod association;
mod boxes;
mod entity_type;
mod property;
mod rule;

use saibo_model::query::{Comparison, Field, Filter, Literal};
use saibo_model::{Document, ErrorCode, Id, Kind, Result};
use saibo_odata::entity_sets::{EntitySet as Definition, Navigation, Source, Via};
use saibo_store::{ReadTx, WriteTx};

use super::fields::Fields;
use super::{Objects, Sets};
use crate::odata::schema_version;

pub(super) use association::{check_peers, put_ends};
pub(crate) use rule::Rule;

/// What a document holds beside the fields that the API shows.
#[derive(Debug)]
pub(super) struct Extras {
    /// The id of a new one.
    pub(super) id: Id,
    /// `h` of a snapshot; `None` leaves it as it is.
    pub(super) hidden: Option<String>,
    /// When.
    now: i64,
}

impl Objects<'_> {
    /// Checks and makes what the transaction should not wait for.
    ///
    /// # Errors
    /// 400-AU-0001 for a password that is not allowed, 400-OD-0006 for fields that do not go together.
    pub(super) fn prepare(
        &self,
        definition: &Definition,
        fields: &Fields,
        credential: Option<&str>,
        before: Option<&Document>,
    ) -> Result<Extras> {
        let mut extras = Extras { id: Id::in_order(), hidden: None, now: self.now };
        match definition.kind {
            Kind::Cell if before.is_none() => extras.hidden = self.owner_to_keep(),
            Kind::Account => {
                if let Some(password) = credential {
                    extras.hidden = Some(account::hidden(self.unit, password, before)?);
                }
            }
            Kind::Rule => rule::check(&self.unit.settings().unit_url, fields)?,
            _ => {}
        }
        Ok(extras)
    }
}

/// Checks a new object, and completes its document.
pub(super) fn check_new(
    tx: &mut dyn WriteTx,
    sets: &Sets,
    fields: &Fields,
    extras: &Extras,
    document: &mut Document,
) -> Result<()> {
    match document.set.kind {
        Kind::Box => boxes::check_schema(tx.read(), sets, fields.text("Schema"), None),
        Kind::EntityType => entity_type::check_count(tx.read(), sets),
        Kind::Property | Kind::ComplexTypeProperty => {
            property::check_new(tx.read(), sets, fields, document, extras.now)
        }
        Kind::SentMessage | Kind::ReceivedMessage => check_new_message(tx.read(), document),
        _ => Ok(()),
    }
}

/// Checks that no message in any Box has the id.
///
/// # Errors
/// 409-OD-0003.
pub(super) fn check_new_message(tx: &dyn ReadTx, document: &Document) -> Result<()> {
    let same = Filter::Compare(Field::Key, Comparison::Equal, Literal::Text(document.key.clone()));
    if tx.any(&document.set, Some(&same))? { Err(ErrorCode::EntityAlreadyExists.into()) } else { Ok(()) }
}

/// Checks an object that takes the place of another.
pub(super) fn check_change(
    tx: &mut dyn WriteTx,
    sets: &Sets,
    definition: &Definition,
    fields: &Fields,
    [before, after]: [&Document; 2],
) -> Result<()> {
    match definition.kind {
        Kind::Box => boxes::check_schema(tx.read(), sets, fields.text("Schema"), Some(before)),
        Kind::ComplexType => property::check_unused(tx.read(), sets, before),
        Kind::Property | Kind::ComplexTypeProperty | Kind::AssociationEnd => {
            property::check_change(definition, fields, before, after)
        }
        _ => Ok(()),
    }
}

/// Checks whether an object may go, and takes what goes with it away.
pub(super) fn check_delete(tx: &mut dyn WriteTx, sets: &Sets, document: &Document) -> Result<()> {
    match document.set.kind {
        Kind::Box => boxes::delete_node(tx, document),
        Kind::EntityType => entity_type::delete_undeclared(tx, sets, document),
        Kind::ComplexType => property::check_unused(tx.read(), sets, document),
        Kind::Property => property::check_no_entities_of(tx.read(), sets, document),
        Kind::ComplexTypeProperty => property::check_no_entities_with(tx.read(), sets, document),
        Kind::AssociationEnd => association::leave_peer(tx, document),
        _ => Ok(()),
    }
}

/// What follows from a document that was written or deleted.
///
/// # Errors
/// 400-OD-0032 if the schema has become too large.
pub(super) fn written(tx: &mut dyn WriteTx, sets: &Sets, kind: Kind) -> Result<()> {
    let Some(collection) = &sets.collection else { return Ok(()) };
    schema_version::bump(tx, collection)?;
    match kind {
        Kind::Property | Kind::ComplexTypeProperty => property::check_structure(tx.read(), collection),
        _ => Ok(()),
    }
}

/// Checks that the objects of a kind can be changed in part.
pub(super) fn check_mergeable(kind: Kind) -> Result<()> {
    match kind {
        Kind::Property | Kind::ComplexTypeProperty | Kind::ComplexType | Kind::AssociationEnd => {
            Err(ErrorCode::MethodNotImplemented.into())
        }
        Kind::Rule => Err(ErrorCode::MethodNotAllowed.into()),
        _ => Ok(()),
    }
}

/// Checks that links can be made and taken away: what always belongs to its parent keeps it.
pub(super) fn check_linkable(definition: &Definition, navigation: &Navigation) -> Result<()> {
    let child = match navigation.via {
        Via::Parent => Some(definition),
        Via::Children => saibo_odata::entity_sets::of_kind(navigation.target),
        Via::Peer | Via::Links => None,
    };
    let bound = child.is_some_and(|child| {
        child.fields.iter().any(|field| field.source == Source::Parent && !field.nullable)
            && child.service().namespace == saibo_odata::entity_sets::SCHEMA.namespace
    });
    if bound { Err(ErrorCode::NoSuchAssociation.into()) } else { Ok(()) }
}
