//! `uplift health`: whether services serve.

use std::time::Duration;

use clap::Args;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;
use uplift_client::{connect, from_status};
use uplift_core::error::Result;
use uplift_core::language::Language;
use uplift_proto::service::Service;

use crate::outcome::Outcome;
use crate::terminal::{message, say, say_in};

#[derive(Debug, Args)]
pub(crate) struct HealthArgs {
    /// Addresses to ask; without any, the three usual ones.
    #[arg(value_name = "URL")]
    urls: Vec<String>,
}

/// Asks each address, and prints one line for each.
pub(crate) async fn run(args: HealthArgs, language: Language) -> Result<Outcome> {
    let usual = || Service::ALL.map(Service::default_url).to_vec();
    let urls = if args.urls.is_empty() { usual() } else { args.urls };
    let mut outcome = Outcome::Done;
    for url in urls {
        let answer = tokio::time::timeout(Duration::from_secs(5), status(&url)).await;
        let state = match answer {
            Ok(Ok(ServingStatus::Serving)) => {
                say_in!(language, "{url} serving", "{url} 正常");
                continue;
            }
            Ok(Ok(ServingStatus::NotServing)) => language.choose("not serving", "不受理").to_owned(),
            Ok(Ok(_)) => language.choose("unknown", "状态不明").to_owned(),
            Ok(Err(error)) => message(&error.message, language),
            Err(_) => message("did not answer within 5 seconds", language),
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
