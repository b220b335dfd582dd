//! Options of `uplift measure`, and what they stand for.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use uplift_core::error::{Error, Result};
use uplift_measures::design::LonelyCluster;
use uplift_measures::options as conventions;

use crate::cli::Format;

/// Options of `uplift measure`.
#[derive(Debug, Args)]
pub struct Measure {
    /// CSV (UTF-8 or GB18030) or Parquet file, one household or person a row.
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// Column of income or consumption; of a household as a whole if --size is given.
    #[arg(long, value_name = "COLUMN")]
    pub income: String,
    /// Column of how many a row stands for [default: one each].
    #[arg(long, value_name = "COLUMN")]
    pub weight: Option<String>,
    /// Column of household size: income is divided by it, and people are counted instead of households.
    #[arg(long, value_name = "COLUMN")]
    pub size: Option<String>,
    /// Column of the stratum that a row was drawn from; with --cluster it gives standard errors.
    #[arg(long, value_name = "COLUMN")]
    pub stratum: Option<String>,
    /// Column of the cluster (primary sampling unit) that it was drawn in [default: each row its own].
    #[arg(long, value_name = "COLUMN")]
    pub cluster: Option<String>,
    /// Column of groups to measure each on its own too.
    #[arg(long, value_name = "COLUMN")]
    pub by: Option<String>,
    /// Poverty line a year: an amount, a share of the median as 60%, or a known line as cn2300, usd1.90 or
    /// societal2017 (dollars a day; they need --parity).
    #[arg(long, value_name = "LINE", default_value = "60%")]
    pub line: String,
    /// Prices of the data's year, the line's year being 1.
    #[arg(long, value_name = "INDEX", default_value_t = 1.0)]
    pub deflator: f64,
    /// Units of the currency that buy what an international dollar buys, for lines in dollars.
    #[arg(long, value_name = "RATE")]
    pub parity: Option<f64>,
    /// Column of the same household's income a year before: changes, and who moved.
    #[arg(long, value_name = "COLUMN")]
    pub before: Option<String>,
    /// Column that is true (or 1) where a row is deprived; give several for multidimensional poverty, each
    /// with its weight as COLUMN=1/3 [default: equal weights].
    #[arg(long = "deprived", value_name = "COLUMN[=WEIGHT]", value_delimiter = ',')]
    pub deprived: Vec<String>,
    /// Least weight of deprivations of the multidimensionally poor.
    #[arg(long, value_name = "SHARE", default_value = "1/3")]
    pub cutoff: String,
    /// The file holds groups: --weight their shares of people, --income their shares of income, poorest
    /// first. A Lorenz curve is fitted; needs --mean, and --line as an amount.
    #[arg(long)]
    pub grouped: bool,
    /// Mean income of everybody, with --grouped.
    #[arg(long, value_name = "AMOUNT")]
    pub mean: Option<f64>,
    /// Print the Lorenz curve too, in twentieths.
    #[arg(long)]
    pub curve: bool,
    /// Who is poor.
    #[arg(long, value_enum, default_value_t = Poor::Below)]
    pub poor: Poor,
    /// Zero and negative incomes in logarithms: leave-out, refuse, or an amount that they are taken for.
    #[arg(long, value_name = "RULE", default_value = "leave-out")]
    pub non_positive: String,
    /// What a quantile is at a jump, and between values.
    #[arg(long, value_enum, default_value_t = Quantile::Averaged)]
    pub quantile: Quantile,
    /// Multiply the Gini coefficient by n/(n − 1).
    #[arg(long)]
    pub finite_sample: bool,
    /// Shares of income by whole rows, as Eurostat's S80/S20.
    #[arg(long)]
    pub whole_rows: bool,
    /// What a stratum with a single cluster adds to the variance.
    #[arg(long, value_enum, default_value_t = Lonely::Adjust)]
    pub lonely: Lonely,
    /// Confidence of intervals.
    #[arg(long, value_name = "SHARE", default_value_t = 0.95)]
    pub confidence: f64,
    /// How to print.
    #[arg(long, value_enum, default_value_t = Format::Table)]
    pub format: Format,
}

/// Who is poor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Poor {
    /// Below the line.
    Below,
    /// At the line too.
    AtOrBelow,
}

/// What a quantile is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Quantile {
    /// At a jump the mean of both sides (Stata, laeken).
    Averaged,
    /// At a jump the lower side (the inverse of the distribution).
    Inverse,
    /// Straight lines between the values.
    Interpolated,
}

/// What a single cluster adds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Lonely {
    /// The square of its total.
    Adjust,
    /// As much as other strata on average.
    Average,
    /// Nothing.
    Certainty,
    /// An error.
    Refuse,
}

impl Measure {
    /// The conventions asked for.
    pub fn conventions(&self) -> Result<conventions::Options> {
        Ok(conventions::Options {
            poor: match self.poor {
                Poor::Below => conventions::Poor::Below,
                Poor::AtOrBelow => conventions::Poor::AtOrBelow,
            },
            non_positive: match self.non_positive.as_str() {
                "leave-out" => conventions::NonPositive::LeaveOut,
                "refuse" => conventions::NonPositive::Refuse,
                amount => conventions::NonPositive::Floor(amount.parse().map_err(|_| {
                    let said = format!("{amount:?} is none of leave-out, refuse and an amount");
                    Error::invalid_field("--non-positive", said)
                })?),
            },
            quantile: match self.quantile {
                Quantile::Averaged => conventions::Quantile::Averaged,
                Quantile::Inverse => conventions::Quantile::Inverse,
                Quantile::Interpolated => conventions::Quantile::Interpolated,
            },
            finite_sample: match self.finite_sample {
                false => conventions::FiniteSample::Population,
                true => conventions::FiniteSample::Corrected,
            },
            shares: match self.whole_rows {
                false => conventions::Shares::Divided,
                true => conventions::Shares::WholeRows,
            },
        })
    }

    /// What a stratum with a single cluster adds.
    pub fn lonely(&self) -> LonelyCluster {
        match self.lonely {
            Lonely::Adjust => LonelyCluster::Adjust,
            Lonely::Average => LonelyCluster::Average,
            Lonely::Certainty => LonelyCluster::Certainty,
            Lonely::Refuse => LonelyCluster::Refuse,
        }
    }
}
