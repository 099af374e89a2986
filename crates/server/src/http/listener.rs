//! Listens, accepts connections, and ends them when the unit stops.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;

use super::service::Service;
use crate::app::App;
use crate::config::Limits;
use crate::routes::Router;

/// hyper's own buffer for a request's head and for answers, unless the limits ask for more.
const BUFFER: usize = 256 * 1024;

/// The address cannot be listened on.
#[derive(Debug, thiserror::Error)]
pub enum BindError {
    /// Another program listens there.
    #[error("port {} of {} is in use by another program; stop it, or choose another address with --listen", .0.port(), .0.ip())]
    InUse(SocketAddr),
    /// Anything else.
    #[error("cannot listen on {address}: {cause}")]
    Other {
        /// The address.
        address: SocketAddr,
        /// Why not.
        cause: io::Error,
    },
}

/// Begins to listen.
///
/// # Errors
/// When the address is in use, is not this machine's, or may not be used.
pub async fn bind(address: SocketAddr) -> Result<TcpListener, BindError> {
    TcpListener::bind(address).await.map_err(|cause| match cause.kind() {
        io::ErrorKind::AddrInUse => BindError::InUse(address),
        _ => BindError::Other { address, cause },
    })
}

/// Accepts connections until the unit stops. Those that are open then end with the request that they serve.
pub async fn serve(listener: TcpListener, app: Arc<App>, router: Arc<Router>) {
    let http = builder(&app.config.limits);
    let permits = Arc::new(Semaphore::new(app.config.limits.connections));
    let service = Service { app: app.clone(), router };
    let accept_all = async {
        loop {
            // Before accepting: whoever is too many waits in the system's queue and not in our memory.
            let Ok(permit) = permits.clone().acquire_owned().await else { return };
            match listener.accept().await {
                Ok((stream, peer)) => {
                    let connection = connection(http.clone(), service.clone(), stream, peer);
                    app.tasks.spawn(async move {
                        connection.await;
                        drop(permit);
                    });
                }
                Err(error) => {
                    // Often no more file handles: pause rather than spin until some are free.
                    tracing::warn!(%error, "a connection could not be accepted");
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
            }
        }
    };
    tokio::select! {
        () = accept_all => {}
        () = app.stopping.cancelled() => {}
    }
}

fn builder(limits: &Limits) -> http1::Builder {
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new())
        .header_read_timeout(limits.request_header())
        .max_headers(limits.header_count)
        .max_header_size(limits.header_bytes)
        .max_buf_size(BUFFER.max(limits.header_bytes + limits.url_bytes + 1024));
    http
}

async fn connection(http: http1::Builder, service: Service, stream: TcpStream, peer: SocketAddr) {
    // Answers are written whole, so waiting to fill a packet only delays them.
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "TCP_NODELAY could not be set");
    }
    let stopping = service.app.stopping.clone();
    let answer = service_fn(move |request| {
        let service = service.clone();
        async move { Ok::<_, Infallible>(service.answer(request, peer).await) }
    });
    let mut connection = std::pin::pin!(http.serve_connection(TokioIo::new(stream), answer).with_upgrades());
    let outcome = tokio::select! {
        outcome = connection.as_mut() => outcome,
        () = stopping.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = outcome {
        tracing::debug!(%error, %peer, "a connection ended badly");
    }
}
