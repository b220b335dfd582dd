//! The measures as functions of the query engine.
//!
//! `gini(value, weight)` and the like are aggregates. Where many are wanted of the same rows, or their
//! uncertainty, the rows are gathered once by `distribution(value, weight, stratum, cluster)`, of which
//! `estimate(rows, 'gini')` makes a struct: value, standard_error, low, high, rows, strata, clusters.
//! `difference(before, after, 'gini')` makes the same struct of two gatherings: the later value less the
//! earlier, what clusters have in common in both left out of its error.
//! What a measure depends on besides comes last: `fgt(value, weight, line, alpha)`.

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

use super::rows::{Drawn, Rows};
use super::{Finish, Groups, One, refused};
use crate::design::{Design, LonelyCluster};
use crate::distribution::{Distribution, Refused};
use crate::estimate::{CONFIDENCE, Estimate, Sample, change};
use crate::measure::{Measure, NAMED};
use crate::options::Options;

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

/// Refuses what a measure cannot be made of, before there are rows: another number of numbers than it
/// depends on, a line that is no amount.
pub fn check(name: &str, arguments: &[f64]) -> std::result::Result<(), Refused> {
    named(name, arguments)?.value(&Distribution::default(), &Options::default()).map(drop)
}

fn named(name: &str, arguments: &[f64]) -> std::result::Result<Measure, Refused> {
    let found = NAMED.iter().find(|(known, ..)| *known == name);
    let Some((_, needs, make)) = found else {
        let known: Vec<_> = NAMED.iter().map(|(name, ..)| *name).collect();
        return Err(Refused::new(format!("there is no measure {name:?}; there are {}", known.join(", "))));
    };
    if needs.len() != arguments.len() {
        let (needs, n) = (needs.join(", "), arguments.len());
        return Err(Refused::new(format!("{name} depends on {needs:?} and was given {n} numbers")));
    }
    Ok(make(arguments))
}

/// An aggregate over gathered rows.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct OverRows {
    name: &'static str,
    signature: Signature,
    returns: DataType,
}

/// The measures.
pub(super) fn measures() -> impl Iterator<Item = AggregateUDF> {
    NAMED.iter().map(|(name, needs, _)| {
        let signature = Signature::exact(vec![DataType::Float64; 2 + needs.len()], Volatility::Immutable);
        AggregateUDF::new_from_impl(OverRows { name, signature, returns: DataType::Float64 })
    })
}

/// The aggregate that gathers rows.
pub(super) fn distribution() -> AggregateUDF {
    use DataType::{Float64, Utf8};
    let shapes = [vec![Float64, Float64], vec![Float64, Float64, Utf8, Utf8]];
    let shapes = shapes.into_iter().map(TypeSignature::Exact).collect();
    let signature = Signature::one_of(shapes, Volatility::Immutable);
    AggregateUDF::new_from_impl(OverRows { name: DISTRIBUTION, signature, returns: DataType::LargeBinary })
}

impl AggregateUDFImpl for OverRows {
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
        Ok(Box::new(One::<Rows, _>::new(self.clone())))
    }

    fn groups_accumulator_supported(&self, _: AccumulatorArgs<'_>) -> bool {
        true
    }

    fn create_groups_accumulator(&self, _: AccumulatorArgs<'_>) -> Result<Box<dyn GroupsAccumulator>> {
        Ok(Box::new(Groups::<Rows, _>::new(self.clone())))
    }
}

impl Finish<Rows> for OverRows {
    fn finish(&self, seen: &Rows) -> Result<ScalarValue> {
        if self.name == DISTRIBUTION {
            return Ok(ScalarValue::LargeBinary(Some(seen.in_order())));
        }
        let pairs = seen.pairs();
        if pairs.is_empty() {
            return Ok(ScalarValue::Float64(None));
        }
        let measure = named(self.name, seen.arguments()).map_err(refused)?;
        let value = measure.value(&Distribution::of(pairs), &Options::default());
        Ok(ScalarValue::Float64(value.map_err(refused)?))
    }

    fn returns(&self) -> DataType {
        self.returns.clone()
    }
}

