//! `$links`: which objects are linked, linking them, and taking links away.

use saibo_model::document::Link;
use saibo_model::privilege::Access as PrivilegeAccess;
use saibo_model::query::Query;
use saibo_model::{Document, ErrorCode, Kind, Result};
use saibo_odata::body::LinkTarget;
use saibo_odata::entity_sets::{EntitySet as Definition, Navigation, Via};
use saibo_odata::json;
use saibo_odata::key::Key;
use saibo_odata::options::ListOptions;
use saibo_store::{StoreExt as _, WriteTx};

use super::place::{Ancestors, find};
use super::read::{AS_THEY_CAME, condition};
use super::{Objects, Sets, rules};
use crate::odata::EntityPath;

impl Objects<'_> {
    /// The navigation property of a name, for `$links`.
    fn linked(&self, definition: &'static Definition, name: &str) -> Result<Navigation> {
        let found = definition.navigation_property(name);
        found.ok_or_else(|| ErrorCode::NoSuchAssociation.into())
    }

    /// Checks that somebody may see, or change, links from an object; the other side is asked for afterwards.
    pub(super) fn authorize_link(
        &self,
        definition: &'static Definition,
        property: &str,
        access: PrivilegeAccess,
    ) -> Result<()> {
        let navigation = definition.navigation_property(property);
        let of_message = navigation.is_some_and(|navigation| marks_as_read(definition, &navigation));
        self.authorize(if of_message { Kind::ReceivedMessage } else { definition.kind }, access)
    }

    /// The same for the other side.
    pub(super) fn authorize_linked(
        &self,
        definition: &'static Definition,
        navigation: &Navigation,
        access: PrivilegeAccess,
    ) -> Result<()> {
        let done = definition.kind == Kind::ReceivedMessage || marks_as_read(definition, navigation);
        if done { Ok(()) } else { self.authorize(navigation.target, access) }
    }

    /// Lists the links along a navigation property.
    ///
    /// # Errors
    /// 404-OD-0001, 400-OD-0004, why somebody may not, 400-OD-0008, 404-OD-0002.
    pub fn list_links(&self, path: EntityPath<'_>, property: &str, options: &ListOptions) -> Result<Vec<u8>> {
        let definition = self.definition(path.set)?;
        let key = Self::key(definition, path.predicate)?;
        self.authorize_link(definition, property, PrivilegeAccess::Read)?;
        let navigation = self.linked(definition, property)?;
        self.authorize_linked(definition, &navigation, PrivilegeAccess::Read)?;
        let target = self.definition_of(navigation.target)?;
        let sets = self.sets();
        self.store().read(|tx| {
            let source = find(tx, &sets, definition, &key)?.ok_or(ErrorCode::NoSuchEntity)?;
            let mut targets = Vec::new();
            if let Some(filter) = condition(&navigation, &source, tx)? {
                let query = Query {
                    filter: Some(filter),
                    order_by: vec![AS_THEY_CAME],
                    skip: options.skip,
                    top: Some(options.top()),
                };
                let mut documents = Vec::new();
                tx.documents(&sets.of(navigation.target), &query, &mut |document| {
                    documents.push(document);
                    Ok(())
                })?;
                let mut ancestors = Ancestors::new(tx);
                ancestors.look_up_all(&sets, target, &documents)?;
                for document in &documents {
                    let key = ancestors.key(target, document)?;
                    targets.push(format!("{}{}", target.name(), key.plain(target.key)));
                }
            }
            Ok(json::links(self.root, targets))
        })
    }

    /// Links an object with the one that a body names.
    ///
    /// # Errors
    /// 404-OD-0001, 400-OD-0004, why somebody may not, 400-OD-0008, 400-OD-0001 and 0006 for the body, 404-OD-0000,
    /// 409-OD-0002 if they are linked, or one of them may have only one link.
    pub fn link(&self, path: EntityPath<'_>, property: &str, body: &[u8]) -> Result<()> {
        let definition = self.definition(path.set)?;
        let key = Self::key(definition, path.predicate)?;
        self.authorize_link(definition, property, PrivilegeAccess::Write)?;
        let navigation = self.linked(definition, property)?;
        rules::check_linkable(definition, &navigation)?;
        self.authorize_linked(definition, &navigation, PrivilegeAccess::Write)?;
        let named = LinkTarget::parse(body, self.root)?;
        let malformed = || ErrorCode::FieldFormat.with(["uri"]);
        let target = self.definition_of(navigation.target)?;
        if named.set != target.name() {
            return Err(malformed());
        }
        let target_key = Key::parse(&named.predicate, target.key).map_err(|_| malformed())?;
        let (sets, now) = (self.sets(), self.now);
        self.store().write(move |tx| {
            let source = find(tx.read(), &sets, definition, &key)?.ok_or(ErrorCode::NotFound)?;
            let target = find(tx.read(), &sets, target, &target_key)?.ok_or_else(malformed)?;
            put_link(tx, &sets, &navigation, source, target, now)
        })
    }

    /// Takes a link away.
    ///
    /// # Errors
    /// 404-OD-0001, 400-OD-0004, 400-OD-0028 for the other's key, why somebody may not, 400-OD-0008, 404-OD-0000.
    pub fn unlink(&self, path: EntityPath<'_>, property: &str, predicate: &str) -> Result<()> {
        let definition = self.definition(path.set)?;
        let key = Self::key(definition, path.predicate)?;
        let navigation = self.linked(definition, property)?;
        let target = self.definition_of(navigation.target)?;
        let target_key = Key::parse(predicate, target.key).map_err(|_| ErrorCode::LinksKeyParse)?;
        self.authorize_link(definition, property, PrivilegeAccess::Write)?;
        rules::check_linkable(definition, &navigation)?;
        self.authorize_linked(definition, &navigation, PrivilegeAccess::Write)?;
        let sets = self.sets();
        self.store().write(move |tx| {
            let source = find(tx.read(), &sets, definition, &key)?.ok_or(ErrorCode::NotFound)?;
            let target = find(tx.read(), &sets, target, &target_key)?.ok_or(ErrorCode::NotFound)?;
            take_link(tx, &sets, &navigation, source, target)
        })
    }
}

