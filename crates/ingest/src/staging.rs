//! What is decided of a submission on the state that it is committed onto: keys that are used, rules over several records,
//! and whether the rest is accepted.

use arrow::array::{BooleanArray, RecordBatch};
use arrow::compute::filter_record_batch;
use uplift_core::dataset::Dataset;
use uplift_core::error::{Error, Result};
use uplift_core::rejection::{MAX_EXPLAINED, Rejection, Rule};
use uplift_formats::columns::integer;
use uplift_store::Snapshot;
use uplift_store::schema::ROW_NUMBER;

use crate::destination::Destination;
use crate::header::Header;
use crate::keys::{Key, Keys, digests};
use crate::outcome::{CommitRequest, Labels, Outcome, ValidatedRows};
use crate::replay::replay;
use crate::set_rules::Coming;
use crate::submission::Submission;

/// One submission of a group, decided and not yet committed.
pub(crate) struct StagedSubmission {
    pub(crate) outcome: Outcome,
    pub(crate) rows: RecordBatch,
    pub(crate) keys: Vec<Key>,
    pub(crate) header: Header,
    pub(crate) disposition: Disposition,
}

/// What is to be done with a staged submission.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Disposition {
    Commit,
    /// Only the outcome was asked for.
    DryRun,
    /// It was committed before: the outcome is the first answer again.
    Replay,
}

impl StagedSubmission {
    pub(crate) fn is_new(&self) -> bool {
        self.disposition == Disposition::Commit
    }

    /// Whether its rows are to be in the table after this commit.
    pub(crate) fn is_accepted(&self) -> bool {
        self.is_new() && self.outcome.submission.committed
    }
}

/// Decides each submission; what is wrong with one is no other's.
pub(crate) async fn stage_group(
    destination: &Destination,
    snapshot: &Snapshot,
    keys: &mut Keys,
    group: Vec<CommitRequest>,
) -> Result<Vec<Result<StagedSubmission>>> {
    let mut accepted = hashbrown::HashSet::new();
    let mut earlier = Vec::new();
    let mut staged = Vec::new();
    for request in group {
        // Whatever was committed since the request came, by a commit whose answer was lost too, is found here.
        let Destination { ledger, quarantine, .. } = destination;
        let one = match replay(ledger, quarantine, &request.id, &request.digest).await {
            Ok(Some(outcome)) => Ok(StagedSubmission {
                outcome,
                rows: request.rows.valid.slice(0, 0),
                keys: Vec::new(),
                header: request.header,
                disposition: Disposition::Replay,
            }),
            Ok(None) => stage(destination, snapshot, (keys, &accepted), &earlier, request).await,
            Err(error) => Err(error),
        };
        if let Ok(one) = &one
            && one.is_accepted()
        {
            accepted.extend(&one.keys);
            earlier.push(one.rows.clone());
        }
        staged.push(one);
    }
    Ok(staged)
}

/// Removes rows whose key is used already and those that break a rule over several records, and decides whether the rest is
/// accepted.
async fn stage(
    destination: &Destination,
    snapshot: &Snapshot,
    (known, accepted): (&mut Keys, &hashbrown::HashSet<Key>),
    earlier: &[RecordBatch],
    request: CommitRequest,
) -> Result<StagedSubmission> {
    let CommitRequest { header, id, digest, rows, dry_run, held: _ } = request;
    let ValidatedRows { received, valid, rejections, labels, reading } = rows;
    let dataset = destination.dataset;
    let mut remaining =
        Remaining { dataset, rejections, labels, keys: digests(dataset, &valid)?, rows: valid };
    stage_span!("check keys").in_scope(|| remaining.reject_duplicates(known, accepted, &header))?;
    let replaced = header.replace.then(|| header.scope());
    let coming = Coming { rows: &remaining.rows, earlier, replaced: replaced.clone() };
    let faults = destination.set_rules.check(snapshot, &coming).await?;
    remaining.reject(
        faults
            .into_iter()
            .map(|fault| (fault.index, fault.rule.field.as_str(), Rule::SetRule, fault.message)),
    )?;
    let Remaining { mut rejections, keys, rows, .. } = remaining;
    rejections.sort_by_key(|r| r.row);
    let refused = rows.num_rows() == 0 || !(rejections.is_empty() || header.accept_good_rows);
    if !refused {
        destination.set_rules.check_depending(snapshot, &Coming { rows: &rows, earlier, replaced }).await?;
    }
    let submission = Submission {
        submission_id: id,
        committed: !refused,
        rows_accepted: if refused { 0 } else { rows.num_rows() as i64 },
        ..Submission::received(&header, digest, received, received - rows.num_rows())
    };
    let disposition = if dry_run { Disposition::DryRun } else { Disposition::Commit };
    let mut outcome = Outcome { reading, ..Outcome::new(submission, rejections) };
    if header.replace {
        outcome.rows_removed = known.count(&header.area_and_period());
    }
    Ok(StagedSubmission { outcome, rows, keys, header, disposition })
}

/// The rows that are not rejected so far.
struct Remaining {
    dataset: &'static Dataset,
    rejections: Vec<Rejection>,
    labels: Labels,
    rows: RecordBatch,
    /// Of each row.
    keys: Vec<Key>,
}

impl Remaining {
    fn reject_duplicates(
        &mut self,
        known: &mut Keys,
        accepted: &hashbrown::HashSet<Key>,
        header: &Header,
    ) -> Result<()> {
        let field = self.dataset.key.last().map(String::as_str).unwrap_or_default();
        let submitted = known.duplicates(&self.keys, header.area_and_period(), header.replace);
        let submitted = submitted.into_iter().map(|(index, (area, period))| {
            let message = format!(
                "has the same key as a record submitted before for {area}, {period}; replace that submission or use another key"
            );
            (index, field, Rule::DuplicateKey, message)
        });
        let mut faults: Vec<_> = submitted.collect();
        for index in (0..self.keys.len()).filter(|index| accepted.contains(&self.keys[*index])) {
            let message = "has the same key as a record of a submission in the same commit; use another key";
            faults.push((index, field, Rule::DuplicateKey, message.to_owned()));
        }
        self.reject(faults)
    }

    /// Rejects rows by their index among those that remain.
    fn reject<'f>(&mut self, faults: impl IntoIterator<Item = (usize, &'f str, Rule, String)>) -> Result<()> {
        let mut faults = faults.into_iter().peekable();
        if faults.peek().is_none() {
            return Ok(());
        }
        let mut keep = vec![true; self.keys.len()];
        let numbers = integer(&self.rows, ROW_NUMBER)?;
        for (index, name, rule, message) in faults {
            keep[index] = false;
            if self.rejections.len() >= MAX_EXPLAINED {
                continue;
            }
            let field = self.dataset.field(name);
            let value = match rule {
                Rule::SetRule => field.and_then(|field| self.rows.column_by_name(field.column())),
                _ => None,
            };
            let value = value.map(|column| arrow::util::display::array_value_to_string(column, index));
            let value = value.and_then(|value| value.ok()).unwrap_or_default();
            let label = self.labels.get(name).map_or(name, String::as_str);
            let rejection = Rejection::new(numbers.value(index), label, rule, &value, message);
            let personal = field.is_some_and(|field| field.personal);
            self.rejections.push(if personal { rejection.masked() } else { rejection });
        }
        let mut kept = keep.iter();
        self.keys.retain(|_| kept.next().copied().unwrap_or_default());
        let keep = BooleanArray::from(keep);
        self.rows =
            filter_record_batch(&self.rows, &keep).map_err(|e| Error::internal("filtering rows", e))?;
        Ok(())
    }
}
