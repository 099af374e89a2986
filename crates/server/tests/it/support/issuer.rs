//! A provider of OpenID Connect on this machine, which can be told to behave badly.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock};

use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use saibo_oauth::jwt::{CellKey, key_set};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// What it does with whoever asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Manner {
    /// Answers.
    Good,
    /// Never answers.
    Silent,
    /// Sends them elsewhere.
    Redirecting,
    /// Answers with more than anybody should read.
    Endless,
    /// Says that it is somebody else.
    Impostor,
    /// Has its keys where anybody on the way could change them.
    Careless,
    /// Answers with no JSON.
    Babbling,
}

/// A provider that serves.
pub(crate) struct Issuer {
    state: Arc<State>,
    serving: JoinHandle<()>,
}

struct State {
    url: String,
    manner: Mutex<Manner>,
    keys: Mutex<Vec<&'static CellKey>>,
    asked: AtomicUsize,
}

/// Keys of providers: made once, for it takes a while.
pub(crate) fn key(at: usize) -> &'static CellKey {
    static KEYS: [OnceLock<CellKey>; 3] = [const { OnceLock::new() }; 3];
    KEYS[at].get_or_init(|| CellKey::generate(format!("key-{at}")).unwrap())
}

impl Issuer {
    /// Starts one with a key.
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address: SocketAddr = listener.local_addr().unwrap();
        let state = Arc::new(State {
            url: format!("http://{address}"),
            manner: Mutex::new(Manner::Good),
            keys: Mutex::new(vec![key(0)]),
            asked: AtomicUsize::new(0),
        });
        let serving = tokio::spawn(serve(listener, state.clone()));
        Self { state, serving }
    }

    /// Its URL.
    pub(crate) fn url(&self) -> &str {
        &self.state.url
    }

    /// From now on it behaves so.
    pub(crate) fn behave(&self, manner: Manner) {
        *self.state.manner.lock().unwrap() = manner;
    }

    /// From now on these are its keys.
    pub(crate) fn rotate(&self, keys: &[usize]) {
        *self.state.keys.lock().unwrap() = keys.iter().map(|at| key(*at)).collect();
    }

    /// How many documents it was asked for.
    pub(crate) fn asked(&self) -> usize {
        self.state.asked.load(Ordering::Relaxed)
    }

    /// Ends it: nobody listens any more.
    pub(crate) fn end(&self) {
        self.serving.abort();
    }

    /// What a good id token for an e-mail address says at a moment, in ms.
    pub(crate) fn claims(&self, email: &str, now: i64) -> Value {
        json!({
            "iss": self.url(), "sub": "12345", "aud": "client", "azp": "client", "email": email,
            "email_verified": true, "iat": now / 1000, "exp": now / 1000 + 3600
        })
    }
}

/// A token with claims, signed by the key of that number.
pub(crate) fn signed(by: usize, claims: &Value) -> String {
    key(by).sign(claims.to_string().as_bytes()).unwrap()
}

async fn serve(listener: TcpListener, state: Arc<State>) {
    // Aborted with the listener.
    let mut connections = tokio::task::JoinSet::new();
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        let state = state.clone();
        connections.spawn(async move {
            let service = service_fn(move |request| answer(state.clone(), request));
            let connection = hyper::server::conn::http1::Builder::new();
            let _ = connection.serve_connection(TokioIo::new(stream), service).await;
        });
    }
}

async fn answer(state: Arc<State>, request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    state.asked.fetch_add(1, Ordering::Relaxed);
    let (url, manner) = (&state.url, *state.manner.lock().unwrap());
    let mut status = 200;
    let body = match manner {
        Manner::Silent => std::future::pending().await,
        Manner::Endless => vec![b' '; 10_000_000],
        Manner::Babbling => b"hello".to_vec(),
        _ if request.uri().path() == "/certs" => {
            key_set(state.keys.lock().unwrap().iter().copied()).to_string().into_bytes()
        }
        Manner::Redirecting => {
            status = 302;
            Vec::new()
        }
        _ => {
            let issuer = if manner == Manner::Impostor { "https://other.example" } else { url };
            let keys = if manner == Manner::Careless { "http://keys.example" } else { url };
            json!({ "issuer": issuer, "jwks_uri": format!("{keys}/certs") }).to_string().into_bytes()
        }
    };
    let response = Response::builder().status(status).header("location", format!("{url}/elsewhere"));
    Ok(response.body(Full::new(Bytes::from(body))).unwrap())
}
