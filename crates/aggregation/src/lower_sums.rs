//! Lower totals while records are read. Measures of the same people have the same, which is added up once for all of them.

use arrow::array::Float64Array;
use uplift_measures::totals::{Totals, TotalsMeasure};

use crate::chosen::Chosen;
use crate::nodes::Slot;
use crate::program::{Aggregate, Kind};

/// What an aggregate takes of a batch for its totals.
#[derive(Clone)]
pub(crate) struct People {
    pub(crate) measure: TotalsMeasure,
    pub(crate) chosen: Chosen,
    pub(crate) values: Float64Array,
    pub(crate) weights: Float64Array,
}

/// Lower totals by cell, for aggregates by their place in a pass.
#[derive(Default)]
pub(crate) struct LowerSums {
    /// Which of the sums each aggregate has; none of one that has no totals.
    of: Vec<Option<usize>>,
    /// By cell; none where no row passed. Upper totals stay empty.
    sums: Vec<Vec<Option<Totals>>>,
    /// What aggregates take of the batch that is read.
    taken: Vec<(usize, People)>,
}

impl LowerSums {
    /// Aggregates that count everybody, under the same conditions and with the same weight, begin together.
    pub(crate) fn new<'a>(aggregates: impl Iterator<Item = &'a Aggregate>) -> Self {
        let mut lower = Self::default();
        let mut together: Vec<(&[Slot], Option<&Slot>, usize)> = Vec::new();
        for Aggregate { kind, conditions, arguments, .. } in aggregates {
            let Kind::Totals(measure) = kind else {
                lower.of.push(None);
                continue;
            };
            let weight = arguments.get(1);
            let known = together.iter().find(|(of, by, _)| (*of, *by) == (conditions, weight));
            let sums = match known.filter(|_| measure.counts_everybody()) {
                Some((.., sums)) => *sums,
                None => {
                    lower.sums.push(Vec::new());
                    lower.sums.len() - 1
                }
            };
            if measure.counts_everybody() {
                together.push((conditions, weight, sums));
            }
            lower.of.push(Some(sums));
        }
        lower
    }

    /// Takes note of the people of an aggregate in this batch.
    pub(crate) fn take(&mut self, aggregate: usize, people: People) {
        self.taken.push((aggregate, people));
    }

    /// Adds the people of this batch. Where not the same pass for all that were together, as where some lack values, they go on
    /// apart.
    pub(crate) fn add(&mut self, cells: &[u32], all_cells: usize) {
        let taken = std::mem::take(&mut self.taken);
        // What was together, who is chosen of it, and the sums for that. Nothing is added before all have theirs.
        let mut chosen: Vec<(usize, &People, usize)> = Vec::new();
        for (aggregate, people) in &taken {
            let Some(together) = self.of[*aggregate] else { continue };
            let of_same = |known: &&(usize, &People, usize)| known.0 == together;
            let same = chosen.iter().filter(of_same).find(|(_, known, _)| known.chosen == people.chosen);
            if let Some((.., sums)) = same {
                self.of[*aggregate] = Some(*sums);
                continue;
            }
            let sums = match chosen.iter().find(of_same) {
                None => together,
                Some(_) => self.copy(together),
            };
            self.of[*aggregate] = Some(sums);
            chosen.push((together, people, sums));
        }
        for (_, people, sums) in chosen {
            add(&mut self.sums[sums], people, cells, all_cells);
        }
    }

    /// Adds people of one aggregate that goes on by itself.
    pub(crate) fn add_alone(&mut self, aggregate: usize, people: &People, cells: &[u32], all_cells: usize) {
        if let Some(sums) = self.of[aggregate] {
            add(&mut self.sums[sums], people, cells, all_cells);
        }
    }

    /// Gives an aggregate sums of its own, which are what it had in common so far.
    pub(crate) fn part(&mut self, aggregate: usize) {
        if let Some(sums) = self.of[aggregate]
            && self.of.iter().filter(|of| **of == Some(sums)).count() > 1
        {
            self.of[aggregate] = Some(self.copy(sums));
        }
    }

    fn copy(&mut self, sums: usize) -> usize {
        self.sums.push(self.sums[sums].clone());
        self.sums.len() - 1
    }

    /// The sums of an aggregate, by cell.
    pub(crate) fn of(&self, aggregate: usize) -> &[Option<Totals>] {
        self.of[aggregate].map_or(&[], |sums| &self.sums[sums])
    }

    /// Memory in bytes.
    pub(crate) fn size(&self) -> usize {
        self.sums.iter().map(|cells| cells.capacity() * size_of::<Option<Totals>>()).sum()
    }
}

