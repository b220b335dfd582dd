//! Solves a relation for a figure that it names twice. Interval arithmetic takes the two for different figures; where the
//! expression is a fraction of two linear terms in the figure, it can be solved for it: from g = 100·m ÷ (t − m) follows
//! m = g·t ÷ (100 + g).

use rust_decimal::Decimal;
use uplift_core::expression::Operator;
use uplift_core::interval::{Interval, IntervalError};

use crate::arithmetic::factor;
use crate::term::Step;

/// (a·m + b) ÷ (c·m + d), whatever the other figures are within their values.
#[derive(Clone, Copy)]
struct Fraction {
    a: Interval,
    b: Interval,
    c: Interval,
    d: Interval,
}

type Result<T> = std::result::Result<T, IntervalError>;

/// What a figure can be where the value of an expression is `root`; `None` if it cannot be solved for it.
pub(crate) fn solve(steps: &[Step], values: &[Interval], root: &Interval, figure: usize) -> Option<Interval> {
    let mut fractions: Vec<Fraction> = Vec::with_capacity(steps.len());
    for (step, value) in steps.iter().zip(values) {
        fractions.push(match *step {
            Step::Figure(named) if named == figure => Fraction::itself(),
            Step::Number(_) | Step::Figure(_) => Fraction::constant(*value),
            Step::Binary(operator, left, right) => {
                fractions[left].joined(operator, &fractions[right])?.ok()?
            }
        });
    }
    let Fraction { a, b, c, d } = *fractions.last()?;
    let above = b.subtract(&root.multiply(&d).ok()?).ok()?;
    let below = root.multiply(&c).ok()?.subtract(&a).ok()?;
    factor(&above, &below).ok()
}

fn zero() -> Interval {
    Interval::exact(Decimal::ZERO)
}

fn one() -> Interval {
    Interval::exact(Decimal::ONE)
}

impl Fraction {
    fn itself() -> Self {
        Self { a: one(), b: zero(), c: zero(), d: one() }
    }

    fn constant(value: Interval) -> Self {
        Self { a: zero(), b: value, c: zero(), d: one() }
    }

    /// The value, if it does not depend on the figure.
    fn as_constant(&self) -> Option<Interval> {
        (self.a == zero() && self.c == zero() && self.d == one()).then_some(self.b)
    }

    fn is_linear(&self) -> bool {
        self.c == zero() && self.d == one()
    }

    fn joined(&self, operator: Operator, other: &Self) -> Option<Result<Self>> {
        match (operator, self.as_constant(), other.as_constant()) {
            (Operator::Add, _, Some(by)) => Some(self.plus(&by)),
            (Operator::Add, Some(by), _) => Some(other.plus(&by)),
            (Operator::Add, ..) if self.is_linear() && other.is_linear() => Some(self.sum(other)),
            (Operator::Subtract, ..) => self.joined(Operator::Add, &other.negated()),
            (Operator::Multiply, _, Some(by)) => Some(self.times(&by)),
            (Operator::Multiply, Some(by), _) => Some(other.times(&by)),
            (Operator::Divide, _, Some(by)) => Some(self.denominator_times(&by)),
            (Operator::Divide, Some(by), _) => Some(other.inverted().times(&by)),
            (Operator::Divide, ..) if self.is_linear() && other.is_linear() => {
                Some(Ok(Self { a: self.a, b: self.b, c: other.a, d: other.b }))
            }
            _ => None,
        }
    }

    fn plus(&self, by: &Interval) -> Result<Self> {
        let (a, b) = (self.a.add(&by.multiply(&self.c)?)?, self.b.add(&by.multiply(&self.d)?)?);
        Ok(Self { a, b, ..*self })
    }

    fn sum(&self, other: &Self) -> Result<Self> {
        Ok(Self { a: self.a.add(&other.a)?, b: self.b.add(&other.b)?, ..*self })
    }

    fn negated(&self) -> Self {
        Self { a: self.a.negate(), b: self.b.negate(), ..*self }
    }

    fn times(&self, by: &Interval) -> Result<Self> {
        Ok(Self { a: self.a.multiply(by)?, b: self.b.multiply(by)?, ..*self })
    }

    fn denominator_times(&self, by: &Interval) -> Result<Self> {
        Ok(Self { c: self.c.multiply(by)?, d: self.d.multiply(by)?, ..*self })
    }

    fn inverted(&self) -> Self {
        Self { a: self.c, b: self.d, c: self.a, d: self.b }
    }
}
