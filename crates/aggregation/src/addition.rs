//! Records that are added up first: one for each key, as a household over years or a loan over its flows.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use arrow::array::{RecordBatch, RecordBatchOptions};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use arrow::row::SortField;
use datafusion::common::tree_node::{Transformed, TreeNode, TreeNodeRecursion};
use datafusion::common::{DFSchema, DataFusionError, Result};
use datafusion::logical_expr::{Expr, ident};
use datafusion::physical_expr::utils::{collect_columns, reassign_expr_columns};
use datafusion::physical_expr::{PhysicalExpr, split_conjunction};
use datafusion::prelude::DataFrame;
use uplift_engine::expressions::Expressions;

use crate::nodes::{Node, Slot};
use crate::program::{Aggregate, Narrowed, Planned, Planner, told};

/// How records are added up.
#[derive(Debug)]
pub struct Addition {
    /// All columns of the records.
    pub(crate) table: SchemaRef,
    /// The columns that are read.
    pub(crate) columns: SchemaRef,
    pub(crate) nodes: Vec<Node>,
    /// What is true of the records that count.
    pub(crate) conditions: Vec<Slot>,
    pub(crate) key: Vec<Slot>,
    pub(crate) aggregates: Vec<Aggregate>,
    /// The columns of the result.
    added: Vec<AddedColumn>,
    /// What tells keys of other additions apart.
    pub(crate) identity: Arc<str>,
}

/// A column of the result: an expression over aggregates.
#[derive(Debug)]
struct AddedColumn {
    name: String,
    expr: Arc<dyn PhysicalExpr>,
    data_type: DataType,
}

impl AddedColumn {
    fn field(&self) -> Field {
        Field::new(&self.name, self.data_type.clone(), true)
    }
}

/// Some columns of the result, and what they are computed of.
#[derive(Debug)]
pub(crate) struct AddedColumns {
    /// The aggregates, as columns of their own.
    pub(crate) aggregates: Vec<usize>,
    pub(crate) of_aggregates: SchemaRef,
    /// Over those.
    expressions: Vec<Arc<dyn PhysicalExpr>>,
    pub(crate) columns: SchemaRef,
}

impl Addition {
    /// Records of which the condition holds, by key. Columns of the result are the parts of the key and expressions over
    /// aggregates, each with its name.
    pub fn new(
        records: &DataFrame,
        condition: &Expr,
        key: &[(String, Expr)],
        columns: Vec<(String, Expr)>,
    ) -> Result<Self> {
        let mut planner = Planner::new(records)?;
        let (mut calls, mut named) = (Vec::new(), Vec::with_capacity(columns.len() + key.len()));
        for (name, column) in columns {
            let over_calls = column.transform_down(|expr| match expr {
                Expr::AggregateFunction(_) => {
                    calls.push(expr);
                    let call = ident(format!("c{}", calls.len() - 1));
                    Ok(Transformed::new(call, true, TreeNodeRecursion::Jump))
                }
                other => Ok(Transformed::no(other)),
            })?;
            named.push((name, over_calls.data));
        }
        let mut numbers = Vec::with_capacity(calls.len());
        for call in &planner.coerced(&calls)? {
            let Planned::Engine(number) = planner.aggregate(call)? else {
                return Err(DataFusionError::Plan(format!(
                    "{call} is a measure; write a sum or another aggregate"
                )));
            };
            numbers.push(number);
        }
        let of = told(&planner.columns);
        let identity = format!("per {key:?} where {condition:?} {of}").into();
        let condition = planner.physical(condition)?;
        let conditions: Vec<_> = split_conjunction(&condition).into_iter().cloned().collect();
        let conditions = planner.slots(&conditions)?;
        let mut slots = Vec::with_capacity(key.len());
        for (name, part) in key {
            let part = planner.physical(part)?;
            slots.extend(planner.slots(std::slice::from_ref(&part))?);
            named.push((name.clone(), ident(format!("c{}", numbers.len()))));
            numbers.push(planner.key_column(&part)?);
        }
        let table = planner.columns.clone();
        let Narrowed { aggregates, columns, nodes } = planner.narrowed(BTreeSet::new())?;
        let added = added_columns(&aggregates, &numbers, named)?;
        Ok(Self { table, columns, nodes, conditions, key: slots, aggregates, added, identity })
    }

