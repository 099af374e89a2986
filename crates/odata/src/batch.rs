//! `$batch`: many requests in one body of `multipart/mixed` (OData 2.0 batch processing; RFC 2046; page 368
//! of the API reference).

mod answer;
mod parse;

use crate::uri::Resource;

pub use answer::{Answer, Batch};
pub use parse::{boundary, parse};

/// How many requests a batch may have.
pub const MAX_REQUESTS: usize = 1000;

/// A part of a batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    /// A request on its own.
    Single(Request),
    /// Requests that belong together. The API does not undo the first ones if a later one fails.
    Changeset {
        /// The boundary between them, which the answer uses, too.
        boundary: String,
        /// The requests, at least one.
        requests: Vec<Request>,
    },
}

impl Part {
    /// The requests of the part.
    #[must_use]
    pub fn requests(&self) -> &[Request] {
        match self {
            Part::Single(request) => std::slice::from_ref(request),
            Part::Changeset { requests, .. } => requests,
        }
    }
}

/// The method of a request in a batch. There is no other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the names are the methods")]
pub enum Method {
    Get,
    Post,
    Put,
    Delete,
}

/// A request of a batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// The method.
    pub method: Method,
    /// What it asks for, below the collection: an entity set, an entity, a navigation property or links.
    pub resource: Resource,
    /// The query, as in a URL, without its question mark.
    pub query: String,
    /// The headers, with their names as sent.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: String,
}

impl Request {
    /// A header's value; its name's case does not matter.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }
}

#[cfg(test)]
mod tests;
