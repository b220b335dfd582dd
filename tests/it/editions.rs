//! Editions: published once, verified, corrected in the open, compared with what came after.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Instant;

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use tonic::{Code, Status};
use uplift_proto::v1::reporting::{
    Amendment, AmendmentKind, ChangeCause, ChangeCauseKind, Checklist, CompareReportsRequest,
    CompareReportsResponse, DownloadReportRequest, Edition, EditionNote, GenerateReportRequest,
    GetCitationRequest, GetEditionRequest, ListEditionsRequest, PublishReportRequest, Severity,
    SubscribeChangesRequest, Verification, VerifyReportRequest, WriteErrataRequest, download_report_response,
    publish_report_response, verify_report_response,
};
use uplift_testkit::{Uplift, connected, free_port, uplift_command};

use crate::clients::setting;
use crate::figures::{hand_in, hand_in_of, replace_of, with_areas};
use crate::report::{assert_valid_html, save_template};

/// A template with three figures, one of them by county.
pub(crate) const STRUCTURE: &str = r#"[figures]
fiscal = "fund.fiscal"
credit = "fund.credit"
lifted = "village.lifted"

[tables.counties]
figures = ["fiscal"]
by = "county"

[[section]]
id = "money"
content = ["money-text", "counties"]
[[section]]
id = "villages"
content = ["villages-text"]
"#;
pub(crate) const EN: &str = "title = Programme\nmoney = Money\nmoney-text = { $fiscal } came, and { $credit } of credit.\n\
    counties = Money by county\nvillages = Villages\nvillages-text = { $lifted } passed.\n";
pub(crate) const ZH: &str = "title = 项目\nmoney = 资金\nmoney-text = 到位{ $fiscal }，信贷{ $credit }。\n\
    counties = 各区县资金\nvillages = 村\nvillages-text = { $lifted }通过验收。\n";

pub(crate) fn flows(rows: &str) -> String {
    format!("flow_id,kind,source,programme_id,area_code,date,amount\n{rows}")
}

pub(crate) async fn with_records() -> Uplift {
    let uplift = with_areas().await;
    save_template(&uplift.folder().join("templates/ours"), STRUCTURE, EN, ZH);
    hand_in(
        &uplift,
        "programme",
        "2011",
        "programme_id,year,measure,name_zh\nvillage,2011,village.lifted,整村推进\n",
    )
    .await;
    let first = "f1,disbursement,fiscal_national,village,500101,2011-05-01,1000\n\
                 f2,disbursement,credit,village,500101,2011-05-01,70\n";
    hand_in_of("500101", &uplift, "fund_flow", "2011", &flows(first)).await;
    let second = "f3,disbursement,fiscal_national,village,500102,2011-05-01,2000\n";
    hand_in_of("500102", &uplift, "fund_flow", "2011", &flows(second)).await;
    let projects = "project_id,programme_id,area_code,year,status,name\n\
        p1,village,500101101001,2011,completed,甲\n";
    hand_in(&uplift, "project", "2011", projects).await;
    uplift
}

/// Asks for the report of the template; nothing of it is accepted or explained.
pub(crate) fn asked() -> PublishReportRequest {
    let report = GenerateReportRequest {
        template: "ours".into(),
        area_code: "50".into(),
        period: "2011".into(),
        ..Default::default()
    };
    PublishReportRequest { report: Some(report), author: "统计处".into(), ..Default::default() }
}

/// The same with everything settled that its checklist has.
pub(crate) fn settled(checklist: &Checklist) -> PublishReportRequest {
    let of = |severity: Severity| checklist.items.iter().filter(move |item| item.severity() == severity);
    let note =
        |id: &String| EditionNote {
            item_id: id.clone(), text_en: "Known.".into(), text_zh: "已知。".into()
        };
    PublishReportRequest {
        accepted: of(Severity::Warning).map(|item| item.item_id.clone()).collect(),
        notes: of(Severity::Error).map(|item| note(&item.item_id)).collect(),
        ..asked()
    }
}

