//! PUT of a file (API page 312): checked before its content is read, and again when it is stored.

use std::io::Write as _;
use std::sync::Arc;

use saibo_dav::header::ETag;
use saibo_model::node::{Node, NodeKind};
use saibo_model::privilege::Privilege;
use saibo_model::{ErrorCode, Result, name};
use saibo_store::{BlobWriter, ReadTx, WriteTx};

use super::{Request, Resource, Served, content, etag_of, parent_for_new, sweep};

/// A file being written. Dropped before [`Upload::commit`], it leaves nothing.
pub struct Upload {
    request: Request,
    content_type: Option<String>,
    if_match: Option<String>,
    writer: Box<dyn BlobWriter>,
}

/// What became of an [`Upload`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Put {
    /// The file's version.
    pub etag: ETag,
    /// Whether there was none before.
    pub created: bool,
}

impl Upload {
    /// Checks whether the file may be written, and begins. `announced` is how long the client says it is.
    ///
    /// # Errors
    /// Why whoever asks may not; [`ErrorCode::ResourceNameInvalid`], [`ErrorCode::ParentNotFound`],
    /// [`ErrorCode::TooManyChildren`], [`ErrorCode::ResourceEtagMismatch`]; [`ErrorCode::DiskFull`]; the store's.
    pub fn begin(
        request: Request,
        content_type: Option<String>,
        if_match: Option<String>,
        announced: Option<u64>,
    ) -> Result<Self> {
        request.read(|tx, resource| check(tx, &request, &resource, if_match.as_deref()))?;
        // Known from the start: do not make the client send it. Small ones are not worth asking the system.
        if let Some(length) = announced.filter(|length| *length > saibo_store::blob::SMALL_CONTENT)
            && request.unit.backend().free_space()? < length
        {
            return Err(ErrorCode::DiskFull.into());
        }
        let writer = request.cell.blobs().writer()?;
        Ok(Self { request, content_type, if_match, writer })
    }

    /// Writes the next bytes.
    ///
    /// # Errors
    /// The store's.
    pub fn write(&mut self, bytes: &[u8]) -> Result<()> {
        Ok(self.writer.write_all(bytes).map_err(|e| saibo_store::Error::io("writing a content", e))?)
    }

    /// Puts what was written in the file's place.
    ///
    /// # Errors
    /// Those of [`Upload::begin`]; the store's.
    pub fn commit(self) -> Result<Put> {
        let Self { request, content_type, if_match, writer } = self;
        // Shared, so that the pin outlives the transaction's commit and not just its work.
        let stored = Arc::new(writer.finish()?);
        let written = stored.clone();
        let (put, replaced) = request.write(
            move |tx, request, resource| check(tx, request, resource, if_match.as_deref()),
            move |tx, request, resource| {
                content::register(tx, &written)?;
                let mut node = match resource.node() {
                    Some(node) => Node { updated: request.now, version: node.version + 1, ..node.clone() },
                    None => new_file(tx, request, &resource)?,
                };
                node.content_type = content_type;
                let replaced = node.content.replace(written.content.clone());
                tx.put_node(&mut node)?;
                let put = Put { etag: etag_of(&node), created: resource.node().is_none() };
                Ok((put, replaced.filter(|old| old.hash != written.content.hash)))
            },
        )?;
        drop(stored);
        sweep(&request, replaced.as_ref().is_some_and(content::is_in_blobs));
        Ok(put)
    }
}

fn new_file(tx: &mut dyn WriteTx, request: &Request, resource: &Resource) -> Result<Node> {
    let parent = parent_for_new(tx, request, resource)?;
    let name = request.path.last().ok_or(ErrorCode::MethodNotAllowed)?;
    Ok(Node::collection(NodeKind::File, parent.seq, name, request.now))
}

/// An existing file needs `write-content`, a new one `bind` on its collection. `If-Match` says nothing of a
/// file that is not there: with it, too, a PUT creates (API page 312).
fn check(tx: &dyn ReadTx, request: &Request, resource: &Resource, if_match: Option<&str>) -> Result<()> {
    match resource.served() {
        Served::File | Served::SourceFile => {
            request.authorize(resource, Privilege::WriteContent)?;
            etag_of(resource.last()).check_if_match(if_match)
        }
        Served::Missing | Served::SourceMissing => {
            request.authorize_parent(resource, Privilege::Bind)?;
            let name = request.path.last().map(String::as_str).unwrap_or_default();
            if !name::is_resource_name(name) {
                return Err(ErrorCode::ResourceNameInvalid.with([name]));
            }
            super::check_parent(tx, request, resource)
        }
        _ => Err(ErrorCode::MethodNotAllowed.into()),
    }
}
