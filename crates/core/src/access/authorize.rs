//! The one place that decides.

use saibo_model::acl::{Acl, SchemaAuthz};
use saibo_model::privilege::{Access as Reach, Level, Privilege};
use saibo_model::{ErrorCode, Result};

use super::{Access, Contents, Subject};
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
    if has_contents(access, target.cell, privilege) {
        return Ok(());
    }
    let basic_accepted = target.in_box.is_some_and(|in_box| in_box.accepts_basic());
    if let (Subject::PasswordChange(_), Some(_)) = (&access.subject, target.in_box) {
        let error = saibo_model::Error::from(ErrorCode::PasswordChangeTokenAccess);
        return Err(error.accepting_basic(basic_accepted));
    }
    if let Some(in_box) = target.in_box.filter(|_| !is_unit_user(access, target.cell)) {
        check_schema(access, in_box, basic_accepted)?;
    }
    // Basic authentication where it is not accepted leaves somebody who may do what everybody may.
    let basic_refused = matches!(access.subject, Subject::Basic(_)) && !basic_accepted;
    let roles = if basic_refused { &[] } else { access.roles.as_slice() };
    let granted = target.acls.iter().any(|acl| acl.grants(roles, privilege));
    if !granted {
        let code = match (&access.subject, basic_refused) {
            (_, true) | (Subject::Anonymous, _) => ErrorCode::AuthorizationRequired,
            (Subject::Invalid(code), _) => *code,
            _ => ErrorCode::NecessaryPrivilegeLacking,
        };
        return Err(saibo_model::Error::from(code).accepting_basic(basic_accepted));
    }
    check_scope(access, target.acls, privilege)
}

/// Whether somebody may manage Cells: the bearer of the master token, or any unit user for what is theirs.
///
/// # Errors
/// Why not.
pub fn authorize_unit(access: &Access) -> Result<()> {
    match &access.subject {
        Subject::UnitMaster | Subject::UnitAdmin | Subject::UnitUser(_) => Ok(()),
        Subject::Invalid(code) => Err((*code).into()),
        Subject::Anonymous => Err(ErrorCode::AuthorizationRequired.into()),
        _ => Err(ErrorCode::UnitUserRequired.into()),
    }
}

/// Whether somebody may change the properties of a Cell (API page 291): its unit user alone, for some of them decide
/// what the unit itself does (page 106).
///
/// # Errors
/// Why not.
pub fn authorize_cell_properties(access: &Access, cell: &Cell) -> Result<()> {
    if is_unit_user(access, cell) {
        return Ok(());
    }
    Err(match &access.subject {
        Subject::Invalid(code) => *code,
        Subject::Anonymous | Subject::Basic(_) => ErrorCode::AuthorizationRequired,
        _ => ErrorCode::UnitUserRequired,
    }
    .into())
}

/// Whether somebody may change their own password (API page 294), and which Account that is.
///
/// # Errors
/// Why not.
pub fn authorize_own_password(access: &Access) -> Result<&str> {
    match &access.subject {
        Subject::PasswordChange(name) => Ok(name),
        Subject::Resident(name) => check_scope(access, &[], Privilege::Auth).map(|()| name.as_str()),
        Subject::Invalid(code) => Err((*code).into()),
        Subject::Anonymous | Subject::Basic(_) => Err(ErrorCode::AuthorizationRequired.into()),
        _ => Err(ErrorCode::NecessaryPrivilegeLacking.into()),
    }
}

/// Whether somebody may look into tokens (API page 297): those of which application, `None` meaning all.
///
/// # Errors
/// Why not.
pub fn authorize_introspection<'a>(access: &'a Access, cell: &Cell) -> Result<Option<&'a str>> {
    match &access.subject {
        Subject::Anonymous => {
            Err(saibo_model::Error::from(ErrorCode::AuthorizationRequired).accepting_basic(true))
        }
        Subject::Invalid(_) => Err(ErrorCode::NecessaryPrivilegeLacking.into()),
        _ if is_unit_user(access, cell) => Ok(None),
        _ => match access.schema.as_deref() {
            Some(schema) => Ok(Some(schema)),
            None => Err(ErrorCode::NecessaryPrivilegeLacking.into()),
        },
    }
}

/// Whether the unit or the Cell is theirs, so that they may manage it. What is in it is another question.
#[must_use]
pub fn is_unit_user(access: &Access, cell: &Cell) -> bool {
    match &access.subject {
        Subject::UnitMaster | Subject::UnitAdmin => true,
        Subject::UnitUser(url) => cell.owner() == Some(url.as_str()),
        _ => false,
    }
}

/// Whether somebody sees ACLs in a PROPFIND.
#[must_use]
pub fn may_read_acl(access: &Access, target: Target<'_>, privilege: Privilege) -> bool {
    has_contents(access, target.cell, privilege)
        || target.acls.iter().any(|acl| acl.grants(&access.roles, privilege))
}

/// Whether a unit user may do what needs a privilege in a Cell, without any role there.
fn has_contents(access: &Access, cell: &Cell, privilege: Privilege) -> bool {
    if access.subject == Subject::UnitMaster {
        return true;
    }
    let enough = match access.contents {
        Some(Contents::All) => true,
        Some(Contents::Read) => privilege.access() == Reach::Read,
        None => false,
    };
    enough && is_unit_user(access, cell)
}

/// Whether the scopes of a token suffice. They limit what an app may do at the Cell's level; only tokens that
/// somebody asked for with scopes have any. A scope that is a Role allows what the Role may do.
fn check_scope(access: &Access, acls: &[Acl], privilege: Privilege) -> Result<()> {
    let limits = privilege.level() == Level::Cell
        && matches!(access.subject, Subject::Resident(_) | Subject::Visitor(_));
    let by_role = || acls.iter().any(|acl| acl.grants(&access.scope_roles, privilege));
    if !limits || access.scopes.include(privilege) || (!access.scope_roles.is_empty() && by_role()) {
        return Ok(());
    }
    Err(ErrorCode::ScopeInsufficient.with([privilege.name()]))
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
            Some(client) if client == schema => {}
            _ => return Err(ErrorCode::SchemaNotAccepted.into()),
        }
    }
    let enough = match in_box.schema_authz {
        SchemaAuthz::None => true,
        SchemaAuthz::Public => access.schema.is_some(),
        SchemaAuthz::Confidential => access.is_confidential(),
    };
    if enough { Ok(()) } else { Err(ErrorCode::SchemaLevelInsufficient.into()) }
}
