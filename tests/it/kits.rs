//! Replay kits: an edition verified from an archive alone, and whatever was changed in it named.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use arrow::array::{ArrayRef, StringArray};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use tokio::sync::mpsc;
use tonic::{Code, Status};
use uplift_core::disk::files_of;
use uplift_formats::columns::{text, text_at};
use uplift_proto::service::Service;
use uplift_proto::v1::reporting::{
    ExportKitRequest, GenerateReportRequest, PublishReportRequest, ReportFormat, Verification,
    export_kit_response::Event,
};
use uplift_reporting::Kit;
use uplift_server::node::Node;
use uplift_store::{Commit, Store, schema::TableSchema};
use uplift_testkit::{Uplift, simulate, uplift_command};

use crate::clients::setting;
use crate::editions::{asked, publish, published, settled, with_records};

type Files = BTreeMap<String, Vec<u8>>;

async fn kit_of(uplift: &Uplift, edition_id: &str) -> Result<Vec<u8>, Status> {
    let request = ExportKitRequest { edition_id: edition_id.to_owned() };
    let mut events = uplift.reporting().await.export_kit(request).await?.into_inner();
    let (mut kit, mut told) = (Vec::new(), None);
    while let Some(message) = events.message().await? {
        match message.event.unwrap() {
            Event::Progress(_) => {}
            Event::Chunk(chunk) => kit.extend_from_slice(&chunk),
            Event::Sha256(sha256) => told = Some(sha256),
        }
    }
    assert_eq!(told.unwrap(), sha256(&kit));
    Ok(kit)
}

fn sha256(content: &[u8]) -> String {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    std::io::Write::write_all(&mut file, content).unwrap();
    let output = Command::new("sha256sum").arg(file.path()).output().unwrap();
    String::from_utf8(output.stdout).unwrap()[..64].to_owned()
}

fn unpacked(kit: &[u8]) -> Files {
    let mut archive = tar::Archive::new(zstd::Decoder::new(kit).unwrap());
    let read = |entry: std::io::Result<tar::Entry<'_, _>>| {
        let mut entry = entry.unwrap();
        let path = entry.path().unwrap().to_str().unwrap().to_owned();
        let mut content = Vec::new();
        entry.read_to_end(&mut content).unwrap();
        (path, content)
    };
    archive.entries().unwrap().map(read).collect()
}

fn packed(files: &Files) -> Vec<u8> {
    let mut archive = tar::Builder::new(zstd::Encoder::new(Vec::new(), 1).unwrap());
    for (path, content) in files {
        let mut header = tar::Header::new_ustar();
        header.set_size(content.len() as u64);
        header.set_mode(0o644);
        archive.append_data(&mut header, path, content.as_slice()).unwrap();
    }
    archive.into_inner().unwrap().finish().unwrap()
}

/// The kit with a list of digests that fits its files, as one makes it who knows what he does.
fn with_fitting_digests(mut files: Files) -> Files {
    let mut manifest: serde_json::Value = serde_json::from_slice(&files.remove("kit.json").unwrap()).unwrap();
    manifest["files"] = files
        .iter()
        .map(|(path, content)| (path.clone(), sha256(content).into()))
        .collect::<serde_json::Map<_, _>>()
        .into();
    manifest["edition_sha256"] = sha256(&files["edition.bin"]).into();
    files.insert("kit.json".into(), serde_json::to_vec_pretty(&manifest).unwrap());
    files
}

/// Opens and verifies a kit as the command does.
async fn verified(kit: &[u8]) -> uplift_core::error::Result<Verification> {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), kit).unwrap();
    let kit = Kit::open(file.path())?;
    let node = Node::start_over_export(kit.folder()).await?;
    let address = format!("http://{}", node.address(Service::Metrics).unwrap());
    let metrics = uplift_client::metrics(uplift_client::connect(&address).await?);
    let (steps, mut told) = mpsc::channel(100);
    let verification = kit.verify(metrics, steps).await;
    assert!(told.recv().await.is_some(), "progress is told");
    node.stop().await?;
    verification
}

