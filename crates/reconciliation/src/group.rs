//! Conflicts that share figures, and the fewest misprints that would explain them.

use std::collections::BTreeSet;

use uplift_core::interval::Interval;

use crate::conflict::minimal_conflicts;
use crate::consistency::Consistency;
use crate::system::System;

/// Misprints that are looked for together, and explanations that are kept of a group.
const MAX_MISPRINTS: usize = 5;
const MAX_EXPLANATIONS: usize = 20;

/// Sets of misprints that are tried, of each size.
const MAX_TRIES: usize = 20_000;

/// What a system says.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Findings {
    /// Groups of conflicts; those of different groups share no figure.
    pub groups: Vec<Group>,
    /// Whether the search went to its end; a large system can have more conflicts than are looked for.
    pub is_complete: bool,
}

/// Conflicts that share figures.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Group {
    /// The conflicts, the smallest first.
    pub conflicts: Vec<Conflict>,
    /// The fewest misprints that would explain all of them, one way each. None if no few would.
    pub explanations: Vec<Explanation>,
}

/// Figures that cannot all be true, while all but any one of them can.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Conflict {
    /// Names of the figures.
    pub figures: Vec<String>,
    /// Names of the ties that they break together.
    pub ties: Vec<String>,
    /// For each figure of which a misprint alone would explain this conflict, what it would have to be; those
    /// which would explain more conflicts of the group first.
    pub misprints: Vec<Misprint>,
}

/// A figure that would have to be another.
#[derive(Debug, Clone, PartialEq)]
pub struct Misprint {
    /// Name of the figure.
    pub figure: String,
    /// What it would have to be.
    pub needed: Interval,
    /// Conflicts of the group that it is in.
    pub conflicts: usize,
}

/// Misprints that would explain a group together.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Explanation {
    /// The misprints; each one's range holds whatever the others turn out to be.
    pub misprints: Vec<Misprint>,
}

/// Searches a system. `effort` bounds the steps of arithmetic, and as many again for explaining what is found.
pub fn find(system: System, effort: usize) -> Findings {
    let mut findings = Findings { groups: Vec::new(), is_complete: true };
    // As much again for explaining what is found.
    let (mut left, mut explaining) = (effort, effort);
    // The order of figures is that of the answer; small parts are searched first, so that a large one takes nothing from them.
    let mut parts: Vec<(usize, System)> = system.split().into_iter().enumerate().collect();
    parts.sort_by_key(|(_, part)| part.ties.len());
    let mut found = Vec::new();
    for (position, part) in parts {
        let mut consistency = Consistency::new(&part, left);
        let (conflicts, is_complete) = minimal_conflicts(&mut consistency);
        left = consistency.effort;
        consistency.effort = explaining;
        let groups = groups(&mut consistency, conflicts);
        explaining = consistency.effort;
        findings.is_complete &= is_complete && explaining > 0;
        found.push((position, groups));
    }
    found.sort_by_key(|(position, _)| *position);
    findings.groups = found.into_iter().flat_map(|(_, groups)| groups).collect();
    findings
}

fn groups(consistency: &mut Consistency<'_>, conflicts: Vec<BTreeSet<usize>>) -> Vec<Group> {
    let mut joined: Vec<Vec<BTreeSet<usize>>> = Vec::new();
    for conflict in &conflicts {
        let shares = |group: &Vec<BTreeSet<usize>>| group.iter().any(|other| !other.is_disjoint(conflict));
        let (together, apart) = joined.into_iter().partition::<Vec<_>, _>(shares);
        joined = apart;
        joined.push(together.into_iter().flatten().chain([conflict.clone()]).collect());
    }
    joined.sort_by_key(|group| conflicts.iter().position(|conflict| group.contains(conflict)));
    let disputed: BTreeSet<usize> = conflicts.into_iter().flatten().collect();
    let printed = consistency.system.figures.iter().enumerate().filter(|(_, f)| f.printed.is_some());
    let undisputed: BTreeSet<usize> = printed.map(|(n, _)| n).filter(|n| !disputed.contains(n)).collect();
    joined.into_iter().map(|group| self::group(consistency, group, &undisputed)).collect()
}

