//! Uploads of snapshot files in parts, by tus 1.0 (<https://tus.io/protocols/resumable-upload>): `POST
//! {cell}__snapshot` begins one at `{cell}__snapshot/__upload/{id}`.
//!
//! Extensions: creation, checksum (SHA-256, of a part), expiration, termination. `filename` of `Upload-Metadata` is the
//! file's name; `filetype` its media type; `sha256` the SHA-256 of the whole in hexadecimal, which is compared before
//! the file gets its name.

mod metadata;

use std::io;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use saibo_core::snapshot::resumable::{self, Appending, New, Standing};
use saibo_core::{Unit, snapshot};
use saibo_dav::response::http_date;
use saibo_model::{Error, ErrorCode, Result};
use tokio_util::sync::CancellationToken;

use super::snapshot::{CHUNK, ZIP};
use crate::http::{LimitExceeded, Response, error};
use crate::routes::{Caller, Context};
use metadata::Metadata;

/// The version of the protocol.
const VERSION: &str = "1.0.0";

/// What there is of it beyond its core.
const EXTENSIONS: &str = "creation,checksum,expiration,termination";

/// What a script of another origin may read.
const EXPOSED: &str = "Location,Tus-Resumable,Tus-Version,Tus-Extension,Tus-Max-Size,Tus-Checksum-Algorithm,\
                       Upload-Offset,Upload-Length,Upload-Metadata,Upload-Expires";

/// `POST` of the collection: begins an upload.
pub(in crate::routes) async fn post(context: Context) -> Result<Response> {
    answered(context, create).await
}

/// `HEAD`: how far an upload is. A part that is being sent ends where it is.
pub(in crate::routes) async fn head(context: Context) -> Result<Response> {
    answered(context, look).await
}

/// `PATCH`: the next part.
pub(in crate::routes) async fn patch(context: Context) -> Result<Response> {
    answered(context, append).await
}

/// `DELETE`: gives an upload up.
pub(in crate::routes) async fn delete(context: Context) -> Result<Response> {
    answered(context, abandon).await
}

/// `OPTIONS`, for those who may.
pub(in crate::routes) async fn options(context: Context) -> Result<Response> {
    let max = context.app.config.limits.snapshot_upload_bytes;
    allowed(&context).await?;
    Ok(with_tus(Response::allow(["HEAD", "PATCH", "DELETE"]), max))
}

/// The same answer with what there is of the protocol.
pub(super) fn with_tus(response: Response, max_size: u64) -> Response {
    response
        .header("tus-resumable", VERSION)
        .header("tus-version", VERSION)
        .header("tus-extension", EXTENSIONS)
        .header("tus-max-size", &max_size.to_string())
        .header("tus-checksum-algorithm", "sha256")
        .header("access-control-expose-headers", EXPOSED)
}

/// Runs a handler for a client of this version; each answer says what version it is of, those to errors too.
async fn answered<F>(context: Context, handler: fn(Context) -> F) -> Result<Response>
where
    F: Future<Output = Result<Response>>,
{
    let (key, realm) = (context.request.key.clone(), context.cell_url());
    let outcome = if context.request.header_is("tus-resumable", VERSION) {
        handler(context).await
    } else {
        Err(ErrorCode::PreconditionFailed.with(["Tus-Resumable"]))
    };
    let response = match outcome {
        Ok(response) => response,
        // To be run again, which is for whoever called this.
        Err(error) if saibo_store::Error::is_retired(&error) => return Err(error),
        Err(error) => {
            error::log(&error, &key);
            error::render(&error, &realm).header("tus-version", VERSION)
        }
    };
    Ok(response
        .header("tus-resumable", VERSION)
        .header("cache-control", "no-store")
        .header("access-control-expose-headers", EXPOSED))
}

async fn allowed(context: &Context) -> Result<()> {
    let caller = Caller::of(context);
    context
        .blocking(move |unit| {
            let (cell, access) = caller.enter(unit)?;
            snapshot::authorize(&cell, &access)
        })
        .await
}

async fn create(context: Context) -> Result<Response> {
    // Whether they may comes before what they sent.
    allowed(&context).await?;
    let request = &context.request;
    let length = number(request.header("upload-length"), "Upload-Length")?;
    if length > context.app.config.limits.snapshot_upload_bytes {
        return Err(LimitExceeded::Body.into());
    }
    if length == 0 {
        // It would be over before it began; and nothing is no snapshot.
        return Err(ErrorCode::HeaderInvalid.with(["Upload-Length", "0"]));
    }
    let sent = request.header("upload-metadata").unwrap_or_default().to_owned();
    let Metadata { name, media_type, sha256 } = Metadata::parse(&sent)?;
    let new = New {
        name,
        content_type: media_type.unwrap_or_else(|| ZIP.to_owned()),
        length,
        sha256,
        metadata: sent,
    };
    let caller = Caller::of(&context);
    let (id, standing) = context
        .blocking(move |unit| {
            let (cell, access) = caller.enter(unit)?;
            snapshot::authorize(&cell, &access)?;
            resumable::create(unit, cell.id(), new)
        })
        .await?;
    let location = format!("{}__snapshot/__upload/{id}", context.cell_url());
    Ok(told(Response::empty(201), &standing).header("location", &location))
}

