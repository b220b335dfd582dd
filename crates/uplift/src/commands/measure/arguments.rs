//! Arguments of `uplift measure`, and the conventions that they choose.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use uplift_core::error::{Error, Result};
use uplift_measures::conventions;
use uplift_measures::design::LonelyPsu;

use crate::arguments::{OutputFormat, ReadingArgs};

#[derive(Debug, Args)]
pub(crate) struct MeasureArgs {
    /// CSV, Excel (.xlsx), Parquet, Arrow or NDJSON file, one household or person a row.
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
    /// Column with income or consumption: the household total if --size is given.
    #[arg(long, value_name = "COLUMN")]
    pub(crate) income: String,
    /// Column with the number of households or people that a row represents [default: 1].
    #[arg(long, value_name = "COLUMN")]
    pub(crate) weight: Option<String>,
    /// Column with household size: income is divided by it, and people are counted instead of households.
    #[arg(long, value_name = "COLUMN")]
    pub(crate) size: Option<String>,
    /// Column with the stratum that a row was sampled from; with --cluster it gives standard errors.
    #[arg(long, value_name = "COLUMN")]
    pub(crate) stratum: Option<String>,
    /// Column with the cluster (primary sampling unit) of a row [default: each row its own].
    #[arg(long, value_name = "COLUMN")]
    pub(crate) cluster: Option<String>,
    /// Column with groups; each group is also measured separately.
    #[arg(long, value_name = "COLUMN")]
    pub(crate) by: Option<String>,
    /// Annual poverty line: an amount, a share of the median such as 60%, or a known line: cn2300, usd1.90 or
    /// societal2017 (dollars a day; they need --parity).
    #[arg(long, value_name = "LINE", default_value = "60%")]
    pub(crate) line: String,
    /// Price index of the data's year, where that of the line's year is 1.
    #[arg(long, value_name = "INDEX", default_value_t = 1.0)]
    pub(crate) deflator: f64,
    /// Purchasing power parity for lines in dollars: local currency per international dollar.
    #[arg(long, value_name = "RATE")]
    pub(crate) parity: Option<f64>,
    /// Column with the same household's income a year before; adds changes, and moves into and out of poverty.
    #[arg(long, value_name = "COLUMN")]
    pub(crate) before: Option<String>,
    /// Column that is true (or 1) where a row is deprived; give several for multidimensional poverty, each
    /// with its weight as COLUMN=1/3 [default: equal weights].
    #[arg(long = "deprived", value_name = "COLUMN[=WEIGHT]", value_delimiter = ',')]
    pub(crate) deprived: Vec<String>,
    /// Poverty cutoff: the minimum weight of deprivations of a multidimensionally poor person.
    #[arg(long, value_name = "SHARE", default_value = "1/3")]
    pub(crate) cutoff: String,
    /// The file holds groups: --weight their shares of people, --income their shares of income, poorest
    /// first. A Lorenz curve is fitted; needs --mean, and --line as an amount.
    #[arg(long)]
    pub(crate) grouped: bool,
    /// Mean income of the whole population, with --grouped.
    #[arg(long, value_name = "AMOUNT")]
    pub(crate) mean: Option<f64>,
    /// Print the Lorenz curve too, in twentieths.
    #[arg(long)]
    pub(crate) curve: bool,
    /// Who is poor.
    #[arg(long, value_enum, default_value_t = PovertyRule::Below)]
    pub(crate) poor: PovertyRule,
    /// Zero and negative incomes in logarithms: leave-out, refuse, or an amount to use instead.
    #[arg(long, value_name = "RULE", default_value = "leave-out")]
    pub(crate) non_positive: String,
    /// How quantiles are defined at a jump and between values.
    #[arg(long, value_enum, default_value_t = Quantile::Averaged)]
    pub(crate) quantile: Quantile,
    /// Multiply the Gini coefficient by n/(n − 1).
    #[arg(long)]
    pub(crate) finite_sample: bool,
    /// Compute income shares from whole rows, as Eurostat's S80/S20.
    #[arg(long)]
    pub(crate) whole_rows: bool,
    /// Contribution of a stratum with a single cluster to the variance.
    #[arg(long, value_enum, default_value_t = LonelyPsuRule::Adjust)]
    pub(crate) lonely: LonelyPsuRule,
    /// Confidence of intervals.
    #[arg(long, value_name = "SHARE", default_value_t = 0.95)]
    pub(crate) confidence: f64,
    #[command(flatten)]
    pub(crate) reading: ReadingArgs,
    /// Output format.
    #[arg(long, value_enum, default_value_t = OutputFormat::Table)]
    pub(crate) format: OutputFormat,
}

/// Where the poor begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum PovertyRule {
    /// Below the line.
    Below,
    /// At the line or below.
    AtOrBelow,
}

/// How quantiles are defined.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Quantile {
    /// At a jump the mean of both sides (Stata, laeken).
    Averaged,
    /// At a jump the lower side (the inverse of the distribution).
    Inverse,
    /// Straight lines between the values.
    Interpolated,
}

/// What a stratum with a single cluster adds to the variance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum LonelyPsuRule {
    /// The square of its total.
    Adjust,
    /// As much as other strata on average.
    Average,
    /// Nothing.
    Certainty,
    /// An error.
    Refuse,
}

impl MeasureArgs {
    /// The columns that are asked for.
    pub(crate) fn columns(&self) -> Vec<&str> {
        let optional = [&self.weight, &self.size, &self.stratum, &self.cluster, &self.by, &self.before];
        let deprived = self.deprived.iter().map(|named| named.split('=').next().unwrap_or_default());
        let optional = optional.into_iter().flatten().map(String::as_str);
        std::iter::once(self.income.as_str()).chain(optional).chain(deprived).collect()
    }

    /// The conventions that were chosen.
    pub(crate) fn conventions(&self) -> Result<conventions::Conventions> {
        Ok(conventions::Conventions {
            poor: match self.poor {
                PovertyRule::Below => conventions::Poor::Below,
                PovertyRule::AtOrBelow => conventions::Poor::AtOrBelow,
            },
            non_positive: match self.non_positive.as_str() {
                "leave-out" => conventions::NonPositive::LeaveOut,
                "refuse" => conventions::NonPositive::Refuse,
                amount => conventions::NonPositive::Floor(amount.parse().map_err(|_| {
                    let message = format!("{amount:?} must be leave-out, refuse or an amount");
                    Error::invalid_field("--non-positive", message)
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

    /// What a stratum with a single cluster adds to the variance.
    pub(crate) fn lonely(&self) -> LonelyPsu {
        match self.lonely {
            LonelyPsuRule::Adjust => LonelyPsu::Adjust,
            LonelyPsuRule::Average => LonelyPsu::Average,
            LonelyPsuRule::Certainty => LonelyPsu::Certainty,
            LonelyPsuRule::Refuse => LonelyPsu::Refuse,
        }
    }
}
