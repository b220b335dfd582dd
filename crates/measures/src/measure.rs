//! Every measure of one distribution by name.

use crate::conventions::Conventions;
use crate::distribution::Distribution;
use crate::error::Result;
use crate::{curve, inequality, poverty, quantile};

/// A measure of one distribution, with what it depends on besides.
#[derive(Debug, Clone, Copy, PartialEq)]
#[allow(missing_docs, reason = "each is documented where it is computed")]
pub enum Measure {
    Mean,
    HeadcountRatio { line: f64 },
    PovertyGap { line: f64 },
    SquaredPovertyGap { line: f64 },
    Fgt { line: f64, alpha: f64 },
    Watts { line: f64 },
    Sen { line: f64 },
    SenShorrocksThon { line: f64 },
    NumberOfPoor { line: f64 },
    AverageShortfall { line: f64 },
    RelativeHeadcountRatio { share: f64 },
    Gini,
    MeanLogDeviation,
    Theil,
    GeneralizedEntropy { alpha: f64 },
    Atkinson { epsilon: f64 },
    Quantile { p: f64 },
    Share { from: f64, to: f64 },
    PercentileRatio { upper: f64, lower: f64 },
    QuintileRatio,
    Palma,
    Wolfson,
}

/// Name of a measure, the names of what it depends on besides the values, and how it is made of them.
type Named = (&'static str, &'static [&'static str], fn(&[f64]) -> Measure);

/// The measures by the names that they have in SQL and on the command line.
pub const NAMED: [Named; 22] = [
    ("weighted_mean", &[], |_| Measure::Mean),
    ("headcount_ratio", &["line"], |a| Measure::HeadcountRatio { line: a[0] }),
    ("poverty_gap", &["line"], |a| Measure::PovertyGap { line: a[0] }),
    ("squared_poverty_gap", &["line"], |a| Measure::SquaredPovertyGap { line: a[0] }),
    ("fgt", &["line", "alpha"], |a| Measure::Fgt { line: a[0], alpha: a[1] }),
    ("watts", &["line"], |a| Measure::Watts { line: a[0] }),
    ("sen", &["line"], |a| Measure::Sen { line: a[0] }),
    ("sen_shorrocks_thon", &["line"], |a| Measure::SenShorrocksThon { line: a[0] }),
    ("number_of_poor", &["line"], |a| Measure::NumberOfPoor { line: a[0] }),
    ("average_shortfall", &["line"], |a| Measure::AverageShortfall { line: a[0] }),
    ("relative_headcount_ratio", &["share"], |a| Measure::RelativeHeadcountRatio { share: a[0] }),
    ("gini", &[], |_| Measure::Gini),
    ("mean_log_deviation", &[], |_| Measure::MeanLogDeviation),
    ("theil", &[], |_| Measure::Theil),
    ("generalized_entropy", &["alpha"], |a| Measure::GeneralizedEntropy { alpha: a[0] }),
    ("atkinson", &["epsilon"], |a| Measure::Atkinson { epsilon: a[0] }),
    ("weighted_quantile", &["p"], |a| Measure::Quantile { p: a[0] }),
    ("income_share", &["from", "to"], |a| Measure::Share { from: a[0], to: a[1] }),
    ("percentile_ratio", &["upper", "lower"], |a| Measure::PercentileRatio { upper: a[0], lower: a[1] }),
    ("quintile_ratio", &[], |_| Measure::QuintileRatio),
    ("palma", &[], |_| Measure::Palma),
    ("wolfson", &[], |_| Measure::Wolfson),
];

impl Measure {
    /// Whether it takes the logarithm of every value, so that those at 0 or below may be left out of it.
    pub fn takes_logarithms(&self) -> bool {
        match *self {
            Self::Watts { .. } | Self::MeanLogDeviation | Self::Theil | Self::Atkinson { .. } => true,
            Self::GeneralizedEntropy { alpha } => alpha != 2.0,
            _ => false,
        }
    }

    /// The measure of a distribution; none where it is not defined.
    pub fn value(&self, distribution: &Distribution, conventions: &Conventions) -> Result<Option<f64>> {
        match *self {
            Self::Mean => Ok(distribution.mean()),
            Self::HeadcountRatio { line } => poverty::headcount_ratio(distribution, line, conventions),
            Self::PovertyGap { line } => poverty::poverty_gap(distribution, line, conventions),
            Self::SquaredPovertyGap { line } => poverty::squared_poverty_gap(distribution, line, conventions),
            Self::Fgt { line, alpha } => poverty::fgt(distribution, line, alpha, conventions),
            Self::Watts { line } => poverty::watts(distribution, line, conventions),
            Self::Sen { line } => poverty::sen(distribution, line, conventions),
            Self::SenShorrocksThon { line } => poverty::sen_shorrocks_thon(distribution, line, conventions),
            Self::NumberOfPoor { line } => poverty::number_of_poor(distribution, line, conventions),
            Self::AverageShortfall { line } => poverty::average_shortfall(distribution, line, conventions),
            Self::RelativeHeadcountRatio { share } => {
                poverty::relative_headcount_ratio(distribution, share, conventions)
            }
            Self::Gini => inequality::gini(distribution, conventions),
            Self::MeanLogDeviation => inequality::mean_log_deviation(distribution, conventions),
            Self::Theil => inequality::theil(distribution, conventions),
            Self::GeneralizedEntropy { alpha } => {
                inequality::generalized_entropy(distribution, alpha, conventions)
            }
            Self::Atkinson { epsilon } => inequality::atkinson(distribution, epsilon, conventions),
            Self::Quantile { p } => quantile::quantile(distribution, p, conventions),
            Self::Share { from, to } => quantile::share(distribution, from, to, conventions),
            Self::PercentileRatio { upper, lower } => {
                quantile::percentile_ratio(distribution, upper, lower, conventions)
            }
            Self::QuintileRatio => quantile::quintile_ratio(distribution, conventions),
            Self::Palma => quantile::palma(distribution, conventions),
            Self::Wolfson => curve::wolfson(distribution, conventions),
        }
    }
}
