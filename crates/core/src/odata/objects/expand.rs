//! `$expand`: objects with those that they are linked with (API page 405).
//!
//! A page costs a query for each navigation property, and for the parents of what is behind it, however many objects it
//! has.

use saibo_model::query::Related;
use saibo_model::{Document, ErrorCode, Result};
use saibo_odata::entity::{Content, Entity};
use saibo_odata::entity_sets::{EntitySet as Definition, Navigation, Via, of_kind};
use saibo_odata::options::Select;
use saibo_store::ReadTx;

use super::Sets;
use super::place::Ancestors;
use super::read::AS_THEY_CAME;
use super::view::{Links, entity};

/// Objects shown behind one that is expanded, in a list and alone (API page 405).
const EXPANDED: u64 = 100;

/// What is shown behind one object: the content of each navigation property that is expanded.
pub(super) type Expanded = Vec<(&'static str, Content<'static>)>;

/// The navigation properties that `$expand` names.
///
/// # Errors
/// 400-OD-0025 for one that does not exist.
pub(super) fn expansion(definition: &'static Definition, names: &[String]) -> Result<Vec<Navigation>> {
    let find = |name: &String| {
        definition.navigation_property(name).ok_or_else(|| ErrorCode::ExpandNotFound.with([name]))
    };
    names.iter().map(find).collect()
}

/// What is behind each of a page's objects, in their order.
pub(super) fn expand(
    tx: &dyn ReadTx,
    sets: &Sets,
    documents: &[Document],
    expansion: &[Navigation],
    ancestors: &mut Ancestors<'_>,
) -> Result<Vec<Expanded>> {
    let mut expanded: Vec<Expanded> = documents.iter().map(|_| Vec::with_capacity(expansion.len())).collect();
    for navigation in expansion {
        let Some(target) = of_kind(navigation.target) else { continue };
        let behind = behind(tx, sets, documents, navigation)?;
        ancestors.look_up_all(sets, target, behind.iter().flatten())?;
        for (expanded, behind) in expanded.iter_mut().zip(&behind) {
            let show =
                |document| entity(target, ancestors, document, &Select::default(), Links::Shown(Vec::new()));
            let mut shown = behind.iter().map(show).collect::<Result<Vec<Entity<'static>>>>()?;
            let content = match navigation.to.is_many() {
                true => Content::Many(shown),
                false => Content::One(shown.pop().map(Box::new)),
            };
            expanded.push((navigation.name, content));
        }
    }
    Ok(expanded)
}

/// The objects behind a navigation property of each of several.
fn behind(
    tx: &dyn ReadTx,
    sets: &Sets,
    documents: &[Document],
    navigation: &Navigation,
) -> Result<Vec<Vec<Document>>> {
    let to = match navigation.via {
        Via::Links => Related::Links(documents.iter().map(|one| one.seq).collect()),
        Via::Children => Related::Children(documents.iter().map(|one| one.id.clone()).collect()),
        Via::Parent => Related::Named(documents.iter().map(|one| one.parent.clone()).collect()),
        Via::Peer => Related::Named(documents.iter().map(|one| one.peer.clone()).collect()),
    };
    let mut behind = vec![Vec::new(); documents.len()];
    tx.related(&sets.of(navigation.target), &to, &[AS_THEY_CAME], EXPANDED, &mut |(at, document)| {
        if let Some(behind) = behind.get_mut(at) {
            behind.push(document);
        }
        Ok(())
    })?;
    Ok(behind)
}
