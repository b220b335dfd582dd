//! Reading a figure as a document prints it: the number, its scale word, and how exact it claims to be.
//!
//! A rounded figure stands for every value that would have been printed the same way. The reading
//! is the loosest fair one, so that a contradiction found with it is a contradiction under any:
//! zeros at the end of a whole number do not count as digits, zeros after a decimal point are not,
//! and percentages count to the whole point.

use rust_decimal::Decimal;

use crate::interval::{Bound, Interval};
use crate::width::half_width;

/// How a document qualifies a figure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Qualifier {
    /// "1.8 billion": anything that rounds to it.
    Rounded,
    /// "450 villages": a count or a set amount, exactly as printed.
    Exact,
    /// "more than": above it.
    MoreThan,
    /// "less than": below it.
    LessThan,
    /// "nearly": below it, yet rounding to it.
    Nearly,
    /// "about": up to one unit of its last digit away.
    About,
    /// "150,000 to 300,000": anywhere between, ends included.
    Range,
}

/// A figure as written: one number, or the two ends of a range.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PrintedFigure {
    /// One number.
    Number(PrintedNumber),
    /// The lower and the higher end.
    Range(Decimal, Decimal),
}

/// A number as written, with the worth of its last significant digit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PrintedNumber {
    /// The value in the unit, scale word applied.
    pub value: Decimal,
    /// The worth of one unit of the last significant digit.
    pub step: Decimal,
    /// What the figure itself says of it: 860多万 and 6000余 are more, 约8.9万 is about that.
    pub own: Option<Qualifier>,
}

/// Why a printed figure could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PrintedError {
    /// Not a number with an optional scale word.
    #[error(
        "{0:?} is not a number: write digits, with or without thousands separators, then at most \
         one of thousand, million, billion, 千, 万, 百万, 千万, 亿"
    )]
    NotANumber(String),
    /// A range without two ends in order.
    #[error(
        "{0:?} is not a range: write the lower and the higher end with a dash between them, for example 150,000-300,000"
    )]
    NotARange(String),
    /// More digits than can be computed with exactly.
    #[error("{0:?} has more than 18 digits; print it with a scale word, for example 1.336 billion")]
    TooLong(String),
}

/// Digits of a printed number. With a scale word and half a unit of the last digit added it stays within
/// the 28 digits of a decimal, so that its interval is always computed exactly.
const MAX_DIGITS: usize = 18;

/// Scale words, the longest of those with the same end first.
const SCALES: [(&str, i64); 10] = [
    ("thousand", 1_000),
    ("million", 1_000_000),
    ("billion", 1_000_000_000),
    ("千万", 10_000_000),
    ("百万", 1_000_000),
    ("十万", 100_000),
    ("万亿", 1_000_000_000_000),
    ("千", 1_000),
    ("万", 10_000),
    ("亿", 100_000_000),
];

/// Units that are printed behind a figure; the statement names its unit beside.
const UNITS: [&str; 19] = [
    "percent", "%", "yuan", "元", "人次", "人", "名", "户", "个村", "村", "公里", "张", "项", "家", "次",
    "亩", "岁", "天", "个",
];

/// Words that make a figure the lower end of what it can be.
const MORE: [&str; 3] = ["以上", "多", "余"];

/// Words before a figure that qualify it.
const BEFORE: [(&str, Qualifier); 13] = [
    ("超过", Qualifier::MoreThan),
    ("至少", Qualifier::MoreThan),
    ("逾", Qualifier::MoreThan),
    ("more than", Qualifier::MoreThan),
    ("大约", Qualifier::About),
    ("约", Qualifier::About),
    ("about", Qualifier::About),
    ("将近", Qualifier::Nearly),
    ("近", Qualifier::Nearly),
    ("nearly", Qualifier::Nearly),
    ("不足", Qualifier::LessThan),
    ("不到", Qualifier::LessThan),
    ("less than", Qualifier::LessThan),
];

/// A printed number in its parts.
struct Parts<'t> {
    digits: &'t str,
    scale: Option<Decimal>,
    /// What the words around it say.
    own: Option<Qualifier>,
}

