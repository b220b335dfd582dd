//! The stages of a submission of one dataset: decode, validate, add lineage, pass on to the committer.

use std::sync::Arc;

use arrow::array::{ArrayRef, BooleanArray, Int32Array, Int64Array, RecordBatch, StringArray};
use arrow::compute::filter_record_batch;
use uplift_core::dataset::Dataset;
use uplift_core::error::{Error, Result};
use uplift_core::rejection::{Rejection, Rule};
use uplift_formats::{DecodedRows, Decoder, RowNumbers, Upload};
use uplift_proto::rows::Rows;
use uplift_store::schema::TableSchema;

use crate::committer::Committer;
use crate::destination::Destination;
use crate::header::Header;
use crate::outcome::{CommitRequest, Labels, Outcome, ValidatedRows};
use crate::references::{References, Settled};
use crate::validate::{Reported, Validator};

/// Validates and commits the records of one dataset.
#[derive(Debug)]
pub(crate) struct Pipeline {
    dataset: &'static Dataset,
    decoder: Decoder,
    validator: Validator,
    schema: TableSchema,
    references: Arc<References>,
    committer: Committer,
}

/// The content of a submission: records, or a file of them.
#[derive(Debug)]
pub(crate) enum Content {
    Rows(Rows),
    File(Upload),
}

/// Why rejected rows do not replace what was accepted beside them.
const REPLACING_REJECTED: &str = "would replace the rows that were accepted beside these: the file has a column of \
     reasons, so it holds rejected rows; append it, or send the whole file again to replace";

impl Content {
    /// The bytes that identify the content.
    pub(crate) fn parts(&self) -> Vec<&[u8]> {
        match self {
            Self::Rows(rows) => vec![rows.as_bytes()],
            Self::File(file) => {
                // Each part is preceded by its length in the digest; what is not said adds nothing, so that what was
                // sent before an option existed keeps its digest.
                let units = file.units.iter().flat_map(|(name, unit)| [name.as_bytes(), unit.as_bytes()]);
                let ignored = file.ignored_columns.iter().flat_map(|name| [&b"ignored"[..], name.as_bytes()]);
                let constants = file
                    .constants
                    .iter()
                    .flat_map(|(name, value)| [&b"constant"[..], name.as_bytes(), value.as_bytes()]);
                let said = file
                    .options
                    .said()
                    .into_iter()
                    .flat_map(|(name, value)| [name.as_bytes(), value.as_bytes()]);
                std::iter::once(file.bytes.as_slice())
                    .chain(units)
                    .chain(ignored)
                    .chain(constants)
                    .chain(said)
                    .collect()
            }
        }
    }
}

impl Pipeline {
    /// A pipeline that commits to a destination.
    pub(crate) fn start(
        destination: Destination,
        schema: TableSchema,
        references: Arc<References>,
    ) -> Result<Self> {
        let dataset = destination.dataset;
        Ok(Self {
            dataset,
            decoder: Decoder::for_dataset(dataset),
            validator: Validator::for_dataset(dataset)?,
            schema,
            references,
            committer: Committer::start(destination),
        })
    }

    /// Decodes and checks the content of a submission; nothing is committed.
    pub(crate) async fn validate(&self, header: &Header, content: Content) -> Result<ValidatedRows> {
        match content {
            Content::Rows(rows) => self.validate_rows(header, &rows, 0).await,
            Content::File(upload) => self.validate_file(header, upload).await,
        }
    }

    /// The same for the rows of one batch of a stream, with the number of rows before it.
    pub(crate) async fn validate_rows(
        &self,
        header: &Header,
        rows: &Rows,
        rows_before: i64,
    ) -> Result<ValidatedRows> {
        let mut decoded = stage(stage_span!("decode"), || self.decoder.decode(rows, rows_before))?;
        self.check(header, &mut decoded).await?;
        self.assemble(header, decoded, Labels::new())
    }

