//! Files of any kind as rows of cells: what a file is shows in its first bytes, never in its name.

pub(crate) mod archive;
mod arrow_ipc;
pub(crate) mod columnar;
pub(crate) mod json_lines;
mod number_format;
pub(crate) mod separated;
pub(crate) mod text;
pub(crate) mod workbook;

use uplift_core::error::{Error, Result};

use self::columnar::{Columnar, Form};
use self::json_lines::JsonLines;
use self::separated::Separated;
use self::text::Text;
use self::workbook::Workbook;
use crate::reading::{Reading, ReadingOptions};
use crate::row::{Extent, Visit};

/// A file that was recognised.
#[derive(Debug)]
pub(crate) enum Source {
    Separated(Separated),
    Workbook(Box<Workbook>),
    Columnar(Columnar),
    JsonLines(JsonLines),
}

/// First bytes of files that are read by other programs, and what to do about them.
const OTHERS: [(&[u8], &str); 14] = [
    (
        b"\xd0\xcf\x11\xe0",
        "is an old workbook (.xls), or one with a password; save it as .xlsx without a password",
    ),
    (b"%PDF", "is a PDF; send the table that it was made from, as .xlsx or CSV"),
    (b"\x1f\x8b", "is compressed (gzip); unpack it"),
    (b"BZh", "is compressed (bzip2); unpack it"),
    (b"\xfd7zXZ", "is compressed (xz); unpack it"),
    (b"\x28\xb5\x2f\xfd", "is compressed (zstd); unpack it"),
    (b"7z\xbc\xaf", "is compressed (7z); unpack it"),
    (b"Rar!", "is compressed (rar); unpack it"),
    (b"{\\rtf", "is a text document (RTF); save its table as .xlsx or CSV"),
    (b"\x89PNG", "is a picture; send the table itself, as .xlsx or CSV"),
    (b"\xff\xd8\xff", "is a picture; send the table itself, as .xlsx or CSV"),
    (b"SQLite format 3", "is a database; export the table as CSV"),
    (b"Obj\x01", "is Avro; convert it to Parquet or CSV"),
    (b"ORC", "is ORC; convert it to Parquet or CSV"),
];

impl Source {
    /// Recognises a file and opens it.
    pub(crate) fn open(bytes: Vec<u8>, options: &ReadingOptions) -> Result<Self> {
        let wrong = |message: &str| Err(Error::invalid_field("file", message));
        if let Some((_, message)) = OTHERS.iter().find(|(first, _)| bytes.starts_with(first)) {
            return wrong(message);
        }
        match bytes.as_slice() {
            [] => return wrong("is empty"),
            [b'P', b'K', 3, 4, ..] => {
                return Workbook::open(bytes.into()).map(|workbook| Self::Workbook(Box::new(workbook)));
            }
            [b'P', b'A', b'R', b'1', ..] => return columnar(bytes, Form::Parquet),
            [b'A', b'R', b'R', b'O', b'W', b'1', ..] => return columnar(bytes, Form::ArrowFile),
            [0xff, 0xff, 0xff, 0xff, ..] => return columnar(bytes, Form::ArrowStream),
            _ => {}
        }
        let text = Text::decode(bytes, options.encoding.as_deref())?;
        let begin = text.content.trim_start();
        let begins = |tag: &str| begin.get(..tag.len()).is_some_and(|b| b.eq_ignore_ascii_case(tag));
        match () {
            () if begin.is_empty() => wrong("is empty"),
            () if begins("<?xml") || begins("<html") || begins("<!doctype") || begins("<table") => {
                wrong("is XML or HTML, whatever its name says; open it in Excel and save it as .xlsx")
            }
            () if begins("[{") || begins("[\n") => {
                wrong("is a JSON list; write one object a line, without commas between")
            }
            () if begins("{") => JsonLines::new(text).map(Self::JsonLines),
            () => Separated::new(text).map(Self::Separated),
        }
    }

    /// The sheets; a file that is no workbook is one.
    pub(crate) fn sheets(&self) -> Vec<String> {
        match self {
            Self::Workbook(workbook) => workbook.sheets.clone(),
            _ => vec![String::new()],
        }
    }

    /// The names of columns, where they are no row of the file.
    pub(crate) fn headings(&self) -> Option<Vec<String>> {
        match self {
            Self::Columnar(file) => Some(file.headings()),
            Self::JsonLines(file) => Some(file.headings().to_vec()),
            Self::Separated(_) | Self::Workbook(_) => None,
        }
    }

    /// How many parts can be read side by side, in the order of their rows.
    pub(crate) fn parts(&self) -> usize {
        match self {
            Self::Separated(file) => file.parts.len(),
            Self::Workbook(_) | Self::Columnar(_) | Self::JsonLines(_) => 1,
        }
    }

    /// Visits every row, the head too where it is one.
    pub(crate) fn rows(&self, sheet: &str, extent: Extent, visit: Visit<'_>) -> Result<()> {
        match self {
            Self::Separated(file) => file.rows(extent, visit),
            Self::Workbook(file) => file.rows(sheet, visit),
            Self::Columnar(file) => file.rows(visit),
            Self::JsonLines(file) => file.rows(visit),
        }
    }

    /// Number of rows, roughly, where that costs little to tell.
    pub(crate) fn rows_expected(&self, extent: Extent) -> usize {
        match self {
            Self::Separated(file) => file.lines(extent),
            Self::Workbook(_) | Self::Columnar(_) | Self::JsonLines(_) => 0,
        }
    }

    /// What it was recognised as.
    pub(crate) fn reading(&self) -> Reading {
        let (kind, encoding, separator) = match self {
            Self::Separated(file) => ("CSV", file.text.encoding(), file.separator_name()),
            Self::Workbook(_) => ("XLSX", "", ""),
            Self::Columnar(file) => (file.name(), "", ""),
            Self::JsonLines(file) => ("NDJSON", file.text.encoding(), ""),
        };
        Reading { kind, encoding: encoding.to_owned(), separator, ..Reading::default() }
    }

    /// How a position in the file is called.
    pub(crate) fn line_word(&self) -> &'static str {
        match self {
            Self::Separated(_) | Self::JsonLines(_) => "line",
            Self::Workbook(_) | Self::Columnar(_) => "row",
        }
    }
}

fn columnar(bytes: Vec<u8>, form: Form) -> Result<Source> {
    Columnar::open(bytes.into(), form).map(Source::Columnar)
}
