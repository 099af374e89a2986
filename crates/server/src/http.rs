//! HTTP/1.1 as the API uses it: what comes before a handler and what comes after it.
//!
//! hyper is used directly. The API has methods such as `MKCOL` and `MERGE`, keys in paths that must be split
//! before they are decoded, and headers that replace the method and each other: a framework would be in the
//! way of all of them.

pub mod body;
mod cors;
pub mod error;
mod forwarded;
mod listener;
mod overrides;
mod pieces;
pub mod request;
mod request_key;
pub mod response;
mod service;
mod target;

pub use error::LimitExceeded;
pub use listener::{BindError, bind, serve};
pub(crate) use request::Replay;
pub use request::{Query, Request, Segment};
pub use response::Response;