/// An edition, its kit, and the digest of its record.
async fn edition_with_kit() -> (Uplift, Vec<u8>, String) {
    let uplift = with_records().await;
    let (checklist, _) = publish(&uplift, PublishReportRequest { check_only: true, ..asked() }).await;
    let edition = published(&uplift, settled(&checklist)).await;
    let kit = kit_of(&uplift, &edition.edition_id).await.unwrap();
    (uplift, kit, edition.sha256)
}

/// The files of the kit of a report that is published with everything settled that its checklist has.
async fn kit_of_report(uplift: &Uplift, report: GenerateReportRequest) -> Files {
    let request =
        PublishReportRequest { report: Some(report), author: "统计处".into(), ..Default::default() };
    let (checklist, _) = publish(uplift, PublishReportRequest { check_only: true, ..request.clone() }).await;
    let request = PublishReportRequest { report: request.report, ..settled(&checklist) };
    let edition = published(uplift, request).await;
    let files = unpacked(&kit_of(uplift, &edition.edition_id).await.unwrap());
    assert_eq!(verified(&packed(&files)).await.unwrap().differences, []);
    files
}

#[tokio::test]
async fn a_kit_is_verified_by_the_command_alone() {
    let (mut uplift, kit, digest) = edition_with_kit().await;
    let missing = kit_of(&uplift, "ours-50-2011/9").await.unwrap_err();
    assert_eq!(missing.code(), Code::NotFound);
    assert_eq!(kit_of(&uplift, "ours").await.unwrap_err().code(), Code::InvalidArgument);
    uplift.stop().await;
    drop(uplift);

    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("edition.kit.tar.zst");
    std::fs::write(&path, &kit).unwrap();
    let verify = |path: &Path, digest: &str| {
        let mut command = Command::new(uplift_command());
        command.args(["report", "verify", "--sha256", digest, "--kit"]).arg(path);
        let output = command.output().unwrap();
        let text =
            format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        (output.status.code().unwrap(), text)
    };
    let (code, text) = verify(&path, &digest);
    assert_eq!(code, 0, "{text}");
    assert!(text.contains("ours-50-2011/1 verified: 4 figures computed again"), "{text}");
    let (code, text) = verify(&path, &"0".repeat(64));
    assert_eq!(code, 1, "{text}");
    assert!(text.contains("the record is not the one that was published"), "{text}");
    // What is no kit says so.
    std::fs::write(&path, "flow_id,amount\n").unwrap();
    let (code, text) = verify(&path, &digest);
    assert_eq!(code, 1, "{text}");
    assert!(text.contains("this is not a kit"), "{text}");
    let (code, text) = verify(&folder.path().join("none"), &digest);
    assert_eq!(code, 1, "{text}");
    assert!(text.contains("cannot open"), "{text}");
}

/// What a tampering changes; `None` is something that verification cannot name, as a part of the archive.
fn tampered(
    kit: &[u8],
    files: &Files,
    row_changed: &Files,
    random: &mut ChaCha8Rng,
) -> (Vec<u8>, Option<String>) {
    let paths: Vec<&String> = files.keys().filter(|path| *path != "kit.json").collect();
    let path = paths[random.random_range(0..paths.len())].clone();
    let mut changed = files.clone();
    match random.random_range(0..9) {
        0 => {
            let mut other = kit.to_vec();
            let at = random.random_range(0..other.len());
            other[at] ^= 1 << random.random_range(0..8);
            (other, None)
        }
        1 => (kit[..random.random_range(0..kit.len())].to_vec(), None),
        2 => {
            let content = changed.get_mut(&path).unwrap();
            match content.len() {
                0 => content.push(b' '),
                length => content[random.random_range(0..length)] ^= 1 << random.random_range(0..8),
            }
            (packed(&changed), Some(path))
        }
        3 => {
            changed.remove(&path);
            (packed(&changed), Some(path))
        }
        4 => {
            changed.insert("files/more.csv".into(), b"a,b\n".to_vec());
            (packed(&changed), Some("files/more.csv".into()))
        }
        5 => {
            // One digest, or anything else that the kit says of itself.
            let manifest = changed.get_mut("kit.json").unwrap();
            let at = random.random_range(0..manifest.len());
            manifest[at] ^= 1 << random.random_range(0..8);
            (packed(&changed), None)
        }
        6 => {
            let path = "definitions/fund.fiscal.toml".to_owned();
            let definition = String::from_utf8(changed[&path].clone()).unwrap();
            assert!(definition.contains("fiscal_local"), "{definition}");
            changed.insert(path.clone(), definition.replace("fiscal_local", "credit").into_bytes());
            (packed(&with_fitting_digests(changed)), Some(path))
        }
        7 => {
            let record = changed.get_mut("edition.bin").unwrap();
            let at = random.random_range(0..record.len());
            record[at] ^= 1 << random.random_range(0..8);
            (packed(&with_fitting_digests(changed)), None)
        }
        _ => (packed(row_changed), Some("f1".to_owned())),
    }
}