fn correction(request: PublishReportRequest) -> PublishReportRequest {
    let amendment = Amendment {
        kind: AmendmentKind::Correction.into(),
        cause_en: "A county corrected its funds.".into(),
        cause_zh: "一区县更正资金。".into(),
        ..Default::default()
    };
    PublishReportRequest { amendment: Some(amendment), ..request }
}

pub(crate) async fn publish(
    uplift: &Uplift,
    request: PublishReportRequest,
) -> (Checklist, Result<Option<Edition>, Status>) {
    let mut checklist = Checklist::default();
    let mut edition = None;
    let mut events = match uplift.reporting().await.publish_report(request).await {
        Ok(events) => events.into_inner(),
        Err(status) => return (checklist, Err(status)),
    };
    loop {
        match events.message().await {
            Ok(Some(message)) => match message.event.unwrap() {
                publish_report_response::Event::Progress(_) => {}
                publish_report_response::Event::Checklist(items) => checklist = items,
                publish_report_response::Event::Edition(published) => edition = Some(published),
            },
            Ok(None) => return (checklist, Ok(edition)),
            Err(status) => return (checklist, Err(status)),
        }
    }
}

pub(crate) async fn published(uplift: &Uplift, request: PublishReportRequest) -> Edition {
    publish(uplift, request).await.1.unwrap().expect("an edition")
}

async fn verified(uplift: &Uplift, edition_id: &str) -> Result<Verification, Status> {
    let request = VerifyReportRequest { edition_id: edition_id.to_owned() };
    let mut events = uplift.reporting().await.verify_report(request).await?.into_inner();
    let mut verification = None;
    while let Some(message) = events.message().await? {
        if let verify_report_response::Event::Verification(done) = message.event.unwrap() {
            verification = Some(done);
        }
    }
    Ok(verification.expect("a result"))
}

pub(crate) async fn compared(uplift: &Uplift, edition: &str, other: &str) -> CompareReportsResponse {
    let request = CompareReportsRequest { edition_id: edition.into(), other_edition_id: other.into() };
    uplift.reporting().await.compare_reports(request).await.unwrap().into_inner()
}

async fn edition(uplift: &Uplift, edition_id: &str) -> Result<Edition, Status> {
    let request = GetEditionRequest { edition_id: edition_id.to_owned() };
    Ok(uplift.reporting().await.get_edition(request).await?.into_inner().edition.unwrap())
}

async fn page(uplift: &Uplift, edition_id: &str) -> Result<String, Status> {
    let request = DownloadReportRequest { report_id: edition_id.to_owned(), file: String::new() };
    let mut parts = uplift.reporting().await.download_report(request).await?.into_inner();
    let mut content = Vec::new();
    while let Some(message) = parts.message().await? {
        if let download_report_response::Part::Chunk(chunk) = message.part.unwrap() {
            content.extend_from_slice(&chunk);
        }
    }
    // As a browser reads it.
    Ok(String::from_utf8(content).unwrap().replace("&#x2f;", "/"))
}

