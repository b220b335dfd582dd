//! Measures of a distribution: aggregates of a value and a weight that have an uncertainty.

use arrow::datatypes::DataType;
use datafusion::common::ScalarValue;
use datafusion::logical_expr::Expr;
use datafusion::logical_expr::expr::AggregateFunction;
use uplift_core::error::DeclarationError;
use uplift_measures::engine;

use super::indicator::Component;

/// Whether a component is a measure of a distribution, which has an uncertainty.
pub(crate) fn is_measure(component: &Component) -> bool {
    component.per.is_none() && component.measure.split('(').next().is_some_and(engine::is_measure)
}

/// Whether an aggregate is a measure. Refuses one whose line or other parameter is not a number that it can have.
pub(crate) fn is_measure_call(f: &AggregateFunction) -> Result<bool, DeclarationError> {
    let [_, _, arguments @ ..] = f.params.args.as_slice() else { return Ok(false) };
    if !engine::is_measure(f.func.name()) {
        return Ok(false);
    }
    let numbers = arguments.iter().map(number).collect::<Result<Vec<_>, _>>()?;
    engine::check(f.func.name(), &numbers).map_err(|e| DeclarationError::new("measure", e.message))?;
    Ok(true)
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
