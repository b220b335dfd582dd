//! `uplift simulate`: made-up records of a whole programme, handed in as counties would.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use futures::{StreamExt, TryStreamExt, stream};
use indicatif::{ProgressBar, ProgressStyle};
use tonic::transport::Channel;
use uplift_core::error::{Error, Result};
use uplift_core::number::grouped;
use uplift_proto::status::from_status;
use uplift_proto::v1::ingest::ingest_service_client::IngestServiceClient;
use uplift_proto::v1::ingest::write_records_request::Part;
use uplift_proto::v1::ingest::{RecordBatch, WriteRecordsRequest};

use crate::cli::{Format, Simulate};
use crate::commands::{Outcome, connect};
use crate::simulate::{HandIn, Plan};
use crate::telemetry::stages;
use crate::terminal::{Listing, say};

/// Streams at once: enough for submissions to share commits.
const AT_ONCE: usize = 32;

/// Hands simulated records in to a running ingest service.
pub async fn run(options: Simulate) -> Result<Outcome> {
    let channel = connect(&options.ingest_url).await?;
    hand_in(channel, Plan { households: options.households, seed: options.seed }).await?;
    Ok(Outcome::Done)
}

#[derive(Debug, Default)]
struct Landed {
    hand_ins: usize,
    rows: i64,
    came_back: i64,
}

/// Hands everything in, what is referred to first, and prints what landed.
pub async fn hand_in(channel: Channel, plan: Plan) -> Result<()> {
    let began = Instant::now();
    let style = ProgressStyle::with_template("{spinner} {human_pos} rows {per_sec} {msg}");
    let bar =
        ProgressBar::new_spinner().with_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner()));
    let mut landed: BTreeMap<String, Landed> = BTreeMap::new();
    let mut waiting: Vec<HandIn> = Vec::new();
    let mut hand_ins = plan.hand_ins()?;
    while let Some(hand_in) = make(&mut hand_ins) {
        // A dataset begins once what came before it is there: its rows may refer to that.
        let begins =
            waiting.last().is_some_and(|w| stage(&w.header.dataset) != stage(&hand_in.header.dataset));
        if begins || waiting.len() >= AT_ONCE * 2 {
            send(&channel, std::mem::take(&mut waiting), &mut landed, &bar).await?;
        }
        waiting.push(hand_in);
    }
    send(&channel, waiting, &mut landed, &bar).await?;
    bar.finish_and_clear();
    let count = |n: i64| grouped(n.into());
    let row = |(dataset, l): (&String, &Landed)| {
        vec![dataset.clone(), count(l.hand_ins as i64), count(l.rows), count(l.came_back)]
    };
    let rows: i64 = landed.values().map(|l| l.rows).sum();
    let listing = Listing {
        columns: vec!["simulated 模拟数据", "hand-ins", "rows in the table", "came back"],
        numbers: vec![1, 2, 3],
        rows: landed.iter().map(row).collect(),
    };
    listing.print(Format::Table)?;
    let seconds = began.elapsed().as_secs_f64();
    say!(
        "{} simulated rows in {seconds:.1} s, {} a second",
        count(rows),
        count((rows as f64 / seconds) as i64)
    );
    print_stages();
    Ok(())
}

fn make(hand_ins: &mut impl Iterator<Item = HandIn>) -> Option<HandIn> {
    tracing::debug_span!(target: "uplift_stage", "make up records").in_scope(|| hand_ins.next())
}

/// Where the time went, as far as ingest runs in this process.
fn print_stages() {
    let stages = stages();
    let total: f64 = stages.iter().map(|(_, time)| time.as_secs_f64()).sum();
    let share =
        |(name, time): &(&str, Duration)| format!("{name} {:.0}%", time.as_secs_f64() / total * 100.0);
    if total > 0.0 {
        say!("Time by stage: {}", stages.iter().map(share).collect::<Vec<_>>().join(", "));
    }
}

/// Datasets that may be handed in side by side share a stage.
fn stage(dataset: &str) -> u8 {
    match dataset {
        "area" => 0,
        "organisation" => 1,
        "programme" => 2,
        "project" => 3,
        _ => 4,
    }
}

async fn send(
    channel: &Channel,
    hand_ins: Vec<HandIn>,
    landed: &mut BTreeMap<String, Landed>,
    bar: &ProgressBar,
) -> Result<()> {
    let sent = stream::iter(hand_ins.into_iter().map(|h| write(channel.clone(), h, bar.clone())));
    let answers: Vec<_> = sent.buffer_unordered(AT_ONCE).try_collect().await?;
    for (dataset, rows, came_back) in answers {
        let entry = landed.entry(dataset).or_default();
        entry.hand_ins += 1;
        entry.rows += rows;
        entry.came_back += came_back;
    }
    Ok(())
}

async fn write(channel: Channel, hand_in: HandIn, bar: ProgressBar) -> Result<(String, i64, i64)> {
    let dataset = hand_in.header.dataset.clone();
    bar.set_message(format!("{dataset} of {}", hand_in.header.area_code));
    let batch = |(n, rows)| Part::Batch(RecordBatch { sequence: n, rows: Some(rows) });
    let parts = std::iter::once(Part::Open(hand_in.header)).chain((1..).zip(hand_in.batches).map(batch));
    let parts = stream::iter(parts.map(|part| WriteRecordsRequest { part: Some(part) }).collect::<Vec<_>>());
    let mut client = IngestServiceClient::new(channel);
    let mut acks = client.write_records(parts).await.map_err(|s| from_status(&s))?.into_inner();
    let (mut rows, mut came_back, mut first) = (0, 0, None);
    while let Some(ack) = acks.message().await.map_err(|s| from_status(&s))? {
        bar.inc((ack.rows_landed - rows).unsigned_abs());
        (rows, came_back) = (ack.rows_landed, ack.rows_rejected);
        first = first.or_else(|| ack.rejections.into_iter().next());
    }
    if let Some(r) = first {
        // What is made up should fit; what does not is a fault of ours.
        return Err(Error::internal(
            format!("{dataset} row {}: {}: {}", r.row, r.field, r.message),
            "simulated rows came back",
        ));
    }
    Ok((dataset, rows, came_back))
}
