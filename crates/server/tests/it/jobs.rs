//! What a unit tells of exports and imports while they run. The jobs do what the test says, when it says so.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant};

use saibo_core::job::{End, Job, JobKind, Options, Phase, Progress, Totals};
use saibo_model::{ErrorCode, Result};
use serde_json::{Value, json};

use crate::cli::{AUTHORIZATION, found};
use crate::support::{Answer, Running};

pub(crate) const EVENTS: (&str, &str) = ("Accept", "text/event-stream");

/// A job that goes on until it is told how it ends.
pub(crate) struct Held {
    pub(crate) progress: Arc<Progress>,
    end: Sender<Result<End>>,
}

impl Held {
    /// Begins one.
    pub(crate) fn start(running: &Running, cell: &str, kind: JobKind) -> Self {
        let (tell, told) = channel();
        let held = Self::waiting(running, cell, kind, tell);
        let progress = told.recv().unwrap();
        Self { progress, ..held }
    }

    /// Begins one that may have to wait for its turn; `tell` hears of it then.
    pub(crate) fn waiting(running: &Running, cell: &str, kind: JobKind, tell: Sender<Arc<Progress>>) -> Self {
        let unit = running.unit.app().unit.clone();
        let found = unit.cell(cell).unwrap();
        let job = Job::begin(&found, kind, "held".to_owned(), 1_486_976_400_000, Options::default());
        let (end, ended) = channel();
        let work = move |progress: &Arc<Progress>| {
            let _ = tell.send(progress.clone());
            run(progress, &ended)
        };
        unit.jobs().start(job, work).unwrap();
        Self { progress: Arc::default(), end }
    }

    /// Ends it.
    pub(crate) fn end(self, how: Result<End>) {
        self.end.send(how).unwrap();
    }
}

fn run(progress: &Progress, ended: &Receiver<Result<End>>) -> Result<End> {
    loop {
        match ended.recv_timeout(Duration::from_millis(1)) {
            Ok(how) => return how,
            Err(RecvTimeoutError::Timeout) => progress.check()?,
            Err(RecvTimeoutError::Disconnected) => return Ok(End::Open),
        }
    }
}

