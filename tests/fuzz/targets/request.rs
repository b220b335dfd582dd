//! Requests as bytes: each is decoded, or refused as the caller's error.
#![no_main]

use libfuzzer_sys::fuzz_target;
use uplift_proto::codec::decode;
use uplift_proto::v1::ingest::{SubmitRecordsRequest, UploadFileRequest, WriteRecordsRequest};
use uplift_proto::v1::metrics::{CheckStatementsRequest, QueryIndicatorsRequest, TraceFigureRequest};

fuzz_target!(|bytes: &[u8]| {
    macro_rules! each {
        ($($message:ty),*) => {
            $(if let Err(status) = decode::<$message>(bytes.to_vec().into()) {
                assert_eq!(status.code() as i32, 3, "{status:?}");
                assert!(status.details().len() < 6_000);
            })*
        };
    }
    each!(
        SubmitRecordsRequest,
        UploadFileRequest,
        WriteRecordsRequest,
        QueryIndicatorsRequest,
        CheckStatementsRequest,
        TraceFigureRequest
    );
});
