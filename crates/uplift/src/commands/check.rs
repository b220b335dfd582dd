//! `uplift check`: the checks between published figures, judged.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use uplift_client::{all_checks, connect};
use uplift_core::error::{Error, ErrorKind, Result};
use uplift_core::language::Language;
use uplift_formats::workbook_breaches;
use uplift_proto::dataset::code_title;
use uplift_proto::v1::metrics::{
    CheckResult, CheckStatementsRequest, CheckStatementsResponse, ConflictGroup, Verdict,
};

use crate::arguments::{MetricsAddress, OutputFormat};
use crate::outcome::Outcome;
use crate::terminal::{Listing, message, say, say_in};

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct CheckArgs {
    #[command(subcommand)]
    command: Option<CheckCommand>,
    #[command(flatten)]
    statements: StatementsArgs,
}

#[derive(Debug, Subcommand)]
enum CheckCommand {
    /// Hold a workbook to the rules of published ones; exits 1 if it breaks one.
    ///
    /// One table on each sheet, named and from A1; real numbers; no merged, hidden or empty cells; every sign explained in
    /// the notes. No service is needed.
    Workbook(WorkbookArgs),
}

#[derive(Debug, Args)]
struct WorkbookArgs {
    /// Workbook (.xlsx).
    file: PathBuf,
    /// Output format.
    #[arg(long, value_enum, default_value_t = OutputFormat::Table)]
    format: OutputFormat,
}

#[derive(Debug, Args)]
struct StatementsArgs {
    /// Document whose figures are checked; without it, all documents.
    #[arg(long, value_name = "ID", default_value = "")]
    document: String,
    /// Show only contradictions.
    #[arg(long)]
    contradictions: bool,
    /// Show what the relations say together: figures that cannot all be true, and for each of which a misprint would
    /// explain it, what it should have been.
    #[arg(long, conflicts_with = "contradictions")]
    conflicts: bool,
    /// Output format.
    #[arg(long, value_enum, default_value_t = OutputFormat::Table)]
    format: OutputFormat,
    #[command(flatten)]
    address: MetricsAddress,
}

pub(crate) async fn run(args: CheckArgs, language: Language) -> Result<Outcome> {
    match args.command {
        Some(CheckCommand::Workbook(args)) => check_workbook(&args, language),
        None => check_statements(args.statements, language).await,
    }
}

fn check_workbook(args: &WorkbookArgs, language: Language) -> Result<Outcome> {
    let unreadable = |e: std::io::Error| {
        Error::new(ErrorKind::FailedPrecondition, format!("cannot read {}: {e}", args.file.display()))
    };
    let breaches = workbook_breaches(std::fs::read(&args.file).map_err(unreadable)?)?;
    let rows = breaches.iter().map(|breach| vec![breach.place.clone(), message(&breach.message, language)]);
    let columns = vec![language.choose("where", "位置"), language.choose("what is wrong", "问题")];
    let listing = Listing { columns, numbers: Vec::new(), rows: rows.collect() };
    if breaches.is_empty() && args.format == OutputFormat::Table {
        say_in!(language, "{} keeps the rules", "{}符合规则", args.file.display());
        return Ok(Outcome::Done);
    }
    listing.print(args.format)?;
    Ok(if breaches.is_empty() { Outcome::Done } else { Outcome::ProblemsFound })
}

async fn check_statements(args: StatementsArgs, language: Language) -> Result<Outcome> {
    let verdict = if args.contradictions { Verdict::Inconsistent } else { Verdict::Unspecified };
    let document = args.document;
    let request = CheckStatementsRequest {
        document_id: document.clone(),
        verdict: verdict.into(),
        ..CheckStatementsRequest::default()
    };
    let mut client = uplift_client::metrics(connect(&args.address.metrics_url).await?);
    let answer = all_checks(&mut client, request).await?;
    if args.conflicts {
        conflicts(&answer.conflict_groups, language).print(args.format)?;
    } else {
        listing(&answer.results, language).print(args.format)?;
        if args.format == OutputFormat::Table {
            explanations(&answer.conflict_groups, language).iter().for_each(|line| say!("{line}"));
        }
    }
    if answer.conflicts_limited {
        eprintln!(
            "{}",
            language.choose(
                "the search for conflicts stopped at its limit; there can be more",
                "矛盾检索已达上限，可能还有其他矛盾"
            )
        );
    }
    eprintln!("{}", summary(&answer, language));
    if answer.checks == 0 && !document.is_empty() {
        return Err(Error::not_found(format!("no checks of document {document:?} were submitted")));
    }
    let contradicts = answer.inconsistent > 0 || !answer.conflict_groups.is_empty();
    Ok(if contradicts { Outcome::ProblemsFound } else { Outcome::Done })
}

