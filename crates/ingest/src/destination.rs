//! Where records of one dataset are committed to, and what decides them there.

use std::sync::Arc;
use std::time::Duration;

use uplift_core::dataset::Dataset;
use uplift_store::{Table, WriterLock};

use crate::ledger::Ledger;
use crate::quarantine::Quarantine;
use crate::references::References;
use crate::set_rules::RecordRules;

/// Where a committer commits to.
#[derive(Debug, Clone)]
pub(crate) struct Destination {
    pub(crate) dataset: &'static Dataset,
    pub(crate) table: Arc<Table>,
    /// Its version at the start; the ledger knows what was committed until then.
    pub(crate) version: i64,
    /// Where every submission is recorded.
    pub(crate) ledger: Arc<Ledger>,
    /// Where rejected rows are kept.
    pub(crate) quarantine: Arc<Quarantine>,
    /// What other records name.
    pub(crate) references: Arc<References>,
    /// Rules over several records, of this dataset and of those that its records decide.
    pub(crate) set_rules: Arc<RecordRules>,
    /// How long every version of a table is kept.
    pub(crate) retention: Duration,
    /// Held until the last commit is done.
    pub(crate) _lock: Arc<WriterLock>,
}
