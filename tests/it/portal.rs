//! The portal: as people use it in a browser, as its pages show figures, and as strangers ask it.

use std::path::Path;
use std::process::Command;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use uplift_proto::v1::metrics::{IndicatorQuery, QueryIndicatorsRequest};
use uplift_proto::v1::records::AreaLevel;
use uplift_proto::v1::reporting::PublishReportRequest;
use uplift_testkit::Uplift;

use crate::editions::{publish, published, settled};
use crate::report::{annual, tools, with_programme};

/// An answer: its status, its headers in one text, its body.
struct Answer {
    status: u16,
    headers: String,
    body: String,
}

impl Answer {
    fn header(&self, name: &str) -> Option<&str> {
        let lines = self.headers.lines().filter_map(|line| line.split_once(": "));
        lines.into_iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }
}

/// Sends a request as it is written.
async fn send(uplift: &Uplift, head: &str, body: &str) -> Answer {
    let address = uplift.portal();
    let mut stream = TcpStream::connect(&address).await.unwrap();
    let (line, headers) = head.split_once('\n').unwrap_or((head, ""));
    let headers: String = headers.lines().map(|line| format!("{line}\r\n")).collect();
    let length = if body.is_empty() { String::new() } else { format!("Content-Length: {}\r\n", body.len()) };
    let request =
        format!("{line} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n{headers}{length}\r\n{body}");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    let answer = String::from_utf8_lossy(&answer).into_owned();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    Answer { status, headers: head.to_owned(), body: body.to_owned() }
}

async fn get(uplift: &Uplift, path: &str) -> Answer {
    send(uplift, &format!("GET {path}"), "").await
}

#[tokio::test(flavor = "multi_thread")]
async fn people_follow_figures_and_hand_in_files_in_a_browser() {
    let mut uplift = with_programme(300).await;
    let request =
        PublishReportRequest { report: Some(annual()), author: "统计处".into(), ..Default::default() };
    let (checklist, _) = publish(&uplift, request.clone()).await;
    published(&uplift, PublishReportRequest { report: request.report, ..settled(&checklist) }).await;
    let pages = tempfile::tempdir().unwrap();
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tools/portal.py");
    let mut python = tokio::process::Command::new(tools().join("bin/python3"));
    python.arg(script).arg(format!("http://{}", uplift.portal())).arg(pages.path());
    let out = python.arg(tools().join("node_modules/axe-core/axe.min.js")).output().await.unwrap();
    let said = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(out.status.success(), "{}{}", said(&out.stdout), said(&out.stderr));
    assert_valid_pages(pages.path());
    uplift.stop().await;
}

