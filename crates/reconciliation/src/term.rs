//! An expression with its names as numbers of figures, in an order in which every operand comes before what is made of it.

use std::collections::BTreeSet;

use rust_decimal::Decimal;
use uplift_core::expression::{Expression, Operator};

/// A step of an expression; operands are earlier steps.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Step {
    Number(Decimal),
    Figure(usize),
    Binary(Operator, usize, usize),
}

/// An expression as steps; the last is its value.
#[derive(Debug, Clone, Default)]
pub(crate) struct Term(pub(crate) Vec<Step>);

impl Term {
    /// `figure` gives the number of a name.
    pub(crate) fn new(expression: &Expression, figure: &mut impl FnMut(&str) -> usize) -> Self {
        let mut term = Self::default();
        term.push(expression, figure);
        term
    }

    fn push(&mut self, expression: &Expression, figure: &mut impl FnMut(&str) -> usize) -> usize {
        let step = match expression {
            Expression::Number(number) => Step::Number(*number),
            Expression::Name(name) => Step::Figure(figure(name)),
            Expression::Binary(operator, left, right) => {
                let left = self.push(left, figure);
                Step::Binary(*operator, left, self.push(right, figure))
            }
        };
        self.0.push(step);
        self.0.len() - 1
    }

    /// The figures that it names, as often as it does.
    pub(crate) fn figures(&self) -> impl Iterator<Item = usize> {
        self.0.iter().filter_map(|step| match step {
            Step::Figure(figure) => Some(*figure),
            _ => None,
        })
    }

    /// The figures that it names more than once.
    pub(crate) fn repeated(&self) -> Vec<usize> {
        let mut seen = BTreeSet::new();
        let repeated: BTreeSet<usize> = self.figures().filter(|figure| !seen.insert(*figure)).collect();
        repeated.into_iter().collect()
    }

    /// Gives its figures other numbers.
    pub(crate) fn renumber(&mut self, numbers: &[usize]) {
        for step in &mut self.0 {
            if let Step::Figure(figure) = step {
                *figure = numbers[*figure];
            }
        }
    }
}
