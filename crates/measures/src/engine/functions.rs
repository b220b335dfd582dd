//! The measures as functions of the query engine.
//!
//! `gini(value, weight)` and the like are aggregates; parameters come last: `fgt(value, weight, line, alpha)`.
//! An estimate, with its uncertainty, is a struct: value, standard_error, low, high, rows, strata, clusters.

use std::sync::Arc;

use arrow::array::{ArrayRef, Float64Array, Int64Array, StructArray};
use arrow::datatypes::{DataType, Field, FieldRef, Fields};
use datafusion::common::{Result, ScalarValue};
use datafusion::logical_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion::logical_expr::utils::format_state_name;
use datafusion::logical_expr::{
    Accumulator, AggregateUDF, AggregateUDFImpl, GroupsAccumulator, Signature, Volatility,
};

use super::aggregate::{GroupedAccumulator, Output, SingleAccumulator, engine_error};
use super::rows::Rows;
use crate::conventions::Conventions;
use crate::distribution::Distribution;
use crate::error::Error;
use crate::estimate::Estimate;
use crate::measure::{Measure, NAMED};

/// Whether a function of this name is a measure of values and weights.
pub fn is_measure(name: &str) -> bool {
    NAMED.iter().any(|(known, ..)| *known == name)
}

/// Checks the parameters of a measure before there are rows: their number, and that a line is an amount.
pub fn check(name: &str, arguments: &[f64]) -> std::result::Result<(), Error> {
    named(name, arguments)?.value(&Distribution::default(), &Conventions::default()).map(drop)
}

/// A measure by its name and parameters.
pub fn named(name: &str, arguments: &[f64]) -> std::result::Result<Measure, Error> {
    let Some((_, parameters, make)) = NAMED.iter().find(|(known, ..)| *known == name) else {
        let known: Vec<_> = NAMED.iter().map(|(name, ..)| *name).collect();
        return Err(Error::new(format!("there is no measure {name:?}; there are {}", known.join(", "))));
    };
    if parameters.len() != arguments.len() {
        let (parameters, n) = (parameters.join(", "), arguments.len());
        return Err(Error::new(format!("{name} needs {parameters:?} and was given {n} numbers")));
    }
    Ok(make(arguments))
}

/// An aggregate over gathered rows.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct MeasureUdaf {
    name: &'static str,
    signature: Signature,
}

/// The measures.
pub(super) fn measures() -> impl Iterator<Item = AggregateUDF> {
    NAMED.iter().map(|(name, needs, _)| {
        let signature = Signature::exact(vec![DataType::Float64; 2 + needs.len()], Volatility::Immutable);
        AggregateUDF::new_from_impl(MeasureUdaf { name, signature })
    })
}

impl AggregateUDFImpl for MeasureUdaf {
    fn name(&self) -> &str {
        self.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::Float64)
    }

    fn state_fields(&self, args: StateFieldsArgs<'_>) -> Result<Vec<FieldRef>> {
        let name = format_state_name(args.name, "rows");
        Ok(vec![Arc::new(Field::new(name, DataType::LargeBinary, true))])
    }

    fn accumulator(&self, _: AccumulatorArgs<'_>) -> Result<Box<dyn Accumulator>> {
        Ok(Box::new(SingleAccumulator::<Rows, _>::new(self.clone())))
    }

    fn groups_accumulator_supported(&self, _: AccumulatorArgs<'_>) -> bool {
        true
    }

    fn create_groups_accumulator(&self, _: AccumulatorArgs<'_>) -> Result<Box<dyn GroupsAccumulator>> {
        Ok(Box::new(GroupedAccumulator::<Rows, _>::new(self.clone())))
    }
}

impl Output<Rows> for MeasureUdaf {
    fn value(&self, rows: &Rows) -> Result<ScalarValue> {
        let pairs = rows.pairs();
        if pairs.is_empty() {
            return Ok(ScalarValue::Float64(None));
        }
        let measure = named(self.name, rows.arguments()).map_err(engine_error)?;
        let value = measure.value(&Distribution::from_pairs(pairs), &Conventions::default());
        Ok(ScalarValue::Float64(value.map_err(engine_error)?))
    }

    fn data_type(&self) -> DataType {
        DataType::Float64
    }
}

/// The type of an estimate as a value of the engine.
pub fn estimate_type() -> DataType {
    DataType::Struct(fields())
}

fn fields() -> Fields {
    let number = |name| Field::new(name, DataType::Float64, true);
    let count = |name| Field::new(name, DataType::Int64, false);
    let numbers = ["value", "standard_error", "low", "high"].map(number);
    let counts = ["rows", "strata", "clusters"].map(count);
    numbers.into_iter().chain(counts).collect()
}

/// Estimates as a column of the engine.
pub fn estimates(estimates: &[Estimate]) -> Result<ArrayRef> {
    let numbers = |part: fn(&Estimate) -> Option<f64>| -> ArrayRef {
        Arc::new(estimates.iter().map(part).collect::<Float64Array>())
    };
    let counts = |part: fn(&Estimate) -> u64| -> ArrayRef {
        Arc::new(estimates.iter().map(|e| part(e) as i64).collect::<Int64Array>())
    };
    let columns = vec![
        numbers(|e| e.value),
        numbers(|e| e.standard_error),
        numbers(|e| e.low),
        numbers(|e| e.high),
        counts(|e| e.rows),
        counts(|e| e.strata),
        counts(|e| e.clusters),
    ];
    Ok(Arc::new(StructArray::try_new(fields(), columns, None)?))
}
