//! An uploaded file into columns, and rejections with the headings of the file.

use rust_decimal::Decimal;
use uplift_core::dataset::{Dataset, MAX_RECORDS};
use uplift_core::error::{Error, Result};
use uplift_core::rejection::{Rejection, Rejections, Rule};

use crate::builder::{builders, finish};
use crate::columns::columns;
use crate::csv_reader::Reader;
use crate::headings::{MappedColumn, map_headings};
use crate::text::Text;
use crate::value::{Value, parse_cell};
use crate::wire::DecodedRows;

/// A file as it was sent.
#[derive(Debug, Clone)]
pub struct Upload {
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// Units of money columns that differ from yuan, by field name or heading: amount and 万元.
    pub units: Vec<(String, String)>,
}

/// A file whose text is decoded and whose headings are mapped to the fields of a dataset.
#[derive(Debug)]
pub struct UploadedFile {
    dataset: &'static Dataset,
    text: Text,
    columns: Vec<Option<MappedColumn>>,
}

impl Upload {
    /// Decodes the text and maps the headings.
    pub fn open(self, dataset: &'static Dataset) -> Result<UploadedFile> {
        let text = Text::decode(self.bytes)?;
        let columns = map_headings(dataset, Reader::new(&text.content)?.headings(), &self.units)?;
        Ok(UploadedFile { dataset, text, columns })
    }
}

impl UploadedFile {
    /// Decodes the rows. Rejections name fields, as all do until `restore_labels`.
    pub fn decode(&self) -> Result<DecodedRows> {
        let mut builders = builders(self.dataset);
        let mut rejections = Rejections::default();
        // The cell of each field, looked up once and not for every row.
        let cells: Vec<_> = (0..builders.len()).map(|field| self.cell(field)).collect();
        for row in Reader::new(&self.text.content)?.rows() {
            let row = row?;
            let index = row.number as usize - 1;
            if index == MAX_RECORDS {
                let message = format!("has more than {MAX_RECORDS} rows; split it by county or year");
                return Err(Error::invalid_field("file", message));
            }
            if let Some(message) = row.mismatch(self.columns.len()) {
                rejections.reject(index, "", Rule::Format, || (String::new(), message));
            }
            for ((builder, cell), field) in builders.iter_mut().zip(&cells).zip(&self.dataset.fields) {
                let (column, cell) = match cell.and_then(|(n, column)| Some((column, row.cells.get(n)?))) {
                    Some((column, cell)) => (Some(column), cell),
                    None => (None, ""),
                };
                let scale = column.map_or(Decimal::ONE, |c| c.scale);
                builder.push(parse_cell(&field.kind, cell, scale).unwrap_or_else(|e| {
                    rejections.reject(index, &field.name, e.rule, || (e.value, e.message));
                    Value::Missing
                }));
            }
        }
        Ok(DecodedRows { batch: finish(columns(self.dataset), builders)?, rejections })
    }

    /// Puts rejections into the words of the file: its heading, and the cell as it is written there.
    pub fn restore_labels(&self, rejections: &mut Rejections) -> Result<()> {
        let mut rejections = rejections.reasons_mut().peekable();
        if rejections.peek().is_none() {
            return Ok(());
        }
        let mut rows = Reader::new(&self.text.content)?.rows();
        let mut current = None;
        for rejection in rejections {
            while current.as_ref().is_none_or(|(number, _)| *number < rejection.row) {
                match rows.next() {
                    Some(Ok(row)) => current = Some((row.number, row.cells)),
                    _ => return Ok(()),
                }
            }
            let field = self.dataset.fields.iter().position(|f| f.name == rejection.field);
            if let (Some((n, column)), Some((_, cells))) = (field.and_then(|f| self.cell(f)), &current) {
                let cell = cells.get(n).unwrap_or_default();
                let told =
                    Rejection::new(rejection.row, &column.heading, rejection.rule, cell, &rejection.message);
                // The heading hides from now on that the field is personal.
                *rejection = if self.dataset.fields[column.field].personal { told.masked() } else { told };
            }
        }
        Ok(())
    }

    /// The heading of a field, or its name where the file has no column for it.
    pub fn label(&self, field: &str) -> String {
        let index = self.dataset.fields.iter().position(|f| f.name == field);
        let column = index.and_then(|index| self.cell(index));
        column.map_or_else(|| field.to_owned(), |(_, column)| column.heading.clone())
    }

    /// Position of the cell that fills a field, and its column.
    fn cell(&self, field: usize) -> Option<(usize, &MappedColumn)> {
        let columns = self.columns.iter().enumerate();
        columns.filter_map(|(n, c)| Some((n, c.as_ref()?))).find(|(_, c)| c.field == field)
    }
}
