//! What two intervals say of each other: the judgement of a check.

use crate::interval::Interval;

/// How a printed figure should stand to what is computed from others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Relation {
    /// The same value.
    Equals,
    /// No more than what is computed.
    AtMost,
    /// No less than what is computed.
    AtLeast,
    /// Printed as a range that holds what is computed.
    Contains,
}

/// The judgement of a check.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// The figures agree as far as they are printed.
    Consistent,
    /// No values that the printed figures can stand for agree.
    Inconsistent,
    /// The figures are printed too loosely to tell, or one is missing.
    Undetermined,
}

impl Relation {
    /// Judges a printed figure against the computed one.
    ///
    /// Inconsistent needs every pair of values to break the relation. An inequality is consistent
    /// when every pair keeps it; an equality when one interval, both ends known, lies inside the
    /// other, for overlapping alone would let two loosely printed figures vouch for each other.
    pub fn judge(self, printed: &Interval, computed: &Interval) -> Verdict {
        let (broken, kept) = match self {
            Self::Equals => {
                let inside = printed.contains(computed) || computed.contains(printed);
                let bounded = printed.is_bounded() && computed.is_bounded();
                (printed.is_disjoint(computed), bounded && inside)
            }
            Self::Contains => (printed.is_disjoint(computed), printed.contains(computed)),
            Self::AtMost => (computed.is_below(printed), printed.is_at_most(computed)),
            Self::AtLeast => (printed.is_below(computed), computed.is_at_most(printed)),
        };
        match (broken, kept) {
            (true, _) => Verdict::Inconsistent,
            (_, true) => Verdict::Consistent,
            _ => Verdict::Undetermined,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::interval::Bound;
    use rust_decimal::Decimal;

    fn rounded(low: i64, high: i64) -> Interval {
        Interval::between(Bound::closed(low.into()), Bound::open(high.into()))
    }

    #[test]
    fn equality_needs_one_inside_the_other() {
        assert_eq!(Relation::Equals.judge(&rounded(0, 9), &rounded(2, 3)), Verdict::Consistent);
        assert_eq!(Relation::Equals.judge(&rounded(0, 5), &rounded(4, 9)), Verdict::Undetermined);
        assert_eq!(Relation::Equals.judge(&rounded(0, 4), &rounded(4, 9)), Verdict::Inconsistent);
    }

    #[test]
    fn more_than_can_contradict_and_cannot_confirm() {
        let more = Interval::from(Bound::open(Decimal::from(300)));
        assert_eq!(Relation::Equals.judge(&more, &rounded(400, 500)), Verdict::Undetermined);
        assert_eq!(Relation::Equals.judge(&more, &rounded(100, 200)), Verdict::Inconsistent);
        assert_eq!(Relation::AtLeast.judge(&more, &rounded(100, 200)), Verdict::Consistent);
        assert_eq!(Relation::AtMost.judge(&more, &rounded(100, 200)), Verdict::Inconsistent);
    }

    #[test]
    fn a_total_must_not_be_below_its_parts() {
        assert_eq!(Relation::AtLeast.judge(&rounded(1, 2), &rounded(3, 4)), Verdict::Inconsistent);
        assert_eq!(Relation::AtLeast.judge(&rounded(3, 4), &rounded(1, 2)), Verdict::Consistent);
        assert_eq!(Relation::AtLeast.judge(&rounded(1, 3), &rounded(2, 4)), Verdict::Undetermined);
    }

    #[test]
    fn an_average_belongs_inside_its_printed_range() {
        assert_eq!(Relation::Contains.judge(&rounded(10, 30), &rounded(17, 18)), Verdict::Consistent);
        assert_eq!(Relation::Contains.judge(&rounded(10, 30), &rounded(25, 35)), Verdict::Undetermined);
        assert_eq!(Relation::Contains.judge(&rounded(10, 30), &rounded(35, 36)), Verdict::Inconsistent);
    }
}
