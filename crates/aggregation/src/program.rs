//! What is computed in one pass over records: aggregates by area, each distinct expression once.

use std::collections::BTreeSet;
use std::sync::Arc;

use arrow::array::{BooleanArray, new_empty_array};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion::common::{DataFusionError, Result, ScalarValue};
use datafusion::logical_expr::{
    EmptyRelation, Expr, GroupsAccumulator, LogicalPlan, LogicalPlanBuilder, ident,
};
use datafusion::physical_expr::aggregate::{AggregateExprBuilder, AggregateFunctionExpr};
use datafusion::physical_expr::expressions::Literal;
use datafusion::physical_expr::utils::collect_columns;
use datafusion::physical_expr::{
    GroupsAccumulatorAdapter, PhysicalExpr, PhysicalSortExpr, split_conjunction,
};
use datafusion::prelude::DataFrame;
use uplift_engine::expressions::Expressions;
use uplift_measures::conventions::Conventions;
use uplift_measures::engine::{estimate_type, named};
use uplift_measures::measure::Measure;
use uplift_measures::totals::TotalsMeasure;

use crate::key_column::KeyColumn;
use crate::latest::Latest;
use crate::nodes::{Input, Node, Nodes, Slot};

/// What records are grouped by: the beginning of the code of their area, and other columns.
#[derive(Debug, Clone, PartialEq)]
pub struct Keys {
    /// Column with the area.
    pub area: String,
    /// Characters of the code that tell groups apart.
    pub digits: usize,
    /// Texts or truth values.
    pub others: Vec<Expr>,
}

/// A column of an answer.
#[derive(Debug, Clone, PartialEq)]
pub enum Output {
    /// An aggregate; of a measure, its estimate.
    Aggregate(Expr),
    /// How a measure differs between two parts of the records.
    Change { before: Expr, after: Expr },
}

/// Everything that a pass computes.
#[derive(Debug)]
pub struct Program {
    /// All columns of the records.
    pub(crate) table: SchemaRef,
    /// The columns that are read.
    pub(crate) columns: SchemaRef,
    pub(crate) nodes: Vec<Node>,
    pub(crate) area: usize,
    pub(crate) digits: usize,
    pub(crate) others: Vec<Slot>,
    /// Stratum and cluster, where records have them.
    pub(crate) design: Option<[usize; 2]>,
    pub(crate) aggregates: Vec<Aggregate>,
    pub(crate) outputs: Vec<Planned>,
    /// What tells groupings apart.
    pub(crate) grouping: Arc<str>,
}

/// An output as aggregates by their number.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Planned {
    Engine(usize),
    Estimate(Measured),
    Change(Measured, Measured),
}

/// A measure of the rows or totals that an aggregate leaves.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Measured {
    pub(crate) aggregate: usize,
    pub(crate) measure: Measure,
}

/// What is gathered of the records that all of its conditions hold for.
#[derive(Debug)]
pub(crate) struct Aggregate {
    pub(crate) kind: Kind,
    pub(crate) conditions: Vec<Slot>,
    pub(crate) arguments: Vec<Slot>,
    /// What tells states apart.
    pub(crate) identity: Arc<str>,
}

#[derive(Debug)]
pub(crate) enum Kind {
    /// A function of the query engine.
    Engine(Arc<AggregateFunctionExpr>),
    /// A part of the key of records that are added up.
    Key(DataType),
    /// Totals of a measure that is a ratio of two, by cluster.
    Totals(TotalsMeasure),
    /// Rows in ascending order: values, weights and clusters.
    Rows,
}

impl Aggregate {
    /// The type of its value; null of a measure.
    pub(crate) fn data_type(&self) -> DataType {
        match &self.kind {
            Kind::Engine(function) => function.field().data_type().clone(),
            Kind::Key(data_type) => data_type.clone(),
            Kind::Totals(_) | Kind::Rows => DataType::Null,
        }
    }

    /// What gathers it by group where the engine has a function for that; none of a measure.
    pub(crate) fn accumulator(&self) -> Option<Result<Box<dyn GroupsAccumulator>>> {
        match &self.kind {
            Kind::Engine(function) => Some(accumulator(function)),
            Kind::Key(data_type) => Some(Ok(Box::new(KeyColumn::new(data_type)))),
            Kind::Totals(_) | Kind::Rows => None,
        }
    }

