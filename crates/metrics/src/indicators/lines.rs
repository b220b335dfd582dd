//! Poverty lines by standard, year and area, as SQL over the year and the area of a household.
//!
//! The national lines are built in; an office records others in the dataset of poverty lines, and its own come first.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use arrow::array::Array;
use quick_cache::sync::Cache;
use rust_decimal::Decimal;
use serde::Deserialize;
use uplift_core::error::Result;
use uplift_engine::error::query_failed;
use uplift_formats::columns::{integer, text, text_at};

use super::value::values;
use crate::snapshots::SnapshotSet;

/// The dataset of lines.
pub(crate) const LINES: &str = "poverty_line";
/// `$line[2010]` in a measure is the line of the standard of 2010 in the year and the area of the record.
pub(crate) const LINE: &str = "$line[";

/// The national standard whose line tells who is poor.
pub(crate) const STANDARD: &str = "2010";

/// The lines that Uplift itself has.
const BUILT_IN: &str = include_str!("../../catalogue/lines/national.toml");

/// Lines of a standard that are told apart in one expression.
const MAX_LINES: usize = 400;

/// Lines in yuan a head, by standard, and by year and prefix of area codes.
#[derive(Debug, Clone, Default)]
pub(crate) struct Lines {
    by_standard: BTreeMap<String, BTreeMap<(i64, String), Decimal>>,
}

/// Lines by version of their table: those of the last ones are kept.
#[derive(Debug)]
pub(crate) struct LastLines {
    by_version: Cache<i64, Arc<Lines>>,
}

impl Default for LastLines {
    fn default() -> Self {
        Self { by_version: Cache::new(16) }
    }
}

impl LastLines {
    /// The lines of some snapshots.
    pub(crate) async fn of(&self, snapshots: &SnapshotSet) -> Result<Arc<Lines>> {
        let version = snapshots.version(LINES).await?;
        let read = async { Lines::read(snapshots).await.map(Arc::new) };
        self.by_version.get_or_insert_async(&version, read).await
    }
}

#[derive(Deserialize)]
struct File {
    line: Vec<Declared>,
}

#[derive(Deserialize)]
struct Declared {
    standard: String,
    year: i64,
    yuan: Decimal,
}

/// The national lines.
pub(crate) static NATIONAL: LazyLock<Lines> = LazyLock::new(|| {
    let file: File = toml::from_str(BUILT_IN).expect("the built-in lines are TOML");
    let mut lines = Lines::default();
    for line in file.line {
        let standard = lines.by_standard.entry(line.standard).or_default();
        standard.insert((line.year, String::new()), line.yuan);
    }
    lines
});

impl Lines {
    /// The national lines and the recorded ones.
    pub(crate) async fn read(snapshots: &SnapshotSet) -> Result<Self> {
        let mut lines = NATIONAL.clone();
        let Some(snapshot) = snapshots.snapshot(LINES).await? else { return Ok(lines) };
        let failed = |e| query_failed("reading poverty lines", e);
        for batch in snapshot.rows().await?.collect().await.map_err(failed)? {
            let (standard, area) = (text(&batch, "standard")?, text(&batch, "area_code")?);
            let year = integer(&batch, "year")?;
            let amounts = batch.column_by_name("line").map(values).transpose()?.unwrap_or_default();
            for (row, amount) in amounts.into_iter().enumerate().filter(|(row, _)| year.is_valid(*row)) {
                if let Some(amount) = amount.and_then(|amount| amount.as_decimal()) {
                    let standard = lines.by_standard.entry(text_at(&standard, row)).or_default();
                    standard.insert((year.value(row), text_at(&area, row)), amount);
                }
            }
        }
        Ok(lines)
    }

    /// The line of a standard in a year and an area, in yuan a head: that of the narrowest area that has one.
    pub(crate) fn line(&self, standard: &str, year: i64, area: &str) -> Option<Decimal> {
        let lines = self.by_standard.get(standard)?.iter();
        let own = lines.filter(|((of, prefix), _)| *of == year && area.starts_with(prefix.as_str()));
        own.max_by_key(|((_, prefix), _)| prefix.len()).map(|(_, line)| *line)
    }

    /// SQL with every `$line[standard]` filled in.
    pub(crate) fn filled(&self, sql: &str) -> String {
        let mut filled = String::new();
        let mut rest = sql;
        while let Some((before, after)) = rest.split_once(LINE) {
            let (standard, after) = after.split_once(']').unwrap_or((after, ""));
            filled.push_str(before);
            filled.push_str(&self.sql(standard));
            rest = after;
        }
        filled + rest
    }

    /// SQL of a line; none for a year without one.
    fn sql(&self, standard: &str) -> String {
        let Some(lines) = self.by_standard.get(standard) else { return "CAST(NULL AS DOUBLE)".to_owned() };
        // Of a year the narrowest area first: the first condition that holds decides.
        let mut lines: Vec<_> = lines.iter().collect();
        lines.sort_by_key(|((year, area), _)| (*year, std::cmp::Reverse(area.len())));
        let case = |((year, area), yuan): &(&(i64, String), &Decimal)| match area.as_str() {
            "" => format!(" WHEN year = {year} THEN {yuan}"),
            area => format!(" WHEN year = {year} AND left(area_code, {}) = '{area}' THEN {yuan}", area.len()),
        };
        let cases: String = lines.iter().take(MAX_LINES).map(case).collect();
        format!("CAST(CASE{cases} END AS DOUBLE)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_of_a_record_is_that_of_its_year_and_its_own_area_before_the_nation() {
        let mut lines = NATIONAL.clone();
        let standard = lines.by_standard.get_mut("2010").unwrap();
        standard.retain(|(year, _), _| *year == 2011);
        standard.insert((2011, "50".to_owned()), Decimal::from(2800));
        assert_eq!(lines.line("2010", 2011, "500101100200"), Some(2800.into()));
        assert_eq!(lines.line("2010", 2011, "51"), Some(2536.into()));
        assert_eq!(lines.line("2010", 2012, "50"), None);
        assert_eq!(
            lines.filled("income < $line[2010] AND $line[none] > 0"),
            "income < CAST(CASE WHEN year = 2011 AND left(area_code, 2) = '50' THEN 2800 \
             WHEN year = 2011 THEN 2536 END AS DOUBLE) AND CAST(NULL AS DOUBLE) > 0"
        );
    }
}
