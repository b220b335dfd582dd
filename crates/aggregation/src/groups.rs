//! The groups of the records of one source, numbered as they are met.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::compute::cast;
use arrow::datatypes::DataType;
use datafusion::common::{DataFusionError, Result};
use hashbrown::HashMap;

use crate::batch::Batch;
use crate::names::Names;
use crate::program::Program;

/// The beginning of the area's code, then the other keys; none is missing.
pub(crate) type GroupKey = Vec<Option<Arc<str>>>;

#[derive(Debug, Default)]
pub(crate) struct Groups {
    keys: Vec<GroupKey>,
    /// Whether the area's code is as long as codes are cut.
    is_cut: Vec<bool>,
    known: HashMap<GroupKey, u32>,
}

impl Groups {
    /// The group of each row of a batch.
    pub(crate) fn number(&mut self, program: &Program, batch: &mut Batch<'_>) -> Result<Vec<usize>> {
        let mut columns = vec![batch.rows.column(program.area).clone()];
        for slot in &program.others {
            columns.push(batch.value(*slot)?);
        }
        // The engine has several forms of text.
        for column in columns.iter_mut().filter(|c| c.data_type().is_string()) {
            *column = cast(column, &DataType::Utf8)?;
        }
        let mut numbers = Vec::with_capacity(batch.rows.num_rows());
        let readers = columns.iter().map(Texts::new).collect::<Result<Vec<_>>>()?;
        let beginning =
            |text: &str| text.char_indices().nth(program.digits).map_or(text.len(), |(end, _)| end);
        let text = |n: usize, row: usize| {
            let text = readers[n].at(row);
            if n == 0 { text.map(|text| &text[..beginning(text)]) } else { text }
        };
        let mut last: Option<u32> = None;
        for row in 0..batch.rows.num_rows() {
            // Rows of a group mostly come together.
            let same = last.is_some_and(|last| {
                let mut known = self.keys[last as usize].iter().enumerate();
                known.all(|(n, known)| match (n, known, readers[n].at(row)) {
                    // A code begins as the known one, which is as long as codes are cut, or is the same.
                    (0, Some(known), Some(code)) => {
                        code.starts_with(&**known)
                            && (code.len() == known.len() || self.is_cut[last as usize])
                    }
                    (_, known, text) => known.as_deref() == text,
                })
            });
            if !same {
                let key: GroupKey = (0..readers.len()).map(|n| text(n, row).map(Arc::from)).collect();
                let next = self.keys.len() as u32;
                let number = *self.known.entry(key.clone()).or_insert(next);
                if number == next {
                    let cut = |code: &Arc<str>| code.chars().count() == program.digits;
                    self.is_cut.push(key[0].as_ref().is_some_and(cut));
                    self.keys.push(key);
                }
                last = Some(number);
            }
            numbers.extend(last.map(|number| number as usize));
        }
        Ok(numbers)
    }

    pub(crate) fn len(&self) -> usize {
        self.keys.len()
    }

    /// The numbers that the groups have in all sources.
    pub(crate) fn finish(self, names: &Names<GroupKey>) -> Vec<u32> {
        names.numbers(&self.keys)
    }
}

/// A column of keys as text.
enum Texts<'a> {
    Text(&'a arrow::array::StringArray),
    Truth(&'a arrow::array::BooleanArray),
}

/// Truth values as they are kept.
pub const TRUE: &str = "true";
const FALSE: &str = "false";

impl<'a> Texts<'a> {
    fn new(column: &'a ArrayRef) -> Result<Self> {
        match column.data_type() {
            DataType::Utf8 => Ok(Self::Text(column.as_string())),
            DataType::Boolean => Ok(Self::Truth(column.as_boolean())),
            other => Err(DataFusionError::Plan(format!("records cannot be grouped by {other}"))),
        }
    }

    fn at(&self, row: usize) -> Option<&str> {
        match self {
            Self::Text(texts) => texts.is_valid(row).then(|| texts.value(row)),
            Self::Truth(truths) => truths.is_valid(row).then(|| if truths.value(row) { TRUE } else { FALSE }),
        }
    }
}
