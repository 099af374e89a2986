//! A unit: its register of Cells, its keys, its settings.

use std::sync::Arc;

use ed25519_dalek::SigningKey;
use parking_lot::RwLock;
use saibo_model::{Document, EntitySet, ErrorCode, Id, Kind, Result};
use saibo_oauth::keys::KeyRing;
use saibo_store::{Backend, ErrorKind, Place, StoreExt as _, WriteTx};
use serde_json::{Map, Value};

use crate::access::{Lockout, RememberedRoles, Turnstile};
use crate::account::Remembered;
use crate::identity::IdentityProvider;
use crate::job::{JobKind, Jobs};
use crate::known::{Known, KnownCells};
use crate::leftover::Makers;
use crate::message::Courier;
use crate::relocation::{self, Asked, Carrier, Moved};
use crate::schedule::Schedules;
use crate::snapshot::resumable::Writers;
use crate::swaps::{Held, Swaps};
use crate::token::Transcell;
use crate::{Cell, Settings};

/// Scope of the register's values that say which generation of a Cell counts.
const GENERATION: &str = "generation";

/// A unit.
pub struct Unit {
    settings: Settings,
    keys: RwLock<Arc<KeyRing>>,
    signing_key: SigningKey,
    transcell: Transcell,
    pub(crate) identity_providers: Vec<Box<dyn IdentityProvider>>,
    pub(crate) courier: Option<Box<dyn Courier>>,
    carrier: Option<Box<dyn Carrier>>,
    asked: Asked,
    deliveries: Turnstile,
    jobs: Arc<Jobs>,
    lockout: Lockout,
    password_checks: Turnstile,
    remembered: Remembered,
    remembered_roles: RememberedRoles,
    known: KnownCells,
    swaps: Swaps,
    makers: Makers,
    uploads: Writers,
    schedules: Schedules,
    entities: Arc<crate::odata::entities::State>,
    /// The last to be dropped: a database that nobody uses any more is closed in order when its backend goes.
    backend: Arc<dyn Backend>,
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
            keys: RwLock::new(Arc::new(keys)),
            signing_key,
            transcell,
            identity_providers: Vec::new(),
            courier: None,
            carrier: None,
            asked: Asked::default(),
            deliveries: Turnstile::new(settings.limits.deliveries),
            lockout: Lockout::default(),
            password_checks: Turnstile::new(settings.limits.password_checks),
            remembered: Remembered::default(),
            remembered_roles: RememberedRoles::default(),
            known: KnownCells::default(),
            swaps: Swaps::default(),
            makers: Makers::default(),
            uploads: Writers::default(),
            schedules: Schedules::default(),
            entities: Arc::new(crate::odata::entities::State::new(settings.limits.links_per_entity)),
            settings,
        }
    }

    /// The unit with a way to Cells of other units.
    #[must_use]
    pub fn with_carrier(mut self, carrier: Box<dyn Carrier>) -> Self {
        self.carrier = Some(carrier);
        self
    }

    /// Which Cells were asked lately for their former URLs.
    pub(crate) fn asked(&self) -> &Asked {
        &self.asked
    }

    pub(crate) fn carrier(&self) -> Option<&dyn Carrier> {
        self.carrier.as_deref()
    }

    /// What it was told.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// The keys of its opaque tokens, as they are now.
    #[must_use]
    pub fn keys(&self) -> Arc<KeyRing> {
        self.keys.read().clone()
    }

    /// Has other keys seal tokens from now on.
    pub fn replace_keys(&self, keys: KeyRing) {
        *self.keys.write() = Arc::new(keys);
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
        let unfinished = self.jobs.unfinished()?;
        let drafts: Vec<&str> =
            unfinished.iter().filter_map(|job| Some(job.work.as_ref()?.draft.as_str())).collect();
        self.backend.remove_drafts_but(&drafts)?;
        for job in unfinished {
            tracing::info!(cell = job.cell_name, kind = ?job.kind, name = job.name, "job taken up again");
            match job.kind {
                JobKind::Export => crate::export::resume(self, job)?,
                JobKind::Import => crate::import::resume(self, job)?,
                JobKind::Check => crate::import::dry::job::resume(self, job)?,
                JobKind::Move => crate::relocation::resume(self, job)?,
            }
        }
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

    /// Bounds how many destinations of messages are asked at a time.
    pub(crate) fn deliveries(&self) -> &Turnstile {
        &self.deliveries
    }

    /// The passwords that were right a moment ago.
    pub(crate) fn remembered(&self) -> &Remembered {
        &self.remembered
    }

    /// The roles of Accounts that it has looked up.
    pub(crate) fn remembered_roles(&self) -> &RememberedRoles {
        &self.remembered_roles
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
    /// [`ErrorCode::CellNotFound`]; [`ErrorCode::CellMoved`] with its new URL; the store's.
    pub fn cell(&self, name: &str) -> Result<Cell> {
        let cell = self.cell_or_moved(name)?;
        match cell.moved() {
            Some(moved) => Err(ErrorCode::CellMoved.with([&moved.to])),
            None => Ok(cell),
        }
    }

    /// The Cell of a name, even one that has moved: for what is left to be done with it here.
    ///
    /// # Errors
    /// [`ErrorCode::CellNotFound`]; the store's.
    pub fn cell_or_moved(&self, name: &str) -> Result<Cell> {
        loop {
            let (epoch, known) = self.known.get(name);
            let is_new = known.is_none();
            let found = known.map_or_else(|| self.look_up(name), Ok).and_then(|known| {
                let (store, blobs) = self.backend.open(&known.place)?;
                Ok((known, store, blobs))
            });
            // Else what was found may have been replaced before it was opened.
            if self.known.is_current(epoch) {
                let (known, store, blobs) = found?;
                if is_new {
                    self.known.put(epoch, name, known.clone());
                }
                return Ok(Cell::new(known, store, blobs));
            }
        }
    }

    /// The Cell of an id, whatever its name is by now.
    ///
    /// # Errors
    /// [`ErrorCode::CellNotFound`]; the store's.
    pub(crate) fn cell_of(&self, id: &Id) -> Result<Cell> {
        let document = self.backend.register().read(|tx| tx.document_by_id(id))?;
        let cell = self.cell_or_moved(&document.ok_or(ErrorCode::CellNotFound)?.key)?;
        if cell.id() == id { Ok(cell) } else { Err(ErrorCode::CellNotFound.into()) }
    }

    fn look_up(&self, name: &str) -> Result<Arc<Known>> {
        let found = self.backend.register().read(|tx| {
            let Some(document) = tx.document(&EntitySet::control(Kind::Cell), None, name)? else {
                return Ok(None);
            };
            let generation = tx.value(GENERATION, document.id.as_str())?;
            let moved = relocation::find(tx, &document.id)?;
            Ok(Some((document, generation, moved)))
        })?;
        let (document, generation, moved) = found.ok_or(ErrorCode::CellNotFound)?;
        let generation = generation
            .and_then(|text| text.parse().ok())
            .ok_or_else(|| ErrorCode::DataInconsistency.with([document.key.as_str()]))?;
        Ok(Arc::new(Known {
            place: Place { cell: document.id.clone(), generation },
            url: self.cell_url(&document.key),
            owner: owner_of(&document).map(|owner| self.normalize_owner(&owner)),
            document,
            moved,
        }))
    }

    /// Where a Cell has moved, if it has.
    pub(crate) fn moved(&self, cell: &Id) -> Result<Option<Moved>> {
        self.backend.register().read(|tx| relocation::find(tx, cell))
    }

    /// Which generation of a Cell is live; none of a Cell that is not in the register.
    ///
    /// # Errors
    /// The store's.
    pub(crate) fn generation(&self, cell: &Id) -> Result<Option<u64>> {
        let text = self.backend.register().read(|tx| tx.value(GENERATION, cell.as_str()))?;
        let parsed = text.map(|text| text.parse().map_err(|_| ErrorCode::DataInconsistency.with([cell])));
        parsed.transpose()
    }

    /// Keeps everybody else from changing which generation of a Cell is live, and makes sure that this one still is.
    ///
    /// # Errors
    /// That its store was replaced or deleted ([`ErrorKind::Retired`]); the store's.
    pub(crate) fn hold(&self, cell: &Cell) -> Result<Held<'_>> {
        let held = self.swaps.hold(cell.id());
        if self.generation(cell.id())? == Some(cell.place().generation) {
            return Ok(held);
        }
        Err(saibo_store::Error::new(ErrorKind::Retired, "replacing or deleting a Cell's store").into())
    }

    /// Waits until nobody is replacing, deleting or moving the Cell of a name: whoever met that very moment
    /// ([`saibo_store::Error::is_retired`]) begins anew then, with the Cell looked up again.
    pub fn wait_for_swap(&self, name: &str) {
        // One that is gone, or cannot be looked up, shows when it is looked up again.
        if let Ok(cell) = self.cell_or_moved(name) {
            self.swaps.wait(cell.id());
        }
    }

    /// Who writes to which upload now.
    pub(crate) fn uploads(&self) -> &Writers {
        &self.uploads
    }

    /// When Cells are to be exported by themselves.
    pub(crate) fn schedules(&self) -> &Schedules {
        &self.schedules
    }

    pub(crate) fn makers(&self) -> &Makers {
        &self.makers
    }

    /// Says in the register which generation of a Cell counts.
    pub(crate) fn set_generation(tx: &mut dyn WriteTx, place: &Place) -> Result<()> {
        tx.set_value(GENERATION, place.cell.as_str(), Some(&place.generation.to_string()))
    }

    /// Forgets in the register which generation of a Cell counts.
    pub(crate) fn forget_generation(tx: &mut dyn WriteTx, cell: &Id) -> Result<()> {
        tx.set_value(GENERATION, cell.as_str(), None)
    }

    /// Looks a Cell up anew the next time, because its generation has changed or it is gone.
    pub(crate) fn forget_cell(&self, cell: &Id) {
        self.known.forget_cell(cell);
    }

    /// Looks the Cell of a name up anew the next time, because its document has changed.
    pub(crate) fn forget(&self, name: &str) {
        self.known.forget(name);
    }
}

impl std::fmt::Debug for Unit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Unit").field("url", &self.settings.unit_url.as_str()).finish_non_exhaustive()
    }
}

/// The unit user who owns a Cell, from its document (`h.Owner`).
pub(crate) fn owner_of(document: &Document) -> Option<String> {
    let hidden: Map<String, Value> = serde_json::from_str(document.hidden.as_deref()?).ok()?;
    hidden.get("Owner")?.as_str().map(str::to_owned)
}
