//! An answer, and the ways to make one.

use std::io::Read;

use bytes::Bytes;
use futures_util::{Stream, TryStreamExt};
use http::header::{ALLOW, CONTENT_LENGTH, HeaderName, HeaderValue};
use http::{HeaderMap, StatusCode};
use http_body::Frame;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full, StreamBody};

use super::pieces::Pieces;

/// The body of an answer on its way out.
pub type ResponseBody = UnsyncBoxBody<Bytes, std::io::Error>;

/// `application/json`
pub const JSON: &str = "application/json";
/// `application/xml`
pub const XML: &str = "application/xml";

/// An answer. The headers that every answer has are added later.
#[derive(Debug)]
pub struct Response {
    /// The status.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    body: ResponseBody,
}

impl Response {
    /// No body.
    #[must_use]
    pub fn empty(status: u16) -> Self {
        Self::with_body(status, full(Bytes::new()))
    }

    /// Bytes of a media type.
    #[must_use]
    pub fn bytes(status: u16, content_type: &str, bytes: impl Into<Bytes>) -> Self {
        Self::with_body(status, full(bytes.into())).header("content-type", content_type)
    }

    /// A JSON value.
    #[must_use]
    pub fn json(status: u16, value: &serde_json::Value) -> Self {
        Self::bytes(status, JSON, value.to_string())
    }

    /// An XML document.
    #[must_use]
    pub fn xml(status: u16, document: impl Into<Bytes>) -> Self {
        Self::bytes(status, XML, document)
    }

    /// A text for people.
    #[must_use]
    pub fn text(status: u16, text: impl Into<Bytes>) -> Self {
        Self::bytes(status, "text/plain;charset=utf-8", text)
    }

    /// 200 with the methods of a resource (API page 002); `OPTIONS` is put in front.
    #[must_use]
    pub fn allow<'a>(methods: impl IntoIterator<Item = &'a str>) -> Self {
        let list = methods.into_iter().filter(|method| *method != "OPTIONS").fold(
            "OPTIONS".to_owned(),
            |mut list, method| {
                list.push_str(", ");
                list.push_str(method);
                list
            },
        );
        Self::empty(200).header(ALLOW.as_str(), &list).header("access-control-allow-methods", &list)
    }

    /// Pieces as they come. A failure in the middle ends the connection, so that the client notices.
    #[must_use]
    pub fn stream<S>(status: u16, content_type: &str, length: Option<u64>, pieces: S) -> Self
    where
        S: Stream<Item = std::io::Result<Bytes>> + Send + 'static,
    {
        let body = StreamBody::new(pieces.map_ok(Frame::data)).boxed_unsync();
        let mut response = Self::with_body(status, body).header("content-type", content_type);
        if let Some(length) = length {
            response.headers.insert(CONTENT_LENGTH, HeaderValue::from(length));
        }
        response
    }

    /// What a blocking reader yields, such as a file. It is read on a thread where blocking is allowed, a few
    /// pieces ahead of the client, and no further once the client is gone.
    #[must_use]
    pub fn blocking_reader<R>(status: u16, content_type: &str, length: Option<u64>, reader: R) -> Self
    where
        R: Read + Send + 'static,
    {
        let (sender, receiver) = tokio::sync::mpsc::channel::<std::io::Result<Bytes>>(2);
        tokio::task::spawn_blocking(move || {
            let mut pieces = Pieces::new(reader);
            loop {
                let read = pieces.read();
                let last = read.as_ref().map_or(true, Bytes::is_empty);
                if sender.blocking_send(read).is_err() || last {
                    break;
                }
            }
        });
        // An empty piece is the end. Without one the reader was stopped, and what was sent is not the whole.
        let pieces = futures_util::stream::unfold(Some(receiver), |receiver| async move {
            let mut receiver = receiver?;
            match receiver.recv().await {
                Some(Ok(piece)) if piece.is_empty() => None,
                Some(Ok(piece)) => Some((Ok(piece), Some(receiver))),
                Some(Err(error)) => Some((Err(error), None)),
                None => Some((Err(std::io::ErrorKind::UnexpectedEof.into()), None)),
            }
        });
        Self::stream(status, content_type, length, pieces)
    }

    fn with_body(status: u16, body: ResponseBody) -> Self {
        Self { status, headers: HeaderMap::new(), body }
    }

    /// Sets a header. A value that no header can have (with a line break, say) is left out.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.set_header(name, value);
        self
    }

    /// Adds one more header of a name, such as a second challenge.
    #[must_use]
    pub fn add_header(mut self, name: &str, value: &str) -> Self {
        if let Some((name, value)) = parse(name, value) {
            self.headers.append(name, value);
        }
        self
    }

    /// Sets a header in place; see [`Response::header`].
    pub fn set_header(&mut self, name: &str, value: &str) {
        if let Some((name, value)) = parse(name, value) {
            self.headers.insert(name, value);
        }
    }

    /// Reads the whole body: for a part of a `$batch` answer, and for tests.
    ///
    /// # Errors
    /// When the body's source fails.
    pub async fn into_bytes(self) -> std::io::Result<Bytes> {
        self.body.collect().await.map(http_body_util::Collected::to_bytes)
    }

    /// Gives it to hyper. The answer to HEAD has the headers alone.
    pub(crate) fn into_http(self, headers_only: bool) -> http::Response<ResponseBody> {
        let length = http_body::Body::size_hint(&self.body).exact();
        let body = if headers_only { full(Bytes::new()) } else { self.body };
        let mut response = http::Response::new(body);
        *response.status_mut() =
            StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        *response.headers_mut() = self.headers;
        if let (true, Some(length)) = (headers_only, length) {
            // RFC 9110 section 9.3.2: what GET would say.
            response.headers_mut().entry(CONTENT_LENGTH).or_insert(HeaderValue::from(length));
        }
        response
    }
}

fn full(bytes: Bytes) -> ResponseBody {
    Full::new(bytes).map_err(|never| match never {}).boxed_unsync()
}

fn parse(name: &str, value: &str) -> Option<(HeaderName, HeaderValue)> {
    let parsed = (HeaderName::from_bytes(name.as_bytes()), HeaderValue::from_bytes(value.as_bytes()));
    let (Ok(name), Ok(value)) = parsed else {
        tracing::warn!(name, "a header was left out, for its value cannot be sent");
        return None;
    };
    Some((name, value))
}
