//! `sum_once(amount, area_code, group)`: money that passes several levels of areas, each yuan once.
//!
//! A municipality records what it allots, and each county what it gets of that. Of a group, as a source of funds and a
//! line of work, the level with most counts: what the others have is the same money on its way.

use std::collections::BTreeMap;
use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, AsArray};
use datafusion::arrow::datatypes::{DataType, Decimal128Type, Field, FieldRef};
use datafusion::common::{DataFusionError, Result, ScalarValue};
use datafusion::logical_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion::logical_expr::utils::format_state_name;
use datafusion::logical_expr::{Accumulator, AggregateUDF, AggregateUDFImpl, Signature, Volatility};

const PRECISION: u8 = 38;
const SCALE: i8 = 2;
/// Digits of the money columns of tables.
const MONEY: u8 = 20;

/// The function.
pub(crate) fn function() -> AggregateUDF {
    let types = vec![DataType::Decimal128(MONEY, SCALE), DataType::Utf8, DataType::Utf8];
    AggregateUDF::new_from_impl(SumOnce { signature: Signature::exact(types, Volatility::Immutable) })
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct SumOnce {
    signature: Signature,
}

impl AggregateUDFImpl for SumOnce {
    fn name(&self) -> &str {
        "sum_once"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::Decimal128(PRECISION, SCALE))
    }

    fn state_fields(&self, args: StateFieldsArgs<'_>) -> Result<Vec<FieldRef>> {
        Ok(vec![Arc::new(Field::new(format_state_name(args.name, "sums"), DataType::Utf8, true))])
    }

    fn accumulator(&self, _: AccumulatorArgs<'_>) -> Result<Box<dyn Accumulator>> {
        Ok(Box::<Sums>::default())
    }
}

/// Sums in fen by group and by digits of the area's code.
#[derive(Debug, Default)]
struct Sums(BTreeMap<String, BTreeMap<usize, i128>>);

impl Sums {
    fn add(&mut self, group: &str, level: usize, fen: i128) -> Result<()> {
        let levels = match self.0.get_mut(group) {
            Some(levels) => levels,
            None => self.0.entry(group.to_owned()).or_default(),
        };
        let sum = levels.entry(level).or_default();
        *sum = sum.checked_add(fen).ok_or_else(|| failed("a sum of money is too large"))?;
        Ok(())
    }
}

fn failed(message: impl std::fmt::Display) -> DataFusionError {
    DataFusionError::Execution(message.to_string())
}

impl Accumulator for Sums {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        let amounts = values[0].as_primitive::<Decimal128Type>();
        let (areas, groups) = (values[1].as_string::<i32>(), values[2].as_string::<i32>());
        for row in (0..amounts.len()).filter(|row| amounts.is_valid(*row)) {
            let level = if areas.is_valid(row) { areas.value(row).len() } else { 0 };
            let group = if groups.is_valid(row) { groups.value(row) } else { "" };
            self.add(group, level, amounts.value(row))?;
        }
        Ok(())
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        let greatest = self.0.values().filter_map(|levels| levels.values().max());
        let sum = greatest.copied().reduce(i128::saturating_add);
        Ok(ScalarValue::Decimal128(sum, PRECISION, SCALE))
    }

    fn size(&self) -> usize {
        let groups = self.0.iter().map(|(group, levels)| group.len() + 64 + 48 * levels.len());
        size_of_val(self) + groups.sum::<usize>()
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        // As text, since numbers of JSON need not have as many digits.
        let texts = |levels: &BTreeMap<usize, i128>| -> BTreeMap<usize, String> {
            levels.iter().map(|(level, fen)| (*level, fen.to_string())).collect()
        };
        let sums: BTreeMap<_, _> = self.0.iter().map(|(group, levels)| (group, texts(levels))).collect();
        Ok(vec![ScalarValue::Utf8(Some(serde_json::to_string(&sums).map_err(failed)?))])
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        for state in states[0].as_string::<i32>().iter().flatten() {
            let sums: BTreeMap<String, BTreeMap<usize, String>> =
                serde_json::from_str(state).map_err(failed)?;
            for (group, levels) in &sums {
                for (level, fen) in levels {
                    self.add(group, *level, fen.parse().map_err(failed)?)?;
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use datafusion::arrow::array::{Decimal128Array, StringArray};

    use super::*;

    #[test]
    fn what_passes_several_levels_counts_once() {
        let rows = [
            ("50", "a", 1000),
            ("500101", "a", 600),
            ("500102", "a", 300),
            ("500101", "b", 70),
            ("500101101", "b", 80),
        ];
        let array = |rows: &[(&str, &str, i128)]| -> Vec<ArrayRef> {
            let amounts: Decimal128Array = rows.iter().map(|(.., fen)| Some(*fen)).collect();
            let amounts = amounts.with_precision_and_scale(PRECISION, SCALE).unwrap();
            let texts = |get: fn(&(&str, &str, i128)) -> String| -> ArrayRef {
                Arc::new(StringArray::from(rows.iter().map(get).collect::<Vec<_>>()))
            };
            vec![Arc::new(amounts), texts(|row| row.0.to_owned()), texts(|row| row.1.to_owned())]
        };
        let mut all = Sums::default();
        for part in rows.chunks(2) {
            let mut sums = Sums::default();
            sums.update_batch(&array(part)).unwrap();
            let state = sums.state().unwrap()[0].to_array().unwrap();
            all.merge_batch(&[state]).unwrap();
        }
        assert_eq!(all.evaluate().unwrap(), ScalarValue::Decimal128(Some(1080), PRECISION, SCALE));
        assert_eq!(Sums::default().evaluate().unwrap(), ScalarValue::Decimal128(None, PRECISION, SCALE));
    }
}
