//! Who asks, and what they may do.
//!
//! [`authenticate`] turns a request's credentials into an [`Access`]; [`authorize`] alone decides whether that
//! Access may do what it asks. Nothing else in this program looks at roles, privileges or scopes.

mod authenticate;
mod authorize;
mod lockout;
mod remembered;
mod roles;

use saibo_model::{ErrorCode, Id};
use saibo_oauth::scope::Scopes;

pub use authenticate::{Credentials, authenticate};
pub use authorize::{
    InBox, Target, authorize, authorize_cell_properties, authorize_introspection, authorize_own_password,
    authorize_unit, is_unit_user, may_read_acl,
};
pub use lockout::{Lockout, Turnstile};
pub(crate) use remembered::RememberedRoles;
pub use roles::{Vouched, roles_of_account, roles_of_visitor};

/// Who asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Subject {
    /// Nobody in particular: no credentials were sent.
    Anonymous,
    /// Credentials were sent that are not good. They fail only where some are needed: what everyone may do,
    /// they may too.
    Invalid(ErrorCode),
    /// The bearer of the master token.
    UnitMaster,
    /// A unit user with the role `UnitAdmin`: owns every Cell, as it were.
    UnitAdmin,
    /// A unit user: may manage the Cells they own. Holds their URL.
    UnitUser(String),
    /// An Account of this Cell, by a Bearer token. Holds its name.
    Resident(String),
    /// An Account of this Cell, by name and password with the request. Holds its name.
    Basic(String),
    /// An Account that may do nothing until it has changed its password. Holds its name.
    PasswordChange(String),
    /// Somebody of another Cell. Holds their URL.
    Visitor(String),
}

/// What a unit user may do with what is in their Cells: managing a Cell is one thing, looking into it another.
/// Comes with the roles `CellContentsReader` and `CellContentsAdmin`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Contents {
    /// Whatever needs no more than reading.
    Read,
    /// Everything.
    All,
}

/// Who asks, with what they bring along.
#[derive(Clone, Debug)]
pub struct Access {
    /// Who.
    pub subject: Subject,
    /// The roles they have in this Cell.
    pub roles: Vec<Id>,
    /// The app that authenticated itself, with `#c` if confidential.
    pub schema: Option<String>,
    /// What the token may be used for.
    pub scopes: Scopes,
    /// The Roles of this Cell among the scopes: what these may do, the token may be used for.
    pub scope_roles: Vec<Id>,
    /// Of unit users: what they may do with what is in their Cells.
    pub contents: Option<Contents>,
    /// Where the token itself came from another Cell: that Cell's URL.
    pub vouched_by: Option<String>,
}

impl Access {
    /// The Access of somebody who brings nothing along.
    #[must_use]
    pub fn of(subject: Subject) -> Self {
        Self {
            subject,
            roles: Vec::new(),
            schema: None,
            scopes: Scopes::default(),
            scope_roles: Vec::new(),
            contents: None,
            vouched_by: None,
        }
    }

    /// The Access of credentials that are not good.
    pub(crate) fn invalid(code: ErrorCode) -> Self {
        Self::of(Subject::Invalid(code))
    }

    /// The app without the mark of confidentiality.
    #[must_use]
    pub fn client_id(&self) -> Option<&str> {
        self.schema
            .as_deref()
            .map(|schema| schema.strip_suffix(saibo_oauth::token::CONFIDENTIAL).unwrap_or(schema))
    }

    /// Whether the app proved that it is confidential.
    #[must_use]
    pub fn is_confidential(&self) -> bool {
        self.schema.as_deref().is_some_and(|schema| schema.ends_with(saibo_oauth::token::CONFIDENTIAL))
    }
}
