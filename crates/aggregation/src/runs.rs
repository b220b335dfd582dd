//! Outputs that need the same rows or totals, so that those are put together once and let go.

use std::collections::BTreeSet;
use std::fmt::Write;

use crate::program::{Planned, Program};

/// Outputs by their number among those that are estimates, and the aggregates that they need.
#[derive(Debug, Default)]
pub(crate) struct Run<'p> {
    pub(crate) outputs: Vec<(usize, &'p Planned)>,
    pub(crate) aggregates: BTreeSet<usize>,
}

/// The estimates of a program. Outputs that share an aggregate are in one run.
pub(crate) fn runs(program: &Program) -> Vec<Run<'_>> {
    let mut runs: Vec<Run<'_>> = Vec::new();
    let estimates = program.outputs.iter().filter(|output| !matches!(output, Planned::Engine(_)));
    for (number, planned) in estimates.enumerate() {
        let mut run = Run { outputs: vec![(number, planned)], aggregates: aggregates(planned) };
        let (same, others): (Vec<_>, Vec<_>) =
            runs.into_iter().partition(|known| !known.aggregates.is_disjoint(&run.aggregates));
        for known in same {
            run.outputs.extend(known.outputs);
            run.aggregates.extend(known.aggregates);
        }
        runs = others;
        runs.push(run);
    }
    runs
}

fn aggregates(planned: &Planned) -> BTreeSet<usize> {
    match planned {
        Planned::Engine(_) => BTreeSet::new(),
        Planned::Estimate(measured) => BTreeSet::from([measured.aggregate]),
        Planned::Change(before, after) => BTreeSet::from([before.aggregate, after.aggregate]),
    }
}

impl Run<'_> {
    /// What tells its estimates from those of other runs.
    pub(crate) fn told(&self, program: &Program) -> String {
        let mut told = program.grouping.to_string();
        let identity = |aggregate: usize| &program.aggregates[aggregate].identity;
        for (_, planned) in &self.outputs {
            let written = match planned {
                Planned::Engine(_) => Ok(()),
                Planned::Estimate(one) => write!(told, "\n{} {:?}", identity(one.aggregate), one.measure),
                Planned::Change(before, after) => {
                    write!(
                        told,
                        "\n{} from {} {:?}",
                        identity(after.aggregate),
                        identity(before.aggregate),
                        after.measure
                    )
                }
            };
            // Writing to a text does not fail.
            debug_assert!(written.is_ok());
        }
        told
    }
}
