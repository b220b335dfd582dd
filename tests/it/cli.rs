//! The command as people run it.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Stdio};

use uplift_proto::service::Service;
use uplift_proto::v1::metrics::{IndicatorQuery, QueryIndicatorsRequest, QueryStatementsRequest};
use uplift_testkit::{Uplift, uplift_command};

async fn versions(folder: &Path) -> BTreeMap<&'static str, (i64, usize)> {
    let store = uplift_store::Store::open(&folder.join("tables")).unwrap();
    let mut versions = BTreeMap::new();
    for dataset in uplift_proto::dataset::all() {
        let snapshot = store.get(&dataset.name).await.unwrap().unwrap().snapshot().await.unwrap();
        let rows = snapshot.rows().await.unwrap().count().await.unwrap();
        versions.insert(dataset.name.as_str(), (snapshot.version(), rows));
    }
    versions
}

#[tokio::test]
async fn the_demo_with_households_fills_every_dataset_and_again_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let mut seen = None;
    for _ in 0..2 {
        let mut command = Command::new(uplift_command());
        command.args(["demo", "--households", "100", "--data-dir"]).arg(folder.path());
        let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
        assert!(text.contains("simulated 模拟数据") && text.contains("3 contradictions"), "{text}");
        assert!(text.contains("should be at least 3.25 billion yuan"), "{text}");
        assert!(
            text.contains("5 rows, 2 accepted, 3 rejected") && text.contains("=† 1.336 billion"),
            "{text}"
        );
        assert!(text.lines().count() <= 78, "the demo is for people to read, not a log");
        measures_a_parquet_file(&folder.path().join("tables/household"));
        let now = versions(folder.path()).await;
        // The national lines are known without a record.
        assert!(now.iter().all(|(name, (_, rows))| *rows > 0 || *name == "poverty_line"), "{now:?}");
        assert_eq!(now["household"].1, 200);
        assert_eq!(seen.get_or_insert_with(|| now.clone()), &now);
    }
}

/// A file of the households' table is one like anybody's: decimals, booleans, texts.
fn measures_a_parquet_file(folder: &Path) {
    let mut folders = vec![folder.to_owned()];
    let mut file = None;
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|e| e == "parquet")
                && !path.to_string_lossy().contains("_delta_log")
            {
                file = Some(path);
            }
        }
    }
    let options = "--income income --weight weight --size size --stratum stratum --cluster cluster --line 2300 \
                   --deprived deprived_schooling,deprived_health,deprived_water";
    let estimates = measured(&file.unwrap(), &options.split_whitespace().collect::<Vec<_>>());
    for (name, least, most) in [
        ("Mean", 1_000.0, 20_000.0),
        ("Headcount ratio", 0.0, 1.0),
        ("Gini coefficient", 0.0, 0.6),
        ("Uncensored headcount ratio: deprived_water", 0.0, 1.0),
    ] {
        assert!((least..=most).contains(&estimates[name][0]), "{name}: {}", estimates[name][0]);
    }
}

#[test]
fn wrong_usage_exits_2_and_a_service_that_is_not_there_1() {
    let code = |args: &[&str]| Command::new(uplift_command()).args(args).output().unwrap().status.code();
    assert_eq!(code(&["serve", "--service", "weather"]), Some(2));
    assert_eq!(code(&["check", "--metrics-url", "http://127.0.0.1:1"]), Some(1));
    assert_eq!(code(&["--help"]), Some(0));
}

#[test]
fn a_reader_that_goes_away_ends_the_command_without_a_panic() {
    let mut command = Command::new(uplift_command());
    command.args(["datasets", "--format", "json"]).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut process = command.spawn().unwrap();
    drop(process.stdout.take());
    let output = process.wait_with_output().unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    assert_eq!(output.status.code(), Some(141));
}

