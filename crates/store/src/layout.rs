//! How the columns of a data file are encoded.
//!
//! Most texts come often, and have a dictionary. Of a column whose values mostly differ it would be as large as the column: there
//! texts are told by what they share with the one before, as keys of records do, and whole numbers by how far they are from
//! it, as numbers of rows are. `benches/README.md` has what that brings.

use std::collections::HashSet;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Int64Type};
use deltalake_core::parquet::basic::{Compression, Encoding};
use deltalake_core::parquet::file::properties::WriterProperties;
use deltalake_core::parquet::schema::types::ColumnPath;

/// Rows by which a column is judged; fewer tell nothing.
const FEWEST: usize = 256;
const ENOUGH: usize = 1_024;

/// The encoding of each column, by the first of the rows of a file.
pub(crate) fn layout(rows: &RecordBatch) -> WriterProperties {
    let mut properties = WriterProperties::builder().set_compression(Compression::SNAPPY);
    if rows.num_rows() < FEWEST {
        return properties.build();
    }
    let first = rows.slice(0, rows.num_rows().min(ENOUGH));
    for (field, column) in first.schema().fields().iter().zip(first.columns()) {
        if let Some(encoding) = of_differing(field.data_type())
            && mostly_differ(column).unwrap_or_default()
        {
            let path = ColumnPath::from(field.name().as_str());
            properties = properties
                .set_column_dictionary_enabled(path.clone(), false)
                .set_column_encoding(path, encoding);
        }
    }
    properties.build()
}

fn of_differing(data_type: &DataType) -> Option<Encoding> {
    if data_type.is_string() {
        return Some(Encoding::DELTA_BYTE_ARRAY);
    }
    let is_whole_number = data_type.is_integer() || data_type.is_temporal();
    is_whole_number.then_some(Encoding::DELTA_BINARY_PACKED)
}

/// Whether there are more values than half of the rows that have one; none for a column that is neither of texts nor of numbers.
fn mostly_differ(column: &ArrayRef) -> Option<bool> {
    let (values, differing) = if column.data_type().is_string() {
        let texts = cast(column, &DataType::Utf8).ok()?;
        let texts = texts.as_string::<i32>();
        (texts.len() - texts.null_count(), texts.iter().flatten().collect::<HashSet<_>>().len())
    } else {
        let numbers = cast(column, &DataType::Int64).ok()?;
        let numbers = numbers.as_primitive::<Int64Type>();
        (numbers.len() - numbers.null_count(), numbers.iter().flatten().collect::<HashSet<_>>().len())
    };
    Some(differing * 2 > values)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{BooleanArray, Int64Array, StringArray, TimestampMicrosecondArray};

    use super::*;

    fn rows(count: usize) -> RecordBatch {
        let numbers = || (0..count).map(|n| n as i64);
        let columns: Vec<(&str, ArrayRef)> = vec![
            ("id", Arc::new(StringArray::from_iter_values(numbers().map(|n| format!("500101-{n}"))))),
            ("village", Arc::new(StringArray::from_iter_values(numbers().map(|n| format!("v{}", n / 30))))),
            ("missing", Arc::new(StringArray::from(vec![None::<&str>; count]))),
            ("row", Arc::new(Int64Array::from_iter_values(numbers()))),
            ("year", Arc::new(Int64Array::from_iter_values(numbers().map(|n| 2010 + n % 2)))),
            ("time", Arc::new(TimestampMicrosecondArray::from_iter_values(numbers()))),
            ("poor", Arc::new(BooleanArray::from_iter(numbers().map(|n| Some(n % 3 == 0))))),
        ];
        RecordBatch::try_from_iter(columns).unwrap()
    }

    #[test]
    fn columns_whose_values_differ_have_no_dictionary() {
        let layout = layout(&rows(2_000));
        let encoding = |name: &str| {
            let path = ColumnPath::from(name);
            (layout.dictionary_enabled(&path), layout.encoding(&path))
        };
        assert_eq!(encoding("id"), (false, Some(Encoding::DELTA_BYTE_ARRAY)));
        assert_eq!(encoding("row"), (false, Some(Encoding::DELTA_BINARY_PACKED)));
        assert_eq!(encoding("time"), (false, Some(Encoding::DELTA_BINARY_PACKED)));
        for repeated in ["village", "missing", "year", "poor"] {
            assert_eq!(encoding(repeated), (true, None), "{repeated}");
        }
    }

    #[test]
    fn a_few_rows_tell_nothing_of_a_column() {
        assert!(layout(&rows(10)).dictionary_enabled(&ColumnPath::from("id")));
    }
}
