//! Texts of a format: the one function that accepts a text, and gives the form in which it is kept. What it
//! accepts, every reader of that format can read.

use std::borrow::Cow;

use crate::area::AreaCode;
use crate::dataset::Format;
use crate::expression::Expression;
use crate::period::Period;
use crate::printed::PrintedFigure;
pub use crate::width::half_width;

/// What lost characters in UTF-8 become where they are read as GBK.
const LOST: &str = "锟斤拷";

/// The canonical form of a text: without space around it, area codes without padding. An error says what is
/// wrong and what to write instead. Dates are not texts in a table and are not read here.
pub fn canonical(format: Format, text: &str) -> Result<Cow<'_, str>, String> {
    let text = text.trim();
    if format == Format::Identifier && is_plain_identifier(text) {
        return Ok(text.into());
    }
    let length = text.chars().count();
    if length > format.max_length() {
        return Err(format!("has {length} characters; write at most {}", format.max_length()));
    }
    if let Some(c) = text.chars().find(|c| c.is_control() || unreadable(*c)) {
        let what =
            if c.is_control() { "a line break or control character" } else { "a character that no text has" };
        return Err(format!("contains {what} (U+{:04X}); remove it", u32::from(c)));
    }
    if text.contains(LOST) {
        return Err(format!(
            "contains {LOST}, which stands for characters that a program lost; write them again"
        ));
    }
    match format {
        Format::Free | Format::Date => Ok(text.into()),
        Format::Identifier if whole_as_fraction(text).is_some() => {
            let digits = whole_as_fraction(text).unwrap_or_default();
            Err(format!("{text:?} is an identifier that a program made a number of; write {digits}"))
        }
        Format::Identifier if is_identifier(&half_width(text)) => Ok(match half_width(text) {
            Cow::Borrowed(_) => text.into(),
            Cow::Owned(folded) => folded.into(),
        }),
        Format::Identifier => {
            Err(format!("{text:?} is not an identifier: write {}", Format::Identifier.describe()))
        }
        Format::Area => match text.parse::<AreaCode>() {
            Ok(code) if code.as_str() == text => Ok(text.into()),
            Ok(code) => Ok(code.to_string().into()),
            Err(e) => Err(e.to_string()),
        },
        Format::Period => text.parse::<Period>().map(|_| text.into()).map_err(|e| e.to_string()),
        Format::Printed => PrintedFigure::parse(text).map(|_| text.into()).map_err(|e| e.to_string()),
        Format::Expression => Expression::parse(text).map(|_| text.into()).map_err(|e| e.to_string()),
    }
}

/// Whether no text has this character: of private use, for nothing, or in place of one that was lost. A line break and
/// a tab are no such characters; other control characters are.
pub fn unreadable(c: char) -> bool {
    matches!(c, '\u{e000}'..='\u{f8ff}' | '\u{fdd0}'..='\u{fdef}' | '\u{fffc}'..='\u{ffff}' | '\u{f0000}'..)
        || (c.is_control() && !matches!(c, '\t' | '\n' | '\r'))
}

/// The digits before the point of 10012.0.
fn whole_as_fraction(text: &str) -> Option<&str> {
    let (digits, zeros) = text.split_once('.')?;
    let all = |part: &str, fits: fn(u8) -> bool| !part.is_empty() && part.bytes().all(fits);
    (all(digits, |b| b.is_ascii_digit()) && all(zeros, |b| b == b'0')).then_some(digits)
}

/// Whether a text is an identifier that is kept as it is, and stands for nothing else: letters, dashes and a digit, as
/// most are.
pub fn is_plain_identifier(text: &str) -> bool {
    let (mut any_digit, mut all) = (false, text.len() <= Format::Identifier.max_length());
    for byte in text.bytes() {
        any_digit |= byte.is_ascii_digit();
        all &= byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    }
    any_digit && all && text.as_bytes()[0].is_ascii_alphanumeric()
}

/// Letters and digits of any script, and the signs of numbers of documents: 渝财农〔2011〕123号.
fn is_identifier(text: &str) -> bool {
    let rest = |c: char| {
        c.is_alphanumeric()
            || matches!(c, '.' | '-' | '_' | '/' | '#' | '(' | ')' | '[' | ']' | '〔' | '〕' | '·')
    };
    text.starts_with(char::is_alphanumeric) && text.chars().all(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_accepted_is_kept_in_one_form_and_is_accepted_again() {
        for (format, text, kept) in [
            (Format::Area, " 500101000000", "500101"),
            (Format::Period, "2011-Q3 ", "2011-Q3"),
            (Format::Printed, " -5", "-5"),
            (Format::Printed, "150,000 -300,000", "150,000 -300,000"),
            (Format::Identifier, "a.b-c_1", "a.b-c_1"),
            (Format::Identifier, "渝财农〔2011〕123号", "渝财农〔2011〕123号"),
            (Format::Identifier, "渝扶组（2011）5号", "渝扶组(2011)5号"),
            (Format::Identifier, "人次", "人次"),
            (Format::Free, "\u{3000}万州区 ", "万州区"),
            (Format::Expression, "a + b", "a + b"),
        ] {
            assert_eq!(canonical(format, text).unwrap(), kept, "{text:?}");
            assert_eq!(canonical(format, kept).unwrap(), kept, "{text:?}");
        }
    }

    #[test]
    fn long_texts_and_control_characters_are_refused_in_every_format() {
        let formats = [
            Format::Free,
            Format::Identifier,
            Format::Area,
            Format::Period,
            Format::Printed,
            Format::Expression,
        ];
        for format in formats {
            assert!(canonical(format, &"1".repeat(format.max_length() + 1)).is_err(), "{format:?}");
            for text in ["a\u{1b}[31mb", "a\nb", "a\0b", "a\u{9b}b"] {
                assert!(canonical(format, text).is_err(), "{format:?} {text:?}");
            }
        }
        assert!(canonical(Format::Free, &"一".repeat(Format::Free.max_length())).is_ok());
    }
}
