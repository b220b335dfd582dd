//! Numbers as people write them: full-width digits, groups of three, a decimal point or a decimal comma.
//!
//! The same text may be two numbers: 1,234 is 1234 where a comma separates thousands and 1.234 where it is the
//! decimal mark. A file has one style, which its unambiguous numbers show.

use std::borrow::Cow;

use uplift_core::text::half_width;

/// What separates the fraction from the whole in the numbers of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DecimalMark {
    /// 1,234.50
    Point,
    /// 1.234,50
    Comma,
    /// The file does not show it: what can be read in two ways is not read.
    Unknown,
}

/// What the numbers of a file show of its decimal mark.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct MarkCount {
    /// Numbers that can only be read with a point, and only with a comma.
    point: usize,
    comma: usize,
    /// Numbers whose comma may separate thousands as well.
    grouped: usize,
}

impl MarkCount {
    /// Counts a number.
    pub(crate) fn count(&mut self, text: &str) {
        let readings = Readings::of_text(text);
        match readings.evidence() {
            Some(DecimalMark::Point) => self.point += 1,
            Some(DecimalMark::Comma) => self.comma += 1,
            _ => self.grouped += usize::from(readings.is_ambiguous() && text.contains([',', '，'])),
        }
    }

    /// The decimal mark. Without any number that shows it, it is the usual one, unless commas do not end cells. Where
    /// they do, a few decimal commas among many thousands are slips and decide nothing.
    pub(crate) fn shown(self, suits_comma: bool) -> DecimalMark {
        match (self.point > 0, self.comma > 0) {
            (true, false) => DecimalMark::Point,
            (false, true) if suits_comma || self.comma >= self.grouped => DecimalMark::Comma,
            (false, false) if !suits_comma => DecimalMark::Point,
            _ => DecimalMark::Unknown,
        }
    }
}

/// Both readings of a text: with a decimal point, and with a decimal comma.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Readings<'a> {
    pub(crate) point: Option<Cow<'a, str>>,
    pub(crate) comma: Option<Cow<'a, str>>,
}

/// Why a text is not a number.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum NumberError {
    /// It has no reading.
    NotANumber,
    /// It has two, and the file does not show which is meant.
    Ambiguous { point: String, comma: String },
    /// A spreadsheet shows large numbers so, and hides their last digits.
    Shortened,
}

impl Readings<'_> {
    /// The readings of a text.
    pub(crate) fn of_text(text: &str) -> Readings<'_> {
        let text = half_width(text);
        match text {
            Cow::Borrowed(text) => Readings { point: digits(text, '.'), comma: digits(text, ',') },
            Cow::Owned(text) => {
                let owned = |mark| digits(&text, mark).map(|d| Cow::Owned(d.into_owned()));
                Readings { point: owned('.'), comma: owned(',') }
            }
        }
    }

    /// The only decimal mark with which the text is a number; none if both give the same or neither does.
    pub(crate) fn evidence(&self) -> Option<DecimalMark> {
        match (&self.point, &self.comma) {
            (Some(_), None) => Some(DecimalMark::Point),
            (None, Some(_)) => Some(DecimalMark::Comma),
            _ => None,
        }
    }

    fn is_ambiguous(&self) -> bool {
        self.point.is_some() && self.comma.is_some() && self.point != self.comma
    }
}

/// A number as plain digits: a sign, a point, an exponent, and nothing else.
pub(crate) fn plain_digits(text: &str, mark: DecimalMark) -> Result<Cow<'_, str>, NumberError> {
    // Most cells are plain already.
    if mark == DecimalMark::Point && is_plain(text) {
        return Ok(text.into());
    }
    if is_shortened(text) {
        return Err(NumberError::Shortened);
    }
    let readings = Readings::of_text(text);
    let number = match mark {
        DecimalMark::Point => readings.point,
        DecimalMark::Comma => readings.comma,
        DecimalMark::Unknown if readings.is_ambiguous() => {
            let [point, comma] = [readings.point, readings.comma].map(|r| r.unwrap_or_default().into_owned());
            return Err(NumberError::Ambiguous { point, comma });
        }
        DecimalMark::Unknown => readings.point.or(readings.comma),
    };
    number.ok_or(NumberError::NotANumber)
}

