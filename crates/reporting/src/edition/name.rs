//! Names of editions and of their figures, by which they are cited: annual-50-2011/1, annual-50-2011/1/f12.

use std::fmt;
use std::str::FromStr;

use uplift_core::error::{Error, Result};

use crate::request::Subject;

/// A series has the same template, area, period and document; its editions are counted from 1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct EditionName {
    pub(crate) series: String,
    pub(crate) number: i32,
}

/// Bytes of the name of a series: it is the name of a folder.
const MAX_SERIES: usize = 200;

/// A figure of an edition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Citation {
    pub(crate) edition: EditionName,
    /// As f12.
    pub(crate) figure: String,
}

/// The series of reports of a template on an area and a period, or on a document.
pub(crate) fn series_of(template: &str, subject: &Subject) -> String {
    let of = if subject.period.is_empty() { &subject.document_id } else { &subject.area_code };
    let parts = [template, of, &subject.period].into_iter().filter(|part| !part.is_empty());
    parts.collect::<Vec<_>>().join("-")
}

impl fmt::Display for EditionName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.series, self.number)
    }
}

impl fmt::Display for Citation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.edition, self.figure)
    }
}

impl FromStr for EditionName {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let wrong = || {
            let message = format!("{text:?} does not name an edition; write it as annual-50-2011/1");
            Error::invalid_field("edition_id", message)
        };
        let (series, number) = text.split_once('/').ok_or_else(wrong)?;
        let is_series =
            !series.is_empty() && series.chars().all(|c| c.is_alphanumeric() || "-_.".contains(c));
        let is_series = is_series && series.len() <= MAX_SERIES;
        // As it is written: +1 and 01 are not other names of the same.
        let number = number.parse::<i32>().ok().filter(|n| *n > 0 && n.to_string() == number);
        let number = number.filter(|_| is_series && !series.starts_with('.')).ok_or_else(wrong)?;
        Ok(Self { series: series.to_owned(), number })
    }
}

impl FromStr for Citation {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let wrong = || {
            let message = format!("{text:?} does not cite a figure; write it as annual-50-2011/1/f12");
            Error::invalid_field("citation", message)
        };
        let (edition, figure) = text.rsplit_once('/').ok_or_else(wrong)?;
        let edition = edition.parse().map_err(|_| wrong())?;
        let is_figure =
            figure.strip_prefix('f').is_some_and(|n| !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit()));
        if !is_figure {
            return Err(wrong());
        }
        Ok(Self { edition, figure: figure.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_read_as_it_is_written_and_nothing_else_is_one() {
        for name in ["annual-50-2011/1", "reconciliation-chongqing-2011/12", "annual-50-2011-Q3/2"] {
            assert_eq!(name.parse::<EditionName>().unwrap().to_string(), name);
            let citation = format!("{name}/f12");
            assert_eq!(citation.parse::<Citation>().unwrap().to_string(), citation);
        }
        for wrong in
            ["", "annual", "annual/", "annual/0", "annual/01", "annual/+1", "../x/1", "a/b/1", ".x/1", "a /1"]
        {
            assert!(wrong.parse::<EditionName>().is_err(), "{wrong}");
        }
        for wrong in ["annual-50-2011/1", "annual-50-2011/1/", "annual-50-2011/1/12", "annual-50-2011/1/fx"] {
            assert!(wrong.parse::<Citation>().is_err(), "{wrong}");
        }
    }
}
