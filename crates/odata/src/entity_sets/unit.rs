//! The unit's control objects (pages 100 to 104 of the API reference).

use saibo_model::Kind;

use super::fields::{PUBLISHED, UPDATED, key, part};
use super::{EntitySet, Service};
use crate::constraint::Constraint;

pub(super) const SERVICE: Service = Service {
    namespace: "UnitCtl",
    sets: &[EntitySet {
        kind: Kind::Cell,
        fields: &[key("Name", Constraint::CellName), PUBLISHED, UPDATED],
        key: &[part("Name")],
    }],
    associations: &[],
    complex_types: &[],
};
