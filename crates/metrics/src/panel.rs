//! The same households in a year and the year before, and estimates over them by the design of the sample.
//!
//! Households of a sample count with their weights, and estimates have standard errors from how its clusters differ. Where none
//! is on record but those of a register, each counts once and estimates have no error: a register is no sample.

use std::collections::{BTreeMap, BTreeSet};

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Float64Type};
use uplift_core::error::{Error, Result};
use uplift_engine::error::query_failed;
use uplift_formats::columns::{boolean, text, text_at};
use uplift_measures::design::{CONFIDENCE, Design, LonelyPsu};
use uplift_measures::estimate::{Linearized, Sample};
use uplift_proto::v1::metrics::ClaimVerdict;

use crate::indicators::plan::within;
use crate::snapshots::SnapshotSet;
use crate::table_session::over;

/// A household in both years.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct PanelHousehold {
    pub(crate) id: String,
    /// Where it lived in the year before.
    pub(crate) area: String,
    pub(crate) status: [String; 2],
    /// Households that it stands for.
    pub(crate) weight: f64,
    pub(crate) size: [f64; 2],
    /// Yuan of the household.
    pub(crate) income: [f64; 2],
    stratum: String,
    cluster: String,
}

/// The county that an area is in, or the area itself if it is larger.
pub(crate) fn county(area: &str) -> &str {
    area.get(..6).unwrap_or(area)
}

/// Households of one kind of records.
#[derive(Debug, Default)]
pub(crate) struct Panel {
    pub(crate) households: Vec<PanelHousehold>,
    weights: Vec<f64>,
    design: Design,
    /// Whether it is a register, which has everybody.
    is_census: bool,
}

/// A value with its uncertainty.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Estimate {
    pub(crate) value: f64,
    pub(crate) error: Option<f64>,
    /// Bounds of the interval of usual confidence.
    pub(crate) bounds: Option<[f64; 2]>,
    /// Whether it is of everybody, as in a register: then it has no error, and none is missing.
    is_census: bool,
}

impl Estimate {
    /// Whether it is at least a claim, beyond chance. Of a sample whose error is not known nothing is decided.
    pub(crate) fn at_least(&self, claim: f64) -> ClaimVerdict {
        let census = self.is_census.then_some([self.value; 2]);
        match self.bounds.or(census) {
            None => ClaimVerdict::Undecided,
            Some([lower, _]) if lower >= claim => ClaimVerdict::Supported,
            Some([_, upper]) if upper < claim => ClaimVerdict::NotSupported,
            Some(_) => ClaimVerdict::Undecided,
        }
    }

    /// Whether it is below zero, beyond chance.
    pub(crate) fn is_negative(&self) -> ClaimVerdict {
        let census = self.is_census.then_some([self.value; 2]);
        match self.bounds.or(census) {
            Some([_, upper]) if upper < 0.0 => ClaimVerdict::Supported,
            Some([lower, _]) if lower > 0.0 => ClaimVerdict::NotSupported,
            _ => ClaimVerdict::Undecided,
        }
    }
}

impl Panel {
    pub(crate) fn new(mut households: Vec<PanelHousehold>, sampled: bool) -> Result<Self> {
        // In an order of their own, so that sums do not depend on files.
        households.sort_by(|a, b| a.id.cmp(&b.id));
        let of = |text: fn(&PanelHousehold) -> &String| households.iter().map(text).collect::<Vec<_>>();
        let design = Design::new(&of(|h| &h.stratum), &of(|h| &h.cluster));
        let design = design.map_err(|e| Error::internal("reading the design of a sample", e))?;
        let weights = households.iter().map(|h| h.weight).collect();
        Ok(Self { households, weights, design, is_census: !sampled })
    }

    fn sample(&self) -> Sample<'_> {
        let (weights, design) = (&self.weights, &self.design);
        Sample { weights, design, lonely: LonelyPsu::default(), confidence: CONFIDENCE }
    }

    /// An estimate from what each household contributes to its variance. Where fewer than two clusters contribute, nothing tells
    /// how much clusters differ, and the error is not known.
    pub(crate) fn estimate(&self, linear: &Linearized) -> Result<Estimate> {
        let alone = Estimate { value: linear.value, is_census: self.is_census, ..Estimate::default() };
        let contributing = self.households.iter().zip(&linear.contributions).filter(|(_, c)| **c != 0.0);
        let clusters: BTreeSet<_> = contributing.map(|(h, _)| (&h.stratum, &h.cluster)).collect();
        if self.is_census || clusters.len() < 2 {
            return Ok(alone);
        }
        let told = self.sample().estimate(linear);
        let told = told.map_err(|e| Error::internal("estimating over a panel", e))?;
        let bounds = told.low.zip(told.high).map(|(low, high)| [low, high]);
        Ok(Estimate { error: told.standard_error, bounds, ..alone })
    }

    /// Ratio of the weighted sums of two values of a household, which its place and itself tell; none where the lower is 0.
    pub(crate) fn ratio(
        &self,
        terms: impl Fn(usize, &PanelHousehold) -> (f64, f64),
    ) -> Result<Option<Linearized>> {
        let households = self.households.iter().enumerate();
        let (upper, lower): (Vec<f64>, Vec<f64>) =
            households.map(|(n, household)| terms(n, household)).unzip();
        let ratio = self.sample().linearise_ratio(&upper, &lower);
        ratio.map_err(|e| Error::internal("measuring over a panel", e))
    }
}