    /// Tells a function how many groups there are, by no rows. A function takes it that every group has had a row, and a
    /// value other than none, as long as it is given no filter.
    pub(crate) fn tell_groups(
        &self,
        nodes: &[Node],
        accumulator: &mut dyn GroupsAccumulator,
        groups: usize,
    ) -> Result<()> {
        let arguments = self.arguments.iter().map(|slot| new_empty_array(&nodes[*slot].data_type));
        let none = BooleanArray::from(Vec::<bool>::new());
        accumulator.update_batch(&arguments.collect::<Vec<_>>(), &[], Some(&none), groups)
    }
}

/// The function over groups, whatever it is able to do itself.
pub(crate) fn accumulator(function: &Arc<AggregateFunctionExpr>) -> Result<Box<dyn GroupsAccumulator>> {
    if let Some(latest) = Latest::of(function)? {
        return Ok(Box::new(latest));
    }
    if function.groups_accumulator_supported() {
        return function.create_groups_accumulator();
    }
    let function = function.clone();
    Ok(Box::new(GroupsAccumulatorAdapter::new(move || function.create_accumulator())))
}

/// Columns of the design that records are sampled by.
const DESIGN: [&str; 2] = ["stratum", "cluster"];

impl Program {
    /// Plans outputs over the columns of records.
    pub fn new(records: &DataFrame, keys: Keys, outputs: &[Output]) -> Result<Self> {
        let mut planner = Planner::new(records)?;
        let flat: Vec<Expr> = outputs.iter().flat_map(aggregates_of).collect();
        let coerced = planner.coerced(&flat)?;
        let mut coerced = coerced.iter();
        let mut planned = Vec::new();
        for output in outputs {
            let mut next = || {
                let expr = coerced.next();
                expr.ok_or_else(|| DataFusionError::Internal("an aggregate was lost in planning".into()))
            };
            planned.push(match output {
                Output::Aggregate(_) => planner.aggregate(next()?)?,
                Output::Change { .. } => match (planner.aggregate(next()?)?, planner.aggregate(next()?)?) {
                    (Planned::Estimate(before), Planned::Estimate(after)) => Planned::Change(before, after),
                    _ => return Err(DataFusionError::Plan("only measures have a change".into())),
                },
            });
        }
        planner.finish(keys, planned)
    }

    /// The columns of an answer: `a0`, `a1`, …
    pub fn schema(&self) -> Schema {
        let kind = |planned: &Planned| match planned {
            Planned::Engine(n) => self.aggregates[*n].data_type(),
            _ => estimate_type(),
        };
        let field = |(n, planned)| Field::new(format!("a{n}"), kind(planned), true);
        Schema::new(self.outputs.iter().enumerate().map(field).collect::<Vec<_>>())
    }

    /// What tells the states of a program from those of others.
    pub(crate) fn told(&self) -> String {
        let mut told = self.grouping.to_string();
        for aggregate in &self.aggregates {
            told.push('\n');
            told.push_str(&aggregate.identity);
        }
        told
    }

    /// Whether an aggregate needs the cluster of each row.
    pub(crate) fn by_cluster(&self, aggregate: usize) -> bool {
        matches!(self.aggregates[aggregate].kind, Kind::Totals(_) | Kind::Rows)
    }
}

fn aggregates_of(output: &Output) -> Vec<Expr> {
    match output {
        Output::Aggregate(one) => vec![one.clone()],
        Output::Change { before, after } => vec![before.clone(), after.clone()],
    }
}

/// What was planned, over the columns that it needs.
pub(crate) struct Narrowed {
    pub(crate) aggregates: Vec<Aggregate>,
    pub(crate) columns: SchemaRef,
    pub(crate) nodes: Vec<Node>,
}

pub(crate) struct Planner {
    ready: Expressions,
    pub(crate) columns: SchemaRef,
    nodes: Nodes,
    aggregates: Vec<Aggregate>,
}

impl Planner {
    pub(crate) fn new(records: &DataFrame) -> Result<Self> {
        let columns = Arc::new(records.schema().as_arrow().clone());
        let ready = Expressions::over(records.schema().clone());
        Ok(Self { ready, nodes: Nodes::over(columns.clone()), columns, aggregates: Vec::new() })
    }

