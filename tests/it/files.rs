//! Files of every kind, layouts that others publish, and files that are made to do harm.

use std::io::{Cursor, Write};
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use arrow::array::{Date32Array, Float64Array, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field, Schema};
use prost::Message;
use rust_xlsxwriter::{ExcelDateTime, Format, Formula, Workbook};
use tonic::Code;
use uplift_proto::service::Service;
use uplift_proto::v1::ingest as wire;
use uplift_testkit::{Uplift, uplift_command};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use crate::cases::{send, told, values};

fn header(id: &str, dataset: &str) -> wire::UploadHeader {
    let submission = wire::SubmissionHeader {
        submission_id: id.to_owned(),
        dataset: dataset.to_owned(),
        area_code: "500101".to_owned(),
        period: "2011".to_owned(),
        policy: wire::Policy::AcceptGoodRows.into(),
        sender: "Tests".to_owned(),
        ..Default::default()
    };
    wire::UploadHeader { submission: Some(submission), ..Default::default() }
}

/// A county's sheet: a merged title, a line with the unit, dates that are dates, a sum, signatures, another sheet.
fn county_workbook() -> Vec<u8> {
    let mut workbook = Workbook::new();
    workbook.add_worksheet().set_name("说明").unwrap().write(0, 0, "本表由区县扶贫办填报").unwrap();
    let sheet = workbook.add_worksheet().set_name("拨付情况").unwrap();
    let centred = Format::new().set_align(rust_xlsxwriter::FormatAlign::Center);
    sheet.merge_range(0, 0, 0, 6, "2011年度财政扶贫资金拨付情况表", &centred).unwrap();
    sheet.merge_range(1, 0, 1, 3, "填报单位：万州区扶贫办", &Format::new()).unwrap();
    sheet.write(1, 5, "单位：万元").unwrap();
    for (column, heading) in
        ["序号", "流水编号", "日期", "类型", "资金来源", "金额", "地区代码"].into_iter().enumerate()
    {
        sheet.write(2, column as u16, heading).unwrap();
    }
    let day = Format::new().set_num_format("yyyy年m月d日");
    for (n, (id, date, amount)) in
        [("WZ-1", "2011-03-05", 12.5), ("WZ-2", "2011-12-31", 0.1 + 0.2), ("WZ-3", "2011-04-01", 1e-7)]
            .into_iter()
            .enumerate()
    {
        let row = n as u32 + 3;
        sheet.write(row, 0, n as f64 + 1.0).unwrap();
        sheet.write(row, 1, id).unwrap();
        sheet.write_with_format(row, 2, ExcelDateTime::parse_from_str(date).unwrap(), &day).unwrap();
        sheet.write(row, 3, "拨付").unwrap();
        sheet.write(row, 4, if n == 0 { "中央财政" } else { "地方财政" }).unwrap();
        sheet.write(row, 5, amount).unwrap();
        sheet.write(row, 6, 500_101).unwrap();
    }
    sheet.write(6, 0, "合计").unwrap();
    sheet.write_formula(6, 5, Formula::new("=SUM(F4:F6)").set_result("12.8000001")).unwrap();
    sheet.write(8, 0, "填表人：甲").unwrap();
    sheet.write(8, 4, "审核人：乙").unwrap();
    workbook.save_to_buffer().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_countys_workbook_goes_in_and_its_rejected_rows_come_back_as_one() {
    let uplift = Uplift::with_wanzhou().await;
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("county.xlsx"), county_workbook()).unwrap();
    let import = |file: &str| {
        let mut command = Command::new(uplift_command());
        let url = format!("http://{}", uplift.address(Service::Ingest));
        command.current_dir(folder.path()).args([
            "import",
            file,
            "--dataset",
            "fund_flow",
            "--area",
            "500101",
        ]);
        let output = command.args(["--period", "2011", "--ingest-url", &url]).output().unwrap();
        String::from_utf8([output.stdout, output.stderr].concat()).unwrap()
    };
    let said = import("county.xlsx");
    for part in [
        "3 rows, 2 accepted, 1 rejected",
        "read as XLSX, sheet 拨付情况, headings in row 3, \"金额\" in 万元",
        "not read: \"序号\"",
        "row 7 is a total",
        "row 9 is a note",
        "row 6, 金额: \"0.0000001\" is below the minimum of 0.000001 万元",
        "county.rejected.xlsx",
    ] {
        assert!(said.contains(part), "{part:?} is missing from {said}");
    }
    let store = uplift_store::Store::open(&uplift.folder().join("tables")).unwrap();
    let rows = store.get("fund_flow").await.unwrap().unwrap().snapshot().await.unwrap().rows().await.unwrap();
    let batches = rows.collect().await.unwrap();
    let mut amounts: Vec<String> = Vec::new();
    for batch in &batches {
        let (amount, date) = (batch.column_by_name("amount").unwrap(), batch.column_by_name("date").unwrap());
        let text = arrow::util::display::array_value_to_string;
        amounts.extend(
            (0..batch.num_rows()).map(|n| format!("{} {}", text(date, n).unwrap(), text(amount, n).unwrap())),
        );
    }
    amounts.sort();
    assert_eq!(amounts, ["2011-03-05 125000.00", "2011-12-31 3000.00"]);

    // As the office has it: a colour for the cell at fault, a reason in the last column. It reads as the first did.
    let script = "import openpyxl, sys\n\
        book = openpyxl.load_workbook(sys.argv[1])\nsheet = book.active\n\
        row = next(r for r in sheet.iter_rows() if r[1].value == 'WZ-3')\n\
        assert sheet['A1'].value.startswith('2011') and sheet['F2'].value == '单位：万元', 'what is above stays'\n\
        assert row[2].is_date and row[5].value == 1e-7, 'cells keep their kinds'\n\
        assert row[5].fill.fgColor.rgb.endswith('FFC7CE'), row[5].fill.fgColor.rgb\n\
        assert row[1].fill.fill_type is None and '0.000001' in row[7].value, row[7].value\n\
        row[5].value = 1\nbook.save(sys.argv[1])\n";
    let tools =
        std::env::var("UPLIFT_TEST_TOOLS").expect("UPLIFT_TEST_TOOLS names the folder of test clients");
    let mut python = Command::new(format!("{tools}/bin/python"));
    let output =
        python.args(["-c", script]).arg(folder.path().join("county.rejected.xlsx")).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let said = import("county.rejected.xlsx");
    assert!(said.contains("1 row, 1 accepted, 0 rejected"), "{said}");
}

