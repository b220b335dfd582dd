//! Records of other datasets that records belong to: the one in force on a day, or the newest.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use arrow::array::{Array, ArrayRef, AsArray, Date32Array, RecordBatch, UInt32Array};
use arrow::compute::{concat_batches, take};
use arrow::datatypes::{DataType, Date32Type, Field as Column, Schema, SchemaRef};
use datafusion::prelude::DataFrame;
use uplift_core::dataset::{Dataset, Format, JoinedRecord, Kind};
use uplift_core::error::{Error, Result};
use uplift_formats::columns::column;
use uplift_store::Store;
use uplift_store::schema::SIMULATED;

use super::columns::{read_columns, read_rows};
use crate::keys::key_rows;

/// How records are joined, and what is read of them.
#[derive(Debug)]
pub(super) struct Join {
    pub(super) joined: &'static JoinedRecord,
    /// Columns of the other dataset that are read.
    read: SchemaRef,
    /// Those that rules name, as they name them.
    pub(super) named: Vec<(usize, Arc<Column>)>,
}

/// Records of another dataset by what they are joined on.
#[derive(Debug)]
pub(super) struct JoinedTable {
    rows: RecordBatch,
    /// Their indexes, the one that began last first.
    by_key: HashMap<Box<[u8]>, Vec<u32>>,
}

/// Tables that were read, each at a version.
#[derive(Debug, Default)]
pub(super) struct JoinedTables(Mutex<HashMap<String, (i64, Arc<JoinedTable>)>>);

/// What is joined by the name of each join.
pub(super) type JoinedRows = HashMap<String, Arc<JoinedTable>>;

impl Join {
    /// A join that is needed for some of its columns, which rules name as `name_column`.
    pub(super) fn new(
        own: &Dataset,
        joined: &'static JoinedRecord,
        is_named: impl Fn(&str) -> bool,
    ) -> Result<Option<Self>> {
        let other = other(joined)?;
        let name = |column: &str| format!("{}_{column}", joined.name);
        let named: Vec<_> = other.fields.iter().filter(|field| is_named(&name(field.column()))).collect();
        if named.is_empty() {
            return Ok(None);
        }
        let days = [(own, &joined.at), (other, &joined.from), (other, &joined.until)];
        for (dataset, day) in days.into_iter().filter(|(_, day)| !day.is_empty()) {
            if dataset.field(day).is_none_or(|field| field.kind != Kind::Text(Format::Date)) {
                return Err(Error::internal(
                    "joining records",
                    format!("{}.{day} is not a date", dataset.name),
                ));
            }
        }
        let needed = |name: &str| {
            joined.on.iter().any(|on| on == name)
                || [&joined.from, &joined.until].iter().any(|day| *day == name)
        };
        let read =
            other.fields.iter().filter(|f| needed(&f.name) || named.iter().any(|named| named.name == f.name));
        let mut read: Vec<Column> = read.map(column).collect();
        read.push(Column::new(SIMULATED, DataType::Boolean, false));
        let index = |column: &str| read.iter().position(|c| c.name() == column).unwrap_or_default();
        let named = named.iter().map(|field| {
            let column = column(field).with_name(name(field.column()));
            (index(field.column()), Arc::new(column))
        });
        let named = named.collect();
        Ok(Some(Self { joined, read: Arc::new(Schema::new(read)), named }))
    }

    /// Records that others may be joined to.
    pub(super) fn table(&self, batches: &[RecordBatch]) -> Result<JoinedTable> {
        let batches: Vec<_> =
            batches.iter().map(|batch| read_columns(batch, &self.read)).collect::<Result<_>>()?;
        let rows = concat_batches(&self.read, &batches).map_err(|e| Error::internal("reading records", e))?;
        let on = self.joined.on.iter().map(String::as_str).chain([SIMULATED]);
        let keys = key_rows(&on.filter_map(|name| rows.column_by_name(name)).cloned().collect::<Vec<_>>())?;
        let mut by_key: HashMap<Box<[u8]>, Vec<u32>> = HashMap::new();
        for (index, key) in keys.iter().enumerate() {
            by_key.entry(key.data().into()).or_default().push(index as u32);
        }
        if let Some(from) = days(&rows, &self.joined.from) {
            let newest = |index: &u32| std::cmp::Reverse(from.value(*index as usize));
            by_key.values_mut().for_each(|indexes| indexes.sort_by_key(newest));
        }
        Ok(JoinedTable { rows, by_key })
    }

    /// The columns that rules name, for each of some records.
    pub(super) fn columns(&self, own: &RecordBatch, table: &JoinedTable) -> Result<Vec<ArrayRef>> {
        let on = self.joined.own.iter().map(String::as_str).chain([SIMULATED]);
        let keys = key_rows(&on.filter_map(|name| own.column_by_name(name)).cloned().collect::<Vec<_>>())?;
        let at = days(own, &self.joined.at);
        let [from, until] = [&self.joined.from, &self.joined.until].map(|name| days(&table.rows, name));
        let in_force = |row: usize, index: u32| {
            let index = index as usize;
            let Some(at) = at else { return true };
            let begun = from.is_none_or(|from| from.value(index) <= at.value(row));
            let ended =
                until.is_some_and(|until| until.is_valid(index) && until.value(index) < at.value(row));
            at.is_valid(row) && begun && !ended
        };
        let found = keys.iter().enumerate().map(|(row, key)| {
            table.by_key.get(key.data())?.iter().find(|index| in_force(row, **index)).copied()
        });
        let found: UInt32Array = found.collect();
        let named = self.named.iter().map(|(index, _)| take(table.rows.column(*index), &found, None));
        named.collect::<std::result::Result<_, _>>().map_err(|e| Error::internal("joining records", e))
    }

    /// The columns that are read of rows of the other dataset.
    pub(super) async fn rows(&self, rows: DataFrame) -> Result<Vec<RecordBatch>> {
        read_rows(rows, &self.read).await
    }
}

impl JoinedTables {
    /// The records of a join's dataset now.
    pub(super) async fn read(&self, store: &Store, join: &Join) -> Result<Arc<JoinedTable>> {
        let name = &join.joined.name;
        let Some(table) = store.get(&join.joined.dataset).await? else {
            return Ok(Arc::new(join.table(&[])?));
        };
        let snapshot = table.snapshot().await?;
        let lock = || self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((version, known)) = lock().get(name)
            && *version == snapshot.version()
        {
            return Ok(known.clone());
        }
        let read = Arc::new(join.table(&join.rows(snapshot.rows().await?).await?)?);
        lock().insert(name.clone(), (snapshot.version(), read.clone()));
        Ok(read)
    }
}

/// The dataset that records are joined from.
fn other(joined: &JoinedRecord) -> Result<&'static Dataset> {
    let unknown = || Error::internal("joining records", format!("{} is not a dataset", joined.dataset));
    uplift_proto::dataset::find(&joined.dataset).ok_or_else(unknown)
}

fn days<'b>(batch: &'b RecordBatch, name: &str) -> Option<&'b Date32Array> {
    batch.column_by_name(name).and_then(|column| column.as_primitive_opt::<Date32Type>())
}
