//! Sheets of an Excel workbook (.xlsx), read cell by cell: what a file claims to hold is never set aside in memory.

use std::collections::{HashMap, HashSet};
use std::io::Cursor;
use std::ops::ControlFlow;
use std::sync::{Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use calamine::{Data, DataRef, Reader, SheetVisible, Xlsx, open_workbook_from_rs};
use chrono::{Days, NaiveTime};
use uplift_core::contained::contained;
use uplift_core::error::{Error, Result};

use super::archive::check_archive;
use super::number_format::NumberFormat;
use crate::row::{CellKind, Row, Visit};

/// A workbook.
pub(crate) struct Workbook {
    inner: Mutex<Xlsx<Cursor<Bytes>>>,
    /// Names of the sheets that are shown.
    pub(crate) sheets: Vec<String>,
    has_formulas: bool,
    /// Formulas of each sheet that no spreadsheet computed.
    uncomputed: Mutex<HashMap<String, Uncomputed>>,
}

/// Rows and columns of formulas without a value, counted from 0.
type Uncomputed = HashSet<(u32, u32)>;

/// Cells that a sheet may claim to have, and its greatest column and row.
const MAX_CELLS: u64 = 500_000_000;
const MAX_COLUMNS: u32 = 16_384;
const MAX_ROWS: u32 = 1_048_576;
/// Formulas without a value that are told one by one.
const MAX_UNCOMPUTED: usize = 1_000_000;

/// What a lock guards; what a contradictory file interrupted is read anew.
fn of<T>(locked: &Mutex<T>) -> MutexGuard<'_, T> {
    locked.lock().unwrap_or_else(PoisonError::into_inner)
}

impl std::fmt::Debug for Workbook {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Workbook").field("sheets", &self.sheets).finish_non_exhaustive()
    }
}

impl Workbook {
    /// Opens a workbook, unless it unpacks to more than any real one.
    pub(crate) fn open(bytes: Bytes) -> Result<Self> {
        let has_formulas = check_archive(&bytes)?;
        let opened = contained(|| open_workbook_from_rs::<Xlsx<_>, _>(Cursor::new(bytes)));
        let inner = opened.ok_or_else(contradictory)?.map_err(unreadable)?;
        let shown = inner.sheets_metadata().iter().filter(|s| s.visible == SheetVisible::Visible);
        let sheets = shown.map(|s| s.name.clone()).collect();
        Ok(Self { inner: Mutex::new(inner), sheets, has_formulas, uncomputed: Mutex::default() })
    }

    /// Visits the rows of a sheet that have cells.
    pub(crate) fn rows(&self, sheet: &str, visit: Visit<'_>) -> Result<()> {
        contained(|| {
            self.find_uncomputed(sheet)?;
            self.visit_rows(sheet, visit)
        })
        .ok_or_else(contradictory)?
    }

    /// Finds the formulas without a value, once: the library gives either formulas or number formats.
    fn find_uncomputed(&self, sheet: &str) -> Result<()> {
        if !self.has_formulas || of(&self.uncomputed).contains_key(sheet) {
            return Ok(());
        }
        let mut found = Uncomputed::new();
        let mut workbook = of(&self.inner);
        let mut cells = workbook.worksheet_cells_reader(sheet).map_err(unreadable)?;
        while let Some(cell) = cells.next_cell_with_formula_metadata().map_err(unreadable)? {
            if cell.formula.is_some() && cell.value == DataRef::Empty {
                found.insert(cell.pos);
            }
            if found.len() > MAX_UNCOMPUTED {
                let message = "has formulas without values; open it in Excel and save it";
                return Err(Error::invalid_field("file", message));
            }
        }
        of(&self.uncomputed).insert(sheet.to_owned(), found);
        Ok(())
    }

