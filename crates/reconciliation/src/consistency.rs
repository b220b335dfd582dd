//! Whether figures can be true together, and what one of them can be, given others.

use std::collections::BTreeSet;

use rust_decimal::Decimal;
use uplift_core::interval::{Bound, Interval};

use crate::linear;
use crate::propagation::{Refuted, propagate};
use crate::system::{Figure, System};

/// Parts that the values of a figure are cut into where a relation names it twice: interval arithmetic takes those for
/// two figures, which matters less in a narrow part.
const PARTS: u32 = 8;

/// Figures named twice that are cut into parts.
const MAX_CUT: usize = 4;

/// Steps by which the ends of a range are moved inwards.
const MOVES: usize = 60;

/// A system of which questions are asked.
pub(crate) struct Consistency<'a> {
    pub(crate) system: &'a System,
    ties: Vec<usize>,
    /// Figures that a tie names twice.
    repeated: Vec<usize>,
    /// Steps that may still be taken: a search ends, whatever the document.
    pub(crate) effort: usize,
}

impl<'a> Consistency<'a> {
    pub(crate) fn new(system: &'a System, effort: usize) -> Self {
        let mut repeated = BTreeSet::new();
        for tie in &system.ties {
            let mut seen = BTreeSet::new();
            repeated.extend(tie.figures().filter(|figure| !seen.insert(*figure)));
        }
        let repeated = repeated.into_iter().take(MAX_CUT).collect();
        Self { system, ties: (0..system.ties.len()).collect(), repeated, effort }
    }

    /// The same question of some of the ties only.
    pub(crate) fn is_possible_with(&mut self, ties: &[usize], printed: &BTreeSet<usize>) -> bool {
        let all = std::mem::replace(&mut self.ties, ties.to_vec());
        let is_possible = self.is_possible(printed);
        self.ties = all;
        is_possible
    }

    /// Whether these figures, as they are printed, can be true together.
    pub(crate) fn is_possible(&mut self, printed: &BTreeSet<usize>) -> bool {
        let domains = self.start(printed);
        self.narrow(domains).is_ok()
    }

    /// What a figure can be if these others are true as they are printed; `None` if they cannot be.
    pub(crate) fn range(&mut self, figure: usize, printed: &BTreeSet<usize>) -> Option<Interval> {
        let domains = self.start(printed);
        let domains = self.narrow(domains).ok()?;
        let range = self.move_end(figure, &domains, domains[figure], End::Low);
        Some(self.move_end(figure, &domains, range, End::High))
    }

    fn start(&self, printed: &BTreeSet<usize>) -> Vec<Interval> {
        let domain = |(number, figure): (usize, &Figure)| {
            figure.printed.filter(|_| printed.contains(&number)).unwrap_or(figure.possible)
        };
        self.system.figures.iter().enumerate().map(domain).collect()
    }

    fn narrow(&mut self, mut domains: Vec<Interval>) -> Result<Vec<Interval>, Refuted> {
        propagate(self.system, &self.ties, &mut domains, &mut self.effort)?;
        if linear::is_refuted(self.system, &self.ties, &domains, &mut self.effort) {
            return Err(Refuted);
        }
        for figure in self.repeated.clone() {
            let parts = parts(&domains[figure]);
            if !parts.is_empty() && parts.into_iter().all(|part| self.refutes(figure, part, &domains)) {
                return Err(Refuted);
            }
        }
        Ok(domains)
    }

    /// Whether a figure cannot have any of some values.
    fn refutes(&mut self, figure: usize, part: Interval, domains: &[Interval]) -> bool {
        let mut domains = domains.to_vec();
        domains[figure] = part;
        propagate(self.system, &self.ties, &mut domains, &mut self.effort).is_err()
            || linear::is_refuted(self.system, &self.ties, &domains, &mut self.effort)
    }

    /// Moves an end of a range inwards while what it leaves out is refuted.
    fn move_end(&mut self, figure: usize, domains: &[Interval], mut range: Interval, end: End) -> Interval {
        let from = |range: &Interval| if end == End::Low { range.low } else { range.high };
        let Some(first) = from(&range) else { return range };
        let width = match (range.low, range.high) {
            (Some(low), Some(high)) => high.value.saturating_sub(low.value),
            _ => first.value.abs().max(Decimal::ONE),
        };
        let least = width.checked_mul(Decimal::new(1, 5)).unwrap_or_default();
        let mut step = width.checked_div(Decimal::from(4)).unwrap_or_default();
        for _ in 0..MOVES {
            let Some(at) = from(&range).map(|bound| bound.value) else { break };
            let Some(to) = (if end == End::Low { at.checked_add(step) } else { at.checked_sub(step) }) else {
                break;
            };
            let (side, rest) = match end {
                End::Low => (Interval::up_to(Bound::closed(to)), Interval::from(Bound::open(to))),
                End::High => (Interval::from(Bound::closed(to)), Interval::up_to(Bound::open(to))),
            };
            let moved = range.intersect(&side).zip(range.intersect(&rest));
            match moved.filter(|_| step > Decimal::ZERO) {
                Some((side, rest)) if self.refutes(figure, side, domains) => range = rest,
                _ if step <= least => break,
                _ => step = step.checked_div(Decimal::from(4)).unwrap_or_default(),
            }
        }
        range
    }
}

#[derive(Clone, Copy, PartialEq)]
enum End {
    Low,
    High,
}

/// The values cut into parts of the same width; none if they are without limit or a single one.
fn parts(interval: &Interval) -> Vec<Interval> {
    let (Some(low), Some(high)) = (interval.low, interval.high) else { return Vec::new() };
    let width = high.value.checked_sub(low.value).and_then(|width| width.checked_div(Decimal::from(PARTS)));
    let Some(width) = width.filter(|width| !width.is_zero()) else { return Vec::new() };
    let mut cuts = vec![low];
    for n in 1..PARTS {
        let cut = width.checked_mul(Decimal::from(n)).and_then(|by| low.value.checked_add(by));
        let Some(cut) = cut else { return Vec::new() };
        cuts.push(Bound::closed(cut));
    }
    cuts.push(high);
    cuts.windows(2).filter_map(|ends| interval.intersect(&Interval::between(ends[0], ends[1]))).collect()
}
