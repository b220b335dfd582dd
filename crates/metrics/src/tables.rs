//! The columns of tables.

use arrow::datatypes::SchemaRef;
use uplift_core::error::DeclarationError;
use uplift_proto::dataset::find;
use uplift_store::schema::{self, TableSchema};

/// The columns of the table of a dataset.
pub(crate) fn table(dataset: &str) -> Result<SchemaRef, DeclarationError> {
    match (dataset, find(dataset)) {
        ("submission", _) => Ok(schema::ledger().columns),
        (_, Some(dataset)) => Ok(TableSchema::for_dataset(dataset).columns),
        (_, None) => Err(DeclarationError::new("dataset", format!("there is no dataset {dataset:?}"))),
    }
}
