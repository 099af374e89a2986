//! Reading ahead: one thread inflates, the other looks at the lines.

use std::sync::mpsc::{channel, sync_channel};

use saibo_archive::Block;
use saibo_model::Result;

/// Bytes of an entry from which on a second thread is worth its start.
const LARGE: u64 = 1 << 20;

/// Blocks that wait to be looked at. With the one that is looked at and the one that is read, that is what is held.
const WAITING: usize = 1;

/// Reads blocks by `read` until it returns false, and gives each to `look`, in order. What is wrong first is returned.
///
/// # Errors
/// Those of `look` before those of `read`: what `read` comes to stands behind all that `look` was given.
pub(super) fn each_block(
    bytes: u64,
    mut read: impl FnMut(&mut Block) -> Result<bool>,
    mut look: impl FnMut(&Block) -> Result<()> + Send,
) -> Result<()> {
    if bytes < LARGE {
        let mut block = Block::default();
        while read(&mut block)? {
            look(&block)?;
        }
        return Ok(());
    }
    std::thread::scope(|scope| {
        let (give, given) = sync_channel::<Block>(WAITING);
        let (give_back, given_back) = channel::<Block>();
        let looking = scope.spawn(move || {
            for block in given {
                look(&block)?;
                // Nobody takes it back when all is read.
                let _ = give_back.send(block);
            }
            Ok(())
        });
        let all_read = loop {
            let mut block = given_back.try_recv().unwrap_or_default();
            match read(&mut block) {
                // Who looks has found that there is no going on, and says why.
                Ok(true) if give.send(block).is_err() => break Ok(()),
                Ok(true) => {}
                Ok(false) => break Ok(()),
                Err(error) => break Err(error),
            }
        };
        drop(give);
        match looking.join() {
            Ok(looked) => looked.and(all_read),
            Err(panic) => std::panic::resume_unwind(panic),
        }
    })
}

#[cfg(test)]
mod tests {
    use saibo_model::ErrorCode;

    use super::*;

    #[test]
    fn what_is_wrong_first_is_told() {
        for bytes in [0, LARGE] {
            for (bad_read, bad_look, expected) in
                [(9, 9, Ok(5)), (3, 9, Err("read")), (3, 1, Err("look")), (1, 2, Err("read"))]
            {
                let (mut reads, mut looks) = (0, 0);
                let failed = |what: &str| ErrorCode::FieldInvalid.with([what]);
                let result = each_block(
                    bytes,
                    |_| {
                        if reads == bad_read {
                            return Err(failed("read"));
                        }
                        reads += 1;
                        Ok(reads <= 5)
                    },
                    |_| {
                        if looks == bad_look {
                            return Err(failed("look"));
                        }
                        looks += 1;
                        Ok(())
                    },
                );
                match expected {
                    Ok(count) => assert_eq!((result.is_ok(), looks), (true, count)),
                    Err(what) => {
                        assert!(result.unwrap_err().message().contains(what), "{bytes} {bad_read} {bad_look}")
                    }
                }
            }
        }
    }
}
