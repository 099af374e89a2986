//! Snapshots that others are to be put over, and that must not go before those.

use std::collections::{HashMap, HashSet};

use saibo_model::{Error, ErrorCode, Result};
use saibo_store::{SnapshotBase, SnapshotInfo};

use super::bare_name;

/// How many are named.
const NAMED: usize = 5;

/// Refuses to take a file away that others of a Cell need.
///
/// # Errors
/// [`ErrorCode::SnapshotNeeded`], which names them.
pub(super) fn check(all: &[SnapshotInfo], file: &SnapshotInfo) -> Result<()> {
    let needing = needing(all, file);
    if needing.is_empty() { Ok(()) } else { Err(refusal(&file.name, &needing)) }
}

/// Whether a base is there.
pub(super) fn has(all: &[SnapshotInfo], base: &SnapshotBase) -> bool {
    all.iter().any(|info| fits(info, base) != Fit::No)
}

/// How sure it is that a file is a base.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fit {
    No,
    /// It has the name, and does not say what it is.
    Perhaps,
    Yes,
}

fn fits(info: &SnapshotInfo, base: &SnapshotBase) -> Fit {
    let is_named = bare_name(&info.name).is_some_and(|(name, _)| name == base.name);
    match info.identity.as_ref().filter(|_| is_named) {
        Some(identity) if identity.manifest.as_ref() == Some(&base.manifest) => Fit::Yes,
        Some(identity) if identity.is_sealed && identity.manifest.is_none() => Fit::Perhaps,
        _ => Fit::No,
    }
}

/// The files that cannot be imported without one, those that need others of them first: so they can be deleted in this
/// order.
fn needing<'s>(all: &'s [SnapshotInfo], file: &SnapshotInfo) -> Vec<&'s SnapshotInfo> {
    let mut by_base: HashMap<&str, Vec<(&SnapshotBase, &SnapshotInfo)>> = HashMap::new();
    // How many files there are of each snapshot: copies of it, encrypted or not.
    let mut copies: HashMap<(&str, &str), usize> = HashMap::new();
    for info in all {
        let Some(identity) = &info.identity else { continue };
        if let Some(base) = &identity.base {
            by_base.entry(&base.name).or_default().push((base, info));
        }
        if let Some((manifest, (name, _))) = identity.manifest.as_deref().zip(bare_name(&info.name)) {
            *copies.entry((name, manifest)).or_default() += 1;
        }
    }
    let (mut found, mut seen): (Vec<&SnapshotInfo>, _) = (Vec::new(), HashSet::from([file.name.as_str()]));
    let (mut at, mut next) = (Some(file), 0);
    while let Some(info) = at {
        let named = bare_name(&info.name).and_then(|(name, _)| by_base.get(name));
        for (base, over) in named.into_iter().flatten() {
            let fit = fits(info, base);
            let sure = copies.get(&(base.name.as_str(), base.manifest.as_str())).copied().unwrap_or(0);
            let is_only = sure == usize::from(fit == Fit::Yes);
            if fit != Fit::No && is_only && seen.insert(&over.name) {
                found.push(over);
            }
        }
        at = found.get(next).copied();
        next += 1;
    }
    found.reverse();
    found
}

fn refusal(file: &str, needing: &[&SnapshotInfo]) -> Error {
    let mut names: Vec<&str> = needing.iter().take(NAMED).map(|info| info.name.as_str()).collect();
    let more = needing.len().saturating_sub(NAMED);
    let rest = format!("and {more} more");
    if more > 0 {
        names.push(&rest);
    }
    let names = names.join(", ").replace(", and ", " and ");
    ErrorCode::SnapshotNeeded.with([file, &names])
}

#[cfg(test)]
mod tests {
    use saibo_store::SnapshotIdentity;

    use super::*;

    /// A file whose manifest's hash is its name without its form, put over another.
    fn info(name: &str, base: Option<&str>) -> SnapshotInfo {
        let bare = bare_name(name).unwrap().0;
        let base = base.map(|base| SnapshotBase { name: base.to_owned(), manifest: base.to_owned() });
        let identity = SnapshotIdentity { manifest: Some(bare.to_owned()), is_sealed: false, base };
        SnapshotInfo {
            name: name.to_owned(),
            place: name.to_owned(),
            version: 1,
            published: 1,
            updated: 1,
            content_type: String::new(),
            length: 1,
            mark: None,
            identity: Some(identity),
        }
    }

    /// The same, and nobody knows what it is.
    fn sealed(name: &str) -> SnapshotInfo {
        let identity = SnapshotIdentity { is_sealed: true, ..SnapshotIdentity::default() };
        SnapshotInfo { identity: Some(identity), ..info(name, None) }
    }

    fn refused(all: &[SnapshotInfo], at: usize) -> Option<String> {
        check(all, &all[at]).err().map(|error| error.params()[1].clone())
    }

    #[test]
    fn what_needs_a_file_is_named_the_last_first() {
        let all = [
            info("a.zip", None),
            info("b.zip", Some("a")),
            info("c.zip.age", Some("b")),
            info("d.zip", Some("b")),
            info("x.zip", Some("gone")),
        ];
        assert_eq!(refused(&all, 0).as_deref(), Some("d.zip, c.zip.age, b.zip"));
        assert_eq!(refused(&all, 1).as_deref(), Some("d.zip, c.zip.age"));
        for at in 2..5 {
            assert_eq!(refused(&all, at), None, "{at}");
        }
    }

    #[test]
    fn a_few_are_named_and_the_rest_counted() {
        let mut all = vec![info("s0.zip", None)];
        for number in 1..9 {
            all.push(info(&format!("s{number}.zip"), Some(&format!("s{}", number - 1))));
        }
        let named = "s8.zip, s7.zip, s6.zip, s5.zip, s4.zip";
        assert_eq!(refused(&all, 0), Some(format!("{named} and 3 more")));
        assert_eq!(refused(&all, 3).as_deref(), Some(named));
    }

    #[test]
    fn another_file_of_the_name_is_no_base_and_a_copy_of_it_is() {
        let mut other = info("a.zip", None);
        other.identity.as_mut().unwrap().manifest = Some("other".to_owned());
        let part = info("b.zip", Some("a"));
        assert_eq!(refused(&[other.clone(), part.clone()], 0), None);
        // What does not say what it is may be the base, unless the base is there.
        assert!(refused(&[sealed("a.zip.age"), part.clone()], 0).is_some());
        assert!(refused(&[sealed("a.zip.age"), other, part.clone()], 0).is_some());
        let all = [info("a.zip", None), sealed("a.zip.age"), part.clone()];
        assert_eq!((refused(&all, 0).is_some(), refused(&all, 1)), (true, None));
        let copies = [info("a.zip", None), info("a.zip.age", None), part];
        assert_eq!((refused(&copies, 0), refused(&copies, 1)), (None, None));
    }
}
