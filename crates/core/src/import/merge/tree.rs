//! The tree of a snapshot into the Cell's: by path.

use saibo_model::node::{CELL_NODE, Content, MAIN_BOX, Node, NodeKind};
use saibo_model::{ErrorCode, Id, Result};

use super::effects::Effect;
use super::json::{merged, merged_acls, with_roles};
use super::{Merge, Mode, conflict};
use crate::import::weight;

impl Merge<'_> {
    /// Every node that is taken.
    pub(super) fn tree(&mut self) -> Result<()> {
        let from = self.from;
        if self.selection.has_cells_own() {
            let own = |tx: &dyn saibo_store::ReadTx| tx.node(CELL_NODE);
            let (theirs, ours) = (own(from)?, own(self.tx.read())?);
            let (Some(theirs), Some(ours)) = (theirs, ours) else {
                return Err(ErrorCode::DataInconsistency.into());
            };
            // Whether it is in use is not for a snapshot to say.
            let theirs = Node { extra: ours.extra.clone(), ..theirs };
            self.node(theirs, ours.parent, String::new(), Some(ours), "")?;
        }
        // The collections on the way to where the walk is, in the Cell.
        let mut above: Vec<i64> = Vec::new();
        self.selection.clone().tree(&mut |path, node| {
            self.progress.check()?;
            let depth = path.matches('/').count();
            above.truncate(depth);
            let parent = above.last().copied().unwrap_or(CELL_NODE);
            let name = match node.kind {
                NodeKind::Box if node.name != MAIN_BOX => {
                    let id = self.targets.id(self.tx.read(), &Id::from(node.name.as_str()))?;
                    id.ok_or_else(|| ErrorCode::DataInconsistency.with([&node.name]))?.into()
                }
                _ => node.name.clone(),
            };
            let known = self.tx.read().child(parent, &name)?;
            above.push(self.node(node, parent, name, known, path)?);
            self.count(weight::NODE / weight::MERGE_BYTE);
            Ok(())
        })
    }

    /// A node that is there, or not; its `seq` in the Cell.
    fn node(
        &mut self,
        mut node: Node,
        parent: i64,
        name: String,
        known: Option<Node>,
        path: &str,
    ) -> Result<i64> {
        let kind = if node.kind == NodeKind::File { "file" } else { "collection" };
        let (from_id, is_odata) = (node.id.clone(), node.kind == NodeKind::OData);
        node.acl = {
            let (targets, to) = (&mut self.targets, self.tx.read());
            with_roles(node.acl.as_deref(), &mut |role| targets.id(to, role))?
        };
        let (put, effect) = match known {
            None => {
                let is_free = self.tx.read().node_by_id(&node.id)?.is_none();
                let id = if is_free { node.id.clone() } else { Id::in_order() };
                (Node { seq: 0, parent, name, id, ..node }, Effect::Created)
            }
            Some(known) if known.kind != node.kind => {
                let (theirs, ours) = (node.kind.name(), known.kind.name());
                return Err(conflict(format!(
                    "20_webdav/{path}: is {theirs} in the snapshot and {ours} in the Cell"
                )));
            }
            Some(known) => {
                let same = Node {
                    seq: known.seq,
                    parent,
                    name,
                    id: known.id.clone(),
                    version: known.version,
                    content: same_content(&known, node.content.take()),
                    ..node
                };
                match self.mode {
                    Mode::Skip => (known, Effect::Skipped),
                    Mode::Overwrite if same == known => (known, Effect::Unchanged),
                    Mode::Overwrite => (Node { version: known.version + 1, ..same }, Effect::Replaced),
                    Mode::Merge => {
                        let both = merged_nodes(&known, same)?;
                        if both == known {
                            (known, Effect::Unchanged)
                        } else {
                            (Node { version: known.version + 1, ..both }, Effect::Merged)
                        }
                    }
                }
            }
        };
        self.effects.add(effect, kind);
        let mut put = put;
        if !matches!(effect, Effect::Skipped | Effect::Unchanged) {
            if let Some(content) = &put.content {
                let small = self.from.small_content(content)?;
                self.tx.put_content(content, small.as_deref())?;
            }
            self.tx.put_node(&mut put)?;
        }
        if is_odata {
            self.targets.collections.insert(from_id, put.id.clone());
        }
        Ok(put.seq)
    }
}

/// The snapshot's content, or the Cell's if it is the same: stored since it was encrypted or the other way round, it is
/// known by another name.
fn same_content(known: &Node, new: Option<Content>) -> Option<Content> {
    match (&known.content, &new) {
        (Some(ours), Some(theirs)) if ours.sha256 == theirs.sha256 && ours.length == theirs.length => {
            known.content.clone()
        }
        _ => new,
    }
}

/// A node of the Cell with what the snapshot's has, too; of its content and media type, that one's.
fn merged_nodes(known: &Node, new: Node) -> Result<Node> {
    let acl = match (&known.acl, &new.acl) {
        (ours, None) => ours.clone(),
        (ours, theirs) if ours == theirs => ours.clone(),
        (ours, theirs) => merged_acls(ours.as_deref(), theirs.as_deref()),
    };
    Ok(Node {
        published: known.published,
        updated: known.updated.max(new.updated),
        acl,
        properties: merged(known.properties.as_deref(), new.properties.as_deref())?,
        extra: merged(known.extra.as_deref(), new.extra.as_deref())?,
        ..new
    })
}
