//! No bit of a signed snapshot can change unseen.

use crate::build::{check, small};

#[test]
fn every_flipped_bit_is_found() {
    let (good, _) = small();
    let report = check(&good).unwrap();
    assert!(report.is_intact(), "{:?}", report.findings);
    eprintln!("{} bytes", good.len());
    let start = std::time::Instant::now();
    for _ in 0..200 { check(&good).unwrap(); }
    eprintln!("{:?} each", start.elapsed() / 200);
    let threads = 2;
    let missed: Vec<usize> = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..threads)
            .map(|worker| {
                let mut bytes = good.clone();
                scope.spawn(move || {
                    let mut missed = Vec::new();
                    for bit in (worker..bytes.len() * 8).step_by(threads) {
                        bytes[bit / 8] ^= 1 << (bit % 8);
                        if check(&bytes).is_ok_and(|report| report.is_intact()) {
                            missed.push(bit);
                        }
                        bytes[bit / 8] ^= 1 << (bit % 8);
                    }
                    missed
                })
            })
            .collect();
        workers.into_iter().flat_map(|worker| worker.join().unwrap()).collect()
    });
    assert!(missed.is_empty(), "of {} bits these made no difference: {missed:?}", good.len() * 8);
}