async fn look(context: Context) -> Result<Response> {
    let (caller, id) = (Caller::of(&context), context.parameter("upload").to_owned());
    let standing = context
        .blocking(move |unit| {
            let (cell, access) = caller.enter(unit)?;
            snapshot::authorize(&cell, &access)?;
            resumable::look(unit, cell.id(), &id)
        })
        .await?;
    let response =
        told(Response::empty(200), &standing).header("upload-length", &standing.length.to_string());
    Ok(match standing.metadata.as_str() {
        "" => response,
        metadata => response.header("upload-metadata", metadata),
    })
}

async fn append(context: Context) -> Result<Response> {
    allowed(&context).await?;
    if context.request.media_type() != "application/offset+octet-stream" {
        return Err(ErrorCode::MediaTypeNotSupported.into());
    }
    let offset = number(context.request.header("upload-offset"), "Upload-Offset")?;
    let sha256 = context.request.header("upload-checksum").map(checksum).transpose()?;
    let (caller, id) = (Caller::of(&context), context.parameter("upload").to_owned());
    let superseded = CancellationToken::new();
    let interrupted = superseded.clone();
    let part = context
        .blocking(move |unit| {
            let (cell, access) = caller.enter(unit)?;
            snapshot::authorize(&cell, &access)?;
            let interrupt = Box::new(move || interrupted.cancel());
            resumable::append(unit, cell.id(), &id, offset, sha256, interrupt)
        })
        .await?;
    let left = part.left();
    if context.request.body.declared_length().is_some_and(|declared| declared > left) {
        return Err(LimitExceeded::Body.into());
    }
    let stopping = context.app.stopping.clone();
    let (one, other) = (superseded.clone(), stopping.clone());
    let until = async move {
        tokio::select! { () = one.cancelled() => (), () = other.cancelled() => () }
    };
    let body = context.request.body.into_blocking_reader_until(left, until);
    let written = tokio::task::spawn_blocking(move || write(part, body));
    let written = written.await.map_err(|panicked| Error::from(ErrorCode::Unknown).because(panicked))?;
    match written {
        Ok(standing) => Ok(told(Response::empty(204), &standing)),
        Err(_) if superseded.is_cancelled() => Err(ErrorCode::CellBusy.into()),
        Err(_) if stopping.is_cancelled() => Err(ErrorCode::UnderMaintenance.into()),
        Err(error) => Err(error),
    }
}

/// Writes a part as it comes. What has come of one that breaks off is kept.
fn write(mut part: Appending, mut body: impl io::Read) -> Result<Standing> {
    let mut buffer = vec![0; CHUNK];
    loop {
        let read = match body.read(&mut buffer) {
            Ok(read) => read,
            Err(broken) => {
                part.keep()?;
                return Err(crate::http::body::unreadable(broken));
            }
        };
        match buffer.get(..read).filter(|bytes| !bytes.is_empty()) {
            Some(bytes) => part.write(bytes)?,
            None => return Ok(part.finish()?.standing),
        }
    }
}

async fn abandon(context: Context) -> Result<Response> {
    let (caller, id) = (Caller::of(&context), context.parameter("upload").to_owned());
    context
        .blocking(move |unit: &Arc<Unit>| {
            let (cell, access) = caller.enter(unit)?;
            snapshot::authorize(&cell, &access)?;
            resumable::abandon(unit, cell.id(), &id)
        })
        .await?;
    Ok(Response::empty(204))
}

/// An answer that says how far an upload is, and how long it is kept.
fn told(response: Response, standing: &Standing) -> Response {
    response
        .header("upload-offset", &standing.offset.to_string())
        .header("upload-expires", &http_date(standing.expires_at))
}

/// A header with a number in decimal digits.
fn number(sent: Option<&str>, name: &'static str) -> Result<u64> {
    let sent = sent.ok_or_else(|| ErrorCode::DavHeaderRequired.with([name]))?;
    let digits = !sent.is_empty() && sent.bytes().all(|byte| byte.is_ascii_digit());
    let parsed = sent.parse().ok().filter(|_| digits);
    parsed.ok_or_else(|| ErrorCode::HeaderInvalid.with([name, sent]))
}

/// `Upload-Checksum: sha256 {base64}`, of a part.
fn checksum(sent: &str) -> Result<[u8; 32]> {
    let parsed = sent
        .split_once(' ')
        .filter(|(algorithm, _)| *algorithm == "sha256")
        .and_then(|(_, encoded)| STANDARD.decode(encoded.trim()).ok()?.try_into().ok());
    parsed.ok_or_else(|| ErrorCode::HeaderInvalid.with(["Upload-Checksum", sent]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_decimal_digits() {
        for (sent, expected) in [
            (Some("0"), Some(0)),
            (Some("18446744073709551615"), Some(u64::MAX)),
            (Some("18446744073709551616"), None),
            (Some("+1"), None),
            (Some("-1"), None),
            (Some(""), None),
            (Some("0x10"), None),
            (None, None),
        ] {
            assert_eq!(number(sent, "Upload-Offset").ok(), expected, "{sent:?}");
        }
    }

    #[test]
    fn checksums_are_of_sha256() {
        let right = format!("sha256 {}", STANDARD.encode([7; 32]));
        assert_eq!(checksum(&right).unwrap(), [7; 32]);
        for wrong in [
            "",
            "sha256",
            "sha256 ",
            "sha256 AAAA",
            "sha256 !",
            "sha1 Kq5sNclPz7QV2+lfQIuc6R7oRu0=",
            &right.replace("sha256", "md5"),
        ] {
            assert!(checksum(wrong).is_err(), "{wrong}");
        }
    }
}
