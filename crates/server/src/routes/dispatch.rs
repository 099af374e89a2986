//! Takes a request to its handler.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use saibo_model::{Error, ErrorCode, Result};

use super::{Context, Handler, Route, Router};
use crate::app::App;
use crate::http::error::{self, Challenge};
use crate::http::{Request, Response};

/// The answer to a request, be it an error's.
pub async fn dispatch(app: &Arc<App>, router: &Router, request: Request) -> Response {
    let key = request.key.clone();
    let failed = |error: &Error, realm: String, basic: bool| {
        error::log(error, &key);
        error::render(error, &Challenge { realm, basic })
    };
    let Some(found) = router.find(&request.path) else {
        return failed(&ErrorCode::UnknownUrl.into(), app.unit_url.to_string(), false);
    };
    let basic = Arc::new(AtomicBool::new(found.route.basic));
    let context = Context {
        app: app.clone(),
        request,
        route: found.route,
        found: http::Extensions::new(),
        parameters: found.parameters,
        rest: found.rest,
        basic: basic.clone(),
    };
    let realm = match context.cell() {
        "" => app.unit_url.to_string(),
        _ => context.cell_url(),
    };
    match run(context).await {
        Ok(response) => response,
        Err(error) => {
            let response = failed(&error, realm, basic.load(Ordering::Relaxed));
            if error.code() == ErrorCode::MethodNotAllowed && !response.headers.contains_key("allow") {
                // RFC 9110 section 15.5.6. A handler that knows better has made its own answer.
                return response.header("allow", &allowed(found.route));
            }
            response
        }
    }
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
