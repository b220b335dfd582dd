//! Columns of anyone's file: CSV or Parquet.

use std::fs::File;
use std::path::Path;

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::compute::{cast, concat_batches};
use arrow::datatypes::{DataType, Float64Type};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use uplift_core::error::{Error, ErrorKind, Result};
use uplift_ingest::encoding_of;

/// Names and cells of a file's columns.
#[derive(Debug)]
pub struct Table {
    file: String,
    names: Vec<String>,
    columns: Columns,
}

#[derive(Debug)]
enum Columns {
    /// Rows of texts, each with its line.
    Csv(Vec<(u64, csv::StringRecord)>),
    Parquet(Vec<ArrayRef>),
}

impl Table {
    /// Reads a file; what it is its first bytes say.
    pub fn read(path: &Path) -> Result<Self> {
        let file = path.display().to_string();
        let bytes = std::fs::read(path)
            .map_err(|e| Error::new(ErrorKind::FailedPrecondition, format!("cannot read {file}: {e}")))?;
        if bytes.starts_with(b"PAR1") { Self::parquet(file, path) } else { Self::csv(file, &bytes) }
    }

    fn csv(file: String, bytes: &[u8]) -> Result<Self> {
        let (text, ..) = encoding_of(bytes).decode(bytes);
        let wrong = |e: csv::Error| Error::invalid_field(&file, format!("is no CSV: {e}"));
        let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(text.as_bytes());
        let names = reader.headers().map_err(wrong)?.iter().map(str::to_owned).collect();
        let mut rows = Vec::new();
        for record in reader.records() {
            let record = record.map_err(wrong)?;
            rows.push((record.position().map_or(0, csv::Position::line), record));
        }
        Ok(Self { names, columns: Columns::Csv(rows), file })
    }

    fn parquet(file: String, path: &Path) -> Result<Self> {
        let wrong = |e: String| Error::invalid_field(&file, format!("is no readable Parquet: {e}"));
        let open = File::open(path).map_err(|e| wrong(e.to_string()))?;
        let builder = ParquetRecordBatchReaderBuilder::try_new(open).map_err(|e| wrong(e.to_string()))?;
        let schema = builder.schema().clone();
        let reader = builder.build().map_err(|e| wrong(e.to_string()))?;
        let batches = reader.collect::<std::result::Result<Vec<_>, _>>().map_err(|e| wrong(e.to_string()))?;
        let all = concat_batches(&schema, &batches).map_err(|e| wrong(e.to_string()))?;
        let names = schema.fields().iter().map(|f| f.name().clone()).collect();
        Ok(Self { names, columns: Columns::Parquet(all.columns().to_vec()), file })
    }

    /// Rows.
    pub fn rows(&self) -> usize {
        match &self.columns {
            Columns::Csv(rows) => rows.len(),
            Columns::Parquet(columns) => columns.first().map_or(0, |c| c.len()),
        }
    }

    fn place(&self, option: &str, name: &str) -> Result<usize> {
        if let Some(place) = self.names.iter().position(|known| known == name) {
            return Ok(place);
        }
        let near = self
            .names
            .iter()
            .max_by(|a, b| strsim::jaro_winkler(a, name).total_cmp(&strsim::jaro_winkler(b, name)));
        let near = near.map(|n| format!("; the nearest is {n}")).unwrap_or_default();
        let said = format!("{} has no column {name:?}{near}. It has {}", self.file, self.names.join(", "));
        Err(Error::invalid_field(option, said))
    }

    /// A column of numbers; none where a cell is empty. The option is named in errors.
    pub fn numbers(&self, option: &str, name: &str) -> Result<Vec<Option<f64>>> {
        let place = self.place(option, name)?;
        match &self.columns {
            Columns::Csv(rows) => {
                rows.iter().map(|(line, row)| self.number(*line, name, &row[place])).collect()
            }
            Columns::Parquet(columns) => {
                let wrong = || {
                    let kind = columns[place].data_type();
                    Error::invalid_field(option, format!("{name} holds {kind}, not numbers"))
                };
                let plain = columns[place].data_type();
                if !plain.is_numeric() && *plain != DataType::Boolean {
                    return Err(wrong());
                }
                let column = cast(&columns[place], &DataType::Float64).map_err(|_| wrong())?;
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
            let said = format!("{cell:?} is no number; write digits, or leave the cell empty");
            Error::invalid_field(format!("{} line {line}, {name}", self.file), said)
        })
    }

    /// A column of texts; empty where a cell is.
    pub fn texts(&self, option: &str, name: &str) -> Result<Vec<String>> {
        let place = self.place(option, name)?;
        match &self.columns {
            Columns::Csv(rows) => Ok(rows.iter().map(|(_, row)| row[place].to_owned()).collect()),
            Columns::Parquet(columns) => {
                let column = cast(&columns[place], &DataType::Utf8);
                let column = column.map_err(|e| Error::invalid_field(option, format!("{name}: {e}")))?;
                let column = column.as_string::<i32>();
                Ok(column.iter().map(|text| text.unwrap_or_default().to_owned()).collect())
            }
        }
    }
}
