//! A thread beside the requests: moves logs into databases and closes connections, both of which sync to
//! disk and would make a request wait for what is not its own.

use std::sync::Weak;
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};

use rusqlite::Connection;
use saibo_store::{Error, Result};

use crate::commit::Committer;

/// What there is to do.
pub(crate) enum Job {
    /// The log of this database has grown.
    Checkpoint(Weak<Committer>),
    /// Nobody uses these any more. The last one of a database takes its log along.
    Close(Vec<Connection>),
    /// Everything before this was done.
    Reached(SyncSender<()>),
}

/// A way to the thread. It ends when nobody has one any more.
#[derive(Clone)]
pub(crate) struct Housekeeper(Sender<Job>);

impl Housekeeper {
    pub(crate) fn start() -> Result<Self> {
        let (sender, receiver) = channel();
        std::thread::Builder::new()
            .name("saibo-housekeeper".to_owned())
            .spawn(move || work(&receiver))
            .map_err(|e| Error::io("starting the housekeeping thread", e))?;
        Ok(Self(sender))
    }

    /// Leaves a job; gives it back if the thread is gone.
    pub(crate) fn leave(&self, job: Job) -> Result<(), Job> {
        self.0.send(job).map_err(|unsent| unsent.0)
    }
}

fn work(jobs: &Receiver<Job>) {
    for job in jobs {
        match job {
            Job::Checkpoint(committer) => {
                if let Some(committer) = committer.upgrade()
                    && let Err(error) = committer.checkpoint()
                {
                    tracing::warn!(%error, "a database's log stays as it is for now");
                }
            }
            Job::Close(connections) => drop(connections),
            // Whoever waited may have given up.
            Job::Reached(reached) => drop(reached.send(())),
        }
    }
}

/// Waits, when dropped, until everything that was left has been done: a folder is at rest after that.
pub(crate) struct Settled(pub(crate) Housekeeper);

impl Drop for Settled {
    fn drop(&mut self) {
        let (reached, wait) = sync_channel(1);
        if self.0.leave(Job::Reached(reached)).is_ok() {
            // An error says that the thread is gone, and nothing is left to wait for.
            let _reached = wait.recv();
        }
    }
}
