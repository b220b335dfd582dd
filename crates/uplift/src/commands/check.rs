//! `uplift check`: the checks between published figures, judged.

use clap::Args;
use uplift_client::{all_checks, connect};
use uplift_core::error::Result;
use uplift_core::language::Language;
use uplift_proto::dataset::code_title;
use uplift_proto::v1::metrics::{CheckResult, CheckStatementsRequest, CheckStatementsResponse, Verdict};

use crate::arguments::{MetricsAddress, OutputFormat};
use crate::outcome::Outcome;
use crate::terminal::Listing;

#[derive(Debug, Args)]
pub(crate) struct CheckArgs {
    /// Document whose figures are checked; without it, all documents.
    #[arg(long, value_name = "ID", default_value = "")]
    document: String,
    /// Show only contradictions.
    #[arg(long)]
    contradictions: bool,
    /// Output format.
    #[arg(long, value_enum, default_value_t = OutputFormat::Table)]
    format: OutputFormat,
    #[command(flatten)]
    address: MetricsAddress,
}

pub(crate) async fn run(args: CheckArgs, language: Language) -> Result<Outcome> {
    let verdict = if args.contradictions { Verdict::Inconsistent } else { Verdict::Unspecified };
    let request = CheckStatementsRequest {
        document_id: args.document,
        verdict: verdict.into(),
        ..CheckStatementsRequest::default()
    };
    let mut client = uplift_client::metrics(connect(&args.address.metrics_url).await?);
    let answer = all_checks(&mut client, request).await?;
    listing(&answer.results, language).print(args.format)?;
    eprintln!("{}", summary(&answer, language));
    Ok(if answer.inconsistent > 0 { Outcome::ProblemsFound } else { Outcome::Done })
}

/// How many checks there are of each verdict.
pub(crate) fn summary(answer: &CheckStatementsResponse, language: Language) -> String {
    let CheckStatementsResponse { checks, consistent, inconsistent, undetermined, .. } = answer;
    match language {
        Language::En => format!(
            "{checks} checks: {consistent} consistent, {undetermined} undetermined, {inconsistent} contradictions"
        ),
        Language::Zh => {
            format!("共核对{checks}项：{consistent}项相符，{undetermined}项无法判定，{inconsistent}项不相符")
        }
    }
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
