//! The shape of the workspace, read from cargo.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use serde_json::Value;

/// What each crate may depend on, of the workspace's own. A new crate must be placed here.
const ALLOWED: [(&str, &[&str]); 10] = [
    ("uplift-core", &[]),
    ("uplift-proto", &["uplift-core"]),
    ("uplift-measures", &[]),
    ("uplift-store", &["uplift-core"]),
    ("uplift-ingest", &["uplift-core", "uplift-proto", "uplift-store"]),
    ("uplift-metrics", &["uplift-core", "uplift-measures", "uplift-proto", "uplift-store"]),
    ("uplift-reporting", &["uplift-core", "uplift-proto"]),
    (
        "uplift",
        &[
            "uplift-core",
            "uplift-proto",
            "uplift-store",
            "uplift-ingest",
            "uplift-measures",
            "uplift-metrics",
            "uplift-reporting",
        ],
    ),
    ("uplift-testkit", &["uplift", "uplift-core", "uplift-proto", "uplift-store"]),
    ("uplift-tests", &["uplift", "uplift-core", "uplift-proto", "uplift-store", "uplift-testkit"]),
];

/// Crates that the core must not even reach through others.
const NOT_IN_CORE: [&str; 6] = ["tokio", "tonic", "prost", "arrow", "datafusion", "deltalake-core"];

fn metadata() -> Value {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let output = Command::new(cargo)
        .args(["metadata", "--format-version", "1", "--no-deps", "--offline"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("cargo runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("cargo metadata is JSON")
}

fn dependencies(metadata: &Value) -> BTreeMap<String, BTreeSet<String>> {
    let packages = metadata["packages"].as_array().expect("packages");
    let name = |v: &Value| v["name"].as_str().expect("a name").to_owned();
    let of = |p: &Value| p["dependencies"].as_array().expect("dependencies").iter().map(name).collect();
    packages.iter().map(|p| (name(p), of(p))).collect()
}

#[test]
fn dependencies_point_down_only() {
    let found = dependencies(&metadata());
    let allowed = BTreeMap::from(ALLOWED);
    let ours: BTreeSet<&str> = found.keys().map(String::as_str).collect();
    assert_eq!(ours, allowed.keys().copied().collect(), "every crate has its place in ALLOWED");
    for (package, dependencies) in &found {
        for dependency in dependencies.iter().filter(|d| ours.contains(d.as_str())) {
            let fits = allowed[package.as_str()].contains(&dependency.as_str());
            assert!(fits, "{package} must not depend on {dependency}");
        }
    }
}

#[test]
fn the_core_knows_nothing_of_the_wire_or_of_tables() {
    let found = dependencies(&metadata());
    for forbidden in NOT_IN_CORE {
        assert!(!found["uplift-core"].contains(forbidden), "uplift-core depends on {forbidden}");
    }
}
