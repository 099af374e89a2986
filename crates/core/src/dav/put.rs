//! PUT of a file (API page 312): checked before its content is read, and again when it is stored.

use std::io::Write as _;
use std::sync::Arc;

use saibo_dav::header::ETag;
use saibo_model::node::{Node, NodeKind};
use saibo_model::privilege::Privilege;
use saibo_model::{ErrorCode, Result, name};
use saibo_store::{BlobWriter, ReadTx, StoredContent, WriteTx};

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

    /// Ends the content: it is on disk.
    ///
    /// # Errors
    /// The store's.
    pub fn finish(self) -> Result<Uploaded> {
        let Self { request, content_type, if_match, writer } = self;
        Ok(Uploaded { request, content_type, if_match, stored: Arc::new(writer.finish()?) })
    }

    /// Puts what was written in the file's place.
    ///
    /// # Errors
    /// Those of [`Upload::begin`]; the store's.
    pub fn commit(self) -> Result<Put> {
        self.finish()?.commit()
    }
}

/// A file that was written whole and is in no place yet. Dropped, it leaves nothing.
pub struct Uploaded {
    request: Request,
    content_type: Option<String>,
    if_match: Option<String>,
    /// Shared, so that the pin outlives the transaction's commit and not just its work.
    stored: Arc<StoredContent>,
}

impl Uploaded {
    /// Puts it in the file's place.
    ///
    /// # Errors
    /// Those of [`Upload::begin`]; the store's.
    pub fn commit(&self) -> Result<Put> {
        let (written, content_type, if_match) =
            (self.stored.clone(), self.content_type.clone(), self.if_match.clone());
        let (put, replaced) = self.request.write(
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
                Ok((put, replaced.filter(|old| old.name != written.content.name)))
            },
        )?;
        sweep(&self.request, replaced.as_ref().is_some_and(content::is_in_blobs));
        Ok(put)
    }

    /// The same content for the same request, which was looked up and let in anew: the Cell's store was replaced
    /// while the content came, and the client is not to send it again.
    ///
    /// # Errors
    /// Those of [`Upload::begin`]; the store's.
    pub fn carry_over(self, request: Request) -> Result<Self> {
        let Self { request: before, content_type, if_match, stored } = self;
        let mut upload = Upload::begin(request, content_type, if_match, Some(stored.content.length))?;
        let copied = match &stored.small {
            Some(bytes) => upload.writer.write_all(bytes),
            None => {
                let mut written = before.cell.blobs().open(&stored.content)?;
                std::io::copy(&mut written, &mut upload.writer).map(|_bytes| ())
            }
        };
        copied.map_err(|e| saibo_store::Error::io("copying a content", e))?;
        upload.finish()
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
