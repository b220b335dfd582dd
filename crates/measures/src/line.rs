//! Poverty lines: a small registry of those in use, and lines that follow the distribution.

use crate::conventions::Conventions;
use crate::distribution::Distribution;
use crate::error::{Error, Result};
use crate::quantile::median;

/// Unit of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// Yuan a person and year.
    YuanPerYear,
    /// International dollars of purchasing power a person and day.
    DollarsPerDay,
}

/// An absolute line.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Line {
    /// Short name.
    pub id: &'static str,
    /// Title in English.
    pub title_en: &'static str,
    /// Title in Chinese.
    pub title_zh: &'static str,
    /// Amount.
    pub amount: f64,
    /// Of what.
    pub unit: Unit,
    /// Year of its prices, or of its purchasing power parities.
    pub prices_of: u16,
}

const fn line(
    id: &'static str,
    title_en: &'static str,
    title_zh: &'static str,
    amount: f64,
    unit: Unit,
    prices_of: u16,
) -> Line {
    Line { id, title_en, title_zh, amount, unit, prices_of }
}

/// The registry. Lines of China: State Council Leading Group Office of Poverty Alleviation and
/// Development, 2010 and 2011. International lines: World Bank, updates of 2008, 2015, 2022 and 2025.
pub const LINES: [Line; 13] = [
    line("cn1274", "National line until 2010", "2010年国家扶贫标准", 1274.0, Unit::YuanPerYear, 2010),
    line("cn2300", "National line from 2011", "2011年起国家扶贫标准", 2300.0, Unit::YuanPerYear, 2010),
    line("usd1.25", "Extreme poverty, 2005 PPP", "国际极端贫困线（2005）", 1.25, Unit::DollarsPerDay, 2005),
    line(
        "usd2.00",
        "Median developing country, 2005 PPP",
        "国际贫困线（2005）",
        2.0,
        Unit::DollarsPerDay,
        2005,
    ),
    line("usd1.90", "Extreme poverty, 2011 PPP", "国际极端贫困线（2011）", 1.9, Unit::DollarsPerDay, 2011),
    line(
        "usd3.20",
        "Lower middle income, 2011 PPP",
        "中低收入贫困线（2011）",
        3.2,
        Unit::DollarsPerDay,
        2011,
    ),
    line(
        "usd5.50",
        "Upper middle income, 2011 PPP",
        "中高收入贫困线（2011）",
        5.5,
        Unit::DollarsPerDay,
        2011,
    ),
    line("usd2.15", "Extreme poverty, 2017 PPP", "国际极端贫困线（2017）", 2.15, Unit::DollarsPerDay, 2017),
    line(
        "usd3.65",
        "Lower middle income, 2017 PPP",
        "中低收入贫困线（2017）",
        3.65,
        Unit::DollarsPerDay,
        2017,
    ),
    line(
        "usd6.85",
        "Upper middle income, 2017 PPP",
        "中高收入贫困线（2017）",
        6.85,
        Unit::DollarsPerDay,
        2017,
    ),
    line("usd3.00", "Extreme poverty, 2021 PPP", "国际极端贫困线（2021）", 3.0, Unit::DollarsPerDay, 2021),
    line(
        "usd4.20",
        "Lower middle income, 2021 PPP",
        "中低收入贫困线（2021）",
        4.2,
        Unit::DollarsPerDay,
        2021,
    ),
    line(
        "usd8.30",
        "Upper middle income, 2021 PPP",
        "中高收入贫困线（2021）",
        8.3,
        Unit::DollarsPerDay,
        2021,
    ),
];

/// Refuses a line that is not an amount above zero.
pub fn check_line(line: f64) -> Result<()> {
    if line.is_finite() && line > 0.0 {
        return Ok(());
    }
    Err(Error::new(format!("the poverty line is {line}; write an amount above 0")))
}

/// A line by its short name.
pub fn named(id: &str) -> Result<&'static Line> {
    LINES.iter().find(|line| line.id == id).ok_or_else(|| {
        let known: Vec<_> = LINES.iter().map(|line| line.id).collect();
        Error::new(format!("there is no line {id:?}; there are {}", known.join(", ")))
    })
}

impl Line {
    /// The amount a person and year in the prices of the data. `deflator` is the price index of the data's
    /// year with the line's year as 1; `parity` is how many units of the currency buy what one dollar
    /// does, for lines in dollars.
    pub fn per_year(&self, deflator: f64, parity: f64) -> Result<f64> {
        let factor = match self.unit {
            Unit::YuanPerYear => deflator,
            Unit::DollarsPerDay => 365.0 * deflator * parity,
        };
        let amount = self.amount * factor;
        check_line(amount)?;
        Ok(amount)
    }
}

/// A relative line: a share of the weighted median, as 0.6 for the European Union's at-risk-of-poverty
/// threshold. None for an empty population, or where the median is not above zero.
pub fn relative(distribution: &Distribution, share: f64, conventions: &Conventions) -> Result<Option<f64>> {
    if !share.is_finite() || share <= 0.0 {
        return Err(Error::new(format!("the share of the median is {share}; write one above 0, as 0.6")));
    }
    Ok(median(distribution, conventions)?.filter(|m| *m > 0.0).map(|m| share * m))
}

/// The societal line in dollars a day: an absolute line, or a floor and half the median where that is more.
/// The floor goes with the year of the parities: 1.00 for 2011, 1.15 for 2017.
/// Source: Jolliffe and Prydz (2021), Journal of Economic Inequality 19.
pub fn societal(median_per_day: f64, parities_of: u16) -> Result<f64> {
    let (least, floor) = match parities_of {
        2011 => (1.9, 1.0),
        2017 => (2.15, 1.15),
        other => {
            return Err(Error::new(format!(
                "there is no societal line for parities of {other}; 2011 or 2017"
            )));
        }
    };
    Ok(f64::max(least, floor + 0.5 * median_per_day))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_brought_to_the_prices_of_the_data() {
        assert_eq!(named("cn2300").unwrap().per_year(1.0, f64::NAN), Ok(2300.0));
        let dollars = named("usd1.90").unwrap().per_year(1.1, 3.5).unwrap();
        assert!((dollars - 1.9 * 365.0 * 1.1 * 3.5).abs() < 1e-9);
        assert!(named("cn2300").unwrap().per_year(0.0, 1.0).is_err());
        assert!(named("cn1196").unwrap_err().message.contains("cn1274"));
        assert_eq!((societal(1.0, 2011), societal(4.0, 2017)), (Ok(1.9), Ok(3.15)));
        assert!(societal(1.0, 2005).is_err());
    }
}
