//! From a path to what is there.

use saibo_model::acl::{Acl, SchemaAuthz};
use saibo_model::node::{CELL_NODE, MAIN_BOX, Node, NodeKind};
use saibo_model::privilege::Privilege;
use saibo_model::{Document, EntitySet, ErrorCode, Id, Kind, Result};
use saibo_store::{ReadTx, WriteTx};
use serde_json::{Map, Value};

use crate::access::{Access, InBox, Target, authorize};
use crate::{Cell, Unit};

/// The Box that something is in.
#[derive(Clone, Debug)]
pub struct BoxOf {
    /// The Box document; the main box has none.
    pub document: Option<Document>,
    /// `Schema`, in its http form.
    pub schema: Option<String>,
}

impl BoxOf {
    /// The Box of a name.
    ///
    /// # Errors
    /// [`ErrorCode::BoxNotFound`].
    pub fn find(tx: &dyn ReadTx, unit: &Unit, name: &str) -> Result<Self> {
        if name == MAIN_BOX {
            return Ok(Self { document: None, schema: None });
        }
        let document = tx
            .document(&EntitySet::control(Kind::Box), None, name)?
            .ok_or_else(|| ErrorCode::BoxNotFound.with([name]))?;
        let body: Map<String, Value> = serde_json::from_str(&document.body)
            .map_err(|e| ErrorCode::DataInconsistency.with([name]).because(e))?;
        let schema = body
            .get("Schema")
            .and_then(Value::as_str)
            .map(|schema| unit.settings().unit_url.localunit_to_http(schema).into_owned());
        Ok(Self { document: Some(document), schema })
    }

    /// Its name, `__` for the main box.
    #[must_use]
    pub fn name(&self) -> &str {
        self.document.as_ref().map_or(MAIN_BOX, |document| &document.key)
    }

    /// Its id; the main box has none.
    #[must_use]
    pub fn id(&self) -> Option<&Id> {
        self.document.as_ref().map(|document| &document.id)
    }

    /// The name of its node: the document's id, so that renaming a Box touches no node.
    #[must_use]
    pub fn node_name(&self) -> &str {
        self.document.as_ref().map_or(MAIN_BOX, |document| document.id.as_str())
    }

    /// Its node, or what it would be: a Box that was never written to has none.
    fn node(&self, tx: &dyn ReadTx, cell: &Cell) -> Result<Node> {
        if let Some(node) = tx.child(CELL_NODE, self.node_name())? {
            return Ok(node);
        }
        let published =
            self.document.as_ref().map_or(cell.document().published, |document| document.published);
        Ok(Node::collection(NodeKind::Box, CELL_NODE, self.node_name(), published))
    }

    /// Its node, made if there was none: as it was shown before, so that its ETag stays.
    ///
    /// # Errors
    /// The store's.
    pub fn make_node(&self, tx: &mut dyn WriteTx, cell: &Cell) -> Result<Node> {
        let mut node = self.node(tx.read(), cell)?;
        if node.seq == 0 {
            tx.put_node(&mut node)?;
        }
        Ok(node)
    }
}

/// What a path leads to: the nodes on the way, and what of the path no node answers to.
#[derive(Clone, Debug)]
pub struct Resource {
    /// The Box.
    pub in_box: BoxOf,
    /// The nodes from the Box's on, each in the one before.
    pub nodes: Vec<Node>,
    /// The names of `nodes` after the Box's, and then those that lead on from the last node: below a plain
    /// collection they do not exist; below an OData, service or stream collection they are that service's.
    pub path: Vec<String>,
    /// The ACLs that count, the nearest first, the Cell's last.
    pub acls: Vec<Acl>,
}

impl Resource {
    /// Walks a path from a Box.
    ///
    /// # Errors
    /// [`ErrorCode::BoxNotFound`], or the store's.
    pub fn find(tx: &dyn ReadTx, unit: &Unit, cell: &Cell, box_name: &str, path: &[String]) -> Result<Self> {
        let in_box = BoxOf::find(tx, unit, box_name)?;
        let mut nodes = vec![in_box.node(tx, cell)?];
        for name in path {
            let last = nodes.last().filter(|node| node.seq != 0 && node.kind != NodeKind::File);
            let Some(last) = last else { break };
            let Some(child) = tx.child(last.seq, name)? else { break };
            nodes.push(child);
        }
        let root = tx.node(CELL_NODE)?;
        let acls = nodes.iter().rev().chain(&root).map(|node| Acl::parse(node.acl.as_deref())).collect();
        Ok(Self { in_box, nodes, path: path.to_vec(), acls })
    }

