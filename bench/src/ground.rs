//! The temporary folder that all happens in, on the disk that is measured.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use tempfile::TempDir;
use tokio::signal::unix::{SignalKind, signal};

use crate::{Result, note};

/// A file system in memory, as statfs(2) tells it.
const TMPFS: u64 = 0x0102_1994;

/// The exit code of what Ctrl-C has cut off, as shells have it.
const INTERRUPTED: i32 = 130;

/// Processes that must not outlive this one.
static RUNNING: Mutex<Vec<u32>> = Mutex::new(Vec::new());

/// The temporary folder.
pub(crate) struct Ground {
    folder: TempDir,
}

impl Ground {
    /// Makes it, where there is that much space.
    ///
    /// # Errors
    /// If there is not, or it cannot be made.
    pub(crate) fn prepare(within: Option<&Path>, needed: u64) -> Result<Self> {
        let mut builder = tempfile::Builder::new();
        builder.prefix("saibo-bench-");
        let folder = match within {
            Some(within) => builder.tempdir_in(within)?,
            None => builder.tempdir()?,
        };
        let disk = rustix::fs::statvfs(folder.path())?;
        let free = disk.f_bavail.saturating_mul(disk.f_frsize);
        if free < needed {
            let (free, needed) = (free >> 20, needed >> 20);
            return Err(format!(
                "{} has {free} MiB free, and {needed} MiB may be needed: name another with --folder, or smaller sizes",
                folder.path().display()
            )
            .into());
        }
        if rustix::fs::statfs(folder.path())?.f_type as u64 == TMPFS {
            note("the temporary folder is in memory, so nothing here says anything of a disk: see --folder");
        }
        remove_when_interrupted(folder.path())?;
        Ok(Self { folder })
    }

    /// A path in it.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Removes a file or folder in it, if it is there.
    ///
    /// # Errors
    /// If it cannot be removed.
    pub(crate) fn remove(&self, name: &str) -> Result<()> {
        let path = self.path(name);
        if path.is_dir() {
            fs::remove_dir_all(path)?;
        } else if path.exists() {
            fs::remove_file(path)?;
        }
        Ok(())
    }
}

/// Has everything written that waits to be, so that nobody pays for what another has left.
pub(crate) fn settle() {
    rustix::fs::sync();
}

/// Remembers a process that is to end with this one.
pub(crate) fn started(pid: u32) {
    if let Ok(mut running) = RUNNING.lock() {
        running.push(pid);
    }
}

/// Forgets it again.
pub(crate) fn ended(pid: u32) {
    if let Ok(mut running) = RUNNING.lock() {
        running.retain(|other| *other != pid);
    }
}

/// Gigabytes must not stay behind, however this ends.
fn remove_when_interrupted(folder: &Path) -> Result<()> {
    let folder = folder.to_owned();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let entered = runtime.enter();
    let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    drop(entered);
    std::thread::spawn(move || {
        runtime.block_on(async {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
            }
        });
        for pid in RUNNING.lock().map(|running| running.clone()).unwrap_or_default() {
            kill(pid, rustix::process::Signal::KILL);
        }
        let _ = fs::remove_dir_all(&folder);
        std::process::exit(INTERRUPTED);
    });
    Ok(())
}

/// Sends a process a signal, if it is still there.
pub(crate) fn kill(pid: u32, signal: rustix::process::Signal) {
    if let Some(pid) = i32::try_from(pid).ok().and_then(rustix::process::Pid::from_raw) {
        let _ = rustix::process::kill_process(pid, signal);
    }
}
