//! The body of ACL (RFC 3744 §8.1; API pages 289 and 315).
//!
//! It names roles by URL, `{CellURL}__role/{box}/{role}`, usually relative to its `xml:base`. What is stored
//! are the roles' ids, so the core looks them up: [`AclRequest::into_acl`].

use saibo_model::acl::{Ace, Acl, Principal, SchemaAuthz};
use saibo_model::privilege::{Level, Privilege};
use saibo_model::{Error, ErrorCode, Id, Result};

use crate::xml::{self, DAV, Element, PERSONIUM, XML};

/// An ACL as a client sends it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AclRequest {
    /// `xml:base`, as sent: it need not be a URI, nor is it looked at before a relative `href` needs it. A
    /// `personium-localunit:` URL is for the core to replace.
    pub base: Option<String>,
    /// `p:requireSchemaAuthz`.
    pub require_schema_authz: Option<SchemaAuthz>,
    /// The entries.
    pub aces: Vec<AceRequest>,
}

/// An entry of an [`AclRequest`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AceRequest {
    /// To whom.
    pub principal: PrincipalRequest,
    /// What: at least one.
    pub privileges: Vec<Privilege>,
}

/// To whom an [`AceRequest`] grants something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PrincipalRequest {
    /// `D:all`: everyone.
    All,
    /// `D:href`: who has the role of that URL.
    Href(String),
}

/// What the core finds for a [`RoleName`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RoleLookup {
    /// The role's `_id`.
    Found(Id),
    /// There is no such role.
    NoRole,
    /// There is not even such a box.
    NoBox,
}

impl AclRequest {
    /// Parses the body of an ACL on a resource of that level. The Cell's ACL may grant privileges of both
    /// levels, all others only those of the Box level.
    ///
    /// # Errors
    /// `PR400-DV-0002` if it is not XML or its root is not `DAV:acl`, `PR400-DV-0006` if it is not as the
    /// API page says.
    pub fn parse(body: &[u8], level: Level) -> Result<Self> {
        let root = xml::parse(body).map_err(|e| Error::from(ErrorCode::XmlContent).because(e))?;
        if !root.name.is(DAV, "acl") {
            return Err(ErrorCode::XmlContent.into());
        }
        let require_schema_authz = match root.attribute(PERSONIUM, "requireSchemaAuthz") {
            None | Some("") => None,
            Some(name) => Some(
                SchemaAuthz::from_name(name)
                    .ok_or_else(|| invalid(format!("requireSchemaAuthz cannot be '{name}'")))?,
            ),
        };
        let aces = root.children(DAV, "ace").map(|element| ace(element, level)).collect::<Result<_>>()?;
        let base = root.attribute(XML, "base").filter(|base| !base.is_empty()).map(str::to_owned);
        Ok(Self { base, require_schema_authz, aces })
    }

    /// The ACL to store. `find` looks up a role of the Cell at `cell_url`.
    ///
    /// # Errors
    /// `PR400-DV-0004` if a URL is not that of a role of this Cell or there is no such role, `PR400-DV-0005`
    /// if there is not even the box, and those of `find`.
    pub fn into_acl(
        self,
        cell_url: &str,
        mut find: impl FnMut(&RoleName) -> Result<RoleLookup>,
    ) -> Result<Acl> {
        let Self { base, require_schema_authz, aces } = self;
        let mut principal = |principal| match principal {
            PrincipalRequest::All => Ok(Principal::All),
            PrincipalRequest::Href(href) => {
                let role = RoleName::parse(&href, base.as_deref(), cell_url)?;
                match find(&role)? {
                    RoleLookup::Found(id) => Ok(Principal::Role(id)),
                    RoleLookup::NoRole => Err(ErrorCode::AclRoleNotFound.into()),
                    RoleLookup::NoBox => {
                        Err(ErrorCode::AclBoxNotFound.with([base.as_ref().unwrap_or(&href)]))
                    }
                }
            }
        };
        let aces = aces
            .into_iter()
            .map(|ace| Ok(Ace::new(principal(ace.principal)?, ace.privileges)))
            .collect::<Result<_>>()?;
        Ok(Acl::new(require_schema_authz, aces))
    }
}