    fn visit_rows(&self, sheet: &str, visit: Visit<'_>) -> Result<()> {
        let uncomputed = of(&self.uncomputed);
        let uncomputed = uncomputed.get(sheet).filter(|found| !found.is_empty());
        let mut workbook = of(&self.inner);
        let mut cells = workbook.worksheet_cells_reader(sheet).map_err(unreadable)?;
        let (from, to) = (cells.dimensions().start, cells.dimensions().end);
        let claimed = u64::from(to.0.saturating_sub(from.0) + 1) * u64::from(to.1.saturating_sub(from.1) + 1);
        if claimed > MAX_CELLS {
            let message = format!(
                "claims {claimed} cells in sheet {sheet}; delete the empty rows and columns around the table, and save it again"
            );
            return Err(Error::invalid_field("file", message));
        }
        let codes = cells.styles().iter().map(|style| style.number_format.as_ref());
        let formats: Vec<_> = codes
            .map(|format| format.map(|f| NumberFormat::of_code(&f.format_code)).filter(|f| !f.is_plain()))
            .collect();
        let mut row = Row::default();
        while let Some((cell, style)) = cells.next_cell_with_style_id().map_err(unreadable)? {
            let (line, column) = cell.get_position();
            if column >= MAX_COLUMNS || line >= MAX_ROWS {
                return Err(Error::invalid_field(
                    "file",
                    "has a cell beyond the last row or column of a sheet",
                ));
            }
            if row.line != u64::from(line) + 1 {
                if row.line > 0 && visit(&row)? == ControlFlow::Break(()) {
                    return Ok(());
                }
                row.clear();
                row.line = u64::from(line) + 1;
            }
            let skipped = (column as usize).checked_sub(row.texts.len());
            // A cell that comes twice, or before one that it follows: only a damaged file has it.
            let skipped = skipped.ok_or_else(contradictory)?;
            (0..skipped).for_each(|_| row.push("", CellKind::Written));
            let format = formats.get(style).and_then(Option::as_ref);
            match cell.get_value() {
                DataRef::Empty if uncomputed.is_some_and(|found| found.contains(&cell.get_position())) => {
                    row.push("=…", CellKind::Formula)
                }
                value => push(&mut row, value, format),
            }
        }
        if row.line > 0 {
            let _ = visit(&row)?;
        }
        Ok(())
    }
}

/// Adds a cell in the one form of its kind.
fn push(row: &mut Row, value: &DataRef<'_>, format: Option<&NumberFormat>) {
    let number = match value {
        DataRef::Int(number) => Some(*number as f64),
        DataRef::Float(number) => Some(*number),
        _ => None,
    };
    if let Some(shown) = number.zip(format).and_then(|(number, format)| format.show(number)) {
        return row.push(&shown, CellKind::Shown);
    }
    match value {
        DataRef::Empty => row.push("", CellKind::Written),
        DataRef::String(text) => row.push(text, CellKind::Written),
        DataRef::SharedString(text) => row.push(text, CellKind::Written),
        DataRef::Int(number) => row.push(&number.to_string(), CellKind::Number),
        DataRef::Float(number) => row.push(&number.to_string(), CellKind::Number),
        DataRef::Bool(yes) => row.push(if *yes { "true" } else { "false" }, CellKind::Boolean),
        DataRef::Error(error) => row.push(&error.to_string(), CellKind::Written),
        DataRef::DateTimeIso(text) | DataRef::DurationIso(text) => row.push(text, CellKind::Written),
        DataRef::DateTime(date) => match date.is_datetime().then(|| date.as_datetime()).flatten() {
            Some(time) => {
                // The last microseconds of a day are rounded up to the next.
                let rounded_up = time.time() == NaiveTime::MIN && date.as_f64().fract() > 0.5;
                let day = if rounded_up { time.date() - Days::new(1) } else { time.date() };
                row.push(&day.to_string(), CellKind::Date);
            }
            None => row.push(&Data::DateTime(*date).to_string(), CellKind::Number),
        },
    }
}

fn unreadable(error: calamine::XlsxError) -> Error {
    Error::invalid_field(
        "file",
        format!("is not a readable workbook: {error}; open it in Excel and save it again"),
    )
}

fn contradictory() -> Error {
    Error::invalid_field("file", "is a workbook that contradicts itself; open it in Excel and save it again")
}