/// Measures a file and reads what was printed as JSON: by measure, the value and its standard error.
fn measured(file: &Path, options: &[&str]) -> BTreeMap<String, [f64; 2]> {
    let mut command = Command::new(uplift_command());
    command.arg("measure").arg(file).args(options).args(["--format", "json"]);
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let rows: Vec<BTreeMap<String, String>> = serde_json::from_slice(&output.stdout).unwrap();
    let number = |row: &BTreeMap<String, String>, column: &str| row[column].parse().unwrap_or(f64::NAN);
    let row = |row: &BTreeMap<String, String>| {
        let group = row.get("group").filter(|g| !g.is_empty()).map(|g| format!("{g}: ")).unwrap_or_default();
        (format!("{group}{}", row["measure"]), [number(row, "value"), number(row, "standard error")])
    };
    rows.iter().map(row).collect()
}

const SURVEY: &str = "village,county,income,size,weight,before,school,water\n\
                      a,East,4000,2,10,3000,1,0\n\
                      a,East,9000,3,10,9000,0,0\n\
                      b,East,1000,1,20,3000,1,1\n\
                      c,West,\"12,000\",3,10,,0,1\n\
                      d,West,2000,2,10,2000,0,\n\
                      d,West,,2,10,2000,0,0\n";

#[test]
fn anyones_file_is_measured_without_a_service() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("survey.csv");
    std::fs::write(&file, SURVEY).unwrap();
    let all = ["--income", "income", "--weight", "weight", "--size", "size", "--line", "2300"];
    let sample = ["--stratum", "county", "--cluster", "village", "--by", "county"];
    let estimates = measured(&file, &[&all[..], &sample].concat());
    // People: 20 with 2,000, 30 with 3,000, 20 with 1,000, 30 with 4,000, 20 with 1,000 yuan a head.
    let is = |name: &str, value: f64| {
        let estimate = estimates[name][0];
        assert!((estimate - value).abs() < 1e-12 * value.abs().max(1.0), "{name}: {estimate}, not {value}");
    };
    is("Mean", (20.0 * 2000.0 + 30.0 * 3000.0 + 40.0 * 1000.0 + 30.0 * 4000.0) / 120.0);
    is("Headcount ratio", 60.0 / 120.0);
    is("Number of poor", 60.0);
    is("Poverty gap index", (20.0 * 300.0 + 40.0 * 1300.0) / 2300.0 / 120.0);
    is("Average shortfall of the poor", (20.0 * 300.0 + 40.0 * 1300.0) / 60.0);
    is("East: Headcount ratio", 40.0 / 70.0);
    is("West: Number of poor", 20.0);
    // East: of 70 people 50 live in village a, 20 of them poor, and 20 in b, all poor. Totals of the
    // linearised variable are (20 − 50·4/7)/70 and its opposite; two clusters make 2·(z² + z²).
    let z: f64 = (20.0 - 50.0 * 4.0 / 7.0) / 70.0;
    let error = estimates["East: Headcount ratio"][1];
    assert!((error - (4.0 * z * z).sqrt()).abs() < 1e-15, "{error}");

    let counted = ["--deprived", "school=2/3,water=1/3", "--cutoff", "2/3", "--before", "before"];
    let estimates = measured(&file, &[&all[..], &counted].concat());
    // Of 100 people whose answers are known 40 lack school; 20 of them water too.
    for (name, value) in [
        ("Multidimensional headcount ratio H", 0.4),
        ("Intensity A", 5.0 / 6.0),
        ("Adjusted headcount ratio M0", 1.0 / 3.0),
        ("Uncensored headcount ratio: water", 0.5),
        ("Censored headcount ratio: water", 0.2),
        ("Contribution to M0, percent: school", 80.0),
        // Poor before: a's two with 1,500, d's two. Of 50 others 20 became poor; of 40 none ceased.
        ("Entry into poverty", 20.0 / 50.0),
        ("Persistence of poverty", 1.0),
    ] {
        assert!(
            (estimates[name][0] - value).abs() < 1e-12 * value,
            "{name}: {}, not {value}",
            estimates[name][0]
        );
    }
    let groups =
        measured(&file, &[&all[..], &["--by", "county", "--deprived", "school=2/3,water=1/3"]].concat());
    let share = |county: &str| groups[&format!("{county}: Contribution to M0 of all, percent")][0];
    // Of the poor's scores East has 20·2/3 and 20·1, West 30·1/3.
    assert!(
        (share("East") - 100.0 * 10.0 / 13.0).abs() < 1e-9 && (share("West") - 300.0 / 13.0).abs() < 1e-9
    );
    assert!(estimates["Mean"][1].is_nan(), "without a design there is no standard error");
}

