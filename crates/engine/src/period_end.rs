//! `period_end(text)`: the last day of a reporting period, so that a deadline is that of the period reported.

use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, AsArray, Date32Array};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{DataType, Date32Type};
use datafusion::common::Result;
use datafusion::logical_expr::{ColumnarValue, ScalarUDF, Volatility, create_udf};
use uplift_core::period::Period;

/// The function. A text that is not a period has no end.
pub(crate) fn function() -> ScalarUDF {
    create_udf(
        "period_end",
        vec![DataType::Utf8],
        DataType::Date32,
        Volatility::Immutable,
        Arc::new(evaluate),
    )
}

fn evaluate(arguments: &[ColumnarValue]) -> Result<ColumnarValue> {
    let texts = ColumnarValue::values_to_arrays(arguments)?;
    let texts = cast(&texts[0], &DataType::Utf8)?;
    let end = |text: &str| text.parse::<Period>().ok().map(|p| Date32Type::from_naive_date(p.last_day()));
    let ends: Date32Array = texts.as_string::<i32>().iter().map(|text| text.and_then(end)).collect();
    Ok(ColumnarValue::Array(Arc::new(ends) as ArrayRef))
}
