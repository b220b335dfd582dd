//! `uplift load`: the demo's records into a running ingest service.

use tonic::transport::Channel;
use uplift_core::error::Result;
use uplift_proto::dataset::find;
use uplift_proto::rows::Rows;
use uplift_proto::status::from_status;
use uplift_proto::v1::ingest::ingest_service_client::IngestServiceClient;
use uplift_proto::v1::ingest::{Mode, Policy, Submission, SubmissionHeader, SubmitRecordsRequest};

use crate::cli::Load;
use crate::commands::{Outcome, connect, county_file, simulate};
use crate::seed::Seed;
use crate::simulate::Plan;
use crate::terminal::say;

/// Hands the article and a simulated programme in.
pub async fn run(options: Load) -> Result<Outcome> {
    let channel = connect(&options.ingest_url).await?;
    let plan = Plan { households: options.households, seed: options.seed };
    hand_in(channel, &Seed::chongqing_2011()?, plan).await?;
    Ok(Outcome::Done)
}

/// The article, then, unless there are to be no households, a simulated programme and a county's
/// faulty file. What was handed in before changes nothing.
pub async fn hand_in(channel: Channel, seed: &Seed, plan: Plan) -> Result<()> {
    article(channel.clone(), seed).await?;
    if plan.households > 0 {
        simulate::hand_in(channel.clone(), plan).await?;
        county_file::hand_in(channel).await?;
    }
    Ok(())
}

/// Hands statements and checks in, one submission each, and says what became of them.
async fn article(channel: Channel, seed: &Seed) -> Result<()> {
    let mut client = IngestServiceClient::new(channel);
    let number = |name: &str| find(name).map(|d| d.rows_number).unwrap_or_default();
    let statements = Rows::encode(number("statement"), &seed.statements);
    let checks = Rows::encode(number("statement_check"), &seed.checks);
    for (dataset, rows) in [("statement", statements), ("statement_check", checks)] {
        let document = &seed.document;
        let header = SubmissionHeader {
            submission_id: format!("{}/{dataset}/1", document.document_id),
            dataset: dataset.to_owned(),
            area_code: document.area_code.clone(),
            period: document.period.clone(),
            mode: Mode::Replace.into(),
            policy: Policy::AllOrNothing.into(),
            sender: document.sender.clone(),
            simulated: document.provenance.simulated,
        };
        let asked = SubmitRecordsRequest { header: Some(header), rows: Some(rows), dry_run: false };
        let answer = client.submit_records(asked).await.map_err(|s| from_status(&s))?.into_inner();
        let Submission { header, rows_landed, table_version, .. } = answer.submission.unwrap_or_default();
        say!(
            "  handed in {}: {rows_landed} rows in the table since version {}",
            header.unwrap_or_default().submission_id,
            table_version.unwrap_or_default()
        );
    }
    Ok(())
}
