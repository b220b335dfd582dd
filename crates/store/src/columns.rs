//! Columns that a dataset gained since its table was made: older rows have none of them.

use deltalake_core::kernel::engine::arrow_conversion::TryIntoKernel;
use deltalake_core::kernel::{Action, MetadataExt, StructType};
use deltalake_core::protocol::DeltaOperation;
use uplift_core::error::{Error, Result};
use uplift_engine::error::table_failed;

use crate::schema::TableSchema;
use crate::table::Table;

impl Table {
    /// Adds the columns of a schema that the table does not have, as a version of its own.
    pub(crate) async fn add_columns(&self, schema: &TableSchema) -> Result<()> {
        let failed = |e| table_failed(self.name(), "adding columns to", e);
        let mut newest = self.newest.lock().await;
        let state = newest.snapshot().map_err(failed)?;
        let known = state.snapshot().arrow_schema();
        let wanted: StructType = schema
            .columns
            .as_ref()
            .try_into_kernel()
            .map_err(|e| Error::internal("describing the table", e))?;
        let added: Vec<_> = wanted.fields().filter(|f| known.index_of(f.name()).is_err()).cloned().collect();
        if added.is_empty() {
            return Ok(());
        }
        let names: Vec<_> = added.iter().map(|field| field.name().clone()).collect();
        let all = StructType::try_new(state.schema().fields().cloned().chain(added.iter().cloned()));
        let all = all.map_err(|e| Error::internal("describing the table", e))?;
        let metadata = state.metadata().clone().with_schema(&all).map_err(|e| failed(e.into()))?;
        let operation = DeltaOperation::AddColumn { fields: added };
        let actions = vec![Action::Metadata(metadata)];
        let version = self.write_log(&mut newest, Vec::new(), Vec::new(), actions, operation).await?;
        tracing::info!(table = self.name(), version, columns = names.join(", "), "added columns");
        Ok(())
    }
}
