//! A replay kit verified without a service.

use std::path::Path;

use tokio::sync::mpsc;
use uplift_client::connect;
use uplift_core::error::{Error, Result};
use uplift_core::language::Language;
use uplift_proto::service::Service;
use uplift_proto::v1::reporting::Verification;
use uplift_reporting::{Kit, Progress};
use uplift_server::node::Node;

use super::step_bar::StepBar;

/// Steps that wait to be shown.
const QUEUED: usize = 16;

/// Verifies a kit: its files, and its figures by a metrics service over what it holds, in this process.
pub(crate) async fn verify_kit(path: &Path, language: Language) -> Result<Verification> {
    let bar = StepBar::new(language);
    bar.show("unpacking the kit", 0, 4);
    let path = path.to_owned();
    let opened = tokio::task::spawn_blocking(move || Kit::open(&path));
    let kit = opened.await.map_err(|e| Error::internal("opening the kit", e))??;
    let node = Node::start_over_export(kit.folder()).await?;
    let address = node.address(Service::Metrics);
    let address = address.ok_or_else(|| Error::internal("starting metrics", "it has no address"))?;
    let metrics = uplift_client::metrics(connect(&format!("http://{address}")).await?);
    let (steps, mut shown) = mpsc::channel(QUEUED);
    let show = async {
        while let Some(step) = shown.recv().await {
            if let Progress::Begun(step) = step {
                bar.show(step.stage, step.done, step.total);
            }
        }
    };
    let (verification, ()) = tokio::join!(kit.verify(metrics, steps), show);
    node.stop().await?;
    verification
}