#[tokio::test]
async fn an_edition_is_published_once_and_a_correction_says_what_it_changes_and_why() {
    let uplift = with_records().await;
    // The checklist is told, and nothing is published until each item is settled.
    let (checklist, outcome) = publish(&uplift, PublishReportRequest { check_only: true, ..asked() }).await;
    assert!(outcome.unwrap().is_none());
    let ids: Vec<_> = checklist.items.iter().map(|item| item.item_id.as_str()).collect();
    assert_eq!(ids, ["no-records:village.lifted", "hand-ins-missing"], "{checklist:?}");
    let (_, refused) = publish(&uplift, asked()).await;
    let refused = refused.unwrap_err();
    assert_eq!(refused.code(), Code::FailedPrecondition, "{refused:?}");
    assert!(
        refused.message().contains("no-records:village.lifted, hand-ins-missing"),
        "{}",
        refused.message()
    );

    let first = published(&uplift, settled(&checklist)).await;
    assert_eq!((first.edition_id.as_str(), first.number), ("ours-50-2011/1", 1));
    assert_eq!(first.accepted_warnings, ["hand-ins-missing"]);
    let page_of_first = page(&uplift, "ours-50-2011/1").await.unwrap();
    for words in ["ours-50-2011/1", "统计处", "Notes of the publisher", "已知。"] {
        assert!(page_of_first.contains(words), "{words} is not on the page");
    }
    let verification = verified(&uplift, "ours-50-2011/1").await.unwrap();
    assert_eq!(verification.differences, []);
    assert_eq!(verification.figures as usize, first.figures.len());
    assert_eq!(verification.sha256, first.sha256);
    assert!(compared(&uplift, "ours-50-2011/1", "").await.changes.is_empty());

    // A county replaces its file: one flow is more, one is gone, one new.
    let corrected = "f1,disbursement,fiscal_national,village,500101,2011-05-01,1500\n\
                     f4,disbursement,fiscal_national,village,500101,2011-06-01,5\n";
    replace_of("500101", &uplift, "fund_flow", "2011", &flows(corrected)).await;
    let comparison = compared(&uplift, "ours-50-2011/1", "").await;
    let changes: Vec<_> = comparison
        .changes
        .iter()
        .map(|c| {
            let of = (c.indicator_id.as_str(), c.area_code.as_str());
            (of, c.exact_value_before.as_str(), c.exact_value_after.as_str())
        })
        .collect();
    assert_eq!(
        changes,
        [
            (("fund.fiscal", "50"), "3000", "3505"),
            (("fund.credit", "50"), "70", ""),
            (("fund.fiscal", "500101"), "1000", "1505"),
        ]
    );
    for change in &comparison.changes {
        let kinds: Vec<_> = change.causes.iter().map(|cause| cause.kind()).collect();
        let share = |cause: &ChangeCause| {
            cause.exact_share.parse::<i64>().unwrap_or_else(|_| panic!("no share is told: {change:?}"))
        };
        let shares: i64 = change.causes.iter().map(share).sum();
        let number = |text: &str| text.parse::<i64>().unwrap_or_default();
        let whole = number(&change.exact_value_after) - number(&change.exact_value_before);
        assert_eq!(shares, whole, "{change:?}");
        assert!(kinds.contains(&ChangeCauseKind::SubmissionRemoved), "{change:?}");
        let sections: &[&str] = &["money"];
        assert_eq!(change.sections, sections);
    }

    // Another edition needs its cause; what it changes is computed, marked and listed.
    let (_, refused) = publish(&uplift, settled(&checklist)).await;
    assert_eq!(refused.unwrap_err().code(), Code::FailedPrecondition);
    let (checklist, _) = publish(&uplift, PublishReportRequest { check_only: true, ..asked() }).await;
    let second = published(&uplift, correction(settled(&checklist))).await;
    assert_eq!(second.edition_id, "ours-50-2011/2");
    let amendment = second.amendment.clone().unwrap();
    assert_eq!(amendment.changes.len(), 3);
    assert!(amendment.changes.iter().all(|change| change.causes.is_empty()));
    let page_of_second = page(&uplift, "ours-50-2011/2").await.unwrap();
    for words in ["What this edition changes", "一区县更正资金。", "[r]", "3,505"] {
        assert!(page_of_second.contains(words), "{words} is not on the page");
    }
    assert_eq!(compared(&uplift, "ours-50-2011/1", "ours-50-2011/2").await.changes.len(), 3);
    assert!(compared(&uplift, "ours-50-2011/2", "").await.changes.is_empty());

    // The first is what it was, is verified at its versions, and says that it is superseded.
    assert_eq!(page(&uplift, "ours-50-2011/1").await.unwrap(), page_of_first);
    assert_eq!(verified(&uplift, "ours-50-2011/1").await.unwrap().differences, []);
    let old = edition(&uplift, "ours-50-2011/1").await.unwrap();
    assert_eq!((old.superseded_by.as_str(), old.supersede_time), ("ours-50-2011/2", second.publish_time));
    let request = GetCitationRequest { citation: "ours-50-2011/1/f1".into() };
    let cited = uplift.reporting().await.get_citation(request).await.unwrap().into_inner();
    assert_eq!(cited.figure.unwrap().exact_value, "3000");
    assert_eq!(cited.edition.unwrap().superseded_by, "ours-50-2011/2");
    let listed =
        uplift.reporting().await.list_editions(ListEditionsRequest::default()).await.unwrap().into_inner();
    let listed: Vec<_> = listed.editions.iter().map(|edition| edition.edition_id.as_str()).collect();
    assert_eq!(listed, ["ours-50-2011/2", "ours-50-2011/1"]);
}

