//! OData: control objects, schema objects, and the entities of OData collections.

pub mod entities;
pub mod objects;
pub mod schema_version;
