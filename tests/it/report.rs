//! Reports by templates: their figures read back from every format, their marks, and what is wrong with a template.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use tonic::{Code, Status};
use uplift_proto::service::Service;
use uplift_proto::v1::metrics::{IndicatorQuery, QueryIndicatorsRequest, SubscribeIndicatorsRequest};
use uplift_proto::v1::records::AreaLevel;
use uplift_proto::v1::reporting::{
    DownloadReportRequest, GenerateReportRequest, ListTemplatesRequest, Report, ReportFormat,
    download_report_response::Part, generate_report_response::Event,
};
use uplift_testkit::{Uplift, simulate};

use crate::figures::{hand_in, hand_in_of, with_areas};

/// Services with the article and a simulated programme.
pub(crate) async fn with_programme(households: usize) -> Uplift {
    let uplift = Uplift::with_article().await;
    simulate(&format!("http://{}", uplift.address(Service::Ingest)), households).await;
    uplift
}

pub(crate) async fn write(uplift: &Uplift, request: GenerateReportRequest) -> Result<Report, Status> {
    let mut events = uplift.reporting().await.generate_report(request).await?.into_inner();
    let (mut report, mut done) = (None, -1);
    while let Some(message) = events.message().await? {
        match message.event.unwrap() {
            Event::Progress(step) => {
                assert!(step.done > done && step.done < step.total, "{step:?} after {done}");
                done = step.done;
            }
            Event::Report(written) => report = Some(written),
        }
    }
    Ok(report.expect("a report"))
}

pub(crate) async fn file(uplift: &Uplift, report: &Report, name: &str) -> Vec<u8> {
    let request = DownloadReportRequest { report_id: report.report_id.clone(), file: name.to_owned() };
    let mut parts = uplift.reporting().await.download_report(request).await.unwrap().into_inner();
    let mut content = Vec::new();
    while let Some(message) = parts.message().await.unwrap() {
        if let Part::Chunk(chunk) = message.part.unwrap() {
            content.extend_from_slice(&chunk);
        }
    }
    content
}

pub(crate) fn annual() -> GenerateReportRequest {
    GenerateReportRequest {
        template: "annual".into(),
        area_code: "50".into(),
        period: "2011".into(),
        ..Default::default()
    }
}

/// A figure as a file shows it: indicator, area, dimensions; its value as text.
type Shown = BTreeMap<(String, String, String), String>;

/// The same of the metrics service, at the versions of the report.
async fn asked(uplift: &Uplift, report: &Report, figures: &[serde_json::Value]) -> Shown {
    let mut shown = Shown::new();
    let mut wanted: BTreeMap<(String, Vec<String>), Vec<String>> = BTreeMap::new();
    for figure in figures {
        let dimensions = figure["dimensions"].as_object().unwrap().keys().cloned().collect();
        let key = (figure["area_code"].as_str().unwrap().to_owned(), dimensions);
        let name = format!("{}@{}", figure["indicator"].as_str().unwrap(), figure["version"]);
        wanted.entry(key).or_default().push(name);
    }
    for ((area_code, dimensions), mut indicators) in wanted {
        indicators.sort();
        indicators.dedup();
        let query = IndicatorQuery {
            indicators,
            area_code,
            dimensions,
            periods: vec!["2011".into()],
            table_versions: report.table_versions.clone(),
            ..Default::default()
        };
        let request = QueryIndicatorsRequest { query: Some(query), ..Default::default() };
        let answer = uplift.metrics().await.query_indicators(request).await.unwrap().into_inner();
        for figure in answer.figures {
            shown.insert((figure.trace.clone(), String::new(), String::new()), figure.exact_value);
        }
    }
    shown
}

