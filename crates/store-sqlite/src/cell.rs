//! One open generation of a Cell, and those that are open.

use std::collections::{HashMap, HashSet};
use std::num::NonZeroUsize;
use std::sync::{Arc, Weak};

use lru::LruCache;
use parking_lot::{Condvar, Mutex};
use saibo_model::query::Field;
use saibo_model::{EntitySet, Result as DomainResult};
use saibo_store::store::{ReadWork, WriteWork};
use saibo_store::{Place, Result, Store};

use crate::encryption::Keys;
use crate::folder::{Folder, Gone};
use crate::pins::Pins;
use crate::store::SqliteStore;

/// An open generation: its database, and who needs which of its contents. They live and die together: were
/// the pins forgotten while one is held, a sweep would take what it holds.
pub(crate) struct OpenCell {
    pub(crate) store: SqliteStore,
    pub(crate) pins: Mutex<Pins>,
    /// One sweep at a time.
    pub(crate) sweeping: Mutex<()>,
    pub(crate) tmp: Arc<Folder>,
    /// Of its contents.
    pub(crate) keys: Option<Arc<Keys>>,
    /// The last field: a removed folder is deleted when everything in it is closed.
    pub(crate) folder: Arc<Folder>,
}

impl Store for OpenCell {
    fn read_with(&self, work: ReadWork<'_>) -> DomainResult<()> {
        self.store.read_with(work)
    }

    fn write_with(&self, work: WriteWork) -> DomainResult<()> {
        self.store.write_with(work)
    }

    fn stamp(&self) -> u64 {
        self.store.stamp()
    }

    fn freeze(&self, draft: &str, progress: &mut dyn FnMut(u64, u64) -> bool) -> Result<Arc<dyn Store>> {
        self.store.freeze(draft, progress)
    }

    fn index(&self, set: &EntitySet, field: &Field, go_on: &mut dyn FnMut() -> bool) -> DomainResult<()> {
        self.store.index(set, field, go_on)
    }

    fn retire(&self) {
        self.store.retire();
    }

    fn reinstate(&self) {
        self.store.reinstate();
    }

    fn size(&self) -> Result<u64> {
        self.store.size()
    }
}

/// The open Cells. A database may have one committer only, so one that is in use is found again even after
/// it fell out of the lately used, and only one thread at a time opens it.
pub(crate) struct OpenCells {
    state: Mutex<State>,
    opened: Condvar,
}

struct State {
    lately: LruCache<Place, Arc<OpenCell>>,
    in_use: HashMap<Place, Weak<OpenCell>>,
    /// How many of `in_use` make it worth looking for those that are not any more.
    look_at: usize,
    opening: HashSet<Place>,
}

impl State {
    fn find(&mut self, place: &Place) -> Option<(Arc<OpenCell>, Evicted)> {
        if let Some(cell) = self.lately.get(place) {
            return Some((cell.clone(), None));
        }
        let cell = self.in_use.get(place)?.upgrade()?;
        let evicted = self.put(place, &cell);
        Some((cell, evicted))
    }

    fn put(&mut self, place: &Place, cell: &Arc<OpenCell>) -> Evicted {
        if self.in_use.len() >= self.look_at {
            self.in_use.retain(|_, cell| cell.strong_count() > 0);
            self.look_at = 2 * self.in_use.len().max(self.lately.cap().get());
        }
        self.in_use.insert(place.clone(), Arc::downgrade(cell));
        self.lately.push(place.clone(), cell.clone())
    }
}

/// To be dropped without a lock held: closing takes time.
type Evicted = Option<(Place, Arc<OpenCell>)>;

impl OpenCells {
    pub(crate) fn new(kept: NonZeroUsize) -> Self {
        let state = State {
            lately: LruCache::new(kept),
            in_use: HashMap::new(),
            look_at: 2 * kept.get(),
            opening: HashSet::new(),
        };
        Self { state: Mutex::new(state), opened: Condvar::new() }
    }

    /// The open one, or the one that is opened now.
    pub(crate) fn find_or(
        &self,
        place: &Place,
        open: impl FnOnce() -> Result<Arc<OpenCell>>,
    ) -> Result<Arc<OpenCell>> {
        {
            let mut state = self.state.lock();
            loop {
                if let Some((cell, evicted)) = state.find(place) {
                    drop(state);
                    drop(evicted);
                    return Ok(cell);
                }
                if state.opening.insert(place.clone()) {
                    break;
                }
                self.opened.wait(&mut state);
            }
        }
        let _opening = Opening { cells: self, place };
        let cell = open()?;
        let evicted = self.state.lock().put(place, &cell);
        drop(evicted);
        Ok(cell)
    }

    /// Forgets the generations that match and has their folder taken away, while nobody can open them.
    /// Whoever uses one can go on reading it.
    pub(crate) fn take_away(
        &self,
        matches: impl Fn(&Place) -> bool,
        take: impl FnOnce() -> Result<Option<Arc<Gone>>>,
        within: impl Fn(&Place, &Gone) -> std::path::PathBuf,
    ) -> Result<()> {
        // No write may be acknowledged that is lost with the folder.
        for cell in self.matching(&matches) {
            cell.retire();
        }
        let mut state = self.state.lock();
        self.opened.wait_while(&mut state, |state| state.opening.iter().any(&matches));
        let mut forgotten = Vec::new();
        let places: Vec<Place> = state.in_use.keys().filter(|place| matches(place)).cloned().collect();
        for place in places {
            let lately = state.lately.pop(&place);
            let in_use = state.in_use.remove(&place).and_then(|cell| cell.upgrade());
            forgotten.extend(lately.or(in_use).map(|cell| (place, cell)));
        }
        let held: Vec<_> = forgotten.iter().map(|(place, cell)| (place, cell.folder.hold())).collect();
        if let Some(gone) = take()? {
            for (place, folder) in held {
                folder.moved(within(place, &gone), gone.clone());
            }
        }
        drop(state);
        // One that was opened meanwhile is not retired yet.
        forgotten.iter().for_each(|(_, cell)| cell.retire());
        Ok(())
    }

    fn matching(&self, matches: impl Fn(&Place) -> bool) -> Vec<Arc<OpenCell>> {
        let state = self.state.lock();
        state
            .in_use
            .iter()
            .filter(|(place, _)| matches(place))
            .filter_map(|(_, cell)| cell.upgrade())
            .collect()
    }

    /// Closes those that nobody uses.
    pub(crate) fn clear(&self) {
        let lately = {
            let mut state = self.state.lock();
            let cap = state.lately.cap();
            std::mem::replace(&mut state.lately, LruCache::new(cap))
        };
        drop(lately);
    }
}

/// Says that an opening has ended, however it did.
struct Opening<'a> {
    cells: &'a OpenCells,
    place: &'a Place,
}

impl Drop for Opening<'_> {
    fn drop(&mut self) {
        self.cells.state.lock().opening.remove(self.place);
        self.cells.opened.notify_all();
    }
}
