//! What rules for abuse find of what is planted, and how long all of them take:
//!
//!     cargo build --release --workspace --bins && cargo bench --workspace --bench red_flags
//!
//! `HOUSEHOLDS=1000000` is the size of the simulated programme, `SEEDS=1,2` are its seeds.
#![allow(clippy::unwrap_used)]

use std::time::Instant;

use uplift_proto::service::Service;
use uplift_proto::v1::metrics::ListRedFlagsRequest;
use uplift_simulate::Plan;
use uplift_testkit::planted::scores;
use uplift_testkit::{Uplift, simulate_with};

fn setting(name: &str, usual: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| usual.to_owned())
}

#[tokio::main]
async fn main() {
    let households: usize = setting("HOUSEHOLDS", "100000").parse().unwrap();
    for seed in setting("SEEDS", "1,2").split(',') {
        let plan = Plan { households, seed: seed.parse().unwrap() };
        let uplift = Uplift::start().await;
        let began = Instant::now();
        simulate_with(&format!("http://{}", uplift.address(Service::Ingest)), plan).await;
        println!("{households} households, seed {seed}, loaded in {:.0} s", began.elapsed().as_secs_f64());
        let mut metrics = uplift.metrics().await;
        let request = ListRedFlagsRequest {
            area_code: "50".into(),
            period: "2011".into(),
            page_size: 1,
            ..ListRedFlagsRequest::default()
        };
        for run in ["first", "again"] {
            let began = Instant::now();
            metrics.list_red_flags(request.clone()).await.unwrap();
            println!("all rules, {run}: {:.2} s", began.elapsed().as_secs_f64());
        }
        println!("rule               planted  found  recall    flags  right  precision");
        for (rule, score) in scores(&mut metrics, plan).await {
            println!(
                "{rule:<18} {:>7} {:>6} {:>7.2} {:>8} {:>6} {:>10.2}",
                score.planted,
                score.found,
                score.recall(),
                score.flags,
                score.right,
                score.precision()
            );
        }
    }
}