    /// Aggregates with their arguments in the types that their functions take.
    pub(crate) fn coerced(&self, aggregates: &[Expr]) -> Result<Vec<Expr>> {
        if aggregates.is_empty() {
            return Ok(Vec::new());
        }
        let empty = EmptyRelation { produce_one_row: false, schema: self.ready.columns().clone() };
        let named = aggregates.iter().enumerate().map(|(n, a)| a.clone().alias(format!("a{n}")));
        let plan = LogicalPlanBuilder::from(LogicalPlan::EmptyRelation(empty));
        let plan = plan.aggregate(Vec::<Expr>::new(), named)?.build()?;
        let session = self.ready.session();
        let analysed = session.analyzer().execute_and_check(plan, session.config_options(), |_, _| {});
        // Which step of planning it was says nothing to who wrote the aggregate.
        let analysed = analysed.map_err(|e| match e {
            DataFusionError::Context(_, cause) => *cause,
            other => other,
        })?;
        let mut node = &analysed;
        while let LogicalPlan::Projection(projection) = node {
            node = &projection.input;
        }
        match node {
            LogicalPlan::Aggregate(aggregate) => Ok(aggregate.aggr_expr.clone()),
            other => {
                Err(DataFusionError::Internal(format!("aggregates were planned as {}", other.display())))
            }
        }
    }

    pub(crate) fn physical(&self, expr: &Expr) -> Result<Arc<dyn PhysicalExpr>> {
        self.ready.ready(expr)
    }

    pub(crate) fn slots(&mut self, expressions: &[Arc<dyn PhysicalExpr>]) -> Result<Vec<Slot>> {
        expressions.iter().map(|expr| self.nodes.slot(expr)).collect()
    }

    pub(crate) fn aggregate(&mut self, expr: &Expr) -> Result<Planned> {
        let bare = expr.clone().unalias();
        let Expr::AggregateFunction(call) = &bare else {
            return Err(DataFusionError::Plan(format!("{bare} is not an aggregate")));
        };
        let params = &call.params;
        let arguments = params.args.iter().map(|a| self.physical(a)).collect::<Result<Vec<_>>>()?;
        let condition = params.filter.as_ref().map(|filter| self.physical(filter)).transpose()?;
        let conditions = condition.iter().flat_map(split_conjunction).cloned().collect::<Vec<_>>();
        let conditions = self.slots(&conditions)?;
        if let Some(measure) = measure(call.func.name(), &arguments)? {
            let (kind, told) =
                match TotalsMeasure::new(&measure, &Conventions::default()).map_err(planning)? {
                    Some(totals) => (Kind::Totals(totals), format!("{measure:?}")),
                    None => (Kind::Rows, "rows".to_owned()),
                };
            let identity = format!("{told} {:?} {:?}", &params.args[..2], params.filter);
            let arguments = self.slots(&arguments[..2])?;
            let aggregate = self.keep(Aggregate { kind, conditions, arguments, identity: identity.into() });
            return Ok(Planned::Estimate(Measured { aggregate, measure }));
        }
        let order = params.order_by.iter().map(|sort| {
            let options =
                arrow::compute::SortOptions { descending: !sort.asc, nulls_first: sort.nulls_first };
            Ok(PhysicalSortExpr { expr: self.physical(&sort.expr)?, options })
        });
        let order = order.collect::<Result<Vec<_>>>()?;
        let ignore_nulls =
            params.null_treatment == Some(datafusion::logical_expr::expr::NullTreatment::IgnoreNulls);
        let function = AggregateExprBuilder::new(call.func.clone(), arguments.clone())
            .schema(self.columns.clone())
            .order_by(order.clone())
            .alias("aggregate")
            .with_ignore_nulls(ignore_nulls)
            .with_distinct(params.distinct)
            .build()?;
        // What is ordered is given what it is ordered by, too.
        let arguments = arguments.into_iter().chain(order.into_iter().map(|sort| sort.expr));
        let arguments = self.slots(&arguments.collect::<Vec<_>>())?;
        let kind = Kind::Engine(Arc::new(function));
        let identity = format!("{bare:?}").into();
        Ok(Planned::Engine(self.keep(Aggregate { kind, conditions, arguments, identity })))
    }

    /// A part of the key of what is added up.
    pub(crate) fn key_column(&mut self, part: &Arc<dyn PhysicalExpr>) -> Result<usize> {
        let arguments = self.slots(std::slice::from_ref(part))?;
        let kind = Kind::Key(part.data_type(&self.columns)?);
        let identity = format!("key {part}").into();
        Ok(self.keep(Aggregate { kind, conditions: Vec::new(), arguments, identity }))
    }

    fn keep(&mut self, aggregate: Aggregate) -> usize {
        let known = self.aggregates.iter().position(|known| known.identity == aggregate.identity);
        known.unwrap_or_else(|| {
            self.aggregates.push(aggregate);
            self.aggregates.len() - 1
        })
    }

