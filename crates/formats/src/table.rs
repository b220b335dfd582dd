//! Columns of anyone's file, CSV or Parquet, by name.

use std::path::Path;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use arrow::compute::{cast, concat_batches};
use arrow::datatypes::{DataType, Float64Type};
use bytes::Bytes;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use uplift_core::contained::contained;
use uplift_core::error::{Error, ErrorKind, Result};
use uplift_core::nearest::nearest;

use crate::csv_reader::{Reader, Row};
use crate::text::Text;

/// A file as columns of cells.
#[derive(Debug)]
pub struct Table {
    file: String,
    names: Vec<String>,
    cells: Cells,
}

#[derive(Debug)]
enum Cells {
    Csv(Vec<Row>),
    Parquet(Vec<ArrayRef>),
}

impl Table {
    /// Reads a file; its first bytes decide what it is.
    pub fn read(path: &Path) -> Result<Self> {
        let file = path.display().to_string();
        let bytes = std::fs::read(path)
            .map_err(|e| Error::new(ErrorKind::FailedPrecondition, format!("cannot read {file}: {e}")))?;
        Self::parse(file, bytes)
    }

    /// The content of a file, whose name is for messages.
    pub fn parse(file: String, bytes: Vec<u8>) -> Result<Self> {
        if bytes.starts_with(b"PAR1") { Self::parquet(file, bytes.into()) } else { Self::csv(file, bytes) }
    }

    fn csv(file: String, bytes: Vec<u8>) -> Result<Self> {
        let wrong = |e: Error| Error::invalid_field(&file, format!("is not CSV: {}", e.message));
        let text = Text::decode(bytes).map_err(wrong)?;
        let reader = Reader::new(&text.content).map_err(wrong)?;
        let names = reader.headings().to_vec();
        let rows = reader.rows().collect::<Result<Vec<_>>>().map_err(wrong)?;
        if let Some((row, message)) = rows.iter().find_map(|row| Some((row, row.mismatch(names.len())?))) {
            return Err(Error::invalid_field(format!("{file} line {}", row.line), message));
        }
        Ok(Self { names, cells: Cells::Csv(rows), file })
    }

    fn parquet(file: String, bytes: Bytes) -> Result<Self> {
        let wrong = |e: String| Error::invalid_field(&file, format!("is not readable Parquet: {e}"));
        // The library takes some malformed files for impossible.
        let all = contained(|| columns(bytes)).ok_or_else(|| wrong("it contradicts itself".to_owned()))?;
        let all = all.map_err(|e| wrong(e.to_string()))?;
        let names = all.schema().fields().iter().map(|f| f.name().clone()).collect();
        Ok(Self { names, cells: Cells::Parquet(all.columns().to_vec()), file })
    }

    /// Number of rows.
    pub fn rows(&self) -> usize {
        match &self.cells {
            Cells::Csv(rows) => rows.len(),
            Cells::Parquet(columns) => columns.first().map_or(0, |c| c.len()),
        }
    }

    fn column(&self, option: &str, name: &str) -> Result<usize> {
        if let Some(index) = self.names.iter().position(|known| known == name) {
            return Ok(index);
        }
        let near = nearest(name, self.names.iter().map(String::as_str));
        let near = near.map(|n| format!("; did you mean {n}?")).unwrap_or_default();
        let message =
            format!("{} has no column {name:?}{near} (its columns are {})", self.file, self.names.join(", "));
        Err(Error::invalid_field(option, message))
    }

    /// A column of numbers; none where a cell is empty. Errors name the option that asks for it.
    pub fn numbers(&self, option: &str, name: &str) -> Result<Vec<Option<f64>>> {
        let index = self.column(option, name)?;
        match &self.cells {
            Cells::Csv(rows) => {
                rows.iter().map(|row| self.number(row.line, name, row.cells[index].trim())).collect()
            }
            Cells::Parquet(columns) => {
                let kind = columns[index].data_type();
                let wrong = || Error::invalid_field(option, format!("{name} holds {kind}, not numbers"));
                if !kind.is_numeric() && *kind != DataType::Boolean {
                    return Err(wrong());
                }
                let column = cast(&columns[index], &DataType::Float64).map_err(|_| wrong())?;
                Ok(column.as_primitive::<Float64Type>().iter().collect())
            }
        }
    }

    fn number(&self, line: u64, name: &str, cell: &str) -> Result<Option<f64>> {
        match cell {
            "" | "NA" => return Ok(None),
            "true" | "TRUE" => return Ok(Some(1.0)),
            "false" | "FALSE" => return Ok(Some(0.0)),
            _ => {}
        }
        // Groups of three, as spreadsheets write them.
        let digits = cell.replace(',', "");
        let number = digits.parse::<f64>().ok().filter(|n| n.is_finite());
        number.map(Some).ok_or_else(|| {
            let message = format!("{cell:?} is not a number; write digits, or leave the cell empty");
            Error::invalid_field(format!("{} line {line}, {name}", self.file), message)
        })
    }

    /// A column of texts; empty where a cell is.
    pub fn texts(&self, option: &str, name: &str) -> Result<Vec<String>> {
        let index = self.column(option, name)?;
        match &self.cells {
            Cells::Csv(rows) => Ok(rows.iter().map(|row| row.cells[index].trim().to_owned()).collect()),
            Cells::Parquet(columns) => {
                let column = cast(&columns[index], &DataType::Utf8);
                let column = column.map_err(|e| Error::invalid_field(option, format!("{name}: {e}")))?;
                let column = column.as_string::<i32>();
                Ok(column.iter().map(|text| text.unwrap_or_default().to_owned()).collect())
            }
        }
    }
}

/// All rows of a Parquet file.
fn columns(bytes: Bytes) -> parquet::errors::Result<RecordBatch> {
    let builder = ParquetRecordBatchReaderBuilder::try_new(bytes)?;
    let schema = builder.schema().clone();
    let batches = builder.build()?.collect::<std::result::Result<Vec<_>, _>>()?;
    Ok(concat_batches(&schema, &batches)?)
}
