//! Numbers as people write them: 1.336 billion and 13.36亿, 5,100, never 1336000000.0.

use rust_decimal::Decimal;

use crate::interval::Interval;
use crate::language::Language;
use crate::printed::PrintedFigure;

/// Significant digits of a computed number: enough for the ends of an interval around a figure
/// printed with five.
const DIGITS: u32 = 6;

/// A number for reading: up to six significant digits, scale word from a million (or 万) on.
pub fn readable(value: Decimal, language: Language) -> String {
    let (scales, from): (&[(i64, &str)], i64) = match language {
        Language::En => (&[(1_000_000_000, " billion"), (1_000_000, " million")], 1_000_000),
        Language::Zh => (&[(100_000_000, "亿"), (10_000, "万")], 10_000),
    };
    let value = significant(value, DIGITS);
    let size = value.abs();
    if size < Decimal::from(from) {
        return grouped(value.normalize());
    }
    let (scale, word) =
        scales.iter().find(|(scale, _)| size >= Decimal::from(*scale)).copied().unwrap_or((1, ""));
    format!("{}{word}", grouped((value / Decimal::from(scale)).normalize()))
}

/// A number in at most so many significant digits.
pub fn significant(value: Decimal, digits: u32) -> Decimal {
    let count = value.normalize().mantissa().unsigned_abs().checked_ilog10().map_or(0, |log| log + 1);
    // Asked for more digits than there are, the library makes some that a decimal has no room for.
    if count <= digits { value.normalize() } else { value.round_sf(digits).unwrap_or(value) }
}

/// A figure as a document prints it, with the numbers and scale words of the reader's language: 1.336 billion is 13.36亿.
pub fn printed(text: &str, language: Language) -> String {
    // What is not English stands as it is printed.
    let foreign = language == Language::Zh && text.is_ascii();
    match PrintedFigure::parse(text).ok().filter(|_| foreign) {
        Some(PrintedFigure::Number(number)) => readable(number.value, language),
        Some(PrintedFigure::Range(low, high)) => {
            format!("{}至{}", readable(low, language), readable(high, language))
        }
        None => text.to_owned(),
    }
}

/// All digits, in groups of three.
pub fn grouped(value: Decimal) -> String {
    let text = value.abs().to_string();
    let (whole, decimals) = text.split_once('.').map_or((text.as_str(), None), |(w, d)| (w, Some(d)));
    let mut out = String::new();
    for (i, digit) in whole.chars().enumerate() {
        if i > 0 && (whole.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    if let Some(decimals) = decimals {
        out = format!("{out}.{decimals}");
    }
    if value.is_sign_negative() && !value.is_zero() { format!("−{out}") } else { out }
}

/// An interval in its own notation, numbers as people write them: [1.75 billion, 1.85 billion).
pub fn readable_interval(interval: &Interval, language: Language) -> String {
    let end = |value| readable(value, language);
    match (interval.low, interval.high) {
        (Some(low), Some(high)) if low.value == high.value => end(low.value),
        (low, high) => {
            let open = if low.is_some_and(|b| b.closed) { '[' } else { '(' };
            let close = if high.is_some_and(|b| b.closed) { ']' } else { ')' };
            let low = low.map_or("−∞".to_owned(), |b| end(b.value));
            let high = high.map_or("∞".to_owned(), |b| end(b.value));
            format!("{open}{low}, {high}{close}")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn money_and_counts_read_as_people_write_them() {
        let en = |text: &str| readable(text.parse().unwrap(), Language::En);
        let zh = |text: &str| readable(text.parse().unwrap(), Language::Zh);
        assert_eq!(en("1336000000.0"), "1.336 billion");
        assert_eq!(zh("1336000000"), "13.36亿");
        assert_eq!(en("5100"), "5,100");
        assert_eq!(en("89000"), "89,000");
        assert_eq!(zh("89000"), "8.9万");
        assert_eq!(en("32.352941176"), "32.3529");
        assert_eq!(en("-440000000"), "−440 million");
        assert_eq!(en("0"), "0");
        assert_eq!(en("999999.9"), "1 million");
        assert_eq!(en("1335500000"), "1.3355 billion");
        assert_eq!(en("0.0000000000000000000000000001"), "0.0000000000000000000000000001");
        assert_eq!(
            significant("0.00000000000000123456".parse().unwrap(), 2).to_string(),
            "0.0000000000000012"
        );
        assert_eq!(printed("1.336 billion", Language::Zh), "13.36亿");
        assert_eq!(printed("150,000-300,000", Language::Zh), "15万至30万");
        assert_eq!(printed("860多万", Language::Zh), "860多万");
        assert_eq!(printed("1.336 billion", Language::En), "1.336 billion");
        assert_eq!(grouped("1234567.25".parse().unwrap()), "1,234,567.25");
    }
}
