//! A unit: its register of Cells, its keys, its settings.

use std::collections::HashMap;
use std::sync::Arc;

use ed25519_dalek::SigningKey;
use parking_lot::RwLock;
use saibo_model::node::{CELL_NODE, Node, NodeKind};
use saibo_model::{Document, EntitySet, ErrorCode, Id, Kind, Result};
use saibo_oauth::keys::KeyRing;
use saibo_store::{Backend, Place, StoreExt as _, WriteTx};
use serde_json::{Map, Value};

use crate::access::{Lockout, Turnstile};
use crate::job::{JobKind, Jobs};
use crate::token::Transcell;
use crate::{Cell, Settings};

/// Scope of the register's values that say which generation of a Cell counts.
const GENERATION: &str = "generation";

/// Cells looked up lately. More than this and it is emptied: filling it again costs a few reads.
const KNOWN: usize = 4096;

/// A unit.
pub struct Unit {
    backend: Arc<dyn Backend>,
    settings: Settings,
    keys: KeyRing,
    signing_key: SigningKey,
    transcell: Transcell,
    jobs: Arc<Jobs>,
    lockout: Lockout,
    password_checks: Turnstile,
    known: RwLock<HashMap<String, Arc<Known>>>,
    entities: Arc<crate::odata::entities::State>,
}

impl Unit {
    /// A unit over a backend.
    #[must_use]
    pub fn new(
        backend: Arc<dyn Backend>,
        settings: Settings,
        keys: KeyRing,
        signing_key: SigningKey,
        transcell: Transcell,
    ) -> Self {
        Self {
            jobs: Arc::new(Jobs::new(backend.register(), settings.limits.jobs)),
            backend,
            keys,
            signing_key,
            transcell,
            lockout: Lockout::default(),
            password_checks: Turnstile::new(settings.limits.password_checks),
            known: RwLock::default(),
            entities: Arc::default(),
            settings,
        }
    }

    /// What it was told.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// The keys of its opaque tokens.
    #[must_use]
    pub fn keys(&self) -> &KeyRing {
        &self.keys
    }

    /// The key that signs the manifests of its snapshots.
    #[must_use]
    pub fn signing_key(&self) -> &SigningKey {
        &self.signing_key
    }

    /// What it signs transcell tokens with, and whose it believes.
    #[must_use]
    pub fn transcell(&self) -> &Transcell {
        &self.transcell
    }

    /// Its exports and imports.
    #[must_use]
    pub fn jobs(&self) -> &Arc<Jobs> {
        &self.jobs
    }

    /// Takes up the jobs that the unit left running when it was stopped, and removes what is kept no longer.
    ///
    /// # Errors
    /// The store's.
    pub fn resume(self: &Arc<Self>) -> Result<()> {
        for job in self.jobs.unfinished()? {
            tracing::info!(cell = job.cell_name, kind = ?job.kind, name = job.name, "job taken up again");
            match job.kind {
                JobKind::Export => crate::export::resume(self, job)?,
                JobKind::Import => crate::import::resume(self, job)?,
            }
        }
        crate::import::remove_expired(self)?;
        Ok(())
    }

    /// The pauses after failed logins.
    #[must_use]
    pub fn lockout(&self) -> &Lockout {
        &self.lockout
    }

    pub(crate) fn password_checks(&self) -> &Turnstile {
        &self.password_checks
    }

    /// What it remembers of the OData collections of its Cells.
    #[must_use]
    pub fn entities(&self) -> &Arc<crate::odata::entities::State> {
        &self.entities
    }

    /// Where it stores.
    #[must_use]
    pub fn backend(&self) -> &Arc<dyn Backend> {
        &self.backend
    }

    /// URL of a Cell of that name.
    #[must_use]
    pub fn cell_url(&self, name: &str) -> String {
        self.settings.unit_url.cell_url(name)
    }

    /// The form in which owners are kept and compared.
    #[must_use]
    pub fn normalize_owner(&self, owner: &str) -> String {
        self.settings.unit_url.localunit_to_http(owner).into_owned()
    }

    /// The Cell of a name.
    ///
    /// # Errors
    /// [`ErrorCode::CellNotFound`].
    pub fn cell(&self, name: &str) -> Result<Cell> {
        let known = self.known.read().get(name).cloned();
        let known = match known {
            Some(known) => known,
            None => self.look_up(name)?,
        };
        let (store, blobs) = self.backend.open(&known.place)?;
        Ok(Cell::new(known, store, blobs))
    }