/// The panels of a year and the year before in an area: of real and of simulated households.
pub(crate) async fn panels(snapshots: &SnapshotSet, area: &str, year: i32) -> Result<BTreeMap<bool, Panel>> {
    let failed = |e| query_failed("reading the panel of households", e);
    let session = over(snapshots, ["household"]).await?;
    let inside = within("b.area_code", area).unwrap_or_else(|| "true".to_owned());
    let before = year - 1;
    let sql = format!(
        "SELECT b.simulated, b.household_id, b.area_code, b.status AS status_before, a.status AS status_after, \
           CAST(b.weight AS DOUBLE) AS weight, CAST(b.size AS DOUBLE) AS size_before, CAST(a.size AS DOUBLE) AS size_after, \
           CAST(b.income AS DOUBLE) AS income_before, CAST(a.income AS DOUBLE) AS income_after, b.stratum, b.cluster \
         FROM household b JOIN household a ON a.simulated = b.simulated AND a.household_id = b.household_id \
         WHERE b.year = {before} AND a.year = {year} AND {inside} \
           AND b.income IS NOT NULL AND a.income IS NOT NULL AND b.size > 0 AND a.size > 0"
    );
    // By simulated, of a sample and of a register.
    let mut read: BTreeMap<bool, [Vec<PanelHousehold>; 2]> = BTreeMap::new();
    for batch in session.sql(&sql).await.map_err(failed)?.collect().await.map_err(failed)? {
        add(&batch, &mut read)?;
    }
    let panel = |(simulated, [sampled, registered]): (bool, [Vec<PanelHousehold>; 2])| {
        let panel = match sampled.is_empty() {
            true => Panel::new(registered, false),
            false => Panel::new(sampled, true),
        };
        Ok((simulated, panel?))
    };
    read.into_iter().map(panel).collect()
}

fn add(batch: &RecordBatch, read: &mut BTreeMap<bool, [Vec<PanelHousehold>; 2]>) -> Result<()> {
    let simulated = boolean(batch, "simulated")?;
    let [id, area, before, after, stratum, cluster] =
        ["household_id", "area_code", "status_before", "status_after", "stratum", "cluster"]
            .map(|n| text(batch, n));
    let (id, area, before, after) = (id?, area?, before?, after?);
    let (stratum, cluster) = (stratum?, cluster?);
    let number = |name: &str| -> Result<_> {
        let column = batch.column_by_name(name).map(|column| cast(column, &DataType::Float64));
        let column = column.transpose().map_err(|e| Error::internal("reading the panel", e))?;
        column.ok_or_else(|| Error::internal("reading the panel", format!("no column {name}")))
    };
    let (weight, size) = (number("weight")?, [number("size_before")?, number("size_after")?]);
    let income = [number("income_before")?, number("income_after")?];
    for row in 0..batch.num_rows() {
        let at = |column: &arrow::array::ArrayRef| column.as_primitive::<Float64Type>().value(row);
        let kind = usize::from(weight.is_null(row));
        let village = text_at(&area, row);
        let own_cluster = Some(text_at(&cluster, row)).filter(|cluster| !cluster.is_empty());
        read.entry(simulated.value(row)).or_default()[kind].push(PanelHousehold {
            id: text_at(&id, row),
            status: [text_at(&before, row), text_at(&after, row)],
            weight: if weight.is_null(row) { 1.0 } else { at(&weight) },
            size: [at(&size[0]), at(&size[1])],
            income: [at(&income[0]), at(&income[1])],
            stratum: text_at(&stratum, row),
            cluster: own_cluster.unwrap_or_else(|| village.clone()),
            area: village,
        });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn household(id: &str, cluster: &str, income: [f64; 2]) -> PanelHousehold {
        PanelHousehold {
            id: id.into(),
            weight: 1.0,
            size: [1.0; 2],
            income,
            cluster: cluster.into(),
            ..PanelHousehold::default()
        }
    }

    #[test]
    fn the_mean_of_clusters_of_one_has_the_error_of_the_textbook() {
        let growth = [3.0, 5.0, 4.0, 8.0];
        let sample =
            growth.iter().enumerate().map(|(n, g)| household(&n.to_string(), &n.to_string(), [0.0, *g]));
        let panel = Panel::new(sample.collect(), true).unwrap();
        let mean = panel.ratio(|_, h| (h.income[1] - h.income[0], 1.0)).unwrap().unwrap();
        let estimate = panel.estimate(&mean).unwrap();
        assert_eq!(estimate.value, 5.0);
        // s² = 14/3, s²/n = 7/6.
        assert!((estimate.error.unwrap().powi(2) - 7.0 / 6.0).abs() < 1e-12);
        assert_eq!(estimate.at_least(0.5), ClaimVerdict::Supported);
        assert_eq!(estimate.at_least(5.5), ClaimVerdict::Undecided);
        assert_eq!(estimate.at_least(9.0), ClaimVerdict::NotSupported);
    }

    #[test]
    fn a_register_has_no_error_and_nobody_has_no_ratio() {
        let panel = Panel::new(vec![household("a", "x", [1.0, 2.0])], false).unwrap();
        let mean = panel.ratio(|_, h| (h.income[1], 1.0)).unwrap().unwrap();
        let told = panel.estimate(&mean).unwrap();
        assert_eq!((told.value, told.error, told.at_least(2.0)), (2.0, None, ClaimVerdict::Supported));
        let alone =
            Panel::new(vec![household("a", "x", [1.0, 2.0]), household("b", "x", [1.0, 4.0])], true).unwrap();
        let mean = alone.ratio(|_, h| (h.income[1], 1.0)).unwrap().unwrap();
        let told = alone.estimate(&mean).unwrap();
        assert_eq!((told.value, told.error, told.at_least(2.0)), (3.0, None, ClaimVerdict::Undecided));
        assert_eq!(panel.ratio(|_, _| (1.0, 0.0)).unwrap(), None);
    }
}
