//! What a unit's answers are compared with: the same bytes from memory, or from files, by a handler that does nothing
//! else.
//!
//! It is a process of its own, as the unit is, and with the same kind of runtime.

use std::collections::HashMap;
use std::fs::File;
use std::io::{BufReader, Read, Write};
use std::path::Path;
use std::sync::Arc;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::http::header::CONTENT_LENGTH;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, Uri};
use axum::response::Response;
use axum::serve::ListenerExt as _;
use serde::{Deserialize, Serialize};
use tokio_util::io::ReaderStream;

use crate::Result;

/// An answer to `GET`.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Answer {
    /// Path of the request.
    pub(crate) path: String,
    /// Headers, but those that are the library's.
    pub(crate) headers: Vec<(String, String)>,
    /// The body.
    pub(crate) body: String,
}

/// Serves the answers in a file until it is stopped, and says where.
///
/// # Errors
/// If the file cannot be read, or there is no port.
pub(crate) fn serve(answers: &Path) -> Result<()> {
    let answers: Vec<Answer> = serde_json::from_reader(BufReader::new(File::open(answers)?))?;
    let mut known = HashMap::new();
    for answer in answers {
        let mut headers = HeaderMap::new();
        for (name, value) in &answer.headers {
            headers.append(name.parse::<HeaderName>()?, HeaderValue::from_str(value)?);
        }
        known.insert(answer.path, (headers, Bytes::from(answer.body)));
    }
    let known = Arc::new(known);
    let app = Router::new().fallback(move |uri: Uri| {
        let known = known.clone();
        async move { answer(known.get(uri.path())) }
    });
    run(app)
}

/// Serves the files of a folder, each by its name, until it is stopped, and says where.
///
/// # Errors
/// If there is no port.
pub(crate) fn serve_files(folder: &Path) -> Result<()> {
    let folder = folder.to_owned();
    run(Router::new().fallback(move |uri: Uri| {
        let path = folder.join(uri.path().trim_start_matches('/'));
        async move { file(path).await.unwrap_or_else(|_missing| answer(None)) }
    }))
}

/// The answer that is a file: at once if it is small, by one thread that may wait for the disk; else read while it is
/// sent.
async fn file(path: std::path::PathBuf) -> Result<Response> {
    let opened = tokio::task::spawn_blocking(move || {
        let mut file = File::open(path)?;
        let length = file.metadata()?.len();
        let mut bytes = Vec::new();
        if length <= FILE_BUFFER as u64 {
            file.read_to_end(&mut bytes)?;
        }
        Ok::<_, std::io::Error>((file, length, bytes))
    });
    let (file, length, bytes) = opened.await??;
    if length == bytes.len() as u64 {
        return Ok(Response::new(Body::from(bytes)));
    }
    let file = tokio::fs::File::from_std(file);
    let mut response = Response::new(Body::from_stream(ReaderStream::with_capacity(file, FILE_BUFFER)));
    response.headers_mut().insert(CONTENT_LENGTH, HeaderValue::from(length));
    Ok(response)
}

/// Bytes of a file that are read at a time.
const FILE_BUFFER: usize = 256 << 10;

fn run(app: Router) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = listener.local_addr()?;
        // As the unit does. Else head and body wait for each other's acknowledgement, and nothing is compared but that.
        let listener = listener.tap_io(|stream| {
            let _ = stream.set_nodelay(true);
        });
        let mut out = std::io::stdout().lock();
        writeln!(out, "http://{address}/")?;
        out.flush()?;
        drop(out);
        axum::serve(listener, app).await?;
        Ok(())
    })
}

fn answer(known: Option<&(HeaderMap, Bytes)>) -> Response {
    let mut response = Response::new(Body::empty());
    match known {
        Some((headers, body)) => {
            *response.headers_mut() = headers.clone();
            *response.body_mut() = Body::from(body.clone());
        }
        None => *response.status_mut() = StatusCode::NOT_FOUND,
    }
    response
}
