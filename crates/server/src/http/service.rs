//! From hyper's request to hyper's answer.
//!
//! The order is the reference's: the request key, the overrides, what proxies say, preflights, the Accept
//! header, the URL. It shows where a request is wrong in more than one way.

use std::any::Any;
use std::net::{IpAddr, SocketAddr};
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use futures_util::FutureExt;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_LENGTH, HOST, HeaderName, HeaderValue, UPGRADE};
use http::{HeaderMap, Method};
use hyper::body::Incoming;
use saibo_model::{Error, ErrorCode, Result};

use super::body::RequestBody;
use super::error::{self, LimitExceeded};
use super::forwarded::Forwarded;
use super::request::{Query, Request};
use super::response::{Response, ResponseBody};
use super::{cors, overrides, request_key, target};
use crate::PERSONIUM_VERSION;
use crate::app::App;
use crate::routes::{Router, dispatch};

const VERSION: HeaderName = HeaderName::from_static("x-personium-version");

/// What answers requests.
#[derive(Clone, Debug)]
pub(super) struct Service {
    pub(super) app: Arc<App>,
    pub(super) router: Arc<Router>,
}

/// What is known of a request before it is known whether it can be answered at all.
struct Arrival {
    key: String,
    method: String,
    path: String,
    peer: IpAddr,
    headers: HeaderMap,
}

impl Service {
    /// Answers a request. Never fails: whatever goes wrong is an answer too.
    pub(super) async fn answer(
        self,
        request: http::Request<Incoming>,
        peer: SocketAddr,
    ) -> http::Response<ResponseBody> {
        let began = Instant::now();
        let sent_method = request.method().clone();
        let (arrival, prepared) = self.prepare(request, peer.ip());
        let Arrival { key, method, path, peer, headers } = arrival;
        let mut response = match prepared {
            Ok(Prepared::Request(request)) => self.run(*request).await,
            Ok(Prepared::Preflight) => cors::preflight(),
            Err(error) => {
                error::log(&error, &key);
                error::render(&error, self.app.unit_url().as_str())
            }
        };
        response.headers.insert(VERSION, HeaderValue::from_static(PERSONIUM_VERSION));
        cors::add_headers(&headers, &mut response.headers);
        // The query stays out of the log: it can hold a code or a cookie's counterpart.
        let ms = began.elapsed().as_secs_f64() * 1000.0;
        tracing::info!(key, method, path, status = response.status, ms, %peer, "request");

        let mut response = response.into_http(method == "HEAD");
        if method == "HEAD" && sent_method != Method::HEAD {
            // To hyper this was a POST, whose answer must be as long as it says.
            response.headers_mut().remove(CONTENT_LENGTH);
        }
        response
    }

    /// All that comes before the route.
    fn prepare(&self, request: http::Request<Incoming>, peer: IpAddr) -> (Arrival, Result<Prepared>) {
        let (mut parts, body) = request.into_parts();
        let upgrade = parts.headers.contains_key(UPGRADE).then(|| parts.extensions.remove()).flatten();
        let key = request_key::of(&parts.headers);
        let mut arrival = Arrival {
            key: key.as_ref().map_or_else(|_| request_key::random(), Clone::clone),
            method: overrides::method(&parts.method, &parts.headers),
            path: parts.uri.path().to_owned(),
            peer: peer.to_canonical(),
            headers: parts.headers,
        };
        if let Err(error) = key {
            return (arrival, Err(error));
        }
        let config = &self.app.config;
        let url_length = parts.uri.path_and_query().map_or(0, |text| text.as_str().len());
        if url_length > config.limits.url_bytes {
            arrival.path = String::from("(too long)");
            return (arrival, Err(LimitExceeded::Url.into()));
        }
        overrides::apply(&mut arrival.headers);
        let forwarded = Forwarded::read(&arrival.headers, peer, &config.unit.trusted_proxies);
        if let Some(path) = forwarded.path {
            arrival.path = path;
        }
        arrival.peer = forwarded.peer.unwrap_or(arrival.peer);

        // By the method that was sent: an overridden one is no browser's preflight.
        if parts.method == Method::OPTIONS && !arrival.headers.contains_key(AUTHORIZATION) {
            return (arrival, Ok(Prepared::Preflight));
        }
        if let Some(accept) = arrival.headers.get(ACCEPT).filter(|accept| !accept.as_bytes().is_ascii()) {
            let shown = String::from_utf8_lossy(accept.as_bytes()).into_owned();
            return (arrival, Err(ErrorCode::HeaderInvalid.with(["Accept", &shown])));
        }
        let host = arrival.headers.get(HOST).and_then(|host| host.to_str().ok());
        let authority = forwarded.authority.as_deref();
        let authority = authority.or(parts.uri.authority().map(|authority| authority.as_str())).or(host);
        let resolved = target::resolve(self.app.unit_url(), authority.unwrap_or_default(), &arrival.path);
        let (path, trailing_slash) = match resolved {
            Ok(path) => path,
            Err(error) => return (arrival, Err(error)),
        };
        let request = Request {
            method: arrival.method.clone(),
            path: path.into(),
            trailing_slash,
            query: Query::new(parts.uri.query().unwrap_or_default()),
            headers: arrival.headers.clone(),
            body: RequestBody::from_client(body, config.limits.body_pause()),
            key: arrival.key.clone(),
            peer: arrival.peer,
            now_ms: now_ms(),
            upgrade,
        };
        (arrival, Ok(Prepared::Request(Box::new(request))))
    }

    /// Runs the handler. A panic in it is a bug of ours and costs this one request.
    async fn run(&self, request: Request) -> Response {
        let key = request.key.clone();
        let reads = matches!(request.method.as_str(), "GET" | "HEAD" | "OPTIONS" | "PROPFIND");
        let (app, router) = (self.app.clone(), self.router.clone());
        let work = AssertUnwindSafe(async move { dispatch(&app, &router, request).await }).catch_unwind();
        let outcome = if reads {
            work.await
        } else {
            // What changes something is carried through though the client may leave: several steps that
            // belong together must not be cut off between two of them.
            self.app.tasks.spawn(work).await.unwrap_or_else(|stopped| Err(Box::new(stopped)))
        };
        outcome.unwrap_or_else(|panic| {
            tracing::error!(key, panic = panic_text(&*panic), "a handler panicked");
            let error: Error = ErrorCode::Unexpected.with([&key]);
            error::render(&error, self.app.unit_url().as_str())
        })
    }
}

enum Prepared {
    Preflight,
    Request(Box<Request>),
}

fn now_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

fn panic_text(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("no message")
}
