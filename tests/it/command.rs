//! The command as people run it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The built command; `.ci/run` builds it before the tests.
pub(crate) fn uplift() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let built = test.ancestors().nth(2).unwrap().join("uplift");
    assert!(built.exists(), "{} is missing: cargo build --workspace makes it", built.display());
    built
}

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
        let mut command = Command::new(uplift());
        command.args(["demo", "--households", "100", "--data-dir"]).arg(folder.path());
        let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
        assert!(text.contains("simulated 模拟数据") && text.contains("3 contradictions"), "{text}");
        assert!(text.contains("5 rows, 2 landed, 3 came back") && text.contains("= 1.336 billion"), "{text}");
        assert!(text.lines().count() <= 80, "the demo is a shop window, not a log");
        let now = versions(folder.path()).await;
        assert!(now.values().all(|(_, rows)| *rows > 0), "{now:?}");
        assert_eq!(now["household"].1, 200);
        assert_eq!(seen.get_or_insert_with(|| now.clone()), &now);
    }
}

#[test]
fn wrong_usage_exits_2_and_a_service_that_is_not_there_1() {
    let code = |args: &[&str]| Command::new(uplift()).args(args).output().unwrap().status.code();
    assert_eq!(code(&["serve", "--service", "weather"]), Some(2));
    assert_eq!(code(&["check", "--metrics-url", "http://127.0.0.1:1"]), Some(1));
    assert_eq!(code(&["--help"]), Some(0));
}

#[test]
fn a_reader_that_goes_away_ends_the_command_without_a_panic() {
    let mut command = Command::new(uplift());
    command.args(["datasets", "--format", "json"]).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut process = command.spawn().unwrap();
    drop(process.stdout.take());
    let output = process.wait_with_output().unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    assert_eq!(output.status.code(), Some(141));
}
