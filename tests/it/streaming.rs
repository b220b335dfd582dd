//! Streams: what is acknowledged is in the table once, whatever happens to the process.

use std::path::Path;

use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::Code;
use tonic::transport::Channel;
use tonic_types::StatusExt;
use uplift_proto::rows::Rows;
use uplift_proto::v1::ingest::ingest_service_client::IngestServiceClient;
use uplift_proto::v1::ingest::write_records_request::Part;
use uplift_proto::v1::ingest::{
    GetSubmissionRequest, ListRejectionsRequest, ListSubmissionsRequest, Policy, RecordBatch,
    SubmissionHeader, UploadFileRequest, WriteRecordsRequest, WriteRecordsResponse,
};
use uplift_proto::v1::records::{Household, RegistrationStatus};
use uplift_testkit::{Uplift, connected, free_port, rows_number, serve_ingest, submission, wanzhou};

fn open(id: &str) -> WriteRecordsRequest {
    let header = SubmissionHeader {
        submission_id: id.into(),
        dataset: "household".into(),
        area_code: "500101".into(),
        period: "2011".into(),
        policy: Policy::AcceptGoodRows.into(),
        sender: "Tests".into(),
        ..Default::default()
    };
    WriteRecordsRequest { part: Some(Part::Open(header)) }
}

fn household(id: String) -> Household {
    Household {
        household_id: id,
        year: 2011,
        area_code: "500101".into(),
        size: Some(4),
        income_fen: Some(640_000),
        status: RegistrationStatus::Registered.into(),
        ..Default::default()
    }
}

/// Batch `n` of ten households; the third of each has no size and is rejected.
fn batch(n: i64) -> WriteRecordsRequest {
    let mut rows: Vec<_> = (0..10).map(|i| household(format!("h{n}.{i}"))).collect();
    rows[2].size = None;
    let rows = Some(Rows::encode(rows_number("household"), &rows));
    WriteRecordsRequest { part: Some(Part::Batch(RecordBatch { sequence: n, rows })) }
}

async fn send(
    client: &mut IngestServiceClient<Channel>,
    requests: Vec<WriteRecordsRequest>,
) -> (Vec<WriteRecordsResponse>, Option<tonic::Status>) {
    let mut answers = match client.write_records(tokio_stream::iter(requests)).await {
        Ok(answers) => answers.into_inner(),
        Err(status) => return (Vec::new(), Some(status)),
    };
    let mut acks = Vec::new();
    loop {
        match answers.message().await {
            Ok(Some(ack)) => acks.push(ack),
            Ok(None) => return (acks, None),
            Err(status) => return (acks, Some(status)),
        }
    }
}

/// Ids in the table, sorted: one for each accepted row.
async fn household_ids(table_root: &Path) -> Vec<String> {
    let store = uplift_store::Store::open(table_root).unwrap();
    let table = store.get("household").await.unwrap().expect("the table was made");
    let rows = table.snapshot().await.unwrap().rows().await.unwrap().collect().await.unwrap();
    let ids = rows.iter().flat_map(|b| {
        let ids = uplift_formats::columns::text(b, "household_id").unwrap();
        (0..b.num_rows()).map(|row| ids.value(row).to_owned()).collect::<Vec<_>>()
    });
    let mut ids: Vec<_> = ids.collect();
    ids.sort();
    ids
}