#[test]
fn a_file_that_cannot_be_measured_says_where_and_why() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("survey.csv");
    let message = |text: &str, options: &[&str]| {
        std::fs::write(&file, text).unwrap();
        let output = Command::new(uplift_command()).arg("measure").arg(&file).args(options).output().unwrap();
        assert_eq!(output.status.code(), Some(1));
        String::from_utf8_lossy(&output.stderr).into_owned()
    };
    let income = ["--income", "income"];
    for (text, options, parts) in [
        (SURVEY, vec!["--income", "incme"], vec!["incme", "did you mean income?"]),
        (&SURVEY.replace("9000,3", "many,3"), income.to_vec(), vec!["line 3", "income", "many"]),
        (
            &SURVEY.replace("1,20,", "1,-20,"),
            [&income[..], &["--weight", "weight"]].concat(),
            vec!["line 4", "-20"],
        ),
        (SURVEY, [&income[..], &["--size", "weight", "--line", "0"]].concat(), vec!["line", "above 0"]),
        (SURVEY, [&income[..], &["--line", "usd1.90"]].concat(), vec!["--parity"]),
        (SURVEY, [&income[..], &["--line", "cn2301"]].concat(), vec!["cn2300"]),
        (SURVEY, [&income[..], &["--deprived", "school=1/2,water=1/3"]].concat(), vec!["5/6"]),
    ] {
        let message = message(text, &options);
        for part in parts {
            assert!(message.contains(part), "{part} is missing from {message}");
        }
    }
}

#[tokio::test]
async fn a_backup_is_verified_and_restored_and_damage_is_named() {
    let uplift = Uplift::with_article().await;
    let folder = tempfile::tempdir().unwrap();
    let uplift_on = |arguments: &[&str], data: &Path| {
        let mut command = Command::new(uplift_command());
        let output = command.args(arguments).arg("--data-dir").arg(data).output().unwrap();
        (output.status.code(), String::from_utf8(output.stdout).unwrap())
    };
    let (copy, restored) = (folder.path().join("copy"), folder.path().join("restored"));
    let (status, said) = uplift_on(&["backup", copy.to_str().unwrap()], uplift.folder());
    assert_eq!(status, Some(0), "{said}");
    let (status, said) = uplift_on(&["backup", copy.to_str().unwrap()], uplift.folder());
    assert_eq!((status, said.as_str()), (Some(1), ""), "a folder that is not empty is not overwritten");
    assert_eq!(uplift_on(&["restore", copy.to_str().unwrap()], &restored).0, Some(0));
    let again = Uplift::on(&restored).await.unwrap();
    let request = QueryStatementsRequest::default();
    let figures = again.metrics().await.query_statements(request.clone()).await.unwrap().into_inner().figures;
    assert_eq!(figures, uplift.metrics().await.query_statements(request).await.unwrap().into_inner().figures);
    let data = files(&copy.join("tables/statement")).into_iter().find(|f| f.ends_with(".parquet")).unwrap();
    let mut content = std::fs::read(&data).unwrap();
    let middle = content.len() / 2;
    content[middle] ^= 1;
    std::fs::write(&data, content).unwrap();
    let (status, said) = uplift_on(&["verify", "tables"], &copy);
    assert_eq!(status, Some(1));
    let name = data.rsplit('/').next().unwrap();
    for part in ["statement", name, "version 1", "article/statement"] {
        assert!(said.contains(part), "{part} is not in {said}");
    }
    let refused = uplift_on(&["restore", copy.to_str().unwrap()], &folder.path().join("other"));
    assert_eq!(refused.0, Some(1), "what is damaged is not restored");
}

