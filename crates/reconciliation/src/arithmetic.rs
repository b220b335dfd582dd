//! Operations on what figures can be, forwards and back: what the operands can be, given the value.

use rust_decimal::Decimal;
use uplift_core::expression::Operator;
use uplift_core::interval::{Bound, Interval, IntervalError};

/// Any value, where arithmetic has no answer.
fn or_any(result: Result<Interval, IntervalError>) -> Interval {
    result.unwrap_or_default()
}

/// The value of an operation.
pub(crate) fn apply(operator: Operator, left: &Interval, right: &Interval) -> Interval {
    or_any(match operator {
        Operator::Add => left.add(right),
        Operator::Subtract => left.subtract(right),
        Operator::Multiply => left.multiply(right),
        // What is divided by has a value other than zero, or the relation would say nothing.
        Operator::Divide => left.divide(&without_zero(right)),
    })
}

/// What the operands can be, given the value and each other.
pub(crate) fn undo(
    operator: Operator,
    value: &Interval,
    left: &Interval,
    right: &Interval,
) -> (Interval, Interval) {
    let (for_left, for_right) = match operator {
        Operator::Add => (value.subtract(right), value.subtract(left)),
        Operator::Subtract => (value.add(right), left.subtract(value)),
        Operator::Multiply => (factor(value, right), factor(value, left)),
        // A quotient by zero says nothing.
        Operator::Divide if *right == Interval::exact(Decimal::ZERO) => {
            (Ok(Interval::default()), Ok(Interval::default()))
        }
        Operator::Divide => (value.multiply(right), factor(left, value)),
    };
    (or_any(for_left), or_any(for_right))
}

/// What makes `product` when multiplied by `other`. If the product is not zero, neither is the other.
pub(crate) fn factor(product: &Interval, other: &Interval) -> Result<Interval, IntervalError> {
    let zero = Interval::exact(Decimal::ZERO);
    let other = if product.is_disjoint(&zero) { without_zero(other) } else { *other };
    product.divide(&other)
}

/// The same without a zero at one of its ends.
fn without_zero(interval: &Interval) -> Interval {
    let open = |bound: Bound| if bound.value.is_zero() { Bound::open(bound.value) } else { bound };
    if interval.low.zip(interval.high).is_some_and(|(low, high)| low.value.is_zero() && high.value.is_zero())
    {
        return *interval;
    }
    Interval { low: interval.low.map(open), high: interval.high.map(open) }
}