#[tokio::test]
async fn what_cannot_be_published_or_found_is_told_with_its_field() {
    let uplift = with_records().await;
    let (checklist, _) = publish(&uplift, PublishReportRequest { check_only: true, ..asked() }).await;
    let good = settled(&checklist);
    let wrong = |change: fn(&mut PublishReportRequest)| {
        let mut request = good.clone();
        change(&mut request);
        request
    };
    for (request, code, part) in [
        (wrong(|r| r.author = " ".into()), Code::InvalidArgument, "author"),
        (wrong(|r| r.author = "a\nb".into()), Code::InvalidArgument, "author"),
        (wrong(|r| r.accepted.push("simulatedd".into())), Code::InvalidArgument, "accepted[1]"),
        (wrong(|r| r.notes.clear()), Code::FailedPrecondition, "no-records:village.lifted"),
        (wrong(|r| r.accepted.clear()), Code::FailedPrecondition, "hand-ins-missing"),
        (wrong(|r| r.notes[0].text_zh.clear()), Code::InvalidArgument, "notes[0]"),
        (wrong(|r| r.notes[0].item_id = "nothing".into()), Code::InvalidArgument, "notes[0].item_id"),
        (correction(good.clone()), Code::InvalidArgument, "amendment"),
        (wrong(|r| r.amendment = Some(Amendment::default())), Code::InvalidArgument, "amendment.kind"),
        (wrong(|r| r.report = None), Code::InvalidArgument, "period"),
    ] {
        let status = publish(&uplift, request).await.1.unwrap_err();
        assert_eq!(status.code(), code, "{part}: {status:?}");
        assert!(status.message().contains(part), "{part} is not in {:?}", status.message());
    }
    assert_eq!(edition(&uplift, "ours-50-2011/1").await.unwrap_err().code(), Code::NotFound);
    assert_eq!(edition(&uplift, "../../record").await.unwrap_err().code(), Code::InvalidArgument);
    published(&uplift, good).await;
    let status = edition(&uplift, "ours-50-2011/2").await.unwrap_err();
    assert!(status.message().contains("the newest is ours-50-2011/1"), "{status:?}");
    let long = format!("{}/1", "a".repeat(3_000));
    assert_eq!(edition(&uplift, &long).await.unwrap_err().code(), Code::InvalidArgument);
    assert_eq!(verified(&uplift, "ours-50-2011/9").await.unwrap_err().code(), Code::NotFound);
    let request = GetCitationRequest { citation: "ours-50-2011/1/f99".into() };
    assert_eq!(uplift.reporting().await.get_citation(request).await.unwrap_err().code(), Code::NotFound);
    let request = CompareReportsRequest {
        edition_id: "ours-50-2011/1".into(),
        other_edition_id: "annual-50-2011/1".into(),
    };
    let status = uplift.reporting().await.compare_reports(request).await.unwrap_err();
    assert_eq!(status.code(), Code::InvalidArgument);
}

