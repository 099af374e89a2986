//! Indexes that queries ask for: once queries have looked through so many entities for the sake of a property that an
//! index pays, one is made in the background, so that neither a query nor a writer waits for more than the making itself.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::Mutex;
use saibo_model::EntitySet;
use saibo_model::query::{Field, Filter, OrderBy, Stored};
use saibo_store::{Place, Store, StoreExt as _};

use super::collection::Home;

/// How many entities queries have to have looked through: some tens of ms of a processor.
const LOOKED_THROUGH: u64 = 50_000;

/// A set with fewer entities than this is as quickly looked through.
const WORTH_IT: u64 = 200;

/// Indexes of one set. Each costs every write a little.
const PER_SET: usize = 8;

/// Fields of one set that are counted at a time.
const COUNTED: usize = 64;

/// More sets than this and all are forgotten: what is there already is then asked for once more, in vain.
const REMEMBERED: usize = 4096;

/// How often each field was asked by, that there is no index of.
#[derive(Debug, Default)]
pub(super) struct Indexes {
    sets: Mutex<HashMap<(Place, EntitySet), HashMap<Field, State>>>,
}

#[derive(Clone, Copy, Debug)]
enum State {
    Made,
    Asked(u32),
}

impl Indexes {
    /// Forgets those of a generation.
    pub(super) fn forget(&self, place: &Place) {
        self.sets.lock().retain(|(of, _), _| of != place);
    }

    /// Counts that a set is asked by a field. Whether it is time to look at the set's size, and how often it was asked
    /// by then: at each doubling, so that a set which stays small is looked at a few times only.
    fn asked(&self, place: &Place, set: &EntitySet, field: &Field) -> Option<u32> {
        let mut sets = self.sets.lock();
        let key = (place.clone(), set.clone());
        if sets.len() >= REMEMBERED && !sets.contains_key(&key) {
            sets.clear();
        }
        let fields = sets.entry(key).or_default();
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
    pub(super) fn is_made(&self, place: &Place, set: &EntitySet, field: &Field) -> bool {
        let sets = self.sets.lock();
        let state = sets.get(&(place.clone(), set.clone())).and_then(|fields| fields.get(field));
        matches!(state, Some(State::Made))
    }

    /// Says that there is an index now.
    pub(super) fn made(&self, place: &Place, set: &EntitySet, field: &Field) {
        let mut sets = self.sets.lock();
        sets.entry((place.clone(), set.clone())).or_default().insert(field.clone(), State::Made);
    }
}

impl Home {
    /// Looks at a query for fields that should have an index.
    pub(super) fn watch(
        &self,
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
        for field in fields {
            if !matches!(field, Field::Body { .. }) {
                continue;
            }
            if let Some(times) = self.state.indexes.asked(&self.place, set, field) {
                self.index_later(store.clone(), set.clone(), field.clone(), times);
            }
        }
    }

    fn index_later(&self, store: Arc<dyn Store>, set: EntitySet, field: Field, times: u32) {
        let home = self.clone();
        let work = move || {
            let make = || -> saibo_model::Result<()> {
                let size = store.read(|tx| tx.count(&set, None))?;
                if size >= WORTH_IT && size.saturating_mul(times.into()) >= LOOKED_THROUGH {
                    let (of, by) = (set.clone(), field.clone());
                    store.write(move |tx| tx.index_field(&of, &by))?;
                    home.state.indexes.made(&home.place, &set, &field);
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
        Filter::Compare(Field::Body { stored: Stored::List, .. }, ..) => {}
        Filter::Compare(field, ..) => fields.push(field),
        Filter::And(left, right) | Filter::Or(left, right) => {
            compared(left, fields);
            compared(right, fields);
        }
        _ => {}
    }
}
