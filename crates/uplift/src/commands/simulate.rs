//! `uplift simulate`: simulated records of a whole programme, submitted as counties would.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use clap::Args;
use futures::{StreamExt, TryStreamExt, stream};
use indicatif::{ProgressBar, ProgressStyle};
use tonic::transport::Channel;
use uplift_client::{connect, from_status};
use uplift_core::error::{Error, Result};
use uplift_core::format::grouped;
use uplift_core::language::Language;
use uplift_proto::dataset::find;
use uplift_proto::v1::ingest::write_records_request::Part;
use uplift_proto::v1::ingest::{RecordBatch, WriteRecordsRequest};
use uplift_server::telemetry::stages;
use uplift_simulate::{Plan, SimulatedSubmission};

use crate::arguments::{IngestAddress, OutputFormat};
use crate::outcome::Outcome;
use crate::terminal::{Listing, message, say_in};

/// Concurrent streams: enough for submissions to share commits.
const CONCURRENCY: usize = 32;

#[derive(Debug, Args)]
pub(crate) struct SimulateArgs {
    /// Households of the sample, each described in both years.
    #[arg(long, value_name = "N", default_value_t = 10_000)]
    households: usize,
    /// The same seed makes the same records.
    #[arg(long, value_name = "S", default_value_t = 1)]
    seed: u64,
    #[command(flatten)]
    address: IngestAddress,
}

/// Submits simulated records to a running ingest service.
pub(crate) async fn run(args: SimulateArgs, language: Language) -> Result<Outcome> {
    let channel = connect(&args.address.ingest_url).await?;
    let plan = Plan { households: args.households, seed: args.seed };
    let submitted = submit(channel, plan).await?;
    submitted.print_datasets(language)?;
    submitted.print_summary(language);
    print_stages(language);
    Ok(Outcome::Done)
}

/// What was submitted of one dataset.
#[derive(Debug, Default)]
struct Totals {
    submissions: usize,
    accepted: i64,
    rejected: i64,
}

/// What was submitted, by dataset, and how long it took.
#[derive(Debug)]
pub(crate) struct Submitted {
    totals: BTreeMap<String, Totals>,
    elapsed: Duration,
}

/// Submits everything, records that others refer to first.
pub(crate) async fn submit(channel: Channel, plan: Plan) -> Result<Submitted> {
    let began = Instant::now();
    let style = ProgressStyle::with_template("{spinner} {human_pos} rows {per_sec} {msg}");
    let bar =
        ProgressBar::new_spinner().with_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner()));
    let mut totals: BTreeMap<String, Totals> = BTreeMap::new();
    let mut queued: Vec<SimulatedSubmission> = Vec::new();
    let mut submissions = plan.submissions()?;
    while let Some(submission) = simulate_next(&mut submissions) {
        // A dataset begins once those before it are committed: its rows may refer to them.
        let begins =
            queued.last().is_some_and(|q| order(&q.header.dataset) != order(&submission.header.dataset));
        if begins || queued.len() >= CONCURRENCY * 2 {
            send(&channel, std::mem::take(&mut queued), &mut totals, &bar).await?;
        }
        queued.push(submission);
    }
    send(&channel, queued, &mut totals, &bar).await?;
    bar.finish_and_clear();
    Ok(Submitted { totals, elapsed: began.elapsed() })
}

fn simulate_next(submissions: &mut impl Iterator<Item = SimulatedSubmission>) -> Option<SimulatedSubmission> {
    tracing::debug_span!(target: "uplift_stage", "simulate records").in_scope(|| submissions.next())
}

/// Datasets that may be submitted at the same time have the same order.
fn order(dataset: &str) -> u8 {
    match dataset {
        "area" => 0,
        "organisation" => 1,
        "programme" => 2,
        "standard" => 2,
        "criterion" | "project" => 3,
        "mutual_fund" => 4,
        "mutual_fund_member" => 5,
        "mutual_fund_entry" => 6,
        // Nothing is entered into a month after it was closed.
        "mutual_fund_closing" => 7,
        // They name inspections.
        "acceptance_evidence" | "finding" => 9,
        _ => 8,
    }
}

