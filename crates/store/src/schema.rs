//! The columns of a table: those of its dataset, and those that ingest adds to every row.

use std::fmt;
use std::sync::Arc;

use arrow::datatypes::{DataType, Field as Column, Schema, SchemaRef, TimeUnit};
use uplift_core::dataset::Dataset;
use uplift_formats::columns::column;

/// Area that the row's submission reports for, without padding.
pub const REPORTING_AREA: &str = "reporting_area";
/// Period that the row's submission reports for.
pub const REPORTING_PERIOD: &str = "reporting_period";
/// Year of that period: partition.
pub const REPORTING_YEAR: &str = "reporting_year";
/// County of that area, or the area itself where it is above a county: partition.
pub const REPORTING_COUNTY: &str = "reporting_county";
/// Submission that the row is of.
pub const SUBMISSION_ID: &str = "submission_id";
/// Row in that submission, counted from 1.
pub const ROW_NUMBER: &str = "row_number";
/// Whether the row is simulated.
pub const SIMULATED: &str = "simulated";

/// What a submission reports for: a replacing one replaces the rows of its scope.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scope {
    pub year: u16,
    /// County of the area, or the area itself where it is above a county.
    pub county: String,
    pub area: String,
    pub period: String,
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { year, county, area, period } = self;
        write!(
            f,
            "{REPORTING_YEAR} = {year} AND {REPORTING_COUNTY} = '{county}' AND {REPORTING_AREA} = '{area}' \
             AND {REPORTING_PERIOD} = '{period}'"
        )
    }
}

/// Name, columns and partitioning of a table.
#[derive(Debug, Clone)]
pub struct TableSchema {
    /// Name: also the folder it is kept in.
    pub name: String,
    pub columns: SchemaRef,
    /// Partition columns.
    pub partition: Vec<String>,
}

impl TableSchema {
    /// The table of a dataset.
    pub fn for_dataset(dataset: &Dataset) -> Self {
        let mut columns: Vec<Column> = dataset.fields.iter().map(column).collect();
        columns.extend([
            Column::new(SIMULATED, DataType::Boolean, false),
            Column::new(REPORTING_AREA, DataType::Utf8, false),
            Column::new(REPORTING_PERIOD, DataType::Utf8, false),
            Column::new(SUBMISSION_ID, DataType::Utf8, false),
            Column::new(ROW_NUMBER, DataType::Int64, false),
            Column::new(REPORTING_YEAR, DataType::Int32, false),
            Column::new(REPORTING_COUNTY, DataType::Utf8, false),
        ]);
        Self {
            name: dataset.name.clone(),
            columns: Arc::new(Schema::new(columns)),
            partition: vec![REPORTING_YEAR.to_owned(), REPORTING_COUNTY.to_owned()],
        }
    }
}

/// Name of the ledger's table, and of the table of rejected rows.
pub const LEDGER: &str = "submission";
pub const REJECTIONS: &str = "rejection";

/// Key of the submissions in the log entry of their commit.
pub const LOG_SUBMISSIONS: &str = "uplift.submissions";

/// The table of submissions with their outcomes: the ledger of ingest.
pub fn ledger() -> TableSchema {
    let text = |name| Column::new(name, DataType::Utf8, false);
    let number = |name| Column::new(name, DataType::Int64, false);
    let time = DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()));
    let columns = Arc::new(Schema::new(vec![
        text(SUBMISSION_ID),
        text("dataset"),
        text("area_code"),
        text("period"),
        text("mode"),
        text("policy"),
        text("sender"),
        Column::new(SIMULATED, DataType::Boolean, false),
        Column::new("committed", DataType::Boolean, false),
        number("rows_received"),
        number("rows_accepted"),
        number("rows_rejected"),
        Column::new("table_version", DataType::Int64, true),
        text("digest"),
        Column::new("create_time", time, false),
    ]));
    TableSchema { name: LEDGER.to_owned(), columns, partition: Vec::new() }
}