    /// The program over the columns that it needs, and no other.
    fn finish(mut self, keys: Keys, outputs: Vec<Planned>) -> Result<Program> {
        let of = told(&self.columns);
        let grouping = format!("{} {} {:?} {of}", keys.area, keys.digits, keys.others).into();
        let others = keys.others.iter().map(|key| {
            let key = self.physical(key)?;
            self.nodes.slot(&key)
        });
        let others = others.collect::<Result<Vec<_>>>()?;
        let area = self.physical(&ident(&keys.area))?;
        let measured = self.aggregates.iter().any(|a| !matches!(a.kind, Kind::Engine(_)));
        let has_design = measured && DESIGN.iter().all(|name| self.columns.field_with_name(name).is_ok());
        let design: &[&str] = if has_design { &DESIGN } else { &[] };
        let mut needed: BTreeSet<usize> =
            design.iter().flat_map(|name| self.columns.index_of(name)).collect();
        needed.extend(collect_columns(&area).iter().map(|column| column.index()));
        let table = self.columns.clone();
        let Narrowed { aggregates, columns, nodes } = self.narrowed(needed)?;
        let index = |name: &str| columns.index_of(name).map_err(DataFusionError::from);
        let design = match has_design {
            true => Some([index(DESIGN[0])?, index(DESIGN[1])?]),
            false => None,
        };
        let area = index(&keys.area)?;
        let columns = labelled(&columns, &nodes, design.iter().flatten().chain([&area]));
        Ok(Program {
            nodes,
            area,
            digits: keys.digits,
            others,
            design,
            aggregates,
            outputs,
            grouping,
            columns,
            table,
        })
    }

    /// The aggregates, and the columns that they and others need, with expressions over those alone.
    pub(crate) fn narrowed(self, mut needed: BTreeSet<usize>) -> Result<Narrowed> {
        for input in self.nodes.nodes.iter().flat_map(Node::inputs) {
            if let Input::Column(column) = input {
                needed.insert(column);
            }
        }
        let needed: Vec<usize> = needed.into_iter().collect();
        let columns = Arc::new(self.columns.project(&needed)?);
        let place = |column: usize| needed.binary_search(&column).unwrap_or_default();
        let mut nodes = self.nodes.nodes;
        nodes.iter_mut().for_each(|node| node.renumber(place));
        Ok(Narrowed { aggregates: self.aggregates, columns, nodes })
    }
}

/// What tells the columns of records from those of others.
pub(crate) fn told(columns: &Schema) -> String {
    let column = |field: &Arc<Field>| format!("{} {}", field.name(), field.data_type());
    columns.fields().iter().map(column).collect::<Vec<_>>().join(",")
}

/// The columns with those as dictionaries whose texts only tell records apart, and are in no expression.
fn labelled<'c>(columns: &Schema, nodes: &[Node], labels: impl Iterator<Item = &'c usize>) -> SchemaRef {
    let mut fields: Vec<_> = columns.fields().iter().cloned().collect();
    for label in labels {
        let is_input = nodes.iter().flat_map(Node::inputs).any(|input| input == Input::Column(*label));
        if fields[*label].data_type() == &DataType::Utf8 && !is_input {
            let dictionary = DataType::Dictionary(DataType::Int32.into(), DataType::Utf8.into());
            fields[*label] = Arc::new(fields[*label].as_ref().clone().with_data_type(dictionary));
        }
    }
    Arc::new(Schema::new(fields))
}

/// The measure that a call of a function is, with its parameters; none of another function.
fn measure(name: &str, arguments: &[Arc<dyn PhysicalExpr>]) -> Result<Option<Measure>> {
    if !uplift_measures::engine::is_measure(name) {
        return Ok(None);
    }
    let number = |argument: &Arc<dyn PhysicalExpr>| match argument.downcast_ref::<Literal>() {
        Some(literal) => match literal.value() {
            ScalarValue::Float64(Some(number)) => Ok(*number),
            other => Err(DataFusionError::Plan(format!("{other} is not a number"))),
        },
        None => Err(DataFusionError::Plan(format!(
            "{argument} is not a number; write the line or parameter as one"
        ))),
    };
    let parameters = arguments.iter().skip(2).map(number).collect::<Result<Vec<_>>>()?;
    named(name, &parameters).map(Some).map_err(planning)
}

fn planning(error: uplift_measures::error::Error) -> DataFusionError {
    DataFusionError::Plan(error.message)
}
