//! The keys of a table's rows, so that no record is accepted twice.

use std::collections::HashMap;

use arrow::array::{ArrayRef, RecordBatch};
use arrow::row::{RowConverter, SortField};
use datafusion::logical_expr::{Expr, col};
use futures::StreamExt;
use rayon::prelude::*;
use sha2::{Digest, Sha256};
use uplift_core::dataset::Dataset;
use uplift_core::error::{Error, Result};
use uplift_engine::error::query_failed;
use uplift_formats::columns::{text, text_at};
use uplift_store::Snapshot;
use uplift_store::schema::{REPORTING_AREA, REPORTING_PERIOD};

use crate::header::AreaAndPeriod;
use crate::key_index::KeyIndex;

pub(crate) use crate::key_index::Key;

/// Every key in a table, and the area and period of the submission that it belongs to. In memory, which is the limit of
/// one office's ingest on one machine: ten million rows take less than 300 MB.
#[derive(Debug, Default)]
pub(crate) struct Keys {
    reported: Vec<AreaAndPeriod>,
    /// Rows that are reported for each.
    counts: Vec<usize>,
    /// Position in `reported`.
    positions: HashMap<AreaAndPeriod, u32>,
    rows: KeyIndex,
}

impl Keys {
    pub(crate) async fn read(dataset: &Dataset, snapshot: &Snapshot) -> Result<Self> {
        let failed = |e| query_failed(format!("reading the keys of {}", dataset.name), e);
        let names = dataset.key.iter().map(String::as_str).chain([REPORTING_AREA, REPORTING_PERIOD]);
        let columns: Vec<Expr> = names.map(col).collect();
        let rows = snapshot.rows().await?.select(columns).map_err(failed)?;
        let mut keys = Self::default();
        let mut batches = rows.execute_stream().await.map_err(failed)?;
        while let Some(batch) = batches.next().await {
            let batch = batch.map_err(failed)?;
            let (areas, periods) = (text(&batch, REPORTING_AREA)?, text(&batch, REPORTING_PERIOD)?);
            // Rows of a submission come together.
            let mut last = None;
            for (row, key) in digests(dataset, &batch)?.into_iter().enumerate() {
                let reported = (areas.value(row), periods.value(row));
                let position = match last {
                    Some((known, position)) if known == reported => position,
                    _ => keys.position((text_at(&areas, row), text_at(&periods, row))),
                };
                last = Some((reported, position));
                keys.insert(key, position);
            }
        }
        Ok(keys)
    }

    /// Rows whose key another submission has used, each with what that one reports for. What a replacing
    /// submission replaces does not count.
    pub(crate) fn duplicates(
        &mut self,
        keys: &[Key],
        reported: AreaAndPeriod,
        replace: bool,
    ) -> Vec<(usize, AreaAndPeriod)> {
        let own = self.position(reported);
        let used = |key: &Key| self.rows.get(key).filter(|other| !(replace && *other == own));
        let duplicates = keys.iter().enumerate().filter_map(|(row, key)| Some((row, used(key)?)));
        duplicates.map(|(row, other)| (row, self.reported[other as usize].clone())).collect()
    }

    /// Rows that are reported for an area and a period.
    pub(crate) fn count(&self, reported: &AreaAndPeriod) -> usize {
        let own = self.positions.get(reported);
        own.map_or(0, |own| self.counts[*own as usize])
    }

    /// Adds the keys of rows that were committed.
    pub(crate) fn add(&mut self, keys: &[Key], reported: AreaAndPeriod, replace: bool) {
        let own = self.position(reported);
        if replace {
            self.rows.retain(|other| other != own);
            self.counts[own as usize] = 0;
        }
        self.counts[own as usize] += keys.len();
        for earlier in self.rows.extend(keys, own) {
            self.counts[earlier as usize] -= 1;
        }
    }

    fn insert(&mut self, key: Key, position: u32) {
        if let Some(earlier) = self.rows.insert(key, position) {
            self.counts[earlier as usize] -= 1;
        }
        self.counts[position as usize] += 1;
    }

    fn position(&mut self, reported: AreaAndPeriod) -> u32 {
        if let Some(position) = self.positions.get(&reported) {
            return *position;
        }
        let position = self.reported.len() as u32;
        self.reported.push(reported.clone());
        self.counts.push(0);
        self.positions.insert(reported, position);
        position
    }
}

/// Rows whose keys are not worth a second core.
const ROWS_AT_ONCE: usize = 4096;

/// The key of each row.
pub(crate) fn digests(dataset: &Dataset, batch: &RecordBatch) -> Result<Vec<Key>> {
    let mut columns = key_columns(dataset, batch);
    columns.extend(batch.column_by_name(REPORTING_AREA).filter(|_| dataset.key_of_area).cloned());
    let rows = key_rows(&columns)?;
    let digest = |row: usize| {
        let mut key = Key::default();
        key.copy_from_slice(&Sha256::digest(rows.row(row).data())[..16]);
        key
    };
    Ok((0..rows.num_rows()).into_par_iter().with_min_len(ROWS_AT_ONCE).map(digest).collect())
}

pub(crate) fn key_columns(dataset: &Dataset, batch: &RecordBatch) -> Vec<ArrayRef> {
    dataset.key.iter().filter_map(|name| batch.column_by_name(name)).cloned().collect()
}

/// Key columns as comparable rows.
pub(crate) fn key_rows(key: &[ArrayRef]) -> Result<arrow::row::Rows> {
    let fields = key.iter().map(|c| SortField::new(c.data_type().clone())).collect();
    let converter = RowConverter::new(fields).and_then(|c| c.convert_columns(key));
    converter.map_err(|e| Error::internal("comparing keys", e))
}
