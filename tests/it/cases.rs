//! Files as offices send them (`tests/cases`): what must be in the table afterwards, and what is said of the rest.

use std::path::Path;
use std::process::Command;

use arrow::util::display::array_value_to_string;
use uplift_proto::rows::Rows;
use uplift_proto::service::Service;
use uplift_proto::v1::ingest as wire;
use uplift_proto::v1::ingest::upload_file_request::Part;
use uplift_proto::v1::records::{Area, AreaLevel};
use uplift_store::Store;
use uplift_store::schema::SUBMISSION_ID;
use uplift_testkit::{Uplift, rows_number, submission, uplift_command};

/// A file, and what is right.
struct Case {
    file: &'static str,
    dataset: &'static str,
    /// Column of the table that shows what was accepted, and its values in order.
    column: &'static str,
    values: &'static str,
    /// Lines that are refused, each with a part of its reason.
    refused: &'static [(i64, &'static str)],
    /// A part of the reason for which the whole file is refused.
    error: &'static str,
    /// A part of what the file was read as.
    reading: &'static str,
}

const fn flows(file: &'static str, values: &'static str) -> Case {
    Case { file, dataset: "fund_flow", column: "amount", values, refused: &[], error: "", reading: "" }
}

const fn events(file: &'static str, values: &'static str) -> Case {
    Case { dataset: "event", column: "title", ..flows(file, values) }
}

const fn households(file: &'static str, values: &'static str) -> Case {
    Case { dataset: "household", column: "household_id", ..flows(file, values) }
}

impl Case {
    const fn refusing(self, refused: &'static [(i64, &'static str)]) -> Self {
        Self { refused, ..self }
    }

    const fn failing(self, error: &'static str) -> Self {
        Self { error, ..self }
    }

    const fn read_as(self, reading: &'static str) -> Self {
        Self { reading, ..self }
    }
}

const FOUR_DIGITS: &str = "four digits";
const NO_VALUE: &str = "stands for no value; leave the cell empty";
const OUTSIDE: &str = "not within 2011";

const CASES: [Case; 46] = [
    flows("c01_semicolon.csv", "1234.50 80.00").read_as("semicolon UTF-8 comma"),
    flows("c02_decimal_comma.csv", "12.50 1355.90 1234.50 1234.50 12.50").read_as("mixed"),
    flows("c02b_wan_comma.csv", "13559000.00 125000.00 12345678900.00 123456.00").read_as("万元"),
    flows("c04_unicode_text.txt", "125000.00").read_as("tab UTF-16LE"),
    flows("c04b_tab.csv", "10.00").read_as("tab"),
    flows("c05_title_rows.csv", "125000.00 75000.00").read_as("gb18030 head 3 6 total 合计 7 note 填表人"),
    flows("c06_totals_blank.csv", "125000.00 75000.00").read_as("5 total"),
    flows("c07_short_rows.csv", "10.00 20.00 30.00"),
    flows("c08b_trailing_commas_rows.csv", "10.00 20.00"),
    flows("c09_blank_rows.csv", "10.00 20.00"),
    flows("c10_two_digit_year.csv", "").refusing(&[
        (2, FOUR_DIGITS),
        (3, FOUR_DIGITS),
        (4, FOUR_DIGITS),
        (5, FOUR_DIGITS),
        (6, FOUR_DIGITS),
    ]),
    flows("c11_dates_other.csv", "20.00 30.00 40.00 50.00 90.00 90.00").refusing(&[
        (2, "2011-10-17"),
        (7, "8 digits"),
        (8, "no day"),
        (9, FOUR_DIGITS),
        (11, "no day"),
        (13, "8 digits"),
    ]),
    flows("c12_outside_period.csv", "3.00").refusing(&[(2, OUTSIDE), (3, OUTSIDE)]),
    households("c12b_year.csv", "").refusing(&[(2, OUTSIDE), (3, OUTSIDE)]),
    households("c14_ids_first.csv", "10012"),
    households("c14_ids_float.csv", "").refusing(&[(2, "write 10012")]),
    flows("c15_full_width.csv", "125000.00 125000.00 125000.00"),
    flows("c16_00.csv", "125000.00").read_as("万元"),
    flows("c16_01.csv", "125000.00").read_as("万元"),
    flows("c16_02.csv", "125000.00").read_as("万元"),
    flows("c16_03.csv", "125000.00").read_as("万元"),
    flows("c16_04.csv", "125000.00").read_as("万"),
    flows("c16_05.csv", "125000.00").read_as("万元"),
    flows("c16_06.csv", "125000.00").read_as("万元"),
    flows("c16_07.csv", "125000.00").read_as("万元"),
    flows("c16_08.csv", "125000.00").read_as("万元"),
    flows("c16_09.csv", "125000.00").read_as("万元"),
    flows("c16_10.csv", "125000.00").read_as("万元"),
    events("c18_nul.csv", "").refusing(&[(2, "U+0000"), (3, "not a number")]),
    events("c18b_nul_early.csv", "").refusing(&[(2, "U+0000")]),
    events("c18c_nul_head.csv", "").failing("event\\0_id"),
    events("c19_mixed.csv", "").failing("line 3 is not UTF-8"),
    events("c20_latin1b.csv", "").failing("line 2"),
    events("c20_big5.csv", "").failing("line 2"),
    flows("c21_book.xlsx", "").failing("column date: is missing"),
    flows("c21_old.xls", "").failing("save it as .xlsx"),
    flows("c22_sep.csv", "10.00").read_as("semicolon head 2"),
    households("c24_missing.csv", "mi-10").refusing(&[
        (2, NO_VALUE),
        (3, NO_VALUE),
        (4, NO_VALUE),
        (5, NO_VALUE),
        (6, NO_VALUE),
        (7, NO_VALUE),
        (8, NO_VALUE),
        (9, NO_VALUE),
        (10, NO_VALUE),
        (12, NO_VALUE),
    ]),
    flows("c26_spaces.csv", "1234.50 1234.50 1234.50 234.50 1234.50")
        .refusing(&[(7, "1_234.50"), (8, "\\u{200b}")]),
    flows("c28_float.csv", "1234.56 0.30 10.00").refusing(&[(5, "fen")]),
    events("c29_unclosed_small.csv", "").failing("line 3"),
    events("c30b_1.csv", "a b"),
    flows("c31_levels.csv", "").refusing(&[(2, "not within"), (3, "2015"), (4, "not within")]),
    flows("c31b_quarters.csv", "").refusing(&[(2, "2016"), (3, "2016"), (4, "2016")]),
    events("c40_rownum.csv", "two lines").refusing(&[(6, "many")]),
    flows("c48_limits.csv", "").refusing(&[
        (2, "\"-3\" is below the minimum of 0.000001 万元; correct it"),
        (3, "\"0\" is below"),
        (4, "\"99999999999999\" is above the maximum of 100000000000 万元"),
    ]),
];

