//! OData: control objects, schema objects, and the entities of OData collections.

pub(crate) mod alias;
pub mod entities;
mod index;
pub mod objects;
pub mod schema_version;

/// An entity set and its key, as a URL has them.
#[derive(Clone, Copy, Debug)]
pub struct EntityPath<'r> {
    /// The entity set's name.
    pub set: &'r str,
    /// The key predicate, without its parentheses.
    pub predicate: &'r str,
}
