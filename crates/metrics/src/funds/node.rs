//! A node of the money's way, and the balances that keep it closed.

use std::collections::BTreeMap;

use uplift_engine::levels::Lines;

/// A node: a stage, and a code of a source, a line of work or an area; without one it is what names none.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Node {
    pub(crate) stage: Stage,
    pub(crate) code: String,
}

/// Where on its way money is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Stage {
    /// Budgeted by a source.
    Source,
    /// Budgeted for a line of work, to be allocated.
    Programme,
    /// Allocated to an area, to be disbursed.
    Area,
    /// Disbursed to who spends it in the area.
    Spending,
    /// Spent: the end of the way.
    Spent,
}

/// Fen of one node, which close: what came in is what went out, what is left and what is unexplained. That is below zero where
/// more went out than came in, or more is left than should be; above, where less was counted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Amounts {
    pub(crate) inflow: i128,
    pub(crate) outflow: i128,
    pub(crate) balance: i128,
    pub(crate) unexplained: i128,
    /// Whether some of what is left was counted.
    pub(crate) counted: bool,
}

/// What is left of money at one place of one stage, by line of work.
pub(super) type Surpluses = BTreeMap<String, i128>;

/// Settles what more went out of a line than came in by what is left of money without a line, or the other way round: that
/// is the same money, recorded more and less exactly. Returns what went from which line to which.
pub(super) fn settled(surpluses: &mut Surpluses) -> Vec<(String, String, i128)> {
    let mut moved = Vec::new();
    let Some(mut unnamed) = surpluses.get("").copied() else { return moved };
    for (line, surplus) in surpluses.iter_mut().filter(|(line, _)| !line.is_empty()) {
        if unnamed > 0 && *surplus < 0 {
            let fen = unnamed.min(-*surplus);
            (unnamed, *surplus) = (unnamed - fen, *surplus + fen);
            moved.push((String::new(), line.clone(), fen));
        } else if unnamed < 0 && *surplus > 0 {
            let fen = (*surplus).min(-unnamed);
            (unnamed, *surplus) = (unnamed + fen, *surplus - fen);
            moved.push((line.clone(), String::new(), fen));
        }
    }
    surpluses.insert(String::new(), unnamed);
    moved
}

/// Settles what went out of a part that recorded no receipt by what is left in the whole of the same line, or without a
/// line: it was passed on. A part that did record a receipt spent more than that. Returns how much was passed on.
pub(super) fn passed_on(whole: &mut Surpluses, part: &mut Surpluses, received: &Lines) -> i128 {
    let mut moved = 0;
    let none = |line: &str| received.get(line).is_none_or(|fen| *fen == 0);
    for (line, surplus) in part.iter_mut().filter(|(line, surplus)| **surplus < 0 && none(line) && none("")) {
        for from in [line.as_str(), ""] {
            let Some(left) = whole.get_mut(from).filter(|left| **left > 0) else { continue };
            let fen = (*left).min(-*surplus);
            (*left, *surplus) = (*left - fen, *surplus + fen);
            moved += fen;
        }
    }
    moved
}
