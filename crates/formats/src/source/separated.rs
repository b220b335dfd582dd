//! Text with a separator between cells: CSV of any kind.

use std::ops::ControlFlow;

use csv::StringRecord;
use uplift_core::error::{Error, Result};

use super::text::Text;
use crate::row::{Extent, Row, Visit};

/// A text of rows.
#[derive(Debug)]
pub(crate) struct Separated {
    pub(crate) text: Text,
    separator: u8,
    /// Where the first row begins: behind `sep=;`.
    start: usize,
    /// Where the parts begin that can be read side by side, the first at `start`.
    pub(crate) parts: Vec<Begin>,
}

/// Where a row begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Begin {
    at: usize,
    lines_before: usize,
}

/// What separates cells, and how it is called.
const SEPARATORS: [(u8, &str); 4] = [(b',', "comma"), (b';', "semicolon"), (b'\t', "tab"), (b'|', "bar")];

/// Bytes and rows that show the separator.
const SAMPLE_BYTES: usize = 64 << 10;
const SAMPLE_ROWS: usize = 200;
/// Bytes from which on a part is worth a thread.
const PART_BYTES: usize = 1 << 20;

impl Separated {
    /// Finds the separator. A quotation mark that is never closed would take the rest of the file for one cell; it
    /// is refused.
    pub(crate) fn new(mut text: Text) -> Result<Self> {
        // Old programs end lines with a carriage return alone; each line has one number all the same.
        let bytes = text.content.as_bytes();
        if text.content.match_indices('\r').any(|(at, _)| bytes.get(at + 1) != Some(&b'\n')) {
            text.content = text.content.replace("\r\n", "\n").replace('\r', "\n");
        }
        let (separator, start) = match named_separator(&text.content) {
            Some(named) => named,
            None => (guess_separator(&text.content), 0),
        };
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let part_bytes = text.content.len().div_ceil(cores).max(PART_BYTES);
        Self::in_parts(text, separator, start, part_bytes)
    }

    fn in_parts(text: Text, separator: u8, start: usize, part_bytes: usize) -> Result<Self> {
        let first = Begin { at: start, lines_before: usize::from(start > 0) };
        let parts = parts(&text.content, separator, first, part_bytes)?;
        Ok(Self { text, separator, start, parts })
    }

    #[cfg(test)]
    pub(crate) fn set_parts(&mut self, number: usize) {
        let bytes = (self.text.content.len() - self.start).div_ceil(number);
        self.parts = parts(&self.text.content, self.separator, self.parts[0], bytes).unwrap();
    }

    /// Number of lines of some rows, roughly.
    pub(crate) fn lines(&self, extent: Extent) -> usize {
        memchr::memchr_iter(b'\n', self.content(extent).1.as_bytes()).count()
    }

    /// The text of some rows, and where it begins.
    fn content(&self, extent: Extent) -> (Begin, &str) {
        let begin = |part: usize| self.parts.get(part).copied();
        let (from, to) = match extent {
            Extent::Whole => (begin(0), None),
            Extent::Part(part) => (begin(part), begin(part + 1)),
        };
        let end = self.text.content.len();
        let from = from.unwrap_or(Begin { at: end, lines_before: 0 });
        (from, &self.text.content[from.at..to.map_or(end, |to| to.at)])
    }

    /// How the separator is called.
    pub(crate) fn separator_name(&self) -> &'static str {
        SEPARATORS.iter().find(|(byte, _)| *byte == self.separator).map_or("other", |(_, name)| name)
    }

    /// Whether the separator lets numbers have a decimal comma without quotation marks.
    pub(crate) fn suits_decimal_comma(&self) -> bool {
        self.separator != b','
    }

    /// A text of rows in the same form, with the same first line.
    pub(crate) fn write<'r>(&self, rows: impl Iterator<Item = &'r StringRecord>) -> Result<Vec<u8>> {
        let failed = |e: csv::Error| Error::internal("writing rows", e);
        let mut writer =
            csv::WriterBuilder::new().flexible(true).delimiter(self.separator).from_writer(Vec::new());
        for row in rows {
            writer.write_record(row).map_err(failed)?;
        }
        let rows = writer.into_inner().map_err(|e| Error::internal("writing rows", e.into_error()))?;
        let rows = String::from_utf8_lossy(&rows);
        // Fewer rows may look as if they had another separator: then the file says which it has.
        let unsure = self.start == 0 && guess_separator(&rows) != self.separator;
        let first = match unsure {
            true => format!("sep={}\n", char::from(self.separator)),
            false => self.text.content[..self.start].to_owned(),
        };
        Ok(self.text.encode(&format!("{first}{rows}")))
    }

    /// Visits the rows, of which blank lines are none.
    pub(crate) fn rows(&self, extent: Extent, visit: Visit<'_>) -> Result<()> {
        let (Begin { lines_before, .. }, content) = self.content(extent);
        let lines_before = lines_before as u64;
        let mut reader = csv::ReaderBuilder::new()
            .flexible(true)
            .has_headers(false)
            .delimiter(self.separator)
            .from_reader(content.as_bytes());
        let mut row = Row::default();
        loop {
            let position = reader.position().clone();
            if !reader.read_record(&mut row.texts).map_err(|e| Error::invalid_field("file", e))? {
                return Ok(());
            }
            // The reader passes over blank lines before it begins a row.
            let rest = &content.as_bytes()[(position.byte() as usize).min(content.len())..];
            let blank =
                rest.iter().take_while(|b| matches!(b, b'\r' | b'\n')).filter(|b| **b == b'\n').count();
            row.line = lines_before + position.line() + blank as u64;
            if visit(&row)? == ControlFlow::Break(()) {
                return Ok(());
            }
        }
    }
}

