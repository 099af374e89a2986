//! Somebody who knows the format takes snapshots apart and puts them together again, with sizes and checksums as they
//! should be: whatever is not the very file that was signed is refused, and what was altered is named.
//!
//! Longer: `SAIBO_ALTERED_CASES=20000 cargo test -p saibo-archive altered`.

mod alteration;
mod container;
mod plan;

use std::collections::BTreeSet;

use proptest::prelude::*;
use saibo_archive::{Report, Result};

use self::alteration::{Altered, alteration};
use self::container::Container;
use self::plan::{later, plan};
use crate::build::{check, open, read_all};

/// How many snapshots are altered, each in so many ways.
const CASES: u32 = 300;
const WAYS: usize = 12;

fn cases() -> u32 {
    std::env::var("SAIBO_ALTERED_CASES").map_or(CASES, |cases| cases.parse().unwrap())
}

/// The entries that a check names.
fn named(found: &Result<Report>) -> BTreeSet<&str> {
    match found {
        Ok(report) => report.findings.iter().map(|finding| finding.entry.as_str()).collect(),
        Err(error) => error.entry().into_iter().collect(),
    }
}

/// Entries that have to agree: where one does not, nobody can tell which of them was altered.
fn agreeing(name: &str) -> Vec<&str> {
    match name {
        "90_saibo/manifest.json" => vec![name, "90_saibo/signature.json"],
        "00_manifest.json" => vec![name, "90_saibo/manifest.json", "90_saibo/removed.jsonl"],
        _ => vec![name],
    }
}

/// Checks what is said of an altered snapshot; `good` are those that nobody altered.
fn judge(altered: &Altered, good: &[&[u8]]) -> std::result::Result<(), TestCaseError> {
    let Altered { bytes, names, is_other_content } = altered;
    let found = check(bytes);
    if let Ok(reader) = open(bytes) {
        // What is no panic is right: somebody may read a snapshot without a check.
        let _ = read_all(&reader);
        let _ = reader.summary();
    }
    let is_intact = found.as_ref().is_ok_and(Report::is_intact);
    prop_assert_eq!(is_intact, good.contains(&bytes.as_slice()), "{:?}", named(&found));
    if is_intact {
        return Ok(());
    }
    let named = named(&found);
    let is_named = names.iter().flat_map(|name| agreeing(name)).any(|name| named.contains(name));
    prop_assert!(names.is_empty() || is_named, "none of {:?} is named: {:?}", names, found);
    let is_content_intact = found.is_ok_and(|report| report.content_is_intact());
    prop_assert!(!is_content_intact || !is_other_content, "it is said that no content is another one");
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(cases()))]

    #[test]
    fn whatever_is_altered_is_refused_and_named(
        plan in plan(),
        later in later(),
        alterations in prop::collection::vec(alteration(), WAYS),
    ) {
        let one = plan.build();
        let other = later.of(&plan).build();
        let container = Container::parse(&one);
        prop_assert_eq!(&container.to_bytes(), &one, "the test's own form of a zip is another");
        for snapshot in [&one, &other] {
            let report = check(snapshot).unwrap();
            prop_assert!(report.is_intact() && report.is_signed(), "{:?}", report.findings);
        }
        for alteration in alterations {
            let altered = alteration.of(&one, &other);
            judge(&altered, &[&one, &other])
                .map_err(|error| TestCaseError::fail(format!("{alteration:?}: {error}")))?;
        }
    }
}
