//! Reports as PDF: every figure read back from the pages, the standards kept, the same bytes again.

use std::path::{Path, PathBuf};
use std::process::Command;

use rust_decimal::Decimal;
use uplift_core::format::grouped;
use uplift_core::language::Language;
use uplift_core::unit::unit_name;
use uplift_proto::v1::metrics::{IndicatorQuery, QueryIndicatorsRequest};
use uplift_proto::v1::reporting::{GenerateReportRequest, Report, ReportFormat};
use uplift_testkit::Uplift;

use crate::report::{annual, file, tools, with_programme, write};

/// Figures of a report by the metrics service, at the versions of the report: by trace, the exact value.
async fn value_by_trace(uplift: &Uplift, report: &Report, figure: &serde_json::Value) -> String {
    let query = IndicatorQuery {
        indicators: vec![format!("{}@{}", figure["indicator"].as_str().unwrap(), figure["version"])],
        area_code: figure["area_code"].as_str().unwrap().to_owned(),
        dimensions: figure["dimensions"].as_object().unwrap().keys().cloned().collect(),
        periods: vec![figure["period"].as_str().unwrap().to_owned()],
        table_versions: report.table_versions.clone(),
        ..Default::default()
    };
    let request = QueryIndicatorsRequest { query: Some(query), ..Default::default() };
    let answer = uplift.metrics().await.query_indicators(request).await.unwrap().into_inner();
    let trace = figure["evidence"]["trace"].as_str().unwrap();
    answer.figures.into_iter().find(|f| f.trace == trace).expect("a figure of this trace").exact_value
}

/// The words of the pages in reading order, without spaces and without what stands at the foot of each page.
fn words(path: &Path) -> String {
    let out = Command::new("pdftotext")
        .args(["-raw", "-x", "0", "-y", "0", "-W", "595", "-H", "785"])
        .arg(path)
        .arg("-")
        .output()
        .expect("pdftotext of poppler-utils, which .ci/setup installs");
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    String::from_utf8(out.stdout).unwrap().chars().filter(|c| !c.is_whitespace()).collect()
}

fn without_spaces(text: &str) -> String {
    text.chars().filter(|c| !c.is_whitespace()).collect()
}

/// What the evidence of a figure begins with: of what it is, and its value with all digits.
fn evidence_line(figure: &serde_json::Value, value: &str, language: Language) -> String {
    let text = |pair: &serde_json::Value| pair[language.choose("en", "zh")].as_str().unwrap().to_owned();
    let mut of = vec![text(&figure["area"]), figure["period"].as_str().unwrap().to_owned()];
    of.extend(figure["dimensions"].as_object().unwrap().values().map(text));
    let of: Vec<_> = of.into_iter().filter(|part| !part.is_empty()).collect();
    let amount = match value.parse::<Decimal>() {
        Ok(value) => grouped(value) + unit_name(figure["unit"].as_str().unwrap(), language),
        Err(_) => "[x]".to_owned(),
    };
    without_spaces(&format!("{}:{amount}", of.join("·")))
}

/// Pages must keep PDF/UA-1 and PDF/A-2a.
fn assert_standards(paths: &[PathBuf]) {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tools/check_pdf.py");
    let out = Command::new(tools().join("bin/python3")).arg(script).args(paths).output().unwrap();
    let text = [out.stdout, out.stderr].concat();
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&text));
}

#[tokio::test]
async fn pages_show_every_figure_that_the_metrics_service_answers_and_keep_the_standards() {
    let uplift = with_programme(300).await;
    let formats = vec![ReportFormat::Pdf.into(), ReportFormat::Json.into()];
    let request = GenerateReportRequest { formats, ..annual() };
    let report = write(&uplift, request.clone()).await.unwrap();
    let names: Vec<_> = report.files.iter().map(|f| f.name.as_str()).collect();
    assert_eq!(names, ["annual-50-2011.json", "annual-50-2011-en.pdf", "annual-50-2011-zh.pdf"]);
    let json = file(&uplift, &report, names[0]).await;
    let json: serde_json::Value = serde_json::from_slice(&json).unwrap();
    let mut figures = Vec::new();
    for figure in json["figures"].as_array().unwrap() {
        figures.push((figure, value_by_trace(&uplift, &report, figure).await));
    }
    assert!(figures.len() > 100, "{} figures", figures.len());

    let folder = tempfile::tempdir().unwrap();
    for (name, language) in [(names[1], Language::En), (names[2], Language::Zh)] {
        let path = folder.path().join(name);
        std::fs::write(&path, file(&uplift, &report, name).await).unwrap();
        let words = words(&path);
        for (en, zh) in [
            ("1.336 billion yuan", "13.36亿元"),
            ("Simulated data", "模拟数据"),
            ("recomputed: equal", "重新计算：一致"),
            ("Annex: contradictions", "附录：公布数据中的矛盾"),
        ] {
            let expected = language.choose(en, zh);
            assert!(words.contains(&without_spaces(expected)), "{name} lacks {expected}");
        }
        let mut rest = words.as_str();
        for (figure, value) in &figures {
            let line = evidence_line(figure, value, language);
            let found = rest.find(&line);
            let found = found.unwrap_or_else(|| panic!("{name} has no {line} after the figures before it"));
            rest = &rest[found + line.len()..];
        }
    }
    let paths: Vec<_> = names[1..].iter().map(|name| folder.path().join(name)).collect();
    assert_standards(&paths);

    // The same records on the same machine give the same bytes, whenever it is written.
    let again = write(&uplift, request).await.unwrap();
    let digests = |report: &Report| report.files.iter().map(|f| f.sha256.clone()).collect::<Vec<_>>();
    assert_eq!(digests(&report), digests(&again));
}

#[tokio::test]
async fn every_shipped_template_gives_pages_that_keep_the_standards() {
    let uplift = with_programme(300).await;
    let folder = tempfile::tempdir().unwrap();
    let mut paths = Vec::new();
    for (template, area_code) in [("scorecard", "50"), ("county", "500101"), ("reconciliation", "")] {
        let request = GenerateReportRequest {
            template: template.into(),
            area_code: area_code.into(),
            period: "2011".into(),
            formats: vec![ReportFormat::Pdf.into()],
            ..Default::default()
        };
        let report = write(&uplift, request).await.unwrap();
        assert_eq!(report.files.len(), 2, "{template}: {:?}", report.files);
        for named in &report.files {
            let path = folder.path().join(&named.name);
            std::fs::write(&path, file(&uplift, &report, &named.name).await).unwrap();
            paths.push(path);
        }
    }
    assert_standards(&paths);
}
