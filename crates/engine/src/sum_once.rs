//! `sum_conserved(amount, area_code, source, line)`: money that passes several levels of areas, each yuan once. Of each source
//! an area has what it records, or what the areas inside have, whichever is more (`levels.rs`).
//!
//! `sum_once`, which earlier versions of indicators use, compares whole levels instead: the one with most counts, and what one
//! county records is lost where of another only villages do.

use std::collections::BTreeMap;
use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, AsArray, StringArray};
use datafusion::arrow::datatypes::{DataType, Decimal128Type, Field, FieldRef};
use datafusion::common::{DataFusionError, Result, ScalarValue};
use datafusion::logical_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion::logical_expr::utils::format_state_name;
use datafusion::logical_expr::{Accumulator, AggregateUDF, AggregateUDFImpl, Signature, Volatility};

use crate::levels::{Passing, Recorded};

const PRECISION: u8 = 38;
const SCALE: i8 = 2;
/// Digits of the money columns of tables.
const MONEY: u8 = 20;

/// Both functions.
pub(crate) fn functions() -> [AggregateUDF; 2] {
    let types = vec![DataType::Decimal128(MONEY, SCALE), DataType::Utf8, DataType::Utf8, DataType::Utf8];
    let signature = Signature::exact(types, Volatility::Immutable);
    [Rule::Areas, Rule::Levels]
        .map(|rule| AggregateUDF::new_from_impl(SumOnce { rule, signature: signature.clone() }))
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct SumOnce {
    rule: Rule,
    signature: Signature,
}

/// What counts of money that is recorded several times.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Rule {
    /// Of an area and those inside, whichever is more.
    Areas,
    /// Of all areas of a level and those of another, whichever is more.
    Levels,
}

impl AggregateUDFImpl for SumOnce {
    fn name(&self) -> &str {
        match self.rule {
            Rule::Areas => "sum_conserved",
            Rule::Levels => "sum_once",
        }
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
        Ok(Box::new(Sums { rule: self.rule, by_source: BTreeMap::new() }))
    }
}

/// Sums in fen of each source.
#[derive(Debug)]
struct Sums {
    rule: Rule,
    by_source: BTreeMap<String, Recorded>,
}

impl Sums {
    fn add(&mut self, source: &str, area: &str, line: &str, fen: i128) {
        // Looked up before it is put in: a row must not cost an allocation.
        match self.by_source.get_mut(source) {
            Some(recorded) => recorded.add(area, line, fen),
            None => self.by_source.entry(source.to_owned()).or_default().add(area, line, fen),
        }
    }
}

/// What one source gives by whole levels: digits of the area's code.
fn by_levels(recorded: &Recorded) -> i128 {
    type Levels = BTreeMap<usize, i128>;
    let mut lines: BTreeMap<&str, Levels> = BTreeMap::new();
    for (area, line, fen) in recorded.all() {
        *lines.entry(line).or_default().entry(area.len()).or_default() += fen;
    }
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
            self.add(text(sources, row), text(areas, row), text(lines, row), amounts.value(row));
        }
        Ok(())
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        let once = |recorded: &Recorded| match self.rule {
            Rule::Areas => recorded.within("", Passing::Passed).values().sum(),
            Rule::Levels => by_levels(recorded),
        };
        let sum = self.by_source.values().map(once).reduce(i128::saturating_add);
        if sum.is_some_and(|sum| sum.unsigned_abs() >= 10_u128.pow(PRECISION.into())) {
            return Err(failed("a sum of money is too large"));
        }
        Ok(ScalarValue::Decimal128(sum, PRECISION, SCALE))
    }

    fn size(&self) -> usize {
        let sums = self.by_source.values().flat_map(Recorded::all);
        size_of_val(self) + sums.map(|(area, line, _)| area.len() + line.len() + 112).sum::<usize>()
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        // As text, since numbers of JSON need not have as many digits.
        let sums = self.by_source.iter().flat_map(|(source, recorded)| {
            recorded.all().map(move |(area, line, fen)| (source, area, line, fen.to_string()))
        });
        let sums = serde_json::to_string(&sums.collect::<Vec<_>>()).map_err(failed)?;
        Ok(vec![ScalarValue::Utf8(Some(sums))])
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        for state in states[0].as_string::<i32>().iter().flatten() {
            let sums: Vec<(String, String, String, String)> = serde_json::from_str(state).map_err(failed)?;
            for (source, area, line, fen) in &sums {
                self.add(source, area, line, fen.parse().map_err(failed)?);
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use datafusion::arrow::array::Decimal128Array;

    use super::*;

    fn sum(rule: Rule, rows: &[(&str, &str, &str, i128)]) -> Option<i128> {
        let array = |rows: &[(&str, &str, &str, i128)]| -> Vec<ArrayRef> {
            let amounts: Decimal128Array = rows.iter().map(|(.., fen)| Some(*fen)).collect();
            let amounts = amounts.with_precision_and_scale(PRECISION, SCALE).unwrap();
            let texts = |get: fn(&(&str, &str, &str, i128)) -> String| -> ArrayRef {
                Arc::new(StringArray::from(rows.iter().map(get).collect::<Vec<_>>()))
            };
            let (areas, sources) = (texts(|row| row.0.to_owned()), texts(|row| row.1.to_owned()));
            vec![Arc::new(amounts), areas, sources, texts(|row| row.2.to_owned())]
        };
        let mut all = Sums { rule, by_source: BTreeMap::new() };
        for part in rows.chunks(2) {
            let mut sums = Sums { rule, by_source: BTreeMap::new() };
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
        for rule in [Rule::Areas, Rule::Levels] {
            counts_once(|rows| sum(rule, rows));
        }
        // One county records it, of another only a village does.
        let mixed = [("500101", "national", "road", 5), ("500102101001", "national", "road", 3)];
        assert_eq!((sum(Rule::Areas, &mixed), sum(Rule::Levels, &mixed)), (Some(8), Some(5)));
    }

    fn counts_once(sum: impl Fn(&[(&str, &str, &str, i128)]) -> Option<i128>) {
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
