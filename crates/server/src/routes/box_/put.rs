//! PUT of a file (API page 312): stored as it comes, under its name only when whole.

use saibo_core::dav::{Put, Upload};
use saibo_model::Result;

use super::{Context, Place, header};
use crate::http::Response;
use crate::http::body::unreadable;

/// As much is collected before it is written: each time takes a turn on another thread.
const PIECE: usize = 256 * 1024;

pub(super) async fn put(mut context: Context, place: Place) -> Result<Response> {
    let (content_type, if_match) = (header(&context, "content-type"), header(&context, "if-match"));
    let announced = context.request.body.declared_length();
    let mut upload =
        context.blocking(move |_| Upload::begin(place.request, content_type, if_match, announced)).await?;
    let mut collected = Vec::new();
    while let Some(piece) = context.request.body.next().await {
        collected.extend_from_slice(&piece.map_err(unreadable)?);
        if collected.len() >= PIECE {
            let piece = std::mem::take(&mut collected);
            upload = context.blocking(move |_| write(upload, &piece)).await?;
        }
    }
    let Put { etag, created } = context.blocking(move |_| write(upload, &collected)?.commit()).await?;
    Ok(Response::empty(if created { 201 } else { 204 }).header("etag", &etag.to_string()))
}

fn write(mut upload: Upload, piece: &[u8]) -> Result<Upload> {
    upload.write(piece)?;
    Ok(upload)
}