    /// The columns of the result.
    pub fn schema(&self) -> Schema {
        Schema::new(self.added.iter().map(AddedColumn::field).collect::<Vec<_>>())
    }

    /// How columns of the result are computed.
    pub(crate) fn columns_of(&self, columns: &SchemaRef) -> Result<AddedColumns> {
        let known = |field: &Arc<Field>| {
            let known = self.added.iter().find(|column| column.name == *field.name());
            known.ok_or_else(|| DataFusionError::Internal(format!("{} is not added up", field.name())))
        };
        let known = columns.fields().iter().map(known).collect::<Result<Vec<_>>>()?;
        let fields: Vec<Field> = known.iter().map(|column| column.field()).collect();
        let columns = Arc::new(Schema::new(fields));
        let expressions: Vec<_> = known.iter().map(|column| column.expr.clone()).collect();
        let used: BTreeSet<usize> =
            expressions.iter().flat_map(collect_columns).map(|column| column.index()).collect();
        let aggregates: Vec<usize> = used.into_iter().collect();
        let of_aggregates = Arc::new(schema_of(&self.aggregates).project(&aggregates)?);
        let expressions = expressions.into_iter().map(|e| reassign_expr_columns(e, &of_aggregates));
        let expressions = expressions.collect::<Result<_>>()?;
        Ok(AddedColumns { aggregates, of_aggregates, expressions, columns })
    }

    pub(crate) fn key_fields(&self) -> Vec<SortField> {
        self.key.iter().map(|slot| SortField::new(self.nodes[*slot].data_type.clone())).collect()
    }
}

impl AddedColumns {
    /// What tells the columns.
    pub(crate) fn told(&self, addition: &Addition) -> String {
        let identity = |aggregate: &usize| addition.aggregates[*aggregate].identity.as_ref();
        let aggregates = self.aggregates.iter().map(identity).collect::<Vec<_>>().join("\n");
        let named = self.columns.fields().iter().zip(&self.expressions);
        let named = named.map(|(field, expr)| format!("{} {expr}", field.name())).collect::<Vec<_>>();
        format!("{aggregates}\n{}", named.join("\n"))
    }

    /// The columns from those of the aggregates.
    pub(crate) fn computed(&self, aggregates: &RecordBatch) -> Result<RecordBatch> {
        let rows = aggregates.num_rows();
        let column = |expr: &Arc<dyn PhysicalExpr>| expr.evaluate(aggregates)?.into_array(rows);
        let columns = self.expressions.iter().map(column).collect::<Result<Vec<_>>>()?;
        let options = RecordBatchOptions::new().with_row_count(Some(rows));
        Ok(RecordBatch::try_new_with_options(self.columns.clone(), columns, &options)?)
    }
}

/// Columns `a0`, `a1`, … with what each aggregate comes to.
fn schema_of(aggregates: &[Aggregate]) -> Schema {
    let field =
        |(n, aggregate): (usize, &Aggregate)| Field::new(format!("a{n}"), aggregate.data_type(), true);
    Schema::new(aggregates.iter().enumerate().map(field).collect::<Vec<_>>())
}

/// Expressions over calls `c0`, `c1`, … made ready over the aggregates that those are.
fn added_columns(
    aggregates: &[Aggregate],
    numbers: &[usize],
    named: Vec<(String, Expr)>,
) -> Result<Vec<AddedColumn>> {
    let schema = schema_of(aggregates);
    let ready = Expressions::over(DFSchema::try_from(schema.clone())?);
    let of_calls: HashMap<String, Expr> =
        numbers.iter().enumerate().map(|(call, n)| (format!("c{call}"), ident(format!("a{n}")))).collect();
    let column = |(name, expr): (String, Expr)| {
        let over_aggregates = expr.transform_down(|expr| match &expr {
            Expr::Column(column) if of_calls.contains_key(&column.name) => {
                Ok(Transformed::new(of_calls[&column.name].clone(), true, TreeNodeRecursion::Jump))
            }
            _ => Ok(Transformed::no(expr)),
        })?;
        let expr = ready.ready(&over_aggregates.data)?;
        let data_type = expr.data_type(&schema)?;
        Ok(AddedColumn { name, expr, data_type })
    };
    named.into_iter().map(column).collect()
}
