//! A value with its unit in words, and a change, as people write them in a sentence: 1.336 billion yuan, 13.36亿元,
//! one village, up by 0.9 percentage points.

use rust_decimal::Decimal;

use crate::format::{grouped, readable, significant};
use crate::language::Language;
use crate::unit::{is_rate, unit_name, unit_of};

/// Significant digits of money and of large counts in a sentence; its evidence has them all.
const MONEY_DIGITS: u32 = 4;
/// Amounts from here on are rounded; smaller ones are shown to the yuan.
const ROUNDED_FROM: i64 = 10_000;
/// Counts from here on are rounded like money; smaller ones are shown to the last person.
const SCALED_FROM: i64 = 1_000_000;

/// A number of a unit without its word: rates to a tenth, indices to a thousandth, money to four digits.
pub fn number(value: Decimal, unit: &str, language: Language) -> String {
    match unit {
        "percent" | "percentage_point" => grouped(rounded_rate(value)),
        "index" => grouped(value.round_dp(3)),
        "ratio" | "times" => grouped(value.round_dp(2).normalize()),
        "CNY" if value.abs() < Decimal::from(ROUNDED_FROM) => grouped(value.round_dp(0).normalize()),
        "CNY" => readable(significant(value, MONEY_DIGITS), language),
        _ if value.abs() >= Decimal::from(SCALED_FROM) => {
            readable(significant(value, MONEY_DIGITS), language)
        }
        // There is no part of a person; estimates have fractions.
        "person" | "household" | "village" | "county" | "town" | "project" | "attendance" => {
            readable(value.round_dp(0), language)
        }
        _ if value.is_integer() => readable(value, language),
        _ => readable(value.round_dp(1), language),
    }
}

/// A tenth is what a rate is printed to; one that would be printed as 0 is not 0.
fn rounded_rate(value: Decimal) -> Decimal {
    let rounded = value.round_dp(1);
    let rounded = if rounded.is_zero() { significant(value, 1) } else { rounded };
    rounded.normalize()
}

/// A value with its unit in words.
pub fn quantity(value: Decimal, unit: &str, language: Language) -> String {
    joined(&number(value, unit, language), value, unit, language)
}

/// A number that is written already, with its unit in words.
fn joined(number: &str, value: Decimal, unit: &str, language: Language) -> String {
    let one = value.abs() == Decimal::ONE;
    let word = match language {
        Language::En => unit_of(unit, one),
        Language::Zh => unit_name(unit, language),
    };
    match (unit, language) {
        ("index" | "ratio", _) => number.to_owned(),
        ("percent", Language::En) => format!("{number} %"),
        ("times", Language::En) => format!("{number} {word}"),
        (_, Language::En) => format!("{number} {word}"),
        (_, Language::Zh) => format!("{number}{word}"),
    }
}

/// Where a value went since the year before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// It is greater.
    Up,
    /// It is smaller.
    Down,
    /// It is the same, or nothing but chance lies between the two.
    Level,
    /// There is nothing to compare with.
    Unknown,
}

/// A change since the year before.
#[derive(Debug, Clone, Copy, Default)]
pub struct Change {
    /// Value less previous, in the unit of the value.
    pub difference: Option<Decimal>,
    /// The difference per hundred of the previous value; none for rates.
    pub percent: Option<Decimal>,
    /// The ends of its confidence interval, where the values are estimates.
    pub interval: Option<(Decimal, Decimal)>,
}

impl Change {
    /// Where the value went. A difference whose interval holds 0 is no change.
    pub fn direction(&self) -> Direction {
        match self.difference {
            None => Direction::Unknown,
            Some(_) if self.within_margin() => Direction::Level,
            Some(difference) if difference.is_zero() => Direction::Level,
            Some(difference) if difference.is_sign_positive() => Direction::Up,
            Some(_) => Direction::Down,
        }
    }

