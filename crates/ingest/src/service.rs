//! The ingest service: submissions, streams and files received, and the questions about them.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use futures::Stream;
use tokio::sync::mpsc;
use uplift_core::error::{Error, ErrorKind, FieldViolation, Result};
use uplift_core::rejection::Rejection;
use uplift_formats::Upload;
use uplift_proto::rows::Rows;
use uplift_proto::stop::Stop;
use uplift_store::Store;
use uplift_store::schema::TableSchema;

use crate::active_ids::ActiveIds;
use crate::budget::Budget;
use crate::destination::Destination;
use crate::header::{Header, unknown_dataset};
use crate::ledger::{Ledger, Position};
use crate::outcome::{CommitRequest, Held, Outcome};
use crate::pipeline::{Content, Pipeline};
use crate::quarantine::Quarantine;
use crate::references::References;
use crate::replay::replay;
use crate::set_rules::RecordRules;
use crate::stream::{Ack, Batch, StreamWriter};
use crate::submission::Submission;

/// Receives records. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Ingest {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    /// By dataset; of a table that cannot be opened, the reason.
    pipelines: HashMap<&'static str, Result<Pipeline>>,
    ledger: Arc<Ledger>,
    quarantine: Arc<Quarantine>,
    /// Room for what is received.
    budget: Budget,
    active_ids: ActiveIds,
    stop: Stop,
}

impl Ingest {
    /// Opens every dataset's table, the ledger and the quarantine; every version of a table is kept for `retention`.
    pub async fn open(store: &Arc<Store>, retention: Duration, stop: Stop) -> Result<Self> {
        let lock = Arc::new(store.lock_for_writing().await?);
        let ledger = Arc::new(Ledger::open(store).await?);
        let quarantine = Arc::new(Quarantine::open(store).await?);
        let references = Arc::new(References::new(store.clone()));
        let mut pipelines = HashMap::new();
        for dataset in uplift_proto::dataset::all() {
            let open = async || {
                let schema = TableSchema::for_dataset(dataset);
                let table = store.create(&schema).await?;
                ledger.check(&table).await?;
                ledger.catch_up(&table, ledger.recorded(&table).await).await?;
                let version = table.snapshot().await?.version();
                let (ledger, quarantine, lock) = (ledger.clone(), quarantine.clone(), lock.clone());
                let set_rules = Arc::new(RecordRules::for_dataset(dataset, store)?);
                let destination = Destination {
                    dataset,
                    table,
                    version,
                    ledger,
                    quarantine,
                    references: references.clone(),
                    set_rules,
                    retention,
                    _lock: lock,
                };
                Pipeline::start(destination, schema, references.clone())
            };
            let pipeline = open().await;
            if let Err(error) = &pipeline {
                tracing::error!(dataset = dataset.name, cause = ?error, "this dataset is not served");
            }
            pipelines.insert(dataset.name.as_str(), pipeline);
        }
        let (budget, active_ids) = (Budget::default(), ActiveIds::default());
        Ok(Self { inner: Arc::new(Inner { pipelines, ledger, quarantine, budget, active_ids, stop }) })
    }

    /// When streams are to end.
    pub(crate) fn stop(&self) -> Stop {
        self.inner.stop.clone()
    }

    /// Room for what is received.
    pub(crate) fn budget(&self) -> &Budget {
        &self.inner.budget
    }

    /// Checks rows and, unless it is a dry run, commits them.
    pub(crate) async fn submit(&self, header: Header, rows: Rows, dry_run: bool) -> Result<Outcome> {
        let list = format!("rows.{}", header.dataset.rows_field);
        if rows.as_bytes().is_empty() {
            return Err(Error::invalid_field(list, "is empty; send at least one record"));
        }
        let outcome = self.submit_content(header, Content::Rows(rows), dry_run).await?;
        if !outcome.submission.committed && !dry_run {
            return Err(Error::invalid(violations(&list, &outcome.rejections)));
        }
        Ok(outcome)
    }

    /// The same for a file. A refused file is an answer, not an error: its reasons may be many.
    pub(crate) async fn submit_file(&self, header: Header, file: Upload, dry_run: bool) -> Result<Outcome> {
        self.submit_content(header, Content::File(file), dry_run).await
    }