fn add(sums: &mut Vec<Option<Totals>>, people: &People, cells: &[u32], all_cells: usize) {
    sums.resize(all_cells, None);
    let (values, weights) = (people.values.values(), people.weights.values());
    people.chosen.each(|row| {
        let totals = sums[cells[row] as usize].get_or_insert_default();
        if weights[row] > 0.0 {
            people.measure.add_lower(values[row], weights[row], totals);
        }
    });
}

#[cfg(test)]
mod tests {
    use arrow::array::BooleanArray;
    use proptest::prelude::*;
    use uplift_measures::conventions::Conventions;
    use uplift_measures::measure::Measure;

    use super::*;

    const AGGREGATES: usize = 5;

    fn aggregate(n: usize) -> Aggregate {
        let measure = match n {
            // Not of everybody.
            0 => Measure::AverageShortfall { line: 5.0 },
            _ => Measure::PovertyGap { line: 3.0 + n as f64 },
        };
        let measure = TotalsMeasure::new(&measure, &Conventions::default()).unwrap().unwrap();
        let (kind, identity) = (Kind::Totals(measure), format!("{n}").into());
        // The last has another condition.
        let conditions = vec![usize::from(n == AGGREGATES - 1)];
        Aggregate { kind, conditions, arguments: vec![n, 9], identity }
    }

    /// Rows of a batch: the value of each aggregate, a weight, a cell, and whether conditions hold.
    type Rows = Vec<([Option<u8>; AGGREGATES], u8, u32, [bool; 2])>;

    fn rows() -> impl Strategy<Value = Rows> {
        let value = prop_oneof![8 => (0u8..9).prop_map(Some), 1 => Just(None)];
        let row = (prop::array::uniform5(value), 0u8..3, 0u32..4, any::<[bool; 2]>());
        prop::collection::vec(row, 0..12)
    }

    proptest! {
        /// Whoever lacks a value and whoever goes on alone, each aggregate has what it would have by itself.
        #[test]
        fn sums_in_common_are_those_of_each(batches in prop::collection::vec((rows(), 0..9usize), 0..6)) {
            let aggregates: Vec<Aggregate> = (0..AGGREGATES).map(aggregate).collect();
            let mut lower = LowerSums::new(aggregates.iter());
            let mut alone: Vec<LowerSums> =
                aggregates.iter().map(|one| LowerSums::new(std::iter::once(one))).collect();
            for (rows, parted) in &batches {
                let cells: Vec<u32> = rows.iter().map(|row| row.2).collect();
                let people = |n: usize| {
                    let Kind::Totals(measure) = aggregates[n].kind else { panic!("totals") };
                    let values: Float64Array = rows.iter().map(|row| row.0[n].map(f64::from)).collect();
                    let weights: Float64Array = rows.iter().map(|row| Some(f64::from(row.1))).collect();
                    let passes = aggregates[n].conditions[0];
                    let passes: BooleanArray = rows.iter().map(|row| Some(row.3[passes])).collect();
                    People { measure, chosen: Chosen::new(&values, &weights, Some(&passes)), values, weights }
                };
                for (n, alone) in alone.iter_mut().enumerate() {
                    if n == *parted {
                        lower.part(n);
                        lower.add_alone(n, &people(n), &cells, 4);
                    } else {
                        lower.take(n, people(n));
                    }
                    alone.take(0, people(n));
                    alone.add(&cells, 4);
                }
                lower.add(&cells, 4);
            }
            for (n, alone) in alone.iter().enumerate() {
                prop_assert_eq!(lower.of(n), alone.of(0));
            }
        }
    }
}
