//! Indexes that queries ask for: the first filter or order on a property of a large set makes one, in the
//! background, so that neither that query nor a writer waits for more than the making itself.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use saibo_model::EntitySet;
use saibo_model::query::{Field, Filter, OrderBy, Stored};
use saibo_store::{Place, Store, StoreExt as _};

use super::collection::Home;

/// A set with fewer entities than this is quick to search without an index.
const WORTH_IT: u64 = 5000;

/// Indexes of one set. Each costs every write a little.
const PER_SET: usize = 8;

/// A set that was too small is looked at again after this.
const AGAIN: Duration = Duration::from_secs(60);

/// More sets than this and all are forgotten: what is there already is then asked for once more, in vain.
const REMEMBERED: usize = 4096;

/// The fields that an index was thought of for.
#[derive(Debug, Default)]
pub(super) struct Indexes {
    sets: Mutex<HashMap<(Place, EntitySet), HashMap<Field, State>>>,
}

#[derive(Clone, Copy, Debug)]
enum State {
    Made,
    Looked(Instant),
}

impl Indexes {
    /// Forgets those of a generation.
    pub(super) fn forget(&self, place: &Place) {
        self.sets.lock().retain(|(of, _), _| of != place);
    }

    /// Whether the set should be looked at for an index of this field, now that it was asked.
    pub(super) fn is_due(&self, place: &Place, set: &EntitySet, field: &Field) -> bool {
        let mut sets = self.sets.lock();
        let key = (place.clone(), set.clone());
        if sets.len() >= REMEMBERED && !sets.contains_key(&key) {
            sets.clear();
        }
        let fields = sets.entry(key).or_default();
        let now = Instant::now();
        match fields.get(field) {
            Some(State::Made) => return false,
            Some(State::Looked(at)) if now.duration_since(*at) < AGAIN => return false,
            Some(State::Looked(_)) => {}
            None if fields.len() >= PER_SET => return false,
            None => {}
        }
        fields.insert(field.clone(), State::Looked(now));
        true
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
            if matches!(field, Field::Body { .. }) && self.state.indexes.is_due(&self.place, set, field) {
                self.index_later(store.clone(), set.clone(), field.clone());
            }
        }
    }

    fn index_later(&self, store: Arc<dyn Store>, set: EntitySet, field: Field) {
        let home = self.clone();
        let work = move || {
            let make = || -> saibo_model::Result<()> {
                if store.read(|tx| tx.count(&set, None))? > WORTH_IT {
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