    async fn submit_content(&self, header: Header, content: Content, dry_run: bool) -> Result<Outcome> {
        let Inner { ledger, quarantine, .. } = &*self.inner;
        let pipeline = self.pipeline(&header)?;
        let active = self.inner.active_ids.take(&header.submission_id)?;
        let id = header.submission_id.clone();
        let digest = header.digest(&content.parts());
        if !ledger.batches(&id).await.is_empty() {
            let message =
                format!("submission {id} was sent as a stream; open it again, or choose another id");
            return Err(Error::new(ErrorKind::AlreadyExists, message));
        }
        if let Some(outcome) = replay(ledger, quarantine, &id, &digest).await? {
            return Ok(outcome);
        }
        let held = Held { _id: active, _references: pipeline.settle(&header).await };
        let rows = pipeline.validate(&header, content).await?;
        pipeline.commit(CommitRequest { header, id, digest, rows, dry_run, held }).await
    }

    /// Receives the batches of a stream, as long as no other stream or request has its id.
    pub(crate) async fn write<S>(&self, header: Header, batches: S, acks: &mpsc::Sender<Ack>) -> Result<()>
    where
        S: Stream<Item = Result<Batch>> + Send,
    {
        let Inner { ledger, quarantine, budget, .. } = &*self.inner;
        let active = self.inner.active_ids.take(&header.submission_id)?;
        if ledger.get(&header.submission_id).await.is_some_and(|s| s.committed) {
            let message =
                format!("submission {} was committed in one piece; choose another id", header.submission_id);
            return Err(Error::new(ErrorKind::AlreadyExists, message));
        }
        let pipeline = self.pipeline(&header)?;
        StreamWriter { pipeline, ledger, quarantine, budget, header, active }.write(batches, acks).await
    }

    fn pipeline(&self, header: &Header) -> Result<&Pipeline> {
        let name = header.dataset.name.as_str();
        let pipeline = self.inner.pipelines.get(name);
        let pipeline =
            pipeline.ok_or_else(|| Error::invalid_field("header.dataset", unknown_dataset(name)))?;
        // The cause was logged at the start; the others are served.
        pipeline.as_ref().map_err(|e| Error::new(e.kind, e.message.clone()))
    }

    /// One submission; a streamed one is the sum of its batches.
    pub(crate) async fn submission(&self, id: &str) -> Result<Submission> {
        let ledger = &self.inner.ledger;
        let submission = match ledger.get(id).await {
            Some(whole) => Some(whole),
            None => Submission::sum(id, &ledger.batches(id).await),
        };
        submission.ok_or_else(|| {
            Error::not_found(format!("there is no submission {id:?}; ListSubmissions lists them"))
        })
    }

    /// The submission that took the rows of another away; none while they are in the table, or if none ever were.
    pub(crate) async fn replaced_by(&self, submission: &Submission) -> Option<String> {
        let ledger = &self.inner.ledger;
        let last = ledger.batches(&submission.submission_id).await.pop();
        let last = last.unwrap_or_else(|| submission.clone());
        if last.committed { ledger.replaced_by(&last).await } else { None }
    }

    /// A page of submissions, the newest first.
    pub(crate) async fn submissions(
        &self,
        dataset: &str,
        from: Option<Position>,
        limit: usize,
    ) -> Result<(Vec<Submission>, Option<Position>)> {
        if !dataset.is_empty() && !self.inner.pipelines.contains_key(dataset) {
            return Err(Error::invalid_field("dataset", unknown_dataset(dataset)));
        }
        Ok(self.inner.ledger.list(dataset, from, limit).await)
    }

    pub(crate) async fn rejections(&self, submission_id: &str) -> Result<Vec<Rejection>> {
        let submission = self.submission(submission_id).await?;
        let batches = self.inner.ledger.batches(submission_id).await;
        match batches.is_empty() {
            true => self.inner.quarantine.rejections(&[submission]).await,
            false => self.inner.quarantine.rejections(&batches).await,
        }
    }
}

/// Rejections as paths into the request: `rows.statements[3].printed`, counted from 0 as in JSON.
fn violations(list: &str, rejections: &[Rejection]) -> Vec<FieldViolation> {
    let path = |r: &Rejection| match r.field.as_str() {
        "" => format!("{list}[{}]", r.index()),
        field => format!("{list}[{}].{field}", r.index()),
    };
    rejections.iter().map(|r| FieldViolation::new(path(r), &r.message)).collect()
}
