//! The unit in which a column prints its numbers: one for all, so that they can be compared at a glance.

use rust_decimal::Decimal;
use uplift_core::format::grouped;
use uplift_core::language::{Bilingual, Language};
use uplift_core::unit::unit_name;

/// What numbers are divided by, and the decimals that they are printed to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Scale {
    divisor: i64,
    decimals: u32,
}

/// Divisors with their words, the greatest first, and the size from which each is used: numbers are to have at most four
/// digits before the point.
const ENGLISH: [(i64, &str, i64); 2] =
    [(1_000_000_000, "billion ", 10_000_000_000), (1_000_000, "million ", 1_000_000)];
const CHINESE: [(i64, &str, i64); 2] = [(100_000_000, "亿", 1_000_000_000), (10_000, "万", 100_000)];

impl Scale {
    /// The scale for numbers of a unit, by the greatest of them, and its name.
    pub(crate) fn of_numbers(unit: &str, numbers: &[Decimal], language: Language) -> (Self, String) {
        let greatest = numbers.iter().map(Decimal::abs).max().unwrap_or_default();
        let word = match (unit, language) {
            ("percent", _) => "%",
            ("index" | "ratio", _) => "",
            _ => unit_name(unit, language),
        };
        let scales = match language {
            Language::En => ENGLISH,
            Language::Zh => CHINESE,
        };
        let fits = |(_, _, from): &&(i64, &str, i64)| unit == "CNY" && greatest >= Decimal::from(*from);
        if let Some((divisor, scale, _)) = scales.iter().find(fits) {
            let small = greatest / Decimal::from(*divisor) < Decimal::TEN;
            return (
                Self { divisor: *divisor, decimals: if small { 2 } else { 1 } },
                format!("{scale}{word}"),
            );
        }
        let whole = numbers.iter().all(Decimal::is_integer);
        let decimals = match unit {
            "index" => 3,
            "ratio" | "times" => 2,
            "CNY" => 0,
            _ if whole && unit != "percent" => 0,
            _ => 1,
        };
        // The measure word of a count is part of a Chinese sentence, and not of a heading: 个村 is 个.
        (Self { divisor: 1, decimals }, word.to_owned())
    }

    /// A number as it is printed.
    pub(crate) fn print(self, number: Decimal) -> String {
        let scaled = (number / Decimal::from(self.divisor)).round_dp(self.decimals);
        let mut scaled = scaled;
        scaled.rescale(self.decimals);
        grouped(scaled)
    }
}

/// Scales of a column in both languages, and the names of its units.
pub(crate) fn scales(unit: &str, numbers: &[Decimal]) -> ([Scale; 2], Bilingual) {
    let (en, en_name) = Scale::of_numbers(unit, numbers, Language::En);
    let (zh, zh_name) = Scale::of_numbers(unit, numbers, Language::Zh);
    ([en, zh], Bilingual::new(en_name, zh_name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_column_has_one_scale_by_its_greatest_number() {
        let numbers: Vec<Decimal> =
            ["124814000", "7882970.5", "0"].iter().map(|n| n.parse().unwrap()).collect();
        let ([en, zh], unit) = scales("CNY", &numbers);
        assert_eq!((unit.en.as_str(), unit.zh.as_str()), ("million yuan", "万元"));
        assert_eq!([en.print(numbers[0]), en.print(numbers[1])], ["124.8", "7.9"]);
        assert_eq!([zh.print(numbers[0]), zh.print(numbers[2])], ["12,481.4", "0.0"]);
        let ([en, _], unit) = scales("person", &[89_000.into()]);
        assert_eq!((en.print(89_000.into()), unit.zh.as_str()), ("89,000".into(), "人"));
        let ([en, _], unit) = scales("percent", &[Decimal::new(924, 1), 90.into()]);
        assert_eq!((en.print(90.into()), unit.en.as_str()), ("90.0".into(), "%"));
    }
}
