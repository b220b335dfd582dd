//! The rules that a published workbook is held to, so that people and programs can go on with it: those of the checklist
//! of the UK Government Analysis Function, "Releasing statistics in spreadsheets".

use std::collections::BTreeSet;
use std::io::{Cursor, Read};

use bytes::Bytes;
use calamine::{Data, Range, Reader, SheetVisible, Xlsx, open_workbook_from_rs};
use uplift_core::contained::contained;
use uplift_core::error::{Error, Result};
use zip::ZipArchive;

use crate::source::archive::check_archive;

/// A rule that a workbook breaks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Breach {
    /// Sheet, and cell where there is one: Funds!B7.
    pub place: String,
    /// What is wrong and what to do about it.
    pub message: String,
}

/// Breaches that are told.
const MAX_BREACHES: usize = 200;
/// Bytes of a sheet that are searched for hidden parts.
const MAX_SHEET: u64 = 256 << 20;

/// The breaches of a workbook.
pub fn workbook_breaches(content: Vec<u8>) -> Result<Vec<Breach>> {
    let content = Bytes::from(content);
    check_archive(&content)?;
    let unreadable = || Error::invalid_field("file", "is not a readable workbook; save it again as .xlsx");
    let opened = contained(|| open_workbook_from_rs::<Xlsx<_>, _>(Cursor::new(content.clone())));
    let mut workbook: Xlsx<Cursor<Bytes>> = opened.ok_or_else(unreadable)?.map_err(|_| unreadable())?;
    let mut rules = Rules::default();
    contained(|| rules.check(&mut workbook, &content)).ok_or_else(unreadable)??;
    rules.breaches.truncate(MAX_BREACHES);
    Ok(rules.breaches)
}

#[derive(Debug, Default)]
struct Rules {
    breaches: Vec<Breach>,
    /// Signs in square brackets in cells, and those that the notes explain.
    signs: BTreeSet<String>,
    explained: BTreeSet<String>,
}

impl Rules {
    fn add(&mut self, place: impl Into<String>, message: impl Into<String>) {
        self.breaches.push(Breach { place: place.into(), message: message.into() });
    }

    fn check(&mut self, workbook: &mut Xlsx<Cursor<Bytes>>, content: &Bytes) -> Result<()> {
        let wrong = |e: calamine::XlsxError| Error::invalid_field("file", format!("cannot be read: {e}"));
        workbook.load_tables().map_err(wrong)?;
        let sheets: Vec<(String, SheetVisible)> =
            workbook.sheets_metadata().iter().map(|sheet| (sheet.name.clone(), sheet.visible)).collect();
        self.check_names(&sheets);
        self.check_hidden(content);
        for (n, (name, visible)) in sheets.iter().enumerate() {
            if *visible != SheetVisible::Visible {
                self.add(name, "is hidden; show it or remove it");
            }
            let merged = workbook.merge_cells_by_sheet_name(name).map_err(wrong)?;
            if let Some(region) = merged.first() {
                self.add(
                    cell_name(name, region.start),
                    "is merged with others; a merged cell belongs to no column",
                );
            }
            let tables: Vec<String> = workbook.table_names_in_sheet(name).into_iter().cloned().collect();
            let range = workbook.worksheet_range(name).map_err(wrong)?;
            match tables.as_slice() {
                [table] => {
                    let table = workbook.table_by_name(table).map_err(wrong)?;
                    self.check_table(name, &range, table.columns(), table.data());
                }
                [] => self.add(
                    name,
                    "has no table that is marked and named; mark it as one, from its head to its last row",
                ),
                _ => self.add(name, "has several tables; give each a sheet of its own"),
            }
            // Notes come before the data, among the first sheets.
            self.collect_signs(&range, n < FRONT_SHEETS);
        }
        for sign in self.signs.difference(&self.explained).cloned().collect::<Vec<_>>() {
            self.add("notes", format!("do not explain {sign}; give it a row"));
        }
        Ok(())
    }

