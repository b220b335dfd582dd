//! Whether relations that are linear can hold together: what interval arithmetic, which takes them one by one, does not
//! see. A linear solver decides it, within its tolerance: what only just breaks them is not taken for broken.

use std::collections::BTreeMap;

use microlp::{ComparisonOp, Error, OptimizationDirection, Problem, Variable};
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use uplift_core::expression::Operator;
use uplift_core::interval::Interval;
use uplift_core::verdict::Relation;

use crate::system::{Compiled, System};
use crate::term::Step;

/// Relations that are solved together.
const MAX_ROWS: usize = 400;

/// What solving is counted as in steps of propagation, an estimate: at least, and for each figure of a relation.
const COST_OF_SOLVING: usize = 50;
const COST_OF_ENTRY: usize = 30;

/// A number of times each figure, and a number.
#[derive(Debug, Clone, Default)]
struct Linear {
    times: BTreeMap<usize, f64>,
    constant: f64,
    /// The largest number that went into it.
    size: f64,
}

impl Linear {
    fn constant(value: f64) -> Self {
        Self { times: BTreeMap::new(), constant: value, size: value.abs() }
    }

    fn scaled(mut self, by: f64) -> Self {
        self.times.values_mut().for_each(|times| *times *= by);
        self.constant *= by;
        self.size *= by.abs();
        self
    }

    fn plus(mut self, other: Self) -> Self {
        for (figure, times) in other.times {
            *self.times.entry(figure).or_default() += times;
        }
        self.constant += other.constant;
        self.size = self.size.max(other.size);
        self
    }

    fn as_constant(&self) -> Option<f64> {
        self.times.is_empty().then_some(self.constant)
    }
}

/// Whether the ties that are linear at these values of figures cannot hold together. `effort` is as of propagation.
pub(crate) fn is_refuted(system: &System, ties: &[usize], domains: &[Interval], effort: &mut usize) -> bool {
    let rows: Vec<_> = ties
        .iter()
        .filter_map(|tie| Some((system.ties[*tie].relation, difference(&system.ties[*tie], domains)?)))
        .collect();
    let has_repeated = ties.iter().any(|tie| system.ties[*tie].names_a_figure_twice());
    // A figure that stands on both sides can fall out: what is left holds or does not, whatever the figures are.
    let breaks = |(relation, row): &(Relation, Linear)| {
        row.as_constant().is_some_and(|rest| !may_hold(*relation, rest, row.size))
    };
    if has_repeated && rows.iter().any(breaks) {
        return true;
    }
    let rows: Vec<_> = rows.into_iter().filter(|(_, row)| !row.times.is_empty()).collect();
    // One relation that names each figure once is decided by interval arithmetic, exactly.
    if rows.is_empty() || rows.len() == 1 && !has_repeated || rows.len() > MAX_ROWS {
        return false;
    }
    let figures: Vec<usize> = rows.iter().flat_map(|(_, row)| row.times.keys().copied()).collect();
    let cost = COST_OF_SOLVING + COST_OF_ENTRY * figures.len() + rows.len() * rows.len();
    if *effort < cost {
        *effort = 0;
        return false;
    }
    *effort -= cost;
    let ends = figures.iter().flat_map(|figure| [domains[*figure].low, domains[*figure].high]).flatten();
    // All in units of the largest, so that the solver's tolerance is a part of it.
    let unit = ends.map(|end| number(end.value).abs()).fold(0.0, f64::max);
    if !(unit > 0.0 && unit.is_finite()) {
        return false;
    }
    let mut problem = Problem::new(OptimizationDirection::Minimize);
    let mut variables: BTreeMap<usize, Variable> = BTreeMap::new();
    for figure in figures {
        variables.entry(figure).or_insert_with(|| {
            let low = domains[figure].low.map_or(f64::NEG_INFINITY, |end| number(end.value) / unit);
            let high = domains[figure].high.map_or(f64::INFINITY, |end| number(end.value) / unit);
            problem.add_var(0.0, (low, high))
        });
    }
    for (relation, row) in &rows {
        let size = row.times.values().fold(0.0, |size: f64, times| size.max(times.abs()));
        let times: Vec<_> =
            row.times.iter().map(|(figure, times)| (variables[figure], times / size)).collect();
        let comparison = match relation {
            Relation::Equals | Relation::Contains => ComparisonOp::Eq,
            Relation::AtLeast => ComparisonOp::Ge,
            Relation::AtMost => ComparisonOp::Le,
        };
        problem.add_constraint(times, comparison, -row.constant / unit / size);
    }
    matches!(problem.solve(), Err(Error::Infeasible))
}

/// The figure less the expression; `None` if that is not linear.
fn difference(tie: &Compiled, domains: &[Interval]) -> Option<Linear> {
    let mut values: Vec<Linear> = Vec::new();
    for step in &tie.term.0 {
        values.push(match *step {
            Step::Number(value) => Linear::constant(number(value)),
            Step::Figure(figure) => value_of(figure, domains),
            Step::Binary(operator, left, right) => {
                let (left, right) = (values[left].clone(), values[right].clone());
                match operator {
                    Operator::Add => left.plus(right),
                    Operator::Subtract => left.plus(right.scaled(-1.0)),
                    Operator::Multiply => match (left.as_constant(), right.as_constant()) {
                        (Some(by), _) => right.scaled(by),
                        (_, Some(by)) => left.scaled(by),
                        _ => return None,
                    },
                    Operator::Divide => left.scaled(1.0 / right.as_constant().filter(|by| *by != 0.0)?),
                }
            }
        });
    }
    let mut difference = value_of(tie.figure, domains).plus(values.pop()?.scaled(-1.0));
    difference.times.retain(|_, times| *times != 0.0);
    Some(difference)
}

/// Whether a difference that is a number can keep a relation between numbers of this size.
fn may_hold(relation: Relation, difference: f64, size: f64) -> bool {
    let tolerance = size.max(1.0) * 1e-7;
    match relation {
        Relation::Equals | Relation::Contains => difference.abs() <= tolerance,
        Relation::AtLeast => difference >= -tolerance,
        Relation::AtMost => difference <= tolerance,
    }
}

/// A figure of a single value is a number.
fn value_of(figure: usize, domains: &[Interval]) -> Linear {
    match domains[figure] {
        Interval { low: Some(low), high: Some(high) } if low.value == high.value => {
            Linear::constant(number(low.value))
        }
        _ => Linear { times: BTreeMap::from([(figure, 1.0)]), ..Linear::default() },
    }
}

fn number(value: Decimal) -> f64 {
    value.to_f64().unwrap_or(f64::NAN)
}
