//! Pages that a Cell shows in its own name though they are elsewhere (API pages 291 and 296).
//!
//! Only pages of this unit are fetched, and as anybody could: a Cell's owner chooses the URL, and must not be able
//! to make the unit ask servers that it alone can reach.

use std::sync::LazyLock;

use saibo_model::name::is_reserved;
use saibo_model::node::MAIN_BOX;

use super::{Context, ROUTES, Router, dispatch};
use crate::http::body::RequestBody;
use crate::http::{Query, Request, Response, Segment};

/// The routes, for requests that never were on a wire.
static ROUTER: LazyLock<Router> = LazyLock::new(|| Router::new(ROUTES));

/// Longer ones are not shown.
const MAX_PAGE: usize = 1024 * 1024;

/// Why a page cannot be shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unshown {
    /// It is not on this unit, is not there, or not everybody may read it.
    Unreachable,
    /// It is no HTML.
    NotHtml,
}

/// The page at a URL of this unit.
///
/// # Errors
/// Why it cannot be had.
pub(super) async fn fetch(context: &Context, url: &str) -> Result<Response, Unshown> {
    let path = path_of(context, url).ok_or(Unshown::Unreachable)?;
    let request = Request {
        method: "GET".to_owned(),
        path: path.into(),
        trailing_slash: false,
        query: Query::default(),
        headers: http::HeaderMap::new(),
        body: RequestBody::from_bytes(bytes::Bytes::new()),
        key: context.request.key.clone(),
        peer: context.request.peer,
        now_ms: context.request.now_ms,
        upgrade: None,
    };
    let found = Box::pin(dispatch(&context.app, &ROUTER, request)).await;
    if found.status != 200 {
        tracing::warn!(
            key = context.request.key,
            url,
            status = found.status,
            "a page that a Cell chose cannot be shown"
        );
        return Err(Unshown::Unreachable);
    }
    let media_type =
        found.headers.get("content-type").and_then(|value| value.to_str().ok()).unwrap_or_default();
    if !media_type.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case("text/html") {
        tracing::warn!(key = context.request.key, url, media_type, "a page that a Cell chose is no HTML");
        return Err(Unshown::NotHtml);
    }
    let bytes = found.into_bytes().await.ok().filter(|bytes| bytes.len() <= MAX_PAGE);
    bytes.map(|bytes| Response::bytes(200, "text/html;charset=UTF-8", bytes)).ok_or(Unshown::Unreachable)
}

/// The path of a URL in path-based form, where it is one of this unit.
fn path_of(context: &Context, url: &str) -> Option<Vec<Segment>> {
    let Some((cell, rest)) = context.app.unit.settings().unit_url.split_cell(url) else {
        tracing::warn!(
            key = context.request.key,
            url,
            "a page that a Cell chose is not on this unit and is not shown"
        );
        return None;
    };
    let rest = rest.split(['?', '#']).next().unwrap_or_default();
    let mut segments = rest.split('/').filter(|segment| !segment.is_empty()).peekable();
    // In a Box: what else a Cell serves may lead here again.
    segments.peek().filter(|first| **first == MAIN_BOX || !is_reserved(first))?;
    std::iter::once(cell.as_str()).chain(segments).map(Segment::parse).collect()
}
