//! Figures that open findings concern: those that count a record of what one of them is about.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::Arc;

use uplift_core::error::Result;
use uplift_core::period::Period;

use super::findings::{OpenFinding, OpenFindings};
use super::indicator::{Component, Indicator};
use super::measurement::Measurement;
use super::plan::Breakdown;
use super::scan::{GroupResult, Origin, Scanner};
use crate::snapshots::SnapshotSet;

/// What a figure is of: an indicator's version, a period, an area, dimensions and a kind of records.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct FigureSubject {
    pub(crate) indicator: (String, u32),
    pub(crate) period: Period,
    pub(crate) area: String,
    pub(crate) dimensions: BTreeMap<String, String>,
    pub(crate) origin: Origin,
}

/// The figures that open findings concern.
#[derive(Debug, Default)]
pub(crate) struct Concerned(HashSet<FigureSubject>);

impl Concerned {
    /// Those of indicators in periods, for an area, the areas inside and each code of the dimensions.
    pub(crate) async fn measure(
        scanner: &Scanner,
        snapshots: &SnapshotSet,
        breakdown: &Breakdown,
        asked: &[(Arc<Indicator>, Period)],
    ) -> Result<Self> {
        let open = OpenFindings::read(snapshots).await?;
        let (mut owners, mut measurements) = (Vec::new(), Vec::new());
        for (indicator, period) in asked {
            for component in indicator.components().flat_map(|c| open.components(c, &breakdown.dimensions)) {
                owners.push((indicator, *period));
                measurements.push(Measurement { component, period: *period, since: None });
            }
        }
        let results = scanner.measure(snapshots, breakdown, &measurements).await?;
        let mut concerned = HashSet::new();
        for ((indicator, period), rows) in owners.into_iter().zip(results) {
            for row in rows.iter().filter(|row| row.observation.records > 0) {
                concerned.insert(FigureSubject {
                    indicator: (indicator.id.clone(), indicator.version),
                    period,
                    area: row.key.area.clone().unwrap_or_else(|| breakdown.area.clone()),
                    dimensions: named(breakdown, row),
                    origin: row.key.origin.clone(),
                });
            }
        }
        Ok(Self(concerned))
    }

    /// Whether a figure is one of them.
    pub(crate) fn has(&self, figure: &FigureSubject) -> bool {
        !self.0.is_empty()
            && origins(figure).any(|origin| self.0.contains(&FigureSubject { origin, ..figure.clone() }))
    }
}

/// The open findings that concern a figure of an indicator.
pub(crate) async fn findings_of(
    scanner: &Scanner,
    snapshots: &SnapshotSet,
    indicator: &Indicator,
    figure: &FigureSubject,
) -> Result<BTreeSet<OpenFinding>> {
    let open = OpenFindings::read(snapshots).await?;
    let dimensions: Vec<String> = figure.dimensions.keys().cloned().collect();
    let subjects: Vec<_> = indicator.components().flat_map(|c| open.by_subject(c, &dimensions)).collect();
    let measurement = |(component, _): &(Component, _)| Measurement {
        component: component.clone(),
        period: figure.period,
        since: None,
    };
    let measurements: Vec<_> = subjects.iter().map(measurement).collect();
    let breakdown = Breakdown { area: figure.area.clone(), by_level: None, dimensions };
    let results = scanner.measure(snapshots, &breakdown, &measurements).await?;
    let concerns = |row: &GroupResult| {
        row.observation.records > 0
            && named(&breakdown, row) == figure.dimensions
            && origins(figure).any(|origin| origin == row.key.origin)
    };
    let concerning = subjects.iter().zip(results).filter(|(_, rows)| rows.iter().any(concerns));
    Ok(concerning.flat_map(|((_, findings), _)| findings.iter().cloned()).collect())
}

/// The kinds of records that a figure is of. Those of no household, as flows of money, are part of ratios with both kinds
/// of households.
fn origins(figure: &FigureSubject) -> impl Iterator<Item = Origin> {
    [figure.origin.clone(), Origin { kind: None, ..figure.origin.clone() }].into_iter()
}

/// The dimensions of a result: column and code.
fn named(breakdown: &Breakdown, row: &GroupResult) -> BTreeMap<String, String> {
    let codes = row.key.dimensions.iter().map(|code| code.clone().unwrap_or_default());
    breakdown.dimensions.iter().cloned().zip(codes).collect()
}
