//! Takes a request to its handler.

use std::sync::Arc;

use saibo_model::{Error, ErrorCode, Result};

use super::{Context, Handler, Route, Router};
use crate::app::App;
use crate::http::error;
use crate::http::{Query, Replay, Request, Response, Segment};

/// How often a request is run at most.
pub(super) const ATTEMPTS: usize = 4;

/// The answer to a request, be it an error's.
pub async fn dispatch(app: &Arc<App>, router: &Router, request: Request) -> Response {
    let key = request.key.clone();
    let failed = |error: &Error, realm: &str| {
        error::log(error, &key);
        error::render(error, realm)
    };
    let Some(found) = router.find(&request.path) else {
        return failed(&ErrorCode::UnknownUrl.into(), app.unit_url().as_str());
    };
    let (path, trailing_slash, query) = (request.path.clone(), request.trailing_slash, request.query.clone());
    let replay = may_write(&request.method).then(|| Replay::of(&request));
    let context = |request| Context {
        app: app.clone(),
        request,
        route: found.route,
        found: http::Extensions::new(),
        parameters: found.parameters.clone(),
        rest: found.rest,
    };
    let first = context(request);
    let realm = match first.cell() {
        "" => app.unit_url().to_string(),
        _ => first.cell_url(),
    };
    let mut outcome = run(first).await;
    for _ in 1..ATTEMPTS {
        let Err(error) = &outcome else { break };
        if !saibo_store::Error::is_retired(error) {
            break;
        }
        let Some(request) = replay.as_ref().and_then(Replay::request) else { break };
        outcome = run_after_swap(context(request)).await;
    }
    match outcome {
        Ok(response) => response,
        Err(error) if error.code() == ErrorCode::CellMoved => {
            let response = failed(&error, &realm);
            match error.params().first() {
                Some(to) => {
                    let below = below_cell(&path, trailing_slash, &query);
                    response.header("location", &format!("{to}{below}"))
                }
                None => response,
            }
        }
        Err(error) => {
            let response = failed(&error, &realm);
            if error.code() == ErrorCode::MethodNotAllowed && !response.headers.contains_key("allow") {
                // RFC 9110 section 15.5.6. A handler that knows better has made its own answer.
                return response.header("allow", &allowed(found.route));
            }
            response
        }
    }
}

/// What follows the URL of the Cell in that of a request, as it was sent.
fn below_cell(path: &[Segment], trailing_slash: bool, query: &Query) -> String {
    let segments: Vec<&str> = path.iter().skip(1).map(|segment| segment.raw.as_str()).collect();
    let mut below = segments.join("/");
    if trailing_slash && !below.is_empty() {
        below.push('/');
    }
    let query = query.raw();
    if !query.is_empty() {
        below.push('?');
        below.push_str(query);
    }
    below
}

/// Whether a method may meet a store that takes no writes any more.
fn may_write(method: &str) -> bool {
    !matches!(method, "GET" | "HEAD" | "OPTIONS" | "PROPFIND" | "REPORT")
}

/// Runs a request again that met the moment at which an import replaced the Cell's store: from its beginning, for
/// what it found there, who asks included, counts no more. Whatever it may have written has gone with that store.
async fn run_after_swap(context: Context) -> Result<Response> {
    context.after_swap().await?;
    run(context).await
}

async fn run(mut context: Context) -> Result<Response> {
    let route = context.route;
    if let Some(guard) = route.guard {
        context = guard(context).await?;
    }
    match handler(route, &context.request.method) {
        Some(handler) => handler(context).await,
        None if context.request.method == "OPTIONS" => Ok(Response::allow(route.method_names())),
        None => Err(ErrorCode::MethodNotAllowed.into()),
    }
}

fn handler(route: &Route, method: &str) -> Option<Handler> {
    let exact = |wanted: &str| route.methods.iter().find(|(name, _)| *name == wanted);
    let found = exact(method).or_else(|| if method == "HEAD" { exact("GET") } else { None });
    found.map(|(_, handler)| *handler)
}

fn allowed(route: &Route) -> String {
    let others = route.method_names().filter(|name| *name != "OPTIONS");
    std::iter::once("OPTIONS").chain(others).collect::<Vec<_>>().join(", ")
}
