//! Rows to data files and back: every file is named by the digest of its content, and read whole.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, StringArray};
use arrow::compute::{cast, partition};
use arrow::datatypes::{DataType, SchemaRef};
use deltalake_core::DeltaTable;
use deltalake_core::kernel::scalars::ScalarExt;
use deltalake_core::kernel::{Action, Add, LogicalFileView};
use deltalake_core::logstore::object_store::{ObjectStoreExt, path::Path};
use deltalake_core::parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use deltalake_core::writer::{DeltaWriter, RecordBatchWriter, WriteMode};
use indexmap::IndexMap;
use tokio::runtime::Handle;
use tokio::task::JoinSet;
use uplift_core::error::{Error, Result};
use uplift_engine::error::table_failed;

use crate::guarded::{GuardedStore, with_digest};
use crate::layout::layout;

/// Writes the data files of one commit.
pub(crate) struct DataFileWriter<'t> {
    table: &'t DeltaTable,
    name: &'t str,
    files: &'t GuardedStore,
    /// None before the first rows, which tell how columns are encoded.
    writer: Option<RecordBatchWriter>,
    /// Files that are written meanwhile on other cores. One that is begun is written to its end, even where the commit fails: no
    /// log names it then.
    beside: JoinSet<deltalake_core::DeltaResult<Vec<Add>>>,
}

/// Rows of one batch from which on it is written as two files side by side, since encoding takes longest.
const TWO_FILES_FROM: usize = 200_000;

impl<'t> DataFileWriter<'t> {
    pub(crate) fn new(table: &'t DeltaTable, name: &'t str, files: &'t GuardedStore) -> Self {
        Self { table, name, files, writer: None, beside: JoinSet::new() }
    }

    pub(crate) async fn write(&mut self, rows: RecordBatch) -> Result<()> {
        if rows.num_rows() == 0 {
            return Ok(());
        }
        let failed = |e| table_failed(self.name, "writing rows of", e);
        let new = || {
            let writer = RecordBatchWriter::for_table(self.table);
            writer.map(|writer| writer.with_writer_properties(layout(&rows)))
        };
        let mut writer = self.writer.take().map_or_else(new, Ok).map_err(failed)?;
        let rows = in_order(&rows, &writer.arrow_schema())?;
        let snapshot = self.table.snapshot().map_err(failed)?;
        match only_folder(&rows, snapshot.metadata().partition_columns()) {
            Some(folder) if rows.num_rows() >= TWO_FILES_FROM => {
                let half = rows.num_rows() / 2;
                let (first, second) = (rows.slice(0, half), rows.slice(half, rows.num_rows() - half));
                let of_second = folder.clone();
                let mut beside = new().map_err(failed)?;
                // Encoding never waits: as a task of this thread it would come after the first half.
                let runtime = Handle::current();
                self.beside.spawn_blocking(move || {
                    runtime.block_on(async {
                        beside.write_partition(second, &of_second, WriteMode::Default).await?;
                        beside.flush().await
                    })
                });
                writer.write_partition(first, &folder, WriteMode::Default).await.map(|_| ())
            }
            Some(folder) => writer.write_partition(rows, &folder, WriteMode::Default).await.map(|_| ()),
            None => writer.write(rows).await,
        }
        .map_err(failed)?;
        self.writer = Some(writer);
        Ok(())
    }

    /// Completes the files and names each by its digest. `new_rows` is whether the table gains rows by them.
    pub(crate) async fn finish(mut self, new_rows: bool) -> Result<Vec<Action>> {
        let failed = |e| table_failed(self.name, "writing rows of", e);
        let mut actions = Vec::new();
        let mut written = match &mut self.writer {
            Some(writer) => writer.flush().await.map_err(failed)?,
            None => Vec::new(),
        };
        while let Some(beside) = self.beside.join_next().await {
            let beside = beside.map_err(|e| Error::internal("writing a file beside another", e))?;
            written.extend(beside.map_err(failed)?);
        }
        for mut add in written {
            let written =
                Path::from_iter([self.name]).parts().chain(Path::from(add.path.as_str()).parts()).collect();
            let digest = self.files.take_digest(&written);
            let digest = digest.ok_or_else(|| Error::internal("naming a data file", "it has no digest"))?;
            let named = with_digest(&add.path, &digest);
            let store = self.table.log_store().object_store(None);
            let rename = store.rename(&Path::from(add.path.as_str()), &Path::from(named.as_str())).await;
            rename.map_err(|e| failed(e.into()))?;
            (add.path, add.data_change) = (named, new_rows);
            actions.push(Action::Add(add));
        }
        Ok(actions)
    }
}

