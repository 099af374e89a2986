//! The body of a request, read when and as far as a handler wants it.

use std::io::{self, Read};
use std::sync::Arc;
use std::time::Duration;

use bytes::{Buf, Bytes};
use futures_util::Stream;
use http_body_util::BodyExt;
use hyper::body::Incoming;
use parking_lot::Mutex;
use saibo_model::{Error, ErrorCode, Result};
use tokio::sync::mpsc;

use super::LimitExceeded;

/// The body of a request.
#[derive(Debug)]
pub struct RequestBody {
    source: Source,
    /// What the client said about its size.
    declared: Option<u64>,
    /// How long the client may pause.
    pause: Duration,
    /// Whether a piece was asked for: then there is no way back.
    begun: bool,
    again: Again,
}

/// The way back to a body for whoever has to begin anew with the request: there as long as the body was read not at
/// all, or whole into memory.
#[derive(Clone, Debug, Default)]
pub(crate) struct Again(Arc<Mutex<Option<Kept>>>);

#[derive(Debug)]
struct Kept {
    source: Source,
    declared: Option<u64>,
    pause: Duration,
}

#[derive(Debug)]
enum Source {
    Client(Incoming),
    Memory(Option<Bytes>),
    /// Given back when it was dropped, or begun.
    Gone,
}

impl RequestBody {
    pub(crate) fn from_client(body: Incoming, pause: Duration) -> Self {
        let declared = http_body::Body::size_hint(&body).exact();
        Self { source: Source::Client(body), declared, pause, begun: false, again: Again::default() }
    }

    /// A body that is here already: a part of a `$batch`, or a test's.
    #[must_use]
    pub fn from_bytes(bytes: impl Into<Bytes>) -> Self {
        let bytes = bytes.into();
        let declared = Some(bytes.len() as u64);
        Self {
            source: Source::Memory(Some(bytes)),
            declared,
            pause: Duration::MAX,
            begun: false,
            again: Again::default(),
        }
    }

    fn keep(&self, source: Source) {
        *self.again.0.lock() = Some(Kept { source, declared: self.declared, pause: self.pause });
    }

    /// The way back to this body.
    pub(crate) fn again(&self) -> Again {
        self.again.clone()
    }

    /// Its size, if the client declared one: not so for a chunked body.
    #[must_use]
    pub fn declared_length(&self) -> Option<u64> {
        self.declared
    }

    /// Reads all of it into memory.
    ///
    /// # Errors
    /// 413 if it is longer than the limit, an error of the client's if it ends early or comes too slowly.
    pub async fn read_to_limit(&mut self, limit: u64) -> Result<Bytes> {
        // Known from the start: do not make the client send it.
        if self.declared.is_some_and(|declared| declared > limit) {
            return Err(LimitExceeded::Body.into());
        }
        let mut first = Bytes::new();
        let mut rest = Vec::new();
        let mut source = std::mem::replace(&mut self.source, Source::Gone);
        while let Some(piece) = source.next(self.pause).await {
            let piece = piece.map_err(unreadable)?;
            if (first.len() + rest.len() + piece.len()) as u64 > limit {
                return Err(LimitExceeded::Body.into());
            }
            // Most bodies come in one piece, which then need not be copied.
            if first.is_empty() && rest.is_empty() {
                first = piece;
            } else {
                rest.extend_from_slice(&std::mem::take(&mut first));
                rest.extend_from_slice(&piece);
            }
        }
        let whole = if rest.is_empty() { first } else { rest.into() };
        self.keep(Source::Memory(Some(whole.clone())));
        Ok(whole)
    }

    /// The next piece; `None` at the end.
    pub async fn next(&mut self) -> Option<io::Result<Bytes>> {
        self.begun = true;
        self.source.next(self.pause).await
    }

    /// Its pieces, up to a limit: whatever exceeds it is an error whose inner error is [`LimitExceeded`].
    pub fn into_stream(self, limit: u64) -> impl Stream<Item = io::Result<Bytes>> + Send + use<> {
        let too_long = self.declared.is_some_and(|declared| declared > limit);
        let state = (self, if too_long { None } else { Some(limit) });
        futures_util::stream::unfold(Some(state), async |state| {
            let (mut body, left) = state?;
            let Some(left) = left else { return Some((Err(io::Error::other(LimitExceeded::Body)), None)) };
            match body.next().await? {
                Ok(piece) => match left.checked_sub(piece.len() as u64) {
                    Some(left) => Some((Ok(piece), Some((body, Some(left))))),
                    None => Some((Err(io::Error::other(LimitExceeded::Body)), None)),
                },
                Err(error) => Some((Err(error), None)),
            }
        })
    }