    fn check_names(&mut self, sheets: &[(String, SheetVisible)]) {
        let any =
            |names: &[&str]| sheets.iter().any(|(name, _)| names.contains(&name.to_lowercase().as_str()));
        if !sheets.first().is_some_and(|(name, _)| ["cover", "封面"].contains(&name.to_lowercase().as_str()))
        {
            self.add("first sheet", "is not a cover; begin with one that says what the workbook is");
        }
        for (names, what) in [
            (["contents", "目录"], "sheet of contents"),
            (["notes", "说明"], "sheet of notes, which explains every sign"),
        ] {
            if !any(&names) {
                self.add("workbook", format!("has no {what}; add one"));
            }
        }
        for (name, _) in sheets {
            let generic = name.to_lowercase();
            let generic = generic.strip_prefix("sheet").or_else(|| generic.strip_prefix("工作表"));
            if generic.is_some_and(|rest| rest.trim().chars().all(|c| c.is_ascii_digit())) {
                self.add(name, "has a name that says nothing; name it after what it holds");
            }
        }
    }

    /// Hidden rows and columns are told by the part of the archive that has them.
    fn check_hidden(&mut self, content: &Bytes) {
        let Ok(mut archive) = ZipArchive::new(Cursor::new(content.clone())) else { return };
        for index in 0..archive.len() {
            let Ok(part) = archive.by_index(index) else { continue };
            let name = part.name().map(|name| name.into_owned()).unwrap_or_default();
            if !name.starts_with("xl/worksheets/sheet") {
                continue;
            }
            let mut sheet = String::new();
            if part.take(MAX_SHEET).read_to_string(&mut sheet).is_ok()
                && [r#" hidden="1""#, r#" hidden="true""#].iter().any(|hidden| sheet.contains(hidden))
            {
                self.add(name, "has hidden rows or columns; show them or remove them");
            }
        }
    }

    fn check_table(&mut self, sheet: &str, range: &Range<Data>, heads: &[String], data: &Range<Data>) {
        if range.start() != Some((0, 0)) {
            self.add(
                sheet,
                "does not begin at A1; remove the rows above the table and the columns before it",
            );
            return;
        }
        if range.width() != heads.len() {
            self.add(sheet, "has cells beside its table; move them to a sheet of their own");
        }
        for (n, head) in heads.iter().enumerate() {
            if head.trim().is_empty() || heads[..n].contains(head) {
                self.add(cell_name(sheet, (0, n as u32)), "is no heading of its own; name every column");
            }
        }
        let (first_row, first_column) = data.start().unwrap_or_default();
        for (row, cells) in data.rows().enumerate() {
            for (column, cell) in cells.iter().enumerate() {
                let place = || cell_name(sheet, (first_row + row as u32, first_column + column as u32));
                match cell {
                    Data::Empty => {
                        self.add(place(), "is empty; write why: [x] not available, [z] does not apply")
                    }
                    Data::String(text) if text.trim().is_empty() => {
                        self.add(place(), "is empty; write why: [x] not available, [z] does not apply");
                    }
                    Data::String(text) if is_number(text) => {
                        self.add(place(), format!("has the number {text:?} as text; write it as a number"));
                    }
                    Data::Error(error) => {
                        self.add(place(), format!("has an error: {error}; correct its formula"))
                    }
                    _ => {}
                }
            }
        }
    }

    fn collect_signs(&mut self, range: &Range<Data>, explains: bool) {
        for (row, column, cell) in range.used_cells() {
            let Data::String(text) = cell else { continue };
            let signs = text.split_whitespace().filter(|word| is_sign(word)).map(str::to_owned);
            // The notes explain a sign beside it, in their first column.
            match explains && column == 0 && row > 0 {
                true => self.explained.extend(signs),
                false if !explains => self.signs.extend(signs),
                false => {}
            }
        }
    }
}

/// Sheets before those with data: cover, contents, notes.
const FRONT_SHEETS: usize = 3;

/// A letter or two in square brackets.
fn is_sign(word: &str) -> bool {
    let inside = word.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    inside.is_some_and(|inside| {
        (1..=2).contains(&inside.len()) && inside.chars().all(|c| c.is_ascii_lowercase())
    })
}

/// Whether a text is a number. Years, codes and dates are labels.
fn is_number(text: &str) -> bool {
    let plain = text.trim().replace([',', ' '], "");
    plain.contains(['.', '-', '+']) && plain.parse::<f64>().is_ok_and(f64::is_finite)
        || text.contains(',') && plain.parse::<f64>().is_ok_and(f64::is_finite)
}

/// The name of a cell: Funds!B7.
fn cell_name(sheet: &str, (row, column): (u32, u32)) -> String {
    let mut letters = String::new();
    let mut rest = column + 1;
    while rest > 0 {
        letters.insert(0, char::from(b'A' + ((rest - 1) % 26) as u8));
        rest = (rest - 1) / 26;
    }
    format!("{sheet}!{letters}{}", row + 1)
}

#[cfg(test)]
mod tests {
    use rust_xlsxwriter::{Table, TableColumn, Workbook};