/// Every page must pass the checker of the standard, warnings included.
fn assert_valid_pages(folder: &Path) {
    let pages = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let pages: Vec<_> = pages.filter(|path| path.extension().is_some_and(|e| e == "html")).collect();
    assert!(pages.len() > 35, "{pages:?}");
    let jar = tools().join("node_modules/vnu-jar/build/dist/vnu.jar");
    let out = Command::new("java").arg("-jar").arg(jar).arg("--Werror").args(pages).output().unwrap();
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_its_files_and_the_call_show_the_same_figures() {
    let uplift = with_programme(60).await;
    for area in ["50", "500101"] {
        let page = get(&uplift, &format!("/en/areas/{area}")).await;
        assert_eq!(page.status, 200, "{area}: {}", page.body);
    }
    // A year without records beside one that has: what the year before had is simulated, and the page says so.
    let page = get(&uplift, "/en/?area=50&period=2012").await;
    assert!(page.body.contains("class=\"band\"") && page.body.contains(">ⓢ</abbr>"), "{}", page.body);
    // Below a county there are townships.
    let page = get(&uplift, "/en/?area=500101&period=2011").await;
    assert!(page.body.contains("by=township") && !page.body.contains("by=county"), "{}", page.body);
    let page = get(&uplift, "/en/explore/fund.fiscal?area=500101&period=2011&by=township").await;
    assert_eq!(page.status, 200, "{}", page.body);
    for (indicator, by, dimension) in [
        ("training.people", "county", ""),
        ("donation.amount", "", "purpose"),
        ("poverty.headcount_ratio", "county", ""),
        ("fund.expenditure", "", "programme_id"),
    ] {
        let level = if by.is_empty() { AreaLevel::Unspecified } else { AreaLevel::County };
        let query = IndicatorQuery {
            indicators: vec![indicator.into()],
            area_code: "50".into(),
            by_level: level.into(),
            periods: vec!["2011".into()],
            dimensions: Some(dimension.to_owned()).filter(|d| !d.is_empty()).into_iter().collect(),
            compare_previous_year: true,
            mark_under_query: true,
            ..Default::default()
        };
        let request = QueryIndicatorsRequest { query: Some(query), ..Default::default() };
        let figures = uplift.metrics().await.query_indicators(request).await.unwrap().into_inner().figures;
        let mut called: Vec<(String, String)> = figures
            .into_iter()
            .map(|f| (f.trace, if f.value.is_some() { f.exact_value } else { String::new() }))
            .collect();
        called.sort();
        assert!(!called.is_empty(), "{indicator}");
        let path = format!("/en/explore/{indicator}?area=50&period=2011&by={by}&dimension={dimension}");
        let json = get(&uplift, &format!("{path}&format=json")).await;
        let json: Vec<serde_json::Value> = serde_json::from_str(&json.body).unwrap();
        let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
        let mut of_json: Vec<_> = json.iter().map(|f| (text(&f["trace"]), text(&f["value"]))).collect();
        of_json.sort();
        assert_eq!(of_json, called, "{indicator}");
        let csv = get(&uplift, &format!("{path}&format=csv")).await;
        let mut rows = csv::Reader::from_reader(csv.body.trim_start_matches('\u{feff}').as_bytes());
        let rows: Vec<csv::StringRecord> = rows.records().map(Result::unwrap).collect();
        let of_csv: Vec<_> = rows.iter().map(|row| row[5].to_owned()).collect();
        assert_eq!(of_csv, json.iter().map(|f| text(&f["value"])).collect::<Vec<_>>(), "{indicator}");
        let page = get(&uplift, &path).await;
        if dimension == "programme_id" {
            // Lines of work have names, and their codes are in the files.
            assert!(
                page.body.contains("Whole-village") && !page.body.contains("> · whole_village"),
                "{}",
                page.body
            );
        }
        // The command that the page shows is one that there is.
        let line = page.body.split_once("<code>uplift query ").unwrap().1.split_once("</code>").unwrap().0;
        let line = line.replace("&#x2f;", "/");
        let mut command = tokio::process::Command::new(uplift_testkit::uplift_command());
        let out =
            command.arg("query").args(line.split(' ')).args(["--format", "json"]).output().await.unwrap();
        assert!(out.status.success(), "{line}: {}", String::from_utf8_lossy(&out.stderr));
        let listed: Vec<serde_json::Value> = serde_json::from_slice(&out.stdout).unwrap();
        assert_eq!(listed.len(), called.len(), "{line}");
        for (trace, value) in called.iter().filter(|(_, value)| !value.is_empty()) {
            let link = format!("/en/figures/{trace}\"");
            assert!(page.body.contains(&link), "{indicator} {value} is not on its page");
            let evidence = get(&uplift, &format!("/en/figures/{trace}")).await;
            assert!(evidence.body.contains(&format!("<data value=\"{value}\">")), "{indicator} {value}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_is_asked_is_answered_by_a_page_and_never_a_fault() {
    let uplift = Uplift::with_article().await;
    let long = "a".repeat(10_000);
    let asked = [
        ("/nothing", 404),
        ("/en/nothing", 404),
        ("/fr/", 404),
        ("/en/explore/no.such", 404),
        ("/en/indicators/fund.fiscal@999", 404),
        ("/en/figures/abc", 400),
        ("/en/figures/%ff%fe", 400),
        ("/en/areas/1", 404),
        ("/en/areas/%2e%2e%2fetc", 404),
        ("/en/datasets/no", 404),
        ("/en/datasets/no/template.csv", 404),
        ("/en/submissions/no/such/one", 404),
        ("/en/editions/no/1", 404),
        ("/en/editions/no/x", 400),
        ("/en/editions/no/1/comparison", 404),
        ("/en/editions/no/1/comparison?with=zzz", 400),
        ("/en/editions/no/1/errata/html", 404),
        ("/en/editions/no/1/verification", 404),
        ("/en/contradictions?document=zzz", 404),
        ("/en/contradictions?show=zzz", 400),
        ("/en/submissions?year=zzz", 400),
        ("/en/submissions?dataset=zzz", 400),
        ("/en/explore?section=zzz", 400),
        ("/en/?area=99", 404),
        ("/en/explore/fund.fiscal?area=99", 404),
        ("/en/indicators/fund.fiscal?area=99", 404),
        ("/en/areas/99", 404),
        ("/files/no/1/x.html", 404),
        ("/files/..%2f..%2fetc/1/passwd", 400),
        ("/en/uploads/none", 404),
        ("/en/explore?period=2011-13", 400),
        ("/zh/explore?period=%00", 400),
        ("/en/explore/fund.fiscal?by=planet", 400),
        ("/en/explore/fund.fiscal?dimension=x", 400),
        ("/en/explore/fund.fiscal?format=exe", 400),
        ("/en/explore/fund.fiscal?area=';DROP", 400),
        ("/en/explore?q=%3Cscript%3E", 200),
        ("/en/editions?page=zzz", 400),
        ("/en/figures/abc?page=zzz", 400),
        ("/en/explore?area=50&area=50", 400),
    ];
    for (path, expected) in asked {
        let answer = get(&uplift, path).await;
        assert_eq!(answer.status, expected, "{path}: {}", answer.body);
        assert!(answer.body.starts_with("<!doctype html>"), "{path}: {}", answer.body);
        assert!(!answer.body.contains("<script>"), "{path}");
        let kinds = answer.headers.lines().filter(|line| line.to_lowercase().starts_with("content-type:"));
        assert_eq!(kinds.collect::<Vec<_>>(), ["content-type: text/html; charset=utf-8"], "{path}");
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"), "{path}");
        let policy = answer.header("content-security-policy").unwrap();
        assert!(policy.starts_with("default-src 'none'"), "{path}: {policy}");
    }
    for path in [
        format!("/en/explore?q={long}"),
        format!("/en/{long}"),
        format!("/zh/explore?area={long}&period={long}"),
    ] {
        let answer = get(&uplift, &path).await;
        assert_eq!(answer.status, 414);
        assert!(answer.body.contains("<h1>"));
    }
    // In Chinese, with what to do.
    let answer = get(&uplift, "/zh/explore/no.such").await;
    assert!(
        answer.body.contains("没有这个页面") && answer.body.contains("lang=\"zh-Hans\""),
        "{}",
        answer.body
    );
    let answer = send(&uplift, "DELETE /en/explore", "").await;
    assert_eq!(answer.status, 405);
    // A form of another site hands nothing in, and one without a file says what is missing.
    let form = "--x\r\nContent-Disposition: form-data; name=\"dataset\"\r\n\r\nevent\r\n--x--\r\n";
    let kind = "Content-Type: multipart/form-data; boundary=x";
    let head = format!("POST /en/upload\n{kind}\nOrigin: http://elsewhere.example");
    assert_eq!(send(&uplift, &head, form).await.status, 403);
    let answer = send(&uplift, &format!("POST /en/upload\n{kind}"), form).await;
    assert_eq!(answer.status, 400);
    // Each field at fault is told of, and what was filled in is still there.
    for told in ["area-fault", "period-fault", "sender-fault", "file-fault", "value=\"event\" selected"] {
        assert!(answer.body.contains(told), "{told}: {}", answer.body);
    }
    assert!(!answer.body.contains("dataset-fault"), "{}", answer.body);
    for (head, body) in [
        (format!("POST /en/upload\n{kind}"), "--x\r\nbroken"),
        ("POST /en/upload\nContent-Type: text/plain".to_owned(), "broken"),
        ("POST /en/uploads/none".to_owned(), "x"),
        ("POST /en/editions/no/1/verification".to_owned(), "x"),
    ] {
        let answer = send(&uplift, &head, body).await;
        assert!((400..500).contains(&answer.status), "{head}: {}", answer.status);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_browser_keeps_what_never_changes_and_asks_for_the_rest() {
    let uplift = Uplift::with_article().await;
    let page = get(&uplift, "/en/contradictions").await;
    assert_eq!((page.status, page.header("cache-control")), (200, Some("no-cache")));
    let tag = page.header("etag").unwrap();
    let again = send(&uplift, &format!("GET /en/contradictions\nIf-None-Match: {tag}"), "").await;
    assert_eq!((again.status, again.body.as_str()), (304, ""));
    // Another record is another page.
    let rows =
        "statement_id,document_id,area_code,period,section,locator,subject,title_en,title_zh,printed,unit
late,chongqing-2011,50,2011,overview,x,fund.social,Late,迟报,5,CNY\n";
    crate::figures::hand_in(&uplift, "statement", "2011", rows).await;
    let other = get(&uplift, "/en/submissions").await;
    assert!(other.body.contains("statement"), "{}", other.body);
    let style = page.body.split_once("href=\"/style-").unwrap().1.split_once('"').unwrap().0;
    let style = get(&uplift, &format!("/style-{style}")).await;
    assert_eq!(style.status, 200);
    assert!(style.header("cache-control").unwrap().contains("immutable"));
    assert!(style.body.len() < 12_000);
    let begin = send(&uplift, "GET /\nAccept-Language: zh-CN,zh;q=0.9,en;q=0.8", "").await;
    assert_eq!((begin.status, begin.header("location")), (303, Some("/zh/")));
    let form = get(&uplift, "/en/upload").await;
    assert_eq!(form.header("cache-control"), Some("no-store"));
}
