//! The metrics service: indicators queried and traced, statements read and checked.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use chrono::{DateTime, Utc};
use uplift_aggregation::Kept;
use uplift_core::area::AreaCode;
use uplift_core::error::{Error, FieldViolation, Result};
use uplift_core::period::PeriodError;
use uplift_proto::stop::Stop;
use uplift_proto::v1::metrics as wire;
use uplift_store::Store;

use crate::export::{Export, export};
use crate::funds::names::Names;
use crate::funds::read::{Scope, stages};
use crate::funds::statement::statement;
use crate::funds::wire::{Question, encode};
use crate::household::{self, histories};
use crate::indicators::catalogue::Catalogue;
use crate::indicators::findings::{FINDING_TABLES, OpenFinding};
use crate::indicators::live_catalogue::LiveCatalogue;
use crate::indicators::query::{Figure, Query, answer};
use crate::indicators::reference_data::{REFERENCE_TABLES, ReferenceData};
use crate::indicators::scan::Scanner;
use crate::indicators::trace::{EvidenceSource, Trace, TracePart, recompute, trace_parts};
use crate::indicators::under_query::findings_of;
use crate::indicators::value::Value;
use crate::objectives::{self, Computing, incomes};
use crate::outcomes::{self, comparisons};
use crate::red_flags::{self, Found};
use crate::row_cache::RowCache;
use crate::sample::{self, Candidate, Draw};
use crate::snapshots::{AsOf, SnapshotSet};
use crate::statements::conflicts::{Conflicts, search};
use crate::statements::documents::Documents;
use crate::statements::read::{Filter, PublishedFigure, checks, statements};
use crate::statements::reconcile::{CheckResult, judge};
use crate::tables::table;

/// Answers from the tables. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Metrics {
    store: Arc<Store>,
    live_catalogue: Arc<LiveCatalogue>,
    scanner: Arc<Scanner>,
    reference_data: Arc<ReferenceData>,
    row_cache: Arc<RowCache>,
    stop: Stop,
}

/// An answer and the versions of the tables that it was computed from.
#[derive(Debug)]
pub(crate) struct AtVersion<T> {
    pub(crate) items: Vec<T>,
    /// By dataset.
    pub(crate) versions: BTreeMap<String, i64>,
    /// When the newest of them was committed; none if no table existed.
    pub(crate) records_time: Option<DateTime<Utc>>,
}

/// A figure with its evidence.
#[derive(Debug)]
pub(crate) struct Evidence {
    /// As computed at the versions of the trace.
    pub(crate) figure: Figure,
    /// The value, or numerator and denominator.
    pub(crate) parts: Vec<TracePart>,
    /// The value from those parts.
    pub(crate) recomputed: Option<Value>,
    /// By dataset.
    pub(crate) versions: BTreeMap<String, i64>,
}

impl Metrics {
    /// A service over a store; `folder` holds the indicators that an office declares beside the built-in ones.
    pub fn new(store: Arc<Store>, folder: Option<PathBuf>, stop: Stop) -> Result<Self> {
        Ok(Self {
            live_catalogue: Arc::new(LiveCatalogue::new(folder)?),
            scanner: Arc::default(),
            reference_data: Arc::default(),
            row_cache: Arc::default(),
            store,
            stop,
        })
    }

    /// The same, which saves what it computes of data files in a folder of about so many bytes, for the next start.
    pub fn saved_in(self, folder: &Path, limit: u64) -> Self {
        let kept = Kept::saved_in(folder, self.store.root(), limit);
        Self { scanner: Arc::new(Scanner::new(kept)), ..self }
    }

    /// The service of an auditor: by the definitions of a folder and no others.
    pub fn of_definitions(store: Arc<Store>, folder: PathBuf, stop: Stop) -> Result<Self> {
        Ok(Self { live_catalogue: Arc::new(LiveCatalogue::only(folder)?), ..Self::new(store, None, stop)? })
    }

    /// Waits until subscriptions are to end.
    pub(crate) async fn stopping(&self) {
        self.stop.requested().await;
    }

    /// The indicators in force, and what is wrong with declarations that are not.
    pub(crate) fn catalogue(&self) -> (Arc<Catalogue>, Vec<String>) {
        self.live_catalogue.current()
    }

