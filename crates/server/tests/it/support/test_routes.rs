//! Routes that show a request to the test, or misbehave.

use std::io::Read;
use std::time::Duration;

use futures_util::StreamExt;
use saibo_model::{Error, ErrorCode, Result};
use saibo_server::http::Response;
use saibo_server::http::body::unreadable;
use saibo_server::methods;
use saibo_server::routes::{Context, Route};
use serde_json::json;

/// The routes.
pub(crate) static TEST_ROUTES: &[Route] = &[
    Route::new("/{cell}", methods! { "GET" => show, "POST" => show, "MERGE" => show, "PUT" => show }),
    Route::new("/{cell}/panic", methods! { "GET" => panics, "POST" => panics }),
    Route::new("/{cell}/fail", methods! { "GET" => fails, "POST" => fails }),
    Route::new("/{cell}/slow", methods! { "GET" => slow, "POST" => slow }),
    Route::new("/{cell}/whole", methods! { "POST" => whole }),
    Route::new("/{cell}/streamed", methods! { "POST" => streamed }),
    Route::new("/{cell}/blocking", methods! { "POST" => blocking }),
    Route::new("/{cell}/guarded", methods! { "GET" => show }).guarded(|context| Box::pin(guard(context))),
    Route::new("/{cell}/{box}", methods! { "GET" => unauthenticated }),
    Route::new("/{cell}/{box}/{rest}", methods! { "GET" => show }),
];

async fn show(mut context: Context) -> Result<Response> {
    let body = context.request.body.read_to_limit(1000).await?;
    let request = &context.request;
    let headers = request.headers.iter().map(|(name, value)| {
        (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned().into())
    });
    Ok(Response::json(
        200,
        &json!({
            "method": request.method,
            "path": request.raw_path(),
            "cell": context.cell(),
            "cell_url": context.cell_url(),
            "rest": context.rest().iter().map(|segment| segment.text.as_str()).collect::<Vec<_>>(),
            "query": request.query.pairs().collect::<Vec<_>>(),
            "headers": headers.collect::<serde_json::Map<_, _>>(),
            "key": request.key,
            "peer": request.peer.to_string(),
            "now_ms": request.now_ms,
            "body": String::from_utf8_lossy(&body),
        }),
    )
    .header("access-control-expose-headers", "Url"))
}

async fn panics(_context: Context) -> Result<Response> {
    panic!("a bug with a secret in it")
}

async fn fails(_context: Context) -> Result<Response> {
    Err(Error::from(ErrorCode::StoreUnknown).because("the secret cause"))
}

async fn slow(_context: Context) -> Result<Response> {
    tokio::time::sleep(Duration::from_millis(400)).await;
    Ok(Response::text(200, "done"))
}

async fn whole(mut context: Context) -> Result<Response> {
    let body = context.request.body.read_to_limit(100).await?;
    Ok(Response::text(200, body.len().to_string()))
}

async fn streamed(context: Context) -> Result<Response> {
    let mut pieces = std::pin::pin!(context.request.body.into_stream(100));
    let mut all = Vec::new();
    while let Some(piece) = pieces.next().await {
        all.extend_from_slice(&piece.map_err(unreadable)?);
    }
    let length = all.len() as u64;
    Ok(Response::blocking_reader(200, "text/plain", Some(length), std::io::Cursor::new(all)))
}

async fn blocking(context: Context) -> Result<Response> {
    let mut reader = context.request.body.into_blocking_reader(1_000_000);
    let read = tokio::task::spawn_blocking(move || {
        let mut all = Vec::new();
        reader.read_to_end(&mut all).map(|_| all)
    });
    let all = read.await.unwrap().map_err(unreadable)?;
    Ok(Response::blocking_reader(200, "text/plain", None, std::io::Cursor::new(all)))
}

async fn guard(context: Context) -> Result<Context> {
    if context.cell() == "nowhere" { Err(ErrorCode::CellNotFound.into()) } else { Ok(context) }
}

async fn unauthenticated(context: Context) -> Result<Response> {
    let basic = context.parameter("box") != "schema";
    Err(saibo_model::Error::from(ErrorCode::AuthorizationRequired).accepting_basic(basic))
}
