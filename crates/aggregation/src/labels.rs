//! Texts that tell records apart, as numbers: equal texts of a source have the same.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, StringArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Int32Type};
use datafusion::common::{DataFusionError, Result};
use hashbrown::HashMap;

/// Truth values as they are kept.
pub const TRUE: &str = "true";
const FALSE: &str = "false";

/// The texts of a column, each with its number, in the order in which they are met; a missing one has a number too.
#[derive(Debug, Default)]
pub(crate) struct Labels {
    texts: Vec<Option<Arc<str>>>,
    known: HashMap<Arc<str>, u32>,
    missing: Option<u32>,
    /// Numbers by place in the dictionary that was met last: most batches of a file share one.
    dictionary: Option<(StringArray, Vec<u32>)>,
}

/// The place of a text in a dictionary that has not been met.
const UNMET: u32 = u32::MAX;

impl Labels {
    /// The number of each row: of the part of its text that counts.
    pub(crate) fn number(
        &mut self,
        column: &ArrayRef,
        part: impl for<'t> Fn(Option<&'t str>) -> Option<&'t str>,
    ) -> Result<Vec<u32>> {
        match column.data_type() {
            DataType::Boolean => {
                let truth = |truth: bool| if truth { TRUE } else { FALSE };
                let truths = column.as_boolean();
                Ok(truths.iter().map(|t| self.label(part(t.map(truth)))).collect())
            }
            DataType::Dictionary(key, value) if **key == DataType::Int32 && **value == DataType::Utf8 => {
                Ok(self.of_dictionary(column, part))
            }
            // The engine has several forms of text.
            text if text.is_string() => {
                let column = cast(column, &DataType::Utf8)?;
                Ok(self.of_texts(column.as_string(), part))
            }
            other => Err(DataFusionError::Plan(format!("records cannot be grouped by {other}"))),
        }
    }

    pub(crate) fn text(&self, number: u32) -> Option<&Arc<str>> {
        self.texts.get(number as usize)?.as_ref()
    }

    fn of_dictionary(
        &mut self,
        column: &ArrayRef,
        part: impl for<'t> Fn(Option<&'t str>) -> Option<&'t str>,
    ) -> Vec<u32> {
        let dictionary = column.as_dictionary::<Int32Type>();
        let texts = dictionary.values().as_string::<i32>();
        let mut known = match self.dictionary.take() {
            Some((known, numbers)) if is_same(&known, texts) => numbers,
            _ => vec![UNMET; texts.len()],
        };
        let number = |key: Option<i32>| {
            let Some(key) = key.map(|key| key as usize) else { return self.label(part(None)) };
            if known[key] == UNMET {
                known[key] = self.label(part(texts.is_valid(key).then(|| texts.value(key))));
            }
            known[key]
        };
        let numbers = dictionary.keys().iter().map(number).collect();
        self.dictionary = Some((texts.clone(), known));
        numbers
    }

    fn of_texts(
        &mut self,
        texts: &StringArray,
        part: impl for<'t> Fn(Option<&'t str>) -> Option<&'t str>,
    ) -> Vec<u32> {
        let mut last: Option<(Option<&str>, u32)> = None;
        let number = |text| match last {
            // Rows with the same text mostly come together.
            Some((known, number)) if known == text => number,
            _ => {
                let number = self.label(part(text));
                last = Some((text, number));
                number
            }
        };
        texts.iter().map(number).collect()
    }

    fn label(&mut self, text: Option<&str>) -> u32 {
        let known = match text {
            Some(text) => self.known.get(text).copied(),
            None => self.missing,
        };
        known.unwrap_or_else(|| {
            let number = self.texts.len() as u32;
            let text: Option<Arc<str>> = text.map(Arc::from);
            match &text {
                Some(text) => {
                    self.known.insert(text.clone(), number);
                }
                None => self.missing = Some(number),
            }
            self.texts.push(text);
            number
        })
    }
}

/// Whether two arrays are the same memory.
fn is_same(one: &StringArray, other: &StringArray) -> bool {
    one.len() == other.len()
        && one.offsets().as_ptr() == other.offsets().as_ptr()
        && one.value_data().as_ptr() == other.value_data().as_ptr()
}

#[cfg(test)]
mod tests {
    use arrow::array::{BooleanArray, DictionaryArray, Int32Array};

    use super::*;

    fn dictionary(keys: Vec<Option<i32>>, texts: &[&str]) -> ArrayRef {
        let texts = Arc::new(StringArray::from(texts.to_vec()));
        Arc::new(DictionaryArray::<Int32Type>::new(Int32Array::from(keys), texts))
    }

    fn whole(text: Option<&str>) -> Option<&str> {
        text
    }

    fn two(text: Option<&str>) -> Option<&str> {
        text.map(|text| &text[..2])
    }

    #[test]
    fn equal_texts_have_one_number_in_every_form_and_batch() {
        let mut labels = Labels::default();
        let first = dictionary(vec![Some(1), None, Some(0), Some(1)], &["a", "b"]);
        assert_eq!(labels.number(&first, whole).unwrap(), [0, 1, 2, 0]);
        assert_eq!(labels.number(&first.slice(2, 2), whole).unwrap(), [2, 0], "the same dictionary");
        let second = dictionary(vec![Some(0), Some(1), None], &["c", "a"]);
        assert_eq!(labels.number(&second, whole).unwrap(), [3, 2, 1], "another");
        let texts = Arc::new(StringArray::from(vec![Some("c"), Some("c"), None, Some("d")])) as ArrayRef;
        assert_eq!(labels.number(&texts, whole).unwrap(), [3, 3, 1, 4]);
        let views = cast(&texts, &DataType::Utf8View).unwrap();
        assert_eq!(labels.number(&views, whole).unwrap(), [3, 3, 1, 4]);
        let truths = Arc::new(BooleanArray::from(vec![Some(true), None, Some(false)])) as ArrayRef;
        assert_eq!(labels.number(&truths, whole).unwrap(), [5, 1, 6]);
        assert_eq!(labels.text(5).map(AsRef::as_ref), Some(TRUE));
        assert_eq!(labels.text(1), None);
    }

    #[test]
    fn the_part_that_counts_tells_texts_apart() {
        let mut labels = Labels::default();
        let first = dictionary(vec![Some(0), Some(1), Some(2), None], &["5001", "5002", "51"]);
        assert_eq!(labels.number(&first, two).unwrap(), [0, 0, 1, 2]);
        let numbers = Arc::new(Int32Array::from(vec![1])) as ArrayRef;
        assert!(labels.number(&numbers, whole).is_err());
    }
}
