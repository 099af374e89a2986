//! Work that takes long and is in no hurry: hashing passwords.
//!
//! A flood of logins keeps a core busy. Among threads of one priority, each request would now and then wait for a whole
//! slice of time that such a thread has got. At a lower priority it is put aside as soon as a request comes in.

use std::io;
use std::thread;

/// By how much these threads are nicer than others: as much as can be. Half of that already costs the slowest of a
/// hundred requests twice their time in a flood. What idle processors have left is theirs all the same.
#[cfg(target_os = "linux")]
const NICER: i32 = 19;

/// Runs it on a thread of its own, at a low priority, and waits. A thread is made for each: that takes a thousandth of
/// what a hash takes, and a priority that was lowered cannot be raised again without privileges.
///
/// # Errors
/// If no thread can be had, or the work panics.
pub(crate) fn run(work: &mut (dyn FnMut() + Send)) -> io::Result<()> {
    thread::scope(|scope| {
        let aside = thread::Builder::new().name("aside".to_owned()).spawn_scoped(scope, || {
            lower_priority();
            work();
        })?;
        aside.join().map_err(|_panicked| io::Error::other("work that was put aside has panicked"))
    })
}

/// On Linux a priority is a thread's own, elsewhere the process's, so there it stays.
#[cfg(target_os = "linux")]
fn lower_priority() {
    use rustix::process::{getpriority_process, setpriority_process};
    let lowered = getpriority_process(None).and_then(|own| setpriority_process(None, (own + NICER).min(19)));
    if let Err(error) = lowered {
        tracing::debug!(%error, "the priority of a thread could not be lowered");
    }
}

#[cfg(not(target_os = "linux"))]
fn lower_priority() {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(target_os = "linux")]
    fn others_keep_their_priority() {
        let own = || rustix::process::getpriority_process(None).unwrap();
        let before = own();
        let mut there = None;
        run(&mut || there = Some(own())).unwrap();
        assert_eq!((there, own()), (Some((before + NICER).min(19)), before));
    }

    #[test]
    fn a_panic_ends_the_work_alone() {
        let panicked = run(&mut || panic!("a bug"));
        assert!(panicked.is_err());
    }
}
