//! One table of a file: its head found below titles, its rows told from totals, notes and blank lines.

use std::collections::HashSet;
use std::ops::ControlFlow;

use uplift_core::error::{Error, Result};

use crate::label::{Label, label};
use crate::reading::{Reading, ReadingOptions};
use crate::row::Row;
use crate::source::Source;
use crate::unit::named_above;

/// What is done with each row and what it perhaps is, and whether to go on.
pub(crate) type VisitLabelled<'v> = &'v mut dyn FnMut(&Row, Option<Label>) -> Result<ControlFlow<()>>;

/// A table of a file.
#[derive(Debug)]
pub(crate) struct Sheet {
    pub(crate) source: Source,
    /// Of a workbook.
    name: String,
    pub(crate) head: Head,
}

/// The headings, and what is above them.
#[derive(Debug, Default)]
pub(crate) struct Head {
    /// Line of the headings; 0 where they are no row of the file.
    pub(crate) line: u64,
    pub(crate) headings: Vec<String>,
    /// The unit that a line above the headings names for money.
    pub(crate) unit: Option<String>,
    /// The rows above the headings, and they themselves.
    pub(crate) rows: Vec<Row>,
}

/// Rows among which the head is.
const MAX_ROWS_ABOVE: usize = 50;

impl Sheet {
    /// Opens a file and finds its head: the row with most headings that are known, the first row if it has none.
    pub(crate) fn open(
        bytes: Vec<u8>,
        options: &ReadingOptions,
        known: &dyn Fn(&str) -> bool,
    ) -> Result<Self> {
        let source = Source::open(bytes, options)?;
        if let Some(headings) = source.headings() {
            let head = Head { headings, ..Head::default() };
            return Ok(Self { source, name: String::new(), head });
        }
        let sheets = source.sheets();
        let chosen = match &options.sheet {
            None => sheets.clone(),
            Some(name) if sheets.contains(name) => vec![name.clone()],
            Some(name) => {
                let message = match sheets.as_slice() {
                    [only] if only.is_empty() => "only a workbook has sheets; leave it out".to_owned(),
                    _ => format!("{name:?} is not a sheet; the sheets are {}", sheets.join(", ")),
                };
                return Err(Error::invalid_field("sheet", message));
            }
        };
        let mut heads = Vec::new();
        for name in chosen {
            if let Some((head, headings_known)) = find_head(&source, &name, known)? {
                heads.push((name, head, headings_known));
            }
        }
        // Of several sheets, the one whose headings are known.
        let most = heads.iter().map(|(.., n)| *n).max().unwrap_or_default();
        heads.retain(|(.., n)| *n == most);
        let mut heads = heads.into_iter();
        match (heads.next(), heads.next()) {
            (None, _) => Err(Error::invalid_field("file", "is empty")),
            (Some((name, head, _)), None) => Ok(Self { source, name, head }),
            (Some((first, ..)), Some((second, ..))) => {
                let message =
                    format!("has several sheets that fit ({first}, {second}); name the one that is meant");
                Err(Error::invalid_field("sheet", message))
            }
        }
    }

    /// What was recognised.
    pub(crate) fn reading(&self) -> Reading {
        Reading { sheet: self.name.clone(), head_line: self.head.line as i64, ..self.source.reading() }
    }

    /// Visits the rows below the head that are not blank, with what they are if they are perhaps no records.
    pub(crate) fn rows(&self, visit: VisitLabelled<'_>) -> Result<()> {
        // Files with types of their own are written by programs: every row is a record.
        let by_people = self.source.headings().is_none();
        self.source.rows(&self.name, &mut |row| {
            if row.line <= self.head.line || row.is_blank() {
                return Ok(ControlFlow::Continue(()));
            }
            let label = if by_people { label(row, &self.head.headings) } else { None };
            visit(row, label)
        })
    }
}

/// The head of a sheet and how many of its headings are known; none if nothing is written in the sheet.
fn find_head(source: &Source, sheet: &str, known: &dyn Fn(&str) -> bool) -> Result<Option<(Head, usize)>> {
    let mut rows: Vec<Row> = Vec::new();
    source.rows(sheet, &mut |row| {
        if !row.is_blank() {
            rows.push(row.clone());
        }
        Ok(if rows.len() < MAX_ROWS_ABOVE { ControlFlow::Continue(()) } else { ControlFlow::Break(()) })
    })?;
    let score = |row: &Row| row.filled().map(|(_, t)| t).filter(|t| known(t)).collect::<HashSet<_>>().len();
    let scores: Vec<_> = rows.iter().map(score).collect();
    let Some(best) = scores.iter().max() else { return Ok(None) };
    let index = scores.iter().position(|score| score == best).unwrap_or_default();
    rows.truncate(index + 1);
    let head = &rows[index];
    let headings = head.texts.iter().map(|heading| heading.trim().to_owned());
    let mut headings: Vec<String> = headings.collect();
    let last = headings.iter().rposition(|heading| !heading.is_empty()).map_or(0, |last| last + 1);
    headings.truncate(last);
    let unit = unit_above(&rows[..index])?;
    Ok(Some((Head { line: head.line, headings, unit, rows }, *best)))
}

/// The unit of money that one of the rows above the head names.
fn unit_above(rows: &[Row]) -> Result<Option<String>> {
    let mut units: Vec<String> = Vec::new();
    for row in rows {
        for unit in row.texts.iter().filter_map(named_above) {
            let unit = unit.map_err(|e| Error::invalid_field(format!("file, line {}", row.line), e))?;
            if !units.contains(&unit) {
                units.push(unit);
            }
        }
    }
    if units.len() > 1 {
        let message =
            format!("names {} as units above the table; write each into its heading", units.join(", "));
        return Err(Error::invalid_field("file", message));
    }
    Ok(units.pop())
}
