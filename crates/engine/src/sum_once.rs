//! `sum_once(amount, area_code, source, line)`: money that passes several levels of areas, each yuan once.
//!
//! A municipality records what it allots, and each county what it gets of that. Of a source and a line of work, the level
//! with most counts: what the others have is the same money on its way. What a level records without a line of work is
//! that of the levels below it, as far as it reaches.

use std::collections::BTreeMap;
use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, AsArray, StringArray};
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
    let types = vec![DataType::Decimal128(MONEY, SCALE), DataType::Utf8, DataType::Utf8, DataType::Utf8];
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

/// Sums in fen by digits of the area's code.
type Levels = BTreeMap<usize, i128>;

/// Sums by source, by line of work, which is empty where none is named, and by level.
#[derive(Debug, Default)]
struct Sums(BTreeMap<String, BTreeMap<String, Levels>>);

impl Sums {
    fn add(&mut self, source: &str, line: &str, level: usize, fen: i128) -> Result<()> {
        // Looked up before it is put in: a row must not cost an allocation.
        let lines = match self.0.get_mut(source) {
            Some(lines) => lines,
            None => self.0.entry(source.to_owned()).or_default(),
        };
        let levels = match lines.get_mut(line) {
            Some(levels) => levels,
            None => lines.entry(line.to_owned()).or_default(),
        };
        let sum = levels.entry(level).or_default();
        *sum = sum.checked_add(fen).ok_or_else(|| failed("a sum of money is too large"))?;
        Ok(())
    }
}

/// What one source gives, each fen once.
fn once(lines: &BTreeMap<String, Levels>) -> i128 {
    let named = || lines.iter().filter(|(line, _)| !line.is_empty()).map(|(_, levels)| levels);
    let all: i128 = named().filter_map(|levels| levels.values().max()).sum();
    let unnamed = lines.get("").and_then(|levels| levels.iter().max_by_key(|(_, fen)| **fen));
    let Some((level, fen)) = unnamed else { return all };
    let below = |levels: &Levels| levels.iter().filter(|(at, _)| *at > level).map(|(_, fen)| *fen).max();
    let passed_on: i128 = named().filter_map(below).sum();
    all + (fen - passed_on).max(0)
}

/// The text at a row; empty where there is none.
fn text(column: &StringArray, row: usize) -> &str {
    if column.is_valid(row) { column.value(row) } else { "" }
}

fn failed(message: impl std::fmt::Display) -> DataFusionError {
    DataFusionError::Execution(message.to_string())
}

impl Accumulator for Sums {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        let amounts = values[0].as_primitive::<Decimal128Type>();
        let texts = |n: usize| values[n].as_string::<i32>();
        let (areas, sources, lines) = (texts(1), texts(2), texts(3));
        for row in (0..amounts.len()).filter(|row| amounts.is_valid(*row)) {
            let level = if areas.is_valid(row) { areas.value(row).len() } else { 0 };
            self.add(text(sources, row), text(lines, row), level, amounts.value(row))?;
        }
        Ok(())
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        let sum = self.0.values().map(once).reduce(i128::saturating_add);
        Ok(ScalarValue::Decimal128(sum, PRECISION, SCALE))
    }

    fn size(&self) -> usize {
        let lines = self.0.values().flatten().map(|(line, levels)| line.len() + 64 + 48 * levels.len());
        size_of_val(self) + lines.sum::<usize>()
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        // As text, since numbers of JSON need not have as many digits.
        let sums = self.0.iter().flat_map(|(source, lines)| {
            lines.iter().flat_map(move |(line, levels)| {
                levels.iter().map(move |(level, fen)| (source, line, level, fen.to_string()))
            })
        });
        let sums = serde_json::to_string(&sums.collect::<Vec<_>>()).map_err(failed)?;
        Ok(vec![ScalarValue::Utf8(Some(sums))])
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        for state in states[0].as_string::<i32>().iter().flatten() {
            let sums: Vec<(String, String, usize, String)> = serde_json::from_str(state).map_err(failed)?;
            for (source, line, level, fen) in &sums {
                self.add(source, line, *level, fen.parse().map_err(failed)?)?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use datafusion::arrow::array::Decimal128Array;

    use super::*;

    fn sum(rows: &[(&str, &str, &str, i128)]) -> Option<i128> {
        let array = |rows: &[(&str, &str, &str, i128)]| -> Vec<ArrayRef> {
            let amounts: Decimal128Array = rows.iter().map(|(.., fen)| Some(*fen)).collect();
            let amounts = amounts.with_precision_and_scale(PRECISION, SCALE).unwrap();
            let texts = |get: fn(&(&str, &str, &str, i128)) -> String| -> ArrayRef {
                Arc::new(StringArray::from(rows.iter().map(get).collect::<Vec<_>>()))
            };
            let (areas, sources) = (texts(|row| row.0.to_owned()), texts(|row| row.1.to_owned()));
            vec![Arc::new(amounts), areas, sources, texts(|row| row.2.to_owned())]
        };
        let mut all = Sums::default();
        for part in rows.chunks(2) {
            let mut sums = Sums::default();
            sums.update_batch(&array(part)).unwrap();
            let state = sums.state().unwrap()[0].to_array().unwrap();
            all.merge_batch(&[state]).unwrap();
        }
        match all.evaluate().unwrap() {
            ScalarValue::Decimal128(sum, PRECISION, SCALE) => sum,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn what_passes_several_levels_counts_once() {
        let city = ("50", "national", "road", 1000);
        assert_eq!(sum(&[]), None);
        assert_eq!(
            sum(&[city, ("500101", "national", "road", 600), ("500102", "national", "road", 300)]),
            Some(1000)
        );
        // Another line of work and another source are other money.
        assert_eq!(
            sum(&[city, ("500101", "national", "school", 70), ("500101", "social", "road", 80)]),
            Some(1150)
        );
        // Without a line of work it is that of the levels below, as far as it reaches.
        let counties = [("500101", "national", "road", 60), ("500102", "national", "school", 40)];
        assert_eq!(sum(&[("50", "national", "", 100), counties[0], counties[1]]), Some(100));
        assert_eq!(sum(&[("50", "national", "", 130), counties[0], counties[1]]), Some(130));
        assert_eq!(sum(&[("50", "national", "", 30), counties[0], counties[1]]), Some(100));
    }
}
