//! Two editions compared, or one with what its figures are now: what differs, by how much, and what made it differ.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use rust_decimal::Decimal;
use uplift_client::MetricsClient;
use uplift_core::error::{Error, Result};
use uplift_proto::status::from_status;
use uplift_proto::v1::metrics::{TraceFigureRequest, TraceFigureResponse};
use uplift_proto::v1::reporting::{ChangeCause, ChangeCauseKind, CompareReportsResponse, EditionFigure};

use crate::edition::figures::changes;
use crate::edition::name::EditionName;
use crate::edition::recomputed::{Definitions, by_key, recomputed};
use crate::edition::store::EditionStore;
use crate::figure_key::FigureKey;
use crate::upstream::upstream;

/// Changes whose causes are looked for.
const MAX_TRACED: usize = 1_000;

/// Compares an edition with another of its series, or with now.
pub(crate) async fn compare(
    metrics: &MetricsClient,
    editions: &EditionStore,
    name: &EditionName,
    other: Option<&EditionName>,
) -> Result<CompareReportsResponse> {
    let edition = editions.get(name).await?;
    let after = match other {
        Some(other) if other.series != name.series => {
            let message = format!("{other} is of another series than {name}, and has other figures");
            return Err(Error::invalid_field("other_edition_id", message));
        }
        Some(other) if other.number <= name.number => {
            let message = format!("{other} does not come after {name}; write the earlier one first");
            return Err(Error::invalid_field("other_edition_id", message));
        }
        Some(other) => editions.get(other).await?.figures,
        None => recomputed(metrics, &edition, &Definitions::OfNow, HashMap::new()).await?,
    };
    let mut changes = changes(&edition.figures, &after);
    let (before, after) = (by_key(&edition.figures), by_key(&after));
    for change in changes.iter_mut().take(MAX_TRACED) {
        let key = FigureKey::of_change(change);
        change.causes = causes(metrics, before.get(&key).copied(), after.get(&key).copied()).await?;
    }
    Ok(CompareReportsResponse { figures: edition.figures.len() as i32, changes })
}

/// What made a figure another: its definition, submissions, and if none of them, tables of reference.
async fn causes(
    metrics: &MetricsClient,
    before: Option<&EditionFigure>,
    after: Option<&EditionFigure>,
) -> Result<Vec<ChangeCause>> {
    let earlier = Contributions::open(metrics, before).await?;
    let later = Contributions::open(metrics, after).await?;
    let mut causes = Vec::new();
    let versions = before.zip(after).map(|(b, a)| (b.definition_version, a.definition_version));
    if let (Some((old, new)), Some(figure)) = (versions.filter(|(old, new)| old != new), before) {
        causes.push(ChangeCause {
            kind: ChangeCauseKind::Definition.into(),
            name: format!("{}@{old} → @{new}", figure.indicator_id),
            ..ChangeCause::default()
        });
    }
    // Other records altogether: to name each submission of both would tell less.
    if let Some((old, new)) = before.zip(after)
        && old.simulated != new.simulated
    {
        let name = |simulated: bool| if simulated { "simulated" } else { "real" };
        causes.push(ChangeCause {
            kind: ChangeCauseKind::Origin.into(),
            name: format!("{} → {}", name(old.simulated), name(new.simulated)),
            ..ChangeCause::default()
        });
        return Ok(causes);
    }
    // Where the values of submissions add up to the figure on both sides, each has its share of the difference.
    let adds_up = earlier.adds_up && later.adds_up && causes.is_empty();
    let names: BTreeSet<&String> = earlier.submissions.keys().chain(later.submissions.keys()).collect();
    for name in names {
        let (old, new) = (earlier.submissions.get(name), later.submissions.get(name));
        if old == new {
            continue;
        }
        let kind = match new {
            Some(_) if old.is_none() => ChangeCauseKind::SubmissionAdded,
            _ => ChangeCauseKind::SubmissionRemoved,
        };
        let value = |side: Option<&Contribution>| side.and_then(|c| c.value).unwrap_or_default();
        let share = value(new) - value(old);
        causes.push(ChangeCause {
            kind: kind.into(),
            name: name.clone(),
            records_before: old.map_or(0, |c| c.records),
            records_after: new.map_or(0, |c| c.records),
            exact_share: if adds_up { share.normalize().to_string() } else { String::new() },
        });
    }
    if causes.is_empty() {
        let tables =
            earlier.versions.iter().filter(|(table, version)| later.versions.get(*table) != Some(version));
        causes.extend(tables.map(|(table, _)| ChangeCause {
            kind: ChangeCauseKind::Reference.into(),
            name: table.clone(),
            ..ChangeCause::default()
        }));
    }
    Ok(causes)
}

/// What submissions bring to a figure.
#[derive(Debug, Default)]
struct Contributions {
    submissions: BTreeMap<String, Contribution>,
    /// Whether their values are together that of the figure; so it is of nothing.
    adds_up: bool,
    versions: BTreeMap<String, i64>,
}

#[derive(Debug, Default, PartialEq)]
struct Contribution {
    records: i64,
    value: Option<Decimal>,
}

impl Contributions {
    async fn open(metrics: &MetricsClient, figure: Option<&EditionFigure>) -> Result<Self> {
        let Some(figure) = figure else { return Ok(Self { adds_up: true, ..Self::default() }) };
        let request = TraceFigureRequest { trace: figure.trace.clone(), page_size: 1, ..Default::default() };
        let answer = metrics.clone().trace_figure(request).await;
        let answer = answer.map_err(|status| upstream(from_status(&status)))?.into_inner();
        Ok(Self::of_trace(figure, answer))
    }

    fn of_trace(figure: &EditionFigure, answer: TraceFigureResponse) -> Self {
        let single = answer.parts.len() == 1;
        let mut submissions: BTreeMap<String, Contribution> = BTreeMap::new();
        for contributing in answer.parts.into_iter().flat_map(|part| part.submissions) {
            let contribution = submissions.entry(contributing.submission_id).or_default();
            contribution.records += contributing.records;
            contribution.value = contributing.exact_value.parse().ok().filter(|_| single);
        }
        let values: Option<Vec<Decimal>> = submissions.values().map(|c| c.value).collect();
        let sum: Option<Decimal> = values.map(|values| values.into_iter().sum());
        let whole = match figure.exact_value.as_str() {
            "" => Some(Decimal::ZERO),
            value => value.parse().ok(),
        };
        let adds_up = sum.is_some() && sum == whole;
        Self { submissions, adds_up, versions: answer.table_versions.into_iter().collect() }
    }
}
