//! Which crate may use which: the arrows of `docs/architecture.md`, and no dependency that nobody uses.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use serde_json::Value;

/// Each crate with the crates of ours that it may use.
const ARROWS: [(&str, &[&str]); 12] = [
    ("model", &[]),
    ("odata", &["model"]),
    ("dav", &["model"]),
    ("oauth", &["model"]),
    ("saml", &[]),
    ("archive", &["model"]),
    ("store", &["model"]),
    ("store-sqlite", &["model", "store"]),
    ("core", &["model", "odata", "dav", "oauth", "saml", "archive", "store"]),
    ("bench", &["archive", "core", "model", "oauth", "saml", "store", "store-sqlite"]),
    ("fuzz", &[]),
    ("server", &["model", "odata", "dav", "oauth", "saml", "archive", "store", "store-sqlite", "core"]),
];

/// The same for tests alone.
const IN_TESTS: [(&str, &[&str]); 6] = [
    ("core", &["store-sqlite"]),
    ("odata", &["fuzz"]),
    ("dav", &["fuzz"]),
    ("oauth", &["fuzz"]),
    ("saml", &["fuzz"]),
    ("archive", &["fuzz"]),
];

/// A package of the workspace: what it depends on, each with whether that is for tests alone.
type Package = BTreeSet<(String, bool)>;

fn packages() -> BTreeMap<String, Package> {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--no-deps", "--offline", "--format-version", "1", "--manifest-path"])
        .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml"))
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
    let name = |value: &Value| value["name"].as_str().unwrap().to_owned();
    let dependencies = |package: &Value| {
        let dependencies = package["dependencies"].as_array().unwrap().iter();
        dependencies.map(|one| (name(one), one["kind"] == "dev")).collect()
    };
    let packages = metadata["packages"].as_array().unwrap().iter();
    packages.map(|package| (name(package), dependencies(package))).collect()
}

fn may_use(crate_name: &str, other: &str, in_tests: bool) -> bool {
    let allows = |table: &[(&str, &[&str])]| {
        table.iter().any(|(name, others)| *name == crate_name && others.contains(&other))
    };
    allows(&ARROWS) || (in_tests && allows(&IN_TESTS))
}

#[test]
fn crates_use_only_what_they_may() {
    let packages = packages();
    let ours = |name: &str| name.strip_prefix("saibo-").map(str::to_owned);
    let names: BTreeSet<String> = packages.keys().filter_map(|name| ours(name)).collect();
    let known: BTreeSet<String> = ARROWS.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(names, known, "every crate is in the table, and no other");
    for (package, dependencies) in &packages {
        let package = ours(package).unwrap();
        for (other, in_tests) in dependencies {
            let Some(other) = ours(other) else { continue };
            // A feature of its own dependency that tests need is no other arrow.
            assert!(may_use(&package, &other, *in_tests), "{package} must not use {other}");
        }
    }
}

#[test]
fn every_dependency_of_the_workspace_is_used() {
    let used: BTreeSet<String> =
        packages().into_values().flatten().map(|(dependency, _in_tests)| dependency).collect();
    let manifest = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../Cargo.toml")).unwrap();
    let section = manifest.split("[workspace.dependencies]").nth(1).unwrap();
    let section = section.split("\n[").next().unwrap();
    let lines = section.lines().filter(|line| !line.starts_with('#'));
    let declared: Vec<&str> = lines.filter_map(|line| line.split_once(" = ")).map(|(name, _)| name).collect();
    assert!(declared.len() > 10);
    for name in declared {
        assert!(used.contains(name), "{name} is declared, and no crate uses it");
    }
}
