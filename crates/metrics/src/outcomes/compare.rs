//! Poverty in the villages of each batch before and after, beside villages of none, and claims beside what was measured.

use std::collections::{BTreeMap, BTreeSet};

use rust_decimal::Decimal;
use rust_decimal::prelude::{FromPrimitive, ToPrimitive};
use uplift_core::error::Result;
use uplift_core::format::grouped;
use uplift_core::language::Bilingual;
use uplift_core::period::Period;
use uplift_measures::estimate::Linearized;
use uplift_proto::v1::metrics::ClaimVerdict;
use uplift_proto::v1::records::Statistic;

use super::read::{Batch, batches};
use crate::indicators::lines::{Lines, STANDARD};
use crate::panel::{Estimate, Panel, PanelHousehold, county, panels};
use crate::snapshots::SnapshotSet;
use crate::statements::read::PublishedFigure;

/// The indicator whose published change is a claim.
const POOR: &str = "poverty.people";

/// One kind of records.
#[derive(Debug)]
pub(crate) struct Comparison {
    pub(crate) simulated: bool,
    pub(crate) groups: Vec<Group>,
    pub(crate) claims: Vec<Claim>,
}

/// Villages of a batch, or of none.
#[derive(Debug, Default)]
pub(crate) struct Group {
    pub(crate) batch: String,
    pub(crate) villages: usize,
    pub(crate) accepted: usize,
    pub(crate) sampled: usize,
    pub(crate) households: usize,
    pub(crate) spent: Decimal,
    /// Percent below the line before and after.
    pub(crate) poor: Option<[f64; 2]>,
    pub(crate) change: Option<Estimate>,
    /// Change less that of villages of none.
    pub(crate) difference: Option<Estimate>,
}

/// A reduction that is claimed.
#[derive(Debug)]
pub(crate) struct Claim {
    pub(crate) text: Bilingual,
    /// People fewer.
    pub(crate) claimed: f64,
    pub(crate) measured: Estimate,
    pub(crate) verdict: ClaimVerdict,
}

/// Compares a year with the one before.
pub(crate) async fn comparisons(
    snapshots: &SnapshotSet,
    area: &str,
    period: Period,
    published: &[PublishedFigure],
) -> Result<Vec<Comparison>> {
    let lines = Lines::read(snapshots).await?;
    let mut batches = batches(snapshots, area, period).await?;
    let mut panels = panels(snapshots, area, i32::from(period.year())).await?;
    let kinds: BTreeSet<bool> = batches.keys().chain(panels.keys()).copied().collect();
    let compare = |simulated: bool| {
        let batches = batches.remove(&simulated).unwrap_or_default();
        let panel = panels.remove(&simulated).unwrap_or_default();
        let poor = Poor::new(&panel, &lines, i32::from(period.year()));
        Ok(Comparison {
            simulated,
            groups: poor.groups(&batches)?,
            claims: poor.claims(area, period, published)?,
        })
    };
    kinds.into_iter().map(compare).collect()
}

/// Who of a panel is below the line in each year.
struct Poor<'a> {
    panel: &'a Panel,
    below: Vec<[f64; 2]>,
    /// Whether there is a line for every household in both years; without one nobody can be said to be poor or not.
    is_known: bool,
}

impl<'a> Poor<'a> {
    fn new(panel: &'a Panel, lines: &Lines, year: i32) -> Self {
        let line = |h: &PanelHousehold, y: usize| {
            let line = lines.line(STANDARD, i64::from(year) - 1 + y as i64, &h.area);
            line.and_then(|line| line.to_f64())
        };
        let is_known = panel.households.iter().all(|h| [0, 1].iter().all(|y| line(h, *y).is_some()));
        let is_below =
            |h: &PanelHousehold, y: usize| line(h, y).is_some_and(|line| h.income[y] / h.size[y] < line);
        let below = |h: &PanelHousehold| [0, 1].map(|y| f64::from(u8::from(is_below(h, y))));
        Self { below: panel.households.iter().map(below).collect(), panel, is_known }
    }

    /// Share of people below the line in a year among some households, with what each contributes to its variance.
    fn share(&self, year: usize, within: &[bool]) -> Result<Option<Linearized>> {
        if !self.is_known {
            return Ok(None);
        }
        self.panel.ratio(|n, h| {
            let people = if within[n] { h.size[year] } else { 0.0 };
            (100.0 * people * self.below[n][year], people)
        })
    }

    /// The shares before and after, and the change in percentage points.
    fn change(&self, within: &[bool]) -> Result<Option<([f64; 2], Linearized)>> {
        let (Some(before), Some(after)) = (self.share(0, within)?, self.share(1, within)?) else {
            return Ok(None);
        };
        Ok(Some(([before.value, after.value], less(&after, &before))))
    }

