//! What the terminal shows: light tables, progress on stderr, errors that say what to do.

use std::io::Write;

use comfy_table::{CellAlignment, ContentArrangement, LineStyle, Table, TableStyle};
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::{Map, Value};
use uplift_core::cell;
use uplift_core::chinese::{chinese_error, chinese_violation};
use uplift_core::error::{Error, Result};
use uplift_core::language::Language;
use uplift_core::rejection::shortened;
use uplift_proto::chinese::chinese;

use crate::arguments::OutputFormat;

/// Prints a line to stdout. If the reader has closed the pipe, as `head` does, the command ends with the status
/// of a closed pipe.
macro_rules! say {
    ($($text:tt)*) => {
        $crate::terminal::line(format_args!("{}\n", format_args!($($text)*)))
    };
}
pub(crate) use say;

/// Prints a line in the reader's language: `say_in!(language, "{n} rows", "{n}行")`.
macro_rules! say_in {
    ($language:expr, $en:literal, $zh:literal $(, $value:expr)* $(,)?) => {
        match $language {
            uplift_core::language::Language::En => $crate::terminal::say!($en $(, $value)*),
            uplift_core::language::Language::Zh => $crate::terminal::say!($zh $(, $value)*),
        }
    };
}
pub(crate) use say_in;

/// Writes a text for [`say`], without what a terminal would obey: figures and titles come from others.
pub(crate) fn line(text: std::fmt::Arguments<'_>) {
    if std::io::stdout().write_all(harmless(&text.to_string()).as_bytes()).is_err() {
        std::process::exit(CLOSED_PIPE);
    }
}

/// A text with control characters replaced, line breaks and tabs aside, and what turns the direction of writing.
fn harmless(text: &str) -> String {
    let turns = |c: char| matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    text.replace(|c: char| (c.is_control() && !matches!(c, '\n' | '\t')) || turns(c), "\u{fffd}")
}

/// 128 and the number of SIGPIPE.
const CLOSED_PIPE: i32 = 141;

/// A line below the head and no others.
const LIGHT: TableStyle = TableStyle::new().header_separator(LineStyle::none().fill('─').junction('─'));

/// Rows with named columns, printed in any format.
#[derive(Debug)]
pub(crate) struct Listing<'a> {
    pub(crate) columns: Vec<&'a str>,
    /// Columns whose cells are numbers, right-aligned.
    pub(crate) numbers: Vec<usize>,
    pub(crate) rows: Vec<Vec<String>>,
}

impl Listing<'_> {
    /// Prints the rows to stdout.
    pub(crate) fn print(&self, format: OutputFormat) -> Result<()> {
        match format {
            OutputFormat::Table => say!("{}", self.table()),
            OutputFormat::Json => {
                let object = |row: &Vec<String>| {
                    let cells = self.columns.iter().zip(row);
                    Value::Object(
                        cells.map(|(c, v)| ((*c).to_owned(), Value::from(v.as_str()))).collect::<Map<_, _>>(),
                    )
                };
                say!("{:#}", Value::Array(self.rows.iter().map(object).collect()));
            }
            OutputFormat::Csv => {
                let failed = |e: String| Error::internal("writing CSV", e);
                let mut writer = csv::Writer::from_writer(Vec::new());
                let written = writer.write_record(&self.columns).and_then(|()| {
                    let shown = |row: &Vec<String>| {
                        writer.write_record(row.iter().map(|c| cell::shown(c).into_owned()))
                    };
                    self.rows.iter().try_for_each(shown)
                });
                written.map_err(|e| failed(e.to_string()))?;
                let text = writer.into_inner().map_err(|e| failed(e.to_string()))?;
                say!("{}", String::from_utf8_lossy(&text).trim_end());
            }
        }
        Ok(())
    }

    fn table(&self) -> Table {
        let mut table = Table::new();
        table.load_style(LIGHT).set_content_arrangement(ContentArrangement::Dynamic);
        if table.width().is_none() {
            table.set_width(120);
        }
        table.set_header(&self.columns);
        table.add_rows(&self.rows);
        for column in &self.numbers {
            if let Some(column) = table.column_mut(*column) {
                column.set_cell_alignment(CellAlignment::Right);
            }
        }
        table
    }
}

/// A bar on stderr over `steps` steps; hidden where stderr is not a terminal.
pub(crate) fn progress(steps: u64) -> ProgressBar {
    let style = ProgressStyle::with_template("{bar:24} {pos}/{len} {msg}");
    let bar = ProgressBar::new(steps);
    bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    bar
}

/// A remark on stderr, so that output for programs stays as it is.
pub(crate) fn remark(text: &str) {
    eprintln!("{}", harmless(&shortened(text, MAX_ERROR)));
}

/// Characters of one line of an error.
const MAX_ERROR: usize = 1_000;

/// An error for people: what is wrong, and each field at fault.
pub(crate) fn print_error(error: &Error, language: Language) {
    let eprint = |text: String| eprintln!("{}", harmless(&shortened(&text, MAX_ERROR)));
    eprint(match language {
        Language::En => format!("error: {}", error.message),
        Language::Zh => format!("错误：{}", chinese_error(error)),
    });
    if error.violations.len() > 1 {
        for violation in &error.violations {
            eprint(match language {
                Language::En => format!("  {}: {}", violation.field, violation.description),
                Language::Zh => format!("  {}", chinese_violation(violation)),
            });
        }
    }
    let mut cause = error.source.as_deref().map(|s| s as &dyn std::error::Error);
    while let Some(inner) = cause {
        // What the system or a library says is in its own words.
        let inner_text = message(&inner.to_string(), language);
        eprint(format!("  {}{inner_text}", language.choose("because: ", "原因：")));
        cause = inner.source();
    }
}

/// A message in the reader's language, as far as there is a translation.
pub(crate) fn message(english: &str, language: Language) -> String {
    let chinese = if language == Language::Zh { chinese(english) } else { None };
    chinese.unwrap_or_else(|| english.to_owned())
}
