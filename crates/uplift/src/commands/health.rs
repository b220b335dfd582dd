//! `uplift health`.

use std::time::Duration;

use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;
use uplift_core::error::Result;

use crate::cli::Health;
use crate::commands::{Outcome, connect};
use crate::node::Service;
use crate::terminal::say;

/// Asks each address, and prints one line for each.
pub async fn run(options: Health) -> Result<Outcome> {
    let usual = || Service::ALL.map(|s| format!("http://localhost:{}", s.default_port())).to_vec();
    let urls = if options.urls.is_empty() { usual() } else { options.urls };
    let mut outcome = Outcome::Done;
    for url in urls {
        let asked = tokio::time::timeout(Duration::from_secs(5), status(&url)).await;
        match asked {
            Ok(Ok(ServingStatus::Serving)) => say!("{url} serving"),
            Ok(Ok(status)) => {
                say!("{url} {}", status.as_str_name().to_lowercase());
                outcome = Outcome::FoundWrong;
            }
            Ok(Err(error)) => {
                say!("{url} {}", error.message);
                outcome = Outcome::FoundWrong;
            }
            Err(_) => {
                say!("{url} did not answer within 5 seconds");
                outcome = Outcome::FoundWrong;
            }
        }
    }
    Ok(outcome)
}

async fn status(url: &str) -> Result<ServingStatus> {
    let mut client = HealthClient::new(connect(url).await?);
    let answer = client.check(HealthCheckRequest::default()).await;
    Ok(answer.map_err(|s| uplift_proto::status::from_status(&s))?.into_inner().status())
}