    fn groups(&self, batches: &BTreeMap<String, Batch>) -> Result<Vec<Group>> {
        let all: BTreeSet<&String> = batches.values().flat_map(|batch| &batch.villages).collect();
        // Villages of none of the same counties: elsewhere people live otherwise.
        let counties: BTreeSet<&str> = all.iter().map(|village| county(village)).collect();
        let is_other = |h: &PanelHousehold| !all.contains(&h.area) && counties.contains(county(&h.area));
        let none: Vec<bool> = self.panel.households.iter().map(is_other).collect();
        let others = self.change(&none)?.map(|(_, change)| change);
        let mut groups = Vec::new();
        for (name, batch) in batches {
            let within: Vec<bool> =
                self.panel.households.iter().map(|h| batch.villages.contains(&h.area)).collect();
            let base = Group {
                batch: name.clone(),
                villages: batch.villages.len(),
                accepted: batch.accepted.len(),
                spent: batch.spent,
                ..Group::default()
            };
            groups.push(self.group(base, &within, others.as_ref())?);
        }
        let mut rest = self.group(Group::default(), &none, None)?;
        rest.villages = rest.sampled;
        groups.push(rest);
        Ok(groups)
    }

    fn group(&self, mut group: Group, within: &[bool], others: Option<&Linearized>) -> Result<Group> {
        let own = self.panel.households.iter().zip(within).filter(|(_, within)| **within);
        group.sampled = own.clone().map(|(h, _)| &h.area).collect::<BTreeSet<_>>().len();
        group.households = own.count();
        let Some((poor, change)) = self.change(within)? else { return Ok(group) };
        group.poor = Some(poor);
        group.change = Some(self.panel.estimate(&change)?);
        let difference = others.map(|others| self.panel.estimate(&less(&change, others)));
        group.difference = difference.transpose()?;
        Ok(group)
    }

    /// How many people fewer are below the line.
    fn reduction(&self) -> Result<Estimate> {
        let fewer = self.panel.households.iter().zip(&self.below);
        let fewer: Vec<f64> =
            fewer.map(|(h, [before, after])| h.weight * (h.size[0] * before - h.size[1] * after)).collect();
        self.panel.estimate(&Linearized { value: fewer.iter().sum(), contributions: fewer })
    }

    fn claims(&self, area: &str, period: Period, published: &[PublishedFigure]) -> Result<Vec<Claim>> {
        if self.panel.households.is_empty() || !self.is_known {
            return Ok(Vec::new());
        }
        let measured = self.reduction()?;
        let registered = |y: usize| -> f64 {
            let own = self.panel.households.iter();
            let own =
                own.filter(|h| matches!(h.status[y].as_str(), "registered" | "returned" | "newly_poor"));
            own.map(|h| h.weight * h.size[y]).sum()
        };
        let fewer = registered(0) - registered(1);
        let mut claims = Vec::new();
        if fewer > 0.0 {
            let told = Decimal::from_f64(fewer.round()).map(grouped).unwrap_or_default();
            claims.push(claim(
                Bilingual::new(
                    format!("The register has {told} fewer poor people than the year before"),
                    format!("建档立卡贫困人口比上年减少{told}人"),
                ),
                (fewer, measured),
            ));
        }
        let is_claim = |p: &&PublishedFigure| {
            let s = &p.statement;
            s.subject == POOR
                && s.statistic() == Statistic::Change
                && s.period == period.to_string()
                && (s.area_code.is_empty() || s.area_code == area)
                && area.len() == 2
        };
        for statement in published.iter().filter(is_claim) {
            let bounds = statement.interval.low.zip(statement.interval.high);
            let Some(value) =
                bounds.and_then(|(low, high)| ((low.value + high.value) / Decimal::TWO).to_f64())
            else {
                continue;
            };
            let s = &statement.statement;
            claims.push(claim(
                Bilingual::new(
                    format!("{} {}: {}", s.document_id, s.section, s.title_en),
                    format!("{} {}：{}", s.document_id, s.section, s.title_zh),
                ),
                (value.abs(), measured),
            ));
        }
        Ok(claims)
    }
}

/// One value less another over the same households.
fn less(one: &Linearized, other: &Linearized) -> Linearized {
    let contributions = one.contributions.iter().zip(&other.contributions).map(|(a, b)| a - b).collect();
    Linearized { value: one.value - other.value, contributions }
}

fn claim(text: Bilingual, (claimed, measured): (f64, Estimate)) -> Claim {
    Claim { text, claimed, verdict: measured.at_least(claimed), measured }
}