    /// Figures from the newest table versions, or from earlier ones.
    pub(crate) async fn query(&self, query: &Query, as_of: AsOf) -> Result<AtVersion<Figure>> {
        check_tables("query.table_versions", &as_of.versions)?;
        let snapshots = SnapshotSet::new(self.store.clone(), as_of);
        let (catalogue, _) = self.catalogue();
        let figures = answer(&catalogue, &self.scanner, &self.reference_data, &snapshots, query).await?;
        self.answered(&snapshots, figures).await
    }

    /// Newest versions of the tables that a query reads; the answer changes only if one of them does.
    pub(crate) async fn current_versions(&self, query: &Query) -> Result<BTreeMap<String, i64>> {
        let snapshots = SnapshotSet::new(self.store.clone(), AsOf::default());
        let (catalogue, _) = self.catalogue();
        let indicators = query.indicators(&catalogue)?;
        let datasets = indicators.iter().flat_map(|i| i.components()).flat_map(|c| c.datasets());
        let inspected = query.mark_under_query.then_some(FINDING_TABLES).into_iter().flatten();
        for table in datasets.chain(REFERENCE_TABLES).chain(inspected) {
            snapshots.version(table).await?;
        }
        Ok(snapshots.versions().await)
    }

    /// The evidence of a figure: a page of its records from `start`, at most `size` of each part.
    /// Rows that were read before `read_after` are read again.
    pub(crate) async fn trace(
        &self,
        trace: &Trace,
        (start, size): (usize, usize),
        read_after: Option<DateTime<Utc>>,
    ) -> Result<Evidence> {
        let (catalogue, _) = self.catalogue();
        let name = format!("{}@{}", trace.indicator, trace.definition);
        let indicator = catalogue.get(&name)?;
        trace.check_definition(indicator)?;
        let wrong = |e: String| Error::invalid_field("trace", e);
        let period = trace.period.parse().map_err(|e: PeriodError| wrong(e.to_string()))?;
        let area = Some(&trace.area).filter(|area| !area.is_empty());
        let area = area.map(|area| area.parse::<AreaCode>().map_err(|e| wrong(e.to_string()))).transpose()?;
        if area.as_ref().is_some_and(|area| area.as_str() != trace.area) {
            return Err(wrong("was changed after it was given out; copy it again".to_owned()));
        }
        let query = Query {
            indicators: vec![name],
            area,
            periods: vec![period],
            dimensions: trace.dimensions.keys().cloned().collect(),
            ..Query::default()
        };
        let as_of = AsOf { versions: trace.versions.clone(), instant: None };
        let snapshots = SnapshotSet::new(self.store.clone(), as_of).reading_after(read_after);
        let figures = answer(&catalogue, &self.scanner, &self.reference_data, &snapshots, &query).await?;
        let figure = figures.into_iter().find(|f| trace.is_of(f));
        let figure = figure.ok_or_else(|| wrong("belongs to a figure that has no records".to_owned()))?;
        let from =
            EvidenceSource { snapshots: &snapshots, row_cache: &self.row_cache, scanner: &self.scanner };
        let parts = trace_parts(from, indicator, trace, period, (start, size)).await?;
        let recomputed = recompute(indicator, &parts);
        Ok(Evidence { figure, parts, recomputed, versions: trace.versions.clone() })
    }

    /// The findings that are open now and concern a figure.
    pub(crate) async fn findings(&self, trace: &Trace, figure: &Figure) -> Result<BTreeSet<OpenFinding>> {
        let as_of = AsOf { versions: trace.versions.clone(), instant: None };
        let snapshots = SnapshotSet::new(self.store.clone(), as_of);
        findings_of(&self.scanner, &snapshots, &figure.indicator, &figure.subject()).await
    }

    /// Published figures at these versions, or the newest.
    pub(crate) async fn statements(
        &self,
        versions: BTreeMap<String, i64>,
        filter: &Filter<'_>,
    ) -> Result<AtVersion<PublishedFigure>> {
        let snapshots = self.snapshots(versions)?;
        let items = statements(&snapshots, filter).await?;
        self.answered(&snapshots, items).await
    }

