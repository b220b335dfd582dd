//! Expressions taken apart, so that what several of them contain is evaluated once of a batch.
//!
//! Taken apart is only what cannot fail and is evaluated of every row anyway: the parts of a CASE or of a function stay
//! with it, since a branch that is not taken may divide by zero.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, ArrowPrimitiveType, AsArray, BooleanArray, PrimitiveArray, RecordBatch,
    RecordBatchOptions,
};
use arrow::datatypes::{DataType, Field, Float64Type, Int32Type, Int64Type, Schema, SchemaRef};
use datafusion::common::Result;
use datafusion::logical_expr::Operator;
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_expr::expressions::{
    BinaryExpr, CastExpr, Column, IsNotNullExpr, IsNullExpr, Literal, NotExpr,
};
use datafusion::physical_expr::utils::{collect_columns, reassign_expr_columns};

/// A number of an expression.
pub(crate) type Slot = usize;

/// An expression over columns of the records, and over others.
#[derive(Debug)]
pub(crate) struct Node {
    expr: Arc<dyn PhysicalExpr>,
    inputs: Vec<Input>,
    schema: SchemaRef,
    pub(crate) data_type: DataType,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Input {
    Column(usize),
    Slot(Slot),
}

impl Node {
    pub(crate) fn inputs(&self) -> impl Iterator<Item = Input> {
        self.inputs.iter().copied()
    }

    /// Columns by their place among those that are read.
    pub(crate) fn renumber(&mut self, place: impl Fn(usize) -> usize) {
        for input in &mut self.inputs {
            if let Input::Column(column) = input {
                *column = place(*column);
            }
        }
    }

    pub(crate) fn evaluate(&self, inputs: Vec<ArrayRef>, rows: usize) -> Result<ArrayRef> {
        // Of the input itself: what is made of it first may be any other number.
        let cast = self.expr.downcast_ref::<CastExpr>().map(CastExpr::expr);
        if cast.is_some_and(|of| of.downcast_ref::<Column>().is_some())
            && let [truths] = inputs.as_slice()
            && let Some(truths) = truths.as_boolean_opt()
            && let Some(numbers) = numbers(truths, &self.data_type)
        {
            return Ok(numbers);
        }
        let options = RecordBatchOptions::new().with_row_count(Some(rows));
        let batch = RecordBatch::try_new_with_options(self.schema.clone(), inputs, &options)?;
        self.expr.evaluate(&batch)?.into_array(rows)
    }
}

/// The expressions of a program, each once.
#[derive(Debug)]
pub(crate) struct Nodes {
    columns: SchemaRef,
    known: Vec<Arc<dyn PhysicalExpr>>,
    pub(crate) nodes: Vec<Node>,
}

impl Nodes {
    pub(crate) fn over(columns: SchemaRef) -> Self {
        Self { columns, known: Vec::new(), nodes: Vec::new() }
    }

    /// The number of an expression.
    pub(crate) fn slot(&mut self, expr: &Arc<dyn PhysicalExpr>) -> Result<Slot> {
        if let Some(known) = self.known.iter().position(|known| known == expr) {
            return Ok(known);
        }
        let data_type = expr.data_type(&self.columns)?;
        let (expr_of_inputs, inputs) = match self.is_taken_apart(expr)? {
            true => self.taken_apart(expr)?,
            false => self.whole(expr)?,
        };
        let field = |(n, input): (usize, &Input)| -> Result<Field> {
            let kind = match input {
                Input::Column(column) => self.columns.field(*column).data_type().clone(),
                Input::Slot(slot) => self.nodes[*slot].data_type.clone(),
            };
            Ok(Field::new(format!("i{n}"), kind, true))
        };
        let schema = inputs.iter().enumerate().map(field).collect::<Result<Vec<_>>>()?;
        let schema = Arc::new(Schema::new(schema));
        self.known.push(expr.clone());
        self.nodes.push(Node { expr: expr_of_inputs, inputs, schema, data_type });
        Ok(self.nodes.len() - 1)
    }

    fn is_taken_apart(&self, expr: &Arc<dyn PhysicalExpr>) -> Result<bool> {
        // One side of an AND or OR may guard the other.
        if is_connective(expr) { self.cannot_fail(expr) } else { self.may_be_taken_apart(expr) }
    }

