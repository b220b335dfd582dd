//! One pass over the records of a source: every aggregate that is wanted, by group and cell.

use std::collections::BTreeSet;
use std::sync::Arc;

use arrow::array::{AsArray, BooleanArray, RecordBatch};
use arrow::datatypes::Float64Type;
use arrow::error::ArrowError;
use datafusion::common::{DataFusionError, Result};
use datafusion::execution::memory_pool::{MemoryConsumer, MemoryReservation};
use datafusion::logical_expr::{EmitTo, GroupsAccumulator};
use uplift_engine::SESSION;
use uplift_engine::error::is_not_computable;
use uplift_measures::distribution::check;
use uplift_measures::exact::ExactSum;
use uplift_measures::totals::{Totals, TotalsMeasure};

use crate::batch::{Batch, Taken};
use crate::cells::{Cells, MetCells};
use crate::chosen::Chosen;
use crate::clusters::Clusters;
use crate::groups::{GroupKey, Groups};
use crate::lower_sums::{LowerSums, People};
use crate::names::Names;
use crate::program::{Aggregate, Kind, Program};
use crate::state::{CellTotals, Content, Row, State, order};

/// What a pass leaves.
pub(crate) struct Passed {
    /// The numbers of its groups in all sources.
    pub(crate) groups: Vec<u32>,
    /// None where no aggregate needs them.
    pub(crate) cells: Option<Cells>,
    /// One for each aggregate that was wanted.
    pub(crate) states: Vec<State>,
    /// The memory that the states take, of what all queries may hold together.
    pub(crate) memory: MemoryReservation,
}

pub(crate) struct Pass<'p> {
    program: &'p Program,
    groups: Groups,
    cells: Option<MetCells>,
    running: Vec<Running>,
    lower: LowerSums,
    memory: MemoryReservation,
}

/// An aggregate while its records are read.
struct Running {
    aggregate: usize,
    gathered: Gathered,
    failed: BTreeSet<usize>,
}

enum Gathered {
    Engine(Box<dyn GroupsAccumulator>),
    /// Upper totals by cell.
    Totals(TotalsMeasure, Vec<ExactSum>),
    Rows(Vec<MetRow>),
}

/// A value, its weight and its cell.
type MetRow = (f64, f64, u32);

impl<'p> Pass<'p> {
    /// A pass for some of the aggregates of a program.
    pub(crate) fn new(program: &'p Program, wanted: &[usize]) -> Result<Self> {
        let running = wanted.iter().map(|aggregate| {
            let gathered = match &program.aggregates[*aggregate] {
                Aggregate { kind: Kind::Totals(measure), .. } => Gathered::Totals(*measure, Vec::new()),
                Aggregate { kind: Kind::Rows, .. } => Gathered::Rows(Vec::new()),
                other => Gathered::Engine(other.accumulator().transpose()?.ok_or_else(no_function)?),
            };
            Ok(Running { aggregate: *aggregate, gathered, failed: BTreeSet::new() })
        });
        let by_cluster = wanted.iter().any(|aggregate| program.by_cluster(*aggregate));
        Ok(Self {
            program,
            groups: Groups::default(),
            cells: by_cluster.then(MetCells::default),
            running: running.collect::<Result<_>>()?,
            lower: LowerSums::new(wanted.iter().map(|aggregate| &program.aggregates[*aggregate])),
            memory: MemoryConsumer::new("aggregates").register(&SESSION.runtime_env().memory_pool),
        })
    }

    pub(crate) fn add(&mut self, rows: RecordBatch) -> Result<()> {
        if rows.num_rows() == 0 {
            return Ok(());
        }
        let mut batch = Batch::new(&self.program.nodes, rows);
        let groups = self.groups.number(self.program, &mut batch)?;
        let cells = match &mut self.cells {
            Some(cells) => cells.number(self.program, &batch, &groups)?,
            None => Vec::new(),
        };
        let totals = (self.groups.len(), self.cells.as_ref().map_or(0, MetCells::len));
        let mut held = 0;
        for (n, running) in self.running.iter_mut().enumerate() {
            match running.add(self.program, &mut batch, &groups, &cells, totals) {
                Ok(None) => {}
                Ok(Some(people)) => self.lower.take(n, people),
                Err(e) if is_not_computable(&e) => {
                    self.lower.part(n);
                    let mut lower = |people: &People, cells: &[u32]| {
                        self.lower.add_alone(n, people, cells, totals.1);
                    };
                    running.add_apart(self.program, &batch, &groups, &cells, totals, &mut lower)?;
                }
                Err(e) => return Err(e),
            }
            held += running.gathered.size();
        }
        self.lower.add(&cells, totals.1);
        self.memory.try_resize(held + self.lower.size())
    }