fn group(
    consistency: &mut Consistency<'_>,
    mut conflicts: Vec<BTreeSet<usize>>,
    undisputed: &BTreeSet<usize>,
) -> Group {
    conflicts.sort_by_key(|conflict| (conflict.len(), conflict.clone()));
    let told = conflicts.iter().map(|conflict| told(consistency, conflict, &conflicts, undisputed)).collect();
    let figures: BTreeSet<usize> = conflicts.iter().flatten().copied().collect();
    let mut explanations = Vec::new();
    for size in 1..=MAX_MISPRINTS {
        for set in hitting(&conflicts, size) {
            let others = figures.difference(&set).chain(undisputed).copied().collect();
            explanations.extend(explanation(consistency, &set, &others, &conflicts));
            if explanations.len() == MAX_EXPLANATIONS {
                break;
            }
        }
        if !explanations.is_empty() {
            break;
        }
    }
    Group { conflicts: told, explanations }
}

fn told(
    consistency: &mut Consistency<'_>,
    conflict: &BTreeSet<usize>,
    conflicts: &[BTreeSet<usize>],
    undisputed: &BTreeSet<usize>,
) -> Conflict {
    let system = consistency.system;
    let mut ties: Vec<usize> = (0..system.ties.len()).collect();
    for tie in ties.clone() {
        let fewer: Vec<usize> = ties.iter().copied().filter(|other| *other != tie).collect();
        if !consistency.is_possible_with(&fewer, conflict) {
            ties = fewer;
        }
    }
    let mut misprints = Vec::new();
    for figure in conflict {
        let mut others = conflict | undisputed;
        others.remove(figure);
        misprints.extend(misprint(consistency, *figure, &others, conflicts));
    }
    misprints.sort_by_key(|misprint| std::cmp::Reverse(misprint.conflicts));
    Conflict {
        figures: conflict.iter().map(|figure| system.figures[*figure].id.clone()).collect(),
        ties: ties.into_iter().map(|tie| system.ties[tie].id.clone()).collect(),
        misprints,
    }
}

/// What a figure would have to be while others are true; `None` if it could not be anything.
fn misprint(
    consistency: &mut Consistency<'_>,
    figure: usize,
    others: &BTreeSet<usize>,
    conflicts: &[BTreeSet<usize>],
) -> Option<Misprint> {
    let needed = consistency.range(figure, others)?;
    // What the search ended in the midst of is too wide.
    if consistency.effort == 0 {
        return None;
    }
    Some(Misprint {
        needed,
        figure: consistency.system.figures[figure].id.clone(),
        conflicts: conflicts.iter().filter(|conflict| conflict.contains(&figure)).count(),
    })
}

fn explanation(
    consistency: &mut Consistency<'_>,
    set: &BTreeSet<usize>,
    others: &BTreeSet<usize>,
    conflicts: &[BTreeSet<usize>],
) -> Option<Explanation> {
    let misprints = set.iter().map(|figure| misprint(consistency, *figure, others, conflicts));
    Some(Explanation { misprints: misprints.collect::<Option<_>>()? })
}

/// Sets of so many figures of which each conflict has one; the first that are found, if there are too many to try.
fn hitting(conflicts: &[BTreeSet<usize>], size: usize) -> BTreeSet<BTreeSet<usize>> {
    let (mut sets, mut tries) = (BTreeSet::new(), MAX_TRIES);
    extend(conflicts, size, &BTreeSet::new(), &mut sets, &mut tries);
    sets
}

fn extend(
    conflicts: &[BTreeSet<usize>],
    size: usize,
    set: &BTreeSet<usize>,
    sets: &mut BTreeSet<BTreeSet<usize>>,
    tries: &mut usize,
) {
    if *tries == 0 {
        return;
    }
    *tries -= 1;
    match conflicts.iter().find(|conflict| conflict.is_disjoint(set)) {
        None => {
            sets.insert(set.clone());
        }
        Some(_) if set.len() == size => {}
        Some(conflict) => {
            for figure in conflict {
                let mut more = set.clone();
                more.insert(*figure);
                extend(conflicts, size, &more, sets, tries);
            }
        }
    }
}
