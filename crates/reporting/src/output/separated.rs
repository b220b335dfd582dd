//! A table as CSV: exact numbers with their units, marks in a column of their own.

use uplift_core::error::{Error, Result};
use uplift_core::language::Language;
use uplift_core::unit::unit_name;

use crate::document::{Cell, Mark, Table};

/// What spreadsheets need to read the text as UTF-8.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

pub(super) fn render(table: &Table, language: Language) -> Result<Vec<u8>> {
    let failed = |e: csv::Error| Error::internal("writing a table as CSV", e);
    let mut writer = csv::Writer::from_writer(BYTE_ORDER_MARK.to_vec());
    let mut head = vec![table.rows_head.text(language).to_owned()];
    for column in &table.columns {
        let title = column.title.text(language);
        head.push(title.to_owned());
        head.push(format!("{title} – {}", language.choose("unit", "单位")));
        head.push(format!("{title} – {}", language.choose("marks", "标记")));
    }
    writer.write_record(&head).map_err(failed)?;
    for row in &table.rows {
        let mut cells = vec![row.label.text(language).to_owned()];
        for cell in &row.cells {
            cells.extend([
                exact(cell, language),
                unit_name(&cell.unit, language).to_owned(),
                signs(&cell.marks),
            ]);
        }
        let cells: Vec<_> = cells.iter().map(|cell| uplift_core::cell::shown(cell)).collect();
        writer.write_record(cells.iter().map(|cell| cell.as_bytes())).map_err(failed)?;
    }
    writer.into_inner().map_err(|e| Error::internal("writing a table as CSV", e.into_error()))
}

/// The exact number, or the text where it is no number.
fn exact(cell: &Cell, language: Language) -> String {
    cell.value.clone().unwrap_or_else(|| cell.text.text(language).to_owned())
}

pub(super) fn signs(marks: &[Mark]) -> String {
    marks.iter().map(|mark| mark.sign()).collect::<Vec<_>>().join(" ")
}