/// What a cell shows is what its office means, whatever number the file holds behind it.
#[tokio::test(flavor = "multi_thread")]
async fn a_cell_of_a_workbook_is_what_it_shows() {
    let sheet = |heading: &str, cells: &[(f64, &str)]| {
        let mut workbook = Workbook::new();
        let sheet = workbook.add_worksheet();
        for (column, heading) in
            ["流水编号", "日期", "类型", "资金来源", heading, "地区代码"].into_iter().enumerate()
        {
            sheet.write(0, column as u16, heading).unwrap();
        }
        for (row, (number, format)) in (1..).zip(cells) {
            let shown = |format: &str| Format::new().set_num_format(format);
            sheet.write_number_with_format(row, 0, f64::from(row), &shown("\"WZ-\"0000")).unwrap();
            sheet.write_number_with_format(row, 1, 20_110_300 + row, &shown("0000-00-00")).unwrap();
            sheet.write(row, 2, "拨付").unwrap();
            sheet.write(row, 3, "中央财政").unwrap();
            sheet.write_number_with_format(row, 4, *number, &shown(format)).unwrap();
            sheet.write_number_with_format(row, 5, 500_101, &shown("000000\"000000\"")).unwrap();
        }
        workbook.save_to_buffer().unwrap()
    };
    let uplift = Uplift::with_wanzhou().await;
    let wan = [
        (12.5, "0.00"),
        (12.5, "0.00\"万元\""),
        (125_432.0, "0!.0,"),
        (125_432.0, "[>=10000]0!.0,\"万元\";0\"元\""),
        (12.5, "\"¥\"#,##0.00"),
        (12.5, "0.00\"元\""),
        (0.35, "0%"),
        (12.5, "[$$-409]#,##0.00"),
    ];
    let answer = send(&uplift, header("shown", "fund_flow"), sheet("金额（万元）", &wan)).await.unwrap();
    let submission = answer.submission.unwrap();
    let counts = (submission.rows_accepted, submission.rows_rejected);
    assert_eq!(counts, (5, 3), "{:?}", answer.rejections);
    let lines: Vec<_> = answer.rejections.iter().map(|r| r.row).collect();
    assert_eq!(lines, [7, 8, 9]);
    assert!(answer.rejections[0].message.contains("12.5元"), "{}", answer.rejections[0].message);
    // What is shown in another unit than the heading says is not guessed at.
    let yuan = [(12.5, "0.00"), (12.5, "0.00\"万元\""), (125_432.0, "0!.0,")];
    let mut again = header("yuan", "fund_flow");
    again.submission.as_mut().unwrap().mode = wire::Mode::Replace.into();
    let answer = send(&uplift, again, sheet("金额（元）", &yuan)).await.unwrap();
    let lines: Vec<_> = answer.rejections.iter().map(|r| r.row).collect();
    assert_eq!(lines, [3, 4], "{:?}", answer.rejections);
}