#[tokio::test]
async fn of_those_who_publish_at_once_one_does_and_the_others_are_told() {
    let uplift = with_records().await;
    let (checklist, _) = publish(&uplift, PublishReportRequest { check_only: true, ..asked() }).await;
    let request = settled(&checklist);
    let attempts = (0..4).map(|_| publish(&uplift, request.clone()));
    let outcomes = futures::future::join_all(attempts).await;
    let (done, refused): (Vec<_>, Vec<_>) =
        outcomes.into_iter().map(|(_, outcome)| outcome).partition(Result::is_ok);
    assert_eq!(done.len(), 1, "{refused:?}");
    for status in refused.into_iter().map(Result::unwrap_err) {
        // Who came late enough to see it is asked why there should be another.
        assert!(matches!(status.code(), Code::Aborted | Code::FailedPrecondition), "{status:?}");
    }
    assert_eq!(verified(&uplift, "ours-50-2011/1").await.unwrap().differences, []);
    let kept = folders(&editions_folder(&uplift));
    assert_eq!(kept.len(), 1, "files of attempts that failed stay: {kept:?}");
}

fn editions_folder(uplift: &Uplift) -> PathBuf {
    uplift.folder().join("reports/editions/ours-50-2011")
}

fn folders(path: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path());
    entries.filter(|path| path.is_dir()).collect()
}

#[tokio::test]
async fn whatever_is_changed_in_an_edition_verification_names_it() {
    let uplift = with_records().await;
    let (checklist, _) = publish(&uplift, PublishReportRequest { check_only: true, ..asked() }).await;
    let first = published(&uplift, settled(&checklist)).await;
    let folder = folders(&editions_folder(&uplift)).remove(0);
    let files = first.report.clone().unwrap().files;
    assert!(files.len() >= 6, "{files:?}");
    let mut tampered = 0;
    for (n, file) in files.iter().enumerate() {
        let path = folder.join(&file.name);
        let content = std::fs::read(&path).unwrap();
        // A byte here and there, in every file.
        for at in [0, content.len() / 3, content.len() * 2 / 3, content.len() - 1] {
            let mut other = content.clone();
            other[at] ^= 1 << (n % 8);
            std::fs::write(&path, &other).unwrap();
            let differences = verified(&uplift, "ours-50-2011/1").await.unwrap().differences;
            let parts: Vec<_> = differences.iter().map(|d| d.part.as_str()).collect();
            assert_eq!(parts, [file.name.as_str()]);
            tampered += 1;
        }
        std::fs::remove_file(&path).unwrap();
        let differences = verified(&uplift, "ours-50-2011/1").await.unwrap().differences;
        assert_eq!((differences[0].part.as_str(), differences[0].current.as_str()), (file.name.as_str(), ""));
        std::fs::write(&path, &content).unwrap();
    }
    assert!(tampered >= 24);
    let record = editions_folder(&uplift).join("1.bin");
    let content = std::fs::read(&record).unwrap();
    for at in (0..content.len()).step_by(content.len() / 40 + 1) {
        let mut other = content.clone();
        other[at] ^= 4;
        std::fs::write(&record, &other).unwrap();
        let status = verified(&uplift, "ours-50-2011/1").await.unwrap_err();
        assert_eq!(status.code(), Code::DataLoss, "byte {at}: {status:?}");
        assert!(status.message().contains("record of edition ours-50-2011/1"), "{status:?}");
        assert!(page(&uplift, "ours-50-2011/1").await.is_err());
    }
    std::fs::write(&record, &content).unwrap();
    assert_eq!(verified(&uplift, "ours-50-2011/1").await.unwrap().differences, []);
    // Files of rows that were read before, by a service that runs on.
    let is_data = |path: &PathBuf| {
        let in_log = path.iter().any(|part| part == "_delta_log");
        !in_log && path.extension().is_some_and(|extension| extension == "parquet")
    };
    for file in walk(&uplift.table("fund_flow")).into_iter().filter(is_data) {
        let content = std::fs::read(&file).unwrap();
        for at in [0, content.len() / 3, content.len() / 2, content.len() - 10] {
            let mut other = content.clone();
            other[at] ^= 1;
            std::fs::write(&file, &other).unwrap();
            let differences = verified(&uplift, "ours-50-2011/1").await.unwrap().differences;
            assert!(!differences.is_empty(), "byte {at} of {}", file.display());
            let message = &differences[0].message_en;
            assert!(
                message.contains("fund_flow/") && message.contains("is not what was written"),
                "{message}"
            );
        }
        std::fs::write(&file, &content).unwrap();
    }
    assert_eq!(verified(&uplift, "ours-50-2011/1").await.unwrap().differences, []);
}