/// The values of the folder that all rows belong to, as those of a submission do: they need not be parted. None if the
/// table has no folders, or if the rows belong to several.
fn only_folder<S: ScalarExt>(rows: &RecordBatch, columns: &[String]) -> Option<IndexMap<String, S>> {
    let arrays = columns.iter().map(|name| rows.column_by_name(name).cloned()).collect::<Option<Vec<_>>>()?;
    if arrays.is_empty() || partition(&arrays).ok()?.len() != 1 {
        return None;
    }
    let values = arrays.iter().map(|array| S::from_array(array, 0)).collect::<Option<Vec<_>>>()?;
    Some(columns.iter().cloned().zip(values).collect())
}

/// Rows with their columns in the order of the table: those that a dataset gained later are at its end.
fn in_order(rows: &RecordBatch, schema: &SchemaRef) -> Result<RecordBatch> {
    let column = |field: &Arc<arrow::datatypes::Field>| rows.schema().index_of(field.name());
    let order = schema.fields().iter().map(column).collect::<arrow::error::Result<Vec<_>>>();
    let ordered = order.and_then(|order| rows.project(&order));
    ordered.map_err(|e| Error::internal("putting columns into the order of the table", e))
}

/// The rows of one data file, with the columns that its folder stands for.
pub(crate) async fn read_file(
    table: &DeltaTable,
    name: &str,
    schema: &SchemaRef,
    file: &LogicalFileView,
) -> Result<Vec<RecordBatch>> {
    let failed = |e| table_failed(name, "reading rows of", e);
    let store = table.log_store().object_store(None);
    let content = store.get(&file.object_store_path()).await.map_err(|e| failed(e.into()))?;
    let content = content.bytes().await.map_err(|e| failed(e.into()))?;
    let reader = ParquetRecordBatchReaderBuilder::try_new(content).and_then(|builder| builder.build());
    let reader = reader.map_err(|e| failed(e.into()))?;
    let folder = file.partition_values_map();
    let rows = reader.map(|rows| complete(&rows.map_err(Box::new)?, schema, &folder));
    let rows: std::result::Result<_, Box<dyn std::error::Error + Send + Sync>> = rows.collect();
    rows.map_err(|e| Error::internal(format!("reading rows of {name}"), e))
}

/// Rows with all columns of a table: those that a file does not have are the values of its partition.
fn complete(
    rows: &RecordBatch,
    schema: &SchemaRef,
    folder: &HashMap<String, Option<String>>,
) -> std::result::Result<RecordBatch, Box<dyn std::error::Error + Send + Sync>> {
    let column = |field: &Arc<arrow::datatypes::Field>| -> arrow::error::Result<ArrayRef> {
        match rows.column_by_name(field.name()) {
            Some(column) => cast(column, field.data_type()),
            None => {
                let value = folder.get(field.name()).cloned().flatten();
                let texts: ArrayRef = Arc::new(StringArray::from(vec![value; rows.num_rows()]));
                cast(&texts, field.data_type())
            }
        }
    };
    let columns: Vec<_> = schema.fields().iter().map(column).collect::<arrow::error::Result<_>>()?;
    Ok(RecordBatch::try_new(schema.clone(), columns)?)
}

/// The columns of a table in plain types: texts are texts, whatever the engine would read them as.
pub(crate) fn plain_schema(schema: &arrow::datatypes::Schema) -> SchemaRef {
    let plain = |field: &Arc<arrow::datatypes::Field>| match field.data_type() {
        DataType::Utf8View | DataType::LargeUtf8 => field.as_ref().clone().with_data_type(DataType::Utf8),
        _ => field.as_ref().clone(),
    };
    Arc::new(arrow::datatypes::Schema::new(schema.fields().iter().map(plain).collect::<Vec<_>>()))
}