/// Whether a text may have another reading than the one with a decimal point.
pub(crate) fn is_doubtful(text: &str) -> bool {
    !is_plain(text) && (text.contains([',', '，']) || text.bytes().filter(|b| *b == b'.').count() > 1)
}

/// A number as programs write it, which most are: digits with at most one point and a sign.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PlainNumber {
    /// Its digits, as a whole number.
    pub(crate) digits: i64,
    /// How many of them are behind the point.
    pub(crate) decimals: u32,
}

/// Digits that any plain number fits.
const MAX_PLAIN_DIGITS: usize = 18;

impl PlainNumber {
    /// The number that a text with a decimal point is; none if it is written in another way, or longer.
    pub(crate) fn of_text(text: &str) -> Option<Self> {
        let unsigned = text.strip_prefix('-').unwrap_or(text);
        let (mut digits, mut count, mut point) = (0, 0, None);
        for byte in unsigned.bytes() {
            match byte {
                b'0'..=b'9' if count < MAX_PLAIN_DIGITS => digits = digits * 10 + i64::from(byte - b'0'),
                b'.' if point.is_none() && count > 0 => {
                    point = Some(count);
                    continue;
                }
                _ => return None,
            }
            count += 1;
        }
        let decimals = count - point.unwrap_or(count);
        let complete = count > 0 && point != Some(count);
        let digits = if unsigned.len() < text.len() { -digits } else { digits };
        complete.then_some(Self { digits, decimals: u32::try_from(decimals).ok()? })
    }
}

/// Digits with at most one point and a sign.
fn is_plain(text: &str) -> bool {
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, "0"));
    let all_digits = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
    !whole.is_empty() && !fraction.is_empty() && all_digits(whole) && all_digits(fraction)
}

/// 1.23457E+11, as spreadsheets show what does not fit a cell: digits that are not shown are lost.
fn is_shortened(text: &str) -> bool {
    let Some((mantissa, exponent)) = text.split_once("E+") else { return false };
    let decimals = mantissa.split_once(['.', ',']).map_or(0, |(_, fraction)| fraction.len());
    exponent.parse::<usize>().is_ok_and(|exponent| exponent > decimals)
}

/// The plain digits of a text with this decimal mark; none if it is not a number.
fn digits(text: &str, mark: char) -> Option<Cow<'_, str>> {
    let text = text.strip_prefix(['￥', '¥']).unwrap_or(text).trim();
    let (sign, unsigned) = match text.strip_prefix(['-', '\u{2212}']) {
        Some(rest) => ("-", rest),
        None => ("", text.strip_prefix('+').unwrap_or(text)),
    };
    let unsigned = unsigned.trim_start_matches(['￥', '¥']);
    let (number, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((number, exponent)) => (number, Some(exponent)),
        None => (unsigned, None),
    };
    let (whole, fraction) = match number.split_once(mark) {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (number, None),
    };
    let all_digits = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
    if fraction.is_some_and(|f| !all_digits(f)) || (whole.is_empty() && fraction.is_none_or(str::is_empty)) {
        return None;
    }
    let whole = without_groups(whole, mark)?;
    let mut plain = format!("{sign}{}", if whole.is_empty() { "0" } else { &whole });
    if let Some(fraction) = fraction.filter(|f| !f.is_empty()) {
        plain.push('.');
        plain.push_str(fraction);
    }
    if let Some(exponent) = exponent {
        let unsigned = exponent.strip_prefix(['-', '+']).unwrap_or(exponent);
        if unsigned.is_empty() || unsigned.len() > 3 || !all_digits(unsigned) {
            return None;
        }
        plain.push('e');
        plain.push_str(exponent);
    }
    Some(if plain == text { text.into() } else { plain.into() })
}

