//! How wide and deep types may be (API page 354).

use super::{ComplexIndex, Properties, PropertyType, Schema};
use crate::odata::entities::limits::PROPERTIES;

/// Properties of a simple type in each layer, an EntityType's own being the first.
const SIMPLE: [usize; 4] = [PROPERTIES, 50, 30, 10];

/// Properties of a complex type in each layer.
const COMPLEX: [usize; 4] = [20, 5, 2, 0];

impl Schema {
    /// Whether every EntityType, with the complex types in it, and every ComplexType keeps to the limits.
    #[must_use]
    pub fn is_within_limits(&self) -> bool {
        let of_types = self
            .types
            .iter()
            .all(|ty| self.count_layers(&ty.properties, 0).is_some_and(|all| all <= PROPERTIES));
        // One that no EntityType uses yet may come to stand below one. Of complex properties the API allows it as many
        // as an EntityType.
        let of_complex = self.complex_types.iter().all(|ty| {
            let (simple, complex) = split(&ty.properties);
            simple <= SIMPLE[1] && complex.len() <= COMPLEX[0]
        });
        of_types && of_complex
    }

    /// The properties in all, `None` if a layer has too many.
    fn count_layers(&self, properties: &Properties, layer: usize) -> Option<usize> {
        let (simple, complex) = split(properties);
        if layer >= SIMPLE.len() || simple > SIMPLE[layer] || complex.len() > COMPLEX[layer] {
            return None;
        }
        complex.iter().try_fold(simple + complex.len(), |all, inner| {
            Some(all + self.count_layers(&self.complex_types[*inner].properties, layer + 1)?)
        })
    }
}

/// How many are of a simple type, and the complex types of the others.
fn split(properties: &Properties) -> (usize, Vec<ComplexIndex>) {
    let complex: Vec<ComplexIndex> = properties
        .iter()
        .filter_map(|property| match property.ty {
            PropertyType::Complex(inner) => Some(inner),
            PropertyType::Simple(_) => None,
        })
        .collect();
    (properties.len() - complex.len(), complex)
}
