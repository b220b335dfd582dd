//! The shape of the workspace: which crate may depend on which, modules without circles, licences, and
//! the oldest Rust that builds it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::modules::references;

/// What each crate may depend on, of the workspace's own, from the lowest shelf to the highest. A new
/// crate must be placed here.
const ALLOWED: [(&str, &[&str]); 20] = [
    ("core", &[]),
    ("measures", &[]),
    ("charts", &["core"]),
    ("reconciliation", &["core"]),
    ("proto", &["core"]),
    ("formats", &["core", "proto"]),
    ("engine", &["core", "measures"]),
    ("store", &["core", "engine", "formats"]),
    ("client", &["core", "proto"]),
    ("aggregation", &["core", "engine", "measures", "store"]),
    ("ingest", &["core", "engine", "formats", "proto", "store"]),
    (
        "metrics",
        &["aggregation", "core", "engine", "formats", "measures", "proto", "reconciliation", "store"],
    ),
    ("pdf", &["core"]),
    ("reporting", &["charts", "client", "core", "pdf", "proto"]),
    ("portal", &["charts", "client", "core", "formats", "proto"]),
    ("simulate", &["core", "proto"]),
    ("server", &["client", "core", "ingest", "metrics", "portal", "proto", "reporting", "store"]),
    ("uplift", &["client", "core", "formats", "measures", "proto", "reporting", "server", "simulate"]),
    ("testkit", &["client", "core", "proto", "server", "simulate"]),
    (
        "tests",
        &[
            "client",
            "core",
            "formats",
            "ingest",
            "proto",
            "reporting",
            "server",
            "simulate",
            "store",
            "testkit",
        ],
    ),
];

/// Crates that the core must not depend on.
const NOT_IN_CORE: [&str; 6] = ["tokio", "tonic", "prost", "arrow", "datafusion", "deltalake-core"];

