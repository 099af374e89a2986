//! OData 2.0 as the Personium API speaks it: URLs, queries, JSON, Atom, EDMX, batch. Pure text to model and
//! back: nothing here does I/O or reads a clock.
//!
//! A request comes in through [`uri`], [`options`], [`body`], [`media`] and [`etag`]; its names are checked
//! against [`entity_sets`] or, through [`resolve`], against whatever schema the caller has.

pub mod atom;
pub mod batch;
pub mod body;
pub mod constraint;
pub mod edmx;
pub mod entity;
pub mod entity_sets;
pub mod etag;
pub mod filter;
pub mod json;
pub mod key;
pub mod media;
pub mod options;
pub mod resolve;
pub mod service_document;
pub mod uri;
mod xml;
