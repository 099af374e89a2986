//! Clients that ask one thing after the other, as fast as they are answered.
//!
//! All of them are in one thread, so that on two cores the server has one for itself.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crate::Result;
use crate::figures::{self, quantile};
use crate::wire::Connection;

/// Makes the request of a client, by its number and how many it sent before; whether there is one.
pub(crate) type Script = Arc<dyn Fn(usize, u64, &mut Vec<u8>) -> bool + Send + Sync>;

/// The same request again and again.
pub(crate) fn repeating(request: Vec<u8>) -> Script {
    Arc::new(move |_client, _sent, out| {
        out.clear();
        out.extend_from_slice(&request);
        true
    })
}

/// What came of it.
#[derive(Debug, Default)]
pub(crate) struct Load {
    /// How long each request that went well took, in µs.
    pub(crate) micros: Vec<u32>,
    /// Requests that did not, by their status; 0 if the connection broke.
    pub(crate) refused: BTreeMap<u16, u64>,
    /// How long all of it took.
    pub(crate) time: Duration,
}

impl Load {
    /// Adds what came of another.
    pub(crate) fn add(&mut self, other: Self) {
        self.micros.extend(other.micros);
        for (status, count) in other.refused {
            *self.refused.entry(status).or_default() += count;
        }
        self.time += other.time;
    }

    /// Sorts the times, of which then [`Load::quantile`] can be told.
    pub(crate) fn sort(&mut self) {
        self.micros.sort_unstable();
    }

    /// The time that a part of the requests took at most.
    pub(crate) fn quantile(&self, part: f64) -> Duration {
        Duration::from_micros(quantile(&self.micros, part).unwrap_or_default().into())
    }

    /// How many a second, and how long they took, once they are sorted.
    pub(crate) fn shown(&self) -> String {
        let [p50, p99] = [0.5, 0.99].map(|part| figures::time(self.quantile(part)));
        format!("{}/s, p50 {p50}, p99 {p99}", figures::count(self.rate()))
    }

    /// How many were refused.
    pub(crate) fn refusals(&self) -> u64 {
        self.refused.values().sum()
    }

    /// Requests that went well, a second.
    pub(crate) fn rate(&self) -> f64 {
        figures::rate(self.micros.len() as u64, self.time)
    }

    /// This, if nothing was refused.
    ///
    /// # Errors
    /// If something was.
    pub(crate) fn unrefused(self) -> Result<Self> {
        match self.refused.first_key_value() {
            None => Ok(self),
            Some((status, count)) => Err(format!("{count} requests were answered with {status}").into()),
        }
    }
}

/// Runs clients until their script ends or they are stopped.
///
/// # Errors
/// If nobody listens.
pub(crate) fn run(
    address: SocketAddr,
    clients: usize,
    stop: &Arc<AtomicBool>,
    script: &Script,
) -> Result<Load> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let began = Instant::now();
    let mut all = Load::default();
    runtime.block_on(async {
        let mut tasks = tokio::task::JoinSet::new();
        for client in 0..clients {
            tasks.spawn(one(address, client, stop.clone(), script.clone()));
        }
        while let Some(ended) = tasks.join_next().await {
            all.add(ended??);
        }
        Ok::<_, Box<dyn std::error::Error + Send + Sync>>(())
    })?;
    all.time = began.elapsed();
    Ok(all)
}

async fn one(address: SocketAddr, client: usize, stop: Arc<AtomicBool>, script: Script) -> Result<Load> {
    let mut load = Load::default();
    let mut connection = Connection::open(address).await?;
    let mut request = Vec::new();
    for sent in 0.. {
        if stop.load(Ordering::Relaxed) || !script(client, sent, &mut request) {
            break;
        }
        let began = Instant::now();
        match connection.exchange(&request).await {
            Ok(200..=299) => {
                load.micros.push(u32::try_from(began.elapsed().as_micros()).unwrap_or(u32::MAX));
            }
            Ok(status) => *load.refused.entry(status).or_default() += 1,
            Err(_broken) => {
                *load.refused.entry(0).or_default() += 1;
                connection = Connection::open(address).await?;
            }
        }
    }
    Ok(load)
}

/// Runs clients for so long.
///
/// # Errors
/// If nobody listens.
pub(crate) fn run_for(address: SocketAddr, clients: usize, time: Duration, script: &Script) -> Result<Load> {
    let ((), load) = run_while(address, clients, script, || {
        std::thread::sleep(time);
        Ok(())
    })?;
    Ok(load)
}

/// Runs clients while something else is done.
///
/// # Errors
/// If nobody listens, or what that fails with.
pub(crate) fn run_while<T>(
    address: SocketAddr,
    clients: usize,
    script: &Script,
    work: impl FnOnce() -> Result<T>,
) -> Result<(T, Load)> {
    let stop = Arc::new(AtomicBool::new(false));
    std::thread::scope(|scope| {
        let loading = scope.spawn(|| run(address, clients, &stop, script));
        let done = work();
        stop.store(true, Ordering::Relaxed);
        let load = loading.join().map_err(|_panicked| "the clients have panicked")??;
        Ok((done?, load))
    })
}
