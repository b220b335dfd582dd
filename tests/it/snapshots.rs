//! What people read, kept as files: a change of wording shows in review. `just accept` keeps new words.
//!
//! Times, speeds, ids and folders differ from run to run and are masked, nothing else.

use std::path::Path;
use std::process::Command;

use uplift_testkit::{Uplift, uplift_command};

use crate::reporting::{download, generate};

const MASKS: [(&str, &str); 10] = [
    (r"\d+\.\d s\b", "[seconds] s"),
    (r"[\d,]+ a second", "[speed] a second"),
    (r"\b[0-9a-f]{64}\b", "[digest]"),
    (r"Time by stage: .*", "Time by stage: [shares]"),
    (r"\d{4}-\d{2}-\d{2}T[\d:.]+Z", "[time]"),
    (r"\d{4}-\d{2}-\d{2} \d{2}:\d{2}(:\d{2})? UTC", "[time]"),
    (r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b", "[id]"),
    (r"用时[0-9.]+秒，每秒[0-9,]+行", "用时[seconds]秒，每秒[speed]行"),
    (r"各环节用时：.*", "各环节用时：[shares]"),
    (r"完成，用时[0-9.]+秒", "完成，用时[seconds]秒"),
];

fn settings(folder: &Path) -> insta::Settings {
    let mut settings = insta::Settings::clone_current();
    settings.set_prepend_module_to_snapshot(false);
    for (mask, instead) in MASKS {
        settings.add_filter(mask, instead);
    }
    settings.add_filter(&folder.display().to_string(), "[folder]");
    settings
}

fn printed(folder: &Path, arguments: &str) -> String {
    let mut command = Command::new(uplift_command());
    // The help shows variables with their values: those of the shell that runs the tests are none of them.
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("UPLIFT_")) {
        command.env_remove(name);
    }
    let output =
        command.args(arguments.split_whitespace()).current_dir(folder).output().expect("the command runs");
    assert!(output.status.success(), "{arguments}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn what_commands_print() {
    let folder = tempfile::tempdir().unwrap();
    let settings = settings(folder.path());
    for (name, arguments) in [
        ("help", "--help"),
        ("help_import", "import --help"),
        ("help_query", "query --help"),
        ("config", "config"),
        ("datasets", "datasets"),
        ("datasets_zh", "--language zh datasets"),
        ("fund_flow", "datasets fund_flow"),
        ("fund_flow_zh", "--language zh datasets fund_flow"),
        ("demo", "demo --households 100 --data-dir en"),
        ("demo_zh", "--language zh demo --households 100 --data-dir zh"),
    ] {
        let text = printed(folder.path(), arguments);
        settings.bind(|| insta::assert_snapshot!(name, text));
    }
}

#[tokio::test]
async fn the_report_of_the_article() {
    let uplift = Uplift::with_article().await;
    let (_, report) = generate(&uplift).await;
    let (page, _) = download(&uplift, &report).await;
    settings(Path::new("/nowhere")).bind(|| insta::assert_snapshot!("report", page));
}
