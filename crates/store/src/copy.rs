//! A copy of a folder of tables that is consistent although rows may be committed meanwhile.

use std::fs;
use std::path::Path;

use uplift_core::error::{Error, ErrorKind, Result};

use crate::pins::list_of_pins;
use crate::schema::{LEDGER, REJECTIONS};
use crate::store::Store;

const LOG: &str = "_delta_log";

impl Store {
    /// Copies every table into a folder. Log entries that are written meanwhile are left out; the ledger
    /// comes first, so that it never tells of versions that the copy does not have, and rejections last, so
    /// that every submission finds its own.
    pub fn copy_to(&self, folder: &Path, progress: impl Fn(&str)) -> Result<()> {
        let mut names = self.table_names()?;
        names.sort_by_key(|name| match name.as_str() {
            LEDGER => 0,
            REJECTIONS => 2,
            _ => 1,
        });
        let failed = |what: &str, e: std::io::Error| {
            let message = format!("cannot copy {what} to {}: {e}", folder.display());
            Error::new(ErrorKind::FailedPrecondition, message)
        };
        for name in &names {
            progress(name);
            copy_table(&self.root().join(name), &folder.join(name))
                .map_err(|e| failed(&format!("table {name}"), e))?;
        }
        let made: String =
            names.iter().filter(|n| self.files().sums().was_made(n)).map(|n| format!("{n}\n")).collect();
        fs::write(crate::sums::list_of_tables(folder), made).map_err(|e| failed("the list of tables", e))?;
        let pins = copy_file(&list_of_pins(self.root()), &list_of_pins(folder));
        pins.map(drop).map_err(|e| failed("the list of pins", e))
    }
}

/// The log is read before the data: a data file is written before the entry that names it.
fn copy_table(from: &Path, to: &Path) -> std::io::Result<()> {
    fs::create_dir_all(to.join(LOG))?;
    let mut copied = Vec::new();
    for entry in fs::read_dir(from.join(LOG))? {
        let name = entry?.file_name();
        // The hint at the last checkpoint is made anew, since the copy may not have that one.
        if name.to_string_lossy().starts_with(|c: char| c.is_ascii_digit()) {
            if !copy_file(&from.join(LOG).join(&name), &to.join(LOG).join(&name))? {
                continue;
            }
            copied.push(format!("{LOG}/{}", name.to_string_lossy()));
        }
    }
    let sums = fs::read_to_string(from.join(crate::sums::FILE)).unwrap_or_default();
    let own = sums
        .lines()
        .filter(|line| line.split_once("  ").is_some_and(|(_, file)| copied.iter().any(|c| c == file)));
    let own: String = own.map(|line| format!("\n{line}")).collect();
    fs::write(to.join(crate::sums::FILE), own)?;
    copy_data(from, to)?;
    // What expired meanwhile is told at last.
    copy_file(&from.join(crate::expired::FILE), &to.join(crate::expired::FILE)).map(drop)
}

/// Copies a file, unless it is not there: versions expire while a folder is copied.
fn copy_file(from: &Path, to: &Path) -> std::io::Result<bool> {
    match fs::copy(from, to) {
        Ok(_) => Ok(true),
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(false),
        Err(e) => Err(e),
    }
}

fn copy_data(from: &Path, to: &Path) -> std::io::Result<()> {
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let (name, kind) = (entry.file_name(), entry.file_type()?);
        if kind.is_dir() && name != LOG {
            fs::create_dir_all(to.join(&name))?;
            copy_data(&entry.path(), &to.join(&name))?;
        } else if kind.is_file() && Path::new(&name).extension().is_some_and(|e| e == "parquet") {
            copy_file(&entry.path(), &to.join(&name))?;
        }
    }
    Ok(())
}