#[tokio::test]
async fn a_condition_of_the_template_that_is_not_met_is_explained_or_nothing_is_published() {
    let uplift = with_records().await;
    let with = |conditions: &str| {
        STRUCTURE.replace("[tables.counties]", &format!("[conditions]\n{conditions}\n[tables.counties]"))
    };
    let folder = uplift.folder().join("templates/ours");
    let text = |text: &str, id: &str, words: &str| format!("{text}{id} = {words}\n");
    let [en, zh] = [text(EN, "covered", "Credit covers the rest."), text(ZH, "covered", "信贷补足其余。")];
    let items = async || {
        let (checklist, outcome) =
            publish(&uplift, PublishReportRequest { check_only: true, ..asked() }).await;
        outcome.map(|_| {
            checklist.items.into_iter().filter(|item| item.item_id.starts_with("unmet")).collect::<Vec<_>>()
        })
    };
    for (condition, reason) in [
        ("credit >= fiscal - 2930", None),
        ("fiscal / credit <= 43", None),
        ("fiscal = credit * 42 + 60", None),
        ("credit >= fiscal", Some("Credit covers the rest. (credit = 70 yuan, fiscal = 3,000 yuan)")),
        ("fiscal / (credit - 70) <= 1", Some("Credit covers the rest. (cannot be computed)")),
        ("lifted <= 10", Some("Credit covers the rest. (no value of lifted)")),
    ] {
        save_template(&folder, &with(&format!("covered = \"{condition}\"")), &en, &zh);
        let found = items().await.unwrap();
        match reason {
            None => assert_eq!(found, [], "{condition}"),
            Some(reason) => {
                assert_eq!(found[0].item_id, "unmet:covered");
                assert!(found[0].message_en.ends_with(reason), "{condition}: {}", found[0].message_en);
                assert!(found[0].message_zh.contains("信贷补足其余。"), "{}", found[0].message_zh);
                let status = publish(&uplift, asked()).await.1.unwrap_err();
                assert!(status.message().contains("unmet:covered"), "{status:?}");
            }
        }
    }
    for (condition, wrong) in [
        ("credit >= fiskal", "\"fiskal\" is not declared under [figures]; did you mean fiscal?"),
        ("credit > fiscal", "is not a condition"),
        ("credit >= ", "expected at character"),
    ] {
        save_template(&folder, &with(&format!("covered = \"{condition}\"")), &en, &zh);
        let status = items().await.unwrap_err();
        assert!(status.message().contains(wrong), "{condition}: {status:?}");
    }
    save_template(&folder, &with("covered = \"credit >= 1\""), EN, ZH);
    let status = items().await.unwrap_err();
    assert!(status.message().contains("what should hold is not in ours/en.ftl"), "{status:?}");
}

