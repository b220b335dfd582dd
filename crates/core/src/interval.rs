//! Intervals of exact decimals: what a printed figure can mean, and what follows by arithmetic.

use std::fmt;

use rust_decimal::Decimal;

/// One end of an interval. An absent end is unbounded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bound {
    /// Where the interval ends.
    pub value: Decimal,
    /// Whether the end itself belongs to the interval.
    pub closed: bool,
}

/// The set of values a figure can have: between two ends, either of which may be absent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Interval {
    /// The lower end; `None` is minus infinity.
    pub low: Option<Bound>,
    /// The upper end; `None` is plus infinity.
    pub high: Option<Bound>,
}

/// Why arithmetic on intervals has no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum IntervalError {
    /// The divisor may be zero.
    #[error("divides by a figure that may be zero")]
    DivisionByZero,
    /// The result needs more than 28 digits.
    #[error("the result is too large to compute exactly")]
    Overflow,
}

impl Bound {
    /// An end that belongs to the interval.
    pub fn closed(value: Decimal) -> Self {
        Self { value, closed: true }
    }

    /// An end that does not belong to the interval.
    pub fn open(value: Decimal) -> Self {
        Self { value, closed: false }
    }
}

impl Interval {
    /// Exactly one value.
    pub fn exact(value: Decimal) -> Self {
        Self { low: Some(Bound::closed(value)), high: Some(Bound::closed(value)) }
    }

    /// Both ends given.
    pub fn between(low: Bound, high: Bound) -> Self {
        Self { low: Some(low), high: Some(high) }
    }

    /// Everything from `low` upwards.
    pub fn from(low: Bound) -> Self {
        Self { low: Some(low), high: None }
    }

    /// Everything up to `high`.
    pub fn up_to(high: Bound) -> Self {
        Self { low: None, high: Some(high) }
    }

    /// Whether both ends are present.
    pub fn is_bounded(&self) -> bool {
        self.low.is_some() && self.high.is_some()
    }

    /// Whether every value of `other` is in `self`.
    pub fn contains(&self, other: &Self) -> bool {
        let low = match (self.low, other.low) {
            (None, _) => true,
            (Some(_), None) => false,
            (Some(a), Some(b)) => a.value < b.value || (a.value == b.value && (a.closed || !b.closed)),
        };
        let high = match (self.high, other.high) {
            (None, _) => true,
            (Some(_), None) => false,
            (Some(a), Some(b)) => a.value > b.value || (a.value == b.value && (a.closed || !b.closed)),
        };
        low && high
    }

    /// Whether every value of `self` lies below every value of `other`, never equal to one.
    pub fn is_below(&self, other: &Self) -> bool {
        match (self.high, other.low) {
            (Some(a), Some(b)) => a.value < b.value || (a.value == b.value && !(a.closed && b.closed)),
            _ => false,
        }
    }

    /// Whether every value of `self` is at most every value of `other`.
    pub fn is_at_most(&self, other: &Self) -> bool {
        matches!((self.high, other.low), (Some(a), Some(b)) if a.value <= b.value)
    }

    /// Whether no value is in both.
    pub fn is_disjoint(&self, other: &Self) -> bool {
        self.is_below(other) || other.is_below(self)
    }

    /// The values that are in both; `None` if there are none.
    pub fn intersect(&self, other: &Self) -> Option<Self> {
        let inner = |a: Option<Bound>, b: Option<Bound>, low: bool| match (a, b) {
            (Some(a), Some(b)) if a.value == b.value => {
                Some(Bound { value: a.value, closed: a.closed && b.closed })
            }
            (Some(a), Some(b)) => Some(if (a.value > b.value) == low { a } else { b }),
            (a, b) => a.or(b),
        };
        let both = Self { low: inner(self.low, other.low, true), high: inner(self.high, other.high, false) };
        let is_empty = both.low.zip(both.high).is_some_and(|(low, high)| {
            low.value > high.value || (low.value == high.value && !(low.closed && high.closed))
        });
        (!is_empty).then_some(both)
    }

