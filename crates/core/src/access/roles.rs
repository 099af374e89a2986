//! The roles somebody has in a Cell.

use saibo_model::query::{Filter, Query};
use saibo_model::url::UnitUrl;
use saibo_model::{Document, EntitySet, Id, Kind, Result};
use saibo_store::ReadTx;

/// The ids of the Roles linked with an Account; `None` if there is no such Account.
///
/// # Errors
/// The store's.
pub fn roles_of_account(tx: &dyn ReadTx, account: &str) -> Result<Option<Vec<Id>>> {
    let Some(account) = tx.document(&EntitySet::control(Kind::Account), None, account)? else {
        return Ok(None);
    };
    let mut roles = Vec::new();
    add_linked_roles(tx, &account, &mut roles)?;
    Ok(Some(roles))
}

/// Somebody for whom another Cell vouches.
#[derive(Clone, Copy, Debug)]
pub struct Vouched<'a> {
    /// URL of the Cell that vouches.
    pub issuer: &'a str,
    /// URLs that it had before it moved.
    pub former: &'a [String],
    /// Their URL.
    pub subject: &'a str,
    /// Class URLs of the roles that they have there.
    pub roles: &'a [String],
}

/// The ids of the Roles that somebody of another Cell has here: those linked with the ExtCell that they are of,
/// those linked with its Relations, and those linked with the ExtRoles of these Relations that they have there.
///
/// A Cell can vouch for a visitor of its own as well. Such a subject gets nothing through being of an ExtCell,
/// for it is not that Cell who says so.
///
/// # Errors
/// The store's.
pub fn roles_of_visitor(tx: &dyn ReadTx, unit: &UnitUrl, visitor: Vouched<'_>) -> Result<Vec<Id>> {
    let mut roles = Vec::new();
    let (set, mut relations) = (EntitySet::control(Kind::Relation), Vec::new());
    let home = visitor.subject.split_once('#').map_or(visitor.subject, |(cell, _)| cell);
    let known_as = || std::iter::once(visitor.issuer).chain(visitor.former.iter().map(String::as_str));
    for url in known_as().flat_map(|url| unit.spellings(url)) {
        let Some(ext_cell) = tx.document(&EntitySet::control(Kind::ExtCell), None, &url)? else { continue };
        if home == visitor.issuer {
            add_linked_roles(tx, &ext_cell, &mut roles)?;
        }
        let query = Query { filter: Some(Filter::LinkedWith(ext_cell.seq)), ..Query::default() };
        tx.documents(&set, &query, &mut |relation| {
            relations.push(relation);
            Ok(())
        })?;
    }
    for relation in relations {
        add_linked_roles(tx, &relation, &mut roles)?;
        let role_urls = visitor.roles.iter().flat_map(|role| {
            // The role of a Cell that has moved was made out for a URL that it had then.
            let former = visitor
                .former
                .iter()
                .filter_map(|url| role.strip_prefix(visitor.issuer).map(|rest| format!("{url}{rest}")));
            std::iter::once(role.clone()).chain(former).collect::<Vec<_>>()
        });
        for role in role_urls.flat_map(|role| unit.spellings(&role)) {
            let ext_role = tx.document(&EntitySet::control(Kind::ExtRole), Some(&relation.id), &role)?;
            if let Some(ext_role) = ext_role {
                add_linked_roles(tx, &ext_role, &mut roles)?;
            }
        }
    }
    Ok(roles)
}

fn add_linked_roles(tx: &dyn ReadTx, holder: &Document, roles: &mut Vec<Id>) -> Result<()> {
    let query = Query { filter: Some(Filter::LinkedWith(holder.seq)), ..Query::default() };
    tx.documents(&EntitySet::control(Kind::Role), &query, &mut |role| {
        if !roles.contains(&role.id) {
            roles.push(role.id);
        }
        Ok(())
    })
}
