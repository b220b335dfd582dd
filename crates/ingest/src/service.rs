//! What the service does, in the words of the domain.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex};

use uplift_core::error::{Error, ErrorKind, FieldViolation, Result};
use uplift_proto::rows::Rows;
use uplift_store::Store;

use crate::fault::Fault;
use crate::header::{Header, unknown_dataset};
use crate::intake::Intake;
use crate::ledger::Ledger;
use crate::submission::Submission;

/// Takes records in. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Ingest {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    intakes: HashMap<&'static str, Intake>,
    ledger: Ledger,
    /// Ids being handled: two requests with one id must not both find it unused.
    in_hand: Mutex<HashSet<String>>,
}

/// What became of a submission.
#[derive(Debug)]
pub struct Outcome {
    /// The submission.
    pub submission: Submission,
    /// What was wrong with the rows that came back.
    pub faults: Vec<Fault>,
}

impl Ingest {
    /// Opens every dataset's table and the ledger.
    pub async fn open(store: &Store) -> Result<Self> {
        let ledger = Ledger::open(store).await?;
        let mut intakes = HashMap::new();
        for dataset in uplift_proto::dataset::all() {
            let intake = Intake::open(store, dataset).await?;
            ledger.catch_up(intake.table()).await?;
            intakes.insert(dataset.name.as_str(), intake);
        }
        Ok(Self { inner: Arc::new(Inner { intakes, ledger, in_hand: Mutex::default() }) })
    }

    /// Checks rows and, unless it is a dry run, keeps them.
    pub async fn submit(&self, header: Header, rows: Rows, dry_run: bool) -> Result<Outcome> {
        let Inner { intakes, ledger, .. } = &*self.inner;
        let intake = intakes
            .get(header.dataset.name.as_str())
            .ok_or_else(|| Error::invalid_field("header.dataset", unknown_dataset(&header.dataset.name)))?;
        let list = format!("rows.{}", header.dataset.rows_field);
        if rows.as_bytes().is_empty() {
            return Err(Error::invalid_field(list, "is empty; send at least one record"));
        }
        let _in_hand = self.take_in_hand(&header.submission_id)?;
        let digest = header.digest(rows.as_bytes());
        let checked = intake.check(&header, rows)?;
        let submission = Submission::received(&header, digest, checked.received, checked.rejected());

        if let Some(first) = ledger.get(&submission.submission_id).await.filter(|s| s.committed) {
            return match first.digest == submission.digest {
                true => Ok(Outcome { submission: first, faults: checked.faults }),
                false => Err(Error::new(
                    ErrorKind::AlreadyExists,
                    format!(
                        "submission {} was committed with other content; correct it with a new id in mode replace",
                        first.submission_id
                    ),
                )),
            };
        }
        let refused = !checked.faults.is_empty() && !header.accept_good_rows || checked.good.num_rows() == 0;
        if dry_run {
            let landed = if refused { 0 } else { checked.good.num_rows() as i64 };
            return Ok(Outcome {
                submission: Submission { rows_landed: landed, ..submission },
                faults: checked.faults,
            });
        }
        if refused {
            ledger.record(vec![submission]).await?;
            return Err(Error::invalid(violations(&list, &checked.faults)));
        }
        let submission = intake.commit(&header, checked.good, submission).await?;
        // The rows are committed whatever happens now, so this is the answer: the log holds what
        // the ledger could not write.
        if let Err(error) = ledger.record(vec![submission.clone()]).await {
            tracing::error!(cause = ?error, "the ledger lags behind the log");
        }
        Ok(Outcome { submission, faults: checked.faults })
    }

    /// One submission.
    pub async fn submission(&self, id: &str) -> Result<Submission> {
        let found = self.inner.ledger.get(id).await;
        found.ok_or_else(|| {
            Error::not_found(format!("there is no submission {id:?}; ListSubmissions lists them"))
        })
    }

    /// A page of submissions, the newest first.
    pub async fn submissions(
        &self,
        dataset: &str,
        before: Option<usize>,
        limit: usize,
    ) -> Result<(Vec<Submission>, Option<usize>)> {
        if !dataset.is_empty() && !self.inner.intakes.contains_key(dataset) {
            return Err(Error::invalid_field("dataset", unknown_dataset(dataset)));
        }
        Ok(self.inner.ledger.list(dataset, before, limit).await)
    }

    fn take_in_hand(&self, id: &str) -> Result<InHand<'_>> {
        let mut ids = self.inner.in_hand.lock().unwrap_or_else(|e| e.into_inner());
        if !ids.insert(id.to_owned()) {
            let message = format!("submission {id} is being handled by another request; send it again");
            return Err(Error::new(ErrorKind::Aborted, message));
        }
        Ok(InHand { ids: &self.inner.in_hand, id: id.to_owned() })
    }
}

/// Gives an id back when its request ends, however it ends.
struct InHand<'a> {
    ids: &'a Mutex<HashSet<String>>,
    id: String,
}

impl Drop for InHand<'_> {
    fn drop(&mut self) {
        self.ids.lock().unwrap_or_else(|e| e.into_inner()).remove(&self.id);
    }
}

/// Faults as paths into the request: `rows.statements[3].printed`, counted from 0 as JSON does.
fn violations(list: &str, faults: &[Fault]) -> Vec<FieldViolation> {
    let path = |f: &Fault| match f.field.as_str() {
        "" => format!("{list}[{}]", f.row),
        field => format!("{list}[{}].{field}", f.row),
    };
    faults.iter().map(|f| FieldViolation::new(path(f), &f.message)).collect()
}
