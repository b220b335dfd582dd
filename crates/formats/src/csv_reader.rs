//! The one CSV reader: headings, then rows with their number and line. A row may be shorter or longer
//! than the head; what that means is for the caller to say.

use csv::StringRecord;
use uplift_core::error::{Error, Result};

/// Reads the rows of a CSV text.
pub(crate) struct Reader<'t> {
    inner: csv::Reader<&'t [u8]>,
    headings: Vec<String>,
}

/// One row of a CSV text.
#[derive(Debug, Clone)]
pub(crate) struct Row {
    /// Counted from 1, the head left out.
    pub(crate) number: i64,
    /// Line of the file, counted from 1.
    pub(crate) line: u64,
    pub(crate) cells: StringRecord,
}

impl Row {
    /// What is wrong with the number of cells, if there are not as many as the head has.
    pub(crate) fn mismatch(&self, headings: usize) -> Option<String> {
        let cells = self.cells.len();
        (cells != headings)
            .then(|| format!("has {cells} cells, the header row has {headings}; add what is missing, or quote cells that contain commas"))
    }
}

impl<'t> Reader<'t> {
    /// Reads the head.
    pub(crate) fn new(text: &'t str) -> Result<Self> {
        let mut inner = csv::ReaderBuilder::new().flexible(true).from_reader(text.as_bytes());
        let headings = inner.headers().map_err(|e| Error::invalid_field("file", e))?;
        let headings = headings.iter().map(|h| h.trim().to_owned()).collect();
        Ok(Self { inner, headings })
    }

    /// The headings, without space around them.
    pub(crate) fn headings(&self) -> &[String] {
        &self.headings
    }

    /// The rows below the head.
    pub(crate) fn rows(self) -> impl Iterator<Item = Result<Row>> {
        (1..).zip(self.inner.into_records()).map(|(number, cells)| {
            let cells = cells.map_err(|e| Error::invalid_field(format!("file, row {number}"), e))?;
            let line = cells.position().map_or(0, csv::Position::line);
            Ok(Row { number, line, cells })
        })
    }
}
