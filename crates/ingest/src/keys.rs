//! The keys of a table's rows, so that no record lands twice.

use std::collections::HashMap;

use arrow::array::RecordBatch;
use datafusion::logical_expr::{Expr, col};
use sha2::{Digest, Sha256};
use uplift_core::dataset::Dataset;
use uplift_core::error::{Error, Result};
use uplift_store::Table;
use uplift_store::columns::{text, text_at};
use uplift_store::schema::{REPORTING_AREA, REPORTING_PERIOD};

use crate::validate::{key_columns, key_rows};

/// Every key in a table and the hand-in scope (area and period) it belongs to. In memory, 24 bytes
/// a row and some: ten million rows take about half a gigabyte, which is the limit of one office's
/// ingest on one machine.
#[derive(Debug, Default)]
pub struct Keys {
    scopes: Vec<Scope>,
    rows: HashMap<Key, u32>,
}

/// The area and the period that a submission reports for.
pub type Scope = (String, String);

/// A digest of a key: long enough that two keys never share one.
type Key = [u8; 16];

impl Keys {
    /// Reads the keys of a table.
    pub async fn read(dataset: &Dataset, table: &Table) -> Result<Self> {
        let failed = |e| Error::internal(format!("reading the keys of {}", dataset.name), e);
        let wanted = dataset.key.iter().map(String::as_str).chain([REPORTING_AREA, REPORTING_PERIOD]);
        let columns: Vec<Expr> = wanted.map(col).collect();
        let rows = table.snapshot().await?.rows().await?.select(columns).map_err(failed)?;
        let mut keys = Self::default();
        for batch in rows.collect().await.map_err(failed)? {
            let (areas, periods) = (text(&batch, REPORTING_AREA)?, text(&batch, REPORTING_PERIOD)?);
            for (row, key) in digests(dataset, &batch)?.into_iter().enumerate() {
                let scope = keys.scope((text_at(&areas, row), text_at(&periods, row)));
                keys.rows.insert(key, scope);
            }
        }
        Ok(keys)
    }

    /// Rows whose key another submission has used, each with that one's scope. What a replacing
    /// submission takes the place of does not count.
    pub fn taken(&mut self, digests: &[Key], scope: Scope, replace: bool) -> Vec<(usize, Scope)> {
        let own = self.scope(scope);
        let used = |key: &Key| self.rows.get(key).copied().filter(|other| !(replace && *other == own));
        let taken = digests.iter().enumerate().filter_map(|(row, key)| Some((row, used(key)?)));
        taken.map(|(row, other)| (row, self.scopes[other as usize].clone())).collect()
    }

    /// Notes rows that were committed.
    pub fn add(&mut self, digests: &[Key], scope: Scope, replace: bool) {
        let own = self.scope(scope);
        if replace {
            self.rows.retain(|_, other| *other != own);
        }
        self.rows.extend(digests.iter().map(|key| (*key, own)));
    }

    fn scope(&mut self, scope: Scope) -> u32 {
        let found = self.scopes.iter().position(|s| *s == scope);
        let at = found.unwrap_or_else(|| {
            self.scopes.push(scope);
            self.scopes.len() - 1
        });
        at as u32
    }
}

/// The key of each row.
pub fn digests(dataset: &Dataset, batch: &RecordBatch) -> Result<Vec<Key>> {
    let rows = key_rows(&key_columns(dataset, batch))?;
    let digest = |row: arrow::row::Row<'_>| {
        let mut key = Key::default();
        key.copy_from_slice(&Sha256::digest(row.data())[..16]);
        key
    };
    Ok(rows.iter().map(digest).collect())
}