fn ace(element: &Element, level: Level) -> Result<AceRequest> {
    let grant = element.child(DAV, "grant").ok_or_else(|| invalid("an ace has no grant"))?;
    let principal = element.child(DAV, "principal").ok_or_else(|| invalid("an ace has no principal"))?;
    let mut privileges = Vec::new();
    for holder in grant.children(DAV, "privilege") {
        let before = privileges.len();
        for element in holder.elements() {
            privileges.push(privilege(element, level)?);
        }
        if privileges.len() == before {
            return Err(invalid("a privilege is empty"));
        }
    }
    if privileges.is_empty() {
        return Err(invalid("a grant has no privilege"));
    }
    let principal = match principal.child(DAV, "href").map(|href| href.text().trim().to_owned()) {
        Some(href) if !href.is_empty() => PrincipalRequest::Href(href),
        _ if principal.child(DAV, "all").is_some() => PrincipalRequest::All,
        Some(_) => return Err(invalid("a principal's href is empty")),
        None => return Err(invalid("a principal is neither href nor all")),
    };
    Ok(AceRequest { principal, privileges })
}

fn privilege(element: &Element, level: Level) -> Result<Privilege> {
    Privilege::from_name(&element.name.local)
        .filter(|privilege| {
            let namespace = if privilege.prefix() == "D" { DAV } else { PERSONIUM };
            *element.name.namespace == *namespace && (level == Level::Cell || privilege.level() == Level::Box)
        })
        .ok_or_else(|| invalid(format!("'{}' is not a privilege here", element.name.qualified())))
}

fn invalid(cause: impl ToString) -> Error {
    ErrorCode::XmlInvalid.with([cause])
}

/// A role of the Cell, as ACLs name it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoleName {
    /// Name of the box it is bound to, or `__`.
    pub box_name: String,
    /// Its name.
    pub name: String,
}

impl RoleName {
    /// The role that an `href` names, resolved against the base (RFC 3986 §5.2). Neither need be valid as a
    /// URI: clients send `…/__role/[main]/`. The Cell's scheme and port are not compared, since clients may see
    /// others than the unit does.
    ///
    /// # Errors
    /// `PR400-DV-0004` if it is not the URL of a role of the Cell at `cell_url`.
    pub fn parse(href: &str, base: Option<&str>, cell_url: &str) -> Result<Self> {
        Self::find(href, base, cell_url).ok_or_else(|| ErrorCode::AclRoleNotFound.into())
    }

    fn find(href: &str, base: Option<&str>, cell_url: &str) -> Option<Self> {
        let (host, path) = match split(href) {
            Some((host, path)) => (host, without_dots(path)),
            None => {
                let (host, path) = split(base?)?;
                let directory = match href.starts_with('/') {
                    true => "",
                    false => path.rfind('/').map_or("/", |end| path.get(..=end).unwrap_or("/")),
                };
                (host, without_dots(&format!("{directory}{href}")))
            }
        };
        let (cell_host, cell_path) = split(cell_url)?;
        if !host.eq_ignore_ascii_case(cell_host) {
            return None;
        }
        let rest = path.strip_prefix(cell_path.trim_end_matches('/'))?.strip_prefix("/__role/")?;
        let (box_name, name) = rest.split_once('/')?;
        if box_name.is_empty() || name.is_empty() {
            return None;
        }
        Some(Self { box_name: box_name.to_owned(), name: name.to_owned() })
    }

    /// The base that an ACL is shown with: the roles of a box, `__` for the main box and for the Cell.
    #[must_use]
    pub fn base_url(cell_url: &str, box_name: &str) -> String {
        format!("{}/__role/{box_name}/", cell_url.trim_end_matches('/'))
    }

    /// The `href` that names it relative to [`RoleName::base_url`] of that box.
    #[must_use]
    pub fn relative_to(&self, box_name: &str) -> String {
        match self.box_name == box_name {
            true => self.name.clone(),
            false => format!("../{}/{}", self.box_name, self.name),
        }
    }
}

/// Host and path of an absolute URL.
fn split(url: &str) -> Option<(&str, &str)> {
    let (scheme, rest) = url.split_once("://")?;
    if !matches!(scheme.to_ascii_lowercase().as_str(), "http" | "https") {
        return None;
    }
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let host = match authority.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|b| b.is_ascii_digit()) => host,
        _ => authority,
    };
    Some((host, path))
}

/// Removes the dot segments of an absolute path (RFC 3986 §5.2.4).
fn without_dots(path: &str) -> String {
    let mut segments: Vec<&str> = Vec::new();
    for segment in path.split('/').skip(1) {
        match segment {
            "." => {}
            ".." => {
                segments.pop();
            }
            segment => segments.push(segment),
        }
    }
    format!("/{}", segments.join("/"))
}

#[cfg(test)]
mod tests;
