//! Files that people are handing in: kept until they are handed in or forgotten, each with what became of it.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use sha2::{Digest, Sha256};
use tempfile::{NamedTempFile, TempDir};
use tokio::io::AsyncReadExt;
use tokio_stream::wrappers::ReceiverStream;
use uplift_core::error::{Error, ErrorKind, Result};
use uplift_proto::v1::ingest::upload_file_request::Part;
use uplift_proto::v1::ingest::{
    GetSubmissionRequest, Mode, Policy, State, Submission, SubmissionHeader, UploadFileRequest,
    UploadFileResponse, UploadHeader,
};

use crate::services::{Services, failed};

/// Bytes of the largest file that ingest takes.
pub(crate) const MAX_FILE: usize = 256 << 20;
/// Bytes of one message.
const CHUNK: usize = 512 << 10;
/// Messages that wait to be sent.
const QUEUED: usize = 4;
/// Times that a file is sent again while another request hands the same in, a second between.
const RETRIES: usize = 300;
/// Files that are kept at once, and for how long: whoever forgets one sends it again.
const MAX_KEPT: usize = 64;
const KEPT_FOR: Duration = Duration::from_secs(60 * 60);

/// Files that are being handed in.
#[derive(Debug)]
pub(crate) struct Uploads {
    folder: TempDir,
    kept: Mutex<HashMap<String, Arc<Upload>>>,
}

/// What is said of a file in the form.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Described {
    pub(crate) name: String,
    pub(crate) dataset: String,
    pub(crate) area: String,
    pub(crate) period: String,
    pub(crate) sender: String,
    pub(crate) replace: bool,
    pub(crate) simulated: bool,
}

/// One file, and what became of it.
#[derive(Debug)]
pub(crate) struct Upload {
    pub(crate) id: String,
    pub(crate) described: Described,
    pub(crate) size: u64,
    /// SHA-256 of its bytes, in hex.
    digest: String,
    file: NamedTempFile,
    since: Instant,
    progress: Mutex<Progress>,
}

/// Where it is on its way.
#[derive(Debug, Clone)]
pub(crate) enum Progress {
    /// The trial is under way: bytes sent.
    Checking(u64),
    /// The trial is over: nothing was committed.
    Checked(Arc<UploadFileResponse>),
    /// The same file was handed in before.
    Repeated(Box<Submission>),
    /// It is being handed in for good.
    HandingIn(u64),
    /// It was handed in.
    HandedIn(Arc<UploadFileResponse>),
    /// The service refused it as a whole.
    Failed(Arc<Error>),
}

impl Uploads {
    /// Files are kept in a folder of their own inside of this one. What an earlier process left there is forgotten.
    pub(crate) fn inside(folder: &Path) -> Result<Self> {
        let failed = |e| Error::internal("making a folder for files that are handed in", e);
        std::fs::create_dir_all(folder).map_err(failed)?;
        for entry in std::fs::read_dir(folder).map_err(failed)?.flatten() {
            let changed = entry.metadata().and_then(|about| about.modified()).ok();
            let is_old = changed.and_then(|changed| changed.elapsed().ok()).is_some_and(|age| age > KEPT_FOR);
            if is_old {
                // Another process may be faster.
                let _ = std::fs::remove_dir_all(entry.path());
            }
        }
        let folder = tempfile::tempdir_in(folder).map_err(failed)?;
        Ok(Self { folder, kept: Mutex::default() })
    }

    /// A file to write what comes into.
    pub(crate) fn create(&self) -> Result<NamedTempFile> {
        NamedTempFile::new_in(self.folder.path()).map_err(|e| Error::internal("keeping a file", e))
    }

    /// Keeps a file that came, and tries it.
    pub(crate) fn keep(
        &self,
        services: &Services,
        described: Described,
        file: NamedTempFile,
        (size, digest): (u64, String),
    ) -> Arc<Upload> {
        let id = uuid::Uuid::now_v7().simple().to_string();
        let upload = Arc::new(Upload {
            id: id.clone(),
            described,
            size,
            digest,
            file,
            since: Instant::now(),
            progress: Mutex::new(Progress::Checking(0)),
        });
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.retain(|_, upload| upload.since.elapsed() < KEPT_FOR);
        while kept.len() >= MAX_KEPT {
            let oldest = kept.values().min_by_key(|upload| upload.since).map(|upload| upload.id.clone());
            let Some(oldest) = oldest else { break };
            kept.remove(&oldest);
        }
        kept.insert(id, upload.clone());
        drop(kept);
        tokio::spawn(send(services.clone(), upload.clone(), true));
        upload
    }

    /// A file by the id in its address.
    pub(crate) fn find(&self, id: &str) -> Result<Arc<Upload>> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.get(id).cloned().ok_or_else(|| {
            Error::not_found(
                "this file is not kept any more; if it was handed in it is among the submissions, otherwise send it again",
            )
        })
    }
}

