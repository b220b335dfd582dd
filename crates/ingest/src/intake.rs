//! One dataset's way in: decode, check, part good rows from bad, and commit.

use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, BooleanArray, Int32Array, Int64Array, RecordBatch, StringArray};
use arrow::compute::filter_record_batch;
use datafusion::logical_expr::{Expr, col, lit};
use tokio::sync::Mutex;
use uplift_core::area::AreaCode;
use uplift_core::dataset::{Dataset, Format, Kind};
use uplift_core::error::{Error, Result};
use uplift_proto::rows::Rows;
use uplift_store::schema::{self, TableSchema};
use uplift_store::{Commit, Store, Table};

use crate::decode::Decoder;
use crate::fault::Fault;
use crate::header::Header;
use crate::ledger::Ledger;
use crate::submission::Submission;
use crate::validate::Validator;

/// Takes in the records of one dataset.
#[derive(Debug)]
pub struct Intake {
    decoder: Decoder,
    validator: Validator,
    table: Arc<Table>,
    schema: TableSchema,
    /// One commit at a time.
    gate: Mutex<()>,
}

/// Rows that were checked.
#[derive(Debug)]
pub struct Checked {
    /// Rows sent.
    pub received: usize,
    /// Rows without a fault, with the columns that ingest adds.
    pub good: RecordBatch,
    /// Everything wrong, in the order of rows.
    pub faults: Vec<Fault>,
}

impl Checked {
    /// Rows that have a fault.
    pub fn rejected(&self) -> usize {
        self.received - self.good.num_rows()
    }
}

impl Intake {
    /// Opens the dataset's table, made if need be.
    pub async fn open(store: &Store, dataset: &'static Dataset) -> Result<Self> {
        let schema = TableSchema::of(dataset);
        Ok(Self {
            decoder: Decoder::new(dataset),
            validator: Validator::new(dataset)?,
            table: store.create(&schema).await?,
            schema,
            gate: Mutex::new(()),
        })
    }

    /// The dataset's table.
    pub fn table(&self) -> &Table {
        &self.table
    }

    /// Decodes and checks rows; nothing is kept.
    pub fn check(&self, header: &Header, rows: Rows) -> Result<Checked> {
        let decoded = self.decoder.decode(rows)?;
        let received = decoded.batch.num_rows();
        let mut faulty = vec![false; received];
        let mut faults = decoded.faults;
        faults.iter().for_each(|f| faulty[f.row] = true);
        let found = self.validator.check(&decoded.batch, &header.area, &faulty)?;
        found.iter().for_each(|f| faulty[f.row] = true);
        faults.extend(found);
        faults.sort_by_key(|f| f.row);
        let good = self.land(header, &decoded.batch, &faulty)?;
        Ok(Checked { received, good, faults })
    }

    /// Commits good rows as one version of the table; the answer is the submission as it now stands.
    pub async fn commit(
        &self,
        header: &Header,
        good: RecordBatch,
        submission: Submission,
    ) -> Result<Submission> {
        let _one_at_a_time = self.gate.lock().await;
        let landed = Submission { committed: true, rows_landed: good.num_rows() as i64, ..submission };
        let commit = Commit {
            batches: if good.num_rows() == 0 { Vec::new() } else { vec![good] },
            replace: header.replace.then(|| replaced_by(header)),
            transactions: vec![landed.submission_id.clone()],
            metadata: Ledger::log_metadata(std::slice::from_ref(&landed))?,
        };
        let version = self.table.commit(commit).await?;
        Ok(Submission { table_version: Some(version), ..landed })
    }

    /// The rows to keep, with the columns that say where they came from.
    fn land(&self, header: &Header, batch: &RecordBatch, faulty: &[bool]) -> Result<RecordBatch> {
        let building = |e| Error::internal("building rows", e);
        let numbers: ArrayRef = Arc::new(Int64Array::from_iter_values(1..=batch.num_rows() as i64));
        let keep: BooleanArray = faulty.iter().map(|bad| Some(!bad)).collect();
        let numbers = arrow::compute::filter(&numbers, &keep).map_err(building)?;
        let good = filter_record_batch(batch, &keep).map_err(building)?;
        let rows = good.num_rows();
        let text = |value: &str| -> ArrayRef { Arc::new(StringArray::from_iter_values(vec![value; rows])) };
        let mut columns: Vec<ArrayRef> =
            good.columns().iter().zip(self.validator.fields()).map(|(c, f)| canonical(&f.kind, c)).collect();
        columns.extend([
            Arc::new(BooleanArray::from(vec![header.simulated; rows])) as ArrayRef,
            text(header.area.as_str()),
            text(&header.period.to_string()),
            text(&header.submission_id),
            numbers,
            Arc::new(Int32Array::from(vec![i32::from(header.period.year()); rows])),
            text(header.area.county()),
        ]);
        RecordBatch::try_new(self.schema.columns.clone(), columns).map_err(building)
    }
}

/// Area codes are kept without padding, so that a roll-up is a prefix.
fn canonical(kind: &Kind, column: &ArrayRef) -> ArrayRef {
    if *kind != Kind::Text(Format::Area) {
        return column.clone();
    }
    let codes = column.as_string::<i32>().iter().map(|text| {
        text.map(|t| t.parse::<AreaCode>().map_or_else(|_| t.to_owned(), |code| code.as_str().to_owned()))
    });
    Arc::new(codes.collect::<StringArray>())
}

/// The rows that a replacing submission takes the place of. The partition columns come first, so
/// that only files of that year and county are looked at.
fn replaced_by(header: &Header) -> Expr {
    col(schema::REPORTING_YEAR)
        .eq(lit(i32::from(header.period.year())))
        .and(col(schema::REPORTING_COUNTY).eq(lit(header.area.county())))
        .and(col(schema::REPORTING_AREA).eq(lit(header.area.as_str())))
        .and(col(schema::REPORTING_PERIOD).eq(lit(header.period.to_string())))
}
