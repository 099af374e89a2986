//! How nodes are shown in a PROPFIND: their live and dead properties, and their ACLs with what they inherit.

use std::collections::HashMap;

use saibo_dav::property::Properties;
use saibo_dav::request::RoleName;
use saibo_dav::response::{AceView, AclView, Body, PrincipalView, Resource as Shown};
use saibo_model::acl::{Ace, Acl, Principal};
use saibo_model::node::{Node, NodeKind};
use saibo_model::{ErrorCode, Id, Result};
use saibo_store::ReadTx;
use serde_json::{Map, Value};

use crate::role;

/// The status that a Cell has unless its node says otherwise.
const NORMAL: &str = "normal";

/// The dead properties of a node.
pub(super) fn properties_of(node: &Node) -> Result<Properties> {
    let members = parse_members(node.properties.as_deref())?;
    let text = |value: Value| match value {
        Value::String(text) => Some(text),
        _ => None,
    };
    Ok(members.into_iter().filter_map(|(key, value)| Some((key, text(value)?))).collect())
}

/// Keeps dead properties in a node.
pub(super) fn set_properties(node: &mut Node, properties: &Properties) {
    let members: Map<String, Value> =
        properties.iter().map(|(key, text)| (key.to_owned(), text.into())).collect();
    node.properties = (!members.is_empty()).then(|| Value::Object(members).to_string());
}

fn parse_members(text: Option<&str>) -> Result<Map<String, Value>> {
    match text {
        None => Ok(Map::new()),
        Some(text) => serde_json::from_str(text)
            .map_err(|e| saibo_model::Error::from(ErrorCode::ResourceInconsistency).because(e)),
    }
}

/// A node with everything that is shown of it but its ACL.
pub(crate) fn show(node: &Node, href: String) -> Result<Shown> {
    let body = node.content.as_ref().map(|content| Body {
        length: content.length,
        media_type: node.content_type.clone().unwrap_or_default(),
    });
    let cell_status = match node.kind {
        NodeKind::Cell => {
            let extra = parse_members(node.extra.as_deref())?;
            Some(extra.get("cs").and_then(Value::as_str).unwrap_or(NORMAL).to_owned())
        }
        _ => None,
    };
    Ok(Shown {
        href,
        kind: node.kind,
        created: node.published,
        updated: node.updated,
        body,
        cell_status,
        acl: None,
        properties: properties_of(node)?.to_vec(),
    })
}

/// Shows ACLs, with roles by name. Each role is looked up once.
pub(crate) struct AclShower<'a> {
    tx: &'a dyn ReadTx,
    base: String,
    box_name: &'a str,
    roles: HashMap<Id, Option<String>>,
}

impl<'a> AclShower<'a> {
    /// For resources in a Box, or with `__` for the Cell.
    pub(crate) fn new(tx: &'a dyn ReadTx, cell_url: &str, box_name: &'a str) -> Self {
        Self { tx, base: RoleName::base_url(cell_url, box_name), box_name, roles: HashMap::new() }
    }

    /// An ACL and then the entries that it inherits.
    pub(crate) fn show(&mut self, own: &Acl, inherited: &[AceView]) -> Result<AclView> {
        let mut aces = self.aces(own, None)?;
        aces.extend_from_slice(inherited);
        Ok(AclView { base: self.base.clone(), require_schema_authz: own.require_schema_authz, aces })
    }

    /// The entries of ACLs from collections of these URLs, in this order.
    pub(crate) fn inherited<'b>(
        &mut self,
        from: impl IntoIterator<Item = (&'b str, &'b Acl)>,
    ) -> Result<Vec<AceView>> {
        let mut aces = Vec::new();
        for (url, acl) in from {
            aces.extend(self.aces(acl, Some(url))?);
        }
        Ok(aces)
    }

    fn aces(&mut self, acl: &Acl, inherited: Option<&str>) -> Result<Vec<AceView>> {
        let mut aces = Vec::with_capacity(acl.aces.len());
        for ace in &acl.aces {
            if let Some(principal) = self.principal(ace)? {
                aces.push(AceView {
                    principal,
                    privileges: ace.privileges().collect(),
                    inherited: inherited.map(str::to_owned),
                });
            }
        }
        Ok(aces)
    }

    /// To whom an entry grants something; `None` if that is nobody, or a role that is gone.
    fn principal(&mut self, ace: &Ace) -> Result<Option<PrincipalView>> {
        let id = match &ace.principal {
            Principal::All => return Ok(Some(PrincipalView::All)),
            Principal::Other(_) => return Ok(None),
            Principal::Role(id) => id,
        };
        let href = match self.roles.get(id) {
            Some(known) => known.clone(),
            None => {
                let href = role::place_of(self.tx, id)?
                    .map(|(box_name, name)| RoleName { box_name, name }.relative_to(self.box_name));
                self.roles.insert(id.clone(), href.clone());
                href
            }
        };
        Ok(href.map(PrincipalView::Href))
    }
}
