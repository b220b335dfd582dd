//! Measures of a survey in a plan: the rows of a group are gathered once, with the design they were
//! sampled by, and every measure of them is computed from that.

use arrow::datatypes::DataType;
use datafusion::common::ScalarValue;
use datafusion::execution::FunctionRegistry;
use datafusion::logical_expr::expr::{AggregateFunction, AggregateFunctionParams};
use datafusion::logical_expr::{Expr, cast, ident, lit};
use datafusion::prelude::DataFrame;
use uplift_core::error::DeclarationError;
use uplift_engine::SESSION;
use uplift_engine::error::declaration_failed;
use uplift_measures::engine::{self, DIFFERENCE, DISTRIBUTION, ESTIMATE};

use super::indicator::Component;

/// Columns of the design that households are sampled by.
const DESIGN: [&str; 2] = ["stratum", "cluster"];

/// Whether a component is a measure of a distribution, which has an uncertainty.
pub(crate) fn is_measure(component: &Component) -> bool {
    component.per.is_none() && component.measure.split('(').next().is_some_and(engine::is_measure)
}

/// The estimate from gathered rows: those of an earlier period if any, and those of this.
type EstimateExpr = Box<dyn FnOnce(Option<Expr>, Expr) -> Expr>;

/// A measure of a distribution as the aggregate that gathers its rows, which measures of the same rows
/// share, and the estimate from them. None for any other aggregate.
pub(crate) fn survey_aggregate(
    f: &AggregateFunction,
    records: &DataFrame,
) -> Result<Option<(AggregateFunction, EstimateExpr)>, DeclarationError> {
    let name = f.func.name().to_owned();
    let [value, weight, arguments @ ..] = f.params.args.as_slice() else { return Ok(None) };
    if !engine::is_measure(&name) {
        return Ok(None);
    }
    let failed = |e| declaration_failed("measure", &e);
    let numbers = arguments.iter().map(number).collect::<Result<Vec<_>, _>>()?;
    engine::check(&name, &numbers).map_err(|e| DeclarationError::new("measure", e.message))?;
    let has_design = DESIGN.iter().all(|c| records.schema().field_with_unqualified_name(c).is_ok());
    let design = has_design.then(|| DESIGN.map(|column| cast(ident(column), DataType::Utf8)));
    let columns = [value.clone(), weight.clone()].into_iter().chain(design.into_iter().flatten());
    let params = AggregateFunctionParams { args: columns.collect(), ..f.params.clone() };
    let func = SESSION.udaf(DISTRIBUTION).map_err(failed)?;
    let function = |name| SESSION.udf(name).map_err(failed);
    let (estimate, difference) = (function(ESTIMATE)?, function(DIFFERENCE)?);
    let from_rows = move |before: Option<Expr>, now: Expr| {
        let function = if before.is_some() { difference } else { estimate };
        function
            .call(before.into_iter().chain([now, lit(name)]).chain(numbers.into_iter().map(lit)).collect())
    };
    Ok(Some((AggregateFunction { func, params }, Box::new(from_rows))))
}

/// A parameter of a measure, as a line: it must be written as a number.
fn number(argument: &Expr) -> Result<f64, DeclarationError> {
    let wrong = || {
        let message = format!("{argument} is not a number; write the line or parameter as one");
        DeclarationError::new("measure", message)
    };
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
