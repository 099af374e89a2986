//! Limits of what entities may hold (API page 364).

/// Properties of an EntityType, declared or not, with the members of its complex ones.
pub(super) const PROPERTIES: usize = 400;

/// How deep complex types nest, the EntityType's own properties being the first layer.
pub(super) const COMPLEX_DEPTH: usize = 4;

/// Entities that `$expand` shows behind one entity of a list.
pub(super) const EXPANDED_IN_LIST: u64 = 100;

/// Entities that `$expand` shows behind a single entity.
pub(super) const EXPANDED: u64 = 1000;

/// How long a batch may take; what is left then is not done.
pub(super) const BATCH_TIME: std::time::Duration = std::time::Duration::from_secs(270);
