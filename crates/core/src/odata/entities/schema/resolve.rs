//! From the names of a query to where their values are.

use saibo_model::edm::SimpleType;
use saibo_model::query::{Field, Stored};
use saibo_odata::resolve::{Property as Resolved, Resolve};

use super::{PropertyType, Schema, TypeIndex};

/// The properties of an EntityType, as queries name them.
#[derive(Clone, Copy, Debug)]
pub struct Names<'s> {
    /// The schema.
    pub schema: &'s Schema,
    /// The EntityType.
    pub ty: TypeIndex,
}

impl Resolve for Names<'_> {
    fn resolve(&self, path: &[&str]) -> Option<Resolved> {
        let managed = |field, ty| Some(Resolved { field, ty: Some(ty), is_list: false });
        match path {
            ["__id"] => return managed(Field::Key, SimpleType::String),
            ["__published"] => return managed(Field::Published, SimpleType::DateTime),
            ["__updated"] => return managed(Field::Updated, SimpleType::DateTime),
            _ => {}
        }
        let mut properties = &self.schema.entity_type(self.ty).properties;
        let mut aliases = Vec::with_capacity(path.len());
        let (last, outer) = path.split_last()?;
        for name in outer {
            let property = properties.get(name).filter(|property| !property.is_list)?;
            let PropertyType::Complex(inner) = property.ty else { return None };
            aliases.push(property.alias.clone());
            properties = &self.schema.complex_type(inner).properties;
        }
        let property = properties.get(last)?;
        aliases.push(property.alias.clone());
        let ty = match property.ty {
            PropertyType::Simple(ty) => Some(ty),
            PropertyType::Complex(_) => None,
        };
        let stored = match ty {
            Some(_) if property.is_list => Stored::List,
            Some(ty) => ty.stored(),
            None => Stored::Text,
        };
        Some(Resolved { field: Field::Body { path: aliases, stored }, ty, is_list: property.is_list })
    }
}