/// An upload of a file of `tests/cases` as one submission that accepts good rows.
fn upload(file: &str, dataset: &str) -> (wire::UploadHeader, Vec<u8>) {
    let bytes = std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("cases").join(file)).unwrap();
    let submission = wire::SubmissionHeader {
        submission_id: file.replace(' ', "-"),
        dataset: dataset.to_owned(),
        area_code: if file.starts_with("c30") { "500103" } else { "500101" }.to_owned(),
        period: "2011".to_owned(),
        policy: wire::Policy::AcceptGoodRows.into(),
        sender: "Tests".to_owned(),
        ..Default::default()
    };
    (wire::UploadHeader { submission: Some(submission), ..Default::default() }, bytes)
}

pub(crate) async fn send(
    uplift: &Uplift,
    header: wire::UploadHeader,
    bytes: Vec<u8>,
) -> Result<wire::UploadFileResponse, tonic::Status> {
    let chunks = bytes.chunks(1 << 20).map(|chunk| Part::Chunk(chunk.to_vec().into()));
    let parts = std::iter::once(Part::Header(header)).chain(chunks);
    let parts: Vec<_> = parts.map(|part| wire::UploadFileRequest { part: Some(part) }).collect();
    let answer = uplift.ingest().await.upload_file(tokio_stream::iter(parts)).await;
    answer.map(tonic::Response::into_inner)
}

async fn with_counties() -> Uplift {
    let uplift = Uplift::start().await;
    let area = |code: &str| Area {
        area_code: code.to_owned(),
        valid_from: "2000-01-01".to_owned(),
        level: AreaLevel::County.into(),
        name_en: "A district".to_owned(),
        name_zh: "区".to_owned(),
        ..Area::default()
    };
    let areas = ["500101", "500102", "500103"].map(area);
    let request = submission("areas", "area", Rows::encode(rows_number("area"), &areas));
    uplift.ingest().await.submit_records(request).await.unwrap();
    uplift
}

