//! `sum` of the query engine, such that the same records give the same sum, to the last digit, however they are read:
//! doubles are added as the decimals that they are written as, and a sum of whole numbers that is out of range is an
//! error. Other types keep the engine's own sum.

use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, BooleanArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, FieldRef, Float64Type, Int64Type, UInt64Type};
use arrow::error::ArrowError;
use datafusion::common::{DataFusionError, Result, ScalarValue};
use datafusion::functions_aggregate::sum::sum_udaf;
use datafusion::logical_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion::logical_expr::utils::format_state_name;
use datafusion::logical_expr::{
    Accumulator, AggregateUDF, AggregateUDFImpl, EmitTo, GroupsAccumulator, Signature,
};

use super::aggregate::{GroupedAccumulator, Output, SingleAccumulator, State};
use crate::decimal_sum::DecimalSum;
use crate::error::Error;

/// The function, to replace the engine's.
pub(super) fn function() -> AggregateUDF {
    AggregateUDF::new_from_impl(SumUdaf { engine: sum_udaf() })
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct SumUdaf {
    engine: Arc<AggregateUDF>,
}

/// How a type is added.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Double,
    Whole,
    Other,
}

fn kind(result: &DataType, is_distinct: bool) -> Kind {
    match result {
        DataType::Float64 if !is_distinct => Kind::Double,
        DataType::Int64 | DataType::UInt64 if !is_distinct => Kind::Whole,
        _ => Kind::Other,
    }
}

impl SumUdaf {
    /// The engine's sum of the same rows as doubles: near enough to see that the whole numbers ran over.
    fn magnitude(&self) -> Result<Box<dyn GroupsAccumulator>> {
        let field: FieldRef = Arc::new(Field::new("sum", DataType::Float64, true));
        let schema = arrow::datatypes::Schema::new(vec![field.clone()]);
        let column = datafusion::physical_expr::expressions::col("sum", &schema)?;
        self.engine.create_groups_accumulator(AccumulatorArgs {
            return_field: field.clone(),
            schema: &schema,
            ignore_nulls: false,
            order_bys: &[],
            is_reversed: false,
            name: "sum",
            is_distinct: false,
            exprs: &[column],
            expr_fields: &[field],
        })
    }

    fn whole(&self, args: AccumulatorArgs<'_>) -> Result<WholeSum> {
        let greatest = greatest(args.return_type());
        Ok(WholeSum {
            greatest,
            sum: self.engine.create_groups_accumulator(args)?,
            magnitude: self.magnitude()?,
        })
    }
}

impl AggregateUDFImpl for SumUdaf {
    fn name(&self) -> &str {
        "sum"
    }

    fn signature(&self) -> &Signature {
        self.engine.signature()
    }

    fn coerce_types(&self, types: &[DataType]) -> Result<Vec<DataType>> {
        self.engine.coerce_types(types)
    }

    fn return_type(&self, types: &[DataType]) -> Result<DataType> {
        self.engine.return_type(types)
    }

    fn state_fields(&self, args: StateFieldsArgs<'_>) -> Result<Vec<FieldRef>> {
        let name = |part| format_state_name(args.name, part);
        match kind(args.return_type(), args.is_distinct) {
            Kind::Double => Ok(vec![Arc::new(Field::new(name("digits"), DataType::LargeBinary, true))]),
            Kind::Whole => Ok(vec![
                Arc::new(Field::new(name("sum"), args.return_type().clone(), true)),
                Arc::new(Field::new(name("magnitude"), DataType::Float64, true)),
            ]),
            Kind::Other => self.engine.state_fields(args),
        }
    }

    fn accumulator(&self, args: AccumulatorArgs<'_>) -> Result<Box<dyn Accumulator>> {
        match kind(args.return_type(), args.is_distinct) {
            Kind::Double => Ok(Box::new(SingleAccumulator::<Sum, _>::new(SumOutput))),
            Kind::Whole => Ok(Box::new(UngroupedSum::new(args.return_type())?)),
            Kind::Other => self.engine.accumulator(args),
        }
    }

    fn groups_accumulator_supported(&self, args: AccumulatorArgs<'_>) -> bool {
        match kind(args.return_type(), args.is_distinct) {
            Kind::Double | Kind::Whole => true,
            Kind::Other => self.engine.groups_accumulator_supported(args),
        }
    }

    fn create_groups_accumulator(&self, args: AccumulatorArgs<'_>) -> Result<Box<dyn GroupsAccumulator>> {
        match kind(args.return_type(), args.is_distinct) {
            Kind::Double => Ok(Box::new(GroupedAccumulator::<Sum, _>::new(SumOutput))),
            Kind::Whole => Ok(Box::new(self.whole(args)?)),
            Kind::Other => self.engine.create_groups_accumulator(args),
        }
    }
}

/// A sum of decimals and the number of rows: without rows it is null.
#[derive(Debug, Default)]
pub(super) struct Sum {
    sum: DecimalSum,
    rows: u64,
}

impl State for Sum {
    fn add(&mut self, numbers: &[f64]) -> std::result::Result<(), Error> {
        self.sum.add(numbers[0]);
        self.rows += 1;
        Ok(())
    }