    use super::*;

    fn workbook(change: impl Fn(&mut Workbook)) -> Vec<u8> {
        let mut workbook = Workbook::new();
        for (name, first, second) in [
            ("Cover", "About", "funds"),
            ("Contents", "Sheet", "Funds"),
            ("Notes", "Sign", "[x]"),
            ("Funds", "County", "Kai"),
        ] {
            let sheet = workbook.add_worksheet();
            sheet
                .set_name(name)
                .unwrap()
                .write_string(1, 0, second)
                .unwrap()
                .write_string(1, 1, "[x]")
                .unwrap();
            let columns = [first, "Value"].map(|head| TableColumn::new().set_header(head));
            let table = Table::new().set_name(format!("table_{name}")).set_columns(&columns);
            sheet.add_table(0, 0, 1, 1, &table).unwrap();
        }
        change(&mut workbook);
        workbook.save_to_buffer().unwrap()
    }

    fn messages(change: impl Fn(&mut Workbook)) -> Vec<String> {
        let breaches = workbook_breaches(workbook(change)).unwrap();
        breaches.iter().map(|breach| format!("{}: {}", breach.place, breach.message)).collect()
    }

    #[test]
    fn every_rule_is_told_with_its_place() {
        assert_eq!(messages(|_| ()), Vec::<String>::new());
        type Change = fn(&mut Workbook);
        let cases: [(Change, &str); 9] = [
            (|w| drop(w.worksheet_from_index(0).unwrap().set_name("Sheet1")), "first sheet: is not a cover"),
            (
                |w| drop(w.worksheet_from_index(0).unwrap().set_name("Sheet1")),
                "Sheet1: has a name that says nothing",
            ),
            (|w| drop(w.worksheet_from_index(3).unwrap().write_string(1, 1, " ")), "Funds!B2: is empty"),
            (
                |w| drop(w.worksheet_from_index(3).unwrap().write_string(1, 1, "1,234.5")),
                "Funds!B2: has the number",
            ),
            (
                |w| drop(w.worksheet_from_index(3).unwrap().write_string(1, 1, "[c]")),
                "notes: do not explain [c]",
            ),
            (
                |w| drop(w.worksheet_from_index(3).unwrap().write_string(1, 4, "aside")),
                "Funds: has cells beside",
            ),
            (
                |w| drop(w.worksheet_from_index(3).unwrap().set_row_hidden(1)),
                "xl/worksheets/sheet4.xml: has hidden rows",
            ),
            (
                |w| {
                    w.worksheet_from_index(3).unwrap().set_hidden(true);
                },
                "Funds: is hidden",
            ),
            (|w| drop(w.add_worksheet().set_name("More")), "More: has no table"),
        ];
        for (change, expected) in cases {
            let messages = messages(change);
            assert!(messages.iter().any(|m| m.starts_with(expected)), "{expected:?} is not in {messages:?}");
        }
    }

    #[test]
    fn what_is_no_workbook_is_refused() {
        for content in [b"a,b\n1,2\n".to_vec(), Vec::new(), b"PK\x03\x04broken".to_vec()] {
            assert!(workbook_breaches(content).is_err());
        }
    }
}
