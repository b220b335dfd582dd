//! `uplift report compare`: what differs between two editions, or between one and now, and what made it differ.

use clap::Args;
use rust_decimal::Decimal;
use tonic::transport::Channel;
use uplift_client::{connect, from_status};
use uplift_core::error::Result;
use uplift_core::format::grouped;
use uplift_core::language::Language;
use uplift_proto::v1::reporting::{ChangeCause, CompareReportsRequest, CompareReportsResponse, FigureChange};
use uplift_proto::words::change_cause;

use crate::arguments::{OutputFormat, ReportingAddress};
use crate::outcome::Outcome;
use crate::terminal::{Listing, say_in};

/// Causes of a change that a table names.
const MAX_CAUSES: usize = 5;

#[derive(Debug, Args)]
pub(super) struct CompareArgs {
    /// Edition, as annual-50-2011/1.
    edition_id: String,
    /// Later edition of the same series [default: what its figures are now].
    other_edition_id: Option<String>,
    /// Output format.
    #[arg(long, value_enum, default_value_t = OutputFormat::Table)]
    format: OutputFormat,
    #[command(flatten)]
    address: ReportingAddress,
}

pub(super) async fn run(args: CompareArgs, language: Language) -> Result<Outcome> {
    let channel = connect(&args.address.reporting_url).await?;
    let other = args.other_edition_id.unwrap_or_default();
    let comparison = compare(channel, &args.edition_id, &other).await?;
    print_comparison(&comparison, args.format, usize::MAX, language)?;
    Ok(Outcome::Done)
}

pub(crate) async fn compare(
    channel: Channel,
    edition_id: &str,
    other: &str,
) -> Result<CompareReportsResponse> {
    let request =
        CompareReportsRequest { edition_id: edition_id.to_owned(), other_edition_id: other.to_owned() };
    let answer = uplift_client::reporting(channel).compare_reports(request).await;
    Ok(answer.map_err(|s| from_status(&s))?.into_inner())
}

/// The first changes as a table, then how many there are.
pub(crate) fn print_comparison(
    comparison: &CompareReportsResponse,
    format: OutputFormat,
    most: usize,
    language: Language,
) -> Result<()> {
    let row = |change: &FigureChange| {
        // For people in groups of three; as they are for programs.
        let number = |value: &String| match value.parse::<Decimal>() {
            Ok(number) if format == OutputFormat::Table => grouped(number),
            _ => value.clone(),
        };
        let dash = |value: String| if value.is_empty() { "–".to_owned() } else { value };
        let mut area = change.area_code.clone();
        let mut codes: Vec<_> = change.dimensions.values().cloned().collect();
        codes.sort();
        codes.iter().for_each(|code| area += &format!(" · {code}"));
        vec![
            dash(change.figure_id.clone()),
            language.choose(&change.title_en, &change.title_zh).to_owned(),
            area,
            dash(number(&change.exact_value_before)),
            dash(number(&change.exact_value_after)),
            causes_in_words(&change.causes, format, language),
        ]
    };
    let rows: Vec<_> = comparison.changes.iter().take(most).map(row).collect();
    let columns = match language {
        Language::En => vec!["figure", "indicator", "of", "before", "after", "because of"],
        Language::Zh => vec!["数据", "指标", "范围", "原值", "现值", "原因"],
    };
    if !rows.is_empty() || format != OutputFormat::Table {
        Listing { columns, numbers: vec![3, 4], rows }.print(format)?;
    }
    if format == OutputFormat::Table {
        say_in!(
            language,
            "{} of {} figures differ",
            "共{1}项数据，其中{0}项不同",
            comparison.changes.len(),
            comparison.figures
        );
    }
    Ok(())
}

/// Causes, those with the greatest shares first; for people the first few.
fn causes_in_words(causes: &[ChangeCause], format: OutputFormat, language: Language) -> String {
    let share = |cause: &&ChangeCause| cause.exact_share.parse::<Decimal>().unwrap_or_default().abs();
    let mut sorted: Vec<_> = causes.iter().collect();
    sorted.sort_by_key(|cause| std::cmp::Reverse(share(cause)));
    let most = if format == OutputFormat::Table { MAX_CAUSES } else { usize::MAX };
    let mut words: Vec<_> =
        sorted.iter().take(most).map(|cause| change_cause(cause).text(language).to_owned()).collect();
    if let Some(more) = causes.len().checked_sub(most).filter(|more| *more > 0) {
        words.push(match language {
            Language::En => format!("{more} more (--format json has all)"),
            Language::Zh => format!("另有{more}项（--format json列出全部）"),
        });
    }
    words.join("; ")
}
