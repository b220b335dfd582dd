//! `uplift health`: whether services serve.

use std::time::Duration;

use clap::Args;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;
use uplift_client::{connect, from_status};
use uplift_core::error::Result;
use uplift_proto::service::Service;

use crate::outcome::Outcome;
use crate::terminal::say;

#[derive(Debug, Args)]
pub(crate) struct HealthArgs {
    /// Addresses to ask; without any, the three usual ones.
    #[arg(value_name = "URL")]
    urls: Vec<String>,
}

/// Asks each address, and prints one line for each.
pub(crate) async fn run(args: HealthArgs) -> Result<Outcome> {
    let usual = || Service::ALL.map(Service::default_url).to_vec();
    let urls = if args.urls.is_empty() { usual() } else { args.urls };
    let mut outcome = Outcome::Done;
    for url in urls {
        let answer = tokio::time::timeout(Duration::from_secs(5), status(&url)).await;
        let state = match answer {
            Ok(Ok(ServingStatus::Serving)) => {
                say!("{url} serving");
                continue;
            }
            Ok(Ok(status)) => status.as_str_name().to_lowercase(),
            Ok(Err(error)) => error.message,
            Err(_) => "did not answer within 5 seconds".to_owned(),
        };
        say!("{url} {state}");
        outcome = Outcome::ProblemsFound;
    }
    Ok(outcome)
}

async fn status(url: &str) -> Result<ServingStatus> {
    let mut client = HealthClient::new(connect(url).await?);
    let answer = client.check(HealthCheckRequest::default()).await;
    Ok(answer.map_err(|s| from_status(&s))?.into_inner().status())
}
