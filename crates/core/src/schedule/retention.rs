//! Which snapshots of a schedule are kept.

use std::collections::{HashMap, HashSet};

use saibo_store::SnapshotInfo;

use super::record::Made;
use crate::export::MOST_IN_CHAIN;

/// Those that are there still: not deleted, nor replaced by another file of the name.
pub(super) fn present<'m>(
    made: &'m [Made],
    there: &[SnapshotInfo],
) -> impl Iterator<Item = &'m Made> + use<'m> {
    let places: HashMap<String, String> =
        there.iter().map(|info| (info.place.clone(), info.name.clone())).collect();
    made.iter().filter(move |one| places.get(&one.place) == Some(&one.file))
}

/// The places of those that can be imported: whatever they are to be put over is there. `made` has no others than are
/// there, the oldest first.
fn good(made: &[Made]) -> HashSet<&str> {
    let mut good = HashSet::new();
    for one in made {
        if one.base.as_deref().is_none_or(|base| good.contains(base)) {
            good.insert(one.place.as_str());
        }
    }
    good
}

/// The latest that can be imported, and so be a base.
pub(super) fn latest_good(made: &[Made]) -> Option<&Made> {
    let good = good(made);
    made.iter().rev().find(|one| good.contains(one.place.as_str()))
}

/// Which of those that are there (the oldest first) are to go, in this order: none is ever there without what it is to
/// be put over, however far this comes.
///
/// The latest `keep` good ones stay, with what they are to be put over, and what is between them. Such as lack their
/// base, which somebody deleted by hand, do not count; somebody may have the base elsewhere, so they go by age, too.
pub(super) fn going(made: &[Made], keep: usize) -> Vec<Made> {
    let good = good(made);
    let most = keep.saturating_add(MOST_IN_CHAIN as usize);
    let (mut counted, mut needed, mut going) = (0, HashSet::new(), Vec::new());
    for (age, one) in made.iter().rev().enumerate() {
        let is_good = good.contains(one.place.as_str());
        let is_recent = counted < keep && (is_good || age < most);
        let stays = is_recent || needed.contains(one.place.as_str());
        if is_good && counted < keep {
            counted += 1;
        }
        if !stays {
            going.push(one.clone());
        } else if let Some(base) = &one.base {
            needed.insert(base.as_str());
        }
    }
    going
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn made(place: usize, base: Option<usize>) -> Made {
        Made {
            file: format!("f{place}.zip"),
            place: place.to_string(),
            base: base.map(|base| base.to_string()),
        }
    }

    fn places(made: &[Made]) -> Vec<&str> {
        made.iter().map(|one| one.place.as_str()).collect()
    }

    #[test]
    fn whole_ones_go_by_age() {
        let all: Vec<Made> = (0..5).map(|place| made(place, None)).collect();
        assert_eq!(places(&going(&all, 3)), ["1", "0"]);
        assert_eq!(places(&going(&all, 5)), [""; 0]);
    }

    #[test]
    fn a_base_stays_as_long_as_it_is_needed() {
        // Two chains of three: 0 ← 1 ← 2, 3 ← 4 ← 5.
        let all = [
            made(0, None),
            made(1, Some(0)),
            made(2, Some(1)),
            made(3, None),
            made(4, Some(3)),
            made(5, Some(4)),
        ];
        assert_eq!(places(&going(&all, 1)), ["2", "1", "0"]);
        assert_eq!(places(&going(&all, 3)), ["2", "1", "0"]);
        assert_eq!(places(&going(&all, 4)), [""; 0], "2 takes 1 and 0");
        // Two on one base.
        let fork = [made(0, None), made(1, Some(0)), made(2, Some(0)), made(3, Some(2))];
        assert_eq!(places(&going(&fork, 1)), ["1"]);
    }

    #[test]
    fn what_lacks_its_base_does_not_count() {
        let all = [made(0, None), made(2, Some(1)), made(3, Some(2)), made(4, None)];
        assert_eq!(places(&going(&all, 2)), [""; 0], "4 and 0 are the good ones");
        assert_eq!(places(&going(&all, 1)), ["3", "2", "0"]);
        assert_eq!(latest_good(&all[..3]).map(|one| one.place.as_str()), Some("0"));
    }

    /// What happens to the snapshots of a schedule.
    #[derive(Clone, Debug)]
    enum Step {
        /// A run that went well, and so many are kept.
        Run { whole: bool, keep: usize },
        /// Somebody deletes one.
        Delete(usize),
    }

    fn steps() -> impl Strategy<Value = Vec<Step>> {
        let run = (any::<bool>(), 1..6_usize).prop_map(|(whole, keep)| Step::Run { whole, keep });
        prop::collection::vec(prop_oneof![4 => run, 1 => (0..50_usize).prop_map(Step::Delete)], 1..60)
    }

    proptest! {
        #[test]
        fn whatever_happens_what_is_kept_has_its_base(steps in steps()) {
            let (mut there, mut lost): (Vec<Made>, HashSet<String>) = Default::default();
            for (place, step) in steps.into_iter().enumerate() {
                match step {
                    Step::Delete(which) => {
                        if !there.is_empty() {
                            lost.insert(there.remove(which % there.len()).place);
                        }
                    }
                    Step::Run { whole, keep } => {
                        let base = latest_good(&there).filter(|_| !whole).map(|base| base.place.clone());
                        there.push(Made { base, ..made(place, None) });
                        let good_before = good(&there).len();
                        for gone in going(&there, keep) {
                            there.retain(|one| *one != gone);
                            // At every moment: only what was deleted by hand is missing.
                            for one in &there {
                                if let Some(base) = &one.base {
                                    let has = there.iter().any(|other| other.place == *base);
                                    prop_assert!(has || lost.contains(base), "{one:?} lacks its base");
                                }
                            }
                        }
                        let good = good(&there);
                        prop_assert!(good.len() >= keep.min(good_before));
                        prop_assert!(good.contains(place.to_string().as_str()), "the latest is kept");
                        // Nothing is there that nobody needs: without the bases there are no more than asked for.
                        let bases: HashSet<_> = there.iter().filter_map(|one| one.base.as_deref()).collect();
                        let ends = good.iter().filter(|place| !bases.contains(*place)).count();
                        prop_assert!(ends <= keep, "{ends} of {keep}");
                        prop_assert!(going(&there, keep).is_empty(), "twice is once");
                    }
                }
            }
        }
    }
}
