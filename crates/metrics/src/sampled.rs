//! Measures of a distribution in a plan: their rows are gathered once, with the design that they were drawn
//! by, and whatever is wanted of them is made of that.

use arrow::datatypes::DataType;
use datafusion::common::{DataFusionError, ScalarValue};
use datafusion::execution::FunctionRegistry;
use datafusion::logical_expr::expr::{AggregateFunction, AggregateFunctionParams};
use datafusion::logical_expr::{Expr, cast, ident, lit};
use datafusion::prelude::DataFrame;
use uplift_measures::engine::{self, DIFFERENCE, DISTRIBUTION, ESTIMATE};

use crate::catalogue::Component;
use crate::plan::SESSION;

/// Columns of the design that households are drawn by.
const DESIGN: [&str; 2] = ["stratum", "cluster"];

/// Whether a component is a measure of a distribution, which tells how sure it is.
pub fn is_measure(component: &Component) -> bool {
    component.per.is_none() && component.measure.split('(').next().is_some_and(engine::is_measure)
}

/// What is made of gathered rows: those of an earlier period if any, and those of this.
type Measured = Box<dyn FnOnce(Option<Expr>, Expr) -> Expr>;

/// The aggregate that gathers rows, and what is made of them.
type Gathered = (AggregateFunction, Measured);

/// A measure of a distribution as the aggregate that gathers its rows, which measures of the same rows
/// then share, and what is made of it. None for any other aggregate.
pub fn gathered(f: &AggregateFunction, records: &DataFrame) -> Result<Option<Gathered>, String> {
    let name = f.func.name().to_owned();
    let [value, weight, arguments @ ..] = f.params.args.as_slice() else { return Ok(None) };
    if !engine::is_measure(&name) {
        return Ok(None);
    }
    let numbers = arguments.iter().map(number).collect::<Result<Vec<_>, _>>()?;
    engine::check(&name, &numbers).map_err(|refused| refused.message)?;
    let known = DESIGN.iter().all(|c| records.schema().field_with_unqualified_name(c).is_ok());
    let design = known.then(|| DESIGN.map(|column| cast(ident(column), DataType::Utf8)));
    let columns = [value.clone(), weight.clone()].into_iter().chain(design.into_iter().flatten());
    let params = AggregateFunctionParams { args: columns.collect(), ..f.params.clone() };
    let said = |e: DataFusionError| e.to_string();
    let func = SESSION.udaf(DISTRIBUTION).map_err(said)?;
    let function = |name| SESSION.udf(name).map_err(said);
    let (estimate, difference) = (function(ESTIMATE)?, function(DIFFERENCE)?);
    let measured = move |before: Option<Expr>, now: Expr| {
        let function = if before.is_some() { difference } else { estimate };
        function
            .call(before.into_iter().chain([now, lit(name)]).chain(numbers.into_iter().map(lit)).collect())
    };
    Ok(Some((AggregateFunction { func, params }, Box::new(measured))))
}

/// What a measure depends on besides its rows is written as numbers.
fn number(argument: &Expr) -> Result<f64, String> {
    let wrong = || format!("{argument} is no number; write the line or parameter as one");
    let (sign, argument) = match argument {
        Expr::Negative(inner) => (-1.0, inner.as_ref()),
        other => (1.0, other),
    };
    let Expr::Literal(value, _) = argument else { return Err(wrong()) };
    match value.cast_to(&DataType::Float64) {
        Ok(ScalarValue::Float64(Some(number))) => Ok(sign * number),
        _ => Err(wrong()),
    }
}