/// The separator that the first line names, as spreadsheets write it, and where the line ends.
fn named_separator(text: &str) -> Option<(u8, usize)> {
    let line = text.split_inclusive('\n').next()?;
    let named = line.trim_end_matches(['\r', '\n']).trim_matches('"');
    let separator = named.strip_prefix("sep=").or_else(|| named.strip_prefix("SEP="))?;
    let &[separator] = separator.as_bytes() else { return None };
    (separator.is_ascii() && separator != b'"').then_some((separator, line.len()))
}

/// The separator with which most rows have the same number of cells, and many.
fn guess_separator(text: &str) -> u8 {
    let sample = &text[..text.floor_char_boundary(SAMPLE_BYTES)];
    let score = |separator: u8| {
        let reader = csv::ReaderBuilder::new()
            .flexible(true)
            .has_headers(false)
            .delimiter(separator)
            .from_reader(sample.as_bytes());
        let mut rows_of_length = std::collections::BTreeMap::new();
        for row in reader.into_records().take(SAMPLE_ROWS).flatten() {
            *rows_of_length.entry(row.len()).or_insert(0) += 1;
        }
        rows_of_length.into_iter().map(|(cells, rows)| (cells - 1) * rows).max().unwrap_or_default()
    };
    let mut best = (b',', score(b','));
    for (separator, _) in &SEPARATORS[1..] {
        let score = score(*separator);
        if score > best.1 {
            best = (*separator, score);
        }
    }
    best.0
}

