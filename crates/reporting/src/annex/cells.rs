//! Cells and columns of tables whose numbers are no figures of an indicator.

use uplift_core::format::grouped;
use uplift_core::language::{Bilingual, Language};
use uplift_core::quantity::quantity;

use crate::document::{Cell, Column, Inline, Mark, Sentence, Table, TableRow};
use crate::words::decimal;

/// A table of these columns; none without rows.
pub(super) fn table(
    id: &str,
    title: Bilingual,
    rows_head: Bilingual,
    columns: Vec<Column>,
    rows: Vec<TableRow>,
) -> Option<Table> {
    let title = Sentence { en: vec![Inline::Text(title.en)], zh: vec![Inline::Text(title.zh)] };
    let table = Table { id: id.to_owned(), title, rows_head, columns, rows, left_out: None };
    (!table.rows.is_empty()).then_some(table)
}

/// A column of numbers.
pub(super) fn numbers(en: &str, zh: &str) -> Column {
    Column { title: Bilingual::new(en, zh), unit: Bilingual::default(), numeric: true }
}

/// A column of words.
pub(super) fn words(en: &str, zh: &str) -> Column {
    Column { numeric: false, ..numbers(en, zh) }
}

/// An estimate in a unit, of which no more digits are printed than it has; a dash for none.
pub(super) fn estimate(value: Option<f64>, unit: &str) -> Cell {
    let rounded = value.map(|v| if v.abs() >= 100.0 { v.round() } else { (v * 10.0).round() / 10.0 });
    match rounded.and_then(decimal) {
        Some(number) => {
            let words = |language| quantity(number.normalize(), unit, language);
            Cell {
                text: Bilingual::new(words(Language::En), words(Language::Zh)),
                value: value.and_then(decimal).map(|exact| exact.normalize().to_string()),
                unit: unit.to_owned(),
                ..text(Bilingual::default())
            }
        }
        None => text(Bilingual::new("–", "–")),
    }
}

/// A count of what its column names; a dash where the text is no number.
pub(super) fn count(number: &str, unit: &str) -> Cell {
    let Ok(exact) = number.parse() else { return text(Bilingual::new("–", "–")) };
    let printed = grouped(exact);
    let text = text(Bilingual::new(printed.clone(), printed));
    Cell { value: Some(number.to_owned()), unit: unit.to_owned(), ..text }
}

/// Words in a cell.
pub(super) fn text(text: Bilingual) -> Cell {
    Cell { text, value: None, unit: String::new(), figure: None, bar: None, marks: Vec::new() }
}

/// A cell of simulated records says so.
pub(super) fn marked(cell: Cell, simulated: bool) -> Cell {
    let marks = if simulated { vec![Mark::Simulated] } else { Vec::new() };
    Cell { marks, ..cell }
}
