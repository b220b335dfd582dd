//! Administrative areas by their code (GB/T 2260 and its finer levels).

use std::fmt;
use std::str::FromStr;

/// An area: digits whose prefixes are the areas above it, so that a roll-up is a prefix.
///
/// Six-digit codes pad the upper levels with zeros ("500000" is Chongqing); the padding is taken
/// off, so that "50" and "500000" are one area.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AreaCode(String);

/// A text that is not an area code.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} is not an area code: write the 2, 4, 6, 9 or 12 digits of GB/T 2260, for example 50 or 500101"
)]
pub struct AreaCodeError(String);

/// Digits at which a level ends: province, prefecture, county, township, village.
const LEVELS: [usize; 5] = [2, 4, 6, 9, 12];

impl AreaCode {
    /// The digits, without padding.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether `other` is this area or lies in it.
    pub fn contains(&self, other: &AreaCode) -> bool {
        other.0.starts_with(&self.0)
    }

    /// The county (or district) that the area is or lies in; upper levels stand for themselves.
    pub fn county(&self) -> &str {
        &self.0[..self.0.len().min(6)]
    }
}

impl FromStr for AreaCode {
    type Err = AreaCodeError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let digits = text.bytes().all(|b| b.is_ascii_digit());
        if !digits || !LEVELS.contains(&text.len()) || text.starts_with("00") {
            return Err(AreaCodeError(text.to_owned()));
        }
        let mut end = text.len();
        while let Some(above) = LEVELS.iter().rev().copied().find(|level| *level < end) {
            if text[above..end].bytes().any(|b| b != b'0') {
                break;
            }
            end = above;
        }
        Ok(Self(text[..end].to_owned()))
    }
}

impl fmt::Display for AreaCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(text: &str) -> AreaCode {
        text.parse().unwrap()
    }

    #[test]
    fn padding_does_not_belong_to_the_area() {
        assert_eq!(code("500000"), code("50"));
        assert_eq!(code("500100").as_str(), "5001");
        assert_eq!(code("500101000000"), code("500101"));
        assert_eq!(code("500101001").as_str(), "500101001");
    }

    #[test]
    fn roll_up_is_a_prefix() {
        assert!(code("50").contains(&code("500101")));
        assert!(code("500101").contains(&code("500101")));
        assert!(!code("500101").contains(&code("50")));
        assert_eq!(code("500101001").county(), "500101");
        assert_eq!(code("50").county(), "50");
    }

    #[test]
    fn other_texts_are_refused() {
        for text in ["", "5", "501", "50010", "5001O1", "00", "000000", "50 ", "５０"] {
            assert!(text.parse::<AreaCode>().is_err(), "{text:?} was read");
        }
    }
}
