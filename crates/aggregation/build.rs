//! Names the build by what its computing is made of, so that what another build saved is not taken for its own.

use std::collections::hash_map::DefaultHasher;
use std::env;
use std::error::Error;
use std::fs::{read, read_dir};
use std::hash::{Hash, Hasher};
use std::path::{Path, PathBuf};

/// The crates that compute, and the versions of all others.
const PARTS: [&str; 4] = ["crates/aggregation", "crates/engine", "crates/measures", "Cargo.lock"];

fn main() -> Result<(), Box<dyn Error>> {
    // Asked when it runs, not when it is compiled: several checkouts may share a target folder.
    let root = Path::new(&env::var("CARGO_MANIFEST_DIR")?).join("../..");
    let mut files = Vec::new();
    for part in PARTS {
        println!("cargo::rerun-if-changed={}", root.join(part).display());
        sources(root.join(part), &mut files)?;
    }
    files.sort();
    let mut hasher = DefaultHasher::new();
    env::var("TARGET")?.hash(&mut hasher);
    env::var("PROFILE")?.hash(&mut hasher);
    for file in files {
        file.strip_prefix(&root)?.hash(&mut hasher);
        read(&file)?.hash(&mut hasher);
    }
    println!("cargo::rustc-env=UPLIFT_BUILD={:016x}", hasher.finish());
    Ok(())
}

/// The files below a path.
fn sources(path: PathBuf, files: &mut Vec<PathBuf>) -> std::io::Result<()> {
    if !path.is_dir() {
        files.push(path);
        return Ok(());
    }
    for entry in read_dir(path)? {
        sources(entry?.path(), files)?;
    }
    Ok(())
}
