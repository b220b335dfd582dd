//! Narrows the values of figures by the relations that tie them, as far as interval arithmetic does.

use std::collections::VecDeque;

use rust_decimal::Decimal;
use uplift_core::interval::Interval;
use uplift_core::verdict::Relation;

use crate::arithmetic::{apply, undo};
use crate::fraction::solve;
use crate::system::{Compiled, System};
use crate::term::Step;

/// The figures cannot all have values that keep the ties.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Refuted;

/// Narrowings of one propagation, for each tie: some converge for ever, and what is not narrowed is only wider.
const ROUNDS: usize = 40;

/// Narrows `domains` until nothing changes much. `effort` counts the steps that were taken, and ends it when none is left.
pub(crate) fn propagate(
    system: &System,
    ties: &[usize],
    domains: &mut [Interval],
    effort: &mut usize,
) -> Result<(), Refuted> {
    let mut waiting: VecDeque<usize> = ties.iter().copied().collect();
    let mut is_waiting = vec![false; system.ties.len()];
    let mut is_one = vec![false; system.ties.len()];
    for tie in ties {
        (is_waiting[*tie], is_one[*tie]) = (true, true);
    }
    let mut left = ROUNDS * ties.len();
    while let Some(number) = waiting.pop_front() {
        is_waiting[number] = false;
        let tie = &system.ties[number];
        let cost = tie.term.0.len() + 1;
        if *effort < cost {
            *effort = 0;
        }
        if left == 0 || *effort == 0 {
            return Ok(());
        }
        left -= 1;
        *effort -= cost;
        let mut narrowed = Vec::new();
        revise(tie, domains, &mut narrowed)?;
        for other in narrowed.iter().flat_map(|figure| &system.ties_of[*figure]) {
            if is_one[*other] && !std::mem::replace(&mut is_waiting[*other], true) {
                waiting.push_back(*other);
            }
        }
    }
    Ok(())
}

/// Narrows the figures of one tie: from the figures to the value of the expression, and back.
fn revise(tie: &Compiled, domains: &mut [Interval], narrowed: &mut Vec<usize>) -> Result<(), Refuted> {
    let steps = &tie.term.0;
    let mut values: Vec<Interval> = Vec::with_capacity(steps.len());
    for step in steps {
        values.push(match *step {
            Step::Number(number) => Interval::exact(number),
            Step::Figure(figure) => domains[figure],
            Step::Binary(operator, left, right) => apply(operator, &values[left], &values[right]),
        });
    }
    let Some(root) = values.last_mut() else { return Ok(()) };
    let target = domains[tie.figure];
    let (for_target, for_root) = match tie.relation {
        Relation::Equals | Relation::Contains => (*root, target),
        Relation::AtLeast => {
            (Interval { low: root.low, high: None }, Interval { low: None, high: target.high })
        }
        Relation::AtMost => {
            (Interval { low: None, high: root.high }, Interval { low: target.low, high: None })
        }
    };
    *root = root.intersect(&for_root).ok_or(Refuted)?;
    let root = *root;
    narrow(domains, tie.figure, &for_target, narrowed)?;
    for figure in &tie.repeated {
        if let Some(solved) = solve(steps, &values, &root, *figure) {
            narrow(domains, *figure, &solved, narrowed)?;
        }
    }
    for (n, step) in steps.iter().enumerate().rev() {
        match *step {
            Step::Number(_) => {}
            Step::Figure(figure) => narrow(domains, figure, &values[n], narrowed)?,
            Step::Binary(operator, left, right) => {
                let (for_left, for_right) = undo(operator, &values[n], &values[left], &values[right]);
                values[left] = values[left].intersect(&for_left).ok_or(Refuted)?;
                values[right] = values[right].intersect(&for_right).ok_or(Refuted)?;
            }
        }
    }
    Ok(())
}

fn narrow(
    domains: &mut [Interval],
    figure: usize,
    to: &Interval,
    narrowed: &mut Vec<usize>,
) -> Result<(), Refuted> {
    let before = domains[figure];
    let after = before.intersect(to).ok_or(Refuted)?;
    domains[figure] = after;
    if is_much(&before, &after) {
        narrowed.push(figure);
    }
    Ok(())
}

/// Whether a narrowing is worth looking at other ties again: what converges slowly ends.
fn is_much(before: &Interval, after: &Interval) -> bool {
    if before == after {
        return false;
    }
    let width = |i: &Interval| match (i.low, i.high) {
        (Some(low), Some(high)) => high.value.checked_sub(low.value),
        _ => None,
    };
    match (width(before), width(after)) {
        (Some(before), Some(after)) => {
            let least = before.checked_mul(Decimal::new(1, 6)).unwrap_or_default();
            before - after > least || before.is_zero() != after.is_zero()
        }
        _ => true,
    }
}
