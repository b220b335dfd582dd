//! Steps of long work, told as they begin, and what comes of it.

use tokio::sync::mpsc;
use uplift_proto::v1::reporting::{Checklist, Edition, Report, Verification};

use crate::kit::packed::PackedKit;

/// A step of long work.
#[derive(Debug, Clone, Copy)]
pub struct Step {
    /// What is being done.
    pub stage: &'static str,
    /// Steps done before it.
    pub done: i32,
    /// Steps in all, as far as is known.
    pub total: i32,
}

/// What is sent while a report is written, published or verified.
#[derive(Debug)]
pub enum Progress {
    /// A step begins.
    Begun(Step),
    /// A report is written and kept.
    Written(Box<Report>),
    /// What stands against publishing it.
    Checked(Checklist),
    /// An edition is published.
    Published(Box<Edition>),
    /// An edition was verified, or found different.
    Verified(Verification),
    /// A kit is packed.
    Packed(PackedKit),
}

/// Stages.
pub(crate) const READING: &str = "reading figures";
pub(crate) const CHECKING: &str = "judging checks";
pub(crate) const OPENING: &str = "opening the evidence";
pub(crate) const LAYING_OUT: &str = "laying out the pages";
pub(crate) const KEEPING: &str = "keeping the report";
pub(crate) const RECOMPUTING: &str = "computing figures again";
pub(crate) const GATHERING: &str = "gathering the files of the edition";
pub(crate) const EXPORTING: &str = "exporting definitions and rows";
pub(crate) const PACKING: &str = "packing the kit";
pub(crate) const READING_DEFINITIONS: &str = "comparing definitions";
pub(crate) const DIGESTING: &str = "comparing the files";

/// Where steps are told.
#[derive(Debug)]
pub(crate) struct Steps {
    progress: mpsc::Sender<Progress>,
    done: i32,
    total: i32,
}

impl Steps {
    pub(crate) fn new(progress: mpsc::Sender<Progress>, total: i32) -> Self {
        Self { progress, done: 0, total }
    }

    /// More steps are to come than was known.
    pub(crate) fn expect(&mut self, more: usize) {
        self.total = self.total.saturating_add(i32::try_from(more).unwrap_or(i32::MAX));
    }

    pub(crate) async fn begin(&mut self, stage: &'static str) {
        self.tell(Progress::Begun(Step { stage, done: self.done, total: self.total })).await;
        self.done += 1;
    }

    /// The work goes on even if nobody listens.
    pub(crate) async fn tell(&self, progress: Progress) {
        let _ = self.progress.send(progress).await;
    }
}
