//! Every command in Chinese: no sentence of what it prints is English, whether it succeeds or refuses.

use std::path::Path;
use std::process::Command;

use uplift_proto::service::Service;
use uplift_testkit::{Uplift, simulate, uplift_command};

/// Plain words of English in a row that are a sentence.
const SENTENCE: usize = 3;

/// The longest row of English words in a line, apart from what is no sentence: SQL, what is quoted, commands to type.
fn english(line: &str) -> Option<String> {
    if line.contains("uplift ") || line.contains("SELECT ") || line.contains("(CASE") {
        return None;
    }
    let quoted = |c: char| matches!(c, '"' | '“' | '”' | '`');
    let unquoted = line.split(quoted).step_by(2).collect::<Vec<_>>().join(" ");
    let mut run = Vec::new();
    for word in unquoted.split(' ') {
        // What ends in a comma is one of a list of names.
        let plain = word.trim_matches(['.', ';', ':', '(', ')']);
        if plain.len() > 1 && plain.bytes().all(|b| b.is_ascii_lowercase()) {
            run.push(word);
        } else if run.len() >= SENTENCE {
            break;
        } else {
            run.clear();
        }
    }
    (run.len() >= SENTENCE).then(|| run.join(" "))
}

fn printed(folder: &Path, uplift: &Uplift, arguments: &str) -> String {
    let mut command = Command::new(uplift_command());
    command.args(arguments.split(' ')).current_dir(folder).env("UPLIFT_LANGUAGE", "zh");
    for service in Service::ALL {
        let name = format!("UPLIFT_{}_URL", format!("{service}").to_uppercase());
        command.env(name, format!("http://{}", uplift.address(service)));
    }
    let output = command.output().unwrap();
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

#[tokio::test(flavor = "multi_thread")]
async fn no_command_leaves_an_english_sentence() {
    let uplift = Uplift::with_article().await;
    simulate(&format!("http://{}", uplift.address(Service::Ingest)), 40).await;
    let folder = tempfile::tempdir().unwrap();
    let survey = concat!(env!("CARGO_MANIFEST_DIR"), "/../seeds/survey-simulated.csv");
    std::fs::copy(survey, folder.path().join("survey.csv")).unwrap();
    let cases = concat!(env!("CARGO_MANIFEST_DIR"), "/cases");
    let mut all: Vec<String> = [
        "demo --households 0 --data-dir demo",
        "config",
        "datasets",
        "datasets household",
        "datasets inspection",
        "datasets nothing",
        "template household",
        "indicators",
        "indicators fund.absorption",
        "indicators poverty.lifted_people",
        "indicators nothing.here",
        "query fund.fiscal --by county --period 2011 --compare",
        "query poverty.people income.key_county_lead --period 2011 --compare",
        "query fund.fiscal --period 20x",
        "query fund.fiscal --period 2011 --area 77",
        "query fund.fiscal --by-dimension kind --period 2011",
        "query no.such --period 2011",
        "scorecard",
        "trace fund.fiscal",
        "trace poverty.lifted_people --records 1",
        "trace xx",
        "check",
        "check workbook nowhere.xlsx",
        "report generate --output r",
        "report generate county --area 500101 --format html --output r",
        "report generate reconciliation --document none --output r",
        "report generate anual --output r",
        "report generate --area 50 --period 1950 --output r",
        "report preview scorecard --format xlsx,csv --output p",
        "report preview nowhere --output p",
        "check workbook r/annual-50-2011-zh.xlsx",
        "check workbook household.csv",
        "report templates",
        "report list",
        "report download none",
        "health",
        "health http://localhost:9",
        "measure survey.csv --income income --weight weight --size size --line cn2300",
        "measure survey.csv --income nothing",
        "measure survey.csv --income income --line abc",
        "measure survey.csv --income income --deprived a=1/3,b",
        "measure nowhere.csv --income a",
        "import nowhere.csv --dataset household --area 500101 --period 2011",
        "import household.csv --dataset household --area 500101 --period 2011",
        "import household.csv --dataset nothing --area 500101 --period 2011",
        "import household.csv --dataset household --area 5001 --period 20111",
        "verify tables --data-dir demo",
        "verify tables --data-dir nowhere",
        "backup copy --data-dir demo",
        "backup copy --data-dir demo",
        "restore copy --data-dir again",
        "query",
        "nothing",
        "query --perio 2011",
        "query --period 2011 --format xml",
        "measure a --income b --confidence x",
    ]
    .map(str::to_owned)
    .into();
    for entry in std::fs::read_dir(cases).unwrap() {
        let path = entry.unwrap().path();
        for dataset in ["fund_flow", "household", "event"] {
            let path = path.display();
            all.push(format!("import {path} --dataset {dataset} --area 500101 --period 2011 --dry-run"));
        }
        all.push(format!("measure {} --income income", path.display()));
    }
    let mut found = Vec::new();
    for arguments in &all {
        let text = printed(folder.path(), &uplift, arguments);
        assert!(!text.trim().is_empty(), "{arguments} says nothing");
        found.extend(text.lines().filter_map(english).map(|sentence| format!("{arguments}: {sentence}")));
    }
    assert!(found.is_empty(), "{found:#?}");
}
