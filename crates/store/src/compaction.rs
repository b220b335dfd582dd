//! Small files put together, and checkpoints of the log: what a commit leaves for later.

use std::collections::BTreeMap;
use std::sync::atomic::Ordering;

use deltalake_core::DeltaTable;
use deltalake_core::kernel::{Action, LogicalFileView};
use deltalake_core::protocol::DeltaOperation;
use uplift_core::error::Result;

use crate::data_files::{DataFileWriter, read_file};
use crate::table::{CHECKPOINT_AFTER, Table};

/// The cost of a commit grows with the number of live files: after this many commits small ones are
/// compacted.
const COMPACT_AFTER: usize = 24;

/// Files of this size are not rewritten, or a growing table would be written again and again.
const COMPACTED_BYTES: i64 = 16 << 20;

/// Files up to this size are always put together.
const SMALL_FILE: i64 = 64 << 10;

impl Table {
    /// Puts small files together when there are many, as a version of its own with the same rows, and gives
    /// the log a checkpoint. Runs after callers have their answers; a failure costs speed and nothing else.
    /// Returns the version that it made, if any.
    pub async fn compact(&self) -> Option<i64> {
        let mut newest = self.newest.lock().await;
        let mut version = None;
        if self.uncompacted.load(Ordering::Relaxed) >= COMPACT_AFTER {
            self.uncompacted.store(0, Ordering::Relaxed);
            match self.compact_files(&mut newest).await {
                Ok(compacted) => version = compacted,
                Err(error) => {
                    tracing::warn!(table = self.name(), cause = ?error, "could not compact small files");
                }
            }
        }
        if self.unchecked.load(Ordering::Relaxed) >= CHECKPOINT_AFTER {
            self.unchecked.store(0, Ordering::Relaxed);
            // Whoever asks for the newest rows does not wait for it: a version never changes.
            let table = newest.clone();
            drop(newest);
            if let Err(error) = deltalake_core::checkpoints::create_checkpoint(&table, None).await {
                tracing::warn!(table = self.name(), cause = ?error, "could not write a checkpoint of the log");
            }
        }
        version
    }

    async fn compact_files(&self, newest: &mut DeltaTable) -> Result<Option<i64>> {
        let mut folders: BTreeMap<Vec<(String, Option<String>)>, Vec<LogicalFileView>> = BTreeMap::new();
        for file in self.live_files(newest)? {
            if file.size() < COMPACTED_BYTES {
                let mut folder: Vec<_> = file.partition_values_map().into_iter().collect();
                folder.sort_unstable();
                folders.entry(folder).or_default().push(file);
            }
        }
        folders.values_mut().for_each(worth_rewriting);
        folders.retain(|_, files| files.len() > 1);
        if folders.is_empty() {
            return Ok(None);
        }
        let schema = self.plain_schema(newest)?;
        let mut actions = Vec::new();
        for files in folders.into_values() {
            // Each folder has a writer of its own, so that no more than its rows are in memory.
            let mut writer = DataFileWriter::new(newest, self.name(), &self.files);
            for file in &files {
                for rows in read_file(newest, self.name(), &schema, file).await? {
                    writer.write(rows).await?;
                }
                actions.push(Action::Remove(file.remove_action(false)));
            }
            actions.extend(writer.finish(false).await?);
        }
        let operation = DeltaOperation::Optimize { predicate: None, target_size: COMPACTED_BYTES };
        let version = self.write_log(newest, Vec::new(), Vec::new(), actions, operation).await?;
        tracing::debug!(table = self.name(), version, "compacted small files");
        Ok(Some(version))
    }
}

/// Leaves the files of a folder that are put together: the smallest ones, and larger ones only with as many bytes
/// beside them, so that a row is written again a few times at most, however many commits there are.
fn worth_rewriting(files: &mut Vec<LogicalFileView>) {
    files.sort_by_key(LogicalFileView::size);
    let mut bytes = 0;
    let mut together = 0;
    for (n, file) in files.iter().enumerate() {
        if file.size() > bytes.max(SMALL_FILE) {
            break;
        }
        bytes += file.size();
        together = n + 1;
    }
    files.truncate(together);
}