/// How many checks there are of each verdict.
pub(crate) fn summary(answer: &CheckStatementsResponse, language: Language) -> String {
    let CheckStatementsResponse { checks, consistent, inconsistent, undetermined, .. } = answer;
    let mut text = match language {
        Language::En => format!(
            "{checks} checks: {consistent} consistent, {undetermined} undetermined, {inconsistent} contradictions"
        ),
        Language::Zh => {
            format!("共核对{checks}项：{consistent}项相符，{undetermined}项无法判定，{inconsistent}项不相符")
        }
    };
    // Where each relation can hold, and all of them together cannot.
    if *inconsistent == 0 && !answer.conflict_groups.is_empty() {
        text += language.choose("; together they contradict each other", "；但合并考察互相矛盾");
    }
    text
}

/// The fewest misprints that would explain each group of conflicts.
pub(crate) fn explanations(groups: &[ConflictGroup], language: Language) -> Vec<String> {
    let mut lines = Vec::new();
    let explained = groups.iter().filter(|group| !group.explanations.is_empty());
    for (number, group) in explained.enumerate() {
        for (n, explanation) in group.explanations.iter().enumerate() {
            let words = language.choose(&explanation.message_en, &explanation.message_zh);
            let begin = if n == 0 {
                format!("{}.", number + 1)
            } else {
                language.choose("   or", "   或").to_owned()
            };
            lines.push(format!("{begin} {words}"));
        }
    }
    if !lines.is_empty() {
        let title = language.choose(
            "The fewest misprints that would explain the contradictions (only the source can tell):",
            "最少几处误印可以解释上述矛盾（仅为推断，须以原始资料为准）：",
        );
        lines.insert(0, title.to_owned());
    }
    lines
}

/// Conflicts as rows, one for each statement that would explain one.
fn conflicts(groups: &[ConflictGroup], language: Language) -> Listing<'static> {
    let mut rows = Vec::new();
    for conflict in groups.iter().flat_map(|group| &group.conflicts) {
        for misprint in &conflict.misprints {
            rows.push(vec![
                language.choose(&conflict.message_en, &conflict.message_zh).to_owned(),
                format!("{}/{}", misprint.document_id, misprint.statement_id),
                language.choose(&misprint.needed_en, &misprint.needed_zh).to_owned(),
                misprint.conflicts.to_string(),
            ]);
        }
    }
    let columns = match language {
        Language::En => vec!["cannot all be true", "explained by", "should be", "conflicts explained"],
        Language::Zh => vec!["不可能同时成立", "误印数据", "应为", "可解释矛盾数"],
    };
    Listing { columns, numbers: vec![3], rows }
}

/// Judged checks as rows.
pub(crate) fn listing(results: &[CheckResult], language: Language) -> Listing<'static> {
    let row = |result: &CheckResult| {
        let check = result.check.clone().unwrap_or_default();
        let kind = code_title("statement_check", "kind", check.kind);
        let verdict = match result.verdict() {
            Verdict::Consistent => language.choose("consistent", "相符"),
            Verdict::Inconsistent => language.choose("≠ inconsistent", "≠ 不相符"),
            Verdict::Undetermined | Verdict::Unspecified => language.choose("? undetermined", "? 无法判定"),
        };
        vec![
            verdict.to_owned(),
            kind.map(|title| title.text(language).to_owned()).unwrap_or_default(),
            language.choose(&check.title_en, &check.title_zh).to_owned(),
            language.choose(&result.explanation_en, &result.explanation_zh).to_owned(),
        ]
    };
    let columns = match language {
        Language::En => vec!["verdict", "kind", "check", "because"],
        Language::Zh => vec!["判定", "类型", "勾稽关系", "依据"],
    };
    Listing { columns, numbers: Vec::new(), rows: results.iter().map(row).collect() }
}
