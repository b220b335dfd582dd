//! What the number format of a spreadsheet makes of a number: 12.5 is shown as 12.5万元, and 12 as 000012.
//!
//! People mean what a cell shows, and the file holds another number behind it. What a format only rounds is kept.

use std::str::FromStr;

use rust_decimal::Decimal;

/// A number format: up to four sections, for numbers of different sign or size.
#[derive(Debug, Default)]
pub(crate) struct NumberFormat {
    sections: Vec<Section>,
}

/// How the numbers of one sign or size are shown.
#[derive(Debug, Default)]
struct Section {
    /// The numbers that it is for, where it says so: [>=10000].
    condition: Option<(String, f64)>,
    before: String,
    after: String,
    /// Characters within the digits of the whole number, each with the number of digits right of it.
    within: Vec<(usize, char)>,
    /// Digits of the whole number that are shown even if they are zeros.
    zeros: usize,
    /// Power of ten that the number is divided by before it is shown; -2 for percent.
    shift: i32,
    /// Whether it shows the number, by its digits.
    shows_digits: bool,
}

/// A part of a section.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Token {
    /// 0, # or ?; whether it shows zeros.
    Digit(bool),
    Point,
    Comma,
    Percent,
    /// General, which shows a number as it is.
    General,
    /// A character that is shown as it is.
    Literal(char),
    /// The same, but for nothing outside of the digits.
    Sign(char),
    /// An exponent, a fraction, or anything else that shows the number in a way of its own.
    Other,
}

/// Names of the format that shows a number as it is.
const GENERAL: [&str; 2] = ["general", "g/通用格式"];

impl NumberFormat {
    /// The format that a code describes.
    pub(crate) fn of_code(code: &str) -> Self {
        let mut format = Self { sections: vec![] };
        let mut rest = code;
        while format.sections.len() < 4 {
            let (section, after) = Section::read(rest);
            format.sections.push(section);
            match after {
                Some(after) => rest = after,
                None => break,
            }
        }
        format
    }

    /// Whether it shows every number as it is, but for rounding, groups and signs of the yuan.
    pub(crate) fn is_plain(&self) -> bool {
        self.sections.iter().all(|section| section.is_plain() && section.zeros <= 1)
    }

    /// The text that stands for a number; none if the number itself does.
    pub(crate) fn show(&self, number: f64) -> Option<String> {
        let section = self.section(number)?;
        let exact = Decimal::from_str(&number.abs().to_string()).ok()?;
        let factor = match u32::try_from(section.shift) {
            Ok(power) => Decimal::try_from_i128_with_scale(1, power).ok()?,
            Err(_) => Decimal::ONE_HUNDRED,
        };
        let digits = exact.checked_mul(factor)?.normalize().to_string();
        let (whole, fraction) = digits.split_once('.').map_or((digits.as_str(), None), |(w, f)| (w, Some(f)));
        let padded = format!("{whole:0>width$}", width = section.zeros);
        if section.is_plain() && padded == whole {
            return None;
        }
        let mut shown = String::from(if number < 0.0 { "-" } else { "" });
        shown.push_str(&section.before);
        for (index, digit) in padded.chars().enumerate() {
            let right = padded.len() - index;
            shown.extend(section.within.iter().filter(|(at, _)| *at == right && index > 0).map(|(_, c)| c));
            shown.push(digit);
        }
        if let Some(fraction) = fraction {
            shown.push('.');
            shown.push_str(fraction);
        }
        shown.push_str(&section.after);
        Some(shown)
    }

    /// The section for a number, if it shows its digits.
    fn section(&self, number: f64) -> Option<&Section> {
        let fits = |section: &&Section| section.condition.as_ref().is_some_and(|c| holds(c, number));
        let by_condition = self.sections.iter().find(fits);
        let unconditional = || {
            let mut others = self.sections.iter().filter(|section| section.condition.is_none());
            let has_conditions = self.sections.iter().any(|section| section.condition.is_some());
            let index = match self.sections.len() {
                _ if has_conditions => 0,
                2.. if number < 0.0 => 1,
                3.. if number == 0.0 => 2,
                _ => 0,
            };
            others.nth(index)
        };
        by_condition.or_else(unconditional).filter(|section| section.shows_digits)
    }
}

