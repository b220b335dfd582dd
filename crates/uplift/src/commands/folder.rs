//! `uplift verify`, `backup` and `restore`: a data folder looked at, copied and put back. These commands work on
//! the folder itself, since a service that cannot start must not stand in their way.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use indicatif::ProgressBar;
use uplift_core::error::Result;
use uplift_core::format::grouped;
use uplift_server::backup::{self, Finding, Verification};

use crate::outcome::Outcome;
use crate::terminal::say;

#[derive(Debug, Args)]
pub(crate) struct VerifyArgs {
    /// What to verify.
    #[arg(value_enum)]
    what: Verifiable,
    #[command(flatten)]
    folder: DataFolder,
}

/// What can be verified.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Verifiable {
    /// Every file of every table against its digest, and the ledger against the tables
    Tables,
}

#[derive(Debug, Args)]
pub(crate) struct BackupArgs {
    /// Folder to make; it must not exist yet.
    #[arg(value_name = "TO")]
    to: PathBuf,
    #[command(flatten)]
    folder: DataFolder,
}

#[derive(Debug, Args)]
pub(crate) struct RestoreArgs {
    /// The backup.
    #[arg(value_name = "FROM")]
    from: PathBuf,
    #[command(flatten)]
    folder: DataFolder,
}

/// The data folder.
#[derive(Debug, Args)]
struct DataFolder {
    /// Data folder of the services.
    #[arg(long, value_name = "DIR", default_value = "uplift-data", env = "UPLIFT_DATA_DIR")]
    data_dir: PathBuf,
}

pub(crate) async fn verify(args: VerifyArgs) -> Result<Outcome> {
    let Verifiable::Tables = args.what;
    let folder = &args.folder.data_dir;
    let bar = spinner();
    let verification = backup::verify(folder, |table| bar.set_message(format!("verifying {table}"))).await;
    bar.finish_and_clear();
    Ok(report(folder, &verification?))
}

pub(crate) async fn backup(args: BackupArgs) -> Result<Outcome> {
    let bar = spinner();
    let copied =
        backup::backup(&args.folder.data_dir, &args.to, |table| bar.set_message(table.to_owned())).await;
    bar.finish_and_clear();
    let outcome = report(&args.to, &copied?);
    if outcome == Outcome::Done {
        say!("Backup of {}: {}", args.folder.data_dir.display(), args.to.display());
    }
    Ok(outcome)
}

pub(crate) async fn restore(args: RestoreArgs) -> Result<Outcome> {
    let bar = spinner();
    let copied =
        backup::restore(&args.from, &args.folder.data_dir, |table| bar.set_message(table.to_owned())).await;
    bar.finish_and_clear();
    let outcome = report(&args.from, &copied?);
    if outcome == Outcome::Done {
        let folder = args.folder.data_dir.display();
        say!("Restored to {folder}. Start the services on it with: uplift serve --data-dir {folder}");
    }
    Ok(outcome)
}

fn spinner() -> ProgressBar {
    let bar = ProgressBar::new_spinner();
    bar.enable_steady_tick(std::time::Duration::from_millis(100));
    bar
}

/// Submissions that are named for one file.
const MAX_SUBMISSIONS: usize = 5;

fn report(folder: &Path, verification: &Verification) -> Outcome {
    let Verification { tables, files, unproven, findings } = verification;
    let count = |n: usize| grouped((n as i64).into());
    say!("{}: {} tables, {} files", folder.display(), count(*tables), count(*files));
    if *unproven > 0 {
        say!(
            "  {} files of logs have no digest, and were only looked for: another program wrote them, or the process \
             was killed just after it did.",
            count(*unproven)
        );
    }
    for Finding { table, file, what, version, submissions } in findings {
        let file = if file.is_empty() { String::new() } else { format!(" {file}") };
        let version = version.map(|v| format!(", version {v}")).unwrap_or_default();
        let named: Vec<_> = submissions.iter().take(MAX_SUBMISSIONS).map(String::as_str).collect();
        let more = submissions.len().saturating_sub(MAX_SUBMISSIONS);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        let named = if named.is_empty() {
            String::new()
        } else {
            format!("; submissions {}{more}", named.join(", "))
        };
        say!("  ✗ {table}{file}{version}: {what}{named}");
    }
    if findings.is_empty() {
        say!("Everything is as it was committed.");
        return Outcome::Done;
    }
    say!(
        "Restore the whole folder from a backup, or replace what these submissions sent: uplift restore --help"
    );
    Outcome::ProblemsFound
}
