//! Expressions over a record and those of its group: sums, least and greatest values and counts over the records so far, in
//! order, or over the whole group. They are compiled once and evaluated for each submission, which a query would plan anew.

use std::ops::Range;
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, Decimal128Array, Float64Array, Int64Array, RecordBatch, UInt32Array,
};
use arrow::compute::take;
use arrow::datatypes::{DataType, Decimal128Type, Field as Column, Float64Type, Int64Type, Schema};
use datafusion::common::tree_node::{Transformed, TreeNode, TreeNodeRecursion};
use datafusion::common::{DFSchema, plan_err};
use datafusion::error::DataFusionError;
use datafusion::logical_expr::{Expr, ident};
use datafusion::physical_expr::PhysicalExpr;
use uplift_core::error::{Error, Result};
use uplift_engine::SESSION;
use uplift_engine::error::query_failed;
use uplift_engine::expressions::Expressions;

use crate::keys::key_rows;

/// As the windows are written in rules, and as they are parsed.
const SO_FAR: [&str; 2] = ["OVER so_far", "OVER (ORDER BY 1)"];
const WHOLE: [&str; 2] = ["OVER whole", "OVER ()"];

/// An expression with windows.
#[derive(Debug)]
pub(super) struct Windowed {
    windows: Vec<Window>,
    /// Over the columns of a record, and one for each window.
    expression: Arc<dyn PhysicalExpr>,
    columns: Arc<Schema>,
}

#[derive(Debug)]
struct Window {
    function: Function,
    argument: Arc<dyn PhysicalExpr>,
    so_far: bool,
}

#[derive(Debug, Clone, Copy)]
enum Function {
    Sum,
    Min,
    Max,
    Count,
}

/// The records of each group, in order.
#[derive(Debug)]
pub(super) struct Groups {
    /// Indexes of records that are in a group.
    pub(super) order: Vec<u32>,
    /// Where each group is in `order`.
    pub(super) ranges: Vec<Range<usize>>,
}

impl Groups {
    /// Groups by the values of some columns, none of them null; in the order of others.
    pub(super) fn of(group: &[ArrayRef], order: &[ArrayRef], records: usize) -> Result<Self> {
        let (groups, places) = (key_rows(group)?, key_rows(order)?);
        let in_group = |row: &u32| group.iter().all(|column| column.is_valid(*row as usize));
        let mut order: Vec<u32> = (0..records as u32).filter(in_group).collect();
        order.sort_by(|a, b| {
            let (a, b) = (*a as usize, *b as usize);
            groups.row(a).cmp(&groups.row(b)).then_with(|| places.row(a).cmp(&places.row(b)))
        });
        let mut ranges = Vec::new();
        let mut start = 0;
        for end in 1..=order.len() {
            if end == order.len() || groups.row(order[end] as usize) != groups.row(order[start] as usize) {
                ranges.push(start..end);
                start = end;
            }
        }
        Ok(Self { order, ranges })
    }
}

impl Windowed {
    pub(super) fn compile(sql: &str, columns: &Arc<Schema>) -> std::result::Result<Self, DataFusionError> {
        let own = DFSchema::try_from(columns.clone())?;
        let sql = sql.replace(SO_FAR[0], SO_FAR[1]).replace(WHOLE[0], WHOLE[1]);
        let parsed = SESSION.parse_sql_expr(&sql, &own)?;
        let expressions = Expressions::over(own);
        let mut windows = Vec::new();
        let mut fields: Vec<_> = columns.fields().to_vec();
        let replaced = parsed.transform_down(|expr| {
            let Expr::WindowFunction(call) = expr else { return Ok(Transformed::no(expr)) };
            let function = match call.fun.name() {
                "sum" => Function::Sum,
                "min" => Function::Min,
                "max" => Function::Max,
                "count" => Function::Count,
                other => {
                    return plan_err!("{other} is not a function over records: write sum, min, max or count");
                }
            };
            let [argument] = call.params.args.as_slice() else {
                return plan_err!("{} needs one argument", call.fun);
            };
            let argument = expressions.ready(argument)?;
            let kind = function.output(&argument.data_type(columns)?)?;
            let name = format!("window_{}", windows.len());
            fields.push(Arc::new(Column::new(&name, kind, true)));
            windows.push(Window { function, argument, so_far: !call.params.order_by.is_empty() });
            Ok(Transformed::new(ident(name), true, TreeNodeRecursion::Jump))
        })?;
        let columns = Arc::new(Schema::new(fields));
        let with_windows = Expressions::over(DFSchema::try_from(columns.clone())?);
        Ok(Self { windows, expression: with_windows.ready(&replaced.data)?, columns })
    }

