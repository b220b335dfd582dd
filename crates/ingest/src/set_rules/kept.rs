//! Records that are there, kept in memory by the values that groups have in common, so that a voucher of a society costs the
//! society's records and not the table's.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::{RecordBatch, UInt32Array};
use arrow::compute::{concat_batches, take_record_batch};
use arrow::datatypes::SchemaRef;
use uplift_core::error::{Error, Result};
use uplift_store::Snapshot;

use super::columns::{named, read_rows};
use super::touched::rows_of;
use crate::keys::key_rows;

/// Records that are kept at most; beyond them those of other groups are read again when they are needed.
const MAX_KEPT: usize = 2_000_000;

/// Parts of a group that are made one when there are more.
const MAX_PARTS: usize = 32;

/// Records by group, at a version of their table.
#[derive(Debug, Default)]
pub(super) struct KeptRecords {
    version: i64,
    groups: HashMap<Arc<[u8]>, Vec<RecordBatch>>,
    records: usize,
}

impl KeptRecords {
    /// What is there of the groups that some records touch.
    pub(super) async fn of_groups(
        &mut self,
        snapshot: &Snapshot,
        (scope, read): (&[String], &SchemaRef),
        touching: &RecordBatch,
    ) -> Result<Vec<RecordBatch>> {
        if self.version != snapshot.version() || self.records > MAX_KEPT {
            *self = Self { version: snapshot.version(), ..Self::default() };
        }
        let groups = split(touching, scope)?;
        let missing =
            groups.iter().filter(|(group, _)| !self.groups.contains_key(group)).map(|(_, rows)| rows.clone());
        let missing: Vec<_> = missing.collect();
        if !missing.is_empty() && snapshot.file_count() > 0 {
            let rows = rows_of(snapshot.rows().await?, scope, &missing).await?;
            for batch in read_rows(rows, read).await? {
                self.insert(&batch, scope)?;
            }
        }
        let mut there = Vec::new();
        for (group, _) in groups {
            let parts = self.groups.entry(group).or_default();
            if parts.len() > MAX_PARTS {
                let one =
                    concat_batches(read, parts.iter()).map_err(|e| Error::internal("keeping records", e))?;
                *parts = vec![one];
            }
            there.extend(parts.iter().cloned());
        }
        Ok(there)
    }

    /// Keeps records that were committed as the version after the one that they were decided on.
    pub(super) fn committed(
        &mut self,
        version: i64,
        records: &[RecordBatch],
        scope: &[String],
    ) -> Result<()> {
        if self.version + 1 != version {
            *self = Self::default();
            return Ok(());
        }
        self.version = version;
        for batch in records {
            for (group, part) in split(batch, scope)? {
                // Of a group that is not kept, what was there before is not known.
                if let Some(parts) = self.groups.get_mut(&group) {
                    self.records += part.num_rows();
                    parts.push(part);
                }
            }
        }
        Ok(())
    }

    /// The table has the same records in other files.
    pub(super) fn compacted(&mut self, version: i64) {
        self.version += i64::from(self.version + 1 == version);
    }

    fn insert(&mut self, batch: &RecordBatch, scope: &[String]) -> Result<()> {
        for (group, part) in split(batch, scope)? {
            self.records += part.num_rows();
            self.groups.entry(group).or_default().push(part);
        }
        Ok(())
    }
}

/// The records of each group.
fn split(batch: &RecordBatch, scope: &[String]) -> Result<Vec<(Arc<[u8]>, RecordBatch)>> {
    let mut groups: HashMap<Arc<[u8]>, Vec<u32>> = HashMap::new();
    for (index, key) in key_rows(&named(batch, scope))?.iter().enumerate() {
        match groups.get_mut(key.data()) {
            Some(rows) => rows.push(index as u32),
            None => drop(groups.insert(key.data().into(), vec![index as u32])),
        }
    }
    let part = |(group, rows)| {
        let rows = take_record_batch(batch, &UInt32Array::from(rows));
        Ok((group, rows.map_err(|e| Error::internal("keeping records", e))?))
    };
    groups.into_iter().map(part).collect()
}