/// Whether links say which Accounts have read a message: they are the message's, and take its privilege alone, as
/// recorded.
fn marks_as_read(definition: &Definition, navigation: &Navigation) -> bool {
    matches!(
        (definition.kind, navigation.target),
        (Kind::Account, Kind::ReceivedMessage) | (Kind::ReceivedMessage, Kind::Account)
    )
}

/// Makes a link, however its kind is stored.
pub(super) fn put_link(
    tx: &mut dyn WriteTx,
    sets: &Sets,
    navigation: &Navigation,
    mut source: Document,
    mut target: Document,
    now: i64,
) -> Result<()> {
    match navigation.via {
        Via::Links => put_many_to_many(tx, &source, &target, now),
        Via::Parent => set_parent(tx, source, Some(&target)),
        Via::Children => set_parent(tx, target, Some(&source)),
        Via::Peer => {
            rules::check_peers(tx, sets, [&source, &target])?;
            source.peer = Some(target.id.clone());
            target.peer = Some(source.id.clone());
            rules::put_ends(tx, [&mut source, &mut target])?;
            rules::written(tx, sets, source.set.kind)
        }
    }
}

/// Links two objects of sets that are linked many with many.
///
/// # Errors
/// 409-OD-0002 if they are linked.
pub(crate) fn put_many_to_many(
    tx: &mut dyn WriteTx,
    source: &Document,
    target: &Document,
    now: i64,
) -> Result<()> {
    if tx.read().link(source.seq, target.seq)?.is_some() {
        return Err(ErrorCode::LinkAlreadyExists.into());
    }
    // Either side may have asked; the order must not depend on it.
    let in_order = source.set.kind.name() <= target.set.kind.name();
    let (first, second) = if in_order { (source.seq, target.seq) } else { (target.seq, source.seq) };
    tx.put_link(&Link { first, second, to_one: false, published: now, updated: now })
}

/// Takes a link away, however its kind is stored.
fn take_link(
    tx: &mut dyn WriteTx,
    sets: &Sets,
    navigation: &Navigation,
    mut source: Document,
    mut target: Document,
) -> Result<()> {
    let absent = || Err(ErrorCode::NotFound.into());
    match navigation.via {
        Via::Links => match tx.delete_link(source.seq, target.seq)? {
            true => Ok(()),
            false => absent(),
        },
        Via::Parent if source.parent.as_ref() != Some(&target.id) => absent(),
        Via::Children if target.parent.as_ref() != Some(&source.id) => absent(),
        Via::Parent => set_parent(tx, source, None),
        Via::Children => set_parent(tx, target, None),
        Via::Peer => {
            if source.peer.as_ref() != Some(&target.id) {
                return absent();
            }
            (source.peer, target.peer) = (None, None);
            rules::put_ends(tx, [&mut source, &mut target])?;
            rules::written(tx, sets, source.set.kind)
        }
    }
}

/// Puts a document into another parent, or into none. It may not have one yet, and its name must be free there.
fn set_parent(tx: &mut dyn WriteTx, mut child: Document, parent: Option<&Document>) -> Result<()> {
    if parent.is_some() && child.parent.is_some() {
        return Err(ErrorCode::LinkAlreadyExists.into());
    }
    let to = parent.map(|parent| parent.id.clone());
    if tx.read().document(&child.set, to.as_ref(), &child.key)?.is_some() {
        let code = if parent.is_some() { ErrorCode::LinkConflict } else { ErrorCode::UnlinkConflict };
        return Err(code.with([format!("{} '{}'", child.set.kind.name(), child.key)]));
    }
    child.parent = to;
    child.version += 1;
    tx.put_document(&mut child)
}