    /// The sum of any value of one with any value of the other.
    pub fn add(&self, other: &Self) -> Result<Self, IntervalError> {
        let end = |a: Option<Bound>, b: Option<Bound>, up: bool| match (a, b) {
            (Some(a), Some(b)) => {
                let sum = a.value.checked_add(b.value).ok_or(IntervalError::Overflow)?;
                let exact =
                    sum.checked_sub(a.value) == Some(b.value) && sum.checked_sub(b.value) == Some(a.value);
                Ok(Some(outwards(sum, exact, a.closed && b.closed, up)?))
            }
            _ => Ok(None),
        };
        Ok(Self { low: end(self.low, other.low, false)?, high: end(self.high, other.high, true)? })
    }

    /// The values with their sign turned.
    pub fn negate(&self) -> Self {
        let turn = |b: Bound| Bound { value: -b.value, ..b };
        Self { low: self.high.map(turn), high: self.low.map(turn) }
    }

    /// The difference of any value of one and any value of the other.
    pub fn subtract(&self, other: &Self) -> Result<Self, IntervalError> {
        self.add(&other.negate())
    }

    /// The product of any value of one with any value of the other.
    pub fn multiply(&self, other: &Self) -> Result<Self, IntervalError> {
        let mut products = Vec::with_capacity(8);
        for a in [End::low(self), End::high(self)] {
            for b in [End::low(other), End::high(other)] {
                products.extend(a.times(b)?);
            }
        }
        Ok(End::hull(&products))
    }

    /// The quotient of any value of one by any value of the other. The divisor must exclude zero.
    pub fn divide(&self, other: &Self) -> Result<Self, IntervalError> {
        if !other.is_disjoint(&Interval::exact(Decimal::ZERO)) {
            return Err(IntervalError::DivisionByZero);
        }
        // An open end at zero is approached from inside: dividing by it runs off to the side
        // on which the divisor lies.
        let negative = other.is_below(&Interval::exact(Decimal::ZERO));
        let mut quotients = Vec::with_capacity(8);
        for a in [End::low(self), End::high(self)] {
            for b in [End::low(other), End::high(other)] {
                quotients.extend(a.over(b, negative)?);
            }
        }
        Ok(End::hull(&quotients))
    }
}

/// A value that was computed, moved away from the inside of its interval if it was rounded: no value that belongs to
/// the interval is lost.
fn outwards(value: Decimal, exact: bool, closed: bool, up: bool) -> Result<Bound, IntervalError> {
    if exact {
        return Ok(Bound { value, closed });
    }
    let unit = Decimal::new(1, value.scale());
    let moved = if up { value.checked_add(unit) } else { value.checked_sub(unit) };
    Ok(Bound::open(moved.ok_or(IntervalError::Overflow)?))
}

/// A computed value as ends: itself, or the numbers on both sides of it if it was rounded.
fn around(value: Decimal, exact: bool, closed: bool) -> Result<[End; 2], IntervalError> {
    Ok([outwards(value, exact, closed, false)?, outwards(value, exact, closed, true)?].map(End::At))
}

/// Whether a product is exact: its digits are those of the factors multiplied.
fn is_product(a: Decimal, b: Decimal, product: Decimal) -> bool {
    let (a, b) = (a.normalize(), b.normalize());
    let digits = a.mantissa().checked_mul(b.mantissa());
    let exact =
        digits.and_then(|digits| Decimal::try_from_i128_with_scale(digits, a.scale() + b.scale()).ok());
    exact == Some(product)
}

/// An end as a point of the extended line, for products.
#[derive(Clone, Copy)]
enum End {
    MinusInfinity,
    At(Bound),
    PlusInfinity,
}

impl End {
    fn low(i: &Interval) -> Self {
        i.low.map_or(Self::MinusInfinity, Self::At)
    }

    fn high(i: &Interval) -> Self {
        i.high.map_or(Self::PlusInfinity, Self::At)
    }

    fn sign(self) -> i8 {
        match self {
            Self::MinusInfinity => -1,
            Self::PlusInfinity => 1,
            Self::At(b) if b.value.is_zero() => 0,
            Self::At(b) if b.value.is_sign_negative() => -1,
            Self::At(_) => 1,
        }
    }

