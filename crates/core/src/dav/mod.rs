//! What is in a Box: collections and files, their properties and ACLs.

pub mod content;
pub mod resource;

pub use resource::{BoxOf, Resource};