    /// The same by its outermost operator alone.
    fn may_be_taken_apart(&self, expr: &Arc<dyn PhysicalExpr>) -> Result<bool> {
        let kind = |expr: &Arc<dyn PhysicalExpr>| expr.data_type(&self.columns);
        if let Some(binary) = expr.downcast_ref::<BinaryExpr>() {
            return Ok(match binary.op() {
                Operator::Plus | Operator::Minus | Operator::Multiply => kind(expr)?.is_numeric(),
                Operator::Divide => kind(expr)?.is_floating(),
                Operator::And | Operator::Or => true,
                Operator::Eq
                | Operator::NotEq
                | Operator::Lt
                | Operator::LtEq
                | Operator::Gt
                | Operator::GtEq => kind(binary.left())? == kind(binary.right())?,
                _ => false,
            });
        }
        if let Some(cast) = expr.downcast_ref::<CastExpr>() {
            let from = kind(cast.expr())?;
            return Ok(match cast.cast_type() {
                DataType::Float64 => from.is_numeric() || from == DataType::Boolean,
                to if from == DataType::Boolean => to.is_integer(),
                // A wider number has room for every narrower one.
                to => {
                    let signed = |kind: &DataType| kind.is_signed_integer().then(|| kind.primitive_width());
                    signed(&from).zip(signed(to)).is_some_and(|(from, to)| from <= to)
                }
            });
        }
        let other = expr.downcast_ref::<NotExpr>().is_some()
            || expr.downcast_ref::<IsNullExpr>().is_some()
            || expr.downcast_ref::<IsNotNullExpr>().is_some();
        Ok(other)
    }

    /// Whether all of an expression can be taken apart: each part is looked at once, however deep it is.
    fn cannot_fail(&self, expr: &Arc<dyn PhysicalExpr>) -> Result<bool> {
        if expr.downcast_ref::<Column>().is_some() || expr.downcast_ref::<Literal>().is_some() {
            return Ok(true);
        }
        // Decimals have no room for every product.
        let may_overflow = expr.downcast_ref::<BinaryExpr>().is_some()
            && matches!(expr.data_type(&self.columns)?, DataType::Decimal128(..) | DataType::Decimal256(..));
        let mut all = !may_overflow && self.may_be_taken_apart(expr)?;
        for child in expr.children() {
            all = all && self.cannot_fail(child)?;
        }
        Ok(all)
    }

    fn taken_apart(&mut self, expr: &Arc<dyn PhysicalExpr>) -> Result<(Arc<dyn PhysicalExpr>, Vec<Input>)> {
        let (mut inputs, mut children) = (Vec::new(), Vec::new());
        for child in expr.children() {
            if child.downcast_ref::<Literal>().is_some() {
                children.push(child.clone());
                continue;
            }
            let input = match child.downcast_ref::<Column>() {
                Some(column) => Input::Column(column.index()),
                None => Input::Slot(self.slot(child)?),
            };
            let place = inputs.iter().position(|known| *known == input).unwrap_or_else(|| {
                inputs.push(input);
                inputs.len() - 1
            });
            children.push(Arc::new(Column::new(&format!("i{place}"), place)));
        }
        Ok((expr.clone().with_new_children(children)?, inputs))
    }

