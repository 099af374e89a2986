//! PUT of a file (API page 312): stored as it comes, under its name only when whole.

use saibo_core::dav::{Put, Upload, Uploaded};
use saibo_model::Result;

use super::{Caller, Context, Place, enter, header};
use crate::http::Response;
use crate::http::body::unreadable;
use crate::routes::dispatch::ATTEMPTS;

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
    let mut uploaded = context.blocking(move |_| put_in_place(write(upload, &collected)?.finish()?)).await?;
    for _ in 1..ATTEMPTS {
        let Err(error) = &uploaded.1 else { break };
        if !saibo_store::Error::is_retired(error) {
            break;
        }
        // The Cell's store was replaced while the content came. It is not sent twice, so the request cannot just
        // begin anew: it is found and let in again here, and the content goes along.
        context.after_swap().await?;
        let path = context.rest().iter().map(|segment| segment.text.clone()).collect();
        let (caller, name) = (Caller::of(&context), context.parameter("box").to_owned());
        let written = uploaded.0;
        uploaded = context
            .blocking(move |unit| put_in_place(written.carry_over(enter(unit, &caller, name, path)?)?))
            .await?;
    }
    let Put { etag, created } = uploaded.1?;
    Ok(Response::empty(if created { 201 } else { 204 }).header("etag", &etag.to_string()))
}

/// What came of it; and the content, in case that is needed again.
fn put_in_place(uploaded: Uploaded) -> Result<(Uploaded, Result<Put>)> {
    let put = uploaded.commit();
    Ok((uploaded, put))
}

fn write(mut upload: Upload, piece: &[u8]) -> Result<Upload> {
    upload.write(piece)?;
    Ok(upload)
}