    /// What the pass leaves, with the numbers that groups and clusters have in all sources.
    pub(crate) fn finish(self, names: &Names<GroupKey>, clusters: &Clusters) -> Result<Passed> {
        let groups = self.groups.len();
        let group_of = |cell: u32| self.cells.as_ref().map_or(0, |cells| cells.group_of(cell));
        let by_cell: Vec<usize> =
            (0..self.cells.as_ref().map_or(0, MetCells::len) as u32).map(group_of).collect();
        let cells = self.cells.map(|cells| cells.finish(groups, clusters));
        let lower = &self.lower;
        let states = self.running.into_iter().enumerate().map(|(n, running)| {
            let content = match running.gathered {
                Gathered::Engine(mut accumulator) => {
                    let aggregate = &self.program.aggregates[running.aggregate];
                    aggregate.tell_groups(&self.program.nodes, accumulator.as_mut(), groups)?;
                    Content::Engine(accumulator.state(EmitTo::All)?)
                }
                Gathered::Totals(_, upper) => {
                    let upper = |cell: usize| upper.get(cell).cloned().unwrap_or_default();
                    let totals = lower.of(n).iter().enumerate().map(|(cell, lower)| {
                        lower.as_ref().map(|lower| Totals { upper: upper(cell), ..lower.clone() })
                    });
                    let totals: Vec<Option<Totals>> = totals.collect();
                    let mut by_group = vec![None; groups];
                    for (group, totals) in by_cell.iter().zip(&totals) {
                        if let Some(totals) = totals {
                            by_group[*group].get_or_insert_with(Totals::default).merge(totals);
                        }
                    }
                    Content::Totals(by_group, CellTotals::new(&totals))
                }
                Gathered::Rows(rows) => {
                    let mut by_group: Vec<Vec<Row>> = vec![Vec::new(); groups];
                    for (value, weight, cell) in rows {
                        let cluster = cells.as_ref().map_or(0, |cells| cells.clusters[cell as usize]);
                        by_group[by_cell[cell as usize]].push(Row { value, weight, cluster });
                    }
                    Content::Rows(by_group.into_iter().map(sorted).collect())
                }
            };
            Ok(State { content, failed: running.failed })
        });
        let mut states = states.collect::<Result<Vec<_>>>()?;
        let mut known = Vec::new();
        for state in &mut states {
            state.share_lower(&mut known);
        }
        let memory = self.memory;
        memory.try_resize(states.iter().map(State::size).sum())?;
        Ok(Passed { groups: self.groups.finish(names), cells, states, memory })
    }
}

fn sorted(mut rows: Vec<Row>) -> Arc<Vec<Row>> {
    rows.sort_unstable_by(order);
    rows.shrink_to_fit();
    Arc::new(rows)
}

fn no_function() -> DataFusionError {
    DataFusionError::Internal("an aggregate has no function".into())
}

