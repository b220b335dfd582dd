//! `sum` of the query engine, with doubles added exactly: the same records give the same sum, to the
//! last digit, however they are read. Other types keep the engine's own sum.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, FieldRef};
use datafusion::common::{Result, ScalarValue};
use datafusion::functions_aggregate::sum::sum_udaf;
use datafusion::logical_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion::logical_expr::utils::format_state_name;
use datafusion::logical_expr::{Accumulator, AggregateUDF, AggregateUDFImpl, GroupsAccumulator, Signature};

use super::aggregate::{GroupedAccumulator, Output, SingleAccumulator, State};
use crate::error::Error;
use crate::exact::ExactSum;

/// The function, to replace the engine's.
pub(super) fn function() -> AggregateUDF {
    AggregateUDF::new_from_impl(ExactSumUdaf { engine: sum_udaf() })
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct ExactSumUdaf {
    engine: Arc<AggregateUDF>,
}

fn is_double(args: &AccumulatorArgs<'_>) -> bool {
    *args.return_type() == DataType::Float64 && !args.is_distinct
}

impl AggregateUDFImpl for ExactSumUdaf {
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
        if *args.return_type() == DataType::Float64 && !args.is_distinct {
            let name = format_state_name(args.name, "digits");
            return Ok(vec![Arc::new(Field::new(name, DataType::LargeBinary, true))]);
        }
        self.engine.state_fields(args)
    }

    fn accumulator(&self, args: AccumulatorArgs<'_>) -> Result<Box<dyn Accumulator>> {
        if is_double(&args) {
            Ok(Box::new(SingleAccumulator::<Sum, _>::new(SumOutput)))
        } else {
            self.engine.accumulator(args)
        }
    }

    fn groups_accumulator_supported(&self, args: AccumulatorArgs<'_>) -> bool {
        is_double(&args) || self.engine.groups_accumulator_supported(args)
    }

    fn create_groups_accumulator(&self, args: AccumulatorArgs<'_>) -> Result<Box<dyn GroupsAccumulator>> {
        if is_double(&args) {
            return Ok(Box::new(GroupedAccumulator::<Sum, _>::new(SumOutput)));
        }
        self.engine.create_groups_accumulator(args)
    }
}

/// A sum and the number of rows: without rows it is null.
#[derive(Debug, Default)]
pub(super) struct Sum {
    sum: ExactSum,
    rows: u64,
}

impl State for Sum {
    fn add(&mut self, numbers: &[f64], _: &[&str]) -> std::result::Result<(), Error> {
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
        Some(Self { rows: u64::from_le_bytes(*rows), sum: ExactSum::from_bytes(sum)? })
    }

    fn size(&self) -> usize {
        size_of::<Self>() + size_of::<[i64; 68]>()
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
