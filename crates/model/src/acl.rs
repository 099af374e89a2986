//! Access control lists, in the form that a snapshot and a node keep (`a` of a `.pmeta`).
//!
//! An ACL only grants; it denies nothing. It names roles by their `_id`, so that a role can be renamed. What
//! an imported ACL holds beyond what is known here (a foreign privilege, another principal) is kept for the
//! next export and grants nothing.
//!
//! Who may do what with a resource is decided by its own ACL and those of everything above it up to the Cell:
//! each adds to the others (API page 006). `requireSchemaAuthz` on the contrary is taken from the nearest ACL
//! that has it.

use std::fmt;

use serde_json::{Map, Value};

use crate::Id;
use crate::privilege::{Level, Privilege};

/// How far an app must have authenticated itself to reach a resource: `p:requireSchemaAuthz`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SchemaAuthz {
    /// Not at all.
    None,
    /// It has, with or without a secret.
    Public,
    /// It has, with a secret.
    Confidential,
}

impl SchemaAuthz {
    /// The value of the attribute.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Public => "public",
            Self::Confidential => "confidential",
        }
    }

    /// The level of that value.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::None, Self::Public, Self::Confidential].into_iter().find(|level| level.name() == name)
    }
}

impl fmt::Display for SchemaAuthz {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// An access control list.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Acl {
    /// How far the app must have authenticated itself; `None` leaves it to what is above.
    pub require_schema_authz: Option<SchemaAuthz>,
    /// What is granted to whom.
    pub aces: Vec<Ace>,
    /// Members that mean nothing here, kept as they came.
    other: Map<String, Value>,
}

/// An access control entry.
#[derive(Clone, Debug, PartialEq)]
pub struct Ace {
    /// To whom.
    pub principal: Principal,
    /// What.
    pub grants: Vec<Grant>,
    /// Members that mean nothing here, kept as they came.
    other: Map<String, Value>,
}

/// To whom an entry grants something.
#[derive(Clone, Debug, PartialEq)]
pub enum Principal {
    /// Everyone, with or without a token.
    All,
    /// Who has the role of that `_id`, which may no longer exist.
    Role(Id),
    /// Nobody: a principal unknown here, as it came (`null` where there was none).
    Other(Value),
}

/// One privilege that an entry grants.
#[derive(Clone, Debug, PartialEq)]
pub enum Grant {
    /// A privilege.
    Privilege(Privilege),
    /// Nothing: a privilege unknown here, as it came.
    Other(Value),
}

const REQUIRE_SCHEMA_AUTHZ: &str = "@p.requireSchemaAuthz";
/// The same attribute as Cells of before version 1.7.20 hold it.
const LEGACY_REQUIRE_SCHEMA_AUTHZ: &str = "@requireSchemaAuthz";
const ACE: &str = "D.ace";
const PRINCIPAL: &str = "D.principal";
const HREF: &str = "D.href";
const ALL: &str = "D.all";
const GRANT: &str = "D.grant";
const PRIVILEGE: &str = "D.privilege";

impl Acl {
    /// An ACL of these entries.
    #[must_use]
    pub fn new(require_schema_authz: Option<SchemaAuthz>, aces: Vec<Ace>) -> Self {
        Self { require_schema_authz, aces, other: Map::new() }
    }

    /// The ACL that a snapshot holds as this JSON value. Whatever is not understood grants nothing.
    #[must_use]
    pub fn from_json(value: &Value) -> Self {
        let Value::Object(members) = value else { return Self::default() };
        let mut other = members.clone();
        let mut level = |key: &str| {
            let level = SchemaAuthz::from_name(other.get(key)?.as_str()?)?;
            other.shift_remove(key);
            Some(level)
        };
        let current = level(REQUIRE_SCHEMA_AUTHZ);
        let require_schema_authz = current.or_else(|| level(LEGACY_REQUIRE_SCHEMA_AUTHZ));
        let aces = one_or_many(other.shift_remove(ACE)).into_iter().map(Ace::from_json).collect();
        Self { require_schema_authz, aces, other }
    }

    /// The ACL of a node's text ([`Node::acl`](crate::Node)); `None` and what is not JSON are the empty one.
    #[must_use]
    pub fn parse(text: Option<&str>) -> Self {
        text.and_then(|text| serde_json::from_str(text).ok())
            .map(|value| Self::from_json(&value))
            .unwrap_or_default()
    }

