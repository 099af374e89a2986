//! The headers that steer WebDAV methods: a file each, with its parser and its table of cases.
//!
//! Parsers take the header's value as it was sent, `None` where the header is absent: an empty value is not
//! the same as none.

mod depth;
mod destination;
mod etag;
mod overwrite;
mod range;

pub use depth::Depth;
pub use destination::Destination;
pub use etag::ETag;
pub use overwrite::Overwrite;
pub use range::{ByteRange, Selection};