/// Every file of a folder.
fn files(folder: &Path) -> Vec<String> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => files.extend(self::files(&path)),
            false => files.push(path.display().to_string()),
        }
    }
    files
}

#[tokio::test]
async fn an_import_says_what_to_correct_and_where() {
    let uplift = Uplift::with_wanzhou().await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("flows.csv");
    let rows = "I-1,2011-04-01,donation,social,5.25,500101\nI-2,2011-04-31,donation,social,5.25,500101\n";
    std::fs::write(&file, format!("flow_id,date,kind,source,amount,area_code\n{rows}")).unwrap();
    let rejected = folder.path().join("flows.rejected.csv");
    let url = format!("http://{}", uplift.address(Service::Ingest));
    let scope = ["--dataset", "fund_flow", "--area", "500101", "--period", "2011", "--ingest-url", &url];
    for (option, id, accepted, advice) in [
        ("--dry-run", "i/1", "1 would be accepted", "Nothing was committed. Correct "),
        ("--all-or-nothing", "i/2", "0 accepted", "Nothing was committed. Correct "),
        ("--sender=Wanzhou", "i/3", "1 accepted", "Rejected rows, with reasons: "),
    ] {
        assert!(!rejected.exists(), "only a committed file leaves its rejected rows behind");
        let mut command = Command::new(uplift_command());
        command.arg("import").arg(&file).args(scope).args(["--id", id, option]);
        let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
        let text = String::from_utf8_lossy(&output.stdout);
        assert_eq!(output.status.code(), Some(1), "{option}: {text}");
        for part in [accepted, "line 3, date: \"2011-04-31\" is not a date", advice] {
            assert!(text.contains(part), "{option}: {part} is missing from {text}");
        }
    }
    let rejected = std::fs::read_to_string(rejected).unwrap();
    assert!(rejected.contains("I-2") && !rejected.contains("I-1"), "{rejected}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_replaces_what_replaced_it_is_in_the_table_again() {
    let uplift = Uplift::with_wanzhou().await;
    let folder = tempfile::tempdir().unwrap();
    let url = format!("http://{}", uplift.address(Service::Ingest));
    let file = |name: &str, yuan: &str| {
        let path = folder.path().join(name);
        let rows = format!(
            "flow_id,date,kind,source,amount,area_code\nI-1,2011-04-01,donation,social,{yuan},500101\n"
        );
        std::fs::write(&path, rows).unwrap();
        path
    };
    let (first, second) = (file("a.csv", "5"), file("b.csv", "7"));
    for (file, expected) in [(&first, "5"), (&second, "7"), (&first, "5"), (&first, "5")] {
        let mut command = Command::new(uplift_command());
        command.arg("import").arg(file).args([
            "--dataset",
            "fund_flow",
            "--area",
            "500101",
            "--period",
            "2011",
        ]);
        command.args(["--replace", "--ingest-url", &url]);
        let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
        let query = IndicatorQuery {
            indicators: vec!["fund.social".into()],
            area_code: "50".into(),
            periods: vec!["2011".into()],
            ..IndicatorQuery::default()
        };
        let request = QueryIndicatorsRequest { query: Some(query), ..Default::default() };
        let figures = uplift.metrics().await.query_indicators(request).await.unwrap().into_inner().figures;
        assert_eq!(figures[0].exact_value, expected, "{}", file.display());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_template_that_was_filled_in_is_not_overwritten() {
    let uplift = Uplift::start().await;
    let folder = tempfile::tempdir().unwrap();
    let template = || {
        let url = format!("http://{}", uplift.address(Service::Ingest));
        let mut command = Command::new(uplift_command());
        command.current_dir(folder.path()).args(["template", "event", "--ingest-url", &url]);
        command.output().unwrap().status.code()
    };
    assert_eq!((template(), template()), (Some(0), Some(0)));
    let file = folder.path().join("event.csv");
    let filled = std::fs::read_to_string(&file).unwrap() + "1,2\n";
    std::fs::write(&file, &filled).unwrap();
    assert_eq!(template(), Some(1));
    assert_eq!(std::fs::read_to_string(&file).unwrap(), filled);
}