impl<'t> Parts<'t> {
    /// The parts of a number in half-width characters: 860多万元 is 860, 万 and more.
    fn of(text: &'t str) -> Self {
        let mut rest = text.trim();
        let mut more = false;
        let before = BEFORE.iter().find_map(|(word, own)| Some((rest.strip_prefix(word)?, *own)));
        let mut own = before.map(|(shorter, own)| {
            rest = shorter.trim_start();
            own
        });
        let take = |rest: &mut &'t str, words: &[&str]| {
            let shorter = words.iter().find_map(|word| rest.strip_suffix(word));
            *rest = shorter.unwrap_or(rest).trim_end();
            shorter.is_some()
        };
        take(&mut rest, &UNITS);
        more |= take(&mut rest, &MORE);
        take(&mut rest, &UNITS);
        let scaled = SCALES.iter().find_map(|(word, scale)| Some((rest.strip_suffix(word)?, *scale)));
        let scale = scaled.map(|(shorter, scale)| {
            rest = shorter.trim_end();
            Decimal::from(scale)
        });
        more |= take(&mut rest, &MORE);
        if more {
            own = Some(Qualifier::MoreThan);
        }
        Self { digits: rest, scale, own }
    }
}

impl PrintedNumber {
    /// Reads a number such as "1.336 billion", "89,000", "13.36亿元" or "860多万".
    pub fn parse(text: &str) -> Result<Self, PrintedError> {
        let wrong = || PrintedError::NotANumber(text.to_owned());
        let folded = half_width(text);
        let Parts { digits, scale, own } = Parts::of(&folded);
        let scale = scale.unwrap_or(Decimal::ONE);
        if !digits.chars().all(|c| c.is_ascii_digit() || matches!(c, '.' | ',' | '-'))
            || !well_grouped(digits)
        {
            return Err(wrong());
        }
        if digits.bytes().filter(u8::is_ascii_digit).count() > MAX_DIGITS {
            return Err(PrintedError::TooLong(text.to_owned()));
        }
        let number: Decimal = digits.replace(',', "").parse().map_err(|_| wrong())?;
        let value = number.checked_mul(scale).ok_or_else(wrong)?;
        let step = last_digit(number).checked_mul(scale).ok_or_else(wrong)?;
        Ok(Self { value: value.normalize(), step: step.normalize(), own })
    }
}

impl PrintedFigure {
    /// Reads a figure: a dash after the first character parts the ends of a range. What is read here has an
    /// interval under every qualifier and unit.
    pub fn parse(text: &str) -> Result<Self, PrintedError> {
        let folded = half_width(text.trim());
        let text = folded.as_ref();
        // A word before the figure may have a sign that parts ends: 不到5万.
        let word = BEFORE.iter().find(|(word, _)| text.starts_with(word)).map_or(0, |(word, _)| word.len());
        let after = text.char_indices().skip_while(|(at, _)| *at < word);
        let dash = after.skip(1).find(|(_, c)| DASHES.contains(c));
        let Some((at, dash)) = dash else { return PrintedNumber::parse(text).map(Self::Number) };
        let (low, high) = (&text[..at], &text[at + dash.len_utf8()..]);
        let (own_scale, scale) = (Parts::of(low).scale, Parts::of(high).scale);
        let mut low = PrintedNumber::parse(low)?;
        let high = PrintedNumber::parse(high)?;
        // "15-30万" is 150,000 to 300,000: the scale word after both ends is that of both, unless the lower one
        // would then be the higher.
        if let Some(scaled) = scale.filter(|_| own_scale.is_none())
            && let Some(value) = low.value.checked_mul(scaled).filter(|value| *value <= high.value)
        {
            low.value = value.normalize();
        }
        match low.value <= high.value {
            true => Ok(Self::Range(low.value, high.value)),
            false => Err(PrintedError::NotARange(text.to_owned())),
        }
    }

