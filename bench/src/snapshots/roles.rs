//! A Cell with Boxes and many Roles.

use std::path::Path;

use saibo_model::Kind;

use super::noise::{self, Noise};
use super::{Snapshot, line};
use crate::Result;

/// Roles that are in a Box of their own kind, or were changed lately: as many as a page has.
pub(crate) const MARKED: u64 = 25;

/// The Box of the marked ones.
pub(crate) const BOX: &str = "few";

/// The Box of half of the others.
const LARGE_BOX: &str = "many";

/// When the marked ones were changed, after all others, ms since 1970.
pub(crate) const CHANGED: i64 = super::MADE + 1_000_000_000;

/// The name of a Role. Those of 25 in a row begin alike, and nothing else is in their order.
pub(crate) fn name(n: u64, count: u64) -> String {
    let place = shuffled(n, count);
    format!("role-{:05}-{:02}", place / MARKED, place % MARKED)
}

/// What 25 names begin with.
pub(crate) fn prefix(n: u64) -> String {
    format!("role-{n:05}")
}

/// Another number below `count` for each.
fn shuffled(n: u64, count: u64) -> u64 {
    // Of no common divisor with counts that are made of tens.
    n * 7_919 % count
}

/// Writes the snapshot.
///
/// # Errors
/// If it cannot be written.
pub(crate) fn write(path: &Path, count: u64) -> Result<()> {
    let mut snapshot = Snapshot::begin(path)?;
    let cell = snapshot.cell.clone();
    let boxes = [(BOX, noise::id(5, 0)), (LARGE_BOX, noise::id(5, 1))];
    for (name, id) in &boxes {
        let mut document = line(Kind::Box, id, "");
        let fields = format!(r#"{{"Name":"{name}"}}"#);
        document.fields = &fields;
        document.cell = Some(cell.as_str().into());
        snapshot.writer.document(&document)?;
    }
    for n in 0..count {
        let (id, fields) = (noise::id(6, n), format!(r#"{{"Name":"{}"}}"#, name(n, count)));
        let mut role = line(Kind::Role, &id, &fields);
        role.cell = Some(cell.as_str().into());
        // The marked ones stand anywhere among the others.
        let is_marked = n % (count / MARKED) == 0;
        role.updated +=
            if is_marked { 1_000_000_000 + n as i64 } else { (Noise::of(n).next() % 1_000_000) as i64 };
        let (_, in_box) = if is_marked { &boxes[0] } else { &boxes[1] };
        if is_marked || n % 2 == 0 {
            role.links = Some(vec![("Box".into(), in_box.as_str().into())]);
        }
        snapshot.writer.document(&role)?;
    }
    snapshot.begin_boxes(&boxes.each_ref().map(|(_, id)| id.as_str()))?;
    snapshot.finish()
}

#[cfg(test)]
mod tests {
    use super::super::verified;
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn a_snapshot_is_one_that_verifies() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.zip");
        write(&path, 1000).unwrap();
        let reader = verified(&path);
        let mut roles = reader.documents(Kind::Role).unwrap();
        let (mut marked, mut changed) = (0, 0);
        while let Some(role) = roles.read().unwrap() {
            let box_id = noise::id(5, 0);
            marked += u64::from(role.links.unwrap().iter().any(|(_, id)| *id == box_id));
            changed += u64::from(role.updated >= CHANGED);
        }
        assert_eq!((marked, changed), (MARKED, MARKED));
    }

    #[test]
    fn names_are_all_different_and_begin_alike_in_25s() {
        for count in [1000, 10_000, 100_000] {
            let names: HashSet<_> = (0..count).map(|n| name(n, count)).collect();
            assert_eq!(names.len() as u64, count);
            let alike = names.iter().filter(|name| name.starts_with(&prefix(count / MARKED / 2))).count();
            assert_eq!(alike as u64, MARKED);
        }
    }
}