/// Records of fund flows as a record batch.
fn batch() -> RecordBatch {
    let text = |name, values: [&str; 2]| {
        (Field::new(name, DataType::Utf8, true), StringArray::from(values.to_vec()))
    };
    let (ids, id) = text("flow_id", ["P-1", "P-2"]);
    let (kinds, kind) = text("kind", ["disbursement", "disbursed"]);
    let (sources, source) = text("source", ["social", "social"]);
    let (areas, area) = text("area_code", ["500101", "500101"]);
    let fields = vec![
        ids,
        Field::new("date", DataType::Date32, true),
        kinds,
        sources,
        Field::new("金额（万元）", DataType::Float64, true),
        areas,
    ];
    let dates = Date32Array::from(vec![15_038, 15_039]);
    let amounts = Float64Array::from(vec![0.1 + 0.2, 1.0]);
    let columns: Vec<arrow::array::ArrayRef> = vec![
        Arc::new(id),
        Arc::new(dates),
        Arc::new(kind),
        Arc::new(source),
        Arc::new(amounts),
        Arc::new(area),
    ];
    RecordBatch::try_new(Arc::new(Schema::new(fields)), columns).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_is_what_its_content_says() {
    let uplift = Uplift::with_wanzhou().await;
    let batch = batch();
    let mut parquet = Vec::new();
    let mut writer = parquet::arrow::ArrowWriter::try_new(&mut parquet, batch.schema(), None).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
    let mut arrow_file = Vec::new();
    let mut writer = arrow::ipc::writer::FileWriter::try_new(&mut arrow_file, &batch.schema()).unwrap();
    writer.write(&batch).unwrap();
    writer.finish().unwrap();
    drop(writer);
    let mut arrow_stream = Vec::new();
    let mut writer = arrow::ipc::writer::StreamWriter::try_new(&mut arrow_stream, &batch.schema()).unwrap();
    writer.write(&batch).unwrap();
    writer.finish().unwrap();
    drop(writer);
    let mut lines = Vec::new();
    let mut writer = arrow::json::LineDelimitedWriter::new(&mut lines);
    writer.write(&batch).unwrap();
    writer.finish().unwrap();
    for (kind, bytes) in
        [("Parquet", parquet), ("Arrow", arrow_file), ("Arrow", arrow_stream.clone()), ("NDJSON", lines)]
    {
        let id = format!("{kind}/{}", bytes.len());
        // Each submission replaces the one before it, so that keys are free.
        let mut header = header(&id, "fund_flow");
        header.submission.as_mut().unwrap().mode = wire::Mode::Replace.into();
        let answer = send(&uplift, header, bytes).await.unwrap_or_else(|e| panic!("{kind}: {e:?}"));
        let reading = answer.reading.unwrap();
        assert_eq!((reading.kind.as_str(), reading.head_line), (kind, 0));
        assert_eq!(reading.units["金额（万元）"], "万元");
        let rejected: Vec<_> =
            answer.rejections.iter().map(|r| (r.row, r.field.as_str(), r.value.as_str())).collect();
        assert_eq!(rejected, [(2, "kind", "disbursed")], "{kind}");
        assert_eq!(values(&uplift, "fund_flow", &id, "amount").await, ["3000.00"], "{kind}");
    }
    for (name, bytes, part) in [
        ("cut", arrow_stream[..arrow_stream.len() / 3].to_vec(), "not readable Arrow"),
        ("claims", include_bytes!("../cases/claims.arrow").to_vec(), "not readable Arrow"),
        ("gzip", vec![0x1f, 0x8b, 8, 0], "unpack it"),
        ("html", b"<html><table>".to_vec(), "save it as .xlsx"),
        ("list", b"[{\"flow_id\":\"a\"}]".to_vec(), "one object a line"),
        ("blank", b" \n\n".to_vec(), "is empty"),
        ("head", b"flow_id,date,kind,source,amount,area_code\n".to_vec(), "no rows below"),
        ("zip", b"PK\x03\x04".to_vec(), "not a readable workbook"),
    ] {
        let refused = send(&uplift, header(name, "fund_flow"), bytes).await.unwrap_err();
        assert!(
            refused.code() == Code::InvalidArgument && refused.message().contains(part),
            "{name}: {refused:?}"
        );
    }
}

/// As KoboToolbox and ODK export: semicolons, groups before the names, columns of their own.
const KOBO: &str = "\"start\";\"end\";\"deviceid\";\"hh/household_id\";\"hh/year\";\"hh/area_code\";\"hh/size\";\"econ/income\";\"econ/status\";\"_id\";\"_uuid\";\"_submission_time\";\"_index\"\n\
    \"2011-06-01T08:00:00.000+08:00\";\"2011-06-01T08:20:00.000+08:00\";\"ee.kobotoolbox.org:x\";\"kb-1\";\"2011\";\"500101\";\"4\";\"8000.5\";\"not poor\";\"101\";\"u-1\";\"2011-06-01T00:21:00\";\"1\"\n\
    \"2011-06-01T09:00:00.000+08:00\";\"2011-06-01T09:20:00.000+08:00\";\"ee.kobotoolbox.org:x\";\"kb-2\";\"2011\";\"500101\";\"3\";\"\";\"registered\";\"102\";\"u-2\";\"2011-06-01T01:21:00\";\"2\"\n";

/// As the World Bank publishes: four lines before the head, a comma at the end of every line.
const WDI: &str = "\u{feff}\"Data Source\",\"World Development Indicators\",\n\n\"Last Updated Date\",\"2012-07-09\",\n\n\
    \"Country Name\",\"Country Code\",\"Indicator Name\",\"Indicator Code\",\"2010\",\"2011\",\n\
    \"Aruba\",\"ABW\",\"GNI per capita\",\"NY.GNP.PCAP.CD\",\"\",\"21260\",\n\
    \"China\",\"CHN\",\"GNI per capita\",\"NY.GNP.PCAP.CD\",\"4340\",\"5060\",\n\
    \"Korea, Rep.\",\"KOR\",\"GNI per capita\",\"NY.GNP.PCAP.CD\",\"21260\",\"22620\",\n";

#[tokio::test(flavor = "multi_thread")]
async fn layouts_that_others_publish_go_in() {
    let uplift = Uplift::with_wanzhou().await;
    let answer = send(&uplift, header("kobo", "household"), KOBO.into()).await.unwrap();
    assert_eq!(answer.rejections, []);
    assert_eq!(values(&uplift, "household", "kobo", "income").await, ["8000.50", ""]);
    let reading = answer.reading.unwrap();
    assert!(told(&reading).starts_with("semicolon UTF-8"), "{reading:?}");
    assert_eq!(
        reading.ignored_columns,
        ["start", "end", "deviceid", "_id", "_uuid", "_submission_time", "_index"]
    );
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("API_NY.GNP.PCAP.CD_DS2_en_csv_v2.csv");
    std::fs::write(&file, WDI).unwrap();
    let mut command = Command::new(uplift_command());
    command.arg("measure").arg(&file).args(["--income", "2010", "--by", "Country Code", "--line", "5000"]);
    let output = command.output().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success() && said.contains("2 rows represent 2; 1 left out"), "{said}");
}

