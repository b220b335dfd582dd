//! A condition of a template: what must hold between figures of a report for it to be published.

use uplift_core::expression::Expression;

/// How the two sides should stand to each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Comparison {
    AtLeast,
    AtMost,
    Equals,
}

/// Two expressions over figures of the template.
#[derive(Debug, Clone)]
pub(crate) struct Condition {
    pub(crate) left: Expression,
    pub(crate) comparison: Comparison,
    pub(crate) right: Expression,
}

/// Signs, the longer first.
const SIGNS: [(&str, Comparison); 3] =
    [(">=", Comparison::AtLeast), ("<=", Comparison::AtMost), ("=", Comparison::Equals)];

impl Condition {
    /// Reads a condition, as `fiscal >= national + local`; an error says what is wrong with it.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let parted = SIGNS.iter().find_map(|(sign, comparison)| {
            let (left, right) = text.split_once(sign)?;
            Some((left, *comparison, right))
        });
        let Some((left, comparison, right)) = parted else {
            return Err(format!(
                "{text:?} is not a condition; write it as fiscal >= national + local, with >=, <= or ="
            ));
        };
        let side = |text: &str| Expression::parse(text).map_err(|e| e.to_string());
        Ok(Self { left: side(left)?, comparison, right: side(right)? })
    }

    /// The figures that it names.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.left.names().into_iter().chain(self.right.names())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_condition_has_two_sides_and_a_sign_between() {
        let condition = Condition::parse("absorption <= 100").unwrap();
        assert_eq!(condition.comparison, Comparison::AtMost);
        let condition = Condition::parse("\"per-poor\" * poor = fiscal - 1").unwrap();
        assert_eq!(condition.names().collect::<Vec<_>>(), ["per-poor", "poor", "fiscal"]);
        for wrong in ["fiscal", "fiscal > 1 >", ">= 1", "a < b", "a >= b >= c", ""] {
            assert!(Condition::parse(wrong).is_err(), "{wrong}");
        }
    }
}