#[tokio::test]
async fn each_batch_is_acknowledged_once_it_is_committed_and_may_be_sent_again() {
    let uplift = Uplift::with_wanzhou().await;
    let mut client = uplift.ingest().await;
    let (acks, end) = send(&mut client, vec![open("s"), batch(1), batch(2), batch(3)]).await;
    assert!(end.is_none(), "{end:?}");
    let acknowledged: Vec<_> = acks.iter().map(|a| (a.sequence, a.rows_accepted, a.rows_rejected)).collect();
    assert_eq!(acknowledged, [(0, 0, 0), (1, 9, 1), (2, 18, 2), (3, 27, 3)]);
    assert!(acks[1..].iter().all(|a| a.table_version.is_some()));
    assert_eq!((acks[2].rejections[0].row, acks[2].rejections[0].field.as_str()), (13, "size"));

    // Cut off and begun again: the first answer says where to go on; what is known changes nothing.
    let (acks, end) = send(&mut client, vec![open("s"), batch(2), batch(4)]).await;
    assert!(end.is_none(), "{end:?}");
    let acknowledged: Vec<_> = acks.iter().map(|a| (a.sequence, a.rows_accepted)).collect();
    assert_eq!(acknowledged, [(3, 27), (3, 27), (4, 36)]);
    assert_eq!(acks[1].rejections[0].row, 13, "the first answer again");
    assert_eq!(household_ids(&uplift.table("")).await.len(), 36);

    let request = GetSubmissionRequest { submission_id: "s".into() };
    let whole = client.get_submission(request).await.unwrap().into_inner().submission.unwrap();
    assert_eq!((whole.rows_received, whole.rows_accepted, whole.rows_rejected), (40, 36, 4));
    let listed = client.list_submissions(ListSubmissionsRequest::default()).await.unwrap().into_inner();
    assert_eq!(listed.submissions[0], whole, "a stream is listed as one submission");
    assert_eq!(listed.submissions.len(), 2, "the stream, and the area before it");
    let rejected = ListRejectionsRequest { submission_id: "s".into(), ..Default::default() };
    let rejected = client.list_rejections(rejected).await.unwrap().into_inner().rejections;
    assert_eq!(rejected.iter().map(|r| r.row).collect::<Vec<_>>(), [3, 13, 23, 33]);
}

#[tokio::test]
async fn gaps_changed_batches_and_missing_heads_end_the_stream_with_a_reason() {
    let uplift = Uplift::with_wanzhou().await;
    let mut client = uplift.ingest().await;
    let (acks, end) = send(&mut client, vec![open("s"), batch(1), batch(3)]).await;
    assert!(acks.len() <= 2);
    assert!(end.unwrap().message().contains("batch 2 is expected next"));
    let mut other = batch(7);
    if let Some(Part::Batch(batch)) = &mut other.part {
        batch.sequence = 1;
    }
    let (_, end) = send(&mut client, vec![open("s"), other]).await;
    assert_eq!(end.unwrap().code(), Code::AlreadyExists);
    let (_, end) = send(&mut client, vec![batch(1)]).await;
    assert_eq!(end.unwrap().code(), Code::InvalidArgument);
    // A stream is continued as it was begun, and its id is no other submission's.
    type Change = fn(&mut SubmissionHeader);
    let changes: [(&str, Change); 4] = [
        ("open.period", |h| h.period = "2010".into()),
        ("open.area_code", |h| h.area_code = "50".into()),
        ("open.sender", |h| h.sender = "Somebody else".into()),
        ("open.simulated", |h| h.simulated = true),
    ];
    for (field, change) in changes {
        let mut other = open("s");
        if let Some(Part::Open(header)) = &mut other.part {
            change(header);
        }
        let (_, end) = send(&mut client, vec![other, batch(2)]).await;
        let violations = end.unwrap().get_details_bad_request().unwrap().field_violations;
        assert_eq!(violations[0].field, field);
    }
    let rows = Rows::encode(rows_number("household"), &[household("whole".into())]);
    let whole = client.submit_records(submission("s", "household", rows.clone())).await.unwrap_err();
    assert_eq!(whole.code(), Code::AlreadyExists);
    client.submit_records(submission("w", "household", rows)).await.unwrap();
    let (_, end) = send(&mut client, vec![open("w"), batch(5)]).await;
    assert_eq!(end.unwrap().code(), Code::AlreadyExists);
}

