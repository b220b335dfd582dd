//! `uplift load`: the demo's records into a running ingest service.

use clap::Args;
use tonic::transport::Channel;
use uplift_client::{connect, from_status};
use uplift_core::error::Result;
use uplift_core::language::Language;
use uplift_proto::dataset::find;
use uplift_proto::rows::Rows;
use uplift_proto::v1::ingest::{Mode, Policy, Submission, SubmissionHeader, SubmitRecordsRequest};
use uplift_simulate::{Article, Plan};

use crate::arguments::{IngestAddress, ProgrammeSize};
use crate::commands::simulate;
use crate::county_file;
use crate::outcome::Outcome;
use crate::terminal::say_in;

#[derive(Debug, Args)]
pub(crate) struct LoadArgs {
    #[command(flatten)]
    size: ProgrammeSize,
    #[command(flatten)]
    address: IngestAddress,
}

pub(crate) async fn run(args: LoadArgs, language: Language) -> Result<Outcome> {
    let channel = connect(&args.address.ingest_url).await?;
    let plan = Plan { households: args.size.households, seed: args.size.seed };
    submit(channel, &Article::chongqing_2011()?, plan, language).await?;
    Ok(Outcome::Done)
}

/// Submits the article and what is at hand of the one on the year before; then, unless there are no households, a simulated programme and a county's
/// file with errors. Submitting it again changes nothing.
pub(crate) async fn submit(
    channel: Channel,
    article: &Article,
    plan: Plan,
    language: Language,
) -> Result<()> {
    submit_article(channel.clone(), article, language).await?;
    submit_article(channel.clone(), &Article::chongqing_2010()?, language).await?;
    if plan.households > 0 {
        simulate::submit(channel.clone(), plan).await?.print_summary(language);
        county_file::submit(channel, language).await?;
    }
    Ok(())
}

/// Submits statements and checks, one submission each, and prints the outcome.
async fn submit_article(channel: Channel, article: &Article, language: Language) -> Result<()> {
    let mut client = uplift_client::ingest(channel);
    let number = |name: &str| find(name).map(|d| d.rows_number).unwrap_or_default();
    let statements = Rows::encode(number("statement"), &article.statements);
    let checks = Rows::encode(number("statement_check"), &article.checks);
    for (dataset, rows) in [("statement", statements), ("statement_check", checks)] {
        let document = &article.document;
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
        let request = SubmitRecordsRequest { header: Some(header), rows: Some(rows), dry_run: false };
        let answer = client.submit_records(request).await.map_err(|s| from_status(&s))?.into_inner();
        let Submission { header, rows_accepted, table_version, .. } = answer.submission.unwrap_or_default();
        say_in!(
            language,
            "  submitted {}: {rows_accepted} rows accepted, in table version {}",
            "  已上报{}：入库{rows_accepted}行，表版本{}",
            header.unwrap_or_default().submission_id,
            table_version.unwrap_or_default()
        );
    }
    Ok(())
}