    fn merge(&mut self, other: Self) -> std::result::Result<(), Error> {
        self.sum.merge(&other.sum);
        self.rows += other.rows;
        Ok(())
    }

    fn to_bytes(&self) -> Vec<u8> {
        [self.rows.to_le_bytes().as_slice(), &self.sum.to_bytes()].concat()
    }

    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (rows, sum) = bytes.split_first_chunk()?;
        Some(Self { rows: u64::from_le_bytes(*rows), sum: DecimalSum::from_bytes(sum)? })
    }

    fn size(&self) -> usize {
        self.sum.size() + size_of::<u64>()
    }
}

#[derive(Debug)]
struct SumOutput;

impl Output<Sum> for SumOutput {
    fn value(&self, state: &Sum) -> Result<ScalarValue> {
        Ok(ScalarValue::Float64((state.rows > 0).then(|| state.sum.value())))
    }

    fn data_type(&self) -> DataType {
        DataType::Float64
    }
}

/// The engine's sum of whole numbers, which wraps, and beside it the same in doubles, which tells when it did.
struct WholeSum {
    greatest: f64,
    sum: Box<dyn GroupsAccumulator>,
    magnitude: Box<dyn GroupsAccumulator>,
}

impl GroupsAccumulator for WholeSum {
    fn update_batch(
        &mut self,
        values: &[ArrayRef],
        groups: &[usize],
        filter: Option<&BooleanArray>,
        total: usize,
    ) -> Result<()> {
        self.sum.update_batch(values, groups, filter, total)?;
        let doubles = cast(&values[0], &DataType::Float64)?;
        self.magnitude.update_batch(&[doubles], groups, filter, total)
    }

    fn evaluate(&mut self, emit: EmitTo) -> Result<ArrayRef> {
        let (sums, magnitudes) = (self.sum.evaluate(emit)?, self.magnitude.evaluate(emit)?);
        let over =
            magnitudes.as_primitive::<Float64Type>().iter().flatten().any(|m| m.abs() >= self.greatest);
        if over {
            let error = ArrowError::ArithmeticOverflow("a sum of whole numbers is out of range".to_owned());
            return Err(DataFusionError::from(error));
        }
        Ok(sums)
    }

    fn state(&mut self, emit: EmitTo) -> Result<Vec<ArrayRef>> {
        let mut state = self.sum.state(emit)?;
        state.extend(self.magnitude.state(emit)?);
        Ok(state)
    }

    fn merge_batch(&mut self, states: &[ArrayRef], groups: &[usize], total: usize) -> Result<()> {
        self.sum.merge_batch(&states[..1], groups, total)?;
        self.magnitude.merge_batch(&states[1..], groups, total)
    }

    fn convert_to_state(&self, values: &[ArrayRef], filter: Option<&BooleanArray>) -> Result<Vec<ArrayRef>> {
        let mut state = self.sum.convert_to_state(values, filter)?;
        let doubles = cast(&values[0], &DataType::Float64)?;
        state.extend(self.magnitude.convert_to_state(&[doubles], filter)?);
        Ok(state)
    }

    fn size(&self) -> usize {
        self.sum.size() + self.magnitude.size()
    }
}

impl std::fmt::Debug for WholeSum {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("WholeSum").finish_non_exhaustive()
    }
}

/// The same of all rows.
#[derive(Debug)]
struct UngroupedSum {
    kind: DataType,
    /// Null without rows; it may have wrapped.
    sum: ScalarValue,
    magnitude: f64,
}

impl UngroupedSum {
    fn new(kind: &DataType) -> Result<Self> {
        Ok(Self { kind: kind.clone(), sum: ScalarValue::try_from(kind)?, magnitude: 0.0 })
    }

    fn add(&mut self, whole: &ArrayRef, magnitudes: &ArrayRef) -> Result<()> {
        let part = match self.kind {
            DataType::UInt64 => ScalarValue::UInt64(arrow::compute::sum(whole.as_primitive::<UInt64Type>())),
            _ => ScalarValue::Int64(arrow::compute::sum(whole.as_primitive::<Int64Type>())),
        };
        self.sum = match (self.sum.is_null(), part.is_null()) {
            (true, _) => part,
            (false, true) => return Ok(()),
            (false, false) => self.sum.add(&part)?,
        };
        self.magnitude += arrow::compute::sum(magnitudes.as_primitive::<Float64Type>()).unwrap_or_default();
        Ok(())
    }
}

impl Accumulator for UngroupedSum {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        self.add(&values[0], &cast(&values[0], &DataType::Float64)?)
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        if self.magnitude.abs() >= greatest(&self.kind) { Err(out_of_range()) } else { Ok(self.sum.clone()) }
    }

    fn size(&self) -> usize {
        size_of::<Self>()
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        Ok(vec![self.sum.clone(), ScalarValue::Float64((!self.sum.is_null()).then_some(self.magnitude))])
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        self.add(&states[0], &states[1])
    }
}

/// The first number beyond those of a type.
fn greatest(kind: &DataType) -> f64 {
    if *kind == DataType::UInt64 { u64::MAX as f64 } else { i64::MAX as f64 }
}

fn out_of_range() -> DataFusionError {
    ArrowError::ArithmeticOverflow("a sum of whole numbers is out of range".to_owned()).into()
}