    /// Where the money of a budget year is, of each kind of records: real ones first.
    pub(crate) async fn fund_statement(&self, question: Question) -> Result<AtVersion<wire::FundStatement>> {
        check_tables("table_versions", &question.as_of.versions)?;
        let snapshots = SnapshotSet::new(self.store.clone(), question.as_of);
        let area = question.area.as_str();
        let scope = Scope { area, period: question.period, project: &question.project };
        let areas = self.reference_data.areas(&snapshots).await?;
        let names = Names::read(&snapshots, areas, question.period).await?;
        let mut statements = Vec::new();
        for (simulated, stages) in stages(&snapshots, &scope).await? {
            let of_project = !question.project.is_empty();
            let statement = statement(&stages, area, question.digits, of_project);
            statements.push(encode(simulated, &statement, &names));
        }
        self.answered(&snapshots, statements).await
    }

    /// Accepted projects to be inspected again, and how many they were drawn from.
    pub(crate) async fn sample(
        &self,
        question: sample::wire::Question,
    ) -> Result<(AtVersion<wire::SampledProject>, usize)> {
        check_tables("table_versions", &question.as_of.versions)?;
        let snapshots = SnapshotSet::new(self.store.clone(), question.as_of);
        let draw = Draw {
            area: question.area.as_str(),
            period: question.period,
            size: question.size,
            seed: question.seed,
            simulated: question.simulated,
        };
        let areas = self.reference_data.areas(&snapshots).await?;
        let (drawn, population) = sample::sample(&snapshots, &draw).await?;
        let named = |candidate: &Candidate| {
            let name = areas.name(&candidate.area, question.period).cloned().unwrap_or_default();
            sample::wire::encode(candidate, &name)
        };
        let projects = drawn.iter().map(named).collect();
        Ok((self.answered(&snapshots, projects).await?, population))
    }

    /// What is on record of a household: of real records first.
    pub(crate) async fn household(
        &self,
        question: household::wire::Question,
    ) -> Result<AtVersion<wire::HouseholdHistory>> {
        check_tables("table_versions", &question.as_of.versions)?;
        let snapshots = SnapshotSet::new(self.store.clone(), question.as_of);
        let areas = self.reference_data.areas(&snapshots).await?;
        let name = |code: &str, year: i64| {
            let period = year.to_string().parse().ok();
            period.and_then(|period| areas.name(code, period)).cloned().unwrap_or_default()
        };
        let histories = histories(&snapshots, &question.household).await?;
        let told = histories.iter().map(|history| household::wire::encode(history, name));
        self.answered(&snapshots, told.collect()).await
    }

    /// How far targets are, and the objective of incomes.
    pub(crate) async fn objectives(
        &self,
        question: objectives::Question,
    ) -> Result<(AtVersion<wire::Objective>, Vec<wire::IncomeObjective>)> {
        check_tables("table_versions", &question.as_of.versions)?;
        let snapshots = SnapshotSet::new(self.store.clone(), question.as_of.clone());
        let (catalogue, _) = self.catalogue();
        let with = Computing {
            catalogue: &catalogue,
            scanner: &self.scanner,
            reference_data: &self.reference_data,
            snapshots: &snapshots,
        };
        let objectives = objectives::objectives(with, &question).await?;
        let incomes = incomes(&snapshots, question.area.as_str(), question.year).await?;
        let incomes = incomes.iter().map(|i| objectives::wire::encode_income(i, question.income)).collect();
        let versions = snapshots.versions().await;
        let objectives = objectives.into_iter().map(|o| objectives::wire::encode(o, &versions)).collect();
        Ok((self.answered(&snapshots, objectives).await?, incomes))
    }

    /// What changed in villages that were helped and in others, of each kind of records: real ones first.
    pub(crate) async fn outcomes(
        &self,
        question: outcomes::wire::Question,
    ) -> Result<AtVersion<wire::OutcomeComparison>> {
        check_tables("table_versions", &question.as_of.versions)?;
        let snapshots = SnapshotSet::new(self.store.clone(), question.as_of);
        let published = self.reference_data.published(&snapshots).await?;
        let compared = comparisons(&snapshots, question.area.as_str(), question.period, &published).await?;
        self.answered(&snapshots, compared.iter().map(outcomes::wire::encode).collect()).await
    }

