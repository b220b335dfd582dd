//! `uplift check`.

use uplift_core::error::Result;
use uplift_proto::dataset::code_title;
use uplift_proto::status::from_status;
use uplift_proto::v1::metrics::metrics_service_client::MetricsServiceClient;
use uplift_proto::v1::metrics::{CheckResult, CheckStatementsRequest, Verdict};

use crate::cli::{Check, Language};
use crate::commands::{Outcome, connect};
use crate::node::MAX_MESSAGE;
use crate::terminal::Listing;

/// Has the checks judged and prints them.
pub async fn run(options: Check, language: Language) -> Result<Outcome> {
    let channel = connect(&options.metrics_url).await?;
    let verdict = if options.contradictions { Verdict::Inconsistent } else { Verdict::Unspecified };
    let asked =
        CheckStatementsRequest { document_id: options.document, verdict: verdict.into(), versions: None };
    let mut client = MetricsServiceClient::new(channel).max_decoding_message_size(MAX_MESSAGE);
    let answer = client.check_statements(asked).await.map_err(|s| from_status(&s))?.into_inner();
    listing(&answer.results, language).print(options.format)?;
    eprintln!(
        "{} checks: {} consistent, {} inconsistent, {} undetermined",
        answer.checks, answer.consistent, answer.inconsistent, answer.undetermined
    );
    Ok(if answer.inconsistent > 0 { Outcome::FoundWrong } else { Outcome::Done })
}

/// Judged checks as rows.
pub fn listing(results: &[CheckResult], language: Language) -> Listing<'static> {
    let row = |result: &CheckResult| {
        let check = result.check.clone().unwrap_or_default();
        let kind = code_title("statement_check", "kind", check.kind);
        let verdict = match result.verdict() {
            Verdict::Consistent => language.of("consistent", "相符"),
            Verdict::Inconsistent => language.of("≠ inconsistent", "≠ 矛盾"),
            Verdict::Undetermined | Verdict::Unspecified => language.of("? undetermined", "? 无法判定"),
        };
        vec![
            verdict.to_owned(),
            kind.map(|t| language.of(&t.en, &t.zh).to_owned()).unwrap_or_default(),
            language.of(&check.title_en, &check.title_zh).to_owned(),
            language.of(&result.explanation_en, &result.explanation_zh).to_owned(),
        ]
    };
    let columns = match language {
        Language::En => vec!["verdict", "kind", "check", "because"],
        Language::Zh => vec!["判定", "类型", "勾稽关系", "依据"],
    };
    Listing { columns, numbers: Vec::new(), rows: results.iter().map(row).collect() }
}