/// Parts of about so many bytes, each of whole rows. Refuses a quotation mark that is not closed, or that is closed within
/// a cell.
fn parts(text: &str, separator: u8, first: Begin, part_bytes: usize) -> Result<Vec<Begin>> {
    let bytes = text.as_bytes();
    let mut parts = vec![first];
    let (mut at, mut line) = (first.at, first.lines_before + 1);
    if !text.contains('"') {
        while let Some(length) = bytes.get(at + part_bytes..).and_then(|rest| memchr::memchr(b'\n', rest)) {
            let next = at + part_bytes + length + 1;
            line += memchr::memchr_iter(b'\n', &bytes[at..next]).count();
            at = next;
            parts.push(Begin { at, lines_before: line - 1 });
        }
        // Behind the last line end nothing begins.
        parts.retain(|part| *part == first || part.at < bytes.len());
        return Ok(parts);
    }
    let ends_cell = |byte: &u8| matches!(*byte, b'\n' | b'\r') || *byte == separator;
    let wrong = |line: usize, message: &str| Err(Error::invalid_field(format!("file, line {line}"), message));
    let mut next = at + part_bytes;
    while at < bytes.len() {
        // At the first sign of a cell.
        if bytes[at] == b'"' {
            let opened = line;
            at += 1;
            loop {
                let Some(length) = bytes[at..].iter().position(|b| *b == b'"') else {
                    return wrong(opened, "has a quotation mark that is never closed; close or remove it");
                };
                line += bytes[at..at + length].iter().filter(|b| **b == b'\n').count();
                at += length + 1;
                match bytes.get(at) {
                    Some(b'"') => at += 1,
                    next if next.is_none_or(ends_cell) => break,
                    _ => {
                        return wrong(
                            opened,
                            "has a quotation mark that is closed within a cell; write \"\" for one that belongs to a text",
                        );
                    }
                }
            }
        } else {
            at += bytes[at..].iter().position(ends_cell).unwrap_or(bytes.len() - at);
        }
        let ends_row = bytes.get(at) == Some(&b'\n');
        at += 1;
        if ends_row {
            line += 1;
            if at >= next && at < bytes.len() {
                parts.push(Begin { at, lines_before: line - 1 });
                next = at + part_bytes;
            }
        }
    }
    Ok(parts)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn open(content: &str) -> Result<Separated> {
        Separated::new(Text::decode(content.as_bytes().to_vec(), None).unwrap())
    }

    fn rows(content: &str) -> Vec<(u64, Vec<String>)> {
        rows_of(&open(content).unwrap(), Extent::Whole)
    }

    #[test]
    fn the_separator_is_found_or_obeyed() {
        for (content, cells, name) in [
            ("a,b\n1,2\n", 2, "comma"),
            ("a;b;c\n1,5;2,5;3\n", 3, "semicolon"),
            ("a\tb\n1,5\t2\n", 2, "tab"),
            ("a|b\n1|2\n", 2, "bar"),
            ("sep=;\na;b\n1;2\n", 2, "semicolon"),
            ("\"sep=,\"\na,b\n", 2, "comma"),
            ("alone\n1\n", 1, "comma"),
            ("title of it all,,\n\na,b,c\n\"x;y;z\",2,3\n", 3, "comma"),
        ] {
            assert_eq!(open(content).unwrap().separator_name(), name, "{content:?}");
            assert!(rows(content).iter().all(|(_, row)| row.len() == cells), "{content:?}");
        }
    }

    #[test]
    fn rows_begin_at_their_line_of_the_file() {
        let lines: Vec<_> =
            rows("sep=,\na,b\n\n\r\n1,\"x\ny\"\n\n2,z\n").into_iter().map(|(line, _)| line).collect();
        assert_eq!(lines, [2, 5, 8]);
        let lines: Vec<_> = rows("a,b\r1,2\r\r3,4").into_iter().map(|(line, _)| line).collect();
        assert_eq!(lines, [1, 2, 4]);
        let lines: Vec<_> = rows("a,b\r\n1,2\r3,4\n5,6").into_iter().map(|(line, _)| line).collect();
        assert_eq!(lines, [1, 2, 3, 4]);
    }

    #[test]
    fn a_quotation_mark_that_is_not_closed_is_refused_with_its_line() {
        for (content, line) in [
            ("a,b\n1,x\n2,\"y\n3,z\n4,w\n", Some(3)),
            ("a,b\n1,\"x\n2,y\"z\n", Some(2)),
            ("a,b\n1,\"x\ny\"\n2,\"z\n", Some(4)),
            ("sep=,\na,b\n1,\"x\n", Some(3)),
            ("a,b\n1,\"x \"\"y\"\"\"\n", None),
            ("a,b\n1,5\" pipe\n", None),
            ("a,b\n1,\"\"\n\"\",\"\"", None),
        ] {
            let refused = open(content).err().map(|e| e.message);
            let named = line.map(|line| format!("file, line {line}: "));
            assert_eq!(refused.is_some(), named.is_some(), "{content:?}: {refused:?}");
            assert!(refused.unwrap_or_default().starts_with(&named.unwrap_or_default()), "{content:?}");
        }
    }

    fn rows_of(file: &Separated, extent: Extent) -> Vec<(u64, Vec<String>)> {
        let mut rows = Vec::new();
        let mut keep = |row: &Row| {
            rows.push((row.line, row.texts.iter().map(str::to_owned).collect()));
            Ok(ControlFlow::Continue(()))
        };
        file.rows(extent, &mut keep).unwrap();
        rows
    }

    proptest! {
        #[test]
        fn parts_have_the_rows_and_the_lines_of_the_whole(
            cells in prop::collection::vec(r#"(a|万州|"|\n|\r\n|,|;| ){0,4}"#, 1..40),
            ends in prop::collection::vec(prop::sample::select(vec![",", "\n", "\r\n", "\n\n"]), 40),
            quoted in any::<bool>(),
            named in any::<bool>(),
            part_bytes in 1usize..40,
        ) {
            let cell = |text: &String| match quoted {
                true if text.contains(['"', '\n', '\r', ',']) => format!("\"{}\"", text.replace('"', "\"\"")),
                true => text.clone(),
                false => text.replace('"', "”"),
            };
            let cells: String = cells.iter().zip(ends).map(|(text, end)| cell(text) + end).collect();
            let (first, start) = if named { ("sep=,\n", 6) } else { ("", 0) };
            let text = Text::decode(format!("{first}{cells}").into_bytes(), None).unwrap();
            let file = Separated::in_parts(text, b',', start, part_bytes).unwrap();
            let parts = (0..file.parts.len()).flat_map(|part| rows_of(&file, Extent::Part(part)));
            prop_assert_eq!(parts.collect::<Vec<_>>(), rows_of(&file, Extent::Whole));
        }
    }
}