/// The functions that measure what was gathered.
pub(super) fn of_gathered() -> Vec<ScalarUDF> {
    let of = |name, gatherings| {
        let signature = Signature::variadic_any(Volatility::Immutable);
        ScalarUDF::new_from_impl(OfGathered { name, gatherings, signature })
    };
    vec![of(ESTIMATE, 1), of(DIFFERENCE, 2)]
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct OfGathered {
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

impl ScalarUDFImpl for OfGathered {
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
        let measure = named(name, &arguments).map_err(refused)?;
        let arrays = gathered.iter().map(|g| g.to_array(args.number_rows)).collect::<Result<Vec<_>>>()?;
        let columns: Option<Vec<_>> = arrays.iter().map(|array| array.as_binary_opt::<i64>()).collect();
        let columns = columns.ok_or_else(|| wrong("what is gathered is made by distribution(…)"))?;
        let one = |row: usize| {
            let bytes = columns.iter().map(|column| column.is_valid(row).then(|| column.value(row)));
            let Some(bytes) = bytes.collect::<Option<Vec<_>>>() else { return Ok(Estimate::default()) };
            match bytes.as_slice() {
                [before, after] => difference(&measure, before, after),
                bytes => of(&measure, bytes[0]),
            }
        };
        let found = (0..args.number_rows).map(one).collect::<Result<Vec<_>>>()?;
        let numbers = |of: fn(&Estimate) -> Option<f64>| -> ArrayRef {
            Arc::new(found.iter().map(of).collect::<Float64Array>())
        };
        let counts = |of: fn(&Estimate) -> u64| -> ArrayRef {
            Arc::new(found.iter().map(|e| of(e) as i64).collect::<Int64Array>())
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
    let known = match argument {
        ColumnarValue::Scalar(scalar) => scalar.cast_to(&DataType::Float64)?.to_array()?,
        ColumnarValue::Array(array) => array.clone(),
    };
    let known = known.as_primitive_opt::<Float64Type>().filter(|known| known.len() == 1 && known.is_valid(0));
    let known = known.map(|known| known.value(0));
    known.ok_or_else(|| DataFusionError::Plan("a line or parameter is one number".into()))
}

fn drawn(gathered: &[u8]) -> Result<Drawn<'_>> {
    let drawn = Drawn::from_bytes(gathered);
    drawn.ok_or_else(|| DataFusionError::Execution("gathered rows were damaged".into()))
}

fn sample<'a>(weights: &'a [f64], design: &'a Design) -> Sample<'a> {
    Sample { weights, design, lonely: LonelyCluster::default(), confidence: CONFIDENCE }
}

fn of(measure: &Measure, gathered: &[u8]) -> Result<Estimate> {
    let (drawn, options) = (drawn(gathered)?, Options::default());
    let found = match drawn.design() {
        Some(design) => sample(&drawn.weights, &design).measure(measure, &drawn.values, &options),
        None => Distribution::new(&drawn.values, &drawn.weights).and_then(|of| {
            let value = measure.value(&of, &options)?;
            Ok(Estimate { value, rows: of.rows(), ..Estimate::default() })
        }),
    };
    found.map_err(refused)
}

fn difference(measure: &Measure, before: &[u8], after: &[u8]) -> Result<Estimate> {
    let (before, after, options) = (drawn(before)?, drawn(after)?, Options::default());
    let design = before.design_with(&after);
    let linear = |drawn: &Drawn<'_>| {
        let of = Distribution::new(&drawn.values, &drawn.weights)?;
        let value = measure.value(&of, &options)?;
        let linear = sample(&drawn.weights, &design).linearise(measure, &drawn.values, &of, &options)?;
        Ok((value, linear))
    };
    let ((was, before_linear), (is, after_linear)) =
        (linear(&before).map_err(refused)?, linear(&after).map_err(refused)?);
    let weights = [before.weights.as_slice(), &after.weights].concat();
    let rows = weights.iter().filter(|w| **w > 0.0).count() as u64;
    match before_linear.zip(after_linear).filter(|_| design.clusters() > 0) {
        Some((before, after)) => change(&sample(&weights, &design), &before, &after).map_err(refused),
        None => Ok(Estimate { value: is.zip(was).map(|(is, was)| is - was), rows, ..Estimate::default() }),
    }
}