    fn look_up(&self, name: &str) -> Result<Arc<Known>> {
        let found = self.backend.register().read(|tx| {
            let Some(document) = tx.document(&EntitySet::control(Kind::Cell), None, name)? else {
                return Ok(None);
            };
            let generation = tx.value(GENERATION, document.id.as_str())?;
            Ok(Some((document, generation)))
        })?;
        let (document, generation) = found.ok_or(ErrorCode::CellNotFound)?;
        let generation = generation
            .and_then(|text| text.parse().ok())
            .ok_or_else(|| ErrorCode::DataInconsistency.with([document.key.as_str()]))?;
        let known = Arc::new(Known {
            place: Place { cell: document.id.clone(), generation },
            url: self.cell_url(&document.key),
            owner: owner_of(&document).map(|owner| self.normalize_owner(&owner)),
            document,
        });
        let mut all = self.known.write();
        if all.len() >= KNOWN {
            all.clear();
        }
        all.insert(name.to_owned(), known.clone());
        Ok(known)
    }

    /// Founds a Cell: its data, its document and its place in the register.
    ///
    /// # Errors
    /// [`ErrorCode::EntityAlreadyExists`] if the name is taken; the store's.
    pub fn found_cell(&self, name: &str, owner: Option<&str>, now: i64) -> Result<Document> {
        let mut document = Document {
            seq: 0,
            id: Id::random(),
            set: EntitySet::control(Kind::Cell),
            key: name.to_owned(),
            parent: None,
            peer: None,
            version: 1,
            published: now,
            updated: now,
            body: serde_json::json!({ "Name": name }).to_string(),
            hidden: owner.map(|owner| serde_json::json!({ "Owner": owner }).to_string()),
            extra: None,
        };
        let place = Place { cell: document.id.clone(), generation: 1 };
        self.create_cell(&document.id.clone(), now, || {
            self.backend.register().write(move |tx| {
                tx.put_document(&mut document)?;
                Self::set_generation(tx, &place)?;
                Ok(document)
            })
        })
    }

    /// Makes the data of a new Cell, gives it to `register` to be entered, and takes it away again if that
    /// fails.
    ///
    /// # Errors
    /// The store's, or those of `register`.
    pub(crate) fn create_cell<R>(&self, id: &Id, now: i64, register: impl FnOnce() -> Result<R>) -> Result<R> {
        let place = Place { cell: id.clone(), generation: 1 };
        self.backend.create(&place)?;
        let entered = self.plant(&place, now).and_then(|()| register());
        if entered.is_err()
            && let Err(error) = self.backend.remove_cell(id)
        {
            tracing::warn!(%error, "the data of a Cell that was not created could not be removed");
        }
        entered
    }

    /// Puts the root of the tree, and its main box, into an empty Cell.
    fn plant(&self, place: &Place, now: i64) -> Result<()> {
        let (store, _blobs) = self.backend.open(place)?;
        store.write(move |tx| {
            let mut root = Node::collection(NodeKind::Cell, 0, "", now);
            root.extra = Some(r#"{"cs":"normal"}"#.to_owned());
            tx.put_node(&mut root)?;
            debug_assert_eq!(root.seq, CELL_NODE);
            Ok(())
        })
    }

    /// Says in the register which generation of a Cell counts.
    pub(crate) fn set_generation(tx: &mut dyn WriteTx, place: &Place) -> Result<()> {
        tx.set_value(GENERATION, place.cell.as_str(), Some(&place.generation.to_string()))
    }

    /// Forgets in the register which generation of a Cell counts.
    pub(crate) fn forget_generation(tx: &mut dyn WriteTx, cell: &Id) -> Result<()> {
        tx.set_value(GENERATION, cell.as_str(), None)
    }

    /// Looks a Cell up anew the next time: its document or generation has changed.
    pub(crate) fn forget(&self, name: &str) {
        self.known.write().remove(name);
    }
}

impl std::fmt::Debug for Unit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Unit").field("url", &self.settings.unit_url.as_str()).finish_non_exhaustive()
    }
}

/// What the register says of a Cell.
#[derive(Debug)]
pub(crate) struct Known {
    pub(crate) document: Document,
    pub(crate) owner: Option<String>,
    pub(crate) url: String,
    pub(crate) place: Place,
}

/// The unit user who owns a Cell, from its document (`h.Owner`).
pub(crate) fn owner_of(document: &Document) -> Option<String> {
    let hidden: Map<String, Value> = serde_json::from_str(document.hidden.as_deref()?).ok()?;
    hidden.get("Owner")?.as_str().map(str::to_owned)
}
