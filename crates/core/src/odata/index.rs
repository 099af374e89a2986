//! Indexes that queries ask for: once queries have looked through so many documents for the sake of a field that an
//! index pays, one is made in the background, so that neither a query nor a writer waits for it. Control objects and
//! entities alike. And those that unique keys need from the first entity on.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::Mutex;
use saibo_model::EntitySet;
use saibo_model::query::{Field, Filter, OrderBy, Stored};
use saibo_store::{Place, Store, StoreExt as _};

/// How many documents queries have to have looked through: some tens of ms of a processor.
const LOOKED_THROUGH: u64 = 50_000;

/// A set with fewer documents than this is as quickly looked through.
const WORTH_IT: u64 = 200;

/// Indexes of one set. Each costs every write a little.
const PER_SET: usize = 8;

/// Fields of one set that are counted at a time.
const COUNTED: usize = 64;

/// More sets than this and all are forgotten: what is there already is then asked for once more, in vain.
const REMEMBERED: usize = 4096;

/// A set of a Cell's generation, or of the register.
pub(super) type Key = (Option<Place>, EntitySet);

/// How often each field was asked by.
#[derive(Debug, Default)]
pub(super) struct Indexes {
    sets: Mutex<HashMap<Key, HashMap<Field, State>>>,
}

#[derive(Clone, Copy, Debug, Default)]
struct State {
    asked: u32,
    /// Whether an index was there when it was last looked for.
    made: bool,
    /// Whether somebody looks whether one is to be made, or makes it.
    busy: bool,
}

impl Indexes {
    /// Forgets those of a generation.
    pub(super) fn forget(&self, place: &Place) {
        self.sets.lock().retain(|(of, _), _| of.as_ref() != Some(place));
    }

    /// Counts that a set is asked by a field. Whether it is time to look at the set's size, and how often it was asked
    /// by then: at each doubling, so that a set which stays small, or has its index, is looked at a few times only. Who
    /// looks says when it is over.
    fn asked(&self, key: &Key, field: &Field) -> Option<u32> {
        let mut sets = self.sets.lock();
        if sets.len() >= REMEMBERED && !sets.contains_key(key) {
            sets.clear();
        }
        let fields = sets.entry(key.clone()).or_default();
        if !fields.contains_key(field) {
            if fields.values().filter(|state| state.made).count() >= PER_SET {
                return None;
            }
            if fields.len() >= COUNTED {
                fields.retain(|_, state| state.made || state.busy);
            }
            fields.insert(field.clone(), State::default());
        }
        let state = fields.get_mut(field)?;
        state.asked = state.asked.saturating_add(1);
        let now = state.asked.is_power_of_two() && !state.busy && !state.made;
        state.busy |= now;
        now.then_some(state.asked)
    }

    /// Says that nobody looks at a field any more.
    fn looked(&self, key: &Key, field: &Field) {
        if let Some(state) = self.sets.lock().get_mut(key).and_then(|fields| fields.get_mut(field)) {
            state.busy = false;
        }
    }

    /// Whether an index was made.
    fn is_made(&self, key: &Key, field: &Field) -> bool {
        let sets = self.sets.lock();
        sets.get(key).and_then(|fields| fields.get(field)).is_some_and(|state| state.made)
    }

    /// Says whether there is an index now.
    pub(super) fn set_made(&self, key: &Key, field: &Field, made: bool) {
        self.sets.lock().entry(key.clone()).or_default().entry(field.clone()).or_default().made = made;
    }

    /// Makes an index, or waits for whoever makes it; others write meanwhile.
    pub(super) fn make(&self, store: &dyn Store, key: &Key, field: &Field) -> saibo_model::Result<()> {
        if !self.is_made(key, field) {
            store.index(&key.1, field, &mut || true)?;
            self.set_made(key, field, true);
        }
        Ok(())
    }

    /// Looks at a query for fields that should have an index. `place` is `None` for the register.
    pub(super) fn watch(
        self: &Arc<Self>,
        place: Option<&Place>,
        store: &Arc<dyn Store>,
        set: &EntitySet,
        filter: Option<&Filter>,
        order_by: &[OrderBy],
    ) {
        let mut fields = Vec::new();
        if let Some(filter) = filter {
            compared(filter, &mut fields);
        }
        fields.extend(order_by.first().map(|term| &term.field));
        let key = (place.cloned(), set.clone());
        for field in fields {
            // By the others, every set is found.
            if !matches!(field, Field::Body { .. } | Field::Published | Field::Position) {
                continue;
            }
            if let Some(times) = self.asked(&key, field) {
                self.clone().make_later(store.clone(), key.clone(), field.clone(), times);
            }
        }
    }

    fn make_later(self: Arc<Self>, store: Arc<dyn Store>, key: Key, field: Field, times: u32) {
        let look = Look { indexes: self, key, field };
        let work = move || {
            if let Err(error) = look.make(&*store, times) {
                // Queries go on without it.
                tracing::warn!(%error, "an index could not be made");
            }
        };
        if let Err(error) = std::thread::Builder::new().name("index".to_owned()).spawn(work) {
            tracing::warn!(%error, "there was no thread to make an index");
        }
    }
}

/// A look at a field, until it is over.
struct Look {
    indexes: Arc<Indexes>,
    key: Key,
    field: Field,
}

impl Look {
    /// Makes the index if it pays.
    fn make(&self, store: &dyn Store, times: u32) -> saibo_model::Result<()> {
        let size = store.read(|tx| tx.count(&self.key.1, None))?;
        if size >= WORTH_IT && size.saturating_mul(times.into()) >= LOOKED_THROUGH {
            self.indexes.make(store, &self.key, &self.field)?;
        }
        Ok(())
    }
}

impl Drop for Look {
    fn drop(&mut self) {
        self.indexes.looked(&self.key, &self.field);
    }
}

/// The fields whose values an index would find.
fn compared<'f>(filter: &'f Filter, fields: &mut Vec<&'f Field>) {
    match filter {
        Filter::Compare(Field::Body { stored: Stored::List, .. }, ..)
        | Filter::StartsWith(Field::Body { stored: Stored::List, .. }, _) => {}
        Filter::Compare(field, ..) | Filter::StartsWith(field, _) => fields.push(field),
        Filter::And(left, right) | Filter::Or(left, right) => {
            compared(left, fields);
            compared(right, fields);
        }
        _ => {}
    }
}
