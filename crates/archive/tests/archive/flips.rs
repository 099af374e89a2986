//! No bit of a signed snapshot can change unseen.

use saibo_model::Kind;

use crate::build::{begin, begin_tree, check, document, file, key, link, writer};

/// As small as can be with an entry of each form: a folder, stored, deflated, with a descriptor.
fn tiny() -> Vec<u8> {
    let mut writer = writer();
    begin(&mut writer);
    writer.document(&document(Kind::Role, "role", r#"{"Name":"doctor"}"#)).unwrap();
    writer.link(&link("account", "role")).unwrap();
    begin_tree(&mut writer);
    file(&mut writer, "__/深", "text/plain", "hello ".repeat(20).as_bytes()).unwrap();
    file(&mut writer, "__/p", "image/png", b"stored").unwrap();
    writer.finish(&key()).unwrap().0
}

#[test]
fn every_flipped_bit_is_found() {
    let good = tiny();
    let report = check(&good).unwrap();
    assert!(report.is_intact(), "{:?}", report.findings);
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
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
