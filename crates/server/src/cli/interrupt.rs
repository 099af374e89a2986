//! Ctrl-C, where it means more than an end at once: there is something to be called off first.
//!
//! Outside of that time it ends the program, as it does without all this; and the second time it does in any case.

use std::io;
use std::sync::atomic::{AtomicU8, Ordering};

use parking_lot::Mutex;
use tokio::signal::unix::{SignalKind, signal};

/// Ctrl-C ends the program.
const ENDS: u8 = 0;
/// It is waited for.
const AWAITED: u8 = 1;
/// It has come.
const CAME: u8 = 2;

static STATE: AtomicU8 = AtomicU8::new(ENDS);

/// Whether a thread waits for the signal.
static IS_WATCHED: Mutex<bool> = Mutex::new(false);

/// What a shell says of a program that Ctrl-C has ended.
const INTERRUPTED: i32 = 128 + 2;

/// As long as it is there, Ctrl-C is remembered instead of ending the program.
#[derive(Debug)]
pub(super) struct Interruption(());

impl Interruption {
    /// Begins to remember.
    ///
    /// # Errors
    /// If the system does not allow it.
    pub(super) fn awaited() -> io::Result<Self> {
        let mut is_watched = IS_WATCHED.lock();
        if !*is_watched {
            watch()?;
            *is_watched = true;
        }
        STATE.store(AWAITED, Ordering::SeqCst);
        Ok(Self(()))
    }

    /// Whether somebody pressed it.
    pub(super) fn came(&self) -> bool {
        STATE.load(Ordering::SeqCst) == CAME
    }
}

impl Drop for Interruption {
    fn drop(&mut self) {
        STATE.store(ENDS, Ordering::SeqCst);
    }
}

/// Takes the signal over from the system, for good, on a thread of its own.
fn watch() -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let entered = runtime.enter();
    let mut interrupt = signal(SignalKind::interrupt())?;
    drop(entered);
    std::thread::Builder::new().name("interrupt".to_owned()).spawn(move || {
        runtime.block_on(async {
            while interrupt.recv().await.is_some() {
                if STATE.compare_exchange(AWAITED, CAME, Ordering::SeqCst, Ordering::SeqCst).is_err() {
                    std::process::exit(INTERRUPTED);
                }
            }
        });
    })?;
    Ok(())
}
