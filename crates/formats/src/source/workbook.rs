//! Sheets of an Excel workbook (.xlsx), read cell by cell: what a file claims to hold is never set aside in memory.

use std::cell::RefCell;
use std::io::{Cursor, Read};
use std::ops::ControlFlow;

use bytes::Bytes;
use calamine::{Data, DataRef, Reader, SheetVisible, Xlsx, open_workbook_from_rs};
use chrono::{Days, NaiveTime};
use uplift_core::contained::contained;
use uplift_core::error::{Error, Result};
use zip::ZipArchive;

use crate::row::{CellKind, Row, Visit};

/// A workbook.
pub(crate) struct Workbook {
    inner: RefCell<Xlsx<Cursor<Bytes>>>,
    /// Names of the sheets that are shown.
    pub(crate) sheets: Vec<String>,
}

/// Bytes that a workbook may unpack to; beyond the second number only as far as an ordinary one does.
const MAX_UNPACKED: u64 = 2 << 30;
const MAX_UNPACKED_TEXTS: u64 = 256 << 20;
const MAX_UNPACKED_ANYHOW: u64 = 64 << 20;
const MAX_RATIO: u64 = 200;
const MAX_PARTS: usize = 10_000;
/// Cells that a sheet may claim to have, and its greatest column and row.
const MAX_CELLS: u64 = 500_000_000;
const MAX_COLUMNS: u32 = 16_384;
const MAX_ROWS: u32 = 1_048_576;

impl std::fmt::Debug for Workbook {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Workbook").field("sheets", &self.sheets).finish_non_exhaustive()
    }
}

impl Workbook {
    /// Opens a workbook, unless it unpacks to more than any real one.
    pub(crate) fn open(bytes: Bytes) -> Result<Self> {
        check_archive(&bytes)?;
        let opened = contained(|| open_workbook_from_rs::<Xlsx<_>, _>(Cursor::new(bytes)));
        let inner = opened.ok_or_else(contradictory)?.map_err(unreadable)?;
        let shown = inner.sheets_metadata().iter().filter(|s| s.visible == SheetVisible::Visible);
        let sheets = shown.map(|s| s.name.clone()).collect();
        Ok(Self { inner: RefCell::new(inner), sheets })
    }

    /// Visits the rows of a sheet that have cells.
    pub(crate) fn rows(&self, sheet: &str, visit: Visit<'_>) -> Result<()> {
        contained(|| self.visit_rows(sheet, visit)).ok_or_else(contradictory)?
    }

    fn visit_rows(&self, sheet: &str, visit: Visit<'_>) -> Result<()> {
        let mut workbook = self.inner.borrow_mut();
        let mut cells = workbook.worksheet_cells_reader(sheet).map_err(unreadable)?;
        let (from, to) = (cells.dimensions().start, cells.dimensions().end);
        let claimed = u64::from(to.0.saturating_sub(from.0) + 1) * u64::from(to.1.saturating_sub(from.1) + 1);
        if claimed > MAX_CELLS {
            let message = format!(
                "claims {claimed} cells in sheet {sheet}; delete the empty rows and columns around the table, and save it again"
            );
            return Err(Error::invalid_field("file", message));
        }
        let mut row = Row::default();
        while let Some(cell) = cells.next_cell_with_formula_metadata().map_err(unreadable)? {
            let (line, column) = cell.pos;
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
            match (&cell.value, &cell.formula) {
                (DataRef::Empty, Some(_)) => row.push("=…", CellKind::Formula),
                (value, _) => push(&mut row, value),
            }
        }
        if row.line > 0 {
            let _ = visit(&row)?;
        }
        Ok(())
    }
}

/// Adds a cell in the one form of its kind.
fn push(row: &mut Row, value: &DataRef<'_>) {
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

/// Refuses an archive that unpacks to more than an ordinary workbook, whatever its directory says.
fn check_archive(bytes: &Bytes) -> Result<()> {
    let mut archive = ZipArchive::new(Cursor::new(bytes.clone()))
        .map_err(|e| Error::invalid_field("file", format!("is not a readable workbook: {e}")))?;
    let is_workbook = |name: &str| name.ends_with("workbook.xml");
    if archive.len() > MAX_PARTS || !archive.file_names().flatten().any(|name| is_workbook(&name)) {
        let message = "is an archive and not a workbook of Excel; save the table as .xlsx or CSV";
        return Err(Error::invalid_field("file", message));
    }
    let packed = bytes.len() as u64;
    let most = MAX_UNPACKED.min(MAX_UNPACKED_ANYHOW.max(packed.saturating_mul(MAX_RATIO)));
    let too_large = |claimed: u64| {
        let message = format!(
            "unpacks to {} MiB or more from {} KiB, which no ordinary workbook does; copy the table into a new workbook",
            claimed >> 20,
            packed >> 10
        );
        Error::invalid_field("file", message)
    };
    let sizes = (0..archive.len()).filter_map(|index| Some(archive.by_index_raw(index).ok()?.size()));
    let claimed = sizes.fold(0, u64::saturating_add);
    if claimed > most {
        return Err(too_large(claimed));
    }
    // A directory may lie, so that what is there is counted. Only sheets are read bit by bit; everything else is kept
    // in memory.
    let mut room = most;
    let mut room_beside_sheets = MAX_UNPACKED_TEXTS.min(most);
    for index in 0..archive.len() {
        let Ok(mut part) = archive.by_index(index) else { continue };
        let mut begin = Vec::new();
        let read = part.by_ref().take(1024).read_to_end(&mut begin).unwrap_or_default() as u64;
        let is_sheet = begin.windows(10).any(|window| window == b"worksheet ");
        let allowed = if is_sheet { room } else { room.min(room_beside_sheets) };
        let rest = std::io::copy(&mut part.take(allowed + 1), &mut std::io::sink()).unwrap_or_default();
        if read + rest > allowed {
            return Err(too_large(most - room + read + rest));
        }
        room -= read + rest;
        room_beside_sheets -= if is_sheet { 0 } else { read + rest };
    }
    Ok(())
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
