//! The status of an export or import as server-sent events (WHATWG HTML §9.2): for whoever would rather be told than
//! ask again and again.
//!
//! Whoever listens costs a timer and no thread: what is looked at is in memory, the end of the job included. Each event
//! has the JSON that `GET` would answer at that moment; it is called `progress`, and the last one `end`. A stream that
//! stops without an `end` was cut off, and the client asks again.

use std::io;
use std::time::Duration;

use bytes::Bytes;
use futures_util::{Stream, stream};
use saibo_core::job::{JobKind, Running, State, Status};
use saibo_model::{ErrorCode, Result};
use serde_json::Value;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::job::{self, Standing};
use crate::http::Response;
use crate::routes::Context;

/// The media type.
const EVENT_STREAM: &str = "text/event-stream";

/// How often is looked, and how long it may be quiet: proxies close connections on which nothing happens for a minute.
const PACE: Pace = Pace { look: Duration::from_millis(250), quiet: Duration::from_secs(15) };

/// After how many ms a client that was cut off asks again.
const RETRY: u32 = 2000;

#[derive(Clone, Copy, Debug)]
struct Pace {
    look: Duration,
    quiet: Duration,
}

/// Whether an `Accept` header names events. Nobody gets them who does not, whatever `*/*` may mean.
pub(super) fn are_wanted(accept: Option<&str>) -> bool {
    accept.unwrap_or_default().split(',').any(|range| {
        let mut parts = range.split(';').map(str::trim);
        let is_named = parts.next().is_some_and(|media_type| media_type.eq_ignore_ascii_case(EVENT_STREAM));
        let weight = parts.find_map(|part| part.strip_prefix("q=")).map_or(Ok(1.0), str::parse::<f32>);
        is_named && weight.is_ok_and(|weight| weight > 0.0)
    })
}

/// The answer: events until the job that runs is over, or at once the one that says that none does.
///
/// # Errors
/// [`ErrorCode::TooManyConcurrentRequests`] if as many listen as the unit allows.
pub(super) fn respond(context: &Context, kind: JobKind, standing: Standing) -> Result<Response> {
    let response = match standing.status {
        Status::Over(last) => {
            let body = job::with_dry_run(job::ended(kind, last.as_ref()), standing.dry_run.as_ref());
            Response::bytes(200, EVENT_STREAM, event("end", &body))
        }
        Status::Running(running) => {
            let permit = context.app.listeners.clone().try_acquire_owned();
            let permit = permit.map_err(|_| ErrorCode::TooManyConcurrentRequests)?;
            let look = move || {
                let _held = &permit;
                Seen::of(&running)
            };
            let listener = Listener::new(look, context.app.stopping.clone(), PACE);
            Response::stream(200, EVENT_STREAM, None, listener.events())
        }
    };
    // The second is for nginx, which else waits until it has much to pass on.
    Ok(response.header("cache-control", "no-store").header("x-accel-buffering", "no"))
}

/// How a job is found.
enum Seen {
    /// It runs: what `GET` says of it.
    Running(String),
    /// It is over: what is said of its end. Nothing, if it was interrupted with the unit: then it will be taken up
    /// again, and that is no end.
    Over(Option<Value>),
}

impl Seen {
    fn of(running: &Running) -> Self {
        match running.ended() {
            None => Self::Running(job::in_progress(running).to_string()),
            Some(ended) => Self::Over(
                (ended.state != State::Running).then(|| job::ended_now(ended, running.progress.told())),
            ),
        }
    }
}

/// Somebody who listens.
struct Listener<L> {
    look: L,
    stopping: CancellationToken,
    /// What they were told last.
    told: String,
    /// When that was.
    told_at: Instant,
    next_look: Instant,
    pace: Pace,
    is_over: bool,
}

