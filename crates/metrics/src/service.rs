//! What the service does, in the words of the domain.

use std::collections::BTreeMap;
use std::sync::Arc;

use uplift_core::error::Result;
use uplift_store::Store;

use crate::figures::{self, Filter, Found, PublishedFigure};
use crate::reconcile::{Judged, judge_all};

/// Answers from the tables. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Metrics {
    store: Arc<Store>,
}

/// Versions of the tables that an answer stands on.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Versions {
    /// Of the statements.
    pub statement: Option<i64>,
    /// Of the checks.
    pub check: Option<i64>,
}

impl Metrics {
    /// A service over a store.
    pub fn new(store: Arc<Store>) -> Self {
        Self { store }
    }

    /// Published figures. One that was handed in twice counts as it was handed in last.
    pub async fn statements(
        &self,
        versions: Versions,
        filter: &Filter<'_>,
    ) -> Result<Found<PublishedFigure>> {
        figures::statements(&self.store, versions.statement, filter).await
    }

    /// Every check of a document, or of all, judged.
    pub async fn check(&self, versions: Versions, document_id: &str) -> Result<(Vec<Judged>, Versions)> {
        let filter = Filter { document_id, ..Filter::default() };
        let statements = figures::statements(&self.store, versions.statement, &filter).await?;
        let checks = figures::checks(&self.store, versions.check, document_id).await?;
        let versions = Versions { statement: statements.version, check: checks.version };
        // Of a check handed in twice the later declaration counts.
        let checks: BTreeMap<_, _> =
            checks.items.into_iter().map(|c| ((c.document_id.clone(), c.check_id.clone()), c)).collect();
        Ok((judge_all(checks.into_values().collect(), &statements.items), versions))
    }
}