#[tokio::test]
async fn readers_get_errata_and_subscribers_are_told_when_a_published_figure_changes() {
    let uplift = with_records().await;
    let (checklist, _) = publish(&uplift, PublishReportRequest { check_only: true, ..asked() }).await;
    let first = published(&uplift, settled(&checklist)).await;
    let id = first.edition_id.clone();
    let subscribe = SubscribeChangesRequest { edition_id: id.clone() };
    let mut told = uplift.reporting().await.subscribe_changes(subscribe).await.unwrap().into_inner();
    let now = told.message().await.unwrap().unwrap();
    assert_eq!((now.changes.len(), now.figures), (0, first.figures.len() as i32));

    let more = "f9,disbursement,fiscal_national,village,500101,2011-06-01,500\n";
    let submission = hand_in_of("500101", &uplift, "fund_flow", "2011", &flows(more)).await;
    let changed = told.message().await.unwrap().unwrap().changes;
    let ids: Vec<_> = changed.iter().map(|change| change.figure_id.as_str()).collect();
    assert_eq!(changed.len(), 2, "the sum and that of the county: {ids:?}");
    assert_eq!(changed[0].causes[0].name, submission);
    // What changes no published figure is not told; what takes the change back is.
    let credit_of_another_year = "f10,disbursement,credit,village,500101,2010-06-01,500\n";
    hand_in_of("500101", &uplift, "fund_flow", "2010", &flows(credit_of_another_year)).await;
    let first_rows = "f1,disbursement,fiscal_national,village,500101,2011-05-01,1000\n\
                      f2,disbursement,credit,village,500101,2011-05-01,70\n";
    replace_of("500101", &uplift, "fund_flow", "2011", &flows(first_rows)).await;
    assert_eq!(told.message().await.unwrap().unwrap().changes, []);
    let again = "f11,disbursement,fiscal_national,village,500101,2011-06-01,500\n";
    let submission = hand_in_of("500101", &uplift, "fund_flow", "2011", &flows(again)).await;
    assert_eq!(told.message().await.unwrap().unwrap().changes.len(), 2);

    let request = WriteErrataRequest { edition_id: id.clone(), ..Default::default() };
    let files = uplift.reporting().await.write_errata(request).await.unwrap().into_inner().files;
    let names: Vec<_> = files.iter().map(|file| file.name.as_str()).collect();
    assert_eq!(names, ["errata-ours-50-2011-1.html", "errata-ours-50-2011-1.json"]);
    let page = String::from_utf8(files[0].content.to_vec()).unwrap();
    assert!(page.contains("3,500 yuan") && page.contains("+500元"), "{page}");
    let told: serde_json::Value = serde_json::from_slice(&files[1].content).unwrap();
    let change = &told["changes"][0];
    assert_eq!(
        (change["value_before"].as_str(), change["value_after"].as_str()),
        (Some("3000"), Some("3500"))
    );
    assert_eq!(change["citation"], format!("{id}/{}", changed[0].figure_id));
    let causes = change["causes"].as_array().unwrap();
    let share = causes.iter().find(|cause| cause["name"] == submission.as_str()).map(|cause| &cause["share"]);
    assert_eq!(share.and_then(serde_json::Value::as_str), Some("500"));
    assert_eq!(change["sections"][0]["zh"], "资金");
    assert_valid_html(&page);

    published(&uplift, correction(settled(&checklist))).await;
    let request = WriteErrataRequest { edition_id: id.clone(), other_edition_id: "ours-50-2011/2".into() };
    let files = uplift.reporting().await.write_errata(request).await.unwrap().into_inner().files;
    let page = String::from_utf8(files[0].content.to_vec()).unwrap();
    assert!(page.contains("A county corrected its funds.") && page.contains("一区县更正资金。"), "{page}");
    let unknown = WriteErrataRequest { edition_id: "ours-50-2011/7".into(), ..Default::default() };
    assert_eq!(uplift.reporting().await.write_errata(unknown).await.unwrap_err().code(), Code::NotFound);
}

