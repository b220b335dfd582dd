//! What the service does, in the words of the domain.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex};

use futures::Stream;
use tokio::sync::mpsc;
use uplift_core::error::{Error, ErrorKind, FieldViolation, Result};
use uplift_proto::rows::Rows;
use uplift_store::Store;
use uplift_store::schema::TableSchema;

use crate::committer::{Decided, Ready, Target};
use crate::file::File;
use crate::header::{Header, unknown_dataset};
use crate::intake::{Checked, Content, Intake};
use crate::ledger::Ledger;
use crate::quarantine::{Quarantine, Reject};
use crate::references::References;
use crate::stream::{self, Ack, Batch};
use crate::submission::Submission;

/// Takes records in. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Ingest {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    intakes: HashMap<&'static str, Intake>,
    ledger: Arc<Ledger>,
    quarantine: Arc<Quarantine>,
    /// Ids being handled: two requests with one id must not both find it unused.
    in_hand: Mutex<HashSet<String>>,
}

impl Ingest {
    /// Opens every dataset's table, the ledger and the quarantine.
    pub async fn open(store: &Arc<Store>) -> Result<Self> {
        let ledger = Arc::new(Ledger::open(store).await?);
        let quarantine = Arc::new(Quarantine::open(store).await?);
        let references = Arc::new(References::new(store.clone()));
        let mut intakes = HashMap::new();
        for dataset in uplift_proto::dataset::all() {
            let schema = TableSchema::of(dataset);
            let table = store.create(&schema).await?;
            ledger.catch_up(&table).await?;
            let target = Target { dataset, table, ledger: ledger.clone(), quarantine: quarantine.clone() };
            intakes.insert(dataset.name.as_str(), Intake::new(target, schema, references.clone())?);
        }
        Ok(Self { inner: Arc::new(Inner { intakes, ledger, quarantine, in_hand: Mutex::default() }) })
    }

    /// Checks rows and, unless it is a dry run, keeps them.
    pub async fn submit(&self, header: Header, rows: Rows, dry_run: bool) -> Result<Decided> {
        let list = format!("rows.{}", header.dataset.rows_field);
        if rows.as_bytes().is_empty() {
            return Err(Error::invalid_field(list, "is empty; send at least one record"));
        }
        let decided = self.take(header, Content::Rows(&rows), dry_run).await?;
        if !decided.submission.committed && !dry_run {
            return Err(Error::invalid(violations(&list, &decided.rejects)));
        }
        Ok(decided)
    }

    /// The same for a file. A refused file is an answer, not an error: its reasons may be many.
    pub async fn submit_file(&self, header: Header, file: File, dry_run: bool) -> Result<Decided> {
        self.take(header, Content::File(&file), dry_run).await
    }

    async fn take(&self, header: Header, content: Content<'_>, dry_run: bool) -> Result<Decided> {
        let Inner { ledger, quarantine, .. } = &*self.inner;
        let intake = self.intake(&header)?;
        let _in_hand = self.take_in_hand(&header.submission_id)?;
        let digest = header.digest(&content.parts());
        if let Some(first) = ledger.get(&header.submission_id).await.filter(|s| s.committed) {
            if first.digest != digest {
                let message = format!(
                    "submission {} was committed with other content; correct it with a new id in mode replace",
                    first.submission_id
                );
                return Err(Error::new(ErrorKind::AlreadyExists, message));
            }
            let rejects = quarantine.of(std::slice::from_ref(&first)).await?;
            return Ok(Decided { submission: first, rejects });
        }
        let checked = intake.check(&header, content, 0).await?;
        let id = header.submission_id.clone();
        intake.commit(Ready { header, id, digest, checked, dry_run }).await
    }

    /// Takes a stream's batches in, as long as no other stream or request has its id.
    pub async fn write<S>(&self, header: Header, batches: S, acks: &mpsc::Sender<Result<Ack>>) -> Result<()>
    where
        S: Stream<Item = Result<Batch>> + Send,
    {
        let _in_hand = self.take_in_hand(&header.submission_id)?;
        if self.inner.ledger.get(&header.submission_id).await.is_some_and(|s| s.committed) {
            let message =
                format!("submission {} was committed in one piece; choose another id", header.submission_id);
            return Err(Error::new(ErrorKind::AlreadyExists, message));
        }
        stream::write(self, header, batches, acks).await
    }

    /// The batches of a submission that was streamed, in order.
    pub async fn batches(&self, submission_id: &str) -> Vec<Submission> {
        self.inner.ledger.batches(submission_id).await
    }

    /// Checks one batch.
    pub async fn check_batch(&self, header: &Header, rows: &Rows, first_row: usize) -> Result<Checked> {
        self.intake(header)?.check(header, Content::Rows(rows), first_row).await
    }

    /// Commits one batch. A batch of which nothing lands is written down all the same, so that the
    /// sequence has no gap.
    pub async fn commit_batch(
        &self,
        header: Header,
        id: String,
        rows: Rows,
        checked: Checked,
    ) -> Result<Decided> {
        let digest = header.digest(&[rows.as_bytes()]);
        let intake = self.intake(&header)?;
        intake.commit(Ready { header, id, digest, checked, dry_run: false }).await
    }

    /// The first answer to a batch that is sent again.
    pub async fn batch_again(&self, header: &Header, id: &str, rows: &Rows) -> Result<Decided> {
        let first = self.inner.ledger.get(id).await.filter(|s| s.digest == header.digest(&[rows.as_bytes()]));
        let Some(submission) = first else {
            let message = format!("batch {id} is on its way or was committed with other content");
            return Err(Error::new(ErrorKind::AlreadyExists, message));
        };
        let rejects = self.inner.quarantine.of(std::slice::from_ref(&submission)).await?;
        Ok(Decided { submission, rejects })
    }

    fn intake(&self, header: &Header) -> Result<&Intake> {
        let name = header.dataset.name.as_str();
        let found = self.inner.intakes.get(name);
        found.ok_or_else(|| Error::invalid_field("header.dataset", unknown_dataset(name)))
    }

    /// One submission; one that was streamed is what its batches add up to.
    pub async fn submission(&self, id: &str) -> Result<Submission> {
        let ledger = &self.inner.ledger;
        let found = match ledger.get(id).await {
            Some(whole) => Some(whole),
            None => Submission::sum(id, &ledger.batches(id).await),
        };
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

    /// What was wrong with the rows of a submission that came back.
    pub async fn rejects(&self, submission_id: &str) -> Result<Vec<Reject>> {
        let submission = self.submission(submission_id).await?;
        let batches = self.inner.ledger.batches(submission_id).await;
        match batches.is_empty() {
            true => self.inner.quarantine.of(&[submission]).await,
            false => self.inner.quarantine.of(&batches).await,
        }
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

/// Rejects as paths into the request: `rows.statements[3].printed`, counted from 0 as JSON does.
fn violations(list: &str, rejects: &[Reject]) -> Vec<FieldViolation> {
    let path = |r: &Reject| match r.field.as_str() {
        "" => format!("{list}[{}]", r.row - 1),
        field => format!("{list}[{}].{field}", r.row - 1),
    };
    rejects.iter().map(|r| FieldViolation::new(path(r), &r.message)).collect()
}
