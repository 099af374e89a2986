//! GET of a file or collection (API page 311), and of a Box (page 303).

use std::io::Read as _;

use saibo_core::dav::{self, BoxMetadata, FileContent, Got, Served};
use saibo_core::export::iso8601;
use saibo_model::Result;
use serde_json::json;

use super::{Context, Place, header};
use crate::http::Response;

/// Up to this length a file is sent at once: most are small, and their bytes are here already.
const AT_ONCE: u64 = 16 * 1024;

pub(super) async fn get(context: Context, place: Place) -> Result<Response> {
    let Place { request, resolved } = place;
    if resolved.served == Served::Box {
        let metadata = dav::box_metadata(&request, &resolved.resource)?;
        return Ok(box_metadata(&context, &request, &metadata));
    }
    let (if_none_match, range) = (header(&context, "if-none-match"), header(&context, "range"));
    match dav::get(&request, resolved, if_none_match.as_deref(), range.as_deref())? {
        Got::NotModified(etag) => Ok(Response::empty(304).header("etag", &etag.to_string())),
        Got::Collection(url) => Ok(Response::text(200, format!("URL : {url}\n"))),
        Got::File(content) => file(content),
    }
}

fn file(file: FileContent) -> Result<Response> {
    let FileContent { etag, media_type, length, range, content } = file;
    let status = if range.is_some() { 206 } else { 200 };
    let media_type = media_type.unwrap_or_default();
    let mut bytes = content.take(length);
    let mut response = if length <= AT_ONCE {
        let mut all = Vec::new();
        bytes.read_to_end(&mut all).map_err(|e| saibo_store::Error::io("reading a content", e))?;
        Response::bytes(status, &media_type, all)
    } else {
        Response::blocking_reader(status, &media_type, Some(length), bytes)
    };
    if media_type.is_empty() {
        // Nothing was said of it when it was put, so nothing is known.
        response.headers.remove("content-type");
    }
    if let Some(range) = range {
        response.set_header("content-range", &range.to_string());
    }
    Ok(response.header("etag", &etag.to_string()).header("accept-ranges", "bytes"))
}

fn box_metadata(context: &Context, request: &dav::Request, metadata: &BoxMetadata) -> Response {
    let app = &context.app;
    Response::json(
        200,
        &json!({
            "box": {
                "name": metadata.name,
                "url": metadata.url,
                "schema": metadata.schema,
                "installed_at": iso8601(metadata.installed_at),
                "status": "ready",
            },
            "cell": { "name": request.cell.name(), "url": request.cell.url() },
            "unit": {
                "url": app.unit_url().as_str(),
                "path_based_cellurl_enabled": app.config.unit.path_based_cell_url,
            },
        }),
    )
}
