//! Indexes that queries ask for: once queries have looked through so many documents for the sake of a field that an
//! index pays, one is made in the background, so that neither a query nor a writer waits for more than the making
//! itself. Control objects and entities alike.

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

/// How often each field was asked by, that there is no index of.
#[derive(Debug, Default)]
pub(super) struct Indexes {
    sets: Mutex<HashMap<Key, HashMap<Field, State>>>,
}

#[derive(Clone, Copy, Debug)]
enum State {
    Made,
    Asked(u32),
}

impl Indexes {
    /// Forgets those of a generation.
    pub(super) fn forget(&self, place: &Place) {
        self.sets.lock().retain(|(of, _), _| of.as_ref() != Some(place));
    }

    /// Counts that a set is asked by a field. Whether it is time to look at the set's size, and how often it was asked
    /// by then: at each doubling, so that a set which stays small is looked at a few times only.
    fn asked(&self, key: &Key, field: &Field) -> Option<u32> {
        let mut sets = self.sets.lock();
        if sets.len() >= REMEMBERED && !sets.contains_key(key) {
            sets.clear();
        }
        let fields = sets.entry(key.clone()).or_default();
        match fields.get_mut(field) {
            Some(State::Made) => None,
            Some(State::Asked(times)) => {
                *times = times.saturating_add(1);
                times.is_power_of_two().then_some(*times)
            }
            None => {
                let is_made = |state: &State| matches!(state, State::Made);
                if fields.values().filter(|state| is_made(state)).count() >= PER_SET {
                    return None;
                }
                if fields.len() >= COUNTED {
                    fields.retain(|_, state| is_made(state));
                }
                fields.insert(field.clone(), State::Asked(1));
                Some(1)
            }
        }
    }

    /// Whether an index was made.
    pub(super) fn is_made(&self, key: &Key, field: &Field) -> bool {
        let sets = self.sets.lock();
        matches!(sets.get(key).and_then(|fields| fields.get(field)), Some(State::Made))
    }

    /// Says that there is an index now.
    pub(super) fn made(&self, key: &Key, field: &Field) {
        self.sets.lock().entry(key.clone()).or_default().insert(field.clone(), State::Made);
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
        let work = move || {
            let make = || -> saibo_model::Result<()> {
                let set = &key.1;
                let size = store.read(|tx| tx.count(set, None))?;
                if size >= WORTH_IT && size.saturating_mul(times.into()) >= LOOKED_THROUGH {
                    let (of, by) = (set.clone(), field.clone());
                    store.write(move |tx| tx.index_field(&of, &by))?;
                    self.made(&key, &field);
                }
                Ok(())
            };
            if let Err(error) = make() {
                // Queries go on without it.
                tracing::warn!(%error, "an index could not be made");
            }
        };
        if let Err(error) = std::thread::Builder::new().name("index".to_owned()).spawn(work) {
            tracing::warn!(%error, "there was no thread to make an index");
        }
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