/// Licences that a dependency may have.
const LICENCES: [&str; 14] = [
    "0BSD",
    "Apache-2.0",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    "bzip2-1.0.6",
    "CC0-1.0",
    "CDLA-Permissive-2.0",
    "ISC",
    "MIT",
    "MPL-2.0",
    "Unicode-3.0",
    "Unlicense",
    "Zlib",
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn metadata(options: &[&str]) -> Value {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let output = Command::new(cargo)
        .args(["metadata", "--format-version", "1", "--offline", "--locked"])
        .args(options)
        .current_dir(root())
        .output()
        .expect("cargo runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("cargo metadata is JSON")
}

/// The packages that are built here; those of other platforms need not be on this machine.
fn resolved() -> Value {
    let host = Command::new("rustc").args(["--print", "host-tuple"]).output();
    let host = String::from_utf8(host.expect("rustc runs").stdout).unwrap();
    metadata(&["--filter-platform", host.trim()])
}

fn packages(metadata: &Value) -> &[Value] {
    metadata["packages"].as_array().expect("packages")
}

fn name(value: &Value) -> String {
    value["name"].as_str().expect("a name").to_owned()
}

fn dependencies() -> BTreeMap<String, BTreeSet<String>> {
    let names = |p: &Value| p["dependencies"].as_array().expect("dependencies").iter().map(name).collect();
    packages(&metadata(&["--no-deps"])).iter().map(|p| (name(p), names(p))).collect()
}

fn short(package: &str) -> &str {
    package.strip_prefix("uplift-").unwrap_or(package)
}

#[test]
fn dependencies_point_down_only() {
    let dependencies = dependencies();
    let ours: BTreeSet<&str> = dependencies.keys().map(|name| short(name)).collect();
    let allowed = BTreeMap::from(ALLOWED);
    assert_eq!(ours, allowed.keys().copied().collect(), "every crate has its place in ALLOWED");
    let mut lower = BTreeSet::new();
    for (package, allowed) in ALLOWED {
        assert!(allowed.iter().all(|a| lower.contains(a)), "{package} may only depend on lower shelves");
        lower.insert(package);
    }
    for (package, dependencies) in &dependencies {
        for dependency in dependencies.iter().filter(|d| d.starts_with("uplift")) {
            let fits = allowed[short(package)].contains(&short(dependency));
            assert!(fits, "{package} must not depend on {dependency}");
        }
    }
}

#[test]
fn the_core_knows_nothing_of_the_wire_or_of_tables() {
    let dependencies = dependencies();
    for forbidden in NOT_IN_CORE {
        assert!(!dependencies["uplift-core"].contains(forbidden), "uplift-core depends on {forbidden}");
    }
}

#[test]
fn no_two_modules_of_a_crate_import_each_other_in_a_circle() {
    let mut modules = 0;
    for entry in std::fs::read_dir(root().join("crates")).unwrap() {
        let source = entry.unwrap().path().join("src");
        let references = references(&source);
        modules += references.len();
        if let Some(circle) = circle(&references) {
            panic!("modules import each other in {}: {}", source.display(), circle.join(" → "));
        }
    }
    assert!(modules > 100, "only {modules} modules were read");
}

#[test]
fn a_circle_of_modules_is_recognised() {
    let references = |edges: &[(&str, &[&str])]| -> BTreeMap<String, BTreeSet<String>> {
        let set = |targets: &[&str]| targets.iter().map(|t| (*t).to_owned()).collect();
        edges.iter().map(|(from, to)| ((*from).to_owned(), set(to))).collect()
    };
    assert_eq!(circle(&references(&[("a", &["b", "c"]), ("b", &["c"]), ("c", &[])])), None);
    let three = circle(&references(&[("a", &["b"]), ("b", &["c"]), ("c", &["a"])])).unwrap();
    assert_eq!(three, ["a", "b", "c", "a"]);
}

#[test]
fn references_between_files_are_read_however_they_are_written() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    std::fs::create_dir(folder.path().join("inner")).unwrap();
    write("lib.rs", "mod a;\nmod b;\nmod inner;\n");
    write("a.rs", "use crate::b::{B, self};\npub struct A;\n");
    write("b.rs", "pub struct B;\nfn f() -> super::inner::deep::C { c() }\n");
    write("inner/mod.rs", "mod deep;\n");
    write("inner/deep.rs", "pub struct C;\n#[cfg(test)]\nmod tests { use crate::b::B; }\n");
    let references = references(folder.path());
    assert_eq!(references["crate::a"], BTreeSet::from(["crate::b".to_owned()]));
    assert_eq!(references["crate::b"], BTreeSet::from(["crate::inner::deep".to_owned()]));
    assert_eq!(circle(&references), None, "what is compiled for tests only does not count");
    write("inner/deep.rs", "use super::super::a::A;\npub struct C;\n");
    let circle = circle(&self::references(folder.path())).expect("a circle");
    assert_eq!(circle, ["crate::a", "crate::b", "crate::inner::deep", "crate::a"]);
}

/// Modules that import each other, the first one again at the end; none if there are no such modules.
fn circle(references: &BTreeMap<String, BTreeSet<String>>) -> Option<Vec<String>> {
    fn visit(
        module: &str,
        references: &BTreeMap<String, BTreeSet<String>>,
        path: &mut Vec<String>,
        done: &mut BTreeSet<String>,
    ) -> Option<Vec<String>> {
        if let Some(start) = path.iter().position(|m| m == module) {
            return Some(path[start..].iter().cloned().chain([module.to_owned()]).collect());
        }
        if !done.insert(module.to_owned()) {
            return None;
        }
        path.push(module.to_owned());
        let circle =
            references.get(module).into_iter().flatten().find_map(|m| visit(m, references, path, done));
        path.pop();
        circle
    }
    let mut done = BTreeSet::new();
    references.keys().find_map(|module| visit(module, references, &mut Vec::new(), &mut done))
}

#[test]
fn every_dependency_has_a_permissive_licence() {
    let metadata = resolved();
    let mut refused = Vec::new();
    for package in packages(&metadata) {
        let licence = package["license"].as_str().unwrap_or_default();
        // Some packages still write "MIT/Apache-2.0", which means the same as "OR".
        let expression = spdx::Expression::parse_mode(licence, spdx::ParseMode::LAX);
        let permissive = expression
            .is_ok_and(|e| e.evaluate(|req| req.license.id().is_some_and(|id| LICENCES.contains(&id.name))));
        if !permissive {
            refused.push(format!("{} ({licence:?})", name(package)));
        }
    }
    assert!(refused.is_empty(), "licences that are not permissive: {}", refused.join(", "));
    assert!(packages(&metadata).len() > 300, "the dependencies were read");
}

/// A version as numbers, so that 1.95 and 1.95.0 are equal.
fn version(text: &str) -> Vec<u32> {
    let mut numbers: Vec<u32> = text.split('.').map(|n| n.parse().unwrap()).collect();
    numbers.resize(3, 0);
    numbers
}

#[test]
fn the_oldest_rust_is_the_same_in_the_lock_the_manifest_the_image_and_the_readme() {
    let metadata = resolved();
    let declared = packages(&metadata).iter().find(|p| name(p) == "uplift").unwrap()["rust_version"].clone();
    let declared = declared.as_str().unwrap();
    for package in packages(&metadata) {
        if let Some(needed) = package["rust_version"].as_str() {
            assert!(
                version(needed) <= version(declared),
                "{} {} needs Rust {needed}, the workspace declares {declared}",
                name(package),
                package["version"],
            );
        }
    }
    let dockerfile = include_str!("../../deploy/Dockerfile");
    assert!(
        dockerfile.contains(&format!("FROM rust:{declared}-")),
        "deploy/Dockerfile builds with {declared}"
    );
    let readme = include_str!("../../README.md");
    assert!(readme.contains(&format!("Rust {declared}")), "README.md names Rust {declared}");
}
