//! Files whose columns have names and types: Parquet, and Arrow IPC as a file or a stream.

use std::ops::ControlFlow;

use arrow::array::RecordBatch;
use arrow::datatypes::{DataType, SchemaRef};
use arrow::ipc::writer::FileWriter;
use arrow::util::display::{ArrayFormatter, FormatOptions};
use bytes::Bytes;
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ParquetRecordBatchReaderBuilder};
use uplift_core::contained::contained;
use uplift_core::dataset::MAX_RECORDS;
use uplift_core::error::{Error, Result};

use super::arrow_ipc::{ArrowFile, ArrowStream};
use crate::row::{CellKind, Row, Visit};

/// A file of columns.
#[derive(Debug)]
pub(crate) struct Columnar {
    bytes: Bytes,
    form: Form,
    schema: SchemaRef,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    Parquet,
    ArrowFile,
    ArrowStream,
}

type Batches = Box<dyn Iterator<Item = Result<RecordBatch, String>>>;

impl Columnar {
    /// Reads the names and types.
    pub(crate) fn open(bytes: Bytes, form: Form) -> Result<Self> {
        let text = |e: arrow::error::ArrowError| e.to_string();
        let schema = contained(|| match form {
            Form::Parquet => ArrowReaderMetadata::load(&bytes, Default::default())
                .map(|m| m.schema().clone())
                .map_err(|e| e.to_string()),
            Form::ArrowFile => ArrowFile::open(bytes.clone()).map(|file| file.schema).map_err(text),
            Form::ArrowStream => ArrowStream::open(bytes.clone()).map(|stream| stream.schema).map_err(text),
        });
        let schema = schema.ok_or_else(|| contradictory(form))?.map_err(|e| unreadable(form, &e))?;
        Ok(Self { bytes, form, schema })
    }

    /// What the file is.
    pub(crate) fn name(&self) -> &'static str {
        self.form.name()
    }

    /// What the name of such a file ends in.
    pub(crate) fn extension(&self) -> &'static str {
        if self.form == Form::Parquet { "parquet" } else { "arrow" }
    }

    /// Names of the columns.
    pub(crate) fn headings(&self) -> Vec<String> {
        self.schema.fields().iter().map(|f| f.name().clone()).collect()
    }

    /// The names and types.
    pub(crate) fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    fn batches(&self) -> Result<Batches, String> {
        let bytes = self.bytes.clone();
        let text = |e: arrow::error::ArrowError| e.to_string();
        Ok(match self.form {
            Form::Parquet => {
                let builder = ParquetRecordBatchReaderBuilder::try_new(bytes).map_err(|e| e.to_string())?;
                let reader = builder.build().map_err(|e| e.to_string())?;
                Box::new(reader.map(move |b| b.map_err(text)))
            }
            Form::ArrowFile => Box::new(ArrowFile::open(bytes).map_err(text)?.map(move |b| b.map_err(text))),
            Form::ArrowStream => {
                Box::new(ArrowStream::open(bytes).map_err(text)?.map(move |b| b.map_err(text)))
            }
        })
    }

    /// Visits the record batches.
    pub(crate) fn record_batches(
        &self,
        mut visit: impl FnMut(RecordBatch) -> Result<ControlFlow<()>>,
    ) -> Result<()> {
        // The libraries take some malformed files for impossible.
        let mut batches = contained(|| self.batches())
            .ok_or_else(|| contradictory(self.form))?
            .map_err(|e| unreadable(self.form, &e))?;
        loop {
            let batch = contained(|| batches.next()).ok_or_else(|| contradictory(self.form))?;
            let Some(batch) = batch else { return Ok(()) };
            if visit(batch.map_err(|e| unreadable(self.form, &e))?)? == ControlFlow::Break(()) {
                return Ok(());
            }
        }
    }

    /// Visits the rows, numbered from 1.
    pub(crate) fn rows(&self, visit: Visit<'_>) -> Result<()> {
        let options = FormatOptions::default();
        let mut row = Row::default();
        self.record_batches(|batch| {
            let failed = |e: arrow::error::ArrowError| unreadable(self.form, &e.to_string());
            let columns = batch.columns().iter();
            let columns: Vec<_> = columns
                .map(|c| Ok((ArrayFormatter::try_new(c, &options).map_err(failed)?, kind(c.data_type()))))
                .collect::<Result<_>>()?;
            let mut text = String::new();
            // A few bytes may claim any number of empty rows.
            if row.line as usize + batch.num_rows() > MAX_RECORDS {
                let message = format!("has more than {MAX_RECORDS} rows; split it by county or year");
                return Err(Error::invalid_field("file", message));
            }
            for index in 0..batch.num_rows() {
                row.clear();
                row.line += 1;
                for (formatter, kind) in &columns {
                    text.clear();
                    formatter.value(index).write(&mut text).map_err(failed)?;
                    row.push(&text, *kind);
                }
                if visit(&row)? == ControlFlow::Break(()) {
                    return Ok(ControlFlow::Break(()));
                }
            }
            Ok(ControlFlow::Continue(()))
        })
    }

    /// Batches in the same form.
    pub(crate) fn write(&self, schema: &SchemaRef, batches: &[RecordBatch]) -> Result<Vec<u8>> {
        let mut bytes = Vec::new();
        let written = match self.form {
            Form::Parquet => ArrowWriter::try_new(&mut bytes, schema.clone(), None)
                .and_then(|mut writer| {
                    batches.iter().try_for_each(|batch| writer.write(batch))?;
                    writer.close().map(drop)
                })
                .map_err(|e| e.to_string()),
            Form::ArrowFile | Form::ArrowStream => FileWriter::try_new(&mut bytes, schema)
                .and_then(|mut writer| {
                    batches.iter().try_for_each(|batch| writer.write(batch))?;
                    writer.finish()
                })
                .map_err(|e| e.to_string()),
        };
        written.map_err(|e| Error::internal("writing rows", e))?;
        Ok(bytes)
    }
}

impl Form {
    fn name(self) -> &'static str {
        if self == Self::Parquet { "Parquet" } else { "Arrow" }
    }
}

/// What cells of a type are.
fn kind(data_type: &DataType) -> CellKind {
    match data_type {
        DataType::Boolean => CellKind::Boolean,
        DataType::Date32 | DataType::Date64 => CellKind::Date,
        DataType::Float16 | DataType::Float32 => CellKind::Single,
        DataType::Dictionary(_, values) => kind(values),
        other if other.is_numeric() => CellKind::Number,
        _ => CellKind::Written,
    }
}

fn unreadable(form: Form, reason: &str) -> Error {
    Error::invalid_field("file", format!("is not readable {}: {reason}", form.name()))
}

fn contradictory(form: Form) -> Error {
    unreadable(form, "it contradicts itself")
}