    fn whole(&self, expr: &Arc<dyn PhysicalExpr>) -> Result<(Arc<dyn PhysicalExpr>, Vec<Input>)> {
        let mut columns: Vec<Column> = collect_columns(expr).into_iter().collect();
        columns.sort_by_key(Column::index);
        let places: Vec<usize> = columns.iter().map(Column::index).collect();
        let expr = reassign_expr_columns(expr.clone(), &self.columns.project(&places)?)?;
        Ok((expr, places.into_iter().map(Input::Column).collect()))
    }
}

/// Whether it is an AND or an OR.
fn is_connective(expr: &Arc<dyn PhysicalExpr>) -> bool {
    let binary = expr.downcast_ref::<BinaryExpr>();
    binary.is_some_and(|binary| matches!(binary.op(), Operator::And | Operator::Or))
}

/// Truth values as numbers, 64 at a time; none in a type that is left to the engine, which takes one after another.
fn numbers(truths: &BooleanArray, to: &DataType) -> Option<ArrayRef> {
    fn of<T: ArrowPrimitiveType>(truths: &BooleanArray, number: impl Fn(u8) -> T::Native) -> ArrayRef {
        let mut numbers = Vec::with_capacity(truths.len() + 64);
        for chunk in truths.values().bit_chunks().iter_padded() {
            numbers.extend((0..64).map(|bit| number((chunk >> bit) as u8 & 1)));
        }
        numbers.truncate(truths.len());
        Arc::new(PrimitiveArray::<T>::new(numbers.into(), truths.nulls().cloned()))
    }
    match to {
        DataType::Int32 => Some(of::<Int32Type>(truths, i32::from)),
        DataType::Int64 => Some(of::<Int64Type>(truths, i64::from)),
        DataType::Float64 => Some(of::<Float64Type>(truths, f64::from)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use datafusion::common::ToDFSchema;
    use uplift_engine::SESSION;

    use super::*;

    /// The values of an expression over ten rows: a flag, true of the first, and amounts, of which only the first leaves
    /// room for its square.
    fn evaluated(sql: &str) -> Result<ArrayRef> {
        let amounts = arrow::array::Decimal128Array::from_iter_values(
            (0..10).map(|n| if n == 0 { 2 } else { 10_i128.pow(37) }),
        );
        let amounts = amounts.with_precision_and_scale(38, 0).unwrap();
        let flags: BooleanArray = (0..10).map(|n| Some(n == 0)).collect();
        let columns: Vec<(&str, ArrayRef)> = vec![("flag", Arc::new(flags)), ("amount", Arc::new(amounts))];
        let rows = RecordBatch::try_from_iter(columns).unwrap();
        let ready = uplift_engine::expressions::Expressions::over(rows.schema().to_dfschema().unwrap());
        let expr = SESSION.parse_sql_expr(sql, ready.columns()).unwrap();
        let mut nodes = Nodes::over(rows.schema());
        let slot = nodes.slot(&ready.ready(&expr).unwrap()).unwrap();
        crate::batch::Batch::new(&nodes.nodes, rows).value(slot)
    }

    #[test]
    fn a_number_made_of_a_truth_value_is_not_that_value() {
        let numbers = evaluated("CAST(CASE WHEN flag THEN 2.5 ELSE 7.0 END AS BIGINT)").unwrap();
        assert_eq!(numbers.as_primitive::<Int64Type>().values()[..2], [2, 7]);
        let numbers = evaluated("CAST(flag AS BIGINT)").unwrap();
        assert_eq!(numbers.as_primitive::<Int64Type>().values()[..2], [1, 0]);
    }

    #[test]
    fn what_a_condition_guards_is_not_evaluated_without_it() {
        let guarded = evaluated("flag AND amount * amount > 3").unwrap();
        assert_eq!(guarded.as_boolean().iter().filter(|met| *met == Some(true)).count(), 1);
    }

    #[test]
    fn a_long_condition_is_taken_apart_in_no_time() {
        // Twice the work for each OR would be more than a lifetime.
        let sql = (0..90).map(|n| format!("(flag AND amount <> {n})")).collect::<Vec<_>>().join(" OR ");
        let sql = format!("{sql} OR NOT flag");
        assert_eq!(evaluated(&sql).unwrap().as_boolean().true_count(), 10);
    }

    #[test]
    fn truth_values_are_the_numbers_that_the_engine_makes_of_them() {
        let truths: BooleanArray = (0..200).map(|n| (n % 7 != 0).then_some(n % 3 == 0)).collect();
        for (begin, length) in [(0, 200), (3, 130), (64, 64), (199, 1), (5, 0)] {
            let part = truths.slice(begin, length);
            for kind in [DataType::Int32, DataType::Int64, DataType::Float64] {
                let expected = arrow::compute::cast(&part, &kind).unwrap();
                assert_eq!(&numbers(&part, &kind).unwrap(), &expected, "{begin} {length} {kind}");
            }
        }
    }
}