fn holds((comparison, bound): &(String, f64), number: f64) -> bool {
    match comparison.as_str() {
        ">=" => number >= *bound,
        ">" => number > *bound,
        "<=" => number <= *bound,
        "<" => number < *bound,
        "=" => number == *bound,
        _ => number != *bound,
    }
}

impl Section {
    /// Reads a section, and gives what is behind it.
    fn read(code: &str) -> (Self, Option<&str>) {
        let mut section = Self::default();
        let mut tokens = Vec::new();
        let mut rest = code;
        while let Some(c) = rest.chars().next() {
            let at = rest;
            rest = &rest[c.len_utf8()..];
            let general = GENERAL
                .iter()
                .find(|name| at.get(..name.len()).is_some_and(|start| start.eq_ignore_ascii_case(name)));
            match c {
                ';' => {
                    section.take(&tokens);
                    return (section, Some(rest));
                }
                _ if general.is_some() => {
                    tokens.push(Token::General);
                    rest = &at[general.map_or(0, |name| name.len())..];
                }
                '"' => {
                    let (text, after) = rest.split_once('"').unwrap_or((rest, ""));
                    tokens.extend(text.chars().map(Token::Literal));
                    rest = after;
                }
                '[' => {
                    let (inside, after) = rest.split_once(']').unwrap_or((rest, ""));
                    rest = after;
                    if let Some(currency) = inside.strip_prefix('$') {
                        let symbol = currency.split('-').next().unwrap_or_default();
                        tokens.extend(symbol.chars().map(Token::Literal));
                    } else if inside.starts_with(['<', '>', '=']) {
                        let number = inside.trim_start_matches(['<', '>', '=']);
                        let comparison = inside[..inside.len() - number.len()].to_owned();
                        section.condition = number.trim().parse().ok().map(|bound| (comparison, bound));
                    }
                }
                // The character behind is as wide as a space, or fills the cell.
                '_' | '*' => rest = after_one(rest).1,
                '\\' | '!' => {
                    let (escaped, after) = after_one(rest);
                    tokens.extend(escaped.map(Token::Literal));
                    rest = after;
                }
                '0' => tokens.push(Token::Digit(true)),
                '#' | '?' => tokens.push(Token::Digit(false)),
                '.' => tokens.push(Token::Point),
                ',' => tokens.push(Token::Comma),
                '%' => tokens.push(Token::Percent),
                // The sign of the currency is that of the place where the file is opened.
                '(' | ')' | '+' | '-' | '$' | ' ' => tokens.push(Token::Sign(c)),
                '/' | 'E' | 'e' | '@' => tokens.push(Token::Other),
                other => tokens.push(Token::Literal(other)),
            }
        }
        section.take(&tokens);
        (section, None)
    }

    /// Takes what the tokens say.
    fn take(&mut self, tokens: &[Token]) {
        let is_digit = |token: &Token| matches!(token, Token::Digit(_) | Token::General);
        let first = tokens.iter().position(is_digit);
        let last = tokens.iter().rposition(is_digit);
        let (Some(first), Some(last)) = (first, last) else { return };
        self.shows_digits = !tokens.contains(&Token::Other);
        let point = tokens.iter().position(|token| *token == Token::Point).unwrap_or(tokens.len());
        let whole = &tokens[..point];
        let digits_right_of = |at: usize| whole[at..].iter().filter(|t| matches!(t, Token::Digit(_))).count();
        self.zeros = whole.iter().filter(|token| **token == Token::Digit(true)).count();
        for (at, token) in tokens.iter().enumerate() {
            match token {
                // Commas between digits group them; behind the last, each divides by a thousand.
                Token::Comma if at > last => self.shift += 3,
                Token::Percent => {
                    self.shift = -2;
                    self.after.push('%');
                }
                Token::Literal('¥' | '￥') => {}
                Token::Literal(c) if at < first => self.before.push(*c),
                Token::Literal(c) if at > last => self.after.push(*c),
                // A point that is put between the digits of a whole number divides it.
                Token::Literal('.') if at < point => self.shift += digits_right_of(at) as i32,
                Token::Literal(c) | Token::Sign(c) if first < at && at < point.min(last) => {
                    self.within.push((digits_right_of(at), *c))
                }
                _ => {}
            }
        }
        if self.shift > 0 {
            self.zeros = 0;
            if self.after.trim().is_empty() {
                self.after = unit_of_power(self.shift);
            }
        }
        self.before = self.before.trim_start_matches(['-', '(']).trim().to_owned();
        self.after = self.after.trim_end_matches([')']).trim().to_owned();
    }