    /// Whether chance alone may have made the difference.
    pub fn within_margin(&self) -> bool {
        self.interval.is_some_and(|(low, high)| low <= Decimal::ZERO && Decimal::ZERO <= high)
    }

    /// Its size, without a sign: percentage points of a rate, percent of an amount, and the difference where there is
    /// no percent.
    pub fn size(&self, unit: &str, language: Language) -> Option<String> {
        let difference = self.difference?.abs();
        Some(match self.percent {
            _ if is_rate(unit) => quantity(difference, "percentage_point", language),
            Some(percent) => quantity(percent.abs(), "percent", language),
            None => quantity(difference, unit, language),
        })
    }

    /// Its size with a sign, for a table: +12.3 %, −0.9 points, ≈ for what is within the margin of error.
    pub fn signed(&self, unit: &str, language: Language) -> Option<String> {
        let size = self.size(unit, language)?;
        Some(match self.direction() {
            Direction::Up => format!("+{size}"),
            Direction::Down => format!("−{size}"),
            Direction::Level if self.within_margin() => "≈".to_owned(),
            Direction::Level | Direction::Unknown => size,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn both(value: &str, unit: &str) -> [String; 2] {
        [Language::En, Language::Zh].map(|language| quantity(value.parse().unwrap(), unit, language))
    }

    #[test]
    fn values_read_as_people_write_them_in_each_language() {
        for (value, unit, en, zh) in [
            ("1336000000", "CNY", "1.336 billion yuan", "13.36亿元"),
            ("1335912345.67", "CNY", "1.336 billion yuan", "13.36亿元"),
            ("2936.4", "CNY", "2,936 yuan", "2,936元"),
            ("15000", "CNY", "15,000 yuan", "1.5万元"),
            ("1", "CNY", "1 yuan", "1元"),
            ("450", "village", "450 villages", "450个村"),
            ("1", "village", "1 village", "1个村"),
            ("89000", "person", "89,000 people", "8.9万人"),
            ("1", "person", "1 person", "1人"),
            ("92.44", "percent", "92.4 %", "92.4%"),
            ("0.04", "percent", "0.04 %", "0.04%"),
            ("-1.5", "percentage_point", "−1.5 percentage points", "−1.5个百分点"),
            ("0.41234", "index", "0.412", "0.412"),
            ("8.177", "times", "8.18 times", "8.18倍"),
            ("5100", "km", "5,100 km", "5,100公里"),
            ("0", "person", "0 people", "0人"),
            ("351457.4619", "person", "351,457 people", "35.1457万人"),
            ("3011023", "person", "3.011 million people", "301.1万人"),
        ] {
            assert_eq!(both(value, unit), [en, zh], "{value} {unit}");
        }
    }

    #[test]
    fn a_rate_changes_in_points_and_an_amount_in_percent() {
        let change = |difference: &str, percent: Option<&str>| Change {
            difference: Some(difference.parse().unwrap()),
            percent: percent.map(|p| p.parse().unwrap()),
            interval: None,
        };
        let rate = change("-0.9", None);
        assert_eq!(rate.signed("percent", Language::En).unwrap(), "−0.9 percentage points");
        assert_eq!(rate.signed("percent", Language::Zh).unwrap(), "−0.9个百分点");
        let amount = change("440000000", Some("32.35"));
        assert_eq!(amount.signed("CNY", Language::En).unwrap(), "+32.4 %");
        assert_eq!(amount.direction(), Direction::Up);
        // From nothing there is no percent.
        assert_eq!(change("12", None).signed("village", Language::En).unwrap(), "+12 villages");
        let estimate = Change { interval: Some(("-1.2".parse().unwrap(), "0.3".parse().unwrap())), ..rate };
        assert_eq!(
            (estimate.direction(), estimate.signed("percent", Language::En).unwrap()),
            (Direction::Level, "≈".into())
        );
        assert_eq!(Change::default().direction(), Direction::Unknown);
    }
}