/// An archive of parts.
fn archive(parts: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    let packed = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated);
    for (name, content) in parts {
        writer.start_file(*name, packed).unwrap();
        writer.write_all(content).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

/// The parts of a workbook around its one sheet.
fn workbook(sheet: &[u8], texts: &[u8]) -> Vec<u8> {
    let namespace = "http://schemas.openxmlformats.org";
    let relation = |id: &str, kind: &str, target: &str| {
        format!(
            "<Relationship Id=\"{id}\" Type=\"{namespace}/officeDocument/2006/relationships/{kind}\" Target=\"{target}\"/>"
        )
    };
    let relations = |inner: String| {
        format!("<Relationships xmlns=\"{namespace}/package/2006/relationships\">{inner}</Relationships>")
    };
    let book = format!(
        "<workbook xmlns=\"{namespace}/spreadsheetml/2006/main\" xmlns:r=\"{namespace}/officeDocument/2006/relationships\"><sheets><sheet name=\"s\" sheetId=\"1\" r:id=\"rId1\"/></sheets></workbook>"
    );
    let own = relation("rId1", "worksheet", "worksheets/sheet1.xml")
        + &relation("rId2", "sharedStrings", "sharedStrings.xml");
    archive(&[
        ("_rels/.rels", relations(relation("rId1", "officeDocument", "xl/workbook.xml")).as_bytes()),
        ("xl/workbook.xml", book.as_bytes()),
        ("xl/_rels/workbook.xml.rels", relations(own).as_bytes()),
        ("xl/sharedStrings.xml", texts),
        ("xl/worksheets/sheet1.xml", sheet),
    ])
}

#[tokio::test(flavor = "multi_thread")]
async fn a_workbook_that_is_made_to_do_harm_is_refused_at_once() {
    let uplift = Uplift::with_wanzhou().await;
    let sheet = |dimension: &str, rows: &str| {
        format!(
            "<worksheet xmlns=\"http://schemas.openxmlformats.org/spreadsheetml/2006/main\">{dimension}<sheetData>{rows}</sheetData></worksheet>"
        )
    };
    let cell = "<row r=\"1\"><c r=\"A1\" t=\"inlineStr\"><is><t>flow_id</t></is></c></row>";
    let claims = sheet("<dimension ref=\"A1:XFD1048576\"/>", cell);
    let zeros = vec![b' '; 500 << 20];
    let mut bomb = sheet("", cell).into_bytes();
    bomb.extend_from_slice(&zeros);
    let far = sheet("", "<row r=\"4000000000\"><c r=\"A4000000000\"><v>1</v></c></row>");
    let twice = sheet("", "<row r=\"1\"><c r=\"B1\"><v>1</v></c><c r=\"A1\"><v>1</v></c></row>");
    let one = sheet("", cell);
    let cases = [
        ("claims", workbook(claims.as_bytes(), b"<sst/>"), "claims 17179869184 cells"),
        ("bomb", workbook(&bomb, b"<sst/>"), "unpacks to"),
        ("texts", workbook(one.as_bytes(), &zeros), "unpacks to"),
        ("far", workbook(far.as_bytes(), b"<sst/>"), "beyond the last row"),
        ("twice", workbook(twice.as_bytes(), b"<sst/>"), "contradicts itself"),
        ("other", archive(&[("a.txt", b"x")]), "not a workbook"),
    ];
    for (name, bytes, part) in cases {
        let began = Instant::now();
        let refused = send(&uplift, header(name, "fund_flow"), bytes).await.unwrap_err();
        assert!(
            refused.code() == Code::InvalidArgument && refused.message().contains(part),
            "{name}: {refused:?}"
        );
        // Far from what unpacking it would take.
        assert!(began.elapsed() < Duration::from_secs(5), "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_about_the_worst_file_are_read_by_any_client() {
    let uplift = Uplift::with_wanzhou().await;
    let head = "event_id,date,kind,area_code,title\n";
    let long = "x".repeat(5 << 20);
    let row = |id: &str, title: &str| format!("{id},2011-03-05,campaign,500101,{title}\n");
    for (name, file) in [
        ("cell", format!("{head}{}{}", row("a", &long), row(&long, "b"))),
        ("rows", format!("{head}{}", row("a b", &"很".repeat(300)).repeat(90_000))),
    ] {
        let answer = send(&uplift, header(name, "event"), file.into_bytes()).await.unwrap();
        assert!(answer.encoded_len() < 4 << 20, "{name}: {}", answer.encoded_len());
        let submission = answer.submission.unwrap();
        assert_eq!(submission.rows_rejected, submission.rows_received);
        assert!(
            answer
                .rejections
                .iter()
                .all(|r| r.value.chars().count() <= 201 && r.message.chars().count() <= 601)
        );
        let request = wire::ListRejectionsRequest {
            submission_id: name.into(),
            page_size: 10_000,
            ..Default::default()
        };
        let page = uplift.ingest().await.list_rejections(request).await.unwrap().into_inner();
        assert!(page.encoded_len() < 4 << 20 && !page.rejections.is_empty(), "{name}");
    }
    for (name, file) in
        [("heading", format!("{long},b\n1,2\n")), ("quote", format!("{head}a,2011-03-05,\"{long}"))]
    {
        let refused = send(&uplift, header(name, "event"), file.into_bytes()).await.unwrap_err();
        assert!(refused.message().len() < 10_000 && refused.details().len() < 10_000, "{name}");
    }
}
