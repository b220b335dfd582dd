//! `uplift health`: whether services serve.

use std::time::Duration;

use clap::Args;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;
use uplift_client::{connect, from_status};
use uplift_core::error::{Error, ErrorKind, Result};
use uplift_core::language::Language;
use uplift_proto::service::Service;
use url::Url;

use crate::outcome::Outcome;
use crate::terminal::{message, say, say_in};

#[derive(Debug, Args)]
pub(crate) struct HealthArgs {
    /// Addresses to ask; without any, the three usual ones. One with a path, as http://localhost:7104/en/datasets, is asked
    /// for that page.
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
    if let Ok(address) = Url::parse(url)
        && address.path().len() > 1
    {
        let is_there = page(&address).await.map_err(|e| no_answer(url, e))?;
        return Ok(if is_there { ServingStatus::Serving } else { ServingStatus::NotServing });
    }
    let mut client = HealthClient::new(connect(url).await?);
    let answer = client.check(HealthCheckRequest::default()).await;
    Ok(answer.map_err(|s| from_status(&s))?.into_inner().status())
}

fn no_answer(url: &str, cause: std::io::Error) -> Error {
    let message = format!("no service answers at {url}; start one with: uplift serve");
    Error { source: Some(cause.into()), ..Error::new(ErrorKind::Unavailable, message) }
}

/// Whether a page is there.
async fn page(address: &Url) -> std::io::Result<bool> {
    let host = address.host_str().unwrap_or_default();
    let mut stream = TcpStream::connect((host, address.port_or_known_default().unwrap_or(80))).await?;
    let request = format!("GET {} HTTP/1.0\r\nHost: {host}\r\n\r\n", address.path());
    stream.write_all(request.as_bytes()).await?;
    let mut line = String::new();
    BufReader::new(stream).read_line(&mut line).await?;
    Ok(line.split(' ').nth(1) == Some("200"))
}