/// Values of a column of one submission, in the order of its rows.
pub(crate) async fn values(uplift: &Uplift, dataset: &str, id: &str, column: &str) -> Vec<String> {
    let store = Store::open(&uplift.folder().join("tables")).unwrap();
    let rows = store.get(dataset).await.unwrap().unwrap().snapshot().await.unwrap().rows().await.unwrap();
    let mut values = Vec::new();
    for batch in rows.collect().await.unwrap() {
        let text =
            |column: &str, row| array_value_to_string(batch.column_by_name(column).unwrap(), row).unwrap();
        let number = |row| text("row_number", row).parse::<i64>().unwrap();
        let own = (0..batch.num_rows()).filter(|row| text(SUBMISSION_ID, *row) == id);
        values.extend(own.map(|row| (number(row), text(column, row))));
    }
    values.sort();
    values.into_iter().map(|(_, value)| value).collect()
}

/// What a file was read as, in one line.
pub(crate) fn told(reading: &wire::Reading) -> String {
    let units: Vec<_> = reading.units.values().map(String::as_str).collect();
    let skipped = reading.skipped_rows.iter().map(|row| format!("{} {} {}", row.line, row.kind, row.text));
    format!(
        "{} {} {} {} head {} {}",
        reading.separator,
        reading.encoding,
        reading.decimal_mark,
        units.join(" "),
        reading.head_line,
        skipped.collect::<Vec<_>>().join(" ")
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn every_case_goes_in_right_or_comes_back_with_the_right_reason() {
    let uplift = with_counties().await;
    let mut wrong = Vec::new();
    for case in &CASES {
        let (header, bytes) = upload(case.file, case.dataset);
        let mut fault = |fault: String| wrong.push(format!("{}: {fault}", case.file));
        let answer = match send(&uplift, header, bytes).await {
            Ok(answer) if case.error.is_empty() => answer,
            Ok(_) => {
                fault("was not refused as a whole".to_owned());
                continue;
            }
            Err(status) if case.error.is_empty() || !status.message().contains(case.error) => {
                fault(format!("was refused: {}", status.message()));
                continue;
            }
            Err(_) => continue,
        };
        let values = values(&uplift, case.dataset, case.file, case.column).await.join(" ");
        if values != case.values {
            fault(format!("{values:?} is in the table, not {:?}", case.values));
        }
        let refused: Vec<_> = answer.rejections.iter().map(|r| (r.row, r.message.as_str())).collect();
        let lines: std::collections::BTreeSet<_> = refused.iter().map(|(row, _)| *row).collect();
        let fits = case
            .refused
            .iter()
            .all(|(line, part)| refused.iter().any(|(row, m)| row == line && m.contains(part)));
        if lines.len() != case.refused.len() || !fits {
            fault(format!("refused {refused:?}"));
        }
        let told = told(&answer.reading.unwrap_or_default());
        if !case.reading.split(' ').all(|part| told.contains(part)) {
            fault(format!("was read as {told}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_sender_says_of_a_file_counts() {
    let uplift = with_counties().await;
    let named = |file: &str, dataset: &str, change: fn(&mut wire::UploadHeader)| {
        let (mut header, bytes) = upload(file, dataset);
        change(&mut header);
        (header, bytes)
    };
    for (file, dataset, change, column, expected) in [
        (
            "c20_big5.csv",
            "event",
            (|h| h.encoding = "big5".to_owned()) as fn(&mut wire::UploadHeader),
            "title",
            "扶貧日宣傳活動",
        ),
        (
            "c20_latin1b.csv",
            "event",
            |h| h.encoding = "windows-1252".to_owned(),
            "title",
            "Señor Müller visits Niño school",
        ),
        (
            "c24_missing.csv",
            "household",
            |h| {
                h.missing_marks = ["NA", "-", ".", "n/a", "#N/A", "#DIV/0!", "无", "/", "NULL", "-99"]
                    .map(String::from)
                    .into()
            },
            "income",
            "           ",
        ),
    ] {
        let (header, bytes) = named(file, dataset, change);
        let answer = send(&uplift, header, bytes).await.unwrap_or_else(|e| panic!("{file}: {e}"));
        assert_eq!(answer.rejections, [], "{file}");
        let values = values(&uplift, dataset, file, column).await;
        if column == "income" {
            assert!(values.len() == 11 && values.iter().all(String::is_empty), "{values:?}");
        } else {
            assert_eq!(values.join(" "), expected, "{file}");
        }
    }
    let (header, bytes) = named("c16_00.csv", "fund_flow", |h| {
        h.units = [("amount".to_owned(), "元".to_owned())].into();
    });
    let refused = send(&uplift, header, bytes).await.unwrap_err();
    assert!(refused.message().contains("万元") && refused.message().contains("correct one"), "{refused:?}");
}

/// Tables in which the unit of money is told in other places, or not surely, and files of several tables.
#[tokio::test(flavor = "multi_thread")]
async fn money_is_never_read_in_another_unit_than_the_file_tells() {
    let uplift = with_counties().await;
    let head = "流水编号,日期,类型,资金来源,金额,地区代码";
    let row = |amount: &str| format!("id,2011-03-05,拨付,地方财政,{amount},500101");
    let ten_thousand = format!("{head}\n{}\n", row("12.5"));
    let mut wrong = Vec::new();
    for (n, (file, expected)) in [
        (format!("填报单位：某县扶贫办,金额单位：万元\n{ten_thousand}"), Ok("125000.00")),
        (format!("2011年度资金表 单位：万元\n{ten_thousand}"), Ok("125000.00")),
        (format!(",,,,单位：,万元\n{ten_thousand}"), Ok("125000.00")),
        (format!("單位：萬元\n{ten_thousand}"), Ok("125000.00")),
        (
            format!("(in 10,000 yuan)\n{ten_thousand}").replacen(
                "(in 10,000 yuan)",
                "\"(in 10,000 yuan)\"",
                1,
            ),
            Ok("125000.00"),
        ),
        (format!("{head}\n,,,,万元,\n{}\n", row("12.5")), Ok("125000.00")),
        (format!("{head}\n,,,,（万元）,\n{}\n", row("12.5")), Ok("125000.00")),
        // Below a code it is no unit of the column: the line is told from the head and refused, or agrees.
        (format!("{head}\n,,,,,单位：万元\n{}\n", row("12.5")), Err("says 万元")),
        (format!("单位：万元\n{head}\n甲县扶贫办,,,,,单位：万元\n{}\n", row("12.5")), Ok("125000.00")),
        (format!("填报单位：万元县\n{ten_thousand}"), Ok("12.50")),
        (format!("2011年100万元以上项目\n{ten_thousand}"), Ok("12.50")),
        (format!("2011年万元资金表（续）\n{ten_thousand}"), Ok("12.50")),
        (format!("2011年资金，万元\n{ten_thousand}"), Err("speaks of 万元")),
        (format!("单位：万元、元\n{ten_thousand}"), Err("beside another unit")),
        (format!("单位：万美元\n{ten_thousand}"), Err("美元")),
        (format!("{ten_thousand}单位：万元\n"), Err("line 3: says 万元")),
        (format!("{}注：人均数以元计\n", ten_thousand.replace("金额", "金额（万元）")), Ok("125000.00")),
        (format!("{ten_thousand}注：金额单位为万元\n"), Err("line 3: says 万元")),
        (format!("单位：万元\n{ten_thousand}\n单位：元\n{head}\n{}\n", row("50000")), Err("line 5: says 元")),
        (
            format!(
                "流水编号,日期,类型,资金来源,金额（万元）,地区代码\n{}\n{head}\n{}\n",
                row("1"),
                row("50000")
            ),
            Err("line 3: begins another table"),
        ),
        (
            format!("{}\n{}\n", head.replace("金额", "amount_fen（万元）"), row("12.5")),
            Err("not a unit of yuan"),
        ),
    ]
    .into_iter()
    .enumerate()
    {
        let id = format!("unit/{n}");
        let (mut header, _) = upload("c04b_tab.csv", "fund_flow");
        let submission = header.submission.as_mut().unwrap();
        (submission.submission_id, submission.mode) = (id.clone(), wire::Mode::Replace.into());
        let answer = send(&uplift, header, file.clone().into_bytes()).await;
        let landed = match &answer {
            Ok(_) => Ok(values(&uplift, "fund_flow", &id, "amount").await.join(" ")),
            Err(status) => Err(status.message().to_owned()),
        };
        let right = match (&landed, expected) {
            (Ok(landed), Ok(expected)) => landed == expected,
            (Err(message), Err(part)) => message.contains(part),
            _ => false,
        };
        if !right {
            wrong.push(format!("{file}: {landed:?}, not {expected:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

/// Runs the command on a file in a folder of its own.
fn run(arguments: &[&str], folder: &Path) -> (Option<i32>, String) {
    let output = Command::new(uplift_command()).args(arguments).current_dir(folder).output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    (output.status.code(), String::from_utf8(said).unwrap())
}

fn copied(files: &[&str]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for file in files {
        let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("cases").join(file);
        std::fs::copy(from, folder.path().join(file)).unwrap();
    }
    folder
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restated_file_replaces_as_a_whole_and_what_it_had_rejected_joins_it() {
    let uplift = with_counties().await;
    let folder = copied(&["c30b_1.csv", "c30b_2.csv"]);
    let url = format!("http://{}", uplift.address(Service::Ingest));
    let import = |file: &str, options: &[&str]| {
        let scope = ["import", file, "--dataset", "event", "--area", "500103", "--period", "2011"];
        let (status, said) = run(&[&scope[..], options, &["--ingest-url", &url]].concat(), folder.path());
        (status.unwrap(), said)
    };
    let says = |(status, said): (i32, String), expected: i32, parts: &[&str]| {
        assert_eq!(status, expected, "{said}");
        parts.iter().for_each(|part| assert!(said.contains(part), "{part:?} is missing from {said}"));
    };
    says(import("c30b_1.csv", &[]), 0, &["2 rows, 2 accepted"]);
    says(
        import("c30b_2.csv", &["--replace"]),
        1,
        &["0 accepted", "line 3, participants", "--accept-good-rows"],
    );
    says(
        import("c30b_2.csv", &["--replace", "--accept-good-rows", "--dry-run"]),
        1,
        &["1 would be accepted", "would take the place of 2 rows"],
    );
    says(
        import("c30b_2.csv", &["--replace", "--accept-good-rows"]),
        1,
        &[
            "took the place of 2 rows",
            "uplift import c30b_2.rejected.csv --dataset event",
            "Without --replace",
        ],
    );
    let rejected = folder.path().join("c30b_2.rejected.csv");
    let edited = std::fs::read_to_string(&rejected).unwrap().replace("2O0,", "200,");
    std::fs::write(&rejected, &edited).unwrap();
    says(import("c30b_2.rejected.csv", &["--replace"]), 1, &["column of reasons"]);
    says(import("c30b_2.csv", &["--replace", "--accept-good-rows"]), 1, &["c30b_2.rejected-2.csv"]);
    assert_eq!(std::fs::read_to_string(&rejected).unwrap(), edited, "an edited file is not overwritten");
    says(import("c30b_2.rejected.csv", &[]), 0, &["1 row, 1 accepted, 0 rejected"]);
    let store = Store::open(&uplift.folder().join("tables")).unwrap();
    let table = store.get("event").await.unwrap().unwrap();
    assert_eq!(table.snapshot().await.unwrap().rows().await.unwrap().count().await.unwrap(), 2);
}

#[test]
fn what_is_measured_is_read_by_the_same_rules() {
    let files = [
        "c23_dup_income.csv",
        "m6_latin1.csv",
        "m11_true.csv",
        "m24_total.csv",
        "m25_groups.csv",
        "m28_watts.csv",
    ];
    let folder = copied(&files);
    let income = ["--income", "income"];
    for (file, options, status, parts) in [
        ("c23_dup_income.csv", &[][..], 1, &["2 columns \"income\""][..]),
        ("m6_latin1.csv", &["--by", "region"], 1, &["line 2", "--encoding"]),
        ("m6_latin1.csv", &["--by", "region", "--encoding", "latin1"], 0, &["Niño", "São Tomé"]),
        ("m11_true.csv", &[], 1, &["line 2", "TRUE"]),
        ("m25_groups.csv", &["--by", "county"], 0, &["(none)"]),
        ("m28_watts.csv", &["--line", "5"], 0, &["2 at 0 or below"]),
        (
            "m24_total.csv",
            &["--income", "收入", "--weight", "权数"],
            0,
            &["line 5 is a total", "3 rows represent 3"],
        ),
    ] {
        let own = if options.first() == Some(&"--income") { &[][..] } else { &income[..] };
        let (code, said) = run(&[&["measure", file], own, options].concat(), folder.path());
        assert_eq!(code, Some(status), "{file}: {said}");
        parts.iter().for_each(|part| assert!(said.contains(part), "{file}: {part:?} is missing from {said}"));
    }
    let (_, said) = run(&["measure", "m28_watts.csv", "--income", "income", "--line", "5"], folder.path());
    let n = |measure: &str| {
        let line = said.lines().find(|line| line.trim_start().starts_with(measure)).unwrap();
        line.split_whitespace().last().unwrap().to_owned()
    };
    assert_eq!((n("Mean "), n("Watts index")), ("4".to_owned(), "2".to_owned()));
    let (_, said) =
        run(&["measure", "m25_groups.csv", "--income", "income", "--by", "county"], folder.path());
    let a = said.lines().find(|line| line.trim_start().starts_with("A ")).unwrap();
    assert!(a.split_whitespace().any(|cell| cell == "150"), "\"A\" and \"A \" are one group: {a}");
}