/// Waits until no job of a kind runs for a Cell.
pub(crate) async fn over(running: &Running, cell: &str, kind: JobKind) {
    let unit = &running.unit.app().unit;
    let id = unit.cell(cell).unwrap().id().clone();
    while unit.jobs().running(&id, kind).is_some() {
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

/// Names and data of the events of an answer; comments are left out.
pub(crate) fn events(answer: &Answer) -> Vec<(String, Value)> {
    assert_eq!((answer.status, answer.header("content-type")), (200, Some("text/event-stream")));
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    let text = std::str::from_utf8(&answer.body).unwrap();
    let pieces = text.split_terminator("\n\n").filter(|piece| !piece.starts_with(':'));
    pieces
        .map(|piece| {
            let field =
                |name: &str| piece.lines().find_map(|line| line.strip_prefix(name)).unwrap().to_owned();
            (field("event: "), serde_json::from_str(&field("data: ")).unwrap())
        })
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn progress_can_be_listened_to() {
    let running = Arc::new(Running::start(|_| ()).await);
    found(&running, "alice");
    let held = Held::start(&running, "alice", JobKind::Export);
    let begun = Instant::now();
    let listener = {
        let running = running.clone();
        tokio::spawn(async move { running.get("/alice/__export", &[AUTHORIZATION, EVENTS]).await })
    };
    held.progress.set_totals(Totals { items: 100, bytes: 0, work: 100 });
    held.progress.enter(Phase::Documents);
    for _ in 0..100 {
        tokio::time::sleep(Duration::from_millis(10)).await;
        held.progress.work(1);
        held.progress.done(1, 0);
    }
    let plain = running.get("/alice/__export", &[AUTHORIZATION, ("Accept", "*/*")]).await.json();
    held.end(Ok(End::Open));
    let told = events(&listener.await.unwrap());
    let ((last, progress), most) = (told.split_last().unwrap(), begun.elapsed().as_millis() / 250 + 2);
    assert!((3..=most).contains(&(progress.len() as u128)), "{} in {:?}", progress.len(), begun.elapsed());
    for (name, status) in progress {
        assert_eq!(name, "progress");
        assert_eq!(status["status"], "exportation in progress", "{status}");
        let keys = |status: &Value| status.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
        assert_eq!(keys(status), keys(&plain), "the same as without events");
    }
    let items = |at: usize| progress[at].1["items_done"].as_u64().unwrap();
    assert!(items(0) < items(1) && items(1) < items(2), "{told:?}");
    assert_eq!(last.0, "end");
    assert_eq!(last.1["status"], "ready");
    assert_eq!(last.1["last"]["outcome"], "done");
    assert_eq!(last.1["last"]["name"], "held");
    assert_eq!(last.1["last"]["started_at"], "2017-02-13T09:00:00.000Z");
    // Whoever does not listen sees nothing but what the API says.
    assert_eq!(running.get("/alice/__export", &[AUTHORIZATION]).await.json(), json!({ "status": "ready" }));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failure_is_told_at_the_end_and_afterwards() {
    let running = Arc::new(Running::start(|_| ()).await);
    found(&running, "alice");
    for (kind, path) in [(JobKind::Export, "/alice/__export"), (JobKind::Import, "/alice/__import")] {
        assert_eq!(
            events(&running.get(path, &[AUTHORIZATION, EVENTS]).await),
            [("end".to_owned(), json!({ "status": "ready" }))],
            "nothing ran"
        );
        let held = Held::start(&running, "alice", kind);
        let listener = {
            let running = running.clone();
            tokio::spawn(async move { running.get(path, &[AUTHORIZATION, EVENTS]).await })
        };
        tokio::time::sleep(Duration::from_millis(300)).await;
        held.end(Err(ErrorCode::FieldInvalid.with(["10_odata/20_role.pjson: line 3"])));
        let told = events(&listener.await.unwrap());
        let (name, status) = told.last().unwrap();
        assert_eq!(name, "end");
        assert_eq!(status["last"]["outcome"], "failed");
        assert_eq!(status["last"]["code"], ErrorCode::FieldInvalid.code());
        assert!(status["last"]["message"].as_str().unwrap().contains("line 3"), "{status}");
        let after = running.get(path, &[AUTHORIZATION]).await.json();
        if kind == JobKind::Export {
            assert_eq!((&status["status"], &after), (&json!("ready"), status));
        } else {
            assert_eq!(status["status"], "import failed");
            assert_eq!(after["message"], status["message"]);
            assert_eq!(after["message"]["code"], ErrorCode::FieldInvalid.code());
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn listeners_are_bounded_and_need_the_privilege() {
    let running = Arc::new(Running::start(|config| config.limits.job_listeners = 1).await);
    found(&running, "alice");
    let held = Held::start(&running, "alice", JobKind::Import);
    assert_eq!(running.get("/alice/__import", &[EVENTS]).await.status, 401);
    let listener = {
        let running = running.clone();
        tokio::spawn(async move { running.get("/alice/__import", &[AUTHORIZATION, EVENTS]).await })
    };
    while running.unit.app().listeners.available_permits() > 0 {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    let refused = running.get("/alice/__import", &[AUTHORIZATION, EVENTS]).await;
    assert_eq!((refused.status, refused.header("retry-after")), (503, Some("1")));
    assert_eq!(
        running.get("/alice/__import", &[AUTHORIZATION]).await.status,
        200,
        "asking is always allowed"
    );
    held.end(Ok(End::Open));
    assert_eq!(events(&listener.await.unwrap()).last().unwrap().0, "end");
    over(&running, "alice", JobKind::Import).await;
    assert_eq!(events(&running.get("/alice/__import", &[AUTHORIZATION, EVENTS]).await).len(), 1);
    assert_eq!(running.unit.app().listeners.available_permits(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_unit_that_stops_leaves_nobody_listening() {
    let running = Running::start(|_| ()).await;
    found(&running, "alice");
    let _held = Held::start(&running, "alice", JobKind::Export);
    let (address, authority) = (running.unit.address(), running.authority());
    let listener = tokio::spawn(async move {
        let headers = [("Host", authority.as_str()), AUTHORIZATION, EVENTS];
        crate::support::send(address, "GET", "/alice/__export", &headers, b"").await
    });
    while running.unit.app().listeners.available_permits() == 256 {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    assert!(running.unit.stop().await, "it waits for nobody");
    assert!(events(&listener.await.unwrap()).iter().all(|(name, _)| name == "progress"));
}