#[tokio::test]
async fn killed_in_the_middle_of_a_stream_everything_acknowledged_is_there_once() {
    const BATCHES: i64 = 60;
    let folder = tempfile::tempdir().unwrap();
    let port = free_port();
    let mut acknowledged = 0;
    let mut rounds = 0;
    while acknowledged < BATCHES {
        rounds += 1;
        assert!(rounds < 30, "no progress: {acknowledged} batches after {rounds} rounds");
        let mut process = serve_ingest(folder.path(), port);
        let mut client = uplift_client::ingest(connected(port).await);
        client.submit_records(wanzhou()).await.unwrap();
        let (sender, requests) = mpsc::channel(8);
        sender.send(open("s")).await.unwrap();
        let mut answers = client.write_records(ReceiverStream::new(requests)).await.unwrap().into_inner();
        let first = answers.message().await.unwrap().unwrap();
        assert!(first.sequence >= acknowledged, "batch {acknowledged} was acknowledged and is gone");
        acknowledged = first.sequence;
        // Kill at another point of the way each time: after another number of acknowledgements.
        let until = if rounds < 4 { acknowledged + rounds * 5 } else { BATCHES };
        let feed = tokio::spawn(async move {
            for n in acknowledged + 1..=BATCHES {
                if sender.send(batch(n)).await.is_err() {
                    return;
                }
            }
        });
        while let Ok(Some(ack)) = answers.message().await {
            acknowledged = ack.sequence;
            if acknowledged >= until.min(BATCHES) {
                break;
            }
        }
        process.kill().unwrap(); // SIGKILL
        process.wait().unwrap();
        feed.abort();
        let ids = household_ids(&folder.path().join("tables")).await;
        let mut distinct = ids.clone();
        distinct.dedup();
        assert_eq!(distinct, ids, "a row was accepted twice");
        assert_eq!(ids.len() % 9, 0, "a batch was accepted in part");
        assert!(ids.len() as i64 >= acknowledged * 9, "{} rows for {acknowledged} batches", ids.len());
    }
    assert!(rounds > 3, "the process was killed on the way");
    assert_eq!(household_ids(&folder.path().join("tables")).await.len() as i64, BATCHES * 9);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_ends_streams_that_wait_at_once_and_says_how_to_go_on() {
    let mut uplift = Uplift::with_wanzhou().await;
    let mut client = uplift.ingest().await;
    // Each sender keeps its half of the call open.
    let (begun, parts) = mpsc::channel(4);
    begun.send(open("begun")).await.unwrap();
    begun.send(batch(1)).await.unwrap();
    let mut acks = client.write_records(ReceiverStream::new(parts)).await.unwrap().into_inner();
    while acks.message().await.unwrap().unwrap().sequence < 1 {}
    let (silent, parts) = mpsc::channel::<WriteRecordsRequest>(4);
    let mut other = client.clone();
    let waiting =
        tokio::spawn(async move { other.write_records(ReceiverStream::new(parts)).await.map(drop) });
    let (paused, parts) = mpsc::channel::<UploadFileRequest>(4);
    let mut other = client.clone();
    let uploading =
        tokio::spawn(async move { other.upload_file(ReceiverStream::new(parts)).await.map(drop) });
    tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    let began = std::time::Instant::now();
    uplift.restart().await;
    assert!(began.elapsed() < std::time::Duration::from_secs(7), "{:?}", began.elapsed());
    let ends = [acks.message().await.map(drop), waiting.await.unwrap(), uploading.await.unwrap()];
    for end in ends {
        let status = end.unwrap_err();
        assert_eq!(status.code(), Code::Unavailable, "{status:?}");
        assert!(status.message().contains("the service is stopping"), "{status:?}");
    }
    drop((begun, silent, paused));
    let (acks, end) = send(&mut uplift.ingest().await, vec![open("begun"), batch(2)]).await;
    assert!(end.is_none(), "{end:?}");
    assert_eq!(acks.iter().map(|ack| ack.sequence).collect::<Vec<_>>(), [1, 2]);
}