    fn infinity(sign: i8) -> Self {
        if sign < 0 { Self::MinusInfinity } else { Self::PlusInfinity }
    }

    /// The product; the numbers on both sides of it where it has more digits than are computed with.
    fn times(self, other: Self) -> Result<[Self; 2], IntervalError> {
        Ok(match (self, other) {
            (Self::At(a), Self::At(b)) => {
                // A closed zero makes the product zero whatever stands on the other side.
                let zero = (a.closed && a.value.is_zero()) || (b.closed && b.value.is_zero());
                let value = a.value.checked_mul(b.value).ok_or(IntervalError::Overflow)?;
                around(value, is_product(a.value, b.value, value), zero || (a.closed && b.closed))?
            }
            // Zero times an end without limit: zero itself is always among the products.
            _ if self.sign() == 0 || other.sign() == 0 => {
                let at = |e: Self| matches!(e, Self::At(b) if b.closed);
                [Self::At(Bound { value: Decimal::ZERO, closed: at(self) || at(other) }); 2]
            }
            _ => [Self::infinity(self.sign() * other.sign()); 2],
        })
    }

    /// The quotient, as the product.
    fn over(self, divisor: Self, divisor_negative: bool) -> Result<[Self; 2], IntervalError> {
        let side = if divisor_negative { -1 } else { 1 };
        Ok(match (self, divisor) {
            (Self::At(a), Self::At(b)) if b.value.is_zero() => match a.value.is_zero() {
                true => [Self::At(Bound { value: Decimal::ZERO, closed: a.closed }); 2],
                false => [Self::infinity(self.sign() * side); 2],
            },
            (Self::At(a), Self::At(b)) => {
                let value = a.value.checked_div(b.value).ok_or(IntervalError::Overflow)?;
                let exact =
                    value.checked_mul(b.value) == Some(a.value) && is_product(value, b.value, a.value);
                around(value, exact, a.closed && (b.closed || a.value.is_zero()))?
            }
            (Self::At(a), _) => {
                [Self::At(Bound { value: Decimal::ZERO, closed: a.closed && a.value.is_zero() }); 2]
            }
            _ => [Self::infinity(self.sign() * side); 2],
        })
    }

    /// The smallest interval that holds all the ends.
    fn hull(ends: &[Self]) -> Interval {
        let mut low: Option<Bound> = None;
        let mut high: Option<Bound> = None;
        let (mut below, mut above) = (false, false);
        for end in ends {
            match *end {
                Self::MinusInfinity => below = true,
                Self::PlusInfinity => above = true,
                Self::At(b) => {
                    low = Some(match low {
                        Some(l) if l.value < b.value => l,
                        Some(l) if l.value == b.value => Bound { closed: l.closed || b.closed, ..l },
                        _ => b,
                    });
                    high = Some(match high {
                        Some(h) if h.value > b.value => h,
                        Some(h) if h.value == b.value => Bound { closed: h.closed || b.closed, ..h },
                        _ => b,
                    });
                }
            }
        }
        Interval { low: if below { None } else { low }, high: if above { None } else { high } }
    }
}

