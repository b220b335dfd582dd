//! The records of a data file in the columns of a program.

use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, StringArray, new_null_array};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use bytes::Bytes;
use datafusion::common::{DataFusionError, Result};
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder,
};
use uplift_store::DataFile;

/// Rows that are decoded together: their columns fit the caches of a core.
const BATCH: usize = 8_192;

/// The batches of a file.
pub(crate) struct FileBatches<'f> {
    reader: ParquetRecordBatchReader,
    columns: SchemaRef,
    file: &'f DataFile,
}

impl<'f> FileBatches<'f> {
    pub(crate) fn new(content: Bytes, columns: SchemaRef, file: &'f DataFile) -> Result<Self> {
        let metadata = ArrowReaderMetadata::load(&content, ArrowReaderOptions::new())?;
        let fields =
            metadata.schema().fields().iter().map(|field| match columns.field_with_name(field.name()) {
                // A dictionary is not the type of its texts in the file, but is read as it is there.
                Ok(wanted) if is_dictionary(wanted.data_type()) && field.data_type() == &DataType::Utf8 => {
                    Arc::new(field.as_ref().clone().with_data_type(wanted.data_type().clone()))
                }
                _ => field.clone(),
            });
        let schema = Arc::new(Schema::new(fields.collect::<Vec<_>>()));
        let options = ArrowReaderOptions::new().with_schema(schema);
        let metadata = ArrowReaderMetadata::try_new(metadata.metadata().clone(), options)?;
        let builder = ParquetRecordBatchReaderBuilder::new_with_metadata(content, metadata);
        let names = columns.fields().iter().map(|field| field.name().as_str());
        let mask = ProjectionMask::columns(builder.parquet_schema(), names);
        let reader = builder.with_projection(mask).with_batch_size(BATCH).build()?;
        Ok(Self { reader, columns, file })
    }

    /// A column in the type of the program: of a file from before it was added it is empty, and one that the folder
    /// stands for is the same in every row.
    fn column(&self, rows: &RecordBatch, field: &Arc<Field>) -> Result<ArrayRef> {
        if let Some(column) = rows.column_by_name(field.name()) {
            return Ok(if column.data_type() == field.data_type() {
                column.clone()
            } else {
                cast(column, field.data_type())?
            });
        }
        match self.file.folder.get(field.name()) {
            Some(value) => {
                let texts = StringArray::from(vec![value.as_deref(); rows.num_rows()]);
                Ok(cast(&texts, field.data_type())?)
            }
            None => Ok(new_null_array(field.data_type(), rows.num_rows())),
        }
    }
}

fn is_dictionary(data_type: &DataType) -> bool {
    matches!(data_type, DataType::Dictionary(..))
}

impl Iterator for FileBatches<'_> {
    type Item = Result<RecordBatch>;

    fn next(&mut self) -> Option<Self::Item> {
        let rows = match self.reader.next()? {
            Ok(rows) => rows,
            Err(e) => return Some(Err(e.into())),
        };
        let columns = self.columns.fields().iter().map(|field| self.column(&rows, field));
        let columns = columns.collect::<Result<Vec<_>>>();
        let options = arrow::array::RecordBatchOptions::new().with_row_count(Some(rows.num_rows()));
        Some(columns.and_then(|columns| {
            RecordBatch::try_new_with_options(self.columns.clone(), columns, &options)
                .map_err(DataFusionError::from)
        }))
    }
}