impl<L: FnMut() -> Seen + Send + 'static> Listener<L> {
    fn new(look: L, stopping: CancellationToken, pace: Pace) -> Self {
        let now = Instant::now();
        Self { look, stopping, told: String::new(), told_at: now, next_look: now, pace, is_over: false }
    }

    fn events(self) -> impl Stream<Item = io::Result<Bytes>> + Send + 'static {
        stream::unfold(self, |mut listener| async move {
            let piece = listener.next().await?;
            Some((Ok(piece), listener))
        })
    }

    async fn next(&mut self) -> Option<Bytes> {
        while !self.is_over {
            tokio::select! {
                biased;
                () = self.stopping.cancelled() => return None,
                () = tokio::time::sleep_until(self.next_look) => {}
            }
            let now = Instant::now();
            self.next_look = now + self.pace.look;
            match (self.look)() {
                Seen::Over(end) => {
                    self.is_over = true;
                    return end.map(|end| event("end", &end));
                }
                Seen::Running(body) if body != self.told => {
                    let mut text =
                        if self.told.is_empty() { format!("retry: {RETRY}\n") } else { String::new() };
                    text.push_str(&framed("progress", &body));
                    (self.told, self.told_at) = (body, now);
                    return Some(text.into());
                }
                Seen::Running(_) if now - self.told_at >= self.pace.quiet => {
                    self.told_at = now;
                    return Some(Bytes::from_static(b": still there\n\n"));
                }
                Seen::Running(_) => {}
            }
        }
        None
    }
}

fn event(name: &str, body: &Value) -> Bytes {
    framed(name, &body.to_string()).into()
}

/// JSON has no line breaks outside of its texts, and none in them that is not escaped.
fn framed(name: &str, body: &str) -> String {
    format!("event: {name}\ndata: {body}\n\n")
}

#[cfg(test)]
mod tests {
    use futures_util::StreamExt;
    use serde_json::json;

    use super::*;

    #[test]
    fn events_are_for_those_who_name_them() {
        for (accept, expected) in [
            (Some("text/event-stream"), true),
            (Some("application/json, Text/Event-Stream;q=0.5"), true),
            (Some("text/event-stream;q=0"), false),
            (Some("text/event-stream;q=x"), false),
            (Some("text/*, */*"), false),
            (None, false),
        ] {
            assert_eq!(are_wanted(accept), expected, "{accept:?}");
        }
    }

    fn listen(
        look: impl FnMut() -> Seen + Send + 'static,
        stopping: CancellationToken,
    ) -> impl Stream<Item = String> {
        let pace = Pace { look: Duration::from_millis(1), quiet: Duration::from_millis(20) };
        let pieces = Listener::new(look, stopping, pace).events();
        pieces.map(|piece| String::from_utf8(piece.unwrap().to_vec()).unwrap())
    }

    #[tokio::test]
    async fn a_change_is_told_once_and_silence_is_broken() {
        let begun = Instant::now();
        let look = move || match begun.elapsed().as_millis() {
            0..60 => Seen::Running("1".to_owned()),
            60..70 => Seen::Running("2".to_owned()),
            _ => Seen::Over(Some(json!(3))),
        };
        let told: Vec<String> = listen(look, CancellationToken::new()).collect().await;
        let events: Vec<&str> =
            told.iter().map(String::as_str).filter(|piece| !piece.starts_with(':')).collect();
        let expected = [
            "retry: 2000\nevent: progress\ndata: 1\n\n",
            "event: progress\ndata: 2\n\n",
            "event: end\ndata: 3\n\n",
        ];
        assert_eq!(events, expected);
        assert!((1..=3).contains(&(told.len() - events.len())), "{told:?}");
    }

    #[tokio::test]
    async fn what_is_cut_off_has_no_end() {
        let interrupted: Vec<_> = listen(|| Seen::Over(None), CancellationToken::new()).collect().await;
        assert!(interrupted.is_empty());
        let stopping = CancellationToken::new();
        let mut events = std::pin::pin!(listen(|| Seen::Running("1".to_owned()), stopping.clone()));
        assert!(events.next().await.is_some());
        stopping.cancel();
        assert_eq!(events.next().await, None);
    }
}
