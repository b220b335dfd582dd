//! One dataset's way in: decode, check, part good rows from bad, hand on to the committer.

use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, BooleanArray, Int32Array, Int64Array, RecordBatch, StringArray};
use arrow::compute::filter_record_batch;
use uplift_core::area::AreaCode;
use uplift_core::dataset::{Format, Kind};
use uplift_core::error::{Error, Result};
use uplift_proto::rows::Rows;
use uplift_store::schema::TableSchema;

use crate::committer::{Committer, Decided, Ready, Target};
use crate::decode::Decoder;
use crate::fault::Fault;
use crate::file::File;
use crate::header::Header;
use crate::references::References;
use crate::validate::Validator;

/// Takes in the records of one dataset.
#[derive(Debug)]
pub struct Intake {
    decoder: Decoder,
    validator: Validator,
    schema: TableSchema,
    references: Arc<References>,
    committer: Committer,
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
    /// What the sender calls the field that duplicate keys are reported on.
    pub key_field: String,
}

/// What a sender sends: records, or a file of them.
#[derive(Debug, Clone, Copy)]
pub enum Content<'a> {
    /// Encoded records.
    Rows(&'a Rows),
    /// A file.
    File(&'a File),
}

impl Content<'_> {
    /// What tells one content from another.
    pub fn parts(&self) -> Vec<&[u8]> {
        match self {
            Self::Rows(rows) => vec![rows.as_bytes()],
            Self::File(file) => {
                let units = file.units.iter().flat_map(|(name, unit)| [name.as_bytes(), unit.as_bytes()]);
                std::iter::once(file.bytes.as_slice()).chain(units).collect()
            }
        }
    }
}

impl Intake {
    /// A way in that commits to a target.
    pub fn new(target: Target, schema: TableSchema, references: Arc<References>) -> Result<Self> {
        Ok(Self {
            decoder: Decoder::new(target.dataset),
            validator: Validator::new(target.dataset)?,
            schema,
            references,
            committer: Committer::start(target),
        })
    }

    /// Decodes and checks records; nothing is kept. Rows count on from `first_row`.
    pub async fn check(&self, header: &Header, content: Content<'_>, first_row: usize) -> Result<Checked> {
        let existing = self.references.of(header.dataset).await?;
        let key_field = header.dataset.key.last().cloned().unwrap_or_default();
        let (decoded, key_field) = match content {
            Content::Rows(rows) => (stage_span!("decode").in_scope(|| self.decoder.decode(rows))?, key_field),
            Content::File(file) => {
                let decoded = stage_span!("decode").in_scope(|| file.decode(header.dataset))?;
                (decoded, file.heading_of(header.dataset, &key_field)?)
            }
        };
        let received = decoded.batch.num_rows();
        let mut faulty = vec![false; received];
        let mut faults = decoded.faults;
        faults.iter().for_each(|f| faulty[f.row] = true);
        let mut found = stage_span!("validate")
            .in_scope(|| self.validator.check(&decoded.batch, &header.area, &existing, &faulty))?;
        found.iter().for_each(|f| faulty[f.row] = true);
        if let Content::File(file) = content {
            found.sort_by_key(|f| f.row);
            file.own_words(header.dataset, &mut found)?;
        }
        faults.extend(found);
        faults.sort_by_key(|f| f.row);
        let good = self.land(header, &decoded.batch, &faulty, first_row as i64)?;
        faults.iter_mut().for_each(|f| f.row += first_row);
        Ok(Checked { received, good, faults, key_field })
    }

    /// Commits checked rows, together with whatever else waits.
    pub async fn commit(&self, ready: Ready) -> Result<Decided> {
        self.committer.commit(ready).await
    }

    /// The rows to keep, with the columns that say where they came from.
    fn land(
        &self,
        header: &Header,
        batch: &RecordBatch,
        faulty: &[bool],
        first_row: i64,
    ) -> Result<RecordBatch> {
        let building = |e| Error::internal("building rows", e);
        let numbers: ArrayRef =
            Arc::new(Int64Array::from_iter_values(first_row + 1..=first_row + batch.num_rows() as i64));
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
