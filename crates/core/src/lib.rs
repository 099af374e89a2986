//! Use cases: who may do what, control objects, entities, files, export and import. Knows no HTTP.
