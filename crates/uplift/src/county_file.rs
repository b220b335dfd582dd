//! A county's tables as offices send them: GBK, a title, amounts in 万元, a total, some rows wrong; and one that is late.
//! Part of the demo.

use encoding_rs::GB18030;
use tonic::transport::Channel;
use uplift_client::from_status;
use uplift_core::error::Result;
use uplift_core::language::Language;
use uplift_proto::v1::ingest::upload_file_request::Part;
use uplift_proto::v1::ingest::{
    Policy, SubmissionHeader, UploadFileRequest, UploadFileResponse, UploadHeader,
};

use crate::terminal::{message, say_in};

/// Simulated. A word for an amount, a day that does not exist, another county's code.
const ROWS: &str = "2008年财政扶贫资金拨付情况表（模拟数据）,,,,,\n\
    填报单位：开县扶贫办,,,,,单位：万元\n\
    流水编号,日期,类型,资金来源,金额,地区代码\n\
    KX-1,2008年3月5日,拨付,中央财政,1330.5,500234\n\
    KX-2,2008/3/9,拨付,地方财政,十万,500234\n\
    KX-3,2008-02-30,支出,社会,12,500234\n\
    KX-4,2008-04-02,支出,社会,3,500101\n\
    KX-5,20080501,支出,社会,\"1,234.56\",500234\n\
    合计,,,,2580.06,\n\
    填表人：甲,,审核人：乙,,,\n";

/// Simulated. Training that a county forgot to report, sent when the year's report is published.
const LATE_ROWS: &str = "2011年补报培训情况表（模拟数据）,,,,\n\
    填报单位：开县扶贫办,,,,\n\
    措施编号,日期,类型,地区代码,数量,单位\n\
    KX-P1,2011年11月8日,就业培训,500234,43,人次\n\
    KX-P2,2011/12/6,就业培训,500234,57,人次\n";

/// Submits the file and prints what was accepted and rejected, with the headings of the file.
pub(crate) async fn submit(channel: Channel, language: Language) -> Result<()> {
    let answer = upload(channel, "simulated/county-table/500234/2008", "fund_flow", "2008", ROWS).await?;
    let submission = answer.submission.unwrap_or_default();
    say_in!(
        language,
        "A county's file (simulated; GBK, title, 万元, total): {} rows, {} accepted, {} rejected",
        "某县报表（模拟；GBK编码，有标题行、万元、合计）：共{}行，入库{}行，退回{}行",
        submission.rows_received,
        submission.rows_accepted,
        submission.rows_rejected
    );
    for rejection in answer.rejections {
        say_in!(
            language,
            "  line {}, {} {:?}: {}",
            "  第{}行，{} {:?}：{}",
            rejection.row,
            rejection.field,
            rejection.value,
            message(&rejection.message, language)
        );
    }
    Ok(())
}

/// Submits what the county forgot, and prints how much was accepted.
pub(crate) async fn submit_late(channel: Channel, language: Language) -> Result<()> {
    let id = "simulated/late-table/500234/2011";
    let submission = upload(channel, id, "delivery", "2011", LATE_ROWS).await?.submission.unwrap_or_default();
    say_in!(
        language,
        "The same county hands in training that it forgot (simulated): {} rows, {} accepted",
        "该县补报遗漏的培训（模拟）：共{}行，入库{}行",
        submission.rows_received,
        submission.rows_accepted
    );
    Ok(())
}

async fn upload(
    channel: Channel,
    submission_id: &str,
    dataset: &str,
    period: &str,
    rows: &str,
) -> Result<UploadFileResponse> {
    let submission = SubmissionHeader {
        submission_id: submission_id.to_owned(),
        dataset: dataset.to_owned(),
        area_code: "500234".to_owned(),
        period: period.to_owned(),
        policy: Policy::AcceptGoodRows.into(),
        sender: "开县扶贫办（模拟数据）".to_owned(),
        simulated: true,
        ..SubmissionHeader::default()
    };
    let header = UploadHeader { submission: Some(submission), ..UploadHeader::default() };
    let content = GB18030.encode(rows).0.into_owned();
    let parts = [Part::Header(header), Part::Chunk(content.into())];
    let parts = futures::stream::iter(parts.map(|part| UploadFileRequest { part: Some(part) }));
    let answer = uplift_client::ingest(channel).upload_file(parts).await.map_err(|s| from_status(&s))?;
    Ok(answer.into_inner())
}
