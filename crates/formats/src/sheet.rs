//! One table of a file: its head found below titles, its rows told from totals, notes and blank lines.

use std::collections::HashSet;
use std::ops::ControlFlow;

use uplift_core::error::{Error, Result};

use crate::label::{Label, label};
use crate::reading::{Reading, ReadingOptions};
use crate::row::{Extent, Row};
use crate::source::Source;
use crate::unit::{Mentions, fen_per, is_counted};

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
    /// What is above the headings about the unit of money.
    pub(crate) unit: UnitAbove,
    /// The rows above them.
    pub(crate) above: Vec<Row>,
}

/// What is above a head about the unit of money.
#[derive(Debug, Default)]
pub(crate) struct UnitAbove {
    /// The unit of all columns of money that name none.
    pub(crate) unit: Option<String>,
    /// What leaves it open.
    pub(crate) doubts: Vec<String>,
}

/// Rows among which the head is.
const MAX_ROWS_ABOVE: usize = 50;
/// Columns of the widest table.
const MAX_COLUMNS: usize = 2_000;

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
        self.rows_of(Extent::Whole, visit)
    }

    /// The same for some of the rows.
    pub(crate) fn rows_of(&self, extent: Extent, visit: VisitLabelled<'_>) -> Result<()> {
        // Files with types of their own are written by programs: every row is a record.
        let by_people = self.source.headings().is_none();
        self.source.rows(&self.name, extent, &mut |row| {
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
    source.rows(sheet, Extent::Whole, &mut |row| {
        if row.filled().nth(MAX_COLUMNS).is_some() {
            let message = format!("has more than {MAX_COLUMNS} columns; send the table with its own alone");
            return Err(Error::invalid_field("file", message));
        }
        if !row.is_blank() {
            rows.push(row.clone());
        }
        Ok(if rows.len() < MAX_ROWS_ABOVE { ControlFlow::Continue(()) } else { ControlFlow::Break(()) })
    })?;
    let score = |row: &Row| row.filled().map(|(_, t)| t).filter(|t| known(t)).collect::<HashSet<_>>().len();
    let scores: Vec<_> = rows.iter().map(score).collect();
    let Some(best) = scores.iter().max() else { return Ok(None) };
    let index = scores.iter().position(|score| score == best).unwrap_or_default();
    let headings = rows[index].texts.iter().map(|heading| heading.trim().to_owned());
    let mut headings: Vec<String> = headings.collect();
    let last = headings.iter().rposition(|heading| !heading.is_empty()).map_or(0, |last| last + 1);
    headings.truncate(last);
    let mut line = rows[index].line;
    if let Some(units) = rows.get(index + 1).filter(|row| is_row_of_units(row)) {
        // Beside units there may be other remarks: 必填, a code, the form of a date.
        let with_unit = |(column, text): (usize, &str)| {
            let heading = headings.get(column)?;
            (fen_per(text).is_some() || is_counted(text)).then_some(())?;
            let headed = format!("{heading}（{}）", text.trim_matches(['(', ')', '（', '）']));
            // A code or a day has no unit: what looks like one below it is something else.
            (!known(heading) || known(&headed)).then_some((column, headed))
        };
        let named: Vec<_> = units.filled().filter_map(with_unit).collect();
        if !named.is_empty() {
            line = units.line;
        }
        for (column, headed) in named {
            headings[column] = headed;
        }
    }
    rows.truncate(index);
    let unit = unit_above(sheet, &rows);
    Ok(Some((Head { line, headings, unit, above: rows }, *best)))
}

/// Whether a row below the headings holds their units: a cell that is a unit of money, which no record has, and no
/// number.
fn is_row_of_units(row: &Row) -> bool {
    let digits = |text: &str| text.chars().all(|c| c.is_ascii_digit() || matches!(c, '.' | ',' | '-'));
    row.filled().any(|(_, text)| fen_per(text).is_some()) && row.filled().all(|(_, text)| !digits(text))
}

/// The unit of money that the rows above the head, or the name of the sheet, tell. That they tell several, or speak of
/// one without telling that it is theirs, is a doubt, which counts only for columns that name none themselves.
fn unit_above(sheet: &str, rows: &[Row]) -> UnitAbove {
    let mut above = UnitAbove::default();
    let named =
        |line: u64| if line == 0 { "the name of the sheet".to_owned() } else { format!("line {line}") };
    let texts = rows.iter().map(|row| (row.line, row.texts.iter().collect::<Vec<_>>()));
    for (line, cells) in std::iter::once((0, vec![sheet])).chain(texts) {
        let mentions = Mentions::in_cells(cells.into_iter());
        if let Some(foreign) = mentions.foreign.filter(|_| mentions.says_unit) {
            above.doubts.push(format!("{} says {foreign}, which is no unit of yuan", named(line)));
        }
        for unit in mentions.units {
            match mentions.says_unit {
                true if above.unit.as_ref().is_none_or(|known| fen_per(known) == fen_per(&unit)) => {
                    above.unit = Some(unit);
                }
                true => above.doubts.push(format!("{} says {unit} beside another unit", named(line))),
                false => above.doubts.push(format!("{} speaks of {unit}", named(line))),
            }
        }
    }
    above
}
