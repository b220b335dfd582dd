//! `uplift report kit`: an edition with everything that it is verified from, as one archive.

use std::path::PathBuf;

use clap::Args;
use sha2::{Digest, Sha256};
use uplift_client::{connect, from_status};
use uplift_core::error::{Error, ErrorKind, Result};
use uplift_core::language::Language;
use uplift_proto::v1::reporting::{ExportKitRequest, export_kit_response::Event};

use super::replay::verify_kit;
use super::step_bar::StepBar;
use super::verify::print_verification;
use crate::arguments::ReportingAddress;
use crate::outcome::Outcome;
use crate::saved_file::SavedFile;
use crate::terminal::say_in;

#[derive(Debug, Args)]
pub(super) struct KitArgs {
    /// Edition, as annual-50-2011/1; see: uplift report editions.
    edition_id: String,
    /// File to write [default: EDITION.kit.tar.zst].
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
    #[command(flatten)]
    address: ReportingAddress,
}

pub(super) async fn run(args: KitArgs, language: Language) -> Result<Outcome> {
    let mut client = uplift_client::reporting(connect(&args.address.reporting_url).await?);
    let request = ExportKitRequest { edition_id: args.edition_id.clone() };
    let mut events = client.export_kit(request).await.map_err(|s| from_status(&s))?.into_inner();
    let path =
        args.output.unwrap_or_else(|| format!("{}.kit.tar.zst", args.edition_id.replace('/', "-")).into());
    let bar = StepBar::new(language);
    let (mut file, mut digest, mut size) = (None, Sha256::new(), 0);
    let sha256 = loop {
        let cut_off = || Error::new(ErrorKind::Unavailable, "the kit was cut off; try again");
        match events.message().await.map_err(|s| from_status(&s))?.ok_or_else(cut_off)?.event {
            Some(Event::Progress(step)) => bar.show(&step.stage, step.done, step.total),
            Some(Event::Chunk(chunk)) => {
                let file = match &mut file {
                    Some(file) => file,
                    // Not before there is something to write: an error leaves what was there.
                    None => file.insert(SavedFile::create(&path)?),
                };
                file.write(&chunk)?;
                digest.update(&chunk);
                size += chunk.len();
            }
            Some(Event::Sha256(sent)) if sent == hex::encode(digest.clone().finalize()) => break sent,
            Some(Event::Sha256(_)) => return Err(cut_off()),
            None => {}
        }
    };
    drop(bar);
    if let Some(file) = file {
        file.keep()?;
    }
    say_in!(
        language,
        "{}: {} KB, SHA-256 {sha256}",
        "{}：{} KB，SHA-256 {sha256}",
        path.display(),
        size.div_ceil(1000)
    );
    // Whoever gets it does the same.
    let verification = verify_kit(&path, language).await?;
    print_verification(&verification, language);
    Ok(if verification.differences.is_empty() { Outcome::Done } else { Outcome::ProblemsFound })
}
