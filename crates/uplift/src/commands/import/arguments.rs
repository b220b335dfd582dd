//! Arguments of `uplift import`, and what they say: to the service in a header, to the reader of files here.

use std::collections::HashMap;
use std::path::PathBuf;

use clap::Args;
use sha2::{Digest, Sha256};
use uplift_core::error::{Error, Result};
use uplift_formats::Upload;
use uplift_proto::v1::ingest::{Mode, Policy, SubmissionHeader, UploadHeader};
use uuid::Uuid;

use crate::arguments::{IngestAddress, ReadingArgs};

#[derive(Debug, Args)]
pub(crate) struct ImportArgs {
    /// The file: CSV, an Excel workbook (.xlsx), Parquet, Arrow or NDJSON. What it is shows in its content.
    #[arg(value_name = "FILE")]
    pub(super) file: PathBuf,
    /// Dataset of its rows; `uplift datasets` lists them.
    #[arg(long, value_name = "NAME")]
    pub(super) dataset: String,
    /// Area that the file reports for.
    #[arg(long, value_name = "CODE")]
    pub(super) area: String,
    /// Period that the file reports for: 2011, 2011-Q3, 2011-10.
    #[arg(long, value_name = "PERIOD")]
    pub(super) period: String,
    /// Who sends it.
    #[arg(long, value_name = "NAME", default_value = "uplift import")]
    sender: String,
    /// Replace all earlier rows of this dataset, area and period; one bad row refuses the file.
    #[arg(long)]
    pub(super) replace: bool,
    /// Refuse the whole file if one row is bad; without it, good rows are accepted.
    #[arg(long)]
    all_or_nothing: bool,
    /// With --replace: replace with the good rows, and reject the others.
    #[arg(long, requires = "replace", conflicts_with = "all_or_nothing")]
    accept_good_rows: bool,
    /// Check the file without committing anything.
    #[arg(long)]
    pub(super) dry_run: bool,
    /// Unit of a column, for example amount=万元; may be given several times.
    #[arg(long = "unit", value_name = "COLUMN=UNIT")]
    pub(super) units: Vec<String>,
    /// Column that is not to be read; may be given several times.
    #[arg(long = "ignore", value_name = "COLUMN")]
    pub(super) ignored: Vec<String>,
    /// What every row holds in a field that the file has no column for, for example 机构编号=s1; may be given several times.
    #[arg(long = "set", value_name = "FIELD=VALUE")]
    pub(super) constants: Vec<String>,
    #[command(flatten)]
    pub(super) reading: ReadingArgs,
    /// Id of the submission [default: derived from the file's content; of its own for each --replace].
    #[arg(long, value_name = "ID")]
    id: Option<String>,
    #[command(flatten)]
    pub(super) address: IngestAddress,
}

impl ImportArgs {
    /// The header of the upload.
    pub(super) fn header(&self, bytes: &[u8]) -> Result<UploadHeader> {
        let options = self.reading.options();
        let all_or_nothing = self.all_or_nothing || (self.replace && !self.accept_good_rows);
        let policy = if all_or_nothing { Policy::AllOrNothing } else { Policy::AcceptGoodRows };
        let mode = if self.replace { Mode::Replace } else { Mode::Append };
        let submission = SubmissionHeader {
            submission_id: self.id.clone().unwrap_or_else(|| self.own_id(bytes)),
            dataset: self.dataset.clone(),
            area_code: self.area.clone(),
            period: self.period.clone(),
            mode: mode.into(),
            policy: policy.into(),
            sender: self.sender.clone(),
            simulated: false,
        };
        Ok(UploadHeader {
            submission: Some(submission),
            units: self.units()?,
            constants: self.constants()?,
            dry_run: self.dry_run,
            encoding: options.encoding.unwrap_or_default(),
            decimal_mark: self.reading.decimal_word().to_owned(),
            missing_marks: options.missing_marks,
            ignored_columns: self.ignored.clone(),
            sheet: options.sheet.unwrap_or_default(),
        })
    }

    /// The file as the service reads it.
    pub(super) fn upload(&self, bytes: Vec<u8>) -> Result<Upload> {
        let units = self.units()?.into_iter().collect();
        let constants = self.constants()?.into_iter().collect();
        let ignored_columns = self.ignored.clone();
        Ok(Upload { bytes, units, ignored_columns, constants, options: self.reading.options() })
    }

    /// Appended, a file is named by its content, so that importing it again is the same submission. Replacing is an
    /// act: a file may replace what replaced it.
    fn own_id(&self, bytes: &[u8]) -> String {
        let mut hash = Sha256::new().chain_update(bytes).chain_update(self.units.join(","));
        let options = self.reading.options();
        self.constants.iter().for_each(|constant| hash.update(format!("\nset {constant}")));
        for (name, value) in options.said() {
            hash.update(format!("\n{name}={value}"));
        }
        let digest = hex::encode(&hash.finalize()[..8]);
        let act = if self.replace { format!("/{}", Uuid::now_v7()) } else { String::new() };
        format!("{}/{}/{}/{digest}{act}", self.area, self.period, self.dataset)
    }

    fn units(&self) -> Result<HashMap<String, String>> {
        pairs("--unit", &self.units, "COLUMN=UNIT, for example amount=万元")
    }

    fn constants(&self) -> Result<HashMap<String, String>> {
        pairs("--set", &self.constants, "FIELD=VALUE, for example organisation_id=s1")
    }
}

/// What an option that is given several times says by name.
fn pairs(option: &str, given: &[String], form: &str) -> Result<HashMap<String, String>> {
    let mut pairs = HashMap::new();
    for pair in given {
        let Some((name, value)) = pair.split_once('=') else {
            return Err(Error::invalid_field(option, format!("{pair:?} is not {form}")));
        };
        if pairs.insert(name.to_owned(), value.to_owned()).is_some() {
            return Err(Error::invalid_field(option, format!("{name:?} is given two values; give it one")));
        }
    }
    Ok(pairs)
}