    /// The JSON value that a snapshot holds.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let mut members = Map::new();
        if let Some(level) = self.require_schema_authz {
            members.insert(REQUIRE_SCHEMA_AUTHZ.into(), level.name().into());
        }
        members.extend(self.other.clone());
        if !self.aces.is_empty() {
            members.insert(ACE.into(), self.aces.iter().map(Ace::to_json).collect());
        }
        Value::Object(members)
    }

    /// The text for a node; `None` if there is nothing to say.
    #[must_use]
    pub fn to_text(&self) -> Option<String> {
        let value = self.to_json();
        (value != Value::Object(Map::new())).then(|| value.to_string())
    }

    /// Whether this ACL alone gives the privilege to someone with these roles.
    ///
    /// `root` granted to a role gives everything of both levels. Granted to everyone it gives the Cell's
    /// level only: a Cell opened to all does not open its Boxes.
    #[must_use]
    pub fn grants(&self, roles: &[Id], privilege: Privilege) -> bool {
        self.aces.iter().any(|ace| ace.grants(roles, privilege))
    }
}

impl Ace {
    /// An entry that grants privileges to a principal.
    #[must_use]
    pub fn new(principal: Principal, privileges: impl IntoIterator<Item = Privilege>) -> Self {
        let grants = privileges.into_iter().map(Grant::Privilege).collect();
        Self { principal, grants, other: Map::new() }
    }

    /// The known privileges that it grants.
    pub fn privileges(&self) -> impl Iterator<Item = Privilege> + '_ {
        self.grants.iter().filter_map(|grant| match grant {
            Grant::Privilege(privilege) => Some(*privilege),
            Grant::Other(_) => None,
        })
    }

    fn grants(&self, roles: &[Id], wanted: Privilege) -> bool {
        match &self.principal {
            Principal::All => self.privileges().any(|granted| {
                granted.includes(wanted) && (granted != Privilege::Root || wanted.level() == Level::Cell)
            }),
            Principal::Role(role) => {
                roles.contains(role) && self.privileges().any(|granted| granted.includes(wanted))
            }
            Principal::Other(_) => false,
        }
    }

    fn from_json(value: Value) -> Self {
        let Value::Object(mut other) = value else {
            return Self { principal: Principal::Other(Value::Null), grants: Vec::new(), other: Map::new() };
        };
        let principal =
            other.shift_remove(PRINCIPAL).map_or(Principal::Other(Value::Null), Principal::from_json);
        let privileges = match other.get_mut(GRANT) {
            Some(Value::Object(grant)) => {
                let privileges = grant.shift_remove(PRIVILEGE);
                if grant.is_empty() {
                    other.shift_remove(GRANT);
                }
                privileges
            }
            _ => None,
        };
        Self { principal, grants: one_or_many(privileges).into_iter().map(Grant::from_json).collect(), other }
    }

    fn to_json(&self) -> Value {
        let mut members = Map::new();
        if self.principal != Principal::Other(Value::Null) {
            members.insert(PRINCIPAL.into(), self.principal.to_json());
        }
        let mut other = self.other.clone();
        let mut grant = match other.shift_remove(GRANT) {
            Some(Value::Object(grant)) => grant,
            Some(value) => {
                other.insert(GRANT.into(), value);
                Map::new()
            }
            None => Map::new(),
        };
        if !self.grants.is_empty() {
            grant.insert(PRIVILEGE.into(), self.grants.iter().map(Grant::to_json).collect());
        }
        if !grant.is_empty() {
            members.insert(GRANT.into(), Value::Object(grant));
        }
        members.extend(other);
        Value::Object(members)
    }
}

impl Principal {
    fn from_json(value: Value) -> Self {
        match value.as_object() {
            // Both members at once are no principal of the API: what is unclear grants nothing.
            Some(members) if members.len() == 1 => match (members.get(HREF), members.get(ALL)) {
                (Some(Value::String(role)), _) => Self::Role(role.as_str().into()),
                (_, Some(_)) => Self::All,
                _ => Self::Other(value),
            },
            _ => Self::Other(value),
        }
    }

    fn to_json(&self) -> Value {
        match self {
            Self::All => Value::Object(Map::from_iter([(ALL.to_owned(), "".into())])),
            Self::Role(role) => Value::Object(Map::from_iter([(HREF.to_owned(), role.as_str().into())])),
            Self::Other(value) => value.clone(),
        }
    }
}

impl Grant {
    fn from_json(value: Value) -> Self {
        let known = match value.as_object() {
            Some(members) if members.len() == 1 => {
                members.keys().next().and_then(|name| Privilege::from_snapshot_name(name))
            }
            _ => None,
        };
        known.map_or(Self::Other(value), Self::Privilege)
    }

    fn to_json(&self) -> Value {
        match self {
            Self::Privilege(privilege) => Value::Object(Map::from_iter([(
                privilege.snapshot_name().to_owned(),
                Value::Object(Map::new()),
            )])),
            Self::Other(value) => value.clone(),
        }
    }
}

/// A member that may be absent, stand alone or stand in an array.
fn one_or_many(value: Option<Value>) -> Vec<Value> {
    match value {
        None => Vec::new(),
        Some(Value::Array(values)) => values,
        Some(value) => vec![value],
    }
}

#[cfg(test)]
mod tests;