    /// What rules find in an area and a period, of each rule, and the flags as callers see them.
    pub(crate) async fn red_flags(
        &self,
        question: red_flags::wire::Question,
    ) -> Result<(AtVersion<wire::RedFlag>, Vec<wire::RedFlagCount>)> {
        check_tables("table_versions", &question.as_of.versions)?;
        let snapshots = SnapshotSet::new(self.store.clone(), question.as_of);
        let areas = self.reference_data.areas(&snapshots).await?;
        let found =
            red_flags::found(&snapshots, question.rules, question.area.as_str(), question.period).await?;
        let counts = found.iter().map(red_flags::wire::count).collect();
        let flags = found.into_iter().flat_map(|Found { flags, .. }| flags).map(|flag| {
            let name = areas.name(&flag.area, question.period).cloned().unwrap_or_default();
            red_flags::wire::encode(flag, &name)
        });
        Ok((self.answered(&snapshots, flags.collect()).await?, counts))
    }

    /// One table at the version of a request, which is kept from now on.
    pub(crate) async fn pinned(
        &self,
        table: &str,
        as_of: AsOf,
    ) -> Result<(SnapshotSet, BTreeMap<String, i64>)> {
        check_tables("table_versions", &as_of.versions)?;
        let snapshots = SnapshotSet::new(self.store.clone(), as_of);
        snapshots.version(table).await?;
        let versions = snapshots.versions().await;
        self.store.pin(&versions);
        Ok((snapshots, versions))
    }

    /// What indicators are computed from at versions of tables, to compute them elsewhere.
    pub(crate) async fn export(
        &self,
        indicators: &[String],
        area: Option<&AreaCode>,
        versions: BTreeMap<String, i64>,
    ) -> Result<Export> {
        let tables = versions.keys().cloned().collect();
        let snapshots = self.snapshots(versions)?;
        let (catalogue, _) = self.catalogue();
        export(&catalogue, &snapshots, indicators, area, &tables).await
    }

    /// Every check of a document, or of all, judged at these versions, or the newest; and what they say together, if it is
    /// asked for.
    pub(crate) async fn check(
        &self,
        versions: BTreeMap<String, i64>,
        document_id: &str,
        with_conflicts: bool,
    ) -> Result<(AtVersion<CheckResult>, Conflicts)> {
        let snapshots = self.snapshots(versions)?;
        // A check may name statements of other documents.
        let figures = statements(&snapshots, &Filter::default()).await?;
        let checks = checks(&snapshots, document_id).await?;
        // If a check was submitted twice, the later one counts.
        let checks: BTreeMap<_, _> =
            checks.into_iter().map(|c| ((c.document_id.clone(), c.check_id.clone()), c)).collect();
        // Other calls do not wait for a search.
        let judged = tokio::task::spawn_blocking(move || {
            let checks: Vec<_> = checks.into_values().collect();
            let conflicts = if with_conflicts { search(&checks, &figures) } else { Conflicts::default() };
            let documents = Documents::new(&figures);
            (checks.into_iter().map(|check| judge(check, &documents)).collect(), conflicts)
        });
        let (items, conflicts) = judged.await.map_err(|e| Error::internal("judging checks", e))?;
        Ok((self.answered(&snapshots, items).await?, conflicts))
    }

    /// An answer with the versions that it names, which are kept from now on.
    async fn answered<T>(&self, snapshots: &SnapshotSet, items: Vec<T>) -> Result<AtVersion<T>> {
        let versions = snapshots.versions().await;
        self.store.pin(&versions);
        Ok(AtVersion { items, versions, records_time: snapshots.newest_commit().await? })
    }

    fn snapshots(&self, versions: BTreeMap<String, i64>) -> Result<SnapshotSet> {
        check_tables("table_versions", &versions)?;
        Ok(SnapshotSet::new(self.store.clone(), AsOf { versions, instant: None }))
    }
}

/// Refuses versions of tables that do not exist.
fn check_tables(field: &str, versions: &BTreeMap<String, i64>) -> Result<()> {
    let unknown = versions.keys().filter_map(|name| Some((name, table(name).err()?)));
    let violations = unknown.map(|(name, e)| FieldViolation::new(format!("{field}[{name:?}]"), e.remedy));
    let before = versions.iter().filter(|(_, version)| **version < -1);
    let before = before.map(|(name, version)| {
        let message =
            format!("{version} is not a version: they begin with 0, and -1 is a table that did not exist");
        FieldViolation::new(format!("{field}[{name:?}]"), message)
    });
    let violations: Vec<_> = violations.chain(before).collect();
    if violations.is_empty() { Ok(()) } else { Err(Error::invalid(violations)) }
}
