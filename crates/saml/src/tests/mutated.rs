//! Tokens with anything changed anywhere.

use super::*;

/// Whatever is changed in a token, it is refused or says what it said before. Longer: with `SAIBO_FUZZ_SECONDS`.
#[test]
fn mutated_tokens() {
    saibo_fuzz::Fuzz::without_corpus("assertion").seed(signed()).run(|input| {
        let read = read(&String::from_utf8_lossy(input));
        assert!(read.as_ref().is_ok_and(|read| *read == assertion()) || read.is_err());
        read.map(drop).map_err(|error| std::mem::discriminant(&error))
    });
}