impl Upload {
    pub(crate) fn progress(&self) -> Progress {
        self.progress.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn set(&self, progress: Progress) {
        *self.progress.lock().unwrap_or_else(PoisonError::into_inner) = progress;
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.file.path().to_owned()
    }

    /// Hands it in for good, once: after its trial.
    pub(crate) fn hand_in(self: &Arc<Self>, services: &Services) -> Result<()> {
        let mut progress = self.progress.lock().unwrap_or_else(PoisonError::into_inner);
        match *progress {
            Progress::Checked(_) => *progress = Progress::HandingIn(0),
            Progress::HandingIn(_) | Progress::HandedIn(_) | Progress::Repeated(_) => return Ok(()),
            Progress::Checking(_) => {
                return Err(Error::new(
                    ErrorKind::FailedPrecondition,
                    "the trial of this file is not over; wait for it",
                ));
            }
            Progress::Failed(_) => {
                return Err(Error::new(
                    ErrorKind::FailedPrecondition,
                    "this file was refused; correct it and send it again",
                ));
            }
        }
        drop(progress);
        tokio::spawn(send(services.clone(), self.clone(), false));
        Ok(())
    }

    /// What ingest is told of the file. A file is named by its content, so that sending it again is the same submission;
    /// replacing is an act, which may be repeated.
    fn header(&self, dry_run: bool) -> UploadHeader {
        let Described { dataset, area, period, sender, replace, simulated, .. } = self.described.clone();
        let act = if replace { format!("/{}", self.id) } else { String::new() };
        let (mode, policy) = match replace {
            true => (Mode::Replace, Policy::AllOrNothing),
            false => (Mode::Append, Policy::AcceptGoodRows),
        };
        // Whoever sends it is told of with it, and is a part of what it is.
        let content = Sha256::new().chain_update(&self.digest).chain_update(&sender);
        let digest = &hex::encode(content.chain_update([u8::from(simulated)]).finalize())[..16];
        UploadHeader {
            submission: Some(SubmissionHeader {
                submission_id: format!("{area}/{period}/{dataset}/{digest}{act}"),
                dataset,
                area_code: area,
                period,
                mode: mode.into(),
                policy: policy.into(),
                sender,
                simulated,
            }),
            dry_run,
            ..UploadHeader::default()
        }
    }
}

/// Sends a file to ingest, and keeps what comes of it.
async fn send(services: Services, upload: Arc<Upload>, dry_run: bool) {
    let sent = {
        let upload = upload.clone();
        move |bytes| match dry_run {
            true => upload.set(Progress::Checking(bytes)),
            false => upload.set(Progress::HandingIn(bytes)),
        }
    };
    if dry_run && let Some(submission) = earlier(&services, &upload).await {
        upload.set(Progress::Repeated(Box::new(submission)));
        return;
    }
    let mut answer = transmit(&services, &upload, dry_run, &sent).await;
    // Somebody hands the same file in at this moment: what came of it is what comes of this one.
    for _ in 0..RETRIES {
        if answer.as_ref().err().is_none_or(|error| error.kind != ErrorKind::Aborted) {
            break;
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
        if let Some(submission) = earlier(&services, &upload).await {
            upload.set(Progress::Repeated(Box::new(submission)));
            return;
        }
        answer = transmit(&services, &upload, dry_run, &sent).await;
    }
    upload.set(match answer {
        Ok(answer) if dry_run => Progress::Checked(Arc::new(answer)),
        Ok(answer) => Progress::HandedIn(Arc::new(answer)),
        Err(error) => Progress::Failed(Arc::new(error)),
    });
}

/// The submission that the same file is already.
async fn earlier(services: &Services, upload: &Upload) -> Option<Submission> {
    let submission_id = upload.header(true).submission?.submission_id;
    let answer = services.ingest().get_submission(GetSubmissionRequest { submission_id }).await;
    let submission = answer.ok()?.into_inner().submission?;
    (submission.state() == State::Committed).then_some(submission)
}

/// The call. A file that cannot be read to its end breaks it off, so that a part of a file is never taken for the whole.
async fn transmit(
    services: &Services,
    upload: &Upload,
    dry_run: bool,
    sent: &impl Fn(u64),
) -> Result<UploadFileResponse> {
    let unreadable = |e| Error::internal("reading a kept file", e);
    let mut file = tokio::fs::File::open(upload.file.path()).await.map_err(unreadable)?;
    let (parts, received) = tokio::sync::mpsc::channel(QUEUED);
    let mut client = services.ingest();
    let call = client.upload_file(ReceiverStream::new(received));
    tokio::pin!(call);
    let read = async {
        // A receiver that is gone has its answer already.
        let header = Part::Header(upload.header(dry_run));
        let _ = parts.send(UploadFileRequest { part: Some(header) }).await;
        let mut bytes = 0;
        loop {
            let mut chunk = vec![0; CHUNK];
            let count = file.read(&mut chunk).await?;
            if count == 0 {
                return Ok(());
            }
            chunk.truncate(count);
            bytes += count as u64;
            sent(bytes);
            let _ = parts.send(UploadFileRequest { part: Some(Part::Chunk(chunk.into())) }).await;
        }
    };
    let answer = tokio::select! {
        answer = &mut call => answer,
        read = read => {
            read.map_err(unreadable)?;
            drop(parts);
            call.await
        }
    };
    Ok(answer.map_err(failed)?.into_inner())
}
