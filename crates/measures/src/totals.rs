//! Measures that are a ratio of two totals over people: nothing of a row is needed but what it adds to both.
//!
//! Totals add up, so that those of parts make those of the whole, and the totals of clusters are enough for the
//! standard error too: the influence of a row on upper/lower is (its upper − ratio × its lower) / lower.
//! Source of the formulas: [`crate::poverty`]; of the error: Wolter (2007), section 6.8.

use crate::conventions::{Conventions, NonPositive};
use crate::error::Result;
use crate::exact::ExactSum;
use crate::line::check_line;
use crate::measure::Measure;
use crate::poverty::gap_to;

/// A measure as a ratio of totals.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TotalsMeasure {
    term: Term,
    conventions: Conventions,
}

/// What a person adds to the upper total, and who is in the lower one.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Term {
    Value,
    /// Gap to a power, of everybody.
    Gap {
        line: f64,
        alpha: f64,
    },
    /// One for each of the poor; the ratio is multiplied by the population.
    Poor {
        line: f64,
    },
    /// Shortfall, of the poor.
    Shortfall {
        line: f64,
    },
    /// ln(line/y) of the poor, of those who have a logarithm.
    Logarithm {
        line: f64,
    },
}

/// Totals of some rows.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Totals {
    /// Σ weight × what a person adds.
    pub upper: ExactSum,
    /// Σ weight of those who count.
    pub lower: ExactSum,
    /// Rows that stand for somebody.
    pub people: u64,
    /// Those of them that the measure uses.
    pub rows: u64,
}

impl TotalsMeasure {
    /// A measure as a ratio of totals; none of one that needs the order of people, or another shape.
    pub fn new(measure: &Measure, conventions: &Conventions) -> Result<Option<Self>> {
        let (line, term) = match *measure {
            Measure::Mean => (None, Term::Value),
            Measure::HeadcountRatio { line } => (Some(line), Term::Gap { line, alpha: 0.0 }),
            Measure::PovertyGap { line } => (Some(line), Term::Gap { line, alpha: 1.0 }),
            Measure::SquaredPovertyGap { line } => (Some(line), Term::Gap { line, alpha: 2.0 }),
            Measure::Fgt { line, alpha } => (Some(line), Term::Gap { line, alpha }),
            Measure::NumberOfPoor { line } => (Some(line), Term::Poor { line }),
            Measure::AverageShortfall { line } => (Some(line), Term::Shortfall { line }),
            Measure::Watts { line } if conventions.non_positive == NonPositive::LeaveOut => {
                (Some(line), Term::Logarithm { line })
            }
            _ => return Ok(None),
        };
        line.map_or(Ok(()), check_line)?;
        Ok(Some(Self { term, conventions: *conventions }))
    }

    /// What a person of this value adds to both totals.
    #[inline]
    fn terms(&self, y: f64) -> (f64, f64) {
        let poor = |line| self.conventions.poor.counts(y, line);
        match self.term {
            Term::Value => (y, 1.0),
            Term::Gap { line, alpha } => (gap_to(y, line, alpha, &self.conventions), 1.0),
            Term::Poor { line } => (if poor(line) { 1.0 } else { 0.0 }, 1.0),
            Term::Shortfall { line } if poor(line) => (line - y, 1.0),
            Term::Shortfall { .. } => (0.0, 0.0),
            Term::Logarithm { .. } if y <= 0.0 => (0.0, 0.0),
            Term::Logarithm { line } => (if poor(line) { (line / y).ln() } else { 0.0 }, 1.0),
        }
    }

    /// Whether everybody is in the lower total, whatever the value.
    pub fn counts_everybody(&self) -> bool {
        matches!(self.term, Term::Value | Term::Gap { .. } | Term::Poor { .. })
    }

    /// Adds a row, of a weight above 0, to its upper total.
    #[inline]
    pub fn add_upper(&self, value: f64, weight: f64, upper: &mut ExactSum) {
        let (term, _) = self.terms(value);
        if term != 0.0 {
            upper.add(weight * term);
        }
    }

    /// Adds a row, of a weight above 0, to its lower total, and to the rows that are counted.
    #[inline]
    pub fn add_lower(&self, value: f64, weight: f64, totals: &mut Totals) {
        let (_, lower) = self.terms(value);
        if lower != 0.0 {
            totals.lower.add(weight);
        }
        totals.people += 1;
        // Who is poor is what the sample tells, and uses everybody; who has no logarithm is left out.
        totals.rows += u64::from(lower != 0.0 || !matches!(self.term, Term::Logarithm { .. }));
    }

    /// The measure over totals; none where it is undefined.
    pub fn value(&self, totals: &Totals) -> Option<f64> {
        let (upper, lower) = (totals.upper.value(), totals.lower.value());
        match self.term {
            Term::Poor { .. } if lower > 0.0 => Some(upper / lower * lower),
            Term::Poor { .. } => Some(0.0),
            _ => (lower > 0.0).then(|| upper / lower),
        }
    }

    /// The influence of a cluster, by the values of its totals, on a measure that came to `value` over all.
    pub fn influence(&self, value: f64, all: &Totals) -> impl Fn(f64, f64) -> f64 + use<> {
        let (term, people) = (self.term, all.lower.value());
        move |upper, lower| match term {
            Term::Poor { .. } => upper,
            _ => (upper - value * lower) / people,
        }
    }
}

impl Totals {
    /// Adds the totals of other rows.
    pub fn merge(&mut self, other: &Self) {
        self.upper.merge(&other.upper);
        self.lower.merge(&other.lower);
        self.people += other.people;
        self.rows += other.rows;
    }
}
