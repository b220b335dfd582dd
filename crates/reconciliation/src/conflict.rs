//! The minimal conflicts of a system: sets of printed figures that cannot all be true, while all but any one of them can.
//!
//! A tree of hitting sets (Reiter 1987): whichever figure of a known conflict is set aside, either the rest can be true, or
//! it holds another conflict, which is found by halving (Junker 2004).

use std::collections::{BTreeSet, VecDeque};

use crate::consistency::Consistency;

/// Figures that are set aside together at most.
const MAX_ASIDE: usize = 6;

/// Sets of figures set aside that are looked at.
const MAX_NODES: usize = 20_000;

/// Conflicts that are looked for in one system.
const MAX_CONFLICTS: usize = 60;

/// Minimal conflicts, the smallest first, and whether they are all that there are.
pub(crate) fn minimal_conflicts(consistency: &mut Consistency<'_>) -> (Vec<BTreeSet<usize>>, bool) {
    let figures = consistency.system.figures.iter().enumerate();
    let printed: BTreeSet<usize> = figures.filter(|(_, f)| f.printed.is_some()).map(|(n, _)| n).collect();
    let mut conflicts: Vec<BTreeSet<usize>> = Vec::new();
    // Sets that, once aside, leave nothing that conflicts: larger ones need not be looked at.
    let mut resolving: Vec<BTreeSet<usize>> = Vec::new();
    let (mut waiting, mut seen) = (VecDeque::from([BTreeSet::new()]), BTreeSet::new());
    let (mut is_complete, mut nodes) = (true, 0);
    while let Some(aside) = waiting.pop_front() {
        if resolving.iter().any(|set| set.is_subset(&aside)) {
            continue;
        }
        nodes += 1;
        if nodes > MAX_NODES || consistency.effort == 0 || conflicts.len() >= MAX_CONFLICTS {
            is_complete = false;
            break;
        }
        let known = conflicts.iter().position(|conflict| conflict.is_disjoint(&aside));
        let conflict = match known {
            Some(at) => conflicts[at].clone(),
            None => {
                let rest: BTreeSet<usize> = printed.difference(&aside).copied().collect();
                if consistency.is_possible(&rest) {
                    resolving.push(aside);
                    continue;
                }
                let conflict = minimal(consistency, rest);
                if consistency.effort == 0 {
                    // What the search ended in the midst of need not be minimal.
                    is_complete = false;
                    break;
                }
                conflicts.push(conflict.clone());
                conflict
            }
        };
        if aside.len() == MAX_ASIDE {
            is_complete = false;
            continue;
        }
        for figure in conflict {
            let mut more = aside.clone();
            more.insert(figure);
            if seen.len() == MAX_NODES {
                is_complete = false;
            } else if seen.insert(more.clone()) {
                waiting.push_back(more);
            }
        }
    }
    conflicts.sort_by_key(|conflict| (conflict.len(), conflict.clone()));
    (conflicts, is_complete && consistency.effort > 0)
}

/// A minimal conflict within figures that cannot all be true.
fn minimal(consistency: &mut Consistency<'_>, figures: BTreeSet<usize>) -> BTreeSet<usize> {
    let candidates: Vec<usize> = figures.iter().copied().collect();
    let found: BTreeSet<usize> =
        halve(consistency, &BTreeSet::new(), false, &candidates).into_iter().collect();
    // Which parts of values are looked at depends on what else is printed; so what is found is looked at once more.
    let mut conflict = if consistency.is_possible(&found) { figures } else { found };
    for figure in conflict.clone() {
        let mut fewer = conflict.clone();
        fewer.remove(&figure);
        if !consistency.is_possible(&fewer) {
            conflict = fewer;
        }
    }
    conflict
}

/// The candidates without which they and what is kept could be true.
fn halve(
    consistency: &mut Consistency<'_>,
    kept: &BTreeSet<usize>,
    has_more: bool,
    candidates: &[usize],
) -> Vec<usize> {
    if has_more && !consistency.is_possible(kept) {
        return Vec::new();
    }
    if candidates.len() <= 1 {
        return candidates.to_vec();
    }
    let (first, second) = candidates.split_at(candidates.len() / 2);
    let with = |more: &[usize]| kept.iter().chain(more).copied().collect::<BTreeSet<usize>>();
    let mut needed = halve(consistency, &with(first), true, second);
    let of_first = halve(consistency, &with(&needed), !needed.is_empty(), first);
    needed.extend(of_first);
    needed
}