#[tokio::test]
async fn whatever_is_changed_in_a_kit_verification_names_it() {
    let (_uplift, kit, digest) = edition_with_kit().await;
    let files = unpacked(&kit);
    assert_eq!(verified(&packed(&files)).await.unwrap().differences, []);
    let row_changed = with_another_amount(&files).await;
    let mut random = ChaCha8Rng::seed_from_u64(23);
    let tamperings = setting("TAMPERINGS", 60);
    for n in 0..tamperings {
        let (other, part) = tampered(&kit, &files, &row_changed, &mut random);
        match (verified(&other).await, part) {
            (Err(error), None) => assert!(!error.message.is_empty()),
            (Ok(found), None) => {
                assert!(!found.differences.is_empty() || found.sha256 != digest, "tampering {n} passes");
            }
            (Ok(found), Some(part)) => {
                let parts: BTreeSet<_> = found.differences.iter().map(|d| d.part.as_str()).collect();
                assert!(parts.contains(part.as_str()), "tampering {n}: {part} is not among {parts:?}");
            }
            // A record that is gone is no kit, and a table that is none is told by its service.
            (Err(error), Some(part)) => assert!(error.message.contains(&part), "tampering {n}: {error}"),
        }
    }
    println!("{tamperings} tamperings, none passes");
}

/// The kit with the amounts of flows doubled, and everything around it as if it had always been so.
async fn with_another_amount(files: &Files) -> Files {
    let doubled = |column: &ArrayRef| arrow::compute::kernels::numeric::add(column, column).unwrap();
    with_changed(files, "fund_flow", "amount", doubled).await
}

/// The kit with another column of a table.
async fn with_changed(
    files: &Files,
    name: &str,
    changed: &str,
    change: impl Fn(&ArrayRef) -> ArrayRef,
) -> Files {
    let folder = tempfile::tempdir().unwrap();
    for (path, content) in files {
        let target = folder.path().join(path);
        std::fs::create_dir_all(target.parent().unwrap()).unwrap();
        std::fs::write(target, content).unwrap();
    }
    let tables = folder.path().join("tables");
    let store = Store::open(&tables).unwrap();
    let rows = store.get(name).await.unwrap().unwrap().snapshot().await.unwrap().rows().await.unwrap();
    let rows = rows.collect().await.unwrap();
    let dataset = uplift_proto::dataset::find(name).unwrap();
    let schema = TableSchema::for_dataset(dataset);
    let other = rows.iter().map(|batch| {
        let column = |field: &std::sync::Arc<arrow::datatypes::Field>| {
            let column = arrow::compute::cast(batch.column_by_name(field.name()).unwrap(), field.data_type());
            let column = column.unwrap();
            match field.name() == changed {
                true => arrow::compute::cast(&change(&column), field.data_type()).unwrap(),
                false => column,
            }
        };
        let columns = schema.columns.fields().iter().map(column).collect();
        arrow::array::RecordBatch::try_new(schema.columns.clone(), columns).unwrap()
    });
    let batches = other.collect();
    drop(store);
    std::fs::remove_dir_all(tables.join(name)).unwrap();
    std::fs::remove_file(folder.path().join("tables.list")).ok();
    let store = Store::open(&tables).unwrap();
    let table = store.create(&schema).await.unwrap();
    table.commit(Commit { batches, ..Commit::default() }).await.unwrap();
    let read = |(path, file): (String, std::path::PathBuf)| (path, std::fs::read(file).unwrap());
    with_fitting_digests(files_of(folder.path()).unwrap().into_iter().map(read).collect())
}

