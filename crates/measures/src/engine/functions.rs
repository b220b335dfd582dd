//! The measures as functions of the query engine.
//!
//! `gini(value, weight)` and the like are aggregates. Where many are wanted of the same rows, or their
//! uncertainty, the rows are gathered once by `distribution(value, weight, stratum, cluster)`, of which
//! `estimate(rows, 'gini')` makes a struct: value, standard_error, low, high, rows, strata, clusters.
//! `difference(before, after, 'gini')` makes the same struct of two gatherings: the later value less the
//! earlier, what clusters have in common in both left out of its error.
//! Parameters of a measure come last: `fgt(value, weight, line, alpha)`.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Float64Array, Int64Array, StructArray};
use arrow::datatypes::{DataType, Field, FieldRef, Fields, Float64Type};
use datafusion::common::{DataFusionError, Result, ScalarValue};
use datafusion::logical_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion::logical_expr::utils::format_state_name;
use datafusion::logical_expr::{
    Accumulator, AggregateUDF, AggregateUDFImpl, ColumnarValue, GroupsAccumulator, ScalarFunctionArgs,
    ScalarUDF, ScalarUDFImpl, Signature, TypeSignature, Volatility,
};

use super::aggregate::{GroupedAccumulator, Output, SingleAccumulator, engine_error};
use super::rows::{GatheredRows, Rows};
use crate::conventions::Conventions;
use crate::design::{Design, LonelyPsu};
use crate::distribution::Distribution;
use crate::error::Error;
use crate::estimate::{CONFIDENCE, Estimate, Sample, change};
use crate::measure::{Measure, NAMED};

/// Name of the aggregate that gathers rows.
pub const DISTRIBUTION: &str = "distribution";
/// Name of the function that measures what was gathered.
pub const ESTIMATE: &str = "estimate";

/// Name of the function that measures how two gatherings differ.
pub const DIFFERENCE: &str = "difference";

/// Whether a function of this name is a measure of values and weights.
pub fn is_measure(name: &str) -> bool {
    NAMED.iter().any(|(known, ..)| *known == name)
}

/// Checks the parameters of a measure before there are rows: their number, and that a line is an amount.
pub fn check(name: &str, arguments: &[f64]) -> std::result::Result<(), Error> {
    named(name, arguments)?.value(&Distribution::default(), &Conventions::default()).map(drop)
}

fn named(name: &str, arguments: &[f64]) -> std::result::Result<Measure, Error> {
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
    returns: DataType,
}

/// The measures.
pub(super) fn measures() -> impl Iterator<Item = AggregateUDF> {
    NAMED.iter().map(|(name, needs, _)| {
        let signature = Signature::exact(vec![DataType::Float64; 2 + needs.len()], Volatility::Immutable);
        AggregateUDF::new_from_impl(MeasureUdaf { name, signature, returns: DataType::Float64 })
    })
}

/// The aggregate that gathers rows.
pub(super) fn distribution() -> AggregateUDF {
    use DataType::{Float64, Utf8};
    let shapes = [vec![Float64, Float64], vec![Float64, Float64, Utf8, Utf8]];
    let shapes = shapes.into_iter().map(TypeSignature::Exact).collect();
    let signature = Signature::one_of(shapes, Volatility::Immutable);
    AggregateUDF::new_from_impl(MeasureUdaf { name: DISTRIBUTION, signature, returns: DataType::LargeBinary })
}

impl AggregateUDFImpl for MeasureUdaf {
    fn name(&self) -> &str {
        self.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(self.returns.clone())
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
        if self.name == DISTRIBUTION {
            return Ok(ScalarValue::LargeBinary(Some(rows.in_order())));
        }
        let pairs = rows.pairs();
        if pairs.is_empty() {
            return Ok(ScalarValue::Float64(None));
        }
        let measure = named(self.name, rows.arguments()).map_err(engine_error)?;
        let value = measure.value(&Distribution::from_pairs(pairs), &Conventions::default());
        Ok(ScalarValue::Float64(value.map_err(engine_error)?))
    }

    fn data_type(&self) -> DataType {
        self.returns.clone()
    }
}

