//! What requests to OData services, and the answers, have in common: control objects, schema objects, and entities.

use bytes::Bytes;
use saibo_model::Result;
use saibo_odata::etag;
use saibo_odata::media::{Format, XML};

use super::Context;
use crate::http::Response;

/// The version of OData that answers follow.
pub(super) const VERSION: (&str, &str) = ("DataServiceVersion", "2.0");

/// The same for what describes a service.
const DESCRIPTION_VERSION: (&str, &str) = ("DataServiceVersion", "1.0");

/// What was sent, ready to leave the async threads.
pub(super) struct Call {
    pub(super) method: String,
    /// As sent, without its question mark.
    pub(super) query: String,
    pub(super) content_type: Option<String>,
    pub(super) accept: Option<String>,
    pub(super) if_match: Option<String>,
    pub(super) if_none_match: Option<String>,
    /// `X-Personium-Credential`, an Account's password.
    pub(super) credential: Option<String>,
    pub(super) body: Bytes,
}

impl Call {
    /// Reads a request.
    ///
    /// # Errors
    /// When the body cannot be read.
    pub(super) async fn of(context: &mut Context) -> Result<Self> {
        let limit = context.app.config.limits.body_bytes;
        let body = context.request.body.read_to_limit(limit).await?;
        let header = |name: &str| context.request.header(name).map(str::to_owned);
        // One in another encoding is no password that is allowed, but it is one that was sent.
        let credential = context.request.headers.get("x-personium-credential");
        Ok(Self {
            method: context.request.method.clone(),
            query: context.request.query.raw().to_owned(),
            content_type: header("content-type"),
            accept: header("accept"),
            if_match: header("if-match"),
            if_none_match: header("if-none-match"),
            credential: credential.map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned()),
            body,
        })
    }
}

/// An object or entity that is shown.
pub(super) fn shown(call: &Call, body: Vec<u8>, (version, updated): (i64, i64), format: Format) -> Response {
    if etag::none_match(call.if_none_match.as_deref(), version, updated) {
        return Response::empty(304);
    }
    Response::bytes(200, format.media_type(), body)
        .header(VERSION.0, VERSION.1)
        .header("etag", &etag::format(version, updated))
}

/// The answer to a create.
pub(super) fn created(location: &str, body: Vec<u8>, version: (i64, i64), format: Format) -> Response {
    Response::bytes(201, format.media_type(), body)
        .header(VERSION.0, VERSION.1)
        .header("location", location)
        .header("etag", &etag::format(version.0, version.1))
}

/// The answer to a change that leaves nothing to show.
pub(super) fn changed(version: Option<(i64, i64)>) -> Response {
    let response = Response::empty(204).header(VERSION.0, VERSION.1);
    match version {
        Some((version, updated)) => response.header("etag", &etag::format(version, updated)),
        None => response,
    }
}

/// The answer with a list.
pub(super) fn listed(list: Vec<u8>, format: Format) -> Response {
    Response::bytes(200, format.list_media_type(), list).header(VERSION.0, VERSION.1)
}

/// The answer with a service document.
pub(super) fn service_document(document: Vec<u8>, format: Format) -> Response {
    let media_type = match format {
        Format::Json => format.list_media_type(),
        Format::Atom => XML,
    };
    Response::bytes(200, media_type, document).header(DESCRIPTION_VERSION.0, DESCRIPTION_VERSION.1)
}

/// The answer with EDMX.
pub(super) fn metadata(edmx: String) -> Response {
    Response::bytes(200, XML, edmx).header(DESCRIPTION_VERSION.0, DESCRIPTION_VERSION.1)
}

/// The representation of a service document: XML, unless `$format` asks for another.
///
/// # Errors
/// 400-OD-0005 for an unknown `$format`.
pub(super) fn description_format(format: Option<&str>) -> Result<Format> {
    match format {
        None | Some("xml" | "atomsvc") => Ok(Format::Atom),
        other => Format::negotiate(None, other),
    }
}