impl fmt::Display for Interval {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.low, self.high) {
            (Some(a), Some(b)) if a == b && a.closed => write!(f, "{}", a.value.normalize()),
            (low, high) => {
                match low {
                    Some(b) => write!(f, "{}{}", if b.closed { '[' } else { '(' }, b.value.normalize())?,
                    None => f.write_str("(−∞")?,
                }
                f.write_str(", ")?;
                match high {
                    Some(b) => write!(f, "{}{}", b.value.normalize(), if b.closed { ']' } else { ')' }),
                    None => f.write_str("∞)"),
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn half_open(low: i64, high: i64) -> Interval {
        Interval::between(Bound::closed(low.into()), Bound::open(high.into()))
    }

    #[test]
    fn sum_and_difference_keep_the_open_end() {
        let sum = half_open(1, 2).add(&half_open(10, 20)).unwrap();
        assert_eq!(sum.to_string(), "[11, 22)");
        let difference = half_open(10, 20).subtract(&half_open(1, 2)).unwrap();
        assert_eq!(difference.to_string(), "(8, 19)");
    }

    #[test]
    fn more_than_stays_unbounded_through_arithmetic() {
        let more = Interval::from(Bound::open(3.into()));
        assert_eq!(more.add(&half_open(1, 2)).unwrap().to_string(), "(4, ∞)");
        assert_eq!(more.multiply(&half_open(1, 2)).unwrap().to_string(), "(3, ∞)");
        assert_eq!(half_open(6, 12).divide(&more).unwrap().to_string(), "(0, 4)");
    }

    #[test]
    fn products_cover_every_pair_of_signs() {
        let product = half_open(-2, 3).multiply(&half_open(-5, 4)).unwrap();
        assert_eq!(product.to_string(), "(-15, 12)");
    }

    #[test]
    fn a_divisor_that_may_be_zero_is_refused_and_one_that_nears_it_is_not() {
        let one = Interval::exact(1.into());
        assert_eq!(one.divide(&half_open(-1, 1)), Err(IntervalError::DivisionByZero));
        let positive = Interval::between(Bound::open(0.into()), Bound::closed(2.into()));
        assert_eq!(one.divide(&positive).unwrap().to_string(), "[0.5, ∞)");
    }

    #[test]
    fn touching_intervals_meet_only_where_both_ends_are_closed() {
        assert!(half_open(1, 2).is_disjoint(&half_open(2, 3)));
        assert!(!Interval::exact(2.into()).is_disjoint(&half_open(2, 3)));
        assert!(half_open(1, 2).is_at_most(&half_open(2, 3)));
        assert!(half_open(1, 9).contains(&half_open(1, 2)));
        assert!(!half_open(1, 9).contains(&Interval::exact(9.into())));
    }

    #[test]
    fn what_two_intervals_share_is_in_both() {
        let shared = |a: Interval, b: Interval| a.intersect(&b).map(|both| both.to_string());
        assert_eq!(shared(half_open(1, 5), half_open(3, 9)).as_deref(), Some("[3, 5)"));
        assert_eq!(shared(half_open(1, 3), half_open(3, 9)), None);
        assert_eq!(shared(half_open(1, 3), Interval::default()).as_deref(), Some("[1, 3)"));
        let above = Interval::from(Bound::open(1.into()));
        assert_eq!(shared(half_open(1, 3), above).as_deref(), Some("(1, 3)"));
        assert_eq!(shared(Interval::exact(1.into()), above), None);
        assert_eq!(shared(Interval::exact(2.into()), above).as_deref(), Some("2"));
    }

    #[test]
    fn what_is_rounded_still_holds_the_true_value() {
        let exact = |n: i64| Interval::exact(n.into());
        for (one, by) in [(1, 3), (2, 3), (1, 7), (-1, 3), (1, -7)] {
            let back = exact(one).divide(&exact(by)).unwrap().multiply(&exact(by)).unwrap();
            assert!(back.contains(&exact(one)) && back.is_bounded(), "{one} / {by}: {back}");
        }
        assert_eq!(exact(1).divide(&exact(8)).unwrap().to_string(), "0.125");
        let tiny = Interval::exact(Decimal::new(1, 17));
        let square = tiny.multiply(&tiny).unwrap();
        assert!(!square.contains(&exact(1)) && square != exact(0), "{square}");
        let large = Interval::exact(Decimal::from_i128_with_scale(7_000_000_000_000_000_000_000_000_001, 0));
        let sum = large.add(&Interval::exact(Decimal::new(5, 10))).unwrap();
        assert!(
            sum != large && sum.contains(&large) || sum.low.unwrap().value >= large.low.unwrap().value,
            "{sum}"
        );
    }

    #[test]
    fn overflow_is_an_error_and_no_panic() {
        let big = Interval::exact(Decimal::MAX);
        assert_eq!(big.multiply(&big), Err(IntervalError::Overflow));
    }
}