/// The functions that measure what was gathered.
pub(super) fn estimates() -> Vec<ScalarUDF> {
    let function = |name, gatherings| {
        let signature = Signature::variadic_any(Volatility::Immutable);
        ScalarUDF::new_from_impl(EstimateUdf { name, gatherings, signature })
    };
    vec![function(ESTIMATE, 1), function(DIFFERENCE, 2)]
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct EstimateUdf {
    name: &'static str,
    gatherings: usize,
    signature: Signature,
}

fn fields() -> Fields {
    let number = |name| Field::new(name, DataType::Float64, true);
    let count = |name| Field::new(name, DataType::Int64, false);
    let numbers = ["value", "standard_error", "low", "high"].map(number);
    let counts = ["rows", "strata", "clusters"].map(count);
    numbers.into_iter().chain(counts).collect()
}

impl ScalarUDFImpl for EstimateUdf {
    fn name(&self) -> &str {
        self.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::Struct(fields()))
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let wrong = |what: &str| DataFusionError::Plan(format!("{}: {what}", self.name));
        let Some((gathered, [ColumnarValue::Scalar(name), arguments @ ..])) =
            args.args.split_at_checked(self.gatherings)
        else {
            return Err(wrong("write it as estimate(distribution(value, weight), 'gini')"));
        };
        let name = name.try_as_str().flatten().ok_or_else(|| wrong("name the measure, as 'gini'"))?;
        let arguments = arguments.iter().map(number).collect::<Result<Vec<_>>>()?;
        let measure = named(name, &arguments).map_err(engine_error)?;
        let arrays = gathered.iter().map(|g| g.to_array(args.number_rows)).collect::<Result<Vec<_>>>()?;
        let columns: Option<Vec<_>> = arrays.iter().map(|array| array.as_binary_opt::<i64>()).collect();
        let columns = columns.ok_or_else(|| wrong("what is gathered is made by distribution(…)"))?;
        let one = |row: usize| {
            let bytes = columns.iter().map(|column| column.is_valid(row).then(|| column.value(row)));
            let Some(bytes) = bytes.collect::<Option<Vec<_>>>() else { return Ok(Estimate::default()) };
            match bytes.as_slice() {
                [before, after] => difference(&measure, before, after),
                bytes => estimate(&measure, bytes[0]),
            }
        };
        let estimates = (0..args.number_rows).map(one).collect::<Result<Vec<_>>>()?;
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
        Ok(ColumnarValue::Array(Arc::new(StructArray::try_new(fields(), columns, None)?)))
    }
}

fn number(argument: &ColumnarValue) -> Result<f64> {
    let array = match argument {
        ColumnarValue::Scalar(scalar) => scalar.cast_to(&DataType::Float64)?.to_array()?,
        ColumnarValue::Array(array) => array.clone(),
    };
    let numbers = array.as_primitive_opt::<Float64Type>().filter(|n| n.len() == 1 && n.is_valid(0));
    numbers
        .map(|n| n.value(0))
        .ok_or_else(|| DataFusionError::Plan("a line or parameter is one number".into()))
}

fn decode(gathered: &[u8]) -> Result<GatheredRows<'_>> {
    let rows = GatheredRows::from_bytes(gathered);
    rows.ok_or_else(|| DataFusionError::Execution("gathered rows are damaged".into()))
}

fn sample<'a>(weights: &'a [f64], design: &'a Design) -> Sample<'a> {
    Sample { weights, design, lonely: LonelyPsu::default(), confidence: CONFIDENCE }
}

fn estimate(measure: &Measure, gathered: &[u8]) -> Result<Estimate> {
    let (rows, conventions) = (decode(gathered)?, Conventions::default());
    // Where nothing was measured, nothing has a value, as in the aggregate of that name.
    if rows.values.is_empty() {
        return Ok(Estimate::default());
    }
    let estimate = match rows.design() {
        Some(design) => sample(&rows.weights, &design).measure(measure, &rows.values, &conventions),
        None => Distribution::new(&rows.values, &rows.weights).and_then(|distribution| {
            let value = measure.value(&distribution, &conventions)?;
            Ok(Estimate { value, rows: distribution.rows(), ..Estimate::default() })
        }),
    };
    estimate.map_err(engine_error)
}

fn difference(measure: &Measure, before: &[u8], after: &[u8]) -> Result<Estimate> {
    let (before, after, conventions) = (decode(before)?, decode(after)?, Conventions::default());
    if before.values.is_empty() || after.values.is_empty() {
        return Ok(Estimate::default());
    }
    let design = before.design_with(&after);
    let linear = |rows: &GatheredRows<'_>| {
        let distribution = Distribution::new(&rows.values, &rows.weights)?;
        let value = measure.value(&distribution, &conventions)?;
        let linear =
            sample(&rows.weights, &design).linearise(measure, &rows.values, &distribution, &conventions)?;
        Ok((value, linear))
    };
    let ((was, before_linear), (is, after_linear)) =
        (linear(&before).map_err(engine_error)?, linear(&after).map_err(engine_error)?);
    let weights = [before.weights.as_slice(), &after.weights].concat();
    let rows = weights.iter().filter(|w| **w > 0.0).count() as u64;
    match before_linear.zip(after_linear).filter(|_| design.clusters() > 0) {
        Some((before, after)) => change(&sample(&weights, &design), &before, &after).map_err(engine_error),
        None => Ok(Estimate { value: is.zip(was).map(|(is, was)| is - was), rows, ..Estimate::default() }),
    }
}
