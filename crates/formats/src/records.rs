//! Structs as rows of a table that is not a dataset's, as of submissions, and back.

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use arrow::json::{ArrayWriter, ReaderBuilder};
use serde::Serialize;
use serde::de::DeserializeOwned;
use uplift_core::error::{Error, Result};

/// Structs as one record batch: fields become the columns of their names.
pub fn to_batch<S: Serialize>(schema: SchemaRef, rows: &[S]) -> Result<RecordBatch> {
    let failed = |e| Error::internal("building rows", e);
    let mut decoder = ReaderBuilder::new(schema.clone())
        .with_batch_size(rows.len().max(1))
        .build_decoder()
        .map_err(failed)?;
    decoder.serialize(rows).map_err(failed)?;
    Ok(decoder.flush().map_err(failed)?.unwrap_or_else(|| RecordBatch::new_empty(schema)))
}

/// Record batches as structs: columns become the fields of their names, others are left out.
pub fn from_batches<T: DeserializeOwned>(batches: &[RecordBatch]) -> Result<Vec<T>> {
    let mut writer = ArrayWriter::new(Vec::new());
    let written = batches.iter().try_for_each(|batch| writer.write(batch)).and_then(|()| writer.finish());
    written.map_err(|e| Error::internal("reading rows", e))?;
    let json = writer.into_inner();
    if json.is_empty() {
        return Ok(Vec::new());
    }
    serde_json::from_slice(&json).map_err(|e| Error::internal("reading rows", e))
}