impl Running {
    fn add<'p>(
        &mut self,
        program: &'p Program,
        batch: &mut Batch<'p>,
        groups: &[usize],
        cells: &[u32],
        (all_groups, all_cells): (usize, usize),
    ) -> Result<Option<People>> {
        let Some(Taken { arguments, passes }) = batch.taken(&program.aggregates[self.aggregate])? else {
            return Ok(None);
        };
        if let Gathered::Engine(accumulator) = &mut self.gathered {
            let updated = accumulator.update_batch(&arguments, groups, passes.as_ref(), all_groups);
            return match updated {
                // Some of the rows may have been added: they are not added again.
                Err(e) if is_not_computable(&e) => {
                    self.failed.extend(groups);
                    Ok(None)
                }
                updated => updated.map(|()| None),
            };
        }
        let (Some(values), Some(weights)) = (
            arguments.first().and_then(|a| a.as_primitive_opt::<Float64Type>()),
            arguments.get(1).and_then(|a| a.as_primitive_opt::<Float64Type>()),
        ) else {
            return Err(DataFusionError::Internal("a measure is of doubles".into()));
        };
        let chosen = Chosen::new(values, weights, passes.as_ref());
        let arrays = (values, weights);
        let (values, weights) = (values.values(), weights.values());
        // All rows are looked at before any is added, so that a failure leaves nothing.
        if !all_measurable(values, weights) {
            let checked = chosen.try_each(|row| check(values[row], weights[row]));
            checked.map_err(|e| ArrowError::ComputeError(e.message))?;
        }
        match &mut self.gathered {
            Gathered::Totals(measure, upper) => {
                upper.resize_with(all_cells, ExactSum::default);
                chosen.each(|row| {
                    if weights[row] > 0.0 {
                        measure.add_upper(values[row], weights[row], &mut upper[cells[row] as usize]);
                    }
                });
                let (values, weights) = (arrays.0.clone(), arrays.1.clone());
                return Ok(Some(People { measure: *measure, chosen, values, weights }));
            }
            Gathered::Rows(rows) => chosen.each(|row| rows.push((values[row], weights[row], cells[row]))),
            Gathered::Engine(_) => {}
        }
        Ok(None)
    }

    /// Group by group: those that cannot be computed are told apart. `lower` takes the people of each, and their cells.
    fn add_apart<'p>(
        &mut self,
        program: &'p Program,
        batch: &Batch<'p>,
        groups: &[usize],
        cells: &[u32],
        totals: (usize, usize),
        lower: &mut dyn FnMut(&People, &[u32]),
    ) -> Result<()> {
        let present: BTreeSet<usize> = groups.iter().copied().collect();
        for group in present.into_iter().filter(|group| !self.failed.contains(group)).collect::<Vec<_>>() {
            let keep: BooleanArray = groups.iter().map(|g| Some(*g == group)).collect();
            let rows = |row: &usize| groups[*row] == group;
            let (groups, cells): (Vec<_>, Vec<_>) = (0..groups.len())
                .filter(rows)
                .map(|row| (groups[row], cells.get(row).copied().unwrap_or_default()))
                .unzip();
            match self.add(program, &mut batch.part(&keep)?, &groups, &cells, totals) {
                Err(e) if is_not_computable(&e) => {
                    self.failed.insert(group);
                }
                Err(e) => return Err(e),
                Ok(people) => people.iter().for_each(|people| lower(people, &cells)),
            }
        }
        Ok(())
    }
}

/// Whether any row may be chosen: mostly, and sooner seen of all of them.
fn all_measurable(values: &[f64], weights: &[f64]) -> bool {
    let is_value = values.iter().fold(true, |all, value| all & value.is_finite());
    weights.iter().fold(is_value, |all, weight| all & weight.is_finite() & (*weight >= 0.0))
}

impl Gathered {
    fn size(&self) -> usize {
        match self {
            Self::Engine(accumulator) => accumulator.size(),
            Self::Totals(_, upper) => upper.capacity() * size_of::<ExactSum>(),
            Self::Rows(rows) => rows.capacity() * size_of::<MetRow>(),
        }
    }
}

#[cfg(test)]
mod tests {
    use arrow::array::{ArrayRef, Int64Array, StringArray};
    use arrow::datatypes::{DataType, Field, Schema};
    use datafusion::datasource::empty::EmptyTable;
    use datafusion::logical_expr::ident;

    use super::*;
    use crate::program::{Keys, Output};

    #[test]
    fn a_group_in_which_no_row_passes_has_no_value() {
        let text = |name: &str| Field::new(name, DataType::Utf8, true);
        let columns = Schema::new(vec![text("area"), text("kind"), Field::new("x", DataType::Int64, true)]);
        let columns = Arc::new(columns);
        let records = SESSION.read_table(Arc::new(EmptyTable::new(columns.clone()))).unwrap();
        let aggregates = ["min(x) FILTER (WHERE kind = 'a')", "sum(x) FILTER (WHERE kind = 'a')", "max(x)"];
        let outputs = aggregates.map(|sql| Output::Aggregate(records.parse_sql_expr(sql).unwrap()));
        let keys = Keys { area: "area".into(), digits: 6, others: vec![ident("kind")] };
        let program = Program::new(&records, keys, &outputs).unwrap();
        let mut pass = Pass::new(&program, &[0, 1, 2]).unwrap();
        let texts = |texts: [&str; 2]| Arc::new(StringArray::from_iter_values(texts)) as ArrayRef;
        let x = Arc::new(Int64Array::from(vec![Some(5), None]));
        let rows = vec![texts(["500101", "500102"]), texts(["b", "b"]), x];
        pass.add(RecordBatch::try_new(columns, rows).unwrap()).unwrap();
        let passed = pass.finish(&Names::default(), &Clusters::default()).unwrap();
        let nulls = |state: &State| match &state.content {
            Content::Engine(columns) => columns[0].null_count(),
            _ => 0,
        };
        assert_eq!(passed.states.iter().map(nulls).collect::<Vec<_>>(), [2, 2, 1]);
    }
}