    async fn validate_file(&self, header: &Header, upload: Upload) -> Result<ValidatedRows> {
        let (file, mut decoded) = stage(stage_span!("decode"), || {
            let mut file = upload.open(self.dataset)?;
            if header.replace && file.has_reasons() {
                return Err(Error::invalid_field("header.submission.mode", REPLACING_REJECTED));
            }
            let decoded = file.decode()?;
            Ok((file, decoded))
        })?;
        self.check(header, &mut decoded).await?;
        stage(stage_span!("decode"), || file.restore_labels(&mut decoded.rejections))?;
        let fields = self.dataset.fields.iter().map(|field| field.name.as_str());
        let labels = fields.map(|name| (name, file.label(name))).collect();
        let reading = Some(file.reading().clone());
        Ok(ValidatedRows { reading, ..self.assemble(header, decoded, labels)? })
    }

    /// Rejects the decoded rows that break a rule.
    async fn check(&self, header: &Header, decoded: &mut DecodedRows) -> Result<()> {
        let existing = self.references.existing(self.dataset).await?;
        let reported = Reported { area: &header.area, period: header.period };
        stage(stage_span!("validate"), || self.validator.check(decoded, reported, &existing))?;
        decoded.rejections.sort_by_field(|name| self.dataset.fields.iter().position(|f| f.name == name));
        Ok(())
    }

    fn assemble(&self, header: &Header, decoded: DecodedRows, labels: Labels) -> Result<ValidatedRows> {
        let DecodedRows { batch, rejections, numbers } = decoded;
        let keep: Vec<_> = (0..batch.num_rows()).map(|row| !rejections.contains(row)).collect();
        let told =
            |reason: Rejection| Rejection { row: numbers.number(reason.index()), ..self.masked(reason) };
        let rejections = rejections.into_reasons().into_iter().map(told).collect();
        let valid = self.add_lineage(header, &batch, &BooleanArray::from(keep), &numbers)?;
        Ok(ValidatedRows { received: batch.num_rows(), valid, rejections, labels, reading: None })
    }

    /// A reason without its value where that tells of one person: the sender has the row. A key is told with
    /// all its fields, so that one of them is enough.
    fn masked(&self, reason: Rejection) -> Rejection {
        let personal = |name: &str| self.dataset.field(name).is_some_and(|f| f.personal);
        let in_key = reason.rule == Rule::DuplicateKey && self.dataset.key.iter().any(|name| personal(name));
        if in_key || personal(&reason.field) { reason.masked() } else { reason }
    }

    /// The rows to keep, with the columns that say where they came from.
    fn add_lineage(
        &self,
        header: &Header,
        batch: &RecordBatch,
        keep: &BooleanArray,
        numbers: &RowNumbers,
    ) -> Result<RecordBatch> {
        let building = |e| Error::internal("building rows", e);
        let numbers = (0..batch.num_rows()).map(|index| numbers.number(index));
        let numbers: ArrayRef = Arc::new(Int64Array::from_iter_values(numbers));
        let numbers = arrow::compute::filter(&numbers, keep).map_err(building)?;
        let valid = filter_record_batch(batch, keep).map_err(building)?;
        let rows = valid.num_rows();
        let text = |value: &str| -> ArrayRef { Arc::new(StringArray::new_repeated(value, rows)) };
        let mut columns = valid.columns().to_vec();
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

    /// Keeps what a submission names in place until it is decided.
    pub(crate) async fn settle(&self, header: &Header) -> Arc<Settled> {
        Arc::new(self.references.settle(header).await)
    }

    /// Commits validated rows, together with other submissions that wait.
    pub(crate) async fn commit(&self, request: CommitRequest) -> Result<Outcome> {
        self.committer.commit(request).await
    }
}

/// Runs a stage that computes and does not wait, apart from the tasks of this thread.
fn stage<T>(span: tracing::Span, compute: impl FnOnce() -> T) -> T {
    tokio::task::block_in_place(|| span.in_scope(compute))
}