#[tokio::test]
async fn every_format_shows_the_figures_that_the_metrics_service_answers() {
    let uplift = with_programme(300).await;
    let report = write(&uplift, annual()).await.unwrap();
    assert!(report.simulated && report.figures > 250, "{report:?}");
    let named = |ending: &str| report.files.iter().find(|f| f.name.ends_with(ending)).unwrap().name.clone();

    let json = file(&uplift, &report, &named(".json")).await;
    let json: serde_json::Value = serde_json::from_slice(&json).unwrap();
    let figures = json["figures"].as_array().unwrap();
    let expected = asked(&uplift, &report, figures).await;
    let value_of = |trace: &serde_json::Value| {
        expected.get(&(trace.as_str().unwrap().to_owned(), String::new(), String::new()))
    };
    let mut values = BTreeMap::new();
    for figure in figures {
        let trace = &figure["evidence"]["trace"];
        let value = value_of(trace).unwrap_or_else(|| panic!("no figure of this trace: {figure}"));
        let shown = figure["value"].as_str().unwrap_or_default();
        assert_eq!(shown, value, "{figure}");
        assert!(figure["evidence"]["equal"].as_bool().unwrap() || shown.is_empty(), "{figure}");
        values.insert(figure["id"].as_str().unwrap().to_owned(), shown.to_owned());
    }

    // Every figure of the page has the value of the figure that it links to, or another form of it.
    let page = String::from_utf8(file(&uplift, &report, "").await).unwrap();
    let mut read = 0;
    for piece in page.split(r##"<a class="figure" href="#"##).skip(1) {
        let (id, rest) = piece.split_once('"').unwrap();
        let value = rest.split_once(r#"<data value=""#).unwrap().1.split_once('"').unwrap().0;
        assert!(page.contains(&format!(r#"id="{id}""#)), "{id} has no evidence");
        read += usize::from(values[id] == value);
    }
    assert!(read >= values.len(), "{read} of {} values are on the page", values.len());
    for expected in ["1.336 billion yuan", "13.36亿元", "recomputed: equal", "<svg", "ⓢ", "Simulated data"]
    {
        assert!(page.contains(expected), "the page lacks {expected}");
    }
    assert!(!page.contains("<script") && !page.contains("CNY"), "no script, and units in words");

    assert_valid_html(&page);
    let document = GenerateReportRequest { document_id: "chongqing-2011".into(), ..Default::default() };
    let document = write(&uplift, document).await.unwrap();
    assert_valid_html(&String::from_utf8(file(&uplift, &document, "").await).unwrap());
    for name in document.files.iter().filter(|file| file.name.ends_with(".xlsx")) {
        let breaches = uplift_formats::workbook_breaches(file(&uplift, &document, &name.name).await).unwrap();
        assert_eq!(breaches, [], "{}", name.name);
    }
    for name in ["-en.xlsx", "-zh.xlsx"] {
        let breaches = uplift_formats::workbook_breaches(file(&uplift, &report, &named(name)).await).unwrap();
        assert_eq!(breaches, [], "{name}");
    }
    let rows = workbook_sources(&file(&uplift, &report, &named("-en.xlsx")).await);
    assert_eq!(rows.len(), values.len());
    for (id, value) in rows {
        let shown: f64 = values[&id].parse().unwrap_or(f64::NAN);
        // A spreadsheet keeps fifteen digits.
        let near = (shown - value).abs() <= shown.abs() * 1e-15;
        assert!(near || (shown.is_nan() && value.is_nan()), "{id}: {value} in the workbook, {shown}");
    }
}

/// The folder of the clients that .ci/setup installs.
pub(crate) fn tools() -> PathBuf {
    std::env::var("UPLIFT_TEST_TOOLS").expect("UPLIFT_TEST_TOOLS is set by .ci/setup").into()
}

/// A page must pass the checker of the standard, warnings included.
pub(crate) fn assert_valid_html(page: &str) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("page.html");
    std::fs::write(&path, page).unwrap();
    let jar = tools().join("node_modules/vnu-jar/build/dist/vnu.jar");
    let out = Command::new("java").arg("-jar").arg(jar).arg("--Werror").arg(&path).output().unwrap();
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
}

/// Figures of the sheet of sources, read by a spreadsheet library: id and value.
fn workbook_sources(content: &[u8]) -> Vec<(String, f64)> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("report.xlsx");
    std::fs::write(&path, content).unwrap();
    let script = "import sys, json, openpyxl\n\
        sheets = openpyxl.load_workbook(sys.argv[1])\n\
        for sheet in sheets:\n\
        \x20   assert sheet.tables and not sheet.merged_cells.ranges, sheet.title\n\
        \x20   for row in sheet.iter_rows():\n\
        \x20       for cell in row: assert cell.value not in (None, ''), (sheet.title, cell.coordinate)\n\
        rows = list(sheets['Sources'].iter_rows(min_row=2, values_only=True))\n\
        print(json.dumps([[row[0], row[5]] for row in rows]))\n";
    let python = tools().join("bin/python3");
    let out = Command::new(python).args(["-c", script]).arg(&path).output().unwrap();
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    let rows: Vec<(String, serde_json::Value)> = serde_json::from_slice(&out.stdout).unwrap();
    rows.into_iter().map(|(id, value)| (id, value.as_f64().unwrap_or(f64::NAN))).collect()
}

#[tokio::test]
async fn a_report_is_of_the_area_period_languages_and_formats_that_are_asked_for() {
    let uplift = with_programme(300).await;
    let request = GenerateReportRequest {
        template: "county".into(),
        area_code: "500101".into(),
        period: "2011".into(),
        languages: vec!["zh".into()],
        formats: vec![ReportFormat::Html.into()],
        ..Default::default()
    };
    let report = write(&uplift, request.clone()).await.unwrap();
    let names: Vec<_> = report.files.iter().map(|f| f.name.as_str()).collect();
    assert_eq!(names, ["county-500101-2011.html"]);
    let page = String::from_utf8(file(&uplift, &report, "").await).unwrap();
    assert!(page.contains("万州区2011年扶贫概况") && !page.contains("profile for"), "{page}");

    // A part of a year has what is known by date; what is yearly is named.
    let quarter =
        GenerateReportRequest { period: "2011-Q3".into(), languages: Vec::new(), ..request.clone() };
    let quarter = write(&uplift, quarter).await.unwrap();
    let page = String::from_utf8(file(&uplift, &quarter, "").await).unwrap();
    assert!(
        page.contains("profile for the third quarter of 2011") && page.contains("2011年第三季度扶贫概况")
    );
    assert!(page.contains("Not available: "), "{page}");
    // A county has no counties: tables and charts of them are left out.
    let county =
        GenerateReportRequest { template: "annual".into(), languages: Vec::new(), ..request.clone() };
    write(&uplift, county).await.unwrap();
    let template = GenerateReportRequest {
        template: "scorecard".into(),
        area_code: "50".into(),
        languages: Vec::new(),
        ..request.clone()
    };
    let scorecard = write(&uplift, template).await.unwrap();
    assert_valid_html(&String::from_utf8(file(&uplift, &scorecard, "").await).unwrap());

    // What nobody reports is named once, and is no row of dashes. Where there is nothing at all, that is an error.
    let request = GenerateReportRequest { area_code: "500103".into(), ..request };
    let status = write(&uplift, request.clone()).await.unwrap_err();
    assert!(status.code() == Code::NotFound && status.message().contains("500103"), "{status:?}");
    let flow = "flow_id,kind,source,programme_id,area_code,date,amount\n\
                f1,disbursement,fiscal_national,village,500103,2011-05-01,1000\n";
    hand_in_of("500103", &uplift, "fund_flow", "2011", flow).await;
    let report_of_one = write(&uplift, request.clone()).await.unwrap();
    let page = String::from_utf8(file(&uplift, &report_of_one, "").await).unwrap();
    assert!(page.contains("以下指标无记录") && page.contains(">1,000元<"), "{page}");
    // It is real, and its mark is not that of the simulated ones.
    assert!(!report_of_one.simulated && !page.contains("ⓢ"), "{page}");

    let wrong = |change: fn(&mut GenerateReportRequest)| {
        let mut request = request.clone();
        change(&mut request);
        request
    };
    for (request, code, part) in [
        (wrong(|r| r.template = "anual".into()), Code::InvalidArgument, "did you mean annual"),
        (wrong(|r| r.template = "../annual".into()), Code::InvalidArgument, "not a name of a template"),
        (wrong(|r| r.area_code = "50x".into()), Code::InvalidArgument, "area_code"),
        (wrong(|r| r.period = String::new()), Code::InvalidArgument, "period"),
        (wrong(|r| r.period = "2011-13".into()), Code::InvalidArgument, "period"),
        (wrong(|r| r.languages = vec!["fr".into()]), Code::InvalidArgument, "languages[0]"),
        (wrong(|r| r.formats = vec![99]), Code::InvalidArgument, "formats[0]"),
        (wrong(|r| r.period = "1950".into()), Code::NotFound, "no records"),
        (wrong(|r| r.table_versions = [("fund_flow".to_owned(), 9999)].into()), Code::NotFound, "version"),
    ] {
        let status = write(&uplift, request.clone()).await.unwrap_err();
        assert_eq!(status.code(), code, "{request:?}: {status:?}");
        assert!(status.message().contains(part), "{request:?}: {}", status.message());
    }
    let missing = DownloadReportRequest { report_id: report.report_id, file: "../record.bin".into() };
    let status = uplift.reporting().await.download_report(missing).await.unwrap_err();
    assert_eq!(status.code(), Code::NotFound);
    assert!(status.message().contains("county-500101-2011.html"), "{}", status.message());
}

/// A template of an office: structure and both texts.
pub(crate) fn save_template(folder: &Path, structure: &str, en: &str, zh: &str) {
    std::fs::create_dir_all(folder).unwrap();
    for (name, content) in [("report.toml", structure), ("en.ftl", en), ("zh.ftl", zh)] {
        std::fs::write(folder.join(name), content).unwrap();
    }
}

const STRUCTURE: &str = r#"[figures]
fiscal = "fund.fiscal"

[[section]]
id = "money"
content = ["money-text"]
"#;
const EN: &str = "title = Money\nmoney = Money\nmoney-text = { $fiscal } came.\n";
const ZH: &str = "title = 资金\nmoney = 资金\nmoney-text = 到位{ $fiscal }。\n";

#[tokio::test]
async fn an_office_adds_a_template_and_every_error_has_its_file_and_line() {
    let uplift = with_programme(300).await;
    let folder = uplift.folder().join("templates/ours");
    save_template(&folder, STRUCTURE, EN, ZH);
    let request = GenerateReportRequest { template: "ours".into(), ..annual() };
    let report = write(&uplift, request.clone()).await.unwrap();
    let page = String::from_utf8(file(&uplift, &report, "").await).unwrap();
    assert!(page.contains(">1.336 billion yuan<") && page.contains(">13.36亿元<"));

    // Some editors begin a file with a mark of its encoding, and end lines as Windows does.
    let marked = |text: &str| format!("\u{feff}{}", text.replace('\n', "\r\n"));
    save_template(&folder, &marked(STRUCTURE), &marked(EN), &marked(ZH));
    write(&uplift, request.clone()).await.unwrap();

    for (structure, en, expected) in [
        (
            STRUCTURE.replace("fund.fiscal", "fund.fiscl"),
            EN.to_owned(),
            "ours/report.toml, line 2: \"fund.fiscl\"",
        ),
        (
            STRUCTURE.replace("fund.fiscal", "fund.fiscal[colour=red]"),
            EN.to_owned(),
            "ours/report.toml, line 2: \"colour\"",
        ),
        (
            STRUCTURE.replace("fund.fiscal", "fund.fiscal[source=gold]"),
            EN.to_owned(),
            "ours/report.toml, line 2: \"gold\" is not a code",
        ),
        (
            STRUCTURE.replace("fund.fiscal", "fund.fiscal@99"),
            EN.to_owned(),
            "ours/report.toml, line 2: fund.fiscal has no definition",
        ),
        (
            STRUCTURE.replace("fiscal =", "year ="),
            EN.to_owned(),
            "ours/report.toml, line 2: \"year\" has a meaning",
        ),
        (
            STRUCTURE.replace("[\"money-text\"]", "[\"money-text\", \"money-text\"]"),
            EN.to_owned(),
            "ours/report.toml, line 6: \"money-text\" is there twice",
        ),
        (
            STRUCTURE
                .replace("[[section]]", "[tables.Notes]\nfigures = [\"fiscal\"]\n[[section]]")
                .replace("\"money-text\"", "\"Notes\""),
            EN.replace("money-text", "Notes"),
            "ours/report.toml, line 8: \"Notes\" is there twice, or is a name that a workbook needs",
        ),
        (STRUCTURE.replace("id =", "name ="), EN.to_owned(), "ours/report.toml, line 5"),
        (
            STRUCTURE.replace("\"money-text\"", "\"mony\""),
            EN.to_owned(),
            "ours/report.toml, line 6: \"mony\"",
        ),
        (STRUCTURE.to_owned(), EN.replace("$fiscal", "$fiscl"), "ours/en.ftl, line 3: $fiscl"),
        (STRUCTURE.to_owned(), EN.replace("{ $fiscal }", "{ CHANG($fiscal) }"), "ours/en.ftl, line 3: CHANG"),
        (STRUCTURE.to_owned(), EN.replace("{ $fiscal }", "{ $fiscal"), "ours/en.ftl, line"),
        (
            STRUCTURE.to_owned(),
            EN.replace("title = Money\n", ""),
            "ours/en.ftl, line 1: text \"title\" is missing",
        ),
        (STRUCTURE.to_owned(), format!("{EN}extra = x\n"), "ours/en.ftl, line 4: text \"extra\""),
        (
            STRUCTURE.to_owned(),
            EN.replace("{ $fiscal }", "{ DIRECTION($fiscal) ->\n    [above] more\n   *[other] less\n }"),
            "ours/en.ftl, line 4: [above]",
        ),
    ] {
        save_template(&folder, &structure, &en, ZH);
        let status = write(&uplift, request.clone()).await.unwrap_err();
        assert_eq!(status.code(), Code::InvalidArgument, "{expected}: {status:?}");
        assert!(status.message().contains(expected), "{expected:?} is not in {:?}", status.message());
        let listed =
            uplift.reporting().await.list_templates(ListTemplatesRequest {}).await.unwrap().into_inner();
        let ours = listed.templates.iter().find(|t| t.template_id == "ours").unwrap();
        assert!(ours.problems.iter().any(|p| p.contains(expected)), "{:?}", ours.problems);
    }
    let listed = uplift.reporting().await.list_templates(ListTemplatesRequest {}).await.unwrap().into_inner();
    for template in listed.templates.iter().filter(|t| t.template_id != "ours") {
        assert_eq!(template.problems, Vec::<String>::new(), "{}", template.template_id);
    }
}

/// The figures of an indicator by county and for the whole that are under query: codes of their areas.
async fn under_query(uplift: &Uplift, indicator: &str) -> Vec<String> {
    let query = IndicatorQuery {
        indicators: vec![indicator.to_owned()],
        area_code: "50".into(),
        by_level: AreaLevel::County.into(),
        periods: vec!["2011".into()],
        mark_under_query: true,
        ..Default::default()
    };
    let request = QueryIndicatorsRequest { query: Some(query), ..Default::default() };
    let figures = uplift.metrics().await.query_indicators(request).await.unwrap().into_inner().figures;
    figures.into_iter().filter(|f| f.under_query).map(|f| f.area_code).collect()
}

#[tokio::test]
async fn an_open_finding_puts_under_query_what_counts_its_project_programme_or_village() {
    let uplift = with_areas().await;
    hand_in(&uplift, "programme", "2011", "programme_id,year,measure,name_zh\nvillage,2011,village.lifted,整村推进\ntraining,2011,training.people,培训\n")
        .await;
    let projects = "project_id,programme_id,area_code,year,status,name\n\
        p1,village,500101,2011,under_way,甲\n\
        p2,village,500102,2011,under_way,乙\n\
        p3,village,500102101001,2011,under_way,丙\n";
    hand_in(&uplift, "project", "2011", projects).await;
    let flows = "flow_id,kind,source,programme_id,project_id,area_code,date,amount（元）\n\
        f1,disbursement,fiscal_national,village,p1,500101,2011-05-01,1000\n\
        f2,disbursement,fiscal_national,village,p2,500102,2011-05-01,1000\n\
        f3,disbursement,fiscal_national,training,,500103,2011-05-01,1000\n\
        f4,disbursement,credit,training,,500103,2011-05-01,1000\n";
    hand_in(&uplift, "fund_flow", "2011", flows).await;
    let inspection = |rows: &str| {
        format!("inspection_id,date,kind,area_code,programme_id,project_id,result,findings,rectified\n{rows}")
    };
    // Who subscribes is told when an inspection puts a figure under query.
    let query = IndicatorQuery {
        indicators: vec!["fund.fiscal".into()],
        area_code: "500101".into(),
        periods: vec!["2011".into()],
        mark_under_query: true,
        ..Default::default()
    };
    let request = SubscribeIndicatorsRequest { query: Some(query) };
    let mut changes = uplift.metrics().await.subscribe_indicators(request).await.unwrap().into_inner();
    let first = changes.message().await.unwrap().unwrap();
    assert!(!first.figures[0].under_query);

    // Resolved findings and passed inspections say nothing.
    hand_in(&uplift, "inspection", "2011", &inspection("1,2011-06-01,follow_up,500101,,p1,passed,2,2\n"))
        .await;
    assert_eq!(under_query(&uplift, "fund.fiscal").await, Vec::<String>::new());

    // Of a project: the county that it is in, and the whole.
    hand_in(&uplift, "inspection", "2011", &inspection("2,2011-07-01,follow_up,500101,,p1,passed,2,1\n"))
        .await;
    assert_eq!(under_query(&uplift, "fund.fiscal").await, ["50", "500101"]);
    assert_eq!(under_query(&uplift, "fund.credit").await, Vec::<String>::new());
    let change = tokio::time::timeout(Duration::from_secs(20), changes.message()).await;
    let change = change.expect("the subscriber is told").unwrap().unwrap();
    assert!(change.figures[0].under_query, "{change:?}");
    assert_eq!(under_query(&uplift, "village.begun").await, ["50", "500101"]);

    // Of a programme's funds in a county, of whatever source.
    hand_in(&uplift, "inspection", "2011", &inspection("3,2011-07-01,special,500103,training,,open,,\n"))
        .await;
    assert_eq!(under_query(&uplift, "fund.fiscal").await, ["50", "500101", "500103"]);
    assert_eq!(under_query(&uplift, "fund.credit").await, ["50", "500103"]);

    // Of a village.
    hand_in(&uplift, "inspection", "2011", &inspection("4,2011-07-01,follow_up,500102101001,,,open,,\n"))
        .await;
    assert_eq!(under_query(&uplift, "village.begun").await, ["50", "500101", "500102"]);

    let request = GenerateReportRequest { template: "scorecard".into(), ..annual() };
    let report = write(&uplift, request).await.unwrap();
    let page = String::from_utf8(file(&uplift, &report, "").await).unwrap();
    assert!(
        page.contains("under query") && page.contains(r##"<a href="#mark-under_query">†</a>"##),
        "{page}"
    );
}