    /// The last node that exists on the way.
    #[must_use]
    pub fn last(&self) -> &Node {
        // The Box's node is always there.
        &self.nodes[self.nodes.len() - 1]
    }

    /// The names that no node answers to.
    #[must_use]
    pub fn rest(&self) -> &[String] {
        self.path.get(self.nodes.len() - 1..).unwrap_or_default()
    }

    /// The node at the end of the path, if it exists.
    #[must_use]
    pub fn node(&self) -> Option<&Node> {
        self.rest().is_empty().then(|| self.last())
    }

    /// The collection that the end of the path is in, if that exists: for what exists and what would be made.
    #[must_use]
    pub fn parent(&self) -> Option<&Node> {
        match self.rest().len() {
            0 => self.nodes.len().checked_sub(2).and_then(|at| self.nodes.get(at)),
            1 => Some(self.last()).filter(|node| node.kind.is_collection()),
            _ => None,
        }
    }

    /// The node at the end of the path, itself made if it is that of a Box that was never written to.
    ///
    /// # Errors
    /// [`ErrorCode::ResourceUnavailable`] if there is none; the store's.
    pub(crate) fn node_to_change(&self, tx: &mut dyn WriteTx, cell: &Cell) -> Result<Node> {
        match self.node() {
            Some(node) if node.seq == 0 => self.in_box.make_node(tx, cell),
            Some(node) => Ok(node.clone()),
            None => Err(ErrorCode::ResourceUnavailable.into()),
        }
    }

    /// The nearest `requireSchemaAuthz`.
    #[must_use]
    pub fn schema_authz(&self) -> SchemaAuthz {
        self.acls.iter().find_map(|acl| acl.require_schema_authz).unwrap_or(SchemaAuthz::None)
    }

    /// What [`authorize`] needs to know of it.
    #[must_use]
    pub fn target<'a>(&'a self, cell: &'a Cell) -> Target<'a> {
        Target {
            cell,
            acls: &self.acls,
            in_box: Some(InBox {
                schema: self.in_box.schema.as_deref(),
                schema_authz: self.schema_authz(),
                is_main: self.in_box.document.is_none(),
            }),
        }
    }

    /// Whether somebody may do to it what needs a privilege.
    ///
    /// # Errors
    /// Why not.
    pub fn authorize(&self, access: &Access, cell: &Cell, privilege: Privilege) -> Result<()> {
        authorize(access, self.target(cell), privilege)
    }

    /// Whether somebody may do to the collection above it what needs a privilege: its own ACL does not count.
    ///
    /// # Errors
    /// Why not.
    pub fn authorize_parent(&self, access: &Access, cell: &Cell, privilege: Privilege) -> Result<()> {
        let own = usize::from(self.node().is_some());
        let acls = self.acls.get(own..).unwrap_or_default();
        let schema_authz = acls.iter().find_map(|acl| acl.require_schema_authz).unwrap_or(SchemaAuthz::None);
        let mut target = self.target(cell);
        target.acls = acls;
        target.in_box = target.in_box.map(|in_box| InBox { schema_authz, ..in_box });
        authorize(access, target, privilege)
    }
}

/// The ACL of the Cell alone, for what is at its level.
///
/// # Errors
/// The store's.
pub fn cell_acl(tx: &dyn ReadTx) -> Result<Vec<Acl>> {
    Ok(tx.node(CELL_NODE)?.iter().map(|node| Acl::parse(node.acl.as_deref())).collect())
}

/// Whether somebody may do at the Cell's level what needs a privilege.
///
/// # Errors
/// Why not, or the store's.
pub fn authorize_cell(tx: &dyn ReadTx, cell: &Cell, access: &Access, privilege: Privilege) -> Result<()> {
    let acls = cell_acl(tx)?;
    authorize(access, Target { cell, acls: &acls, in_box: None }, privilege)
}