#[tokio::test]
async fn a_statement_or_a_check_that_was_changed_in_a_kit_is_named() {
    let uplift = Uplift::with_article().await;
    let report = GenerateReportRequest {
        template: "reconciliation".into(),
        document_id: "chongqing-2011".into(),
        formats: vec![ReportFormat::Json.into()],
        ..Default::default()
    };
    let files = kit_of_report(&uplift, report).await;
    let replaced = |old: &'static str, new: &'static str| {
        move |column: &ArrayRef| -> ArrayRef {
            let texts = column.as_any().downcast_ref::<StringArray>().unwrap();
            Arc::new(texts.iter().map(|t| t.map(|t| t.replace(old, new))).collect::<StringArray>())
        }
    };
    for (table, column, old, new, part) in [
        ("statement", "printed", "1.336 billion", "9.9 billion", "statement:overview.fiscal_funds"),
        ("statement", "title_zh", "财政扶贫资金", "财政资金", "statement:overview.fiscal_funds"),
        ("statement_check", "expression", "overview.credit_funds", "0", "check:parts.overview_funds"),
    ] {
        let other = with_changed(&files, table, column, replaced(old, new)).await;
        let differences = verified(&packed(&other)).await.unwrap().differences;
        let parts: Vec<_> = differences.iter().map(|d| d.part.as_str()).collect();
        assert!(parts.contains(&part), "{part} is not among {parts:?}");
    }
}

#[tokio::test]
async fn what_identifies_a_person_is_not_in_a_kit_and_who_is_who_is() {
    let uplift = Uplift::with_article().await;
    simulate(&format!("http://{}", uplift.address(Service::Ingest)), 200).await;
    let report = GenerateReportRequest {
        template: "county".into(),
        area_code: "500101".into(),
        period: "2011".into(),
        languages: vec!["zh".into()],
        formats: vec![ReportFormat::Json.into()],
        ..Default::default()
    };
    let files = kit_of_report(&uplift, report).await;

    let folder = tempfile::tempdir().unwrap();
    for (path, content) in &files {
        let target = folder.path().join(path);
        std::fs::create_dir_all(target.parent().unwrap()).unwrap();
        std::fs::write(target, content).unwrap();
    }
    let households = |store: Store| async move {
        let table = store.get("household").await.unwrap().unwrap();
        let batches = table.snapshot().await.unwrap().rows().await.unwrap().collect().await.unwrap();
        let mut rows = Vec::new();
        for batch in &batches {
            let (ids, areas) = (text(batch, "household_id").unwrap(), text(batch, "area_code").unwrap());
            rows.extend((0..batch.num_rows()).map(|n| (text_at(&ids, n), text_at(&areas, n))));
        }
        rows
    };
    let ours = households(Store::open(&uplift.folder().join("tables")).unwrap()).await;
    let theirs = households(Store::open(&folder.path().join("tables")).unwrap()).await;
    let ids: BTreeSet<&String> = ours.iter().map(|(id, _)| id).collect();
    assert!(!theirs.is_empty() && theirs.iter().all(|(id, _)| !ids.contains(id)));
    // Those of the county only, and a household that is there twice is one household still.
    assert!(theirs.iter().all(|(_, area)| area.starts_with("500101")));
    let of_county = || ours.iter().filter(|(_, area)| area.starts_with("500101"));
    assert_eq!(theirs.len(), of_county().count());
    let distinct = |ids: BTreeSet<&String>| ids.len();
    assert_eq!(
        distinct(theirs.iter().map(|(id, _)| id).collect()),
        distinct(of_county().map(|(id, _)| id).collect())
    );
}