    /// The values that the figure can stand for in a unit under a qualifier. Two ends are a range whatever
    /// the qualifier says, one number as a range is just that number.
    pub fn interval(self, unit: &str, qualifier: Qualifier) -> Interval {
        let PrintedNumber { value, mut step, own } = match self {
            Self::Range(low, high) => return Interval::between(Bound::closed(low), Bound::closed(high)),
            Self::Number(number) => number,
        };
        if unit == PERCENT {
            step = step.min(Decimal::ONE);
        }
        let half = step / Decimal::TWO;
        // The figure's own words count where the statement says nothing, or is sure of it.
        let says_nothing = matches!(qualifier, Qualifier::Rounded | Qualifier::Exact | Qualifier::Range);
        let of_more = own == Some(Qualifier::MoreThan) && qualifier == Qualifier::About;
        match own.filter(|_| says_nothing || of_more).unwrap_or(qualifier) {
            Qualifier::Rounded => Interval::between(Bound::closed(value - half), Bound::open(value + half)),
            Qualifier::Exact | Qualifier::Range => Interval::exact(value),
            Qualifier::MoreThan => Interval::from(Bound::open(value)),
            Qualifier::LessThan => Interval::up_to(Bound::open(value)),
            Qualifier::Nearly => Interval::between(Bound::closed(value - half), Bound::open(value)),
            Qualifier::About => Interval::between(Bound::closed(value - step), Bound::closed(value + step)),
        }
    }
}

/// What parts the ends of a range.
const DASHES: [char; 7] = ['-', '–', '—', '―', '~', '至', '到'];

/// The unit code of percentages, the one unit that changes how a number is read.
pub const PERCENT: &str = "percent";

/// The worth of the last significant digit: decimals as printed, whole numbers without end zeros.
fn last_digit(number: Decimal) -> Decimal {
    if number.scale() > 0 {
        return Decimal::new(1, number.scale());
    }
    let mut worth = Decimal::ONE;
    while !number.is_zero() && (number / (worth * Decimal::TEN)).fract().is_zero() {
        worth *= Decimal::TEN;
    }
    worth
}