/// With reports on a small file system, which UPLIFT_TEST_SMALL_DISK names: a tmpfs of some 20 MiB, mounted by hand.
#[tokio::test]
#[ignore = "needs a small file system"]
async fn a_full_disk_is_told_and_leaves_no_edition() {
    let disk =
        std::env::var("UPLIFT_TEST_SMALL_DISK").expect("UPLIFT_TEST_SMALL_DISK names a small file system");
    let mut uplift = with_records().await;
    let (checklist, _) = publish(&uplift, PublishReportRequest { check_only: true, ..asked() }).await;
    uplift.stop().await;
    let (reports, small) = (uplift.folder().join("reports"), Path::new(&disk).join("reports"));
    std::fs::remove_dir_all(&reports).unwrap();
    let _ = std::fs::remove_dir_all(&small);
    std::fs::create_dir(&small).unwrap();
    std::os::unix::fs::symlink(&small, &reports).unwrap();
    let again = Uplift::on(uplift.folder()).await.unwrap();

    // Room for some of the files, and less than all of them.
    let ballast = Path::new(&disk).join("ballast");
    let mut file = std::fs::File::create(&ballast).unwrap();
    while std::io::Write::write_all(&mut file, &[0; 4096]).is_ok() {}
    file.set_len(file.metadata().unwrap().len() - (80 << 10)).unwrap();
    let status = publish(&again, settled(&checklist)).await.1.unwrap_err();
    assert_eq!(status.code(), Code::ResourceExhausted, "{status:?}");
    assert!(status.message().contains("disk of the service is full"), "{status:?}");
    let listed = again.reporting().await.list_editions(ListEditionsRequest::default()).await.unwrap();
    assert_eq!(listed.into_inner().editions, []);
    assert_eq!(walk(&small), Vec::<PathBuf>::new(), "nothing of it stays");

    // The room is free once nobody has the file open.
    drop(file);
    std::fs::remove_file(&ballast).unwrap();
    let edition = published(&again, settled(&checklist)).await;
    assert_eq!(verified(&again, &edition.edition_id).await.unwrap().differences, []);
}

/// Files of a folder and of those in it.
pub(crate) fn walk(folder: &Path) -> Vec<PathBuf> {
    uplift_core::disk::files_of(folder).unwrap().into_iter().map(|(_, path)| path).collect()
}

/// The built command with all services on these ports: a process that a test kills.
fn serve(folder: &Path, ports: [u16; 3]) -> Child {
    let mut command = Command::new(uplift_command());
    command.arg("serve").arg("--data-dir").arg(folder).stdout(Stdio::null()).stderr(Stdio::null());
    for (service, port) in ["ingest", "metrics", "reporting"].into_iter().zip(ports) {
        command.arg(format!("--{service}-port")).arg(port.to_string());
    }
    command.spawn().expect("the command runs")
}

#[tokio::test]
async fn a_process_that_is_killed_while_it_publishes_leaves_a_whole_edition_or_none() {
    let mut uplift = with_records().await;
    let (checklist, _) = publish(&uplift, PublishReportRequest { check_only: true, ..asked() }).await;
    let first = settled(&checklist);
    published(&uplift, first.clone()).await;
    let began = Instant::now();
    published(&uplift, correction(first.clone())).await;
    let takes = began.elapsed();
    uplift.stop().await;
    let folder = uplift.folder();

    let ports = [free_port(), free_port(), free_port()];
    let mut random = ChaCha8Rng::seed_from_u64(23);
    let (mut number, mut whole) = (2, 0);
    for _ in 0..setting("PUBLISH_KILLS", 5) {
        let mut process = serve(folder, ports);
        let mut client = uplift_client::reporting(connected(ports[2]).await);
        let request = correction(first.clone());
        let publishing = tokio::spawn(async move {
            let mut events = client.publish_report(request).await?.into_inner();
            while events.message().await?.is_some() {}
            Ok::<(), Status>(())
        });
        tokio::time::sleep(takes.mul_f64(random.random_range(0.5..9.0))).await;
        process.kill().unwrap(); // SIGKILL
        process.wait().unwrap();
        let told = publishing.await.unwrap().is_ok();

        let mut again = Uplift::on(folder).await.unwrap();
        let listed = again.reporting().await.list_editions(ListEditionsRequest::default()).await.unwrap();
        let listed = listed.into_inner();
        assert_eq!(listed.damaged_edition_ids, Vec::<String>::new());
        let newest = listed.editions[0].number;
        assert!(newest == number || newest == number + 1, "{newest} after {number}");
        assert!(newest == number + 1 || !told, "edition {newest} was acknowledged and is not there");
        for edition in &listed.editions {
            assert_eq!(verified(&again, &edition.edition_id).await.unwrap().differences, []);
        }
        whole += newest - number;
        number = newest;
        again.stop().await;
    }
    println!("{whole} of the kills came after the edition was there");
}
