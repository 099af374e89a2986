//! The one place that decides.

use saibo_model::acl::{Acl, SchemaAuthz};
use saibo_model::privilege::{Level, Privilege};
use saibo_model::{ErrorCode, Result};

use super::{Access, Subject};
use crate::Cell;

/// What somebody wants to reach.
#[derive(Clone, Copy)]
pub struct Target<'a> {
    /// The Cell it is in.
    pub cell: &'a Cell,
    /// The ACLs that count for it: its own, those of the collections above it, its Box's and the Cell's. They
    /// add up: what any of them grants is granted (API page 006).
    pub acls: &'a [Acl],
    /// For something in a Box: what the Box asks of apps. `None` is the Cell level.
    pub in_box: Option<InBox<'a>>,
}

/// What a Box asks of the apps that reach into it.
#[derive(Clone, Copy, Debug)]
pub struct InBox<'a> {
    /// The Box's `Schema`, in its http form; never for the main box.
    pub schema: Option<&'a str>,
    /// The nearest `requireSchemaAuthz`.
    pub schema_authz: SchemaAuthz,
    /// Whether it is the main box, which accepts Basic authentication whatever its schema.
    pub is_main: bool,
}

impl InBox<'_> {
    /// Basic authentication knows no app, so it cannot reach into a Box that belongs to one.
    fn accepts_basic(&self) -> bool {
        self.is_main || self.schema.is_none()
    }
}

/// Whether somebody may do what needs a privilege (API page 006).
///
/// # Errors
/// Why not: 401 where other credentials could help, 403 where not.
pub fn authorize(access: &Access, target: Target<'_>, privilege: Privilege) -> Result<()> {
    if is_unit_user(access, target.cell) {
        return Ok(());
    }
    let basic_accepted = target.in_box.is_some_and(|in_box| in_box.accepts_basic());
    if let Some(in_box) = target.in_box {
        check_schema(access, in_box, basic_accepted)?;
    }
    let basic_refused = matches!(access.subject, Subject::Basic(_)) && !basic_accepted;
    let granted = !basic_refused && target.acls.iter().any(|acl| acl.grants(&access.roles, privilege));
    if !granted {
        let code = match (&access.subject, basic_refused) {
            (_, true) | (Subject::Anonymous, _) => ErrorCode::AuthorizationRequired,
            (Subject::Invalid(code), _) => *code,
            _ => ErrorCode::NecessaryPrivilegeLacking,
        };
        return Err(saibo_model::Error::from(code).accepting_basic(basic_accepted));
    }
    if privilege.level() == Level::Cell && limits_scope(access) && !access.scopes.include(privilege) {
        return Err(ErrorCode::ScopeInsufficient.with([privilege.name()]));
    }
    Ok(())
}

/// Whether somebody may manage Cells: the bearer of the master token, or any unit user for what is theirs.
///
/// # Errors
/// Why not.
pub fn authorize_unit(access: &Access) -> Result<()> {
    match &access.subject {
        Subject::UnitMaster | Subject::UnitUser(_) => Ok(()),
        Subject::Invalid(code) => Err((*code).into()),
        Subject::Anonymous => Err(ErrorCode::AuthorizationRequired.into()),
        _ => Err(ErrorCode::UnitUserRequired.into()),
    }
}

/// Whether somebody may do everything in a Cell, because the unit or the Cell is theirs.
#[must_use]
pub fn is_unit_user(access: &Access, cell: &Cell) -> bool {
    match &access.subject {
        Subject::UnitMaster => true,
        Subject::UnitUser(url) => cell.owner() == Some(url.as_str()),
        _ => false,
    }
}

/// Whether somebody sees ACLs in a PROPFIND.
#[must_use]
pub fn may_read_acl(access: &Access, target: Target<'_>, privilege: Privilege) -> bool {
    is_unit_user(access, target.cell) || target.acls.iter().any(|acl| acl.grants(&access.roles, privilege))
}

/// Only tokens that an app or a user asked for with scopes are limited by them.
fn limits_scope(access: &Access) -> bool {
    matches!(access.subject, Subject::Resident(_) | Subject::Visitor(_))
}

fn check_schema(access: &Access, in_box: InBox<'_>, basic_accepted: bool) -> Result<()> {
    if in_box.schema_authz == SchemaAuthz::None {
        return Ok(());
    }
    let refuse = |code: ErrorCode| Err(saibo_model::Error::from(code).accepting_basic(basic_accepted));
    match &access.subject {
        Subject::Invalid(code) => return refuse(*code),
        Subject::Anonymous => return refuse(ErrorCode::AuthorizationRequired),
        _ => {}
    }
    if let Some(schema) = in_box.schema {
        match access.client_id() {
            None => return Err(ErrorCode::SchemaAuthenticationRequired.into()),
            Some(client) if client != schema => return Err(ErrorCode::SchemaNotAccepted.into()),
            Some(_) => {}
        }
    }
    let enough = match in_box.schema_authz {
        SchemaAuthz::None => true,
        SchemaAuthz::Public => access.schema.is_some(),
        SchemaAuthz::Confidential => access.is_confidential(),
    };
    if enough { Ok(()) } else { Err(ErrorCode::SchemaLevelInsufficient.into()) }
}