    /// The value of each record.
    pub(super) fn evaluate(&self, records: &RecordBatch, groups: &Groups) -> Result<ArrayRef> {
        let failed = |e| query_failed("deciding rules over records", e);
        let rows = records.num_rows();
        let mut columns = records.columns().to_vec();
        for window in &self.windows {
            let argument =
                window.argument.evaluate(records).and_then(|v| v.into_array(rows)).map_err(failed)?;
            columns.push(window.over(&argument, groups)?);
        }
        let all = RecordBatch::try_new(self.columns.clone(), columns);
        let all = all.map_err(|e| Error::internal("deciding rules over records", e))?;
        self.expression.evaluate(&all).and_then(|v| v.into_array(rows)).map_err(failed)
    }
}

impl Function {
    fn output(self, argument: &DataType) -> std::result::Result<DataType, DataFusionError> {
        Ok(match (self, argument) {
            (Self::Count, _) | (Self::Sum, DataType::Int64) => DataType::Int64,
            (Self::Min | Self::Max, kind) => kind.clone(),
            (Self::Sum, DataType::Float64) => DataType::Float64,
            (Self::Sum, DataType::Decimal128(_, scale)) => DataType::Decimal128(38, *scale),
            (Self::Sum, other) => return plan_err!("{other} cannot be added up"),
        })
    }
}

impl Window {
    fn over(&self, argument: &ArrayRef, groups: &Groups) -> Result<ArrayRef> {
        let failed = |e| Error::internal("adding up records", e);
        Ok(match self.function {
            Function::Count => {
                let counts = self.run(groups, argument.len(), |so_far: Option<i64>, row| {
                    Some(so_far.unwrap_or(0) + i64::from(argument.is_valid(row)))
                });
                Arc::new(Int64Array::from(counts))
            }
            Function::Sum => match argument.data_type() {
                DataType::Decimal128(_, scale) => {
                    let values = argument.as_primitive::<Decimal128Type>();
                    let sums = self.run(groups, values.len(), |so_far, row| {
                        add(so_far, values.is_valid(row).then(|| values.value(row)))
                    });
                    let sums = Decimal128Array::from(sums).with_precision_and_scale(38, *scale);
                    Arc::new(sums.map_err(failed)?)
                }
                DataType::Int64 => {
                    let values = argument.as_primitive::<Int64Type>();
                    let sums = self.run(groups, values.len(), |so_far, row| {
                        add(so_far, values.is_valid(row).then(|| values.value(row)))
                    });
                    Arc::new(Int64Array::from(sums))
                }
                _ => {
                    let values = argument.as_primitive::<Float64Type>();
                    let sums = self.run(groups, values.len(), |so_far, row| {
                        add(so_far, values.is_valid(row).then(|| values.value(row)))
                    });
                    Arc::new(Float64Array::from(sums))
                }
            },
            Function::Min | Function::Max => {
                let rows = key_rows(std::slice::from_ref(argument))?;
                let greatest = matches!(self.function, Function::Max);
                let best = self.run(groups, argument.len(), |best: Option<u32>, row| match best {
                    _ if argument.is_null(row) => best,
                    Some(best) if (rows.row(row) > rows.row(best as usize)) != greatest => Some(best),
                    _ => Some(row as u32),
                });
                take(argument, &UInt32Array::from(best), None).map_err(failed)?
            }
        })
    }

    /// What is known after each record of a group, or after all of them.
    fn run<T: Copy>(
        &self,
        groups: &Groups,
        records: usize,
        next: impl Fn(Option<T>, usize) -> Option<T>,
    ) -> Vec<Option<T>> {
        let mut known = vec![None; records];
        for range in &groups.ranges {
            let group = &groups.order[range.clone()];
            let mut so_far = None;
            for row in group {
                so_far = next(so_far, *row as usize);
                known[*row as usize] = so_far;
            }
            if !self.so_far {
                group.iter().for_each(|row| known[*row as usize] = so_far);
            }
        }
        known
    }
}

