//! What figures are computed from, as a folder that can be taken elsewhere: definitions, and the rows of tables at their
//! versions as tables of their own. What identifies a person is hashed.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, StringArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Schema};
use datafusion::functions::string::expr_fn::starts_with;
use datafusion::logical_expr::{Expr, col, lit};
use futures::TryStreamExt;
use serde::Serialize;
use sha2::{Digest, Sha256};
use tempfile::TempDir;
use uplift_core::area::AreaCode;
use uplift_core::dataset::{Dataset, Format, Kind};
use uplift_core::error::{Error, Result};
use uplift_engine::error::query_failed;
use uplift_formats::columns::text;
use uplift_proto::dataset::{all, find};
use uplift_store::schema::{LEDGER, REPORTING_AREA, TableSchema, ledger};
use uplift_store::{Commit, Store};
use uuid::Uuid;

use crate::indicators::catalogue::Catalogue;
use crate::indicators::indicator::Indicator;
use crate::snapshots::SnapshotSet;

/// Rows of one commit of an exported table.
const ROWS: usize = 200_000;

/// The folders of an export.
pub(crate) const DEFINITIONS: &str = "definitions";
pub(crate) const TABLES: &str = "tables";

/// An export, removed when it is let go.
#[derive(Debug)]
pub(crate) struct Export {
    pub(crate) folder: TempDir,
    /// Versions of its tables.
    pub(crate) versions: BTreeMap<String, i64>,
}

/// Exports the definitions of indicators, and the tables at the versions of an answer.
pub(crate) async fn export(
    catalogue: &Catalogue,
    snapshots: &SnapshotSet,
    indicators: &[String],
    area: Option<&AreaCode>,
    tables: &BTreeSet<String>,
) -> Result<Export> {
    let failed = |e: std::io::Error| Error::internal("making room for an export", e);
    let folder = tempfile::tempdir().map_err(failed)?;
    let definitions = folder.path().join(DEFINITIONS);
    std::fs::create_dir(&definitions).map_err(failed)?;
    for name in indicators {
        let indicator = catalogue.get(name)?;
        let text = declaration(catalogue.history(&indicator.id)?)?;
        std::fs::write(definitions.join(format!("{}.toml", indicator.id)), text).map_err(failed)?;
    }
    let store = Store::open(&folder.path().join(TABLES))?;
    let hashing = Hashing { salt: [Uuid::now_v7(), Uuid::now_v7()] };
    let mut versions = BTreeMap::new();
    for table in tables {
        versions.insert(table.clone(), rows_of(snapshots, &store, table, area, &hashing).await?);
    }
    Ok(Export { folder, versions })
}

/// Every version of an indicator, as a file of declarations.
fn declaration(versions: &[Arc<Indicator>]) -> Result<String> {
    #[derive(Serialize)]
    struct File {
        indicator: Vec<toml::Table>,
    }
    let table = |indicator: &Arc<Indicator>| {
        let mut table = toml::Table::try_from(indicator.as_ref())?;
        // The name of the file, which a declaration does not repeat.
        table.remove("section");
        Ok(table)
    };
    let indicator = versions.iter().map(table).collect::<Result<_, toml::ser::Error>>();
    let written = indicator.and_then(|indicator| toml::to_string(&File { indicator }));
    written.map_err(|e| Error::internal("writing a definition", e))
}

/// Copies the rows of a table and returns the version of the copy.
async fn rows_of(
    snapshots: &SnapshotSet,
    store: &Store,
    name: &str,
    area: Option<&AreaCode>,
    hashing: &Hashing,
) -> Result<i64> {
    let Some(provider) = snapshots.provider(name).await? else { return Ok(-1) };
    let dataset = find(name);
    let schema = match dataset {
        Some(dataset) => TableSchema::for_dataset(dataset),
        None if name == LEDGER => ledger(),
        None => return Err(Error::internal("exporting a table", format!("{name} is no dataset"))),
    };
    let failed = |e| query_failed(format!("exporting {name}"), e);
    let mut rows = uplift_engine::SESSION.read_table(provider).map_err(failed)?;
    if let Some(condition) = area.zip(dataset).and_then(|(area, dataset)| within(area, dataset)) {
        rows = rows.filter(condition).map_err(failed)?;
    }
    let table = store.create(&schema).await?;
    let mut version = 0;
    let (mut waiting, mut count) = (Vec::new(), 0);
    let mut batches = rows.execute_stream().await.map_err(failed)?;
    while let Some(batch) = batches.try_next().await.map_err(failed)? {
        count += batch.num_rows();
        waiting.push(hashing.batch(&batch, &schema.columns, dataset)?);
        if count >= ROWS {
            count = 0;
            version =
                table.commit(Commit { batches: std::mem::take(&mut waiting), ..Commit::default() }).await?;
        }
    }
    if !waiting.is_empty() {
        version = table.commit(Commit { batches: waiting, ..Commit::default() }).await?;
    }
    Ok(version)
}

/// Rows that say something of an area, of areas in it, or of one that it lies in; `None` where all rows are wanted, as of
/// datasets that others refer to.
fn within(area: &AreaCode, dataset: &Dataset) -> Option<Expr> {
    let refers = |field: &uplift_core::dataset::Field| {
        field.reference.as_ref().is_some_and(|reference| reference.dataset == dataset.name)
    };
    if all().iter().any(|other| other.fields.iter().any(refers)) {
        return None;
    }
    let of_area =
        dataset.fields.iter().filter(|f| f.kind == Kind::Text(Format::Area)).map(|f| f.name.as_str());
    let of_area: Vec<_> = of_area.chain([REPORTING_AREA]).collect();
    let fits = |column: &str| {
        let (column, code) = (col(column), lit(area.as_str()));
        starts_with(column.clone(), code.clone()).or(starts_with(code, column))
    };
    of_area.into_iter().map(fits).reduce(Expr::or)
}

/// Replaces values by digests that only those can compute who know the salt, which nobody keeps.
struct Hashing {
    salt: [Uuid; 2],
}

impl Hashing {
    /// Rows in the columns of a table, personal values hashed.
    fn batch(
        &self,
        rows: &RecordBatch,
        columns: &Arc<Schema>,
        dataset: Option<&'static Dataset>,
    ) -> Result<RecordBatch> {
        let is_personal = |name: &str| {
            dataset.is_some_and(|d| d.fields.iter().any(|field| field.personal && field.name == name))
        };
        let failed = |e| Error::internal("exporting rows", e);
        let column = |field: &Arc<arrow::datatypes::Field>| -> Result<ArrayRef> {
            if is_personal(field.name()) && *field.data_type() == DataType::Utf8 {
                let values = text(rows, field.name())?;
                return Ok(Arc::new(values.iter().map(|v| v.map(|v| self.hash(v))).collect::<StringArray>()));
            }
            let column = rows.column_by_name(field.name());
            let column =
                column.ok_or_else(|| Error::internal("exporting rows", format!("no column {field}")))?;
            cast(column, field.data_type()).map_err(failed)
        };
        let arrays = columns.fields().iter().map(column).collect::<Result<Vec<_>>>()?;
        RecordBatch::try_new(columns.clone(), arrays).map_err(failed)
    }

    fn hash(&self, value: &str) -> String {
        let mut digest = Sha256::new();
        self.salt.iter().for_each(|part| digest.update(part.as_bytes()));
        digest.update(value);
        hex::encode(&digest.finalize()[..16])
    }
}
