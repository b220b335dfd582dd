//! `uplift trace`: from a figure to the records behind it.

use tonic::transport::Channel;
use uplift_core::error::{Error, Result};
use uplift_core::number::grouped;
use uplift_proto::status::from_status;
use uplift_proto::v1::metrics::metrics_service_client::MetricsServiceClient;
use uplift_proto::v1::metrics::{IndicatorQuery, QueryIndicatorsRequest, TraceFigureRequest, TracePart};

use crate::cli::{Language, Trace};
use crate::commands::indicators::describe;
use crate::commands::query::{area, value};
use crate::commands::{Outcome, connect};
use crate::node::MAX_MESSAGE;
use crate::terminal::say;

/// Submissions named of each part.
const SUBMISSIONS: usize = 5;

/// Opens the evidence of a figure and prints it.
pub async fn run(options: Trace, language: Language) -> Result<Outcome> {
    let channel = connect(&options.metrics_url).await?;
    let mut client = MetricsServiceClient::new(channel).max_decoding_message_size(MAX_MESSAGE);
    let trace = token(&mut client, &options).await?;
    let asked = TraceFigureRequest { trace, page_size: options.records, ..Default::default() };
    let evidence = client.trace_figure(asked).await.map_err(|s| from_status(&s))?.into_inner();
    let (figure, indicator) = (evidence.figure.unwrap_or_default(), evidence.indicator.unwrap_or_default());
    say!("{}, {}: {} {}", area(&figure, language), figure.period, value(&figure, language), figure.unit);
    if figure.simulated {
        say!("{}", language.of("from simulated records", "含模拟数据"));
    }
    describe(&indicator, language);
    evidence.parts.iter().for_each(print_part);
    let mut versions: Vec<_> = evidence.table_versions.iter().collect();
    versions.sort();
    let versions: Vec<_> = versions.iter().map(|(table, v)| format!("{table} at version {v}")).collect();
    say!("Tables: {}", versions.join(", "));
    match evidence.agrees {
        true => say!("Computed again from the records: {} – the same.", evidence.recomputed_exact),
        false => {
            say!("Computed again from the records: {} – NOT {}.", evidence.recomputed_exact, figure.exact)
        }
    }
    Ok(if evidence.agrees { Outcome::Done } else { Outcome::FoundWrong })
}

/// The trace asked for: as given, or that of the figure named by indicator, area and period.
async fn token(client: &mut MetricsServiceClient<Channel>, options: &Trace) -> Result<String> {
    // Traces have no dots, ids of indicators do.
    if !options.figure.contains('.') {
        return Ok(options.figure.clone());
    }
    let query = IndicatorQuery {
        indicators: vec![options.figure.clone()],
        area_code: options.area.clone(),
        periods: vec![options.period.clone()],
        ..IndicatorQuery::default()
    };
    let asked = QueryIndicatorsRequest { query: Some(query), ..Default::default() };
    let answer = client.query_indicators(asked).await.map_err(|s| from_status(&s))?.into_inner();
    let figure = answer.figures.into_iter().next();
    figure.map(|f| f.trace).ok_or_else(|| Error::not_found("there is no such figure"))
}

fn print_part(part: &TracePart) {
    say!("\n{}: {} from {} records", part.name, part.exact, grouped(part.records.into()));
    say!("  {}", part.sql);
    for submission in part.submissions.iter().take(SUBMISSIONS) {
        say!("  {} records of {}", grouped(submission.records.into()), submission.submission_id);
    }
    if part.submissions.len() > SUBMISSIONS {
        say!("  and {} more submissions", part.submissions.len() - SUBMISSIONS);
    }
    for row in &part.rows {
        let cells = part.columns.iter().zip(&row.values).filter(|(_, value)| !value.is_empty());
        let cells: Vec<_> = cells.map(|(column, value)| format!("{column} {value}")).collect();
        say!("  row {}: {}", row.row_number, cells.join(", "));
    }
}