/// A sum as SQL has it: of what is not null. One of records with limits on each does not overflow.
fn add<T: std::ops::Add<Output = T>>(so_far: Option<T>, value: Option<T>) -> Option<T> {
    match (so_far, value) {
        (Some(so_far), Some(value)) => Some(so_far + value),
        (so_far, value) => so_far.or(value),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{Int64Array, StringArray};
    use arrow::compute::concat_batches;
    use datafusion::logical_expr::ident;

    use super::*;

    /// Expressions with windows, as rules write them.
    const EXPRESSIONS: [&str; 6] = [
        "sum(amount) OVER so_far",
        "sum(amount) OVER whole = 0",
        "CAST(min(amount) OVER so_far AS VARCHAR)",
        "max(label) OVER whole",
        "count(amount) OVER so_far - count(label) OVER whole",
        "sum(CASE WHEN label > 'b' THEN amount ELSE -1 END) OVER so_far BETWEEN 0 AND max(amount) OVER so_far",
    ];

    /// Numbers that are the same in every run.
    fn draws() -> impl FnMut(u64) -> u64 {
        let mut state = 0x9e37_79b9_7f4a_7c15_u64;
        move |below| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state % below
        }
    }

    fn records(rows: usize, draw: &mut impl FnMut(u64) -> u64) -> RecordBatch {
        let text = |draw: u64| ["a", "b", "c"].get(draw as usize).copied();
        let [groups, labels] = [(); 2].map(|()| (0..rows).map(|_| text(draw(4))).collect::<Vec<_>>());
        let amounts: Vec<_> = (0..rows).map(|_| Some(draw(9) as i64 - 4).filter(|n| *n != 4)).collect();
        let days: Vec<_> = (0..rows).map(|_| draw(3) as i64).collect();
        let places: Vec<_> = (0..rows as i64).collect();
        RecordBatch::try_from_iter_with_nullable([
            ("society", Arc::new(StringArray::from(groups)) as ArrayRef, true),
            ("label", Arc::new(StringArray::from(labels)), true),
            ("amount", Arc::new(Int64Array::from(amounts)), true),
            ("day", Arc::new(Int64Array::from(days)), true),
            ("place", Arc::new(Int64Array::from(places)), false),
        ])
        .unwrap()
    }

    #[tokio::test]
    async fn windows_say_what_the_query_engine_says_of_the_same_records() {
        let mut draw = draws();
        for rows in [1, 2, 7, 60, 400] {
            let all = records(rows, &mut draw);
            let groups =
                Groups::of(&[all.column(0).clone()], &[all.column(3).clone(), all.column(4).clone()], rows)
                    .unwrap();
            for sql in EXPRESSIONS {
                let own = Windowed::compile(sql, &all.schema()).unwrap().evaluate(&all, &groups).unwrap();
                let so_far = "OVER (PARTITION BY society ORDER BY day, place ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)";
                let explicit =
                    sql.replace(SO_FAR[0], so_far).replace(WHOLE[0], "OVER (PARTITION BY society)");
                let frame = SESSION.read_batch(all.clone()).unwrap();
                let value = SESSION.parse_sql_expr(&explicit, frame.schema()).unwrap().alias("value");
                let answer = frame.select([value, ident("place"), ident("society")]).unwrap();
                let answer = answer.sort_by(vec![ident("place")]).unwrap().collect().await.unwrap();
                let answer = concat_batches(&answer[0].schema(), &answer).unwrap();
                for row in (0..rows).filter(|row| answer.column(2).is_valid(*row)) {
                    let [own, other] = [&own, answer.column(0)]
                        .map(|column| arrow::util::display::array_value_to_string(column, row).unwrap());
                    assert_eq!(own, other, "{sql}, row {row} of {rows}");
                }
            }
        }
    }

    #[test]
    fn other_functions_and_sums_of_text_are_refused() {
        let all = records(1, &mut draws());
        for sql in ["row_number() OVER whole = 1", "sum(label) OVER whole > 0", "avg(amount) OVER so_far > 0"]
        {
            assert!(Windowed::compile(sql, &all.schema()).is_err(), "{sql}");
        }
    }
}
