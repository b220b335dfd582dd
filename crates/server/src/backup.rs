//! A data folder copied to another place, and put back; both copies are verified before they count.

use std::fs;
use std::path::{Path, PathBuf};

use uplift_core::error::{Error, ErrorKind, Result};
use uplift_store::Store;

use crate::disk::private_files;
pub use uplift_store::{Finding, Verification};

/// What is in a data folder beside its tables: reports, and the indicators and templates that an office declares.
const BESIDE: [&str; 3] = ["reports", "indicators", "templates"];
const TABLES: &str = "tables";

/// Verifies the tables of a data folder.
pub async fn verify(data_dir: &Path, progress: impl Fn(&str)) -> Result<Verification> {
    let tables = data_dir.join(TABLES);
    if !tables.is_dir() {
        let message = format!("{} is not a data folder: it has no folder {TABLES}", data_dir.display());
        return Err(Error::new(ErrorKind::FailedPrecondition, message));
    }
    Store::open(&tables)?.verify(progress).await
}

/// Copies a data folder, of a running node too, into a new folder, and verifies the copy.
pub async fn backup(data_dir: &Path, to: &Path, progress: impl Fn(&str)) -> Result<Verification> {
    if !data_dir.join(TABLES).is_dir() {
        let message = format!("{} is not a data folder: it has no folder {TABLES}", data_dir.display());
        return Err(Error::new(ErrorKind::FailedPrecondition, message));
    }
    copy(data_dir, to, progress).await
}

/// Puts a backup back as a data folder that does not exist yet. The backup is verified first.
pub async fn restore(from: &Path, data_dir: &Path, progress: impl Fn(&str)) -> Result<Verification> {
    let verification = verify(from, &progress).await?;
    if !verification.findings.is_empty() {
        return Ok(verification);
    }
    copy(from, data_dir, progress).await
}

async fn copy(from: &Path, to: &Path, progress: impl Fn(&str)) -> Result<Verification> {
    let failed = |e: std::io::Error| {
        let message = format!("cannot copy {} to {}: {e}", from.display(), to.display());
        Error::new(ErrorKind::FailedPrecondition, message)
    };
    if fs::read_dir(to).is_ok_and(|mut entries| entries.next().is_some()) {
        let message = format!("{} is not empty; choose a folder that does not exist yet", to.display());
        return Err(Error::new(ErrorKind::FailedPrecondition, message));
    }
    private_files();
    // A copy that is cut short does not bear the name of a whole one.
    let partial = PathBuf::from(format!("{}.partial", to.display()));
    if partial.exists() {
        fs::remove_dir_all(&partial).map_err(failed)?;
    }
    Store::open(&from.join(TABLES))?.copy_to(&partial.join(TABLES), &progress)?;
    for folder in BESIDE {
        copy_folder(&from.join(folder), &partial.join(folder)).map_err(failed)?;
    }
    let verification = verify(&partial, progress).await?;
    if verification.findings.is_empty() {
        if to.is_dir() {
            fs::remove_dir(to).map_err(failed)?;
        }
        fs::rename(&partial, to).map_err(failed)?;
    }
    Ok(verification)
}

fn copy_folder(from: &Path, to: &Path) -> std::io::Result<()> {
    if !from.is_dir() {
        return Ok(());
    }
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let kind = entry.file_type()?;
        let target = to.join(entry.file_name());
        if kind.is_dir() {
            copy_folder(&entry.path(), &target)?;
        } else if kind.is_file() {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}
