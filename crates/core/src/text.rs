//! Texts of a format: the one function that accepts a text, and gives the form in which it is kept. What it
//! accepts, every reader of that format can read.

use std::borrow::Cow;

use crate::area::AreaCode;
use crate::dataset::Format;
use crate::expression::Expression;
use crate::period::Period;
use crate::printed::PrintedFigure;

/// The canonical form of a text: without space around it, area codes without padding. An error says what is
/// wrong and what to write instead. Dates are not texts in a table and are not read here.
pub fn canonical(format: Format, text: &str) -> Result<Cow<'_, str>, String> {
    let text = text.trim();
    let length = text.chars().count();
    if length > format.max_length() {
        return Err(format!("has {length} characters; write at most {}", format.max_length()));
    }
    if let Some(control) = text.chars().find(|c| c.is_control()) {
        let code = u32::from(control);
        return Err(format!("contains a line break or control character (U+{code:04X}); remove it"));
    }
    match format {
        Format::Free | Format::Date => Ok(text.into()),
        Format::Identifier if is_identifier(text) => Ok(text.into()),
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

fn is_identifier(text: &str) -> bool {
    let rest = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    text.starts_with(|c: char| c.is_ascii_alphanumeric()) && text.chars().all(rest)
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
