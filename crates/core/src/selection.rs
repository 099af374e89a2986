//! Which rows of a Cell an export or an import takes: the one place that says so.
//!
//! *In* a Box is its tree with all schema objects and entities of the OData collections there; *bound* to it are the
//! Roles, Relations, Rules and messages that name it, and the ExtRoles of such Relations. Accounts, ExtCells and
//! whatever names no Box are the Cell's own. A link is taken if both of its ends are.

use std::collections::{BTreeSet, HashMap, HashSet};

use saibo_model::node::{CELL_NODE, MAIN_BOX, Node, NodeKind};
use saibo_model::{Document, EntitySet, ErrorCode, Id, Kind, Result};
use saibo_store::ReadTx;
use saibo_store::tx::Linked;

/// How many Boxes can be named at a time.
const MOST_BOXES: usize = 1_000;

/// The Boxes that somebody names, each once and in order.
///
/// # Errors
/// [`ErrorCode::BodyKeyFormat`] if there are none or too many.
pub(crate) fn named(boxes: Vec<String>) -> Result<Vec<String>> {
    let distinct: BTreeSet<String> = boxes.into_iter().collect();
    if distinct.is_empty() || distinct.len() > MOST_BOXES {
        return Err(ErrorCode::BodyKeyFormat.with(["Boxes", "a list of 1 to 1,000 names of Boxes"]));
    }
    Ok(distinct.into_iter().collect())
}

/// What becomes of that which names no Box, where Boxes are named.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CellsOwn {
    /// It is taken, too.
    Taken,
    /// It is not.
    Left,
}

/// A choice among the rows of a Cell, as one view of its store has them.
#[derive(Clone)]
pub(crate) struct Selection<'a> {
    tx: &'a dyn ReadTx,
    /// By the names of their nodes; `None` takes everything.
    boxes: Option<HashSet<Id>>,
    cells_own: CellsOwn,
    /// The Box of each OData collection, by the name of its node.
    collections: HashMap<Id, Id>,
    /// Whether what links name was taken: of EntityTypes, and of the control object that was asked for last.
    entity_types: HashMap<Id, bool>,
    last: Option<(Id, bool)>,
}

impl<'a> Selection<'a> {
    /// Of the Boxes of these names; of everything without.
    ///
    /// # Errors
    /// [`ErrorCode::BoxUnknown`] if there is no such Box; the store's.
    pub(crate) fn new(tx: &'a dyn ReadTx, names: Option<&[String]>, cells_own: CellsOwn) -> Result<Self> {
        let boxes = names.map(|names| names.iter().map(|name| node_of(tx, name)).collect()).transpose()?;
        Ok(Self {
            tx,
            boxes,
            cells_own,
            collections: HashMap::new(),
            entity_types: HashMap::new(),
            last: None,
        })
    }

    /// Whether everything is taken.
    pub(crate) fn is_whole(&self) -> bool {
        self.boxes.is_none()
    }

    /// Whether the Cell's own properties and what names no Box is taken.
    pub(crate) fn has_cells_own(&self) -> bool {
        self.boxes.is_none() || self.cells_own == CellsOwn::Taken
    }

    /// Whether the Box of that node is taken.
    pub(crate) fn has_box(&self, name: &Id) -> bool {
        self.boxes.as_ref().is_none_or(|boxes| boxes.contains(name))
    }

    /// Whether the documents of a set may be: of one in a collection, all or none are.
    pub(crate) fn has_set(&mut self, set: &EntitySet) -> Result<bool> {
        match &set.collection {
            Some(collection) if self.boxes.is_some() => {
                let name = self.box_of(collection)?.clone();
                Ok(self.has_box(&name))
            }
            _ => Ok(true),
        }
    }

    /// Whether a document is taken.
    pub(crate) fn has_document(&mut self, document: &Document) -> Result<bool> {
        if self.boxes.is_none() {
            return Ok(true);
        }
        match (document.set.kind, &document.parent) {
            (Kind::Box, _) => Ok(self.has_box(&document.id)),
            (Kind::ExtRole, Some(relation)) => self.has_control(relation),
            _ if document.set.collection.is_some() => self.has_set(&document.set),
            (_, Some(bound)) => Ok(self.has_box(bound)),
            (_, None) => Ok(self.has_cells_own()),
        }
    }

    /// Whether an end of a link is taken.
    pub(crate) fn has_end(&mut self, (set, id): &Linked) -> Result<bool> {
        match set.kind {
            _ if self.boxes.is_none() => Ok(true),
            Kind::Box => Ok(self.has_box(id)),
            Kind::Account | Kind::ExtCell => Ok(self.has_cells_own()),
            _ if set.collection.is_some() => self.has_set(set),
            _ => self.has_control(id),
        }
    }

    /// Whether the entities of an EntityType are taken.
    pub(crate) fn has_entities_of(&mut self, entity_type: &Id) -> Result<bool> {
        if self.boxes.is_none() {
            return Ok(true);
        }
        if let Some(known) = self.entity_types.get(entity_type) {
            return Ok(*known);
        }
        let found = self.tx.document_by_id(entity_type)?;
        let has = match found {
            Some(found) => self.has_document(&found)?,
            None => false,
        };
        self.entity_types.insert(entity_type.clone(), has);
        Ok(has)
    }

    /// Whether the control object of an id is taken. Links come ordered by their first end, and one lookup in the index
    /// of ids is a small part of writing a link; remembering all would take memory that grows with the Cell.
    fn has_control(&mut self, id: &Id) -> Result<bool> {
        if let Some((_, has)) = self.last.as_ref().filter(|(last, _)| last == id) {
            return Ok(*has);
        }
        let has = match self.tx.document_by_id(id)? {
            Some(found) => self.has_document(&found)?,
            None => false,
        };
        self.last = Some((id.clone(), has));
        Ok(has)
    }

    /// The Box that an OData collection is in, by the name of its node. There are few collections.
    pub(crate) fn box_of(&mut self, collection: &Id) -> Result<&Id> {
        if !self.collections.contains_key(collection) {
            let mut node = self.tx.node_by_id(collection)?;
            while let Some(at) = node.take_if(|node| node.kind != NodeKind::Box) {
                node = self.tx.node(at.parent)?;
            }
            let node = node.ok_or_else(|| ErrorCode::DataInconsistency.with([collection]))?;
            self.collections.insert(collection.clone(), Id::from(node.name));
        }
        self.collections.get(collection).ok_or_else(|| ErrorCode::DataInconsistency.with([collection]))
    }

    /// Goes over the tree without the Cell's own node: each node that is taken with its path, a collection before what
    /// is in it.
    pub(crate) fn tree(&self, each: &mut dyn FnMut(&str, Node) -> Result<()>) -> Result<()> {
        self.tx.children(CELL_NODE, &mut |top| {
            if !self.has_box(&Id::from(top.name.as_str())) {
                return Ok(());
            }
            let (seq, mut path) = (top.seq, vec![top.name.clone()]);
            each(&top.name.clone(), top)?;
            self.tx.descendants(seq, &mut |(depth, node)| {
                path.truncate(depth as usize);
                path.push(node.name.clone());
                each(&path.join("/"), node)
            })
        })
    }
}

/// The name of the node of the Box of that name.
fn node_of(tx: &dyn ReadTx, name: &str) -> Result<Id> {
    if name == MAIN_BOX {
        return Ok(Id::from(MAIN_BOX));
    }
    let found = tx.document(&EntitySet::control(Kind::Box), None, name)?;
    found.map(|found| found.id).ok_or_else(|| ErrorCode::BoxUnknown.with([name]))
}
