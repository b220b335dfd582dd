//! How long readers wait for pages of the portal at a steady rate, beside an empty handler in the same run; and what pages weigh:
//!
//!     cargo build --release --workspace --bins && cargo bench --workspace --bench portal
//!
//! `HOUSEHOLDS=100000` is the size of the simulated programme, `RATE=200` requests a second, `SECONDS=20` for each page.
#![allow(clippy::unwrap_used)]

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::routing::get;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Mutex;
use uplift_proto::service::Service;
use uplift_simulate::Plan;
use uplift_testkit::{Uplift, simulate_with};

/// Connections that are kept open, as by readers.
const CONNECTIONS: usize = 32;

fn setting(name: &str, usual: usize) -> usize {
    std::env::var(name).map_or(usual, |value| value.parse().unwrap())
}

/// An answer: its status, and its bytes behind the head.
async fn ask(stream: &mut TcpStream, path: &str) -> (u16, usize) {
    let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let (mut answer, mut buffer) = (Vec::new(), vec![0; 64 << 10]);
    loop {
        let count = stream.read(&mut buffer).await.unwrap();
        assert!(count > 0, "the connection ended");
        answer.extend_from_slice(&buffer[..count]);
        let Some(end) = answer.windows(4).position(|four| four == b"\r\n\r\n") else { continue };
        let head = String::from_utf8_lossy(&answer[..end]).to_ascii_lowercase();
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
        let length: usize = length.unwrap().parse().unwrap();
        if answer.len() >= end + 4 + length {
            return (head.split(' ').nth(1).unwrap().parse().unwrap(), length);
        }
    }
}

/// Asks for a page at a rate; each wait counts from when the request was due, whether or not a connection was free.
async fn waits(address: &str, path: &str, rate: usize, seconds: usize) -> Vec<Duration> {
    let mut connections = Vec::new();
    for _ in 0..CONNECTIONS {
        connections.push(Arc::new(Mutex::new(TcpStream::connect(address).await.unwrap())));
    }
    // Warm.
    assert_eq!(ask(&mut *connections[0].lock().await, path).await.0, 200, "{path}");
    let began = Instant::now();
    let mut asked = Vec::new();
    for n in 0..rate * seconds {
        let due = began + Duration::from_secs_f64(n as f64 / rate as f64);
        tokio::time::sleep_until(due.into()).await;
        let (connection, path) = (connections[n % CONNECTIONS].clone(), path.to_owned());
        asked.push(tokio::spawn(async move {
            let (status, _) = ask(&mut *connection.lock().await, &path).await;
            assert_eq!(status, 200);
            due.elapsed()
        }));
    }
    let mut waits = Vec::new();
    for wait in asked {
        waits.push(wait.await.unwrap());
    }
    waits.sort();
    waits
}

#[tokio::main]
async fn main() {
    let (households, rate, seconds) =
        (setting("HOUSEHOLDS", 100_000), setting("RATE", 200), setting("SECONDS", 20));
    let uplift = Uplift::with_article().await;
    simulate_with(&format!("http://{}", uplift.address(Service::Ingest)), Plan { households, seed: 1 }).await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let empty = listener.local_addr().unwrap().to_string();
    tokio::spawn(async { axum::serve(listener, Router::new().route("/", get(async || ""))).await });
    println!(
        "{households} households, {rate} requests a second for {seconds} s on {CONNECTIONS} connections"
    );
    println!("page                                          bytes   p50 ms   p99 ms   max ms   first ms");
    let portal = uplift.portal();
    let pages = [
        (&empty, "/"),
        (&portal, "/en/"),
        (&portal, "/zh/"),
        (&portal, "/en/explore?section=poverty"),
        (&portal, "/en/explore/training.people?by=county"),
        (&portal, "/en/indicators/poverty.people"),
        (&portal, "/en/contradictions"),
        (&portal, "/en/submissions"),
        (&portal, "/en/datasets/fund_flow"),
        (&portal, "/en/areas/500101"),
    ];
    for (address, path) in pages {
        let began = Instant::now();
        let (_, bytes) = ask(&mut TcpStream::connect(address).await.unwrap(), path).await;
        let first = began.elapsed();
        let waits = waits(address, path, rate, seconds).await;
        let at = |part: f64| waits[((waits.len() - 1) as f64 * part) as usize].as_secs_f64() * 1e3;
        let name = if *address == empty { "an empty handler" } else { path };
        println!(
            "{name:<44} {bytes:>6} {:>8.2} {:>8.2} {:>8.2} {:>10.1}",
            at(0.5),
            at(0.99),
            at(1.0),
            first.as_secs_f64() * 1e3
        );
    }
}