    fn is_plain(&self) -> bool {
        !self.shows_digits
            || (self.before.is_empty() && self.after.is_empty() && self.within.is_empty() && self.shift == 0)
    }
}

fn after_one(text: &str) -> (Option<char>, &str) {
    let mut chars = text.chars();
    (chars.next(), chars.as_str())
}

/// The unit of yuan that are shown divided by a power of ten.
fn unit_of_power(power: i32) -> String {
    const SMALL: [&str; 4] = ["", "十", "百", "千"];
    let large = ["", "万", "亿", "万亿"].get(power as usize / 4).unwrap_or(&"?");
    format!("{}{large}元", SMALL[power as usize % 4])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_what_its_format_shows() {
        for (code, number, shown) in [
            ("General", 12.5, None),
            ("0.00", 12.5, None),
            ("#,##0.00", 1234.5, None),
            ("_(* #,##0.00_);_(* (#,##0.00);_(* \"-\"??_);_(@_)", -1234.5, None),
            ("\"¥\"#,##0.00", 1234.5, None),
            ("[$¥-804]#,##0.00;[Red][$¥-804]\\-#,##0.00", -1234.5, None),
            ("$#,##0", 5.0, None),
            ("0.00E+00", 5.0, None),
            ("# ?/?", 0.5, None),
            ("@", 12.0, None),
            ("0.00\"万元\"", 12.5, Some("12.5万元")),
            ("0.00万元", 12.5, Some("12.5万元")),
            ("G/通用格式\"万元\"", 12.5, Some("12.5万元")),
            ("General\"人\"", 5.0, Some("5人")),
            ("#,##0.00\"亿元\"", 1234.567, Some("1234.567亿元")),
            ("0!.0,", 125_432.0, Some("12.5432万元")),
            ("0\\.0,\"万元\"", 125_432.0, Some("12.5432万元")),
            ("0!.0000", 125_432.0, Some("12.5432万元")),
            ("0.0,", 125_432.0, Some("125.432千元")),
            ("#,##0,,", 125_000_000.0, Some("125百万元")),
            ("0!.00,,", 1_336_000_000.0, Some("13.36亿元")),
            ("[>=10000]0!.0,\"万元\";0\"元\"", 125_432.0, Some("12.5432万元")),
            ("[>=10000]0!.0,\"万元\";0\"元\"", 500.0, Some("500元")),
            ("0.0%", 0.355, Some("35.5%")),
            ("0%", 0.1, Some("10%")),
            ("0\"万元\";(0\"万元\")", -5.0, Some("-5万元")),
            ("000000", 12.0, Some("000012")),
            ("000000", 123_456.0, None),
            ("\"ZJ-\"0000", 12.0, Some("ZJ-0012")),
            ("0000\"-\"00\"-\"00", 20_111_017.0, Some("2011-10-17")),
            ("0000-00-00", 20_111_017.0, Some("2011-10-17")),
            ("-0.00 ", 5.0, None),
            ("[$$-409]#,##0.00", 5.0, Some("$5")),
            ("\"US$\"0", 5.0, Some("US$5")),
            ("0\"年\"", 2011.0, Some("2011年")),
            ("", 5.0, None),
            ("\"", 5.0, None),
            ("[", 5.0, None),
            ("0.00\"万元", 5.0, Some("5万元")),
        ] {
            let format = NumberFormat::of_code(code);
            assert_eq!(format.show(number).as_deref(), shown, "{code} of {number}");
            assert!(!format.is_plain() || shown.is_none(), "{code}");
        }
        for code in ["General", "0.00", "#,##0.00_);[Red](#,##0.00)", "0;-0;;@", "\"¥\"#,##0.00"] {
            assert!(NumberFormat::of_code(code).is_plain(), "{code}");
        }
    }
}
