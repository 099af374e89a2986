//! GET of what is in a Box (API page 311; RFC 9110 §9.3.1).

use std::io::{Seek as _, SeekFrom};

use saibo_dav::header::{ByteRange, ETag, Selection};
use saibo_model::privilege::Privilege;
use saibo_model::{Error, ErrorCode, Result};
use saibo_store::ReadSeek;

use super::{Request, Resolved, Served, etag_of};

/// What a GET gives.
pub enum Got {
    /// The client has the present version already.
    NotModified(ETag),
    /// A file, or a part of it.
    File(FileContent),
    /// A collection has no content: just its URL.
    Collection(String),
}

/// A file's content, or the part of it that was asked for.
pub struct FileContent {
    /// The file's version.
    pub etag: ETag,
    /// The media type as it was sent.
    pub media_type: Option<String>,
    /// Bytes to be read from `content`.
    pub length: u64,
    /// Which part it is; `None` is all.
    pub range: Option<ByteRange>,
    /// Positioned at the first byte.
    pub content: Box<dyn ReadSeek>,
}

/// Reads a file or names a collection. `resolved` comes from [`resolve_for_get`](super::resolve_for_get).
///
/// # Errors
/// Why whoever asks may not; [`ErrorCode::ResourceNotFound`]; those of [`Selection::parse`];
/// [`ErrorCode::FileInconsistency`].
pub fn get(
    request: &Request,
    resolved: Resolved,
    if_none_match: Option<&str>,
    range: Option<&str>,
) -> Result<Got> {
    let Resolved { resource, served, content } = resolved;
    match served {
        Served::File | Served::SourceFile => {}
        Served::Collection => {
            request.authorize(&resource, Privilege::Read)?;
            return Ok(Got::Collection(request.url()));
        }
        Served::Missing | Served::SourceMissing => {
            request.authorize(&resource, Privilege::Read)?;
            return Err(request.not_found());
        }
        _ => return Err(ErrorCode::MethodNotAllowed.into()),
    }
    request.authorize(&resource, Privilege::Read)?;
    let node = resource.last();
    let etag = etag_of(node);
    if etag.is_not_modified(if_none_match) {
        return Ok(Got::NotModified(etag));
    }
    let (Some(stored), Some(mut content)) = (&node.content, content) else {
        return Err(ErrorCode::FileInconsistency.into());
    };
    let (length, range) = match Selection::parse(range, stored.length)? {
        Selection::Whole => (stored.length, None),
        Selection::Part(part) => {
            content
                .seek(SeekFrom::Start(part.first))
                .map_err(|e| Error::from(ErrorCode::FileInconsistency).because(e))?;
            (part.length(), Some(part))
        }
    };
    Ok(Got::File(FileContent { etag, media_type: node.content_type.clone(), length, range, content }))
}
