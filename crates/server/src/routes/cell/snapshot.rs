//! `{cell}__snapshot/` and the files in it (API pages 503 to 506).

use std::io::{Read as _, Seek as _, SeekFrom};

use saibo_core::snapshot::{self, Naming, Upload};
use saibo_dav::header::{Depth, ETag, Selection};
use saibo_model::{ErrorCode, Result};
use saibo_store::SnapshotInfo;

use super::upload;
use crate::http::Response;
use crate::routes::{Caller, Context};

/// The media type of a snapshot that was sent without one.
pub(super) const ZIP: &str = "application/zip";

/// How much of an upload is moved at once.
pub(super) const CHUNK: usize = 256 << 10;

/// `GET` of a file. Ranges are served where they are asked for with the file's ETag in `If-Range`; a bare `Range` is
/// ignored, as clients of the API know it (RFC 9110 §14.2 allows both).
pub(in crate::routes) async fn get(context: Context) -> Result<Response> {
    let caller = Caller::of(&context);
    let name = context.parameter("file").to_owned();
    let none_match = context.request.header("if-none-match").map(str::to_owned);
    let (range, if_range) = (
        context.request.header("range").map(str::to_owned),
        context.request.header("if-range").map(str::to_owned),
    );
    let (info, file) = context
        .blocking(move |unit| {
            let (cell, access) = caller.enter(unit)?;
            snapshot::authorize(&cell, &access)?;
            snapshot::open(unit, cell.id(), &name)
        })
        .await?;
    let etag = snapshot::etag(&info);
    if etag.is_not_modified(none_match.as_deref()) {
        return Ok(Response::empty(304).header("etag", &etag.to_string()));
    }
    let wanted = range.filter(|_| if_range == Some(etag.to_string()));
    let part = match Selection::parse(wanted.as_deref(), info.length)? {
        Selection::Whole => None,
        Selection::Part(part) => Some(part),
    };
    let mut file = file;
    let response = match part {
        None => Response::blocking_reader(200, &info.content_type, Some(info.length), file),
        Some(part) => {
            file.seek(SeekFrom::Start(part.first))
                .map_err(|e| saibo_store::Error::io("reading a snapshot", e))?;
            let bytes = std::io::Read::take(file, part.length());
            Response::blocking_reader(206, &info.content_type, Some(part.length()), bytes)
                .header("content-range", &part.to_string())
        }
    };
    Ok(response.header("etag", &etag.to_string()).header("accept-ranges", "bytes"))
}

/// `PUT` of a file, as long as it may be: it is written as it comes and has no name before it is whole.
pub(in crate::routes) async fn put(context: Context) -> Result<Response> {
    let caller = Caller::of(&context);
    let name = context.parameter("file").to_owned();
    let if_match = context.request.header("if-match").map(str::to_owned);
    let content_type = context.request.header("content-type").unwrap_or(ZIP).to_owned();
    let limit = context.app.config.limits.snapshot_upload_bytes;
    let announced = context.request.body.declared_length();
    let (cell, mut upload) = context
        .blocking(move |unit| {
            let (cell, access) = caller.enter(unit)?;
            snapshot::authorize(&cell, &access)?;
            Ok((cell, Upload::begin(unit, announced)?))
        })
        .await?;
    let mut body = context.request.body.into_blocking_reader(limit);
    let unit = context.app.unit.clone();
    let written = tokio::task::spawn_blocking(move || {
        let mut buffer = vec![0; CHUNK];
        loop {
            let read = body.read(&mut buffer).map_err(crate::http::body::unreadable)?;
            let Some(bytes) = buffer.get(..read).filter(|bytes| !bytes.is_empty()) else { break };
            upload.write(bytes)?;
        }
        upload.commit(&unit, cell.id(), &name, &content_type, Naming::Replace(if_match.as_deref()))
    });
    let (info, is_new) = written
        .await
        .map_err(|panicked| saibo_model::Error::from(ErrorCode::Unknown).because(panicked))??;
    Ok(Response::empty(if is_new { 201 } else { 204 }).header("etag", &snapshot::etag(&info).to_string()))
}

/// `DELETE` of a file.
pub(in crate::routes) async fn delete(context: Context) -> Result<Response> {
    let caller = Caller::of(&context);
    let name = context.parameter("file").to_owned();
    context
        .blocking(move |unit| {
            let (cell, access) = caller.enter(unit)?;
            snapshot::authorize(&cell, &access)?;
            snapshot::delete(unit, cell.id(), &name)
        })
        .await?;
    Ok(Response::empty(204))
}

/// `OPTIONS` of a file.
pub(in crate::routes) async fn options(context: Context) -> Result<Response> {
    authorized(context).await?;
    Ok(Response::allow(["GET", "PUT", "DELETE", "PROPFIND"]))
}

/// `OPTIONS` of the collection.
pub(in crate::routes) async fn options_all(context: Context) -> Result<Response> {
    let context = authorized(context).await?;
    let max = context.app.config.limits.snapshot_upload_bytes;
    Ok(upload::with_tus(Response::allow(["POST", "PROPFIND"]), max))
}

async fn authorized(context: Context) -> Result<Context> {
    let caller = Caller::of(&context);
    context
        .blocking(move |unit| {
            let (cell, access) = caller.enter(unit)?;
            snapshot::authorize(&cell, &access)
        })
        .await?;
    Ok(context)
}

/// `PROPFIND` of the collection: it has the Cell's own dates, status and ACL.
pub(in crate::routes) async fn propfind_all(context: Context) -> Result<Response> {
    let caller = Caller::of(&context);
    let depth = context.request.header("depth").map(str::to_owned);
    propfind_of(context, move |unit| {
        let (cell, access) = caller.enter(unit)?;
        snapshot::authorize(&cell, &access)?;
        let depth = Depth::of_propfind(depth.as_deref(), None)?;
        let files = if depth == Depth::Zero { Vec::new() } else { snapshot::list(unit, cell.id())? };
        snapshot::view::all(&cell, files)
    })
    .await
}

/// `PROPFIND` of a file.
pub(in crate::routes) async fn propfind(context: Context) -> Result<Response> {
    let caller = Caller::of(&context);
    let depth = context.request.header("depth").map(str::to_owned);
    let name = context.parameter("file").to_owned();
    propfind_of(context, move |unit| {
        let (cell, access) = caller.enter(unit)?;
        snapshot::authorize(&cell, &access)?;
        let info: SnapshotInfo = snapshot::info(unit, cell.id(), &name)?;
        Depth::of_propfind(depth.as_deref(), None)?;
        snapshot::view::one(&cell, &info)
    })
    .await
}

async fn propfind_of(
    context: Context,
    work: impl FnOnce(&std::sync::Arc<saibo_core::Unit>) -> Result<(saibo_dav::response::Multistatus, ETag)>
    + Send
    + 'static,
) -> Result<Response> {
    let (multistatus, etag) = context.blocking(work).await?;
    Ok(Response::xml(207, multistatus.to_xml()).header("etag", &etag.to_string()))
}