/// Commas, where there are any, must group the whole digits in threes: "1,23" is a slip, not 123.
fn well_grouped(digits: &str) -> bool {
    let whole = digits.strip_prefix('-').unwrap_or(digits);
    let (whole, decimals) = whole.split_once('.').unwrap_or((whole, "0"));
    let mut groups = whole.split(',');
    let first = groups.next().unwrap_or_default();
    let alone = !whole.contains(',');
    !first.is_empty()
        && (alone || first.len() <= 3)
        && groups.all(|g| g.len() == 3)
        && !decimals.is_empty()
        && !decimals.contains(['.', ','])
        && !digits[1..].contains('-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_before_a_figure_qualify_it() {
        for (text, expected) in [
            ("约8.9万", "[88000, 90000]"),
            ("近2万", "[15000, 20000)"),
            ("超过5万人", "(50000, ∞)"),
            ("至少5万", "(50000, ∞)"),
            ("不到5万", "(−∞, 50000)"),
            ("不足3亿元", "(−∞, 300000000)"),
            ("more than 80", "(80, ∞)"),
        ] {
            assert_eq!(interval(text, "person", Qualifier::Rounded), expected, "{text}");
        }
        assert_eq!(interval("约15-30万", "CNY", Qualifier::Range), "[150000, 300000]");
        assert!(PrintedFigure::parse("约").is_err());
    }

    fn interval(text: &str, unit: &str, qualifier: Qualifier) -> String {
        PrintedFigure::parse(text).unwrap().interval(unit, qualifier).to_string()
    }

    #[test]
    fn a_rounded_figure_is_everything_that_rounds_to_it() {
        assert_eq!(interval("1.8 billion", "CNY", Qualifier::Rounded), "[1750000000, 1850000000)");
        assert_eq!(interval("89,000", "person", Qualifier::Rounded), "[88500, 89500)");
        assert_eq!(interval("13.36亿", "CNY", Qualifier::Rounded), "[1335500000, 1336500000)");
        assert_eq!(interval("1.0 million", "CNY", Qualifier::Rounded), "[950000, 1050000)");
        assert_eq!(interval("1 million", "CNY", Qualifier::Rounded), "[500000, 1500000)");
    }

    #[test]
    fn percentages_count_to_the_whole_point() {
        assert_eq!(interval("30", PERCENT, Qualifier::Rounded), "[29.5, 30.5)");
        assert_eq!(interval("32.4", PERCENT, Qualifier::Rounded), "[32.35, 32.45)");
    }

    #[test]
    fn words_before_a_figure_open_or_close_it() {
        assert_eq!(interval("8.6 million", "CNY", Qualifier::MoreThan), "(8600000, ∞)");
        assert_eq!(interval("8.6 million", "CNY", Qualifier::LessThan), "(−∞, 8600000)");
        assert_eq!(interval("1 billion", "CNY", Qualifier::Nearly), "[500000000, 1000000000)");
        assert_eq!(interval("450", "village", Qualifier::Exact), "450");
        assert_eq!(interval("2,300", "CNY", Qualifier::About), "[2200, 2400]");
        assert_eq!(interval("150,000 -300,000", "CNY", Qualifier::Range), "[150000, 300000]");
        assert_eq!(interval("15万–30万", "CNY", Qualifier::Range), "[150000, 300000]");
        assert_eq!(interval("-5–-3", "percent", Qualifier::Range), "[-5, -3]");
        assert_eq!(interval("15-30万", "CNY", Qualifier::Range), "[150000, 300000]");
        assert_eq!(interval("1-2 billion", "CNY", Qualifier::Range), "[1000000000, 2000000000]");
        assert_eq!(interval("800-1万", "CNY", Qualifier::Range), "[800, 10000]");
        assert_eq!(interval("1万-3万", "CNY", Qualifier::Range), "[10000, 30000]");
        assert_eq!(interval(" -5", "percent", Qualifier::Range), "-5");
        for text in [
            "15-30万",
            "15万～30万",
            "15万-30万元",
            "１５—３０万",
            "15万到30万",
            "150,000-300,000元",
            "15~30万元",
        ] {
            assert_eq!(interval(text, "CNY", Qualifier::Rounded), "[150000, 300000]", "{text}");
        }
        assert_eq!(interval("30%-40%", "percent", Qualifier::Range), "[30, 40]");
        assert_eq!(interval("2-3千万", "CNY", Qualifier::Range), "[20000000, 30000000]");
    }

    #[test]
    fn figures_are_read_as_offices_print_them() {
        for (text, unit, shown) in [
            ("30%", PERCENT, "[29.5, 30.5)"),
            ("32.4％", PERCENT, "[32.35, 32.45)"),
            ("3千万", "CNY", "[25000000, 35000000)"),
            ("13.36亿元", "CNY", "[1335500000, 1336500000)"),
            ("８９，０００人", "person", "[88500, 89500)"),
            ("5100公里", "km", "[5050, 5150)"),
            ("6000余", "household", "(6000, ∞)"),
            ("6000余户", "household", "(6000, ∞)"),
            ("3亿多", "CNY", "(300000000, ∞)"),
            ("3亿多元", "CNY", "(300000000, ∞)"),
            ("860多万元", "CNY", "(8600000, ∞)"),
            ("80个以上", "project", "(80, ∞)"),
            ("1.5万亿", "CNY", "[1450000000000, 1550000000000)"),
        ] {
            assert_eq!(interval(text, unit, Qualifier::Rounded), shown, "{text}");
        }
        assert_eq!(interval("10亿多", "CNY", Qualifier::Nearly), "[500000000, 1000000000)");
    }

    #[test]
    fn slips_are_refused_with_the_text_that_was_given() {
        for text in ["", "1,23", "12,3456", "1.2.3", "ten", "1 dozen", "--5", ".5", "5.", "1-2", "NaN", "1e9"]
        {
            assert!(PrintedNumber::parse(text).is_err(), "{text:?} was read");
        }
        for text in ["300,000-150,000", "9999999999999999999999999999 billion", "1-", "-", "–5", "1-2-3"] {
            assert!(PrintedFigure::parse(text).is_err(), "{text:?} was read");
        }
    }

    #[test]
    fn the_longest_number_has_an_exact_interval_under_every_qualifier() {
        let digits = "9".repeat(MAX_DIGITS);
        let fraction = format!("0.{}", "9".repeat(MAX_DIGITS - 1));
        for text in [digits.clone(), format!("-{digits} billion"), fraction.clone(), format!("{fraction}亿")]
        {
            for qualifier in [Qualifier::Rounded, Qualifier::Nearly, Qualifier::About] {
                let PrintedFigure::Number(number) = PrintedFigure::parse(&text).unwrap() else { panic!() };
                let interval = PrintedFigure::Number(number).interval("CNY", qualifier);
                let low = interval.low.unwrap().value;
                let half =
                    if qualifier == Qualifier::About { number.step } else { number.step / Decimal::TWO };
                assert_eq!(low + half, number.value, "{text} {qualifier:?}");
            }
        }
        assert!(PrintedNumber::parse(&"9".repeat(MAX_DIGITS + 1)).is_err());
    }
}