/// Digits without what groups them in threes; none where it groups otherwise.
fn without_groups(whole: &str, mark: char) -> Option<Cow<'_, str>> {
    let Some(separator) = whole.chars().find(|c| !c.is_ascii_digit()) else { return Some(whole.into()) };
    let groups_thousands = match separator {
        ',' | '.' => separator != mark,
        '\'' | '’' => true,
        other => other.is_whitespace(),
    };
    let mut groups = whole.split(separator);
    let first = groups.next().unwrap_or_default();
    let is_first = (1..=3).contains(&first.len()) && !first.starts_with('0');
    let threes = |group: &str| group.len() == 3 && group.bytes().all(|b| b.is_ascii_digit());
    let fits =
        groups_thousands && is_first && first.bytes().all(|b| b.is_ascii_digit()) && groups.all(threes);
    fits.then(|| whole.replace(separator, "").into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_text_has_the_readings_that_its_groups_allow() {
        for (text, point, comma) in [
            ("80", Some("80"), Some("80")),
            ("-1234.5", Some("-1234.5"), None),
            ("12,5", None, Some("12.5")),
            ("12，5", None, Some("12.5")),
            ("1.355,90", None, Some("1355.90")),
            ("1.234.567,89", None, Some("1234567.89")),
            ("1,234.50", Some("1234.50"), None),
            ("1,234", Some("1234"), Some("1.234")),
            ("1.355", Some("1.355"), Some("1355")),
            ("0,123", None, Some("0.123")),
            ("0.123", Some("0.123"), None),
            ("12,34,567", None, None),
            ("1,2345", None, Some("1.2345")),
            ("1,234,56", None, None),
            ("1 234.50", Some("1234.50"), None),
            ("1\u{202f}234,50", None, Some("1234.50")),
            ("1'234.50", Some("1234.50"), None),
            ("1_234", None, None),
            ("1 23", None, None),
            ("1,234 567", None, None),
            ("１２．５", Some("12.5"), None),
            ("－５", Some("-5"), Some("-5")),
            ("￥1,234.50", Some("1234.50"), None),
            (".5", Some("0.5"), None),
            ("12.", Some("12"), None),
            ("1e5", Some("1e5"), Some("1e5")),
            ("1e-07", Some("1e-07"), Some("1e-07")),
            ("e5", None, None),
            ("", None, None),
            (".", None, None),
            ("-", None, None),
            ("--5", None, None),
            ("5-", None, None),
            ("0x10", None, None),
            ("NaN", None, None),
            ("infinity", None, None),
        ] {
            let readings = Readings::of_text(text);
            assert_eq!(readings.point.as_deref(), point, "{text:?} with a point");
            assert_eq!(readings.comma.as_deref(), comma, "{text:?} with a comma");
        }
    }

    #[test]
    fn what_has_two_readings_is_refused_where_the_file_does_not_tell_them_apart() {
        let ambiguous = plain_digits("1,234", DecimalMark::Unknown);
        assert_eq!(ambiguous, Err(NumberError::Ambiguous { point: "1234".into(), comma: "1.234".into() }));
        assert_eq!(plain_digits("12,5", DecimalMark::Unknown).unwrap(), "12.5");
        assert_eq!(plain_digits("1,234", DecimalMark::Point).unwrap(), "1234");
        assert_eq!(plain_digits("1,234", DecimalMark::Comma).unwrap(), "1.234");
        assert_eq!(plain_digits("12,5", DecimalMark::Point), Err(NumberError::NotANumber));
    }

    #[test]
    fn digits_that_a_spreadsheet_does_not_show_are_not_made_zero() {
        assert_eq!(plain_digits("1.23457E+11", DecimalMark::Point), Err(NumberError::Shortened));
        assert_eq!(plain_digits("1E+11", DecimalMark::Point), Err(NumberError::Shortened));
        assert_eq!(plain_digits("1.5E-7", DecimalMark::Point).unwrap(), "1.5e-7");
        assert_eq!(plain_digits("1e+05", DecimalMark::Point).unwrap(), "1e+05");
    }
}
