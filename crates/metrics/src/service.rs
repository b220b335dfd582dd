//! What the service does, in the words of the domain.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use uplift_core::area::AreaCode;
use uplift_core::error::{Error, Result};
use uplift_core::period::PeriodError;
use uplift_store::Store;

use crate::background::Background;
use crate::catalogue::Catalogue;
use crate::figures::{self, Filter, Found, PublishedFigure};
use crate::offered::Offered;
use crate::pins::{AsOf, Pins};
use crate::query::{Figure, Query};
use crate::reconcile::{Judged, judge_all};
use crate::scan::Scanner;
use crate::trace::{Part, Trace};
use crate::value::Value;
use crate::{plan, query, trace};

/// Answers from the tables. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Metrics {
    store: Arc<Store>,
    offered: Arc<Offered>,
    scanner: Arc<Scanner>,
    background: Arc<Background>,
}

/// Figures, and the versions of the tables that they stand on.
#[derive(Debug)]
pub struct Answer {
    /// By indicator, period and place.
    pub figures: Vec<Figure>,
    /// By dataset.
    pub versions: BTreeMap<String, i64>,
}

/// A figure with its evidence.
#[derive(Debug)]
pub struct Traced {
    /// As computed at the trace's versions.
    pub figure: Figure,
    /// The value, or numerator and denominator.
    pub parts: Vec<Part>,
    /// The value from those parts.
    pub recomputed: Option<Value>,
    /// By dataset.
    pub versions: BTreeMap<String, i64>,
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
    /// A service over a store, with the indicators that an office declares in a folder beside ours.
    pub fn new(store: Arc<Store>, folder: Option<PathBuf>) -> Result<Self> {
        Ok(Self {
            offered: Arc::new(Offered::new(folder)?),
            scanner: Arc::default(),
            background: Arc::new(Background::new(store.clone())),
            store,
        })
    }

    /// The indicators as they are declared now, and what is wrong with declarations that do not count.
    pub fn catalogue(&self) -> (Arc<Catalogue>, Vec<String>) {
        self.offered.now()
    }

    /// Figures as the tables have them, or had them.
    pub async fn query(&self, query: &Query, as_of: AsOf) -> Result<Answer> {
        for (n, table) in as_of.versions.keys().enumerate() {
            plan::table(table).map_err(|e| Error::invalid_field(format!("query.table_versions[{n}]"), e))?;
        }
        let pins = Pins::new(self.store.clone(), as_of);
        let (catalogue, _) = self.catalogue();
        let figures = query::answer(&catalogue, &self.scanner, &self.background, &pins, query).await?;
        Ok(Answer { figures, versions: pins.versions().await })
    }

    /// Versions of the tables that a query reads: another answer is possible once they differ.
    pub async fn standing(&self, query: &Query) -> Result<BTreeMap<String, i64>> {
        let pins = Pins::new(self.store.clone(), AsOf::default());
        let (catalogue, _) = self.catalogue();
        let indicators = query.indicators(&catalogue)?;
        let used = indicators.iter().flat_map(|i| i.components()).flat_map(|c| c.datasets());
        for table in used.chain(["area", "programme", "statement"]) {
            pins.version(table).await?;
        }
        Ok(pins.versions().await)
    }

    /// The evidence of a figure: a page of its records from `start`, at most `size` of each part.
    pub async fn trace(&self, trace: &Trace, page: (usize, usize)) -> Result<Traced> {
        let (catalogue, _) = self.catalogue();
        let indicator = catalogue.get(&format!("{}@{}", trace.indicator, trace.definition))?;
        trace.fits(indicator)?;
        let wrong = |e: String| Error::invalid_field("trace", e);
        let period = trace.period.parse().map_err(|e: PeriodError| wrong(e.to_string()))?;
        let area = Some(&trace.area).filter(|area| !area.is_empty());
        let area = area.map(|area| area.parse::<AreaCode>().map_err(|e| wrong(e.to_string()))).transpose()?;
        let query = Query {
            indicators: vec![format!("{}@{}", trace.indicator, trace.definition)],
            area,
            periods: vec![period],
            dimensions: trace.dimensions.keys().cloned().collect(),
            ..Query::default()
        };
        let as_of = AsOf { versions: trace.versions.clone(), instant: None };
        let pins = Pins::new(self.store.clone(), as_of);
        let figures = query::answer(&catalogue, &self.scanner, &self.background, &pins, &query).await?;
        let figure = figures.into_iter().find(|f| f.dimensions == trace.dimensions);
        let figure = figure.ok_or_else(|| wrong("names a figure without records".to_owned()))?;
        let parts = trace::parts(&pins, indicator, trace, period, page).await?;
        let recomputed = trace::recompute(indicator, &parts);
        Ok(Traced { figure, parts, recomputed, versions: trace.versions.clone() })
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