    /// The body for code that blocks, such as what writes a blob: to be read on another thread than those of
    /// the runtime. A body that ends early is an error, never a shorter body.
    #[must_use]
    pub fn into_blocking_reader(self, limit: u64) -> BlockingReader {
        self.into_blocking_reader_until(limit, std::future::pending())
    }

    /// The same, broken off by an error as soon as something has happened.
    #[must_use]
    pub fn into_blocking_reader_until(
        self,
        limit: u64,
        until: impl Future<Output = ()> + Send + 'static,
    ) -> BlockingReader {
        let (sender, receiver) = mpsc::channel(4);
        tokio::spawn(async move {
            let mut pieces = std::pin::pin!(self.into_stream(limit));
            let mut until = std::pin::pin!(until);
            loop {
                let piece = tokio::select! {
                    biased;
                    () = &mut until => Err(io::ErrorKind::ConnectionAborted.into()),
                    piece = futures_util::StreamExt::next(&mut pieces) => piece.transpose(),
                };
                let last = !matches!(piece, Ok(Some(_)));
                if sender.send(piece).await.is_err() || last {
                    break;
                }
            }
        });
        BlockingReader { receiver, piece: Bytes::new(), ended: false }
    }
}

impl Drop for RequestBody {
    fn drop(&mut self) {
        if !self.begun && !matches!(self.source, Source::Gone) {
            let source = std::mem::replace(&mut self.source, Source::Gone);
            self.keep(source);
        }
    }
}

impl Again {
    /// The body once more, if it can be had: when the first one has been dropped.
    pub(crate) fn body(&self) -> Option<RequestBody> {
        let Kept { source, declared, pause } = self.0.lock().take()?;
        Some(RequestBody { source, declared, pause, begun: false, again: self.clone() })
    }
}

impl Source {
    async fn next(&mut self, pause: Duration) -> Option<io::Result<Bytes>> {
        let body = match self {
            Source::Memory(bytes) => return bytes.take().filter(|bytes| !bytes.is_empty()).map(Ok),
            Source::Client(body) => body,
            Source::Gone => return None,
        };
        loop {
            match tokio::time::timeout(pause, body.frame()).await {
                Err(_) => {
                    let kind = io::ErrorKind::TimedOut;
                    return Some(Err(io::Error::new(kind, "the client stopped sending its request")));
                }
                Ok(None) => return None,
                Ok(Some(Err(error))) => return Some(Err(io::Error::other(error))),
                // Trailers mean nothing here.
                Ok(Some(Ok(frame))) => match frame.into_data() {
                    Ok(data) if !data.is_empty() => return Some(Ok(data)),
                    _ => {}
                },
            }
        }
    }
}

/// The error of a body that could not be read to its end: the client's, unless it exceeds a limit.
#[must_use]
pub fn unreadable(error: io::Error) -> Error {
    if LimitExceeded::in_chain(&error).is_some() {
        return LimitExceeded::Body.into();
    }
    let code = match error.kind() {
        io::ErrorKind::TimedOut => ErrorCode::RequestTimeout,
        _ => ErrorCode::BodyLoad,
    };
    Error::from(code).because(error)
}

/// See [`RequestBody::into_blocking_reader`].
#[derive(Debug)]
pub struct BlockingReader {
    /// `None` is the end. A channel that closes without one belongs to a task that was stopped.
    receiver: mpsc::Receiver<io::Result<Option<Bytes>>>,
    piece: Bytes,
    ended: bool,
}

impl Read for BlockingReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.piece.is_empty() && !self.ended {
            match self.receiver.blocking_recv() {
                Some(Ok(Some(piece))) => self.piece = piece,
                Some(Ok(None)) => self.ended = true,
                Some(Err(error)) => return Err(error),
                None => return Err(io::ErrorKind::UnexpectedEof.into()),
            }
        }
        let read = self.piece.len().min(buffer.len());
        self.piece.copy_to_slice(&mut buffer[..read]);
        Ok(read)
    }
}
