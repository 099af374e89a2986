//! Associations between entity sets, and the navigation properties that they give them.

use saibo_model::Kind;
use saibo_model::edm::Multiplicity;

/// An association of two entity sets.
#[derive(Debug)]
pub struct Association {
    /// The two ends, in order.
    pub ends: [End; 2],
    /// How it is stored.
    pub via: Stores,
}

/// How an association is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stores {
    /// The second end's documents have the first's as their parent.
    ParentIsFirst,
    /// The first end's documents have the second's as their parent.
    ParentIsSecond,
    /// The two are each other's peer.
    Peer,
    /// Links of their own.
    Links,
}

/// An end of an association.
#[derive(Debug)]
pub struct End {
    /// The kind that is there.
    pub kind: Kind,
    /// How many of them.
    pub multiplicity: Multiplicity,
    /// The navigation property that leads to it, from the other end.
    pub property: &'static str,
}

impl Association {
    /// The name, `Box-Role-assoc`.
    #[must_use]
    pub fn name(&self) -> String {
        format!("{}-assoc", self.role(0))
    }

    /// The role of an end, `Box-Role` or `Role-Box`.
    #[must_use]
    pub fn role(&self, end: usize) -> String {
        let [first, second] = &self.ends;
        let (own, other) = if end == 0 { (first, second) } else { (second, first) };
        format!("{}-{}", own.kind.name(), other.kind.name())
    }

    /// The navigation property of one of its kinds. An association of a kind with itself has only one.
    pub(super) fn from(&'static self, kind: Kind) -> Option<Navigation> {
        let at = self.ends.iter().position(|end| end.kind == kind)?;
        let (from, to) =
            if at == 0 { (&self.ends[0], &self.ends[1]) } else { (&self.ends[1], &self.ends[0]) };
        let via = match (self.via, at) {
            (Stores::ParentIsFirst, 0) | (Stores::ParentIsSecond, 1) => Via::Children,
            (Stores::ParentIsFirst | Stores::ParentIsSecond, _) => Via::Parent,
            (Stores::Peer, _) => Via::Peer,
            (Stores::Links, _) => Via::Links,
        };
        Some(Navigation {
            name: to.property,
            target: to.kind,
            to: to.multiplicity,
            from: from.multiplicity,
            via,
            association: self,
            end: at,
        })
    }
}

/// A navigation property.
#[derive(Clone, Copy, Debug)]
pub struct Navigation {
    /// The name, with its underscore.
    pub name: &'static str,
    /// Where it leads.
    pub target: Kind,
    /// How many documents it leads to.
    pub to: Multiplicity,
    /// How many documents it comes from.
    pub from: Multiplicity,
    /// How the link is stored.
    pub via: Via,
    /// The association.
    pub association: &'static Association,
    /// The end of the association from which it leads.
    pub end: usize,
}

/// How the link behind a navigation property is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Via {
    /// The document's parent.
    Parent,
    /// The documents whose parent it is.
    Children,
    /// The document's peer.
    Peer,
    /// Links.
    Links,
}