async fn send(
    channel: &Channel,
    submissions: Vec<SimulatedSubmission>,
    totals: &mut BTreeMap<String, Totals>,
    bar: &ProgressBar,
) -> Result<()> {
    let sent = stream::iter(submissions.into_iter().map(|s| write(channel.clone(), s, bar.clone())));
    let answers: Vec<_> = sent.buffer_unordered(CONCURRENCY).try_collect().await?;
    for (dataset, accepted, rejected) in answers {
        let entry = totals.entry(dataset).or_default();
        entry.submissions += 1;
        entry.accepted += accepted;
        entry.rejected += rejected;
    }
    Ok(())
}

/// Streams one submission; returns its dataset with the rows accepted and rejected.
async fn write(
    channel: Channel,
    submission: SimulatedSubmission,
    bar: ProgressBar,
) -> Result<(String, i64, i64)> {
    let dataset = submission.header.dataset.clone();
    bar.set_message(format!("{dataset} of {}", submission.header.area_code));
    let batch = |(sequence, rows)| Part::Batch(RecordBatch { sequence, rows: Some(rows) });
    let open = std::iter::once(Part::Open(submission.header));
    let parts = open.chain((1..).zip(submission.batches).map(batch));
    let parts = stream::iter(parts.map(|part| WriteRecordsRequest { part: Some(part) }).collect::<Vec<_>>());
    let mut client = uplift_client::ingest(channel);
    let mut acks = client.write_records(parts).await.map_err(|s| from_status(&s))?.into_inner();
    let (mut accepted, mut rejected, mut first) = (0, 0, None);
    while let Some(ack) = acks.message().await.map_err(|s| from_status(&s))? {
        bar.inc((ack.rows_accepted - accepted).unsigned_abs());
        (accepted, rejected) = (ack.rows_accepted, ack.rows_rejected);
        first = first.or_else(|| ack.rejections.into_iter().next());
    }
    match first {
        None => Ok((dataset, accepted, rejected)),
        // Simulated records should fit: one that does not is our fault.
        Some(r) => Err(Error::internal(
            format!("{dataset}, row {}, {}: {}", r.row, r.field, r.message),
            "simulated rows were rejected",
        )),
    }
}

impl Submitted {
    /// A line for each dataset.
    fn print_datasets(&self, language: Language) -> Result<()> {
        let row = |(dataset, t): (&String, &Totals)| {
            let title = match (find(dataset), language) {
                (Some(known), Language::Zh) => known.title.zh.clone(),
                _ => dataset.clone(),
            };
            vec![title, count(t.submissions as i64), count(t.accepted), count(t.rejected)]
        };
        let listing = Listing {
            columns: match language {
                Language::En => vec!["simulated 模拟数据", "submissions", "rows accepted", "rows rejected"],
                Language::Zh => vec!["模拟数据", "上报批次", "入库行数", "退回行数"],
            },
            numbers: vec![1, 2, 3],
            rows: self.totals.iter().map(row).collect(),
        };
        listing.print(OutputFormat::Table)
    }

    /// All of it in a line.
    pub(crate) fn print_summary(&self, language: Language) {
        let sum = |of: fn(&Totals) -> i64| self.totals.values().map(of).sum::<i64>();
        let (accepted, rejected) = (sum(|t| t.accepted), sum(|t| t.rejected));
        let seconds = self.elapsed.as_secs_f64();
        say_in!(
            language,
            "simulated 模拟数据: {} datasets, {} submissions, {} rows accepted, {} rejected, in {seconds:.1} s, {} a second",
            "模拟数据：{}个数据集，{}批次，入库{}行，退回{}行，用时{seconds:.1}秒，每秒{}行",
            self.totals.len(),
            count(sum(|t| t.submissions as i64)),
            count(accepted),
            count(rejected),
            count((accepted as f64 / seconds) as i64)
        );
    }
}

fn count(number: i64) -> String {
    grouped(number.into())
}

/// The share of each stage in the time of ingest, if it runs in this process.
fn print_stages(language: Language) {
    let stages = stages();
    let total: f64 = stages.iter().map(|(_, time)| time.as_secs_f64()).sum();
    let share = |(name, time): &(&str, Duration)| {
        format!("{} {:.0}%", message(name, language), time.as_secs_f64() / total * 100.0)
    };
    if total > 0.0 {
        let shares = stages.iter().map(share).collect::<Vec<_>>().join(language.choose(", ", "、"));
        say_in!(language, "Time by stage: {shares}", "各环节用时：{shares}");
    }
}
