//! `uplift verify`, `backup` and `restore`: a data folder looked at, copied and put back. These commands work on
//! the folder itself, since a service that cannot start must not stand in their way.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use indicatif::ProgressBar;
use uplift_core::error::Result;
use uplift_core::format::grouped;
use uplift_core::language::Language;
use uplift_server::backup::{self, Finding, Verification};

use crate::outcome::Outcome;
use crate::terminal::{message, say, say_in};

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

pub(crate) async fn verify(args: VerifyArgs, language: Language) -> Result<Outcome> {
    let Verifiable::Tables = args.what;
    let folder = &args.folder.data_dir;
    let bar = spinner();
    let verification = backup::verify(folder, |table| {
        bar.set_message(format!("{} {table}", language.choose("verifying", "核验")))
    })
    .await;
    bar.finish_and_clear();
    Ok(report(folder, &verification?, language))
}

pub(crate) async fn backup(args: BackupArgs, language: Language) -> Result<Outcome> {
    let bar = spinner();
    let copied =
        backup::backup(&args.folder.data_dir, &args.to, |table| bar.set_message(table.to_owned())).await;
    bar.finish_and_clear();
    let outcome = report(&args.to, &copied?, language);
    if outcome == Outcome::Done {
        let (from, to) = (args.folder.data_dir.display(), args.to.display());
        say_in!(language, "Backup of {from}: {to}", "{from}的备份：{to}");
    }
    Ok(outcome)
}

pub(crate) async fn restore(args: RestoreArgs, language: Language) -> Result<Outcome> {
    let bar = spinner();
    let copied =
        backup::restore(&args.from, &args.folder.data_dir, |table| bar.set_message(table.to_owned())).await;
    bar.finish_and_clear();
    let outcome = report(&args.from, &copied?, language);
    if outcome == Outcome::Done {
        let folder = args.folder.data_dir.display();
        say_in!(
            language,
            "Restored to {folder}. Start the services on it with: uplift serve --data-dir {folder}",
            "已恢复到{folder}。启动服务：uplift serve --data-dir {folder}"
        );
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

fn report(folder: &Path, verification: &Verification, language: Language) -> Outcome {
    let Verification { tables, files, unproven, findings } = verification;
    let count = |n: usize| grouped((n as i64).into());
    let (tables, files) = (count(*tables), count(*files));
    let shown = folder.display();
    say_in!(language, "{shown}: {tables} tables, {files} files", "{shown}：{tables}个表，{files}个文件");
    if *unproven > 0 {
        let unproven = count(*unproven);
        say_in!(
            language,
            "  {unproven} files of logs have no digest, and were only looked for: another program wrote them, or the \
             process was killed just after it did.",
            "  {unproven}个日志文件没有摘要，只查了是否存在：由其他程序写入，或进程写完即被终止。"
        );
    }
    for Finding { table, file, what, version, submissions } in findings {
        let file = if file.is_empty() { String::new() } else { format!(" {file}") };
        let word = language.choose(", version ", "，版本");
        let version = version.map(|v| format!("{word}{v}")).unwrap_or_default();
        let named: Vec<_> = submissions.iter().take(MAX_SUBMISSIONS).map(String::as_str).collect();
        let more = submissions.len().saturating_sub(MAX_SUBMISSIONS);
        let more = match (more, language) {
            (0, _) => String::new(),
            (more, Language::En) => format!(" and {more} more"),
            (more, Language::Zh) => format!("等，另有{more}批"),
        };
        let named = if named.is_empty() {
            String::new()
        } else {
            format!("{}{}{more}", language.choose("; submissions ", "；批次 "), named.join(", "))
        };
        say!("  ✗ {table}{file}{version}{}{}{named}", language.choose(": ", "："), message(what, language));
    }
    if findings.is_empty() {
        say_in!(language, "Everything is as it was committed.", "全部与入库时一致。");
        return Outcome::Done;
    }
    say_in!(
        language,
        "Restore the whole folder from a backup, or replace what these submissions sent: uplift restore --help",
        "请从备份恢复整个目录，或替换这些批次所上报的内容：uplift restore --help"
    );
    Outcome::ProblemsFound
}
