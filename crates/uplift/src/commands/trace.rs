//! `uplift trace`: from a figure to its records.

use clap::Args;
use uplift_client::{MetricsClient, connect, from_status};
use uplift_core::error::{Error, Result};
use uplift_core::format::grouped;
use uplift_core::language::Language;
use uplift_proto::v1::metrics::{
    IndicatorQuery, OpenFinding, QueryIndicatorsRequest, TraceFigureRequest, TracePart,
};

use crate::arguments::MetricsAddress;
use crate::commands::indicators::describe;
use crate::figure_text::{area, unit, value};
use crate::outcome::Outcome;
use crate::terminal::{say, say_in};

/// Submissions that are printed of each part.
const MAX_SUBMISSIONS: usize = 5;

#[derive(Debug, Args)]
pub(crate) struct TraceArgs {
    /// Trace of a figure, or id of an indicator.
    #[arg(value_name = "TRACE|INDICATOR")]
    figure: String,
    /// Area code, if an indicator is given.
    #[arg(long, value_name = "CODE", default_value = "50")]
    area: String,
    /// Period, if an indicator is given.
    #[arg(long, value_name = "PERIOD", default_value = "2011")]
    period: String,
    /// Records to show of each part.
    #[arg(long, value_name = "N", default_value_t = 5)]
    records: i32,
    #[command(flatten)]
    address: MetricsAddress,
}

/// Opens the evidence of a figure and prints it.
pub(crate) async fn run(args: TraceArgs, language: Language) -> Result<Outcome> {
    let mut client = uplift_client::metrics(connect(&args.address.metrics_url).await?);
    let trace = token(&mut client, &args).await?;
    let request =
        TraceFigureRequest { trace, page_size: args.records, tell_findings: true, ..Default::default() };
    let evidence = client.trace_figure(request).await.map_err(|s| from_status(&s))?.into_inner();
    let (figure, indicator) = (evidence.figure.unwrap_or_default(), evidence.indicator.unwrap_or_default());
    say!(
        "{}, {}: {} {}",
        area(&figure, language),
        figure.period,
        value(&figure, language),
        unit(&figure, language)
    );
    if figure.simulated {
        say!("{}", language.choose("from simulated records", "据模拟数据"));
    }
    describe(&indicator, language);
    evidence.findings.iter().for_each(|finding| print_finding(finding, language));
    evidence.parts.iter().for_each(|part| print_part(part, language));
    let mut versions: Vec<_> = evidence.table_versions.iter().collect();
    versions.sort();
    let version = |(table, v): &(&String, &i64)| match language {
        Language::En => format!("{table} at version {v}"),
        Language::Zh => format!("{table}（版本{v}）"),
    };
    let versions: Vec<_> = versions.iter().map(version).collect();
    say_in!(language, "Tables: {}", "数据表：{}", versions.join(", "));
    let (recomputed, exact) = (&evidence.recomputed_exact_value, &figure.exact_value);
    match evidence.agrees {
        true => say_in!(
            language,
            "Recomputed from the records: {recomputed}, equal.",
            "据原始记录重新计算：{recomputed}，一致。"
        ),
        false => say_in!(
            language,
            "Recomputed from the records: {recomputed}, NOT EQUAL to {exact}.",
            "据原始记录重新计算：{recomputed}，与{exact}不一致！"
        ),
    }
    Ok(if evidence.agrees { Outcome::Done } else { Outcome::ProblemsFound })
}

/// The trace: as given, or that of the figure named by indicator, area and period.
async fn token(client: &mut MetricsClient, args: &TraceArgs) -> Result<String> {
    // Traces have no dots, ids of indicators do.
    if !args.figure.contains('.') {
        return Ok(args.figure.clone());
    }
    let query = IndicatorQuery {
        indicators: vec![args.figure.clone()],
        area_code: args.area.clone(),
        periods: vec![args.period.clone()],
        ..IndicatorQuery::default()
    };
    let request = QueryIndicatorsRequest { query: Some(query), ..Default::default() };
    let answer = client.query_indicators(request).await.map_err(|s| from_status(&s))?.into_inner();
    let figure = answer.figures.into_iter().next();
    figure.map(|f| f.trace).ok_or_else(|| {
        Error::not_found(format!("{} has no figure for area {} in {}", args.figure, args.area, args.period))
    })
}

fn print_finding(finding: &OpenFinding, language: Language) {
    let name = Some(&finding.finding_id).filter(|id| !id.is_empty()).unwrap_or(&finding.inspection_id);
    let (date, deadline) = (&finding.date, &finding.deadline);
    match deadline.as_str() {
        "" => say_in!(
            language,
            "Under query by finding {name} of {date}",
            "存疑：问题{name}（{date}发现）尚未整改"
        ),
        _ => say_in!(
            language,
            "Under query by finding {name} of {date}, to be resolved by {deadline}",
            "存疑：问题{name}（{date}发现）尚未整改，期限{deadline}"
        ),
    }
}

fn print_part(part: &TracePart, language: Language) {
    let name = match (language, part.name.as_str()) {
        (Language::Zh, "numerator") => "分子",
        (Language::Zh, "denominator") => "分母",
        (Language::Zh, _) => "数值",
        (Language::En, name) => name,
    };
    let records = grouped(part.records.into());
    let value = &part.exact_value;
    say_in!(language, "\n{name}: {value} from {records} records", "\n{name}：{value}，据{records}条记录");
    say!("  {}", part.sql);
    for submission in part.submissions.iter().take(MAX_SUBMISSIONS) {
        let (records, id) = (grouped(submission.records.into()), &submission.submission_id);
        say_in!(language, "  {records} records of {id}", "  {id}：{records}条记录");
    }
    if part.submissions.len() > MAX_SUBMISSIONS {
        let more = part.submissions.len() - MAX_SUBMISSIONS;
        say_in!(language, "  and {more} more submissions", "  另有{more}次上报");
    }
    for row in &part.rows {
        let cells = part.columns.iter().zip(&row.values).filter(|(_, value)| !value.is_empty());
        let cells: Vec<_> = cells.map(|(column, value)| format!("{column} {value}")).collect();
        let (number, cells) = (row.row_number, cells.join(", "));
        say_in!(language, "  row {number}: {cells}", "  第{number}行：{cells}");
    }
}
