//! Conventions that change published digits, each with its default.

/// Who counts as poor.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Poor {
    /// Whoever has less than the line (Foster, Greer and Thorbecke 1984; the World Bank's PIP).
    #[default]
    Below,
    /// Whoever has the line or less (Sen 1976; many national standards).
    AtOrBelow,
}

impl Poor {
    /// Whether someone with this much is poor.
    pub fn counts(self, value: f64, line: f64) -> bool {
        match self {
            Self::Below => value < line,
            Self::AtOrBelow => value <= line,
        }
    }
}

/// What to do with zero and negative amounts where a logarithm or a power needs positive ones.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub enum NonPositive {
    /// They are left out of the measure, with the people who have them.
    #[default]
    LeaveOut,
    /// They are taken for this much, as is everything below it (bottom coding).
    Floor(f64),
    /// The measure is refused.
    Refuse,
}

/// What the p-quantile is where the share of people up to a value is p exactly, and between values.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Quantile {
    /// The least value up to which there are more than p; at exactly p the mean of it and the next
    /// (Hyndman and Fan's second; Stata's `_pctile`, R's laeken, survey's "school").
    #[default]
    Averaged,
    /// The least value up to which there are at least p (Hyndman and Fan's first; survey's "math").
    Inverse,
    /// Straight lines between the values, each placed at the middle of its weight
    /// (Hyndman and Fan's fifth).
    Interpolated,
}

/// Whether the Gini coefficient is multiplied by n/(n − 1), n being the number of rows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum FiniteSample {
    /// It is not: 0 to (n − 1)/n (R's laeken, PIP, the OECD).
    #[default]
    Population,
    /// It is: 0 to 1 for a few rows too (Deaton 1997).
    Corrected,
}

/// What share of income the p to q poorest have.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Shares {
    /// That of the Lorenz curve: a row that a boundary falls into is divided.
    #[default]
    Divided,
    /// That of the rows above the p-quantile up to the q-quantile (Eurostat's S80/S20, R's laeken).
    WholeRows,
}

/// All conventions.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Conventions {
    /// Who counts as poor.
    pub poor: Poor,
    /// Zero and negative amounts in logarithms and powers.
    pub non_positive: NonPositive,
    /// The quantile.
    pub quantile: Quantile,
    /// The Gini coefficient of a sample.
    pub finite_sample: FiniteSample,
    /// Shares of income.
    pub shares: Shares,
}
